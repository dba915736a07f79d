// The demo of drift as a user starts it: a breach starts one retraining, what that trains goes live, and the same breach starts no more.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";
import { runDemo } from "./demo-run.ts";

describe("npm run demo -- --drift", () => {
  const out = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-drift-"));
  let exitCode: number | null;
  let printed: string;
  let chapters: ChapterSummary[];

  before(async () => {
    ({ exitCode, printed, chapters } = await runDemo(out, ["--drift"]));
  });
  after(() => rmSync(out, { recursive: true, force: true }));

  it("exits with 0 once one retraining has run, and the better model is live", () => {
    assert.equal(exitCode, 0, printed.slice(-6000));
    assert.deepEqual(
      chapters.map(({ retrained }) => retrained?.length),
      [0, 0, 1, 0],
    );
    assert.deepEqual(
      chapters.map(({ released }) => released),
      [["breast-cancer:1 succeeded"], [], ["breast-cancer:2 succeeded"], []],
    );
  });

  it("shows on the last page which monitor was breached, and what that started", () => {
    const page = printed.slice(printed.indexOf("What came out of it"));
    assert.match(page, /monitor +The breach of breast-cancer-drift \(inputs\) in the job .* started run \d+/);
    assert.match(page, /retrained +for breast-cancer-drift:/);
    assert.match(
      readFileSync(path.join(out, "4-breast-cancer-watch.log"), "utf8"),
      /starts nothing: run \d+ was started/,
    );
  });
});
