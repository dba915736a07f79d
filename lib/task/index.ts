// The front door: what a story's file needs to be a task.

export type { StepFolders } from "../agent/folders.ts";
export { dryRunContext, dryRunLog, isDryRun, sayWithheldWrites } from "./dry-run.ts";
export { readPairs } from "./pairs.ts";
export { runOnAgent } from "./runOnAgent.ts";
export * from "./task.ts";
