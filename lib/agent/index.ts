// The module of the pipeline agent and of Azure DevOps: the only one that imports azure-pipelines-task-lib and azure-devops-node-api.
export type { Agent } from "./agent.ts";
export { guardOutput } from "./guard.ts";
export { complete, flushed, logIssue, pipelineLog } from "./output.ts";
export { openAgent } from "./pipeline.ts";
