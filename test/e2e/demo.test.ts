// The demo as a user starts it: a process of its own, with Python packages out of the way; and what it leaves behind.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkArchive, type Entry as Exchange, violationText } from "../../local/azure/contract/archive.ts";
import { contracts } from "../../local/azure/contract/contracts.ts";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";
import { readPicture } from "../../scripts/picture/png.ts";
import { azureDevOpsTraffic, type Entry } from "../harness/azure-devops-traffic.ts";
import { needs } from "../harness/needs.ts";
import { BROWSER, hasChromium } from "../tab/browser.ts";
import { runDemo } from "./demo-run.ts";

interface Archive {
  log: { version: string; entries: { request: { url: string }; response: { status: number } }[] };
}

describe("npm run demo", () => {
  const out = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-out-"));
  let exitCode: number | null;
  let printed: string;
  let chapters: ChapterSummary[];

  before(async () => {
    ({ exitCode, printed, chapters } = await runDemo(out));
  });
  after(() => rmSync(out, { recursive: true, force: true }));

  it("exits with 0 and ends with the page of what came out of it", () => {
    assert.equal(exitCode, 0, printed.slice(-4000));
    assert.match(printed, /Every step of the story happened\.\s*$/);
  });

  it("prints the address of the results tab, and leaves pictures of it", function () {
    assert.match(printed, /Results tab of the last run of breast-cancer: https:\/\/localhost:\d+\/\S+buildId=\d+/);
    assert.match(printed, /Hub Models of the project: https:\/\/localhost:\d+\/\S+\.models-hub/);
    needs(this, hasChromium, BROWSER);
    for (const page of ["tab-breast-cancer", "tab-breast-cancer-release", "models"])
      for (const view of ["light", "dark", "screen"]) {
        const { height, width } = readPicture(readFileSync(path.join(out, `${page}-${view}.png`)));
        assert.ok(height >= 500 && width >= 1366 * 3, `${page} ${view}: ${height}`);
      }
  });

  it("leaves a summary of four chapters that all happened", () => {
    assert.equal(chapters.length, 4);
    for (const chapter of chapters) assert.equal(chapter.ok, true, chapter.title);
  });

  it("registers, deploys and calls the first model", () => {
    const [first] = chapters;
    assert.deepEqual(first?.data, { name: "breast-cancer", version: "1", created: true });
    assert.equal(first?.job?.status, "Completed");
    assert.deepEqual(first?.model, { name: "breast-cancer", version: "1" });
    assert.deepEqual(first?.deployment, {
      endpoint: "breast-cancer",
      name: "model-1",
      traffic: { "model-1": 100 },
    });
    assert.deepEqual((first!.reply as { predictions: unknown }).predictions, ["malignant", "benign"]);
  });

  it("finds everything again when the same commit is run again, and nothing better to release", () => {
    const again = chapters[1];
    assert.deepEqual(again?.data, { name: "breast-cancer", version: "1", created: false });
    assert.equal(again?.gate?.passed, false);
    assert.deepEqual(
      again?.gate?.rules.map(({ rule, passed }) => [rule, passed]),
      [
        ["metrics.accuracy >= 0.9", true],
        ["metrics.auc >= champion.auc - 0.005", true],
        ["metrics.auc > champion.auc", false],
      ],
    );
    assert.equal("model" in again!, false);
    assert.equal("deployment" in again!, false);
  });

  it("stops the worse model with a sentence that names metric, value, threshold and champion", () => {
    const worse = chapters[2];
    const failed = worse?.gate?.rules.filter(({ passed }) => !passed);
    assert.equal(failed?.length, 1);
    assert.match(
      failed![0]!.detail,
      /metrics\.auc = 0\.9549 is not at least champion\.auc - 0\.005 = 0\.9755 .*champion breast-cancer:1.*0\.9805/,
    );
    assert.equal("model" in worse!, false);
    assert.match(readFileSync(path.join(out, "3-breast-cancer.log"), "utf8"), /##\[error\].*0\.9755/);
  });

  it("gives the better model the traffic", () => {
    const better = chapters[3];
    assert.deepEqual(better?.model, { name: "breast-cancer", version: "2" });
    assert.equal(better?.deployment?.traffic["model-2"], 100);
    assert.equal((better!.reply as { features: number }).features, 30);
  });

  it("calls the new deployment while it has no traffic, before it gets any", () => {
    const log = readFileSync(path.join(out, "4-breast-cancer-release.log"), "utf8");
    const called = log.search(/^model-2 answered in \d+ ms at 0 % of the traffic/m);
    const moved = log.search(/^The traffic of breast-cancer is model-2 100 %; it was model-1 100 %/m);
    assert.ok(called > 0, "the log says that the deployment was called at 0 %");
    assert.ok(moved > called, "and only then that the traffic moved");
  });

  it("writes each run's log and markdown summary", () => {
    const files = readdirSync(out);
    for (const run of ["1-breast-cancer", "1-breast-cancer-release", "2-breast-cancer", "3-breast-cancer"])
      for (const ending of ["log", "md"]) assert.ok(files.includes(`${run}.${ending}`), `${run}.${ending}`);
  });

  it("records every exchange with both clouds, as HAR 1.2", () => {
    const { log } = JSON.parse(readFileSync(path.join(out, "traffic.har"), "utf8")) as Archive;
    assert.equal(log.version, "1.2");
    const paths = log.entries.map(({ request }) => new URL(request.url).pathname);
    for (const part of ["/oauth2/v2.0/token", "/providers/Microsoft.MachineLearningServices/", "/_apis/", "/mlflow/"])
      assert.ok(
        paths.some((one) => one.includes(part)),
        part,
      );
    const unbuilt = log.entries.filter(({ response }) => response.status === 501);
    assert.deepEqual(
      unbuilt.map(({ request }) => request.url),
      [],
    );
  });

  it("reaches Azure DevOps through its official client alone", () => {
    const { log } = JSON.parse(readFileSync(path.join(out, "traffic.har"), "utf8")) as { log: { entries: Entry[] } };
    const { areas, others } = azureDevOpsTraffic(log.entries);
    assert.deepEqual(others, []);
    // Attachments and records of the run; the gate's rules as tests.
    for (const area of ["node-Task-api", "node-Test-api"]) assert.ok((areas.get(area) ?? 0) > 5, area);
  });

  it("sends and gets what the published types of Azure ML allow", () => {
    const { log } = JSON.parse(readFileSync(path.join(out, "traffic.har"), "utf8")) as { log: { entries: Exchange[] } };
    // Azure Monitor's contract has none of this demo's operations.
    const held = contracts().filter((contract) => contract.operations("2025-12-01")?.has("get workspaces/{}"));
    assert.ok(held.length >= 1, "contracts of Azure ML");
    for (const contract of held) {
      const { checked, violations, unknown } = checkArchive(log.entries, [contract]);
      assert.ok(checked >= 100, `${checked} bodies were checked`);
      assert.deepEqual([violations.map(violationText), unknown], [[], []]);
    }
  });
});
