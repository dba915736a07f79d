// One breach starts one retraining: over random schedules of results, events, duplicates, outages and deaths of agents.
// Tests: lib/ml/retrain/start-retraining.ts, lib/ml/retrain/decision.ts
import assert from "node:assert/strict";
import type { MonitorResult } from "../../../../lib/ml/retrain/decision.ts";
import { seedOf } from "../../../harness/random-seeds.ts";
import { COOL_DOWN, DAY, HOUR, type Random, type Schedule, Simulation, type Training } from "./simulation.ts";

const SCHEDULES = 200;

describe("a breach of a monitor, over random schedules", () => {
  const simulation = new Simulation();
  before(() => simulation.open());
  after(() => simulation.close());

  it(`starts one retraining, in each of ${SCHEDULES / 2} schedules whose breaches lie apart`, async () => {
    const first = seedOf(process.env["PROPERTY_SEED"]);
    let breaches = 0;
    for (let seed = first; seed < first + SCHEDULES / 2; seed++) {
      const schedule = apart(seed);
      const trainings = await simulation.play(schedule, randomOf(seed));
      const broken = schedule.results.filter(({ breached }) => breached.length > 0);
      breaches += broken.length;
      assert.deepEqual(
        trainings.map(({ run }) => run),
        broken.map(({ run }) => run),
        `seed ${seed}`,
      );
    }
    assert.ok(breaches > SCHEDULES / 2, `only ${breaches} breaches`);
  });

  it(`starts one retraining for all that belong together, in each of ${SCHEDULES / 2} schedules of any kind`, async () => {
    const first = seedOf(process.env["PROPERTY_SEED"]) + SCHEDULES;
    const seen = { breaches: 0, started: 0, byPeople: 0 };
    for (let seed = first; seed < first + SCHEDULES / 2; seed++) {
      const schedule = anyKind(seed);
      const trainings = await simulation.play(schedule, randomOf(seed));
      assert.deepEqual(faultsOf(schedule, trainings), [], `seed ${seed}`);
      seen.breaches += schedule.results.filter(({ breached }) => breached.length > 0).length;
      seen.started += trainings.filter(({ byPerson }) => !byPerson).length;
      seen.byPeople += trainings.filter(({ byPerson }) => byPerson).length;
    }
    assert.ok(
      seen.started > SCHEDULES / 2 && seen.breaches > seen.started * 1.5 && seen.byPeople > 20,
      JSON.stringify(seen),
    );
  });
});

/** Everything in which the trainings break the promise, as sentences. */
function faultsOf({ results }: Schedule, trainings: readonly Training[]): string[] {
  const faults: string[] = [];
  const own = trainings.filter(({ byPerson }) => !byPerson);
  const breachOf = new Map(results.filter(({ breached }) => breached.length > 0).map((one) => [one.run, one]));
  for (const one of own) {
    const breach = breachOf.get(one.run);
    if (breach === undefined || breach.monitor !== one.monitor || breach.at > one.queuedAt)
      faults.push(`training ${one.id} was started for ${one.run}, which was no breach then`);
    if (own.some((other) => other !== one && other.run === one.run))
      faults.push(`${one.run} started more than one training`);
    const open = trainings.find((other) => other !== one && other.id < one.id && other.finishedAt > one.queuedAt);
    if (open !== undefined) faults.push(`training ${one.id} was started while ${open.id} went on`);
    const before = own.filter(({ id }) => id < one.id).at(-1);
    if (before && breach && breach.at < before.queuedAt + COOL_DOWN - HOUR)
      faults.push(`training ${one.id} was started within the cool-down of ${before.id}`);
  }
  for (const breach of breachOf.values()) {
    // It was measured before a training that it may have caused, while one went on, or shortly after the start of one.
    const isCovered = trainings.some(({ queuedAt, finishedAt, succeeded, byPerson }) =>
      byPerson ? succeeded && queuedAt >= breach.at : breach.at <= Math.max(finishedAt, queuedAt + COOL_DOWN),
    );
    if (!isCovered) faults.push(`no training for ${breach.run}`);
  }
  return faults;
}

/**
 * Each breach lies so far behind the one before that its retraining has ended and cooled down, whatever was out and died: two days after
 * the longest outage a look takes place without trouble.
 */
function apart(seed: number): Schedule {
  const random = randomOf(seed * 7 + 1);
  const [longestOutage, longestTraining] = [random() * DAY, HOUR * 2 + random() * 0.5 * DAY];
  const gap = longestOutage + longestTraining + COOL_DOWN + 3 * DAY;
  const results: MonitorResult[] = [resultOf("drift", 0, 0, false)];
  for (let at = DAY, count = 1; count <= 2; count++, at += gap + random() * DAY) {
    results.push(resultOf("drift", results.length, at, true));
    results.push(resultOf("drift", results.length, at + DAY / 2, false));
  }
  const inOrder = results.filter(({ breached }) => breached.length > 0).map(({ at }) => at + longestOutage + 2 * DAY);
  return { monitors: ["drift"], results, inOrder, people: false, longestTraining, longestOutage };
}

/** Two monitors that measure each day, and are breached for days on end. */
function anyKind(seed: number): Schedule {
  const random = randomOf(seed * 7 + 3);
  const monitors = random() < 0.5 ? ["drift"] : ["drift", "quality"];
  const results: MonitorResult[] = [];
  for (const monitor of monitors) {
    let isBroken = false;
    for (let day = 0; day < 7; day++) {
      if (random() < 0.3) isBroken = !isBroken;
      if (random() < 0.1) continue;
      results.push(resultOf(monitor, day, day * DAY + random() * 6 * HOUR, isBroken));
    }
  }
  results.push(resultOf("drift", 99, 0, false));
  const longestTraining = HOUR * 2 + random() ** 2 * 3 * DAY;
  return {
    monitors,
    results,
    people: random() < 0.4,
    longestTraining,
    longestOutage: random() < 0.5 ? 0 : random() * 2 * DAY,
  };
}

const resultOf = (monitor: string, count: number, at: number, isBroken: boolean): MonitorResult => ({
  ...{ monitor, run: `${monitor}-${count}`, at: at + 1 },
  breached: isBroken ? ["features"] : [],
});

/** mulberry32: the same numbers for the same seed everywhere. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
