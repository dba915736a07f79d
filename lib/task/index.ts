// The entry of every task: exports what its index.ts needs.

export { readPairs } from "./pairs.ts";
export * from "./task.ts";
