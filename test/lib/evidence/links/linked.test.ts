// Tests: lib/evidence/links/linked.ts, work-item-patch.ts and bug.ts
import assert from "node:assert/strict";
import { bugOf, bugQuery, bugTag } from "../../../../lib/evidence/links/bug.ts";
import { linkedOf, shortModel } from "../../../../lib/evidence/links/linked.ts";
import { patchOf, type ReadItem } from "../../../../lib/evidence/links/work-item-patch.ts";
import type { Provenance } from "../../../../lib/provenance.ts";
import type { RunRecord } from "../../../../lib/record/index.ts";

const provenance: Provenance = {
  kind: "build",
  organization: "https://dev.azure.com/contoso/",
  project: "p",
  projectId: "11111111-1111-4111-8111-111111111111",
  definition: "train <b>",
  runId: "17",
  runNumber: "20261127.3",
  runUri: "https://dev.azure.com/contoso/p/_build/results?buildId=17",
  stage: "train",
  job: "fit",
  step: "deploy",
  attempt: 2,
  repositoryUri: "",
  repositoryId: "22222222-2222-4222-8222-222222222222",
  branch: "main",
  commit: "abc",
  pullRequestId: "4",
};

const record = (sections: Partial<RunRecord>): RunRecord => ({
  version: 2,
  task: { name: "AzureMLDeployEndpoint", friendlyName: "Deploy", version: "1.0.0" },
  result: "succeeded",
  started: "2026-11-27T13:40:00.000Z",
  finished: "2026-11-27T13:45:10.000Z",
  ...sections,
});

const live = record({
  deployment: {
    endpoint: "prod",
    name: "green",
    model: "/subscriptions/s/resourceGroups/r/providers/m/workspaces/w/models/breast-cancer/versions/7",
    trafficBefore: { blue: 100 },
    traffic: { blue: 0, green: 100 },
    studioUrl: "https://ml.azure.com/endpoints/realtime/prod/detail?wsid=/subscriptions/s",
  },
});

/** A rerun that found everything as it should be. */
const rerun = { ...live.deployment, trafficBefore: { green: 100 }, traffic: { green: 100 }, changed: false };

const item = (more: Partial<ReadItem> = {}): ReadItem => ({ id: 12, rev: 3, relations: [], comments: [], ...more });

describe("links of a record", () => {
  it("do not say again that a model went live where the step changed nothing", () => {
    const linked = linkedOf(record({ deployment: rerun as RunRecord["deployment"] & object }), provenance);
    assert.deepEqual(linked.sentences, []);
    assert.deepEqual(linked.properties, { "AzureML.Deployment.prod": "green", "AzureML.Live.prod": "breast-cancer:7" });
  });

  it("say that a model went live, and tag, describe and mark the run and its commit", () => {
    const linked = linkedOf(live, provenance);
    assert.deepEqual(linked.sentences, [
      { start: "Model breast-cancer:7 is live on prod", rest: "since 2026-11-27 13:45 UTC (deployment green)" },
    ]);
    assert.deepEqual(linked.tags, ["azureml:live=prod"]);
    assert.deepEqual(linked.properties, { "AzureML.Deployment.prod": "green", "AzureML.Live.prod": "breast-cancer:7" });
    assert.deepEqual(
      linked.statuses.map(({ name, state }) => [name, state]),
      [["live/prod", "succeeded"]],
    );
  });

  it("say nothing of a canary that has a part of the traffic, and of a step that only failed", () => {
    const canary = { ...live, deployment: { ...live.deployment!, traffic: { blue: 90, green: 10 } } };
    assert.deepEqual(linkedOf(canary, provenance).sentences, []);
    const nothing = linkedOf(record({ result: "failed", error: { message: "no" } }), provenance);
    assert.deepEqual(nothing, { pages: [], sentences: [], tags: [], properties: {}, statuses: [] });
  });

  it("take the sentence of a failed rollout from where the traffic is now", () => {
    const failed = { ...live, result: "failed" as const, error: { message: "The probe failed." } };
    const [sentence] = linkedOf(
      { ...failed, deployment: { ...live.deployment!, traffic: { blue: 100 } } },
      provenance,
    ).sentences;
    assert.equal(sentence?.start, "The rollout of model breast-cancer:7 on prod failed");
    assert.match(sentence?.rest ?? "", /: The probe failed\. The traffic is blue 100 %, as before$/);
  });

  it("name a model by name and version, however it is written", () => {
    assert.equal(shortModel("azureml:a:1"), "a:1");
    assert.equal(shortModel("azureml://registries/r/models/a/versions/2"), "a:2");
    assert.equal(shortModel(undefined), undefined);
  });
});

describe("the patch of a work item", () => {
  it("tests the revision, adds what is missing, and says each sentence once for a run", () => {
    const linked = linkedOf(live, provenance);
    const patch = patchOf(item(), linked, provenance);
    const [first, ...rest] = patch ?? [];
    assert.deepEqual(first, { op: "test", path: "/rev", value: 3 });
    const urls = rest.flatMap(({ value }) => (value as { url?: string }).url ?? []);
    assert.deepEqual(urls, [
      "vstfs:///Build/Build/17",
      `vstfs:///Git/Commit/${provenance.projectId}%2F${provenance.repositoryId}%2Fabc`,
      `vstfs:///Git/PullRequestId/${provenance.projectId}%2F${provenance.repositoryId}%2F4`,
      live.deployment?.studioUrl,
    ]);
    const comment = String(rest.at(-1)?.value);
    assert.match(comment, /^<p>Model breast-cancer:7 is live on prod since .*buildId=17">build train &lt;b&gt; 2026/);
    const again = item({ relations: urls.map((url) => ({ url: url.toUpperCase() })), comments: [comment] });
    assert.equal(patchOf(again, linked, provenance), undefined);
    const later = { ...provenance, runId: "171", runUri: `${provenance.runUri}1` };
    assert.equal(patchOf(again, linked, { ...later, commit: "", pullRequestId: "" })?.length, 3);
    const earlier = { ...provenance, runId: "1", runUri: provenance.runUri.replace(/7$/, "") };
    assert.ok(patchOf(again, linked, earlier)?.some(({ path }) => path === "/fields/System.History"));
  });

  it("lets nothing of others be markup or a mention", () => {
    const hostile = record({
      rollback: {
        endpoint: "<img src=x>@Ada",
        to: 'a"b',
        changed: true,
        from: ["</p>"],
        traffic: {},
        trafficBefore: {},
      },
    });
    const text = JSON.stringify(patchOf(item(), linkedOf(hostile, provenance), provenance));
    assert.doesNotMatch(text, /<img|<\/p>[^"]*<\/p>.*lost its traffic|@Ada/);
  });
});

describe("the bug of a failure", () => {
  const gate = record({
    gate: { passed: false, jobName: "j", rules: [{ rule: "auc > 0.9", passed: false, detail: "auc is 0.8" }] },
  });

  it("is found by a tag that is the same in every run and attempt of the step, and of no other step", () => {
    const tag = bugTag(provenance);
    assert.equal(bugTag({ ...provenance, runId: "18", attempt: 9, commit: "def", runNumber: "x" }), tag);
    assert.notEqual(bugTag({ ...provenance, step: "other" }), tag);
    assert.match(bugQuery(tag), new RegExp(`CONTAINS '${tag}' AND \\(.*NOT IN .* OR .*@today - 1\\)$`));
  });

  it("has the rules that failed, the run and its links, and is none where nothing failed", () => {
    const patch = bugOf(gate, provenance) ?? [];
    const value = (path: string) => patch.find((one) => one.path === path)?.value;
    assert.equal(value("/fields/System.Title"), "train <b>: j does not pass its gate");
    assert.match(String(value("/fields/System.Description")), /auc &gt; 0\.9: auc is 0\.8/);
    assert.ok(
      patch.some(({ path, value }) => path === "/relations/-" && JSON.stringify(value).includes("Found in build")),
    );
    assert.equal(bugOf(live, provenance), undefined);
    assert.equal(bugOf({ ...gate, gate: { ...gate.gate!, isPlan: true } }, provenance), undefined);
  });
});
