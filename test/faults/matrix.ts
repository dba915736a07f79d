// Each write of each scenario x the moment x the way in which the step ends there, and each pair at once without any fault.
// Seeds below 0 number its schedules.
import { mkdirSync } from "node:fs";
import type { Target } from "../../local/faults/layer.ts";
import { play } from "./play.ts";
import { scenarios } from "./scenarios/index.ts";
import type { Schedule } from "./schedule.ts";

const MOMENTS = ["before", "processed", "answered"] as const;
const quiet = { faults: [], skew: 0 } as const;
const WAYS = ["lost", "SIGKILL", "cancel"] as const;

/**
 * Plays each scenario once without faults, to see what it writes; a scenario that writes nothing is ended at its reads.
 * @param folder for these rehearsals
 */
export async function matrixSchedules(folder: string, task?: string): Promise<Schedule[]> {
  mkdirSync(folder, { recursive: true });
  const all: Schedule[] = [];
  for (const scenario of scenarios.filter((one) => task === undefined || one.task === task)) {
    const common = { scenario: scenario.name, other: false, rerun: "later attempt" } as const;
    const { runs, violations } = await play({ ...common, seed: 0, troubles: [quiet] }, folder);
    if (violations.length > 0)
      throw new Error(`${scenario.name} fails without any fault:\n${violations.join("\n")}\n${runs[0]?.log}`);
    const seen = runs[0]?.seen ?? [];
    const writes = seen.some(({ write }) => write);
    const count = seen.filter(({ write }) => write === writes).length;
    for (let nth = 0; nth < count; nth++)
      for (const moment of MOMENTS)
        for (const how of WAYS) {
          const at: Target = { plane: "any", write: writes, nth };
          all.push({ ...common, seed: -1 - all.length, troubles: [{ ...quiet, end: { how, moment, at } }] });
        }
    if (scenario.atOnce === undefined) continue;
    for (const together of ["two runs", "two jobs"] as const)
      for (const other of [false, true])
        all.push({ ...common, seed: -1 - all.length, troubles: [quiet, quiet], together, other });
  }
  return all;
}
