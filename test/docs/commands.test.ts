// Commands that the documentation names, with their flags: each exists, and takes them. A snippet in another language is one that its reader takes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { COMMANDS, isBeginning, namedCommands, RUN_ELSEWHERE } from "../../scripts/docs/commands.ts";
import { NOT_RUN } from "../../scripts/docs/not-run.ts";
import { ADDRESS_OPTIONS } from "../../scripts/package/addresses.ts";
import { needs } from "../harness/needs.ts";
import { pages, root } from "./samples.ts";

/** The source of a program with what it imports of this repository, two steps deep: its options stand in one of them. */
function sourceOf(file: string, depth = 2): string {
  const text = readFileSync(path.join(root, file), "utf8");
  if (depth === 0) return text;
  const imported = [...text.matchAll(/ from "(\.[^"]+\.ts)"/g)].map(([, one = ""]) =>
    path.join(path.dirname(file), one),
  );
  return [text, ...imported.map((one) => sourceOf(one, depth - 1))].join("\n");
}

/** Whether a program gives the flag to parseArgs: a key, and a description of what it takes. Those of the addresses are made from their list. */
const takes = (source: string, flag: string): boolean =>
  (source.includes("...ADDRESS_OPTIONS") && flag.slice(2) in ADDRESS_OPTIONS) ||
  new RegExp(`[\\s{]"?${flag.slice(2)}"?: (?:text|texts|flag|several|\\{ (?:type|\\.\\.\\.text))`).test(source);

describe("commands of the documentation", () => {
  const all = namedCommands(root).map((one) => ({ ...one, where: `${one.page}: ${one.words}` }));

  it("are scripts of package.json or commands of azureml-local", () => {
    assert.ok(all.length > 60, `${all.length}`);
    assert.deepEqual(
      all.filter(({ program }) => program.startsWith("no script")).map(({ where }) => where),
      [],
    );
  });

  it("take the flags that the pages give them", () => {
    const flagged = all.filter(({ flags }) => flags.length > 0);
    assert.ok(flagged.length >= 20, flagged.map(({ where }) => where).join("\n"));
    const refused = flagged.flatMap(({ where, program, flags }) => {
      const file = /\S+\.ts\b/.exec(program)?.[0];
      const source = file === undefined ? "" : sourceOf(file);
      return flags.filter((flag) => !takes(source, flag)).map((flag) => `${where}: there is no ${flag}`);
    });
    assert.deepEqual(refused, []);
    assert.ok(!takes(sourceOf("scripts/demo.ts"), "--no-such-flag"));
  });
});

describe("commands of the documentation that are run", () => {
  const named = [...new Set(namedCommands(root).map(({ words }) => words))].filter(
    (words) => words !== "npm run docs:run",
  );
  const run = COMMANDS.map(({ words }) => words);
  const elsewhere = Object.keys(RUN_ELSEWHERE);
  const notRun = Object.keys(NOT_RUN)
    .filter((key) => key.startsWith("`"))
    .map((key) => key.slice(1, -1));

  it("are all but those of which it is said where or why not", () => {
    const beginnings = [...elsewhere, ...notRun];
    const rest = named.filter((words) => !run.includes(words) && !beginnings.some((key) => isBeginning(key, words)));
    assert.deepEqual(rest, []);
  });

  it("are named by a page, and so are those that are not run here", () => {
    assert.deepEqual(
      run.filter((words) => !named.includes(words)),
      [],
    );
    assert.deepEqual(
      [...elsewhere, ...notRun].filter((key) => !named.some((words) => isBeginning(key, words))),
      [],
    );
  });

  it("are run elsewhere by tests and programs that are there", () => {
    for (const [words, file] of Object.entries(RUN_ELSEWHERE)) {
      assert.ok(existsSync(path.join(root, file)), `${words}: ${file}`);
      if (file !== ".ci/run") continue;
      assert.match(readFileSync(path.join(root, file), "utf8"), new RegExp(`^ *${words}\\b`, "m"), words);
    }
  });
});

describe("snippets in other languages", () => {
  const blocks = (language: string) =>
    pages().flatMap(({ file, text }) =>
      [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, "gm"))].map(
        ([, indent = "", code = ""]) => ({
          file,
          code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
        }),
      ),
    );

  it("are JSON where they say so", () => {
    const found = blocks("json");
    assert.ok(found.length >= 3, `${found.length}`);
    for (const { file, code } of found) assert.doesNotThrow(() => JSON.parse(code), file);
  });

  it("are Python where they say so", async function () {
    const found = blocks("python");
    assert.ok(found.length >= 2, `${found.length}`);
    for (const { file, code } of found) {
      const said = await new Promise<string | undefined>((resolve) => {
        const child = execFile("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], (error, _, err) =>
          resolve(error !== null && error.code === "ENOENT" ? undefined : err),
        );
        child.stdin?.on("error", () => {}).end(code);
      });
      needs(this, said !== undefined, "Python 3.9 or newer as python3");
      assert.equal(said, "", file);
    }
  });
});
