// The demo in its classic form: the registered model is the artifact of a release, created by the relay.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChapterSummary } from "../../scripts/demo/summary.ts";

interface Entry {
  comment: string;
  request: { method: string; url: string; headers: { name: string; value: string }[] };
  response: { status: number };
}

describe("npm run demo -- --classic", function () {
  this.timeout(180_000);
  const out = mkdtempSync(path.join(tmpdir(), "azure-ml-demo-classic-"));
  let exitCode: number | null;
  let printed = "";
  let chapters: ChapterSummary[] = [];

  before(async () => {
    const child = spawn("npm", ["run", "--silent", "demo", "--", "--classic", "--out", out], {
      env: { ...process.env, PYTHONNOUSERSITE: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (printed += String(data)));
    exitCode = await new Promise((resolve) => child.once("close", resolve));
    const file = path.join(out, "summary.json");
    if (existsSync(file)) chapters = JSON.parse(readFileSync(file, "utf8")).chapters;
  });
  after(() => rmSync(out, { recursive: true, force: true }));

  it("exits with 0: all four chapters happened, and only two of them released", () => {
    assert.equal(exitCode, 0, printed.slice(-4000));
    assert.deepEqual(
      chapters.map(({ ok, deployment }) => [ok, deployment?.name]),
      [
        [true, "model-1"],
        [true, undefined],
        [true, undefined],
        [true, "model-2"],
      ],
    );
    assert.equal(existsSync(path.join(out, "2-breast-cancer-release.log")), false);
    assert.equal(existsSync(path.join(out, "3-breast-cancer-release.log")), false);
  });

  it("brings the model by the extension's own download task, and says what it was trained from", () => {
    const log = readFileSync(path.join(out, "4-breast-cancer-release.log"), "utf8");
    assert.match(log, /Starting: Download artifact - _model - AzureMLModel\n/);
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
    assert.equal(created.length, 2);
    for (const { request } of created) {
      const agent = request.headers.find(({ name }) => name.toLowerCase() === "user-agent")?.value;
      assert.equal(agent, "node-Release-api", "the name by which azure-devops-node-api's client goes");
    }
    assert.deepEqual(
      log.entries.filter(({ response }) => response.status === 501).map(({ request }) => request.url),
      [],
    );
    const delivered = log.entries.filter(({ comment }) => comment === "event grid");
    assert.deepEqual(
      delivered.map(({ response }) => response.status),
      [200, 200, 200],
      "one handshake and two events",
    );
  });
});
