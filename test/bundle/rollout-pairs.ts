// Two rollouts at once on one endpoint that is being called all the time: which two, how slow Azure is, and when the second
// begins or one is cancelled, all follow from a seed.
import assert from "node:assert/strict";
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import type { OperationEffect } from "../../local/azure/scenarios/rules.ts";
import { startLoad } from "../../scripts/demo/load.ts";
import type { Bench, TaskRun } from "../harness/bench.ts";
import { agentOf } from "../local/azure/client.ts";

const deploymentFile = "azureml/deployment.yml";
const endpointFile = "azureml/endpoint.yml";
const requestFile = "requests/ada.json";
/** Requests a second on the endpoint. */
const RATE = 20;

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
const scripts = {
  good: undefined,
  "fails as it starts": 'def init():\n    raise RuntimeError("no such weights")\ndef run(raw):\n    return 1\n',
  "answers wrongly": 'def init():\n    pass\ndef run(raw):\n    return {"predictions": [1, 3]}\n',
} as const;

interface Half {
  readonly name: string;
  readonly script: keyof typeof scripts;
  readonly percent: number;
  readonly remove: boolean;
  /** A line of its log at which it is cancelled. */
  readonly cancelAt: RegExp | undefined;
}

/** mulberry32: the same numbers for a seed on every machine. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const LINES = [
  /^Plan for/,
  /^##\[group\]Deployment/,
  /: Updating\.$/,
  /: Succeeded\.$/,
  /answered in/,
  /The traffic of/,
];

export interface Pair {
  readonly halves: readonly [Half, Half];
  /** The line of the first at which the second begins. */
  readonly beginAt: RegExp;
  /** Milliseconds. */
  readonly endpointTakes: number;
  readonly deploymentTakes: number;
}

export function pairOf(seed: number): Pair {
  const next = numbers(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
  const isSameName = next() < 0.4;
  const half = (name: string): Half => ({
    name: isSameName ? "next" : name,
    script: pick(["good", "good", "good", "fails as it starts", "answers wrongly"] as const),
    percent: pick([10, 10, 30, 100]),
    remove: next() < 0.25,
    cancelAt: next() < 0.3 ? pick(LINES) : undefined,
  });
  return {
    halves: [half("green"), half("teal")],
    beginAt: pick(LINES.slice(0, 5)),
    endpointTakes: pick([50, 200, 800]),
    deploymentTakes: pick([50, 400, 1_200]),
  };
}

export const sayPair = ({ halves }: Pair): string =>
  halves
    .map(
      ({ name, script, percent, cancelAt }) => `${name} ${percent} % ${cancelAt ? `cancelled at ${cancelAt}` : script}`,
    )
    .join(" and ");

/** Calls an endpoint at a steady rate until it is told to stop. */
function load(bench: Bench, name: string) {
  const agent = agentOf(bench.cloud);
  const target = () => {
    const { scoringUri, keys } = endpointsOf(bench.cloud.azure).get(name)!;
    return { scoringUri: scoringUri!, key: keys.primaryKey };
  };
  const running = startLoad({ target, rate: RATE, body: '{"name": "Ada"}', agent });
  return async () => {
    const { sent, failures } = await running.stop();
    agent.destroy();
    return { count: sent, failed: failures };
  };
}

interface Outcome {
  readonly run: TaskRun;
  readonly half: Half;
  /** The name that its deployment got at last. */
  readonly deployment: string | undefined;
  /** Its place in the order in which traffic was moved and seen; undefined: it did not get that far. */
  readonly moved: number | undefined;
}

/** Runs both, holds the endpoint to its promises, and gives the number of requests that were all answered. */
export async function playPair(bench: Bench, seed: number): Promise<{ requests: number }> {
  const pair = pairOf(seed);
  const { azure } = bench.cloud;
  const endpointName = `pair-${seed}`;
  const base = {
    endpointFile,
    deploymentFile,
    endpointName,
    requestFile,
    expectations: "$.predictions[1] == 2",
  };
  const files = (name: string, script?: string) => ({
    [deploymentFile]: deploymentYaml,
    "weights/greeting.txt": name,
    ...(script === undefined ? {} : { "scoring/score.py": script }),
  });
  const first = await bench.run("DeployEndpoint", base, { files: files("base") });
  assert.equal(first.result, "Succeeded", first.log);
  const slow: OperationEffect[] = [{ takes: pair.endpointTakes }, { takes: pair.deploymentTakes }];
  const common = { skip: 0, name: `pair ${seed}` };
  azure.scenarios.add([
    { ...common, kind: "endpoint", match: { name: endpointName }, effect: slow[0]! },
    { ...common, kind: "deployment", match: { endpoint: endpointName }, effect: slow[1]! },
  ]);
  const stop = load(bench, endpointName);
  let order = 0;
  const roll = async (half: Half, letter: string, onLine?: (line: string) => void): Promise<Outcome> => {
    const cancel = new AbortController();
    let moved: number | undefined;
    let deployment: string | undefined;
    const run = await bench.run(
      "DeployEndpoint",
      {
        ...base,
        deploymentName: half.name,
        trafficPercent: String(half.percent),
        deleteOldDeployments: String(half.remove),
      },
      {
        files: files(letter, scripts[half.script]),
        signal: cancel.signal,
        onLine: (line) => {
          deployment = /^ {2}(?:create|update|keep) the deployment ([\w-]+)/.exec(line)?.[1] ?? deployment;
          if (/^The traffic of \S+ is .*; it was/.test(line)) moved ??= order++;
          if (half.cancelAt?.test(line)) cancel.abort();
          onLine?.(line);
        },
      },
    );
    return { run, half, deployment, moved };
  };
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const one = roll(pair.halves[0], "from the first", (line) => void (pair.beginAt.test(line) && begin())).finally(
    begin,
  );
  await begun;
  const outcomes = await Promise.all([one, roll(pair.halves[1], "from the second")]);
  const { count, failed } = await stop();
  check(bench, endpointName, outcomes, failed);
  return { requests: count };
}

function check(bench: Bench, endpointName: string, outcomes: readonly Outcome[], failed: readonly string[]): void {
  const told = outcomes.map(({ run }) => run.jobLog).join("\n\n");
  assert.deepEqual(failed, [], told);
  for (const { run, half, moved } of outcomes) {
    const shouldEnd = half.script === "good" && half.cancelAt === undefined;
    if (shouldEnd) assert.equal(run.result, "Succeeded", told);
    if (half.script !== "good") assert.notEqual(run.result, "Succeeded", told);
    if (run.result === "Succeeded") assert.notEqual(moved, undefined, told);
    if (run.result === "Failed")
      assert.match(run.errors.join(), new RegExp(`The traffic of ${endpointName} is `), told);
  }
  // Each finished release in its order, and nothing else: the shares that are due follow from them alone.
  let due: Record<string, number> = { blue: 100 };
  const moves = outcomes.filter(({ moved }) => moved !== undefined).sort((a, b) => a.moved! - b.moved!);
  for (const { deployment, half } of moves) {
    const others = Object.entries(due).map(([name, share]) => [name, (share * (100 - half.percent)) / 100] as const);
    due = { ...Object.fromEntries(others), [deployment!]: half.percent };
  }
  const traffic = endpointsOf(bench.cloud.azure).get(endpointName)!.traffic;
  assert.equal(
    Object.values(traffic).reduce((sum, share) => sum + share, 0),
    100,
    told,
  );
  for (const name of new Set([...Object.keys(traffic), ...Object.keys(due)])) {
    const difference = Math.abs((traffic[name] ?? 0) - (due[name] ?? 0));
    assert.ok(difference <= 1, `${name} has ${traffic[name] ?? 0} %, and ${due[name] ?? 0} % are due\n${told}`);
  }
  // What did not become a release is gone, or is named.
  const finished = new Set(["blue", ...moves.map(({ deployment }) => deployment)]);
  for (const { name } of deploymentsOfEndpoint(bench.cloud.azure, endpointName)) {
    assert.ok(
      finished.has(name) || told.includes(`online-deployment delete --name ${name} `),
      `${name} is left\n${told}`,
    );
  }
}
