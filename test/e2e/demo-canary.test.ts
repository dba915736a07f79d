// The demo of canaries as a user starts it: a good version gets all of the traffic in steps, a bad one is taken back, and the old
// deployment answers every request that goes to it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";
import { storyPage } from "../../scripts/picture/pages.ts";
import { runDemo } from "./demo-run.ts";

describe("npm run demo -- --canary", () => {
  const out = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-canary-"));
  let exitCode: number | null;
  let printed: string;
  let chapters: ChapterSummary[];

  before(async () => {
    ({ exitCode, printed, chapters } = await runDemo(out, ["--canary", "--no-pictures"]));
  });
  after(() => rmSync(out, { recursive: true, force: true }));

  it("exits with 0 once a good version has all of the traffic and a bad one none", () => {
    assert.equal(exitCode, 0, printed.slice(-4000));
    const traffic = chapters.map(({ deployment }) => deployment?.traffic);
    assert.deepEqual(
      traffic.map((shares) => Object.entries(shares ?? {}).filter(([, share]) => share > 0)),
      [[["model-1", 100]], [["model-2", 100]], [["model-2", 100]]],
    );
    assert.deepEqual(
      chapters.map(({ released }) => released),
      [["breast-cancer:1 succeeded"], ["breast-cancer:2 succeeded"], ["breast-cancer:3 failed"]],
    );
  });

  it("lets down nobody whom the old deployment answers, and shows so with the judged numbers on the last page", () => {
    const [, good, bad] = chapters;
    assert.deepEqual([good?.load?.deployments["model-1"]?.failed, good?.load?.deployments["model-2"]?.failed], [0, 0]);
    assert.equal(bad?.load?.deployments["model-2"]?.failed, 0);
    const page = printed.slice(printed.indexOf("What came out of it"));
    assert.match(page, / 10 % +passed\n/);
    assert.match(page, / 50 % +passed\n/);
    assert.match(page, / 100 % +passed\n/);
    assert.match(page, / 10 % +failed\n +✘ .*errorRate/);
    assert.match(page, /requests +\d+ sent; model-2 answered \d+, failed 0; model-3 answered \d+, failed [1-9]/);
    assert.match(readFileSync(path.join(out, "3-breast-cancer-release.log"), "utf8"), /##\[error\].*errorRate/);
  });

  it("leaves what the picture is drawn of", () => {
    assert.match(storyPage(chapters, " -- --canary"), /npm run demo -- --canary[\s\S]*model-3 answered/);
  });
});
