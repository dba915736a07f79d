// Use that a scoring container makes of its instance: measured where this machine tells it of a process, or told by a scenario.
import { readFileSync } from "node:fs";
import { sizeNamed } from "../capacity/sizes.ts";
import { countUsage, minuteOf } from "../monitor/minutes.ts";
import type { DeploymentRecord } from "../records/online-endpoint.ts";
import type { ScoringEffect } from "../scenarios/rules.ts";
import type { AzureWorld } from "../world/world.ts";
import type { Container } from "./container.ts";

interface Reading {
  /** Seconds of a processor since the process began. */
  readonly busy: number;
  readonly bytes: number;
}

/** The last reading of each container, and when: by a clock that nobody sets. */
const last = new WeakMap<Container, { readonly at: number; readonly busy: number }>();

/** Samples are at least a second apart, unless a scenario tells one. */
const APART = 1_000;

/** Adds a sample to the minute that the cloud's clock has now. A deployment is sampled while it answers requests. */
export function sampleUsage(
  world: AzureWorld,
  deployment: DeploymentRecord,
  container: Container | undefined,
  effect: ScoringEffect,
): void {
  const record = () => minuteOf(world, deployment.endpoint, deployment.name, world.clock.now());
  const told = effect.outOfMemory === true ? 100 : effect.memory;
  if (told !== undefined) countUsage(record(), "memory", told);
  const at = performance.now();
  const before = container === undefined ? undefined : last.get(container);
  if (container?.pid === undefined || (before !== undefined && at - before.at < APART)) return;
  const reading = readingOf(container.pid);
  if (reading === undefined) return;
  last.set(container, { at, busy: reading.busy });
  const { vCPUs = 2, memoryGB = 7 } = sizeNamed(deployment.properties.instanceType) ?? {};
  if (told === undefined) countUsage(record(), "memory", Math.min(100, (100 * reading.bytes) / (memoryGB * 2 ** 30)));
  if (before === undefined) return;
  const busy = (reading.busy - before.busy) / ((at - before.at) / 1_000);
  countUsage(record(), "cpu", Math.min(100, Math.max(0, (100 * busy) / vCPUs)));
}

/** Linux alone has these files; elsewhere nothing is measured. */
function readingOf(pid: number): Reading | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // What follows the name of the program, which may hold spaces: user and system time are the 14th and 15th field.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return { busy: (Number(fields[11]) + Number(fields[12])) / 100, bytes: pages * 4096 };
  } catch {
    return undefined;
  }
}
