// The local agent: runs a packaged task folder as the real Azure Pipelines agent does (docs/facts/agent.md). Its public face.
import { connectionEnvironment } from "./connection.ts";
import { Job } from "./job.ts";
import type { JobOptions } from "./job-environment.ts";
import type { StageOutcome, TaskStep } from "./step.ts";
import type { Stage } from "./task-folder.ts";

export { SUMMARY_TYPE } from "./command-handlers.ts";
export { formatCommand, parseCommand } from "./commands.ts";
export { type ServiceConnection, systemConnection } from "./connection.ts";

export { Job } from "./job.ts";
export type { JobOptions } from "./job-environment.ts";
export { expandMacros } from "./macros.ts";
export { Masker } from "./masker.ts";
export type { AgentNetwork } from "./network.ts";
export { machineNodes, type NodeBinaries } from "./node-binary.ts";
export type { RunIdentity } from "./predefined.ts";
export { mergeResults, parseTaskResult, type TaskResult } from "./results.ts";
export { type AgentServer, RecordingServer } from "./server-interface.ts";
export type {
  Attachment,
  Condition,
  Issue,
  JobOutcome,
  JobStatus,
  OutputVariable,
  PluginContext,
  StageOutcome,
  Step,
  TaskStep,
} from "./step.ts";
export {
  chooseHandler,
  readTaskFolder,
  type TaskFolder,
  type TaskInput,
  type TaskManifest,
} from "./task-folder.ts";
export { type VariableSpec, VariableStore } from "./variables.ts";
export { connectionEnvironment };

/** The Node version of the task: the agent's own choice (absent), or one of them by its knob. */
export type NodeWish = "20" | "24";

export interface StepRequest extends Omit<JobOptions, "onLine">, Omit<TaskStep, "condition"> {
  /** `execution` where absent. */
  readonly stage?: Stage;
  readonly node?: NodeWish;
  readonly onLine?: (line: string) => void;
}

function openJob(request: StepRequest): Job {
  const { node, onLine } = request;
  const knobs = node === "24" ? { AGENT_USE_NODE24: "true" } : node === "20" ? { AGENT_USE_NODE20_1: "true" } : {};
  return new Job({
    ...request,
    variables: { ...knobs, ...request.variables },
    ...(onLine ? { onLine: (line: string) => onLine(line) } : { onLine: () => {} }),
  });
}

/** Runs one stage of one task, with a job of its own around it. */
export async function runStep(request: StepRequest): Promise<StageOutcome> {
  const job = openJob(request);
  job.prepareFolders();
  return await job.runStage(job.prepare(request), request.stage ?? "execution");
}

/** For starting a task by hand: the complete environment of one stage, the script to give to Node, and where to stand. */
export function agentEnvironment(request: StepRequest): {
  environment: Record<string, string>;
  script: string | undefined;
  cwd: string;
} {
  const job = openJob(request);
  job.prepareFolders();
  const prepared = job.prepare(request);
  return {
    environment: job.environmentOf(prepared),
    script: job.scriptOf(prepared, request.stage ?? "execution"),
    cwd: job.variables.get("system.defaultWorkingDirectory") ?? job.folders.work,
  };
}
