// The local pipeline: runs an azure-pipelines.yml on the local agent. Its public face.

export type { Fault, Place } from "../text/places.ts";
export type { PipelineDocument } from "./language/document.ts";
export { PipelineError } from "./language/faults.ts";
export { type PipelineDefinition, Pipelines, type PipelinesOptions } from "./pipelines.ts";
export { readPipeline } from "./reading/pipeline.ts";
export { AgentQueue } from "./running/agent-queue.ts";
export type { Approval, Environments } from "./running/approvals.ts";
export type {
  BuildLike,
  DevOpsLike,
  PlanLike,
  RunReason,
  RunResult,
} from "./running/devops.ts";
export type { JobRunOutcome, RunOutcome, StageRunOutcome, StepOutcome } from "./running/outcome.ts";
export { type RunOptions, runPipeline } from "./running/pipeline.ts";
export type { Repository } from "./running/plugins.ts";
export { type CompletedRun, resourceTriggeredBy, startsOnPush } from "./triggers/triggers.ts";
