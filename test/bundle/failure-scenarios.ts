// Failures of a new version while people call its endpoint: twelve scenarios, each rolled out by each strategy by the packaged
// task, on a local cloud whose hours pass in minutes.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NodeBinaries } from "../../local/agent/index.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import { startLoad } from "../../scripts/demo/load.ts";
import type { Bench, TaskRun } from "../harness/bench.ts";
import { clockOf, preloaded } from "../harness/preload.ts";
import { until } from "../harness/until.ts";
import { agentOf, workspaceAsk } from "../local/azure/client.ts";

export const STRATEGIES = ["blueGreen", "canary", "shadow", "inPlace"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** How many seconds of the cloud and of the task pass in one of this machine. */
const SPEED = 30;
/** Requests a second of this machine. */
const RATE = 20;
const BAKE_MINUTES = 3;
const MINUTE = 60_000;

const script = (body: string, before = "") => `import json, os, time
count = 0
def init():
    ${before === "" ? "pass" : before}
def run(raw):
    global count
    count += 1
    ${body}
    return {"greeting": "good day", "predictions": [1, 2]}
`;

export interface FailureScenario {
  readonly name: string;
  /** Of the new version; the good one where absent. */
  readonly script?: string;
  /** Rules of local Azure for `ENDPOINT` and the new deployment `NEW`, in force once that is ready, or from the beginning on. */
  readonly rules?: string;
  readonly rulesFrom?: "beginning" | "ready";
  readonly inputs?: Readonly<Record<string, string>>;
  /** A line of the log at which the step is cancelled. */
  readonly cancelAt?: RegExp;
  /** Strategies whose rollout goes through, since they do not look for what goes wrong. */
  readonly through: readonly Strategy[];
  /** Strategies of which it is a matter of chance, since one call decides. */
  readonly chance?: readonly Strategy[];
}

export const SCENARIOS: readonly FailureScenario[] = [
  {
    name: "its image cannot be built",
    rules: "{ deployment: { endpoint: ENDPOINT, name: NEW }, then: { fail: imageBuild } }",
    rulesFrom: "beginning",
    through: [],
  },
  {
    name: "there is no quota for it",
    rules: "{ deployment: { endpoint: ENDPOINT, name: NEW }, then: { fail: quota } }",
    rulesFrom: "beginning",
    through: [],
  },
  {
    name: "its script fails as it starts",
    script: script("pass", 'raise RuntimeError("no such weights")'),
    through: [],
  },
  { name: "it answers wrongly", script: script('return {"predictions": [1, 3]}'), through: [] },
  {
    name: "one answer in four is an exception",
    script: script('if count > 4 and count % 4 == 0: raise ValueError("a bad row")'),
    through: ["blueGreen", "inPlace"],
  },
  {
    name: "the gateway cannot reach it one time in four",
    rules: "{ scoring: { endpoint: ENDPOINT, deployment: NEW }, then: { share: 0.25, status: 503 } }",
    through: ["blueGreen", "inPlace"],
  },
  {
    name: "it is slow",
    script: script("if count > 4: time.sleep(0.4)"),
    inputs: { canaryRules: "new.latencyP95 <= 300" },
    through: ["blueGreen", "inPlace"],
  },
  {
    name: "it fills its memory",
    rules: "{ scoring: { endpoint: ENDPOINT, deployment: NEW }, then: { memory: 97 } }",
    inputs: { canaryRules: "new.memory < 90" },
    through: ["blueGreen", "inPlace"],
  },
  {
    name: "it runs out of memory again and again",
    rules: "{ scoring: { endpoint: ENDPOINT, deployment: NEW }, skip: 3, then: { share: 0.2, outOfMemory: true } }",
    through: ["blueGreen"],
    chance: ["inPlace"],
  },
  {
    name: "an alert of the endpoint fires",
    script: script('if count > 4 and count % 4 == 0: raise ValueError("a bad row")'),
    inputs: { canaryRules: "new.requests > 0", alertRules: "ALERT" },
    through: ["blueGreen", "inPlace"],
  },
  {
    name: "Azure refuses every write of the traffic",
    rules: '{ request: { plane: arm, method: PUT, path: "**/onlineEndpoints/ENDPOINT" }, then: { status: 500 } }',
    // A deployment in place moves no traffic.
    through: ["inPlace"],
  },
  {
    name: "the step is cancelled while the new deployment is there",
    cancelAt: /^(Deployment \S+|\S+: Succeeded\.$)|: Succeeded\.$/,
    through: [],
  },
];

const deploymentYaml = `name: blue
endpoint_name: greeter
model:
  path: ../weights
  type: custom_model
code_configuration:
  code: ../scoring
  scoring_script: score.py
environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04
  conda_file: conda.yml
instance_type: Standard_DS2_v2
instance_count: 1
request_settings:
  max_concurrent_requests_per_instance: 100
  request_timeout_ms: 60000
`;

export interface Played {
  readonly run: TaskRun;
  readonly sent: number;
  /** Minutes of the cloud in which the new deployment had a share that was taken back; 0 where it had none, or kept it. */
  readonly minutes: number;
}

/** Plays scenarios on one cloud. */
export class UnderLoad {
  readonly #bench: Bench;
  #nodes: NodeBinaries | undefined;

  constructor(bench: Bench) {
    this.#bench = bench;
    const { azure } = bench.cloud;
    azure.clock.speed = SPEED;
    azure.settings.online = { endpoint: 2_000, deployment: 2_000, ready: 60_000 };
    // Tokens are told to live by a clock that is fast.
    azure.directory.lifetime = 365 * 86_400;
  }

  #fast(): NodeBinaries {
    this.#nodes ??= preloaded(mkdtempSync(path.join(tmpdir(), "under-load-")), clockOf(this.#bench.cloud.azure));
    return this.#nodes;
  }

  /** Rolls a version out in which something goes wrong, and holds the endpoint to what the step promises. */
  async play(scenario: FailureScenario, strategy: Strategy, index: number): Promise<Played> {
    const bench = this.#bench;
    const { azure } = bench.cloud;
    const endpoint = `case-${index}-${strategy.toLowerCase()}`;
    const fresh = strategy === "inPlace" ? "blue" : "green";
    const base = {
      endpointFile: "azureml/endpoint.yml",
      deploymentFile: "azureml/deployment.yml",
      endpointName: endpoint,
      requestFile: "requests/ada.json",
      expectations: "$.predictions[1] == 2",
    };
    const files = (weights: string, score?: string) => ({
      "azureml/deployment.yml": deploymentYaml,
      "weights/greeting.txt": weights,
      ...(score === undefined ? {} : { "scoring/score.py": score }),
    });
    const first = await bench.run(
      "DeployEndpoint",
      { ...base, deploymentName: "blue" },
      { files: files("first"), nodes: this.#fast() },
    );
    assert.equal(first.result, "Succeeded", first.log);

    const inputs = Object.fromEntries(
      Object.entries(scenario.inputs ?? {}).map(([name, text]) => [name, text.replaceAll("ALERT", endpoint)]),
    );
    if (scenario.inputs?.["alertRules"] !== undefined) await this.#alert(endpoint);
    const rules = () => {
      if (scenario.rules === undefined) return;
      const text = scenario.rules.replaceAll("ENDPOINT", endpoint).replaceAll("NEW", fresh);
      azure.scenarios.add(parseScenarios(`rules: [${text}]`).rules);
    };
    const onReady = ({ name }: { readonly name: string }) => {
      if (name === endpoint && scenario.rulesFrom !== "beginning") rules();
    };
    if (scenario.rulesFrom === "beginning") rules();
    azure.events.on("deploymentReady", onReady);

    const agent = new https.Agent({ ...agentOf(bench.cloud).options, keepAlive: true });
    const target = () => {
      const { scoringUri, keys } = endpointsOf(azure).get(endpoint)!;
      return { scoringUri: scoringUri!, key: keys.primaryKey };
    };
    const load = startLoad({ target, rate: RATE, body: '{"name": "Ada"}', agent });
    const cancel = new AbortController();
    // When the new deployment first had a share, and when the old one had all of it again.
    let moved: number | undefined;
    let back: number | undefined;
    const watching = setInterval(() => {
      const share = endpointsOf(azure).get(endpoint)?.traffic["blue"];
      if (share !== 100) moved ??= azure.clock.now();
      else if (moved !== undefined) back ??= azure.clock.now();
    }, 20);
    const run = await bench
      .run(
        "DeployEndpoint",
        {
          ...base,
          deploymentName: fresh,
          strategy,
          ...(strategy === "canary" ? { steps: "25, 100" } : {}),
          ...(strategy === "shadow" ? { mirrorPercent: "50" } : {}),
          ...(strategy === "canary" || strategy === "shadow"
            ? {
                bakeMinutes: String(BAKE_MINUTES),
                minimumRequests: "10",
                canaryRules: "new.errorRate <= 0.05",
                ...inputs,
              }
            : {}),
        },
        {
          files: files("second", scenario.script),
          nodes: this.#fast(),
          signal: cancel.signal,
          onLine: (line) => {
            if (scenario.cancelAt?.test(line)) cancel.abort();
          },
        },
      )
      .finally(() => {
        azure.events.off("deploymentReady", onReady);
        clearInterval(watching);
      });
    const minutes = moved === undefined || back === undefined ? 0 : (back - moved) / MINUTE;
    // A rollout that is over at once was called, too.
    await until("a second's requests were sent", () => load.report().sent > RATE);
    const { sent, deployments, failures } = await load.stop();
    agent.destroy();
    const told = `${run.jobLog}\n\n${JSON.stringify(deployments)}\n${failures.join("\n")}`;

    const wanted = scenario.through.includes(strategy) ? "Succeeded" : "Failed";
    const ends =
      scenario.cancelAt !== undefined ? "Canceled" : scenario.chance?.includes(strategy) ? run.result : wanted;
    assert.equal(run.result, ends, told);
    // Nobody who was sent to the old deployment was let down. One that is changed in place answers as the new version does, until a call
    // tells that it is a bad one.
    const isNewOne = strategy === "inPlace" && (ends === "Succeeded" || scenario.chance !== undefined);
    if (!isNewOne) assert.equal(deployments["blue"]?.failed ?? 0, 0, told);
    assert.equal(deployments["none"], undefined, told);
    const there = endpointsOf(azure).get(endpoint)!;
    const shares = (traffic: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(traffic).filter(([, share]) => share > 0));
    assert.deepEqual(
      shares(there.traffic),
      ends === "Succeeded" && strategy !== "shadow" ? { [fresh]: 100 } : { blue: 100 },
      told,
    );
    assert.deepEqual(shares(there.mirrorTraffic), {}, told);
    if (ends !== "Canceled")
      assert.deepEqual(shares(run.record?.deployment?.traffic ?? {}), shares(there.traffic), told);
    if (ends === "Failed" && strategy === "canary" && moved !== undefined) this.#promptly(run, minutes, told);
    // Its processes are not needed any more.
    await workspaceAsk(bench.cloud, "DELETE", `/onlineEndpoints/${endpoint}`);
    return { run, sent, minutes };
  }

  /**
   * A share that fails is judged within its bake, which begins in the minute after the operation that set it, and the traffic is back six
   * minutes after that: five until metrics are complete, one until the next look. A busy machine takes time of its own for the way
   * back, of which each second is half a minute here: twenty of them are let pass.
   */
  #promptly(run: TaskRun, minutes: number, told: string): void {
    const [step] = run.record?.deployment?.steps ?? [];
    const judged = (Date.parse(step?.until ?? "") - Date.parse(step?.since ?? "")) / MINUTE;
    const busy = (20 * SPEED) / 60;
    assert.ok(judged <= BAKE_MINUTES + 1, `${judged} minutes were judged\n${told}`);
    assert.ok(minutes <= BAKE_MINUTES + 7 + busy, `${minutes} minutes\n${told}`);
  }

  /** An alert on errors of the endpoint, of the name of the endpoint. */
  async #alert(endpoint: string): Promise<void> {
    const { azure } = this.#bench.cloud;
    const now = azure.clock.now();
    azure.store<object>("metricAlerts").set(endpoint, {
      ...{ name: endpoint, location: "global", tags: {}, evaluatedTo: now, updatedAt: now, healthy: {} },
      properties: {
        ...{ severity: 1, enabled: true, scopes: [`${azure.workspaceId}/onlineEndpoints/${endpoint}`] },
        ...{ evaluationFrequency: "PT1M", windowSize: "PT5M" },
        criteria: {
          "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
          allOf: [
            {
              ...{ name: "errors", criterionType: "StaticThresholdCriterion", metricName: "RequestsPerMinute" },
              dimensions: [{ name: "modelStatusCode", operator: "Include", values: ["500"] }],
              ...{ operator: "GreaterThan", threshold: 0, timeAggregation: "Average" },
            },
          ],
        },
      },
    });
  }
}
