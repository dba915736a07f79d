// Each write of each scenario x the moment x the way in which the step ends there, and each pair at once without any fault.
// Seeds below 0 number its schedules.
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { SeenRequest, Target } from "../../local/faults/layer.ts";
import { play } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/index.ts";
import type { Schedule } from "./schedule.ts";

const MOMENTS = ["before", "processed", "answered"] as const;
const quiet = { faults: [], skew: 0 } as const;
const WAYS = ["lost", "SIGKILL", "cancel"] as const;

/**
 * Plays each scenario once without faults, to see what it writes; a scenario that writes nothing is ended at its reads.
 * @param folder for these rehearsals
 * @param atOnce rehearsals side by side
 */
export async function matrixSchedules(folder: string, atOnce: number, task?: string): Promise<Schedule[]> {
  const asked = scenarios.filter((one) => task === undefined || one.task === task);
  const waiting = asked.entries();
  const seen: (readonly SeenRequest[])[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async (_, place) => {
      const own = path.join(folder, String(place));
      mkdirSync(own, { recursive: true });
      for (const [n, scenario] of waiting) seen[n] = await rehearse(scenario, own);
    }),
  );
  const all: Schedule[] = [];
  for (const [n, scenario] of asked.entries()) {
    const common = commonOf(scenario);
    const requests = seen[n] ?? [];
    const writes = requests.some(({ write }) => write);
    const count = requests.filter(({ write }) => write === writes).length;
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

const commonOf = ({ name }: Scenario) => ({ scenario: name, other: false, rerun: "later attempt" }) as const;

async function rehearse(scenario: Scenario, folder: string): Promise<readonly SeenRequest[]> {
  const { runs, violations } = await play({ ...commonOf(scenario), seed: 0, troubles: [quiet] }, folder);
  if (violations.length > 0)
    throw new Error(`${scenario.name} fails without any fault:\n${violations.join("\n")}\n${runs[0]?.log}`);
  return runs[0]?.seen ?? [];
}
