// The demo in its classic form, over an outage of the relay: the registered model is the artifact of a release, and every
// version has exactly one, in the order of registration, also when nobody was there to hear of it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";
import { runDemo } from "./demo-run.ts";

interface Entry {
  comment: string;
  request: { method: string; url: string; headers: { name: string; value: string }[] };
  response: { status: number };
}

describe("npm run demo -- --classic --outage", () => {
  const out = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-classic-"));
  let exitCode: number | null;
  let printed: string;
  let chapters: ChapterSummary[];

  before(async () => {
    ({ exitCode, printed, chapters } = await runDemo(out, ["--classic", "--outage", "--no-pictures"]));
  });
  after(() => rmSync(out, { recursive: true, force: true }));

  it("exits with 0: each version has one release, in order, and the two of the outage only after it", () => {
    assert.equal(exitCode, 0, printed.slice(-4000));
    assert.deepEqual(
      chapters.map(({ ok, registered, deadLetters, released }) => [ok, registered, deadLetters, released]),
      [
        [true, ["breast-cancer:1"], [], ["breast-cancer:1 succeeded"]],
        [true, ["breast-cancer:2", "breast-cancer:3"], ["breast-cancer:2", "breast-cancer:3"], []],
        [true, [], [], ["breast-cancer:2 succeeded", "breast-cancer:3 succeeded"]],
        [true, [], [], []],
      ],
    );
    assert.deepEqual(chapters[2]?.deployment?.traffic["model-3"], 100);
    assert.equal(existsSync(path.join(out, "2-breast-cancer-release.log")), false);
  });

  it("brings the model by the extension's own download task, and says what it was trained from", () => {
    const log = readFileSync(path.join(out, "3-breast-cancer-release.log"), "utf8");
    assert.match(log, /Starting: Download artifact - _model - TrainJudgeReleaseModel\n/);
    assert.match(log, /Model breast-cancer:2 is in \S+\/1\/a\/_model: 1 downloaded \(\d+ bytes\), 0 there already/);
    assert.match(log, /Trained from commit [0-9a-f]{40} of https:\/\/localhost/);
    assert.match(log, /Starting: Download artifact - _source - Git\n/);
    assert.match(printed, /Relay: breast-cancer:2 started classic release: https:\/\/localhost\S+releaseId=2/);
  });

  it("creates releases by Azure DevOps' own client, and asks for nothing that is not built", () => {
    const { log } = JSON.parse(readFileSync(path.join(out, "traffic.har"), "utf8")) as { log: { entries: Entry[] } };
    const created = log.entries.filter(
      ({ comment, request }) =>
        comment === "devops" && request.method === "POST" && /\/_apis\/release\/releases/i.test(request.url),
    );
    assert.equal(created.length, 3);
    for (const { request } of created) {
      const agent = request.headers.find(({ name }) => name.toLowerCase() === "user-agent")?.value;
      assert.match(agent ?? "", /^node-Release-api\b/, "the name by which azure-devops-node-api's client goes");
    }
    assert.deepEqual(
      log.entries.filter(({ response }) => response.status === 501).map(({ request }) => request.url),
      [],
    );
    // The second chapter's found nobody: each was tried until Event Grid gave it up.
    const delivered = log.entries.filter(({ comment }) => comment === "event grid");
    assert.deepEqual(
      delivered.map(({ response }) => response.status).filter((status) => status !== 0),
      [200, 200, 200, 200],
      "one handshake, one event, and two dead letters by hand",
    );
  });
});
