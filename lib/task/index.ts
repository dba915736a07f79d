// The entry of every task: exports what its index.ts needs.

export type { StepFolders } from "../agent/folders.ts";
export { readPairs } from "./pairs.ts";
export * from "./task.ts";
