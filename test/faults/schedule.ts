// Generates a schedule from a seed: the scenario, the faults and their requests, how the run ends early, and how it is run again.
import { type Plane, planes } from "../../local/azure/scenarios/rules.ts";
import { type FaultName, fits, kinds, type Moment } from "../../local/faults/kinds.ts";
import type { PlannedFault, Target } from "../../local/faults/layer.ts";
import { Chance } from "./random.ts";
import type { EndKind } from "./run-task.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/index.ts";

interface PlannedEnd {
  readonly how: EndKind;
  readonly moment: Moment;
  readonly at: Target;
}

/** What one of the first attempts meets. */
export interface Trouble {
  readonly faults: readonly PlannedFault[];
  readonly end?: PlannedEnd | undefined;
  /** Milliseconds that the agent's clock is ahead. */
  readonly skew: number;
}

/** How the pipeline is run again: the same run once more, a new run, or first the step once more by the agent itself. */
type Rerun = "later attempt" | "new run" | "retry in place";

/** Plain JSON, so that a schedule can be kept beside its seed. */
export interface Schedule {
  readonly seed: number;
  readonly scenario: string;
  /** One, or two that run at once. */
  readonly troubles: readonly Trouble[];
  /** Where two run at once: in two runs, or as two jobs of one run. */
  readonly together?: "two runs" | "two jobs" | undefined;
  /** The second of two is the scenario's other one. */
  readonly other: boolean;
  readonly rerun: Rerun;
}

/** @param task only scenarios of this task */
export function scheduleOf(seed: number, task?: string): Schedule {
  const chance = new Chance(seed);
  const possible = scenarios.filter((one) => task === undefined || one.task === task);
  if (possible.length === 0) throw new Error(`No scenario runs the task ${task}.`);
  const scenario = chance.pick(possible);
  const twoAtOnce = scenario.atOnce !== undefined && chance.is(0.2);
  const troubles = (twoAtOnce ? [0, 1] : [0]).map(() => troubleOf(chance, scenario));
  return {
    seed,
    scenario: scenario.name,
    troubles,
    ...(twoAtOnce ? { together: chance.pick(["two runs", "two jobs"] as const) } : {}),
    other: twoAtOnce && chance.is(0.5),
    rerun: chance.pick(["later attempt", "later attempt", "new run", "retry in place"] as const),
  };
}

function troubleOf(chance: Chance, scenario: Scenario): Trouble {
  const ends = chance.is(0.25);
  const count = ends ? chance.below(2) : 1 + chance.below(4);
  const faults = Array.from({ length: count }, () => faultOf(chance, scenario));
  const skew = chance.is(0.06) ? chance.pick([-240_000, 240_000, 3_600_000, -3_600_000]) : 0;
  return { faults, ...(ends ? { end: endOf(chance, scenario) } : {}), skew };
}

/** One request of an undisturbed run, each as likely as any other. */
function targetOf(chance: Chance, { requests }: Scenario, wanted: (write: boolean) => boolean): Target {
  const all = Object.entries(requests).flatMap(([key, count]) => {
    const [plane, write] = key.split(" ");
    if (!planes.includes(plane as Plane) || !wanted(write === "true")) return [];
    return Array.from({ length: count }, (_, nth): Target => ({ plane: plane as Plane, write: write === "true", nth }));
  });
  return chance.pick(all);
}

function faultOf(chance: Chance, scenario: Scenario): PlannedFault {
  const writes = chance.is(0.4);
  const hasWrites = Object.keys(scenario.requests).some((key) => key.endsWith(" true"));
  const at = targetOf(chance, scenario, (write) => !hasWrites || write === writes);
  const names = (Object.keys(kinds) as FaultName[]).filter((name) => fits(name, at.plane, at.write));
  return { kind: chance.pick(names), at };
}

function endOf(chance: Chance, scenario: Scenario): PlannedEnd {
  return {
    how: chance.pick(["lost", "SIGKILL", "SIGTERM", "cancel", "cancel"] as const),
    moment: chance.pick(["before", "processed", "answered"] as const),
    at: targetOf(chance, scenario, () => true),
  };
}

const at = ({ plane, write, nth }: Target) => `${plane} ${write ? "write" : "read"} ${nth}`;

/** A schedule for people, one line each. */
export function describeSchedule(schedule: Schedule): string[] {
  const { seed, scenario, troubles, together, other, rerun } = schedule;
  return [
    `seed ${seed}: ${scenario}${together ? `, ${together} at once${other ? " with other content" : ""}` : ""}, then ${rerun}`,
    ...troubles.flatMap(({ faults, end, skew }, n) => [
      ...faults.map((fault) => `  ${n + 1}: ${fault.kind} at ${at(fault.at)}`),
      ...(end ? [`  ${n + 1}: ${end.how}, ${end.moment}, at ${at(end.at)}`] : []),
      ...(skew === 0 ? [] : [`  ${n + 1}: the clock is ${skew / 1000} seconds ahead`]),
    ]),
  ];
}
