// One attempt of a packaged task on the local agent, through a proxy whose requests the fault layer knows: with faults, an
// end in the middle, and what the agent does after that.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hostEnvironment } from "../../local/agent/environment.ts";
import { Job, type NodeBinaries, type StageOutcome, type TaskResult } from "../../local/agent/index.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { ConnectionName } from "../../local/connections.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { FaultLayer, Hit, PlannedFault, PlannedStop, SeenRequest } from "../../local/faults/layer.ts";
import { PROJECT, type TaskName } from "../harness/bench.ts";
import { packagedTasks } from "../harness/packages.ts";
import { CLOCK_SKEW, PROCESS_FILE } from "./clock.ts";
import { jobOptions } from "./job-options.ts";

/** How a task's process ends before its time. Only after `lost` does the agent run no post-job stage. */
export type EndKind = "lost" | "SIGKILL" | "SIGTERM" | "cancel";

export interface Attempt {
  readonly task: TaskName;
  readonly inputs: Readonly<Record<string, string>>;
  /** Files of the repository beside and over those of the test project. */
  readonly files?: Readonly<Record<string, string>>;
  readonly connection?: ConnectionName | undefined;
  readonly build: Build;
  readonly attempt: number;
  /** Name of the job, where a run has several. */
  readonly jobName?: string | undefined;
  /** Tries of the step that the agent itself makes after the first. */
  readonly retries: number;
  readonly faults: readonly PlannedFault[];
  readonly stop?: (Omit<PlannedStop, "how"> & { readonly how: EndKind }) | undefined;
  /** Milliseconds that the agent's clock is ahead. */
  readonly skew: number;
  /** What is there already, where the agent keeps its folders: absent, they are new. */
  readonly keepFolders: boolean;
}

export interface Ran {
  readonly attempt: Attempt;
  /** `Lost` where the machine was. */
  readonly result: TaskResult | "Lost";
  readonly postJob: TaskResult | undefined;
  /** Every line of the job as people see it. */
  readonly log: string;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly attachments: StageOutcome["attachments"];
  readonly variables: string;
  readonly hits: readonly Hit[];
  readonly seen: readonly SeenRequest[];
  /** The highest peak of the task's processes, megabytes; 0 where none of them ended by itself. */
  readonly peak: number;
  /** It had to be ended from outside because it took too long. */
  readonly late: boolean;
  readonly folders: Job["folders"];
  readonly milliseconds: number;
}

export interface Ground {
  readonly cloud: LocalCloud;
  readonly layer: FaultLayer;
  readonly nodes: NodeBinaries;
  /** A folder of this place alone, the same one in each schedule. */
  readonly folder: string;
  /** Milliseconds of this machine that an attempt may take. */
  readonly patience: number;
}

/** Runs an attempt to its end. @param slot which of two at once it is */
export async function runTask(ground: Ground, attempt: Attempt, slot = 0): Promise<Ran> {
  const { cloud, layer } = ground;
  const proxy = await cloud.openProxy();
  const processFile = path.join(ground.folder, `process-${slot}`);
  rmSync(processFile, { force: true });
  const cancel = new AbortController();
  const started = performance.now();
  let peak = 0;
  let late = false;
  const processOf = () => (existsSync(processFile) ? readFileSync(processFile, "utf8").split(" ").map(Number) : []);
  const kill = (signal: NodeJS.Signals) => {
    const [pid] = processOf();
    if (pid !== undefined && isAlive(pid)) process.kill(pid, signal);
  };
  const client = layer.add(proxy, {
    faults: attempt.faults,
    stop: attempt.stop && { ...attempt.stop, how: /lost|SIGKILL/.test(attempt.stop.how) ? "lost" : "asked" },
    onStop: () => {
      if (attempt.stop?.how === "cancel") cancel.abort();
      else kill(attempt.stop?.how === "SIGTERM" ? "SIGTERM" : "SIGKILL");
    },
  });
  const lines: string[] = [];
  const job = new Job({
    ...jobOptions(cloud, {
      workFolder: path.join(ground.folder, `agent-${slot}`, "_work"),
      ...{ build: attempt.build, attempt: attempt.attempt, jobName: attempt.jobName, number: slot },
      proxyUrl: proxy.url,
    }),
    variables: ground.nodes.node24 === undefined ? {} : { AGENT_USE_NODE24: "true" },
    nodes: ground.nodes,
    linksTasks: true,
    hostEnvironment: {
      ...hostEnvironment(),
      [PROCESS_FILE]: processFile,
      [CLOCK_SKEW]: String(attempt.skew),
      NODE_COMPILE_CACHE: path.join(ground.folder, "compiled"),
    },
    signal: cancel.signal,
    retryDelay: () => 50,
    onLine: (line) => {
      lines.push(line);
      // The agent tries again: that is another process, which is heard.
      if (/RetryHelper encountered/.test(line)) client.comeBack();
    },
  });
  let watchdog: NodeJS.Timeout | undefined;
  try {
    if (!attempt.keepFolders) rmSync(job.folders.work, { recursive: true, force: true });
    job.prepareFolders();
    rmSync(job.folders.sources, { recursive: true, force: true });
    cpSync(PROJECT, job.folders.sources, { recursive: true });
    for (const [file, text] of Object.entries(attempt.files ?? {})) {
      mkdirSync(path.dirname(path.join(job.folders.sources, file)), { recursive: true });
      writeFileSync(path.join(job.folders.sources, file), text);
    }
    const prepared = job.prepare({
      name: attempt.task,
      taskFolder: (await packagedTasks()).get(attempt.task) as string,
      inputs: {
        azureSubscription: cloud.connections[attempt.connection ?? "azure-ml"].id,
        resourceGroup: cloud.resourceGroup,
        workspace: cloud.workspace,
        ...attempt.inputs,
      },
      retryCountOnTaskFailure: attempt.retries,
    });
    watchdog = setTimeout(() => {
      late = true;
      kill("SIGKILL");
    }, ground.patience);
    const main = await job.runStage(prepared, "execution");
    const lost = attempt.stop?.how === "lost" && client.isLost;
    const stages = [main];
    peak = Math.max(peak, (processOf()[1] ?? 0) / 1024);
    if (!lost && prepared.task?.manifest["postjobexecution"] !== undefined) {
      client.comeBack();
      stages.push(await job.runStage(prepared, "postjob"));
      peak = Math.max(peak, (processOf()[1] ?? 0) / 1024);
    }
    const issues = stages.flatMap((stage) => stage.issues);
    return {
      attempt,
      result: lost ? "Lost" : main.result,
      postJob: stages[1]?.result,
      log: lines.join("\n"),
      errors: issues.filter(({ type }) => type === "error").map(({ message }) => message),
      warnings: issues.filter(({ type }) => type === "warning").map(({ message }) => message),
      outputs: Object.fromEntries(Object.entries(main.outputs).map(([name, { value }]) => [name, value])),
      attachments: lost ? [] : stages.flatMap(({ attachments }) => attachments),
      variables: JSON.stringify(stages.map(({ variables }) => variables)),
      hits: client.hits,
      seen: client.seen,
      ...{ peak, late, folders: job.folders, milliseconds: performance.now() - started },
    };
  } finally {
    clearTimeout(watchdog);
    kill("SIGKILL");
    layer.remove(client);
    await proxy.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
