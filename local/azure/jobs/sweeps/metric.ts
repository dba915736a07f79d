// The values of one metric of a run, in the order they were logged.

import type { Run } from "../../tracking/store.ts";
import type { AzureWorld } from "../../world/world.ts";

export function readMetric(world: AzureWorld, run: string, metric: string): readonly number[] {
  const found = world.store<Run>("runs").get(run)?.metrics ?? [];
  return found.filter(({ key }) => key === metric).map(({ value }) => value);
}
