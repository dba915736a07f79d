// Schedules of test:faults: a seed repeats, and seeds reach everything.
import assert from "node:assert/strict";
import { kinds } from "../../local/faults/kinds.ts";
import { scenarios } from "./scenarios/index.ts";
import { describeSchedule, scheduleOf } from "./schedule.ts";

describe("schedules of faults", () => {
  const many = Array.from({ length: 3000 }, (_, seed) => scheduleOf(seed));

  it("are the same for the same seed", () => {
    assert.deepEqual(
      Array.from({ length: 200 }, (_, seed) => scheduleOf(seed)),
      many.slice(0, 200),
    );
    const said = many.slice(0, 200).map((schedule) =>
      describeSchedule(schedule)
        .slice(0)
        .join("\n")
        .replace(/^seed \d+/, ""),
    );
    assert.ok(new Set(said).size > 190, "and others for others");
  });

  it("reach every scenario, every kind of fault, every way to end and to go on", () => {
    const troubles = many.flatMap((schedule) => schedule.troubles);
    const met = new Set(troubles.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    assert.deepEqual(
      Object.keys(kinds).filter((kind) => !met.has(kind as keyof typeof kinds)),
      [],
    );
    assert.equal(new Set(many.map(({ scenario }) => scenario)).size, scenarios.length);
    const ends = new Set(troubles.flatMap(({ end }) => (end ? [`${end.how} ${end.moment}`] : [])));
    assert.equal(ends.size, 4 * 3);
    assert.equal(new Set(many.map(({ rerun }) => rerun)).size, 3);
    assert.equal(new Set(many.map(({ together }) => together)).size, 3);
    assert.ok(troubles.some(({ skew }) => skew < 0) && troubles.some(({ skew }) => skew > 0));
  });

  it("are of one task where that is wished", () => {
    const tasks = new Set(scenarios.map(({ task }) => task));
    assert.equal(tasks.size, 13, "every task that runs on an agent and asks Azure for something");
    const own = scenarios.filter(({ task }) => task === "Apply").map(({ name }) => name);
    for (let seed = 0; seed < 50; seed++) assert.ok(own.includes(scheduleOf(seed, "Apply").scenario));
    assert.throws(() => scheduleOf(1, "Nothing"), /No scenario runs the task Nothing/);
  });
});
