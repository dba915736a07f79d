// `npm run bench -- --pairs`: each task as packaged beside Azure's own Python client doing the same, against one local cloud, in turn.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Bench, PROJECT, type TaskName, type TaskRun } from "../../test/harness/bench.ts";
import { Client } from "./client.ts";
import { conditions, medianOf, spreadOf } from "./conditions.ts";
import { allEnded } from "./jobs.ts";
import { type Figure, officialClient } from "./official-client.ts";
import type { Pairs, Side } from "./performance.ts";

interface Pair {
  readonly what: string;
  readonly task: TaskName;
  /** Inputs of the nth run: names must differ where a first time is measured. */
  readonly inputs: (n: number) => Record<string, string>;
  readonly files?: (n: number) => Record<string, string>;
  /** Words of scripts/bench/official.py for the nth run. */
  readonly official: (n: number, folder: string) => string[];
  /** Measures the step's processes alone, without the agent's own work before, between and after them. */
  readonly countsProcesses?: true;
}

const pairs: readonly Pair[] = [
  {
    what: "register data, first time",
    task: "RegisterData",
    inputs: (n) => ({ source: "inline", name: `bench-${n}`, type: "uri_file", path: "table.csv" }),
    files: (n) => ({ "table.csv": `n,ours\n${n},1\n` }),
    official: (n, folder) => {
      writeFileSync(path.join(folder, "table.csv"), `n,theirs\n${n},1\n`);
      writeFileSync(path.join(folder, "data.yml"), "name: bench\ntype: uri_file\npath: table.csv\n");
      return ["register-data", path.join(folder, "data.yml"), `bench-official-${n}`];
    },
  },
  {
    what: "register data, known content",
    task: "RegisterData",
    inputs: () => ({ source: "inline", name: "bench-known", type: "uri_file", path: "table.csv" }),
    files: () => ({ "table.csv": "a,b\n1,2\n" }),
    official: (_n, folder) => {
      writeFileSync(path.join(folder, "known.csv"), "a,b\n1,3\n");
      writeFileSync(path.join(folder, "known.yml"), "name: bench\ntype: uri_file\npath: known.csv\n");
      return ["register-data", path.join(folder, "known.yml"), "bench-known-official"];
    },
  },
  {
    what: "submit a job, known code",
    task: "SubmitJob",
    inputs: () => ({ jobFile: "azureml/job.yml", wait: "false" }),
    official: () => ["submit-job", path.join(PROJECT, "azureml", "job.yml")],
  },
  {
    what: "submit without waiting, both processes alone",
    task: "SubmitJob",
    inputs: () => ({ jobFile: "azureml/job.yml", wait: "false" }),
    countsProcesses: true,
    official: () => ["submit-job", path.join(PROJECT, "azureml", "job.yml")],
  },
  {
    what: "submit a job and follow its log to the end",
    task: "SubmitJob",
    inputs: () => ({ jobFile: "azureml/job.yml" }),
    official: () => ["submit-job-and-follow", path.join(PROJECT, "azureml", "job.yml")],
  },
  {
    what: "register a model from a folder, known content",
    task: "RegisterModel",
    inputs: () => ({ source: "folder", modelPath: "weights", name: "bench-weights" }),
    official: () => ["register-model", path.join(PROJECT, "weights"), "bench-weights-official"],
  },
  {
    what: "call an endpoint",
    task: "InvokeEndpoint",
    inputs: () => ({ endpointName: "greeter", requestFile: "requests/ada.json" }),
    official: () => ["invoke-endpoint", "greeter", path.join(PROJECT, "requests", "ada.json")],
  },
];

/**
 * Ours and theirs in turn, after a run of each that is not counted.
 * @param runs counted ones of each
 * @param only rows whose names hold this
 * @param say told each row as soon as it is there
 */
export async function measurePairs(runs: number, only: string, say: (line: string) => void): Promise<Pairs> {
  const bench = await Bench.open();
  const [mine, other] = [await Client.open(bench.cloud), await Client.open(bench.cloud)];
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-bench-"));
  try {
    const official = await officialClient(bench.cloud, other);
    await prepare(bench);
    const rows: Pairs["rows"][number][] = [];
    for (const pair of pairs.filter(({ what }) => what.includes(only))) {
      const ours: Figure[] = [];
      const theirs: Figure[] = [];
      for (let n = 0; n <= runs; n++) {
        const one = await ourRun(bench, mine, pair, n);
        await allEnded(bench.cloud);
        const two = await official.run(pair.official(n, folder));
        await allEnded(bench.cloud);
        if (n === 0) continue;
        ours.push(one);
        theirs.push(two);
      }
      const row = { what: pair.what, task: pair.task, ours: sideOf(ours), theirs: sideOf(theirs) };
      rows.push(row);
      say(`${row.what}: ${row.ours.median} ms, azure-ai-ml ${row.theirs.median} ms`);
    }
    return { ...conditions(runs), azureAiMl: official.version, rows };
  } finally {
    for (const client of [mine, other]) await client.close();
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fixtures of the benchmark: the endpoint that is called. */
async function prepare(bench: Bench): Promise<void> {
  succeeded(
    await bench.run("DeployEndpoint", {
      endpointFile: "azureml/endpoint.yml",
      deploymentFile: "azureml/deployment.yml",
      endpointName: "greeter",
    }),
  );
}

async function ourRun(bench: Bench, client: Client, pair: Pair, n: number): Promise<Figure> {
  const files = pair.files?.(n);
  const options = { network: client.network, ...(files === undefined ? {} : { files }) };
  const run = succeeded(await bench.run(pair.task, pair.inputs(n), options));
  const inProcesses = run.stages.reduce((sum, stage) => sum + stage.processMilliseconds, 0);
  return {
    milliseconds: pair.countsProcesses ? inProcesses : run.milliseconds,
    exchanges: run.exchanges.filter(client.sent).length,
  };
}

/** @throws Error with its log where the step failed */
export function succeeded(run: TaskRun): TaskRun {
  if (run.result !== "Succeeded") throw new Error(`${run.task} ended as ${run.result}:\n${run.log}`);
  return run;
}

const sideOf = (figures: readonly Figure[]): Side => ({
  ...spreadOf(figures.map(({ milliseconds }) => milliseconds)),
  exchanges: medianOf(figures.map(({ exchanges }) => exchanges)),
});
