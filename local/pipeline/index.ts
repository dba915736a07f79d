// The local pipeline: runs an azure-pipelines.yml on the local agent. Its public face.
export type { Approval, Environments } from "./approvals.ts";
export {
  type BuildLike,
  type DevOpsLike,
  MemoryDevOps,
  type PlanLike,
  type RunReason,
  type RunResult,
} from "./devops.ts";
export type { PipelineDocument } from "./document.ts";
export { type Fault, PipelineError, type Place } from "./faults.ts";
export type { JobRunOutcome, RunOutcome, StageRunOutcome, StepOutcome } from "./outcome.ts";
export { type PipelineDefinition, Pipelines, type PipelinesOptions } from "./pipelines.ts";
export type { Repository } from "./plugins.ts";
export { readPipeline } from "./read-pipeline.ts";
export { type RunOptions, runPipeline } from "./run-pipeline.ts";
export { type CompletedRun, resourceTriggeredBy, startsOnPush } from "./triggers.ts";
export { Turns } from "./turns.ts";
