// `npm run bench`: each task as packaged beside Azure's own Python client doing the same, against one local cloud, in turn, in one run.
// Says whole-process times (median, minimum, maximum) and how many exchanges with Azure each needed: on the real service, whose
// round trips take tens to hundreds of milliseconds, their number is the real cost. Then the memory that large data take
// (`--memory`: that alone; `--only log`: rows and measurements that have that in their names). `--starts` measures alone what a step costs that
// waits for nothing, and writes docs/performance.json and docs/performance.md.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Bench, PROJECT, type TaskName, type TaskRun } from "../test/harness/bench.ts";
import { memoryBench } from "./bench/memory.ts";
import { performancePage } from "./bench/performance-page.ts";
import { measureStarts } from "./bench/starts.ts";
import { buildTasks } from "./build.ts";
import { localCloudEnvironment } from "./conformance/environment.ts";
import { type VirtualEnvironment, virtualEnvironment } from "./conformance/python.ts";
import { formatJson } from "./generate/json.ts";

const root = path.resolve(import.meta.dirname, "..");

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

interface Figure {
  readonly milliseconds: number;
  readonly exchanges: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      memory: { type: "boolean", default: false },
      starts: { type: "boolean", default: false },
      only: { type: "string" },
    },
  });
  await buildTasks(root);
  if (values.starts) return starts(Number(values.runs));
  const wanted = pairs.filter(({ what }) => what.includes(values.only ?? ""));
  if (!values.memory && wanted.length > 0) await times(Number(values.runs), wanted);
  return (await memoryBench(values.only)) > 0 ? 1 : 0;
}

async function starts(runs: number): Promise<number> {
  const measured = await measureStarts(runs);
  const page = performancePage(measured);
  writeFileSync(path.join(root, "docs", "performance.json"), formatJson(measured));
  writeFileSync(path.join(root, "docs", "performance.md"), page);
  console.log(page);
  return 0;
}

/** Ours and theirs in turn. */
async function times(runs: number, wanted: readonly Pair[]): Promise<void> {
  const python = await virtualEnvironment(
    path.join(root, "test/conformance/requirements.txt"),
    path.join(root, ".venv"),
  );
  const bench = await Bench.open();
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-bench-"));
  try {
    await prepare(bench);
    console.log(
      `${runs} runs of each after one that is not counted; ours and theirs in turn; local Azure, no network delay.`,
    );
    console.log(`${"".padEnd(48)}${"task".padStart(22)}${"azure-ai-ml".padStart(26)}   exchanges`);
    for (const pair of wanted) {
      const ours: Figure[] = [];
      const theirs: Figure[] = [];
      for (let n = 0; n <= runs; n++) {
        const mine = await ourRun(bench, pair, n);
        const other = await officialRun(bench, python, pair.official(n, folder));
        if (n > 0) {
          ours.push(mine);
          theirs.push(other);
        }
      }
      console.log(
        `${pair.what.padEnd(48)}${said(ours).padStart(22)}${said(theirs).padStart(26)}   ${exchanges(ours)} / ${exchanges(theirs)}`,
      );
    }
  } finally {
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

async function ourRun(bench: Bench, pair: Pair, n: number): Promise<Figure> {
  const files = pair.files?.(n);
  const run = succeeded(await bench.run(pair.task, pair.inputs(n), files === undefined ? {} : { files }));
  const inProcesses = run.stages.reduce((sum, stage) => sum + stage.processMilliseconds, 0);
  return {
    milliseconds: pair.countsProcesses ? inProcesses : run.milliseconds,
    exchanges: run.exchanges.filter(isAzure).length,
  };
}

function succeeded(run: TaskRun): TaskRun {
  if (run.result !== "Succeeded") throw new Error(`${run.task} ended as ${run.result}:\n${run.log}`);
  return run;
}

async function officialRun(bench: Bench, python: VirtualEnvironment, words: string[]): Promise<Figure> {
  const { cloud } = bench;
  const before = cloud.har.count(isAzure);
  const started = performance.now();
  const child = spawn(path.join(python.bin, "python3"), [path.join(root, "scripts/bench/official.py"), ...words], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...localCloudEnvironment(cloud),
      BENCH_SUBSCRIPTION: cloud.subscriptionId,
      BENCH_RESOURCE_GROUP: cloud.resourceGroup,
      BENCH_WORKSPACE: cloud.workspace,
    },
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-2000);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${words.join(" ")} failed:\n${said}`);
  return { milliseconds: performance.now() - started, exchanges: cloud.har.count(isAzure) - before };
}

const isAzure = ({ listener }: { listener: string }): boolean => listener !== "devops";

function said(figures: readonly Figure[]): string {
  const sorted = figures.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const seconds = (value: number | undefined) => ((value ?? 0) / 1000).toFixed(2);
  return `${seconds(sorted[Math.floor(sorted.length / 2)])} s (${seconds(sorted[0])}-${seconds(sorted.at(-1))})`;
}

const exchanges = (figures: readonly Figure[]): number =>
  figures.map((figure) => figure.exchanges).sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;

process.exitCode = await main();
