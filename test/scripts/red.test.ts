// The check that faults were shown before they were mended, on a small history of its own.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { namedIn } from "../../scripts/red/history.ts";
import { isGreen, isRed } from "../../scripts/red/verdict.ts";

const root = path.resolve(import.meta.dirname, "../..");

describe("the check of tests that failed before the fix", () => {
  let repository = "";
  before(() => {
    repository = mkdtempSync(path.join(tmpdir(), "red-history-"));
    git("init", "--quiet", "--initial-branch=main");
    symlinkSync(path.join(root, "node_modules"), path.join(repository, "node_modules"));
    commit("Begin", {
      ".gitignore": "node_modules\ndist\n",
      "package.json": '{ "type": "module" }\n',
      "lib/value.ts": "export const value: number = 1;\n",
    });
  });
  after(() => rmSync(repository, { recursive: true, force: true }));

  function git(...words: string[]): string {
    const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
    return execFileSync("git", ["-C", repository, ...identity, ...words], { encoding: "utf8" }).trim();
  }
  function commit(message: string, files: Readonly<Record<string, string>>): string {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(repository, name)), { recursive: true });
      writeFileSync(path.join(repository, name), text);
    }
    git("add", "--all");
    git("commit", "--quiet", "--message", message);
    return git("rev-parse", "HEAD");
  }
  const test = (title: string, body: string, imports = 'import { value } from "../lib/value.ts";') =>
    `import assert from "node:assert/strict";\n${imports}\ndescribe("a value (of [three])", () => {\n  it(${JSON.stringify(title)}, () => {\n    ${body}\n  });\n});\n`;
  function red(...words: string[]): { status: number | null; lines: string[]; said: string } {
    const script = path.join(root, "scripts/red.ts");
    const { MOCHA_WORKER_ID: _worker, ...env } = process.env;
    const ran = spawnSync(process.execPath, ["--import", "tsx", script, ...words], {
      cwd: repository,
      encoding: "utf8",
      env,
    });
    return { status: ran.status, lines: ran.stdout.trimEnd().split("\n"), said: ran.stderr };
  }

  it("passes what fails there and passes at the head, and writes it where that is asked", () => {
    const shown = commit("Show a value that is too small\n\nRed: test/value.test.ts :: (of [three]) is two", {
      "test/value.test.ts": test("is two", "assert.equal(value, 2);"),
    });
    commit("Make the value two", { "lib/value.ts": "export const value: number = 2;\n" });
    const { status, lines } = red("--write");
    assert.equal(status, 0, lines.join("\n"));
    assert.equal(lines[0], `ok   ${shown.slice(0, 7)} test/value.test.ts :: (of [three]) is two`);
    assert.equal(lines[1], "     there: 1 fail; here: 1 pass");
    assert.equal(lines.at(-1), "1 passed, 0 failed");
    const file = path.join(repository, "docs/reliability.md");
    const row = `| \`test/value.test.ts\` | (of [three]) is two | ${shown.slice(0, 7)} Show a value that is too small |`;
    assert.ok(readFileSync(file, "utf8").startsWith("# Reliability\n"));
    assert.ok(readFileSync(file, "utf8").includes(row), readFileSync(file, "utf8"));
    writeFileSync(file, `${readFileSync(file, "utf8").replace(row, "| old |")}\nAfterwards.\n`);
    red("--write");
    const text = readFileSync(file, "utf8");
    assert.ok(text.includes(row) && !text.includes("| old |") && text.endsWith("\nAfterwards.\n"), text);
    assert.equal(git("worktree", "list").split("\n").length, 1, "no worktree stays");
  });

  it("builds the tasks of a commit before tests of packages run", () => {
    const built = `import { mkdirSync, writeFileSync } from "node:fs";\nimport { value } from "../lib/value.ts";\nmkdirSync("dist", { recursive: true });\nwriteFileSync("dist/value", String(value));\n`;
    const read = 'import { readFileSync } from "node:fs";';
    const before = git("rev-parse", "HEAD");
    commit("Show a package that is too small\n\nRed: test/bundle/package.test.ts :: holds three", {
      "scripts/build.ts": built,
      "test/bundle/package.test.ts": test(
        "holds three",
        'assert.equal(readFileSync("dist/value", "utf8"), "3");',
        read,
      ),
    });
    commit("Make the value three", {
      "lib/value.ts": "export const value: number = 3;\n",
      "test/value.test.ts": test("is two", "assert.ok(value >= 2);"),
    });
    const { status, lines } = red("--since", before);
    assert.equal(status, 0, lines.join("\n"));
    assert.equal(lines.at(-1), "1 passed, 0 failed");
  });

  it("fails what shows nothing: passed already, is not there, is broken, or fails still", () => {
    commit(
      [
        "Show nothing",
        "",
        "Red: test/nothing.test.ts :: passes already",
        "Red: test/nothing.test.ts :: of another name",
        "Red: test/absent.test.ts :: is anything",
        "Red: test/broken.test.ts :: is made by a function",
        "Red: test/unreadable.test.ts :: is anything",
        "Red: test/still.test.ts :: is ten",
      ].join("\n"),
      {
        "test/nothing.test.ts": test("passes already", "assert.equal(value, 3);"),
        "test/broken.test.ts": test(
          "is made by a function",
          "assert.equal(twice(2), 4);",
          'import { twice } from "../lib/value.ts";',
        ),
        "test/unreadable.test.ts": "it('is anything', () => {\n",
        "test/still.test.ts": test("is ten", "assert.equal(value, 10);"),
      },
    );
    const file = path.join(repository, "docs/reliability.md");
    const table = existsSync(file) ? readFileSync(file, "utf8") : "";
    const { status, lines, said: warned } = red("--write");
    assert.equal(status, 1);
    const said = lines.join("\n");
    assert.match(said, /passes already\n +there: NOT SHOWN \(1 pass, none fails\); here: 1 pass/);
    assert.match(said, /of another name\n +there: NOT SHOWN \(no test of that title ran\)/);
    assert.match(said, /absent.*\n +there: NOT SHOWN \(test\/absent\.test\.ts is not there\.\)/);
    assert.match(said, /made by a function\n +there: NOT SHOWN \((is broken|The file did not run): /);
    assert.match(said, /unreadable.*\n +there: NOT SHOWN \(The file did not run: /);
    assert.match(said, /is ten\n +there: 1 fail; here: NOT SHOWN \(1 fail: /);
    assert.equal(lines.at(-1), "2 passed, 6 failed");
    assert.match(warned, /is as it was/);
    assert.equal(existsSync(file) ? readFileSync(file, "utf8") : "", table);
  });

  it("leaves out what a later commit takes back", () => {
    commit("Take back what showed nothing\n\nNot-Red: test/absent.test.ts :: is anything", { "later.txt": "later" });
    const { lines } = red();
    assert.ok(!lines.some((line) => line.includes("test/absent.test.ts")), lines.join("\n"));
    assert.equal(lines.at(-1), "2 passed, 5 failed");
  });

  it("shows a test that came later at an earlier commit, which gets its file from the head", () => {
    const before = git("rev-parse", "HEAD");
    const first = git("rev-list", "--max-parents=0", "HEAD");
    const named = "test/later.test.ts :: is more than one";
    commit(`Show later what the first commit had wrong\n\nRed-At: ${first} ${named}`, {
      "test/later.test.ts": test("is more than one", "assert.ok(value > 1);"),
    });
    const { status, lines } = red("--since", before);
    assert.equal(status, 0, lines.join("\n"));
    assert.deepEqual(lines, [
      `ok   ${first.slice(0, 7)} ${named}`,
      "     there: 1 fail; here: 1 pass",
      "1 passed, 0 failed",
    ]);
    // What is no commit of this history shows nothing.
    commit(`Show nothing\n\nRed-At: ${"0".repeat(40)} ${named}`, { "later.txt": "even later" });
    assert.notEqual(red("--since", before).status, 0);
    git("reset", "--quiet", "--hard", before);
  });

  it("leaves out a test that came later where others are asked for", () => {
    const before = git("rev-parse", "HEAD");
    const first = git("rev-list", "--max-parents=0", "HEAD");
    commit(`Show later\n\nRed-At: ${first} test/later.test.ts :: is more than one`, {
      "test/later.test.ts": test("is more than one", "assert.ok(value > 1);"),
    });
    const { lines, said } = red("--since", before, "--only", "no such test");
    assert.equal(lines.at(-1), "0 passed, 0 failed", said);
    git("reset", "--quiet", "--hard", before);
  });

  it("finds a test at the head that was renamed since, and shows the name that it has now", () => {
    const before = git("rev-parse", "HEAD");
    mkdirSync(path.join(repository, "test/values"), { recursive: true });
    git("mv", "test/value.test.ts", "test/values/value.test.ts");
    const moved = readFileSync(path.join(repository, "test/values/value.test.ts"), "utf8");
    commit("Give values a folder", { "test/values/value.test.ts": moved.replace("../lib/", "../../lib/") });
    const { status, lines } = red("--only", "test/value.test.ts");
    assert.equal(status, 0, lines.join("\n"));
    assert.match(lines.join("\n"), /ok {3}\w{7} test\/value\.test\.ts :: .* is two/);
    assert.match(red("--only", "test/values/").lines.join("\n"), /test\/value\.test\.ts/);
    git("reset", "--quiet", "--hard", before);
  });

  it("refuses a table of a part, and a history that names nothing", () => {
    assert.equal(red("--write", "--only", "value").status, 2);
    const none = red("--only", "no such test");
    assert.deepEqual([none.status, none.lines.at(-1)], [1, "0 passed, 0 failed"]);
  });

  it("reads trailers as they are written", () => {
    assert.deepEqual(
      namedIn("Subject\n\nRed: is a colour.\nRed: test/a.test.ts :: a :: b (c)  \nRed:test/b.test.ts :: d\n"),
      [
        { file: "test/a.test.ts", title: "a :: b (c)" },
        { file: "test/b.test.ts", title: "d" },
      ],
    );
  });

  it("takes no failure of a hook for that of a test, and no skipped test for one that passes", () => {
    const one = (fullTitle: string, message = "1 !== 2") => ({
      fullTitle,
      err: { message, stack: `Error: ${message}` },
    });
    const hook = {
      passes: [],
      failures: [one('jobs "before all" hook for "end"', "no cloud")],
      pending: [],
    };
    assert.deepEqual(isRed(hook, "end"), { holds: false, said: 'no test ran: "before all" hook for "end": no cloud' });
    const skipped = { passes: [], failures: [], pending: [one("jobs end")] };
    assert.deepEqual(isGreen(skipped, "end"), { holds: false, said: "all 1 of that title are skipped" });
    const late = { passes: [], failures: [one("jobs end", "Timeout of 300000ms exceeded.")], pending: [] };
    assert.equal(isRed(late, "end").holds, true);
  });
});
