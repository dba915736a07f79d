// The last line of continuous integration: parts are added up, and whatever is not a clean count has failed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Report } from "../../scripts/conformance/report.ts";

const script = path.resolve(import.meta.dirname, "../../scripts/total.ts");

describe("the total of continuous integration", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "total-"));
  after(() => rmSync(folder, { recursive: true }));

  /** @param parts exit status and what was said; undefined: no log at all */
  function total(...parts: [string, string | undefined][]): { status: number | null; last: string; said: string } {
    const words = parts.flatMap(([status, said], index) => {
      const log = path.join(folder, `${index}-${said === undefined ? "none" : "log"}`);
      if (said !== undefined) writeFileSync(log, said);
      return [`part ${index + 1}`, status, log];
    });
    const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", script, ...words], { encoding: "utf8" });
    return { status, said: stdout, last: stdout.trimEnd().split("\n").at(-1) ?? "" };
  }

  it("adds up what passed and was skipped", () => {
    const { status, last } = total(["0", "…\n12 passed, 0 failed, 2 skipped\n"], ["0", "1 s\n30 passed, 0 failed\n\n"]);
    assert.deepEqual([status, last], [0, "42 passed, 0 failed, 2 skipped"]);
  });

  it("fails closed: a failure, a count that is missing or not last, a status that says otherwise, nothing run", () => {
    const { status, last, said } = total(
      ["1", "10 passed, 2 failed\nnpm error code 1\n"],
      ["0", "10 passed, 0 failed\nand then it crashed\n"],
      ["1", undefined],
      ["7", "5 passed, 0 failed\n"],
      ["0", "0 passed, 0 failed\n"],
    );
    assert.deepEqual([status, last], [1, "15 passed, 6 failed"]);
    assert.match(said, /part 2 ended with status 0 and did not say how many/);
    assert.match(said, /part 4 ended with status 7, though nothing in it failed/);
  });

  it("repeats above the last line what failed, of mocha's list and of crossed lines, bounded", () => {
    const mocha = `  ✔ one\n  1) two\n\n  1 passing (1s)\n  1 failing\n\n  1) a suite\n       two:\n     it is wrong\n\n\n1 passed, 1 failed\n`;
    const flows = "✓ jobs: a (3 ms)\n✗ jobs: b (4 ms)\n    because\n\n9 s\n1 passed, 1 failed\n";
    const long = `  1 failing\n\n  1) long\n${"x".repeat(100_000)}\n0 passed, 1 failed\n`;
    const { said, last } = total(["1", mocha], ["1", flows], ["1", long]);
    assert.match(said, /What failed in part 1:\n1\) a suite\n {7}two:\n {5}it is wrong\n/);
    assert.match(said, /What failed in part 2:\n✗ jobs: b \(4 ms\)\n {4}because\n/);
    assert.doesNotMatch(said, /✔ one|jobs: a/);
    assert.ok(said.length < 7_000);
    assert.equal(last, "2 passed, 3 failed");
  });
});

describe("the report of a conformance run", () => {
  const result = (title: string, ok: boolean) => ({ suite: "jobs", title, ok, milliseconds: 1, error: "because" });
  let said: string[];
  const { log } = console;
  beforeEach(() => {
    said = [];
    console.log = (line: string) => void said.push(line);
  });
  afterEach(() => {
    console.log = log;
  });

  it("counts the second attempt, and tells what failed at the first", async () => {
    const report = new Report();
    for (const one of [result("a", true), result("b", false), result("runs to its end", false)]) report.add(one);
    await report.secondAttempt(
      "jobs",
      async () => void [result("a", true), result("b", true)].map((one) => report.add(one)),
    );
    report.end(1);
    assert.equal(said.at(-1), "\n1 s\n2 passed, 0 failed");
    assert.ok(said.includes("\n! jobs: b: passed at the second attempt"), said.join("\n"));
    assert.ok(said.some((line) => line.startsWith("\n✗ jobs: b\n    because")));
  });

  it("calls failed what fails again, and what the second attempt did not come to", async () => {
    const report = new Report();
    for (const one of [result("a", true), result("b", false)]) report.add(one);
    await report.secondAttempt("jobs", async () => report.add(result("b", false)));
    report.end(1);
    assert.equal(said.at(-1), "\n1 s\n0 passed, 2 failed");
  });

  it("leaves suites alone in which nothing failed", async () => {
    const report = new Report();
    report.add(result("a", true));
    await report.secondAttempt("jobs", () => assert.fail("was run again"));
    assert.equal(report.failures.length, 0);
  });
});
