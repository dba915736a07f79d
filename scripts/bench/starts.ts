// Measures what a step costs that waits for nothing: both processes of a task alone, beside a bare Node, at once and with a delay of each request.
// `npm run bench -- --starts` does only this. Processor time says what the task costs on any machine; the clock says what this one took.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Bench, type TaskName } from "../../test/harness/bench.ts";
import { PEAK_KILOBYTES, preloaded } from "../../test/harness/preload.ts";
import { Client } from "./client.ts";
import { conditions, medianOf } from "./conditions.ts";
import { allEnded } from "./jobs.ts";
import type { Start, StartRow, Starts } from "./performance.ts";

/** Milliseconds by which each answer of Azure is late in the second half of the rows. */
const DELAY = 100;

interface Case {
  readonly what: string;
  readonly task: TaskName;
  readonly inputs: Readonly<Record<string, string>>;
}

const job = { jobFile: "azureml/job.yml", wait: "false" };
const CASES: readonly Case[] = [
  { what: "SubmitJob without waiting", task: "SubmitJob", inputs: job },
  { what: "the same without preflight", task: "SubmitJob", inputs: { ...job, preflight: "off" } },
  {
    what: "InvokeEndpoint",
    task: "InvokeEndpoint",
    inputs: { endpointName: "greeter", requestFile: "requests/ada.json" },
  },
];

/** Appends to `file`, as JSON at the end of each process, its processor time in milliseconds and its most memory in kilobytes. */
const spent = (file: string) => `
const peakKilobytes = ${PEAK_KILOBYTES};
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  require("node:fs").appendFileSync(${JSON.stringify(file)}, JSON.stringify({
    cpu: (user + system) / 1000, clock: performance.now(), peak: peakKilobytes(),
  }) + "\\n");
});
`;

/** @param runs counted ones of each, after one that is not */
export async function measureStarts(runs: number): Promise<Starts> {
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-starts-"));
  const file = path.join(folder, "spent");
  const nodes = preloaded(path.join(folder, "nodes"), spent(file));
  const bench = await Bench.open();
  const client = await Client.open(bench.cloud);
  try {
    const prepared = await bench.run("DeployEndpoint", {
      ...{ endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml", endpointName: "greeter" },
    });
    if (prepared.result !== "Succeeded") throw new Error(prepared.log);
    const asked = [0, DELAY].flatMap((delay) => CASES.map((one) => ({ ...one, delay })));
    const found = new Map<string, Start[]>();
    const note = (key: string, start: Start) => found.set(key, [...(found.get(key) ?? []), start]);
    for (let run = 0; run <= runs; run++) {
      const bare = bareNode(nodes, file);
      if (run > 0) note("node -e 0 0", bare);
      // In turn, so that what else the machine does meets all alike.
      for (const { what, task, inputs, delay } of asked) {
        const start = await stepOf(bench, { what, task, inputs }, delay, { nodes, file, client });
        if (run > 0) note(`${what} ${delay}`, start);
      }
    }
    return {
      ...conditions(runs),
      rows: [
        rowOf("node -e 0", 0, found.get("node -e 0 0") ?? []),
        ...asked.map(({ what, delay }) => rowOf(what, delay, found.get(`${what} ${delay}`) ?? [])),
      ],
    };
  } finally {
    await client.close();
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measuring {
  readonly nodes: ReturnType<typeof preloaded>;
  readonly file: string;
  readonly client: Client;
}

async function stepOf(bench: Bench, one: Case, delay: number, { nodes, file, client }: Measuring): Promise<Start> {
  const { scenarios } = bench.cloud.azure;
  if (delay > 0)
    scenarios.add([
      { ...{ kind: "request", name: "far away", where: "bench" }, match: {}, skip: 0, effect: { delay } },
    ]);
  rmSync(file, { force: true });
  try {
    const run = await bench.run(one.task, one.inputs, { nodes, node: "20", network: client.network });
    if (run.result !== "Succeeded") throw new Error(`${one.task} ended as ${run.result}:\n${run.log}`);
    const processes = spentIn(file);
    await allEnded(bench.cloud);
    const sum = (of: (one: Start) => number) => processes.reduce((total, each) => total + of(each), 0);
    return {
      cpu: sum(({ cpu }) => cpu),
      clock: run.stages.reduce((total, stage) => total + stage.processMilliseconds, 0),
      peak: Math.max(...processes.map(({ peak }) => peak)),
      requests: run.exchanges.filter(client.sent).length,
    };
  } finally {
    scenarios.clear();
  }
}

function bareNode(nodes: Measuring["nodes"], file: string): Start {
  rmSync(file, { force: true });
  const started = performance.now();
  // The wrapper loads a module of Node's own, which is loaded already.
  execFileSync(nodes.node20_1 ?? process.execPath, ["node:os"]);
  const [only] = spentIn(file);
  if (only === undefined) throw new Error("A bare Node told nothing of what it took.");
  return { ...only, clock: performance.now() - started, requests: 0 };
}

const spentIn = (file: string): Start[] =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Start);

function rowOf(what: string, delay: number, starts: readonly Start[]): StartRow {
  const median = (of: (one: Start) => number) => Math.round(medianOf(starts.map(of)));
  return {
    ...{ what, delay },
    cpu: median(({ cpu }) => cpu),
    clock: median(({ clock }) => clock),
    megabytes: median(({ peak }) => peak / 1024),
    requests: median(({ requests }) => requests),
  };
}
