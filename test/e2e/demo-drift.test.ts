// The demo of drift as a user starts it: a breach starts one retraining, a canary
// releases what that trains, the pull request is told, and the same breach starts no more.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";
import { storyPage } from "../../scripts/picture/pages.ts";
import { runDemo } from "./demo-run.ts";

describe("npm run demo -- --drift", () => {
  const out = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-drift-"));
  let exitCode: number | null;
  let printed: string;
  let chapters: ChapterSummary[];

  before(async () => {
    ({ exitCode, printed, chapters } = await runDemo(out, ["--drift", "--no-pictures"]));
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

  it("releases the better model by a canary, judged on the same data as what was live", () => {
    const [, , chapter] = chapters;
    assert.match(chapter?.gate?.data ?? "", /^Both were measured on breast-cancer:1\.$/);
    assert.deepEqual(
      chapter?.steps?.flatMap(({ share, outcome }) => (outcome === undefined ? [] : [[share, outcome]])),
      [10, 50, 100].map((share) => [share, "pass"]),
    );
    assert.deepEqual(
      ["model-1", "model-2"].map((name) => chapter?.load?.deployments[name]?.failed),
      [0, 0],
    );
    const page = printed.slice(printed.indexOf("What came out of it"));
    assert.match(page, / 10 % +passed\n +✔ new\.errorRate = 0 is at most /);
    assert.match(page, /requests +\d+ sent; model-1 answered \d+, failed 0; model-2 answered \d+, failed 0\n/);
  });

  it("tells the merged pull request what its training found, and what became of its release", () => {
    assert.deepEqual(
      chapters.map(({ notes }) => notes?.length),
      [0, 0, 2, 0],
    );
    const [training = "", release = ""] = (chapters[2]?.notes ?? []).map(({ text }) => text);
    assert.match(training, /### ✅ Azure ML: breast-cancer passed/);
    assert.match(training, /\| Model \| \[breast-cancer:2\]/);
    assert.match(training, /\| auc \| [\d.]+ \| [\d.]+ \| \+[\d.]+ \|/);
    assert.match(release, /\| Traffic \| model-2 100 % \|/);
    const page = printed.slice(printed.indexOf("What came out of it"));
    assert.match(
      page,
      /note +on the pull request 1, Train on all thirty features\n +✔ Azure ML: breast-cancer passed\n/,
    );
    assert.match(page, / ✔ Azure ML: breast-cancer-release passed\n +traffic: model-2 100 %\n/);
  });

  it("files one bug for the breach", () => {
    assert.deepEqual(
      chapters.map(({ filed }) => filed?.length),
      [0, 0, 1, 0],
    );
    assert.match(chapters[2]?.filed?.[0] ?? "", /breast-cancer-drift/);
    const page = printed.slice(printed.indexOf("What came out of it"));
    assert.match(page, /work item +\S.*breast-cancer-drift/);
  });

  it("leaves what the picture is drawn of", () => {
    assert.match(
      storyPage(chapters, " -- --drift"),
      /npm run demo -- --drift[\s\S]*on the pull request 1, Train on all thirty features/,
    );
  });
});
