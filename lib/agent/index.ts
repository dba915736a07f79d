// The pipeline's door: the only room that knows azure-pipelines-task-lib and azure-devops-node-api.
export type { Agent } from "./agent.ts";

export { complete, flushed, logIssue, pipelineLog } from "./output.ts";
export { openAgent } from "./pipeline.ts";
export { type Provenance, stepIdentity } from "./provenance.ts";
export { uncaughtError } from "./uncaught.ts";
