// A test is skipped only by needs() of test/harness/needs.ts, and the run's summary says what it needs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const root = path.resolve(import.meta.dirname, "../..");
const needsFile = path.join(root, "test/harness/needs.ts");

describe("a skipped test", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "skipped-"));
    const start = `import { needs } from ${JSON.stringify(pathToFileURL(needsFile).href)};\n`;
    const skipping = (title: string, what: string) =>
      `it("${title}", function () { needs(this, false, "${what}"); });\n`;
    writeFileSync(
      path.join(folder, "one.test.ts"),
      `${start}${skipping("a", "a moon")}${skipping("b", "a moon")}it("c", function () { needs(this, true, "air"); });\n`,
    );
    writeFileSync(path.join(folder, "two.test.ts"), `${start}${skipping("d", "a sun")}it("e");\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [form, words] of [
    ["one process", []],
    ["several", ["--parallel", "--jobs", "2"]],
  ] as const) {
    it(`is counted in the summary with what it needs, in ${form}`, () => {
      const { stdout } = spawnSync(
        process.execPath,
        [
          ...[path.join(root, "node_modules/mocha/bin/mocha.js"), "--no-config", "--import=tsx", ...words],
          ...["--reporter", path.join(root, "test/harness/reporter.cjs")],
          ...[path.join(folder, "one.test.ts"), path.join(folder, "two.test.ts")],
        ],
        { cwd: root, encoding: "utf8" },
      );
      const told = stdout.split("\n").filter((line) => /^skipped: |passed/.test(line));
      assert.deepEqual(told.slice(0, -1).sort(), [
        "skipped: 1 test needs a sun",
        "skipped: 1 test needs something that they do not say",
        "skipped: 2 tests need a moon",
      ]);
      assert.equal(told.at(-1), "1 passed, 0 failed, 4 skipped");
    });
  }

  it("is skipped by needs() alone", () => {
    const files = readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" });
    const skipping = files
      .filter((file) => file.endsWith(".ts"))
      .filter((file) =>
        /\b(this|context)\.skip\(|\b(it|describe)\.skip\b/.test(readFileSync(path.join(root, "test", file), "utf8")),
      );
    assert.deepEqual(skipping, ["harness/needs.ts"]);
  });

  it("is one that README tells of", () => {
    const readme = readFileSync(path.join(root, "README.md"), "utf8");
    const files = readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" });
    const sources = files
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(path.join(root, "test", file), "utf8"));
    const own = readFileSync(import.meta.filename, "utf8");
    const named = sources
      .filter((source) => source !== own)
      .flatMap((source) => [...source.matchAll(/needs\(this, [^;]*?, "([^"]+)"\);|const NODE_24 = "([^"]+)"/g)])
      .map(([, one, other]) => one ?? other ?? "");
    assert.ok(new Set(named).size >= 5, named.join("; "));
    for (const what of new Set(named)) assert.ok(readme.includes(what), what);
  });
});
