// The conditions of a measurement: the day, the machine, and how busy the machine was.
import { cpus, loadavg, totalmem } from "node:os";
import type { Conditions, Spread } from "./performance.ts";

/** @param runs counted ones of each thing that is measured */
export const conditions = (runs: number): Conditions => ({
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} processors (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 1024 ** 3)} GB, ${process.platform}`,
  load: Number(loadavg()[1]?.toFixed(1)),
  node: process.versions.node,
  runs,
});

/** The middle one of some numbers; of an even number of them the upper one of the two in the middle. */
export const medianOf = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** Milliseconds, rounded. */
export const spreadOf = (milliseconds: readonly number[]): Spread => ({
  median: Math.round(medianOf(milliseconds)),
  min: Math.round(Math.min(...milliseconds)),
  max: Math.round(Math.max(...milliseconds)),
});
