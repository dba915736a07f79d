// docs/status.md: the table of a run from the logs of its parts, and every mark "not verified" with its page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { marksOf, unverified } from "../../scripts/generate/unverified.ts";
import { withRun } from "../../scripts/status.ts";

const root = resolve(import.meta.dirname, "../..");
const RUN = { date: "2026-01-02", commit: "0123abcd", machine: "a machine" };
const EMPTY = "# Status\n\n<!-- run -->\nlast year\n<!-- end: run -->\nafter\n";

describe("the page of what was verified", () => {
  it("has a row for each part of a run, with its last count, and says where there is none", () => {
    const parts = [
      { name: "npm test", status: "0", log: "1 passed, 0 failed\nmore\n12 passed, 0 failed, 3 skipped\n" },
      { name: "npm run test:faults", status: "1", log: "150 passed, 2 failed\nnpm error\n" },
      { name: "npm run docs", status: "137", log: "" },
    ];
    const rows = withRun(EMPTY, parts, RUN)
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    assert.deepEqual(
      rows.map((row) =>
        row
          .split("|")
          .map((cell) => cell.trim())
          .filter((_, at) => at !== 2)
          .slice(1, -1),
      ),
      [
        ["`npm test`", "12", "0", "3", "green"],
        ["`npm run test:faults`", "150", "2", "0", "**red**"],
        ["`npm run docs`", "no count", "", "", "**red**"],
      ],
    );
    assert.match(withRun(EMPTY, parts, RUN), /^The run of 2026-01-02, of commit `0123abcd`, on a machine:$/m);
    assert.ok(!withRun(EMPTY, parts, RUN).includes("last year") && withRun(EMPTY, parts, RUN).endsWith("after\n"));
    assert.throws(() => withRun("# Status\n", parts, RUN), /the marks .* are missing/);
  });

  it("gathers sentences, cells and whole sections that say that something is not verified", () => {
    const text = [
      "# Page",
      "It works. How it is refused is not",
      "verified against live Azure. It goes on.",
      "## Table\n| a | b |\n| --- | --- |\n| one | yes |\n| two | yes, not verified |",
      "## Not verified against live Azure\nThese are open:\n- first [x](y.md)\n- second",
      "## End\n```text\nnot verified\n```\nnothing",
    ].join("\n");
    assert.deepEqual(
      marksOf("docs/page.md", text).map(({ heading, text }) => [heading, text]),
      [
        ["Page", "How it is refused is not verified against live Azure."],
        ["Table", "two: yes, not verified"],
        ["Not verified against live Azure", "first [x](y.md)"],
        ["Not verified against live Azure", "second"],
      ],
    );
  });

  it("names every page of the documentation that has such a mark", () => {
    const marks = unverified(root);
    const page = readFileSync(resolve(root, "docs/status.md"), "utf8");
    assert.ok(marks.length > 100, `${marks.length}`);
    for (const { page: one } of marks) assert.ok(page.includes(`### [${one}](`), one);
  });

  it("is written at the end of every run of continuous integration, from the same logs as the total", () => {
    const script = readFileSync(resolve(root, ".ci/run"), "utf8");
    const partsAfter = (command: string) =>
      [...script.slice(script.indexOf(command)).matchAll(/"(npm [\w: -]+)" "\$\w+" "\$logs\/\w+"/g)].map(
        ([, name]) => name,
      );
    assert.match(script, /npm run -s status -- "\$\{parts\[@\]\}"/);
    assert.match(script, /scripts\/total\.ts "\$\{parts\[@\]\}"/);
    assert.ok(partsAfter("parts=(").length >= 3);
    // A page that shows a pipeline which does not run fails the build.
    for (const one of ["npm run docs", "npm run docs:run"]) assert.ok(partsAfter("logs=").includes(one), one);
  });
});
