// The gate against local Azure: real jobs with real metrics, champions of every kind, and what happens when there is none.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import {
  type Champion,
  type ChampionChoice,
  findChampion,
  mostLive,
  parseChampion,
} from "../../../../lib/ml/gate/champion.ts";
import { evaluateGate, type GateOptions, sayGate } from "../../../../lib/ml/gate/gate.ts";
import { jobOf } from "../../../../lib/ml/gate/model-job.ts";
import { parseReports } from "../../../../lib/ml/gate/reports-input.ts";
import { parseResults } from "../../../../lib/ml/gate/results-input.ts";
import { parseRules } from "../../../../lib/ml/gate/rules.ts";
import { followJob } from "../../../../lib/ml/jobs/follow-job.ts";
import { cancelJob } from "../../../../lib/ml/jobs/jobs.ts";
import { registerModel } from "../../../../lib/ml/register/register-model.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { addDeployment, addEndpoint } from "../cleanup/things.ts";
import { commandJob, project } from "../projects.ts";
import { openLocal, theCloud } from "../world.ts";

/** Logs metrics the way the example does: MLflow's REST API with Python's standard library. */
const LOG = `
import json, os, sys, time, urllib.request
uri = os.environ["MLFLOW_TRACKING_URI"]
if uri.startswith("azureml://"):
    uri = "https://" + uri[10:].split("?")[0].replace("/mlflow/v1.0/", "/mlflow/v2.0/")
metrics = [{"key": k, "value": v, "timestamp": int(time.time() * 1000), "step": s} for s, (k, v) in enumerate(json.loads(sys.argv[1]))]
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "metrics": metrics}).encode()
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
urllib.request.urlopen(urllib.request.Request(uri + "/api/2.0/mlflow/runs/log-batch", body, headers)).read()
`;

async function jobWith(metrics: [string, number][]): Promise<string> {
  const workspace = await openLocal();
  const command = `${logging(metrics)} && echo model > \${{outputs.model}}/m`;
  const { document, folder } = commandJob(command, { outputs: { model: { type: "custom_model", mode: "upload" } } });
  const job = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
  await followJob(workspace, job.name);
  return job.name;
}

/** The command that logs these metrics. */
function logging(metrics: [string, number][]): string {
  const script = Buffer.from(LOG).toString("base64");
  return `echo ${script} | base64 -d > log.py && python log.py '${JSON.stringify(metrics)}'`;
}

async function gate(jobName: string, rules: string, more: Partial<GateOptions> = {}) {
  const workspace = await openLocal();
  return evaluateGate(workspace, {
    jobName,
    rules: parseRules(rules),
    champion: { kind: "none" },
    missingChampion: "fail",
    includeChildRuns: false,
    patience: 200,
    ...more,
  });
}

const notThere = (champion: Champion) => (champion.found ? undefined : champion.why);

describe("the gate over a pipeline", () => {
  it("judges the one step that has the metric, and merges all of them where told to", async () => {
    const workspace = await openLocal();
    const step = (metrics: [string, number][]) => ({
      type: "command",
      command: logging(metrics),
      environment: { image: "ubuntu" },
    });
    const folder = project({
      "job.yml": JSON.stringify({
        type: "pipeline",
        settings: { default_compute: "azureml:cpu-cluster" },
        jobs: { train: step([["auc", 0.8]]), score: step([["rows", 3]]) },
      }),
    });
    const document = parseJob(readSource(path.join(folder, "job.yml"), { root: folder }));
    const job = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
    await followJob(workspace, job.name);
    const result = await gate(job.name, "metrics.auc >= 0.5\nmetrics.f1 > 0");
    assert.deepEqual(
      result.rules.map(({ outcome }) => outcome),
      ["passed", "failed"],
    );
    assert.match(result.metricRuns?.["auc"] ?? "", /^the step train \(run /);
    assert.match(result.rules[1]?.detail ?? "", /The job has no metric "f1"; it has auc, rows\.$/);
    assert.equal((await gate(job.name, "metrics.auc >= 0.5", { includeChildRuns: true })).passed, true);
  });
});

describe("the gate", () => {
  let weak = "";
  let strong = "";
  const model = `gate-${randomUUID().slice(0, 8)}`;
  before(async () => {
    [weak, strong] = await Promise.all([
      jobWith([
        ["auc", 0.8],
        ["n", 3],
        ["val/auc", 0.7],
      ]),
      jobWith([
        ["auc", 0.9],
        ["loss", 3],
        ["loss", 2],
        ["loss", 1],
      ]),
    ]);
    const workspace = await openLocal();
    const register = (job: string, tags: Record<string, string>) =>
      registerModel(workspace, {
        name: model,
        type: "custom_model",
        tags,
        source: { kind: "job", job, output: "model" },
      });
    await register(weak, { stage: "production" });
    await register(strong, {});
  });

  it("judges latest values, whole numbers, awkward names and history", async () => {
    const good = await gate(weak, "metrics.auc >= 0.8\nmetrics.n == 3\nmetrics['val/auc'] < 1");
    assert.deepEqual([good.passed, good.champion], [true, undefined]);
    const trend = await gate(strong, "history.loss[0] > history.loss[2]\nmetrics.loss == 1");
    assert.ok(trend.passed, JSON.stringify(trend.rules));
  });

  it("names the metrics there are when one is not", async () => {
    const result = await gate(weak, "metrics.accuracy > 0.5\nmetrics.auc > 0.5");
    assert.deepEqual(
      result.rules.map(({ passed }) => passed),
      [false, true],
    );
    assert.equal(result.rules[0]?.detail, 'The job has no metric "accuracy"; it has auc, n, val/auc.');
    assert.match(sayGate(weak, result), /did not pass 1 of 2 rules\. metrics\.accuracy > 0\.5: The job has no metric/);
  });

  for (const [what, value] of [
    ["null", null],
    ["NaN", "NaN"],
    ["infinite", "Infinity"],
    ["an empty text", ""],
  ] as const)
    it(`does not take a metric that is ${what} for a number`, async () => {
      const job = await jobWith([["good", 0.9]]);
      const metrics = jobService((await theCloud()).azure).tracking.runs.get(job)?.metrics ?? [];
      const [logged] = metrics;
      assert.ok(logged, "the job has logged its metric");
      // What a service answers that stores what it was sent.
      metrics.push({ ...logged, key: "odd", value: value as unknown as number });
      for (const rules of ["metrics.odd <= 0", "metrics.odd >= 0", "!(metrics.odd > 0)", "metrics.odd != 0.5"]) {
        const result = await gate(job, rules);
        assert.equal(result.passed, false, `${rules}: ${JSON.stringify(result.rules)}`);
        assert.match(result.rules[0]?.detail ?? "", /"odd"/);
      }
      assert.equal((await gate(job, "metrics.good > 0.5")).passed, true);
    });

  it("waits for metrics that are late", async () => {
    const { azure } = await theCloud();
    azure.settings.metricDelay = 600_000;
    try {
      const job = await jobWith([["late", 1]]);
      assert.equal((await gate(job, "metrics.late == 1", { patience: 0 })).passed, false);
      // They come while the gate pauses for the second time.
      let pauses = 0;
      const clock = {
        now: () => pauses * 1_000,
        async sleep() {
          pauses += 1;
          if (pauses < 2) return;
          for (const metric of jobService(azure).tracking.runs.get(job)!.metrics)
            Object.assign(metric, { visibleAt: 0 });
        },
      };
      assert.equal((await gate(job, "metrics.late == 1", { patience: 10_000, clock })).passed, true);
      assert.equal(pauses, 2);
    } finally {
      azure.settings.metricDelay = 0;
    }
  });

  /** A clock of seconds, and what happens as the gate pauses for the n-th time. */
  const pausing = (at: (pause: number) => void) => {
    let pauses = 0;
    return {
      now: () => pauses * 1_000,
      async sleep() {
        pauses += 1;
        at(pauses);
      },
    };
  };
  const late = async (rules: string, expected: boolean) => {
    const { azure } = await theCloud();
    azure.settings.metricDelay = 600_000;
    try {
      const job = await jobWith([["late", 0.1]]);
      const clock = pausing((pause) => {
        if (pause === 2)
          for (const metric of jobService(azure).tracking.runs.get(job)!.metrics)
            Object.assign(metric, { visibleAt: 0 });
      });
      const result = await gate(job, rules, { patience: 10_000, clock });
      assert.equal(result.passed, expected, JSON.stringify(result.rules));
    } finally {
      azure.settings.metricDelay = 0;
    }
  };
  it("waits for a late metric that a rule asks after", () => late("!has(metrics.late) || metrics.late > 0.5", false));
  it("waits for a late metric that a rule asks after by in", () => late("!('late' in metrics)", false));
  it("waits for metrics that are late where a rule looks at all of them", () =>
    late("metrics.all(name, metrics[name] > 0.05)", true));

  it("judges no job whose run MLflow does not know, and waits for it", async () => {
    const { tracking } = jobService((await theCloud()).azure);
    const job = await jobWith([["auc", 0.9]]);
    const run = tracking.runs.get(job)!;
    tracking.runs.delete(job);
    for (const rules of ["!has(metrics.bad)", "metrics.auc > 0.5", "!('bad' in metrics) || metrics.bad < 1"])
      await assert.rejects(gate(job, rules), { kind: "failed", message: new RegExp(`MLflow .*${job}`) });
    const clock = pausing((pause) => {
      if (pause === 2) tracking.runs.set(job, run);
    });
    assert.equal((await gate(job, "!has(metrics.bad)", { patience: 10_000, clock })).passed, true);
  });
  it("fails against a champion whose run MLflow does not know", async () => {
    const { tracking } = jobService((await theCloud()).azure);
    const job = await jobWith([["auc", 0.9]]);
    tracking.runs.delete(job);
    const result = await gate(strong, "!has(champion.auc) || metrics.auc > champion.auc", {
      champion: { kind: "job", name: job },
      missingChampion: "skip",
    });
    assert.equal(result.passed, false);
    assert.match(result.rules[0]?.detail ?? "", new RegExp(`MLflow does not know the run ${job}`));
  });
  it("takes no job for a champion that has not completed", async () => {
    const workspace = await openLocal();
    const start = (command: string) => {
      const { document, folder } = commandJob(command);
      return submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
    };
    const running = await start("sleep 600");
    const failing = await start("exit 1");
    await assert.rejects(followJob(workspace, failing.name));
    for (const { name } of [running, failing])
      await assert.rejects(
        gate(strong, "!has(champion.auc) || metrics.auc > champion.auc", { champion: { kind: "job", name } }),
        { kind: "failed", message: new RegExp(`champion ${name} is (?!Completed)\\w+, not Completed`) },
      );
    await cancelJob(workspace, running.name);
  });
  it("takes no metrics of another run than the one it asked for", async () => {
    const { tracking } = jobService((await theCloud()).azure);
    const job = await jobWith([["auc", 0.1]]);
    const own = tracking.runs.get(job)!;
    // What a cache or a proxy may answer.
    tracking.runs.set(job, tracking.runs.get(strong)!);
    try {
      await assert.rejects(gate(job, "metrics.auc > 0.5"), /asked/);
    } finally {
      tracking.runs.set(job, own);
    }
  });

  const champions: [string, () => string, string][] = [
    ["a model by its tag", () => `model:${model}@production`, "1"],
    ["a model by its tag and value", () => `model:${model}@stage=production`, "1"],
    ["the latest model", () => `model:${model}@latest`, "2"],
    ["a model by its version", () => `model:${model}:1`, "1"],
  ];
  for (const [what, champion, version] of champions) {
    it(`measures against ${what}`, async () => {
      const result = await gate(strong, "metrics.auc >= champion.auc", {
        champion: parseChampion(champion()) as ChampionChoice,
      });
      assert.equal(result.champion, `${model}:${version}`);
      assert.ok(result.passed, JSON.stringify(result.rules));
    });
  }

  it("measures against another job, and says who won by what", async () => {
    const result = await gate(weak, "metrics.auc > champion.auc - 0.05", { champion: { kind: "job", name: strong } });
    assert.equal(result.passed, false);
    assert.equal(
      result.rules[0]?.detail,
      `metrics.auc = 0.8 is not more than champion.auc - 0.05 = 0.85 (of the champion ${strong}, whose auc is 0.9).`,
    );
  });

  it("fails for a champion that is there and lacks the metric, also where a missing one would be skipped", async () => {
    const result = await gate(weak, "metrics.n > champion.n", {
      champion: { kind: "job", name: strong },
      missingChampion: "skip",
    });
    assert.equal(result.rules[0]?.detail, `The champion ${strong} has no metric "n"; it has auc, loss.`);
    assert.equal(result.passed, false);
  });

  const missing: [ChampionChoice, RegExp][] = [
    [{ kind: "none" }, /the input champion is none/],
    [{ kind: "endpoint", name: "no-endpoint" }, /there is no endpoint no-endpoint/],
    [{ kind: "model", name: "no-model", version: "1" }, /there is no model no-model:1/],
    [{ kind: "model", name: "no-model", label: "production" }, /there is no model no-model@production/],
  ];
  for (const [champion, why] of missing) {
    it(`fails or skips where ${why.source}`, async () => {
      const rules = "metrics.auc > champion.auc\nmetrics.auc > 0.5";
      const failing = await gate(weak, rules, { champion });
      assert.deepEqual([failing.passed, failing.rules[0]?.outcome, failing.champion], [false, "failed", undefined]);
      assert.match(failing.rules[0]?.detail ?? "", why);
      const skipping = await gate(weak, rules, { champion, missingChampion: "skip" });
      assert.deepEqual([skipping.passed, skipping.rules[0]?.outcome], [true, "skipped"]);
    });
  }

  it("judges no job that is not there, has failed or goes on", async () => {
    await assert.rejects(gate("no-job", "metrics.a > 1"), { kind: "notFound" });
    const workspace = await openLocal();
    const failing = commandJob("exit 1");
    const failed = await submitJob(workspace, failing.document, { stepIdentity: randomUUID(), root: failing.folder });
    await assert.rejects(followJob(workspace, failed.name));
    await assert.rejects(gate(failed.name, "metrics.a > 1"), { kind: "failed", message: /is Failed, not Completed/ });
    const long = commandJob("sleep 600");
    const running = await submitJob(workspace, long.document, { stepIdentity: randomUUID(), root: long.folder });
    await assert.rejects(gate(running.name, "metrics.a > 1"), { kind: "failed", message: /not Completed/ });
    await cancelJob(workspace, running.name);
  });

  it("reads what the input champion may say, and refuses the rest", () => {
    assert.deepEqual(parseChampion("endpoint:e"), { kind: "endpoint", name: "e" });
    assert.deepEqual(parseChampion(" none "), { kind: "none" });
    assert.deepEqual(parseChampion("model:m:3"), { kind: "model", name: "m", version: "3" });
    assert.deepEqual(parseChampion("model:m@stage=prod"), { kind: "model", name: "m", label: "stage=prod" });
    assert.deepEqual(parseChampion("branch:refs/heads/release/1"), { kind: "branch", branch: "release/1" });
    assert.deepEqual(parseChampion("targetBranch"), { kind: "branch" });
    const home = { subscriptionId: "s", resourceGroup: "g", name: "w" };
    const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/models/m";
    for (const written of [`model:${id}/versions/3`, `model:azureml:${id}/versions/3`])
      assert.deepEqual(parseChampion(written), { kind: "model", name: "m", version: "3", home });
    assert.deepEqual(parseChampion(`model:${id}@stage=prod`), { kind: "model", name: "m", label: "stage=prod", home });
    assert.deepEqual(parseChampion("model:azureml://registries/r/models/m/labels/latest"), {
      ...{ kind: "model", name: "m", label: "latest", home: { registry: "r" } },
    });
    // An address without a version is no champion that is not there yet.
    const unversioned = [
      "model:azureml://registries/r/models/m",
      `model:azureml:${id}`,
      "model:azureml:m:3",
      "endpoint:a/b",
    ];
    for (const wrong of ["m", "model:m", "endpoint:", "deployment:x", ...unversioned])
      assert.throws(() => parseChampion(wrong), { kind: "input" });
  });

  it("has slices of its own, which those of the job are compared with", async () => {
    const [old, now] = await Promise.all([
      jobWith([
        ["f1/north", 0.6],
        ["f1/south", 0.8],
      ]),
      jobWith([
        ["f1/north", 0.75],
        ["f1/south", 0.7],
      ]),
    ]);
    const champion = { kind: "job", name: old } as const;
    const rules = 'slices("f1/").lost <= 0.05\nslices("f1/").worst >= slices("f1/").champion - 0.2';
    const { rules: judged } = await gate(now, rules, { champion, sameData: "require" });
    assert.match(
      judged[0]?.detail ?? "",
      /f1\/south lost most against the champion .*: 0\.7 against 0\.8, worse by 0\.1/,
    );
    assert.match(judged[0]?.detail ?? "", /Whether both were measured on the same data is not known/);
    assert.deepEqual(
      (await gate(now, rules, { champion })).rules.map(({ outcome }) => outcome),
      ["failed", "passed"],
    );
    const none = await gate(now, rules, { missingChampion: "skip" });
    assert.deepEqual(
      none.rules.map(({ outcome }) => outcome),
      ["skipped", "skipped"],
    );
  });

  it("names the lines of results and reports that no rule speaks of", async () => {
    const job = await jobWith([["auc", 0.9]]);
    const workspace = await openLocal();
    const rest = { missingChampion: "fail", includeChildRuns: false, patience: 200 } as const;
    await evaluateGate(workspace, {
      ...{ jobName: job, rules: parseRules("metrics.auc > 0.5"), champion: { kind: "none" }, ...rest },
      sources: { results: parseResults("auc: history by=seeds"), reports: parseReports("drift=outputs/drift.json") },
    });
    const log = workspace.log.text();
    assert.match(log, /The input results has a line for auc, and no rule asks whether it improves/);
    assert.match(log, /The input reports names drift, and no rule speaks of reports\.drift/);
  });

  it("is not absent where an endpoint has a ready deployment, and its traffic was taken away", async () => {
    const { azure } = await theCloud();
    const at = azure.clock.now();
    const workspace = await openLocal();
    addEndpoint(azure, "idle", { traffic: {} }, at);
    assert.match(
      (await findChampion(workspace, { kind: "endpoint", name: "idle" }).then(notThere)) ?? "",
      /no deployment/,
    );
    addDeployment(azure, "idle", "broken", { model: "house:1", state: "Failed" }, at);
    assert.match(
      (await findChampion(workspace, { kind: "endpoint", name: "idle" }).then(notThere)) ?? "",
      /no deployment/,
    );
    addDeployment(azure, "idle", "blue", { model: "house:1" }, at);
    const job = await jobWith([["auc", 0.9]]);
    const champion = { kind: "endpoint", name: "idle" } as const;
    const { rules } = await gate(job, "metrics.auc > champion.auc", { champion, missingChampion: "skip" });
    assert.deepEqual(
      rules.map(({ outcome, detail }) => [outcome, detail]),
      [
        [
          "failed",
          "There is no champion: the endpoint idle has ready deployments (blue), and none of them gets traffic.",
        ],
      ],
    );
    assert.equal((await gate(job, "metrics.auc > 0.5", { champion })).passed, true);
  });

  it("fails a comparison with another model where there is no champion, and that is not passed over", async () => {
    const { azure } = await theCloud();
    const at = azure.clock.now();
    addEndpoint(azure, "judged-idle", { traffic: {} }, at);
    addDeployment(azure, "judged-idle", "blue", { model: "house:1" }, at);
    const job = await jobWith([["auc", 0.9]]);
    const compared = { challenger: "the output model", challengerJob: job, champion: "weak:1", data: "holdout:1" };
    const comparisons = async () => ({
      comparisons: [{ ...compared, passed: true, outcome: "better", metric: "auc", detail: "It is better." }],
      unread: [],
    });
    const outcomeOf = async (more: Partial<GateOptions>) =>
      (await gate(job, "comparison.passed", { comparisons, ...more })).rules.map(({ outcome }) => outcome);
    const gone = { kind: "endpoint", name: "judged-nowhere" } as const;
    const idle = { kind: "endpoint", name: "judged-idle" } as const;
    assert.deepEqual(await outcomeOf({}), ["passed"], "the gate has no champion of its own");
    assert.deepEqual(await outcomeOf({ champion: gone, missingChampion: "fail" }), ["failed"]);
    assert.deepEqual(await outcomeOf({ champion: idle, missingChampion: "skip" }), ["failed"]);
    assert.deepEqual(await outcomeOf({ champion: gone, missingChampion: "skip" }), ["passed"]);
  });

  it("knows who has most of the traffic, and which job made a model", () => {
    assert.equal(mostLive({ a: 10, b: 90 }), "b");
    assert.equal(mostLive({ b: 50, a: 50 }), "a");
    assert.equal(mostLive({ a: 0 }), undefined);
    assert.equal(jobOf({ properties: { jobName: "j1" } }), "j1");
    assert.equal(jobOf({ properties: { jobName: null, tags: { jobName: "j2" } } } as never), "j2");
    assert.equal(jobOf({ properties: { modelUri: "azureml://jobs/j3/outputs/model/paths/" } }), "j3");
    assert.equal(
      jobOf({
        properties: {
          modelUri:
            "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/workspaceartifactstore/paths/ExperimentRun/dcid.j4/model",
        },
      }),
      "j4",
    );
    assert.equal(jobOf({ properties: { modelUri: "azureml://artifacts/ExperimentRun/dcid.j5/model" } }), "j5");
    assert.equal(jobOf({ properties: {} }), undefined);
  });
});
