// The entry of every task: exports what its index.ts needs.

export { readPairs } from "./pairs.ts";
export { preflightInto } from "./recording.ts";
export * from "./task.ts";
