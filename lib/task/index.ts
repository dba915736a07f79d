// The front door: what a story's file needs to be a task.

export type { StepFolders } from "../agent/folders.ts";
export { readPairs } from "./pairs.ts";
export { isPlan, planningLog, planningOnly, sayWrites } from "./planning.ts";
export { runOnAgent } from "./runOnAgent.ts";
export * from "./task.ts";
