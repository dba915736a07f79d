// Tests: lib/ml/jobs/pace.ts. How late a line of a job's log is shown, and how much is asked for it; against local Azure by the clock of the wait alone.
import assert from "node:assert/strict";
import { Pace } from "../../../../lib/ml/jobs/pace.ts";
import { alone, asStep, followLongJob } from "../../../../scripts/bench/following.ts";
import { theCloud } from "../world.ts";

/** Pauses of a wait, and how many of its looks ask for the state. */
function played(milliseconds: number, looked: { news: boolean; logs: number; steps?: number }, pace = new Pace()) {
  const pauses: number[] = [];
  let states = 0;
  for (let passed = 0; passed < milliseconds; passed += pauses.at(-1) ?? 0) {
    const state = pace.asksState(0);
    if (state) states++;
    pauses.push(pace.next({ ...looked, state }, 0));
  }
  return { pauses, states, longest: Math.max(...pauses) };
}

describe("the pace of a wait for a job", () => {
  for (const [what, job, least] of [
    ["a job", alone, 5],
    ["a pipeline's step", asStep, 3.5],
  ] as const)
    it(`of ${what}: a line within 2 s while lines come, within 6 s after a silence, and a request each ${least} s in it`, async () => {
      const { lively, silent, secondsForEach } = await followLongJob(await theCloud(), job);
      assert.ok(lively <= 2_000, `${lively} ms while lines come`);
      assert.ok(silent <= 6_000, `${silent} ms after a silence`);
      assert.ok(secondsForEach >= least, `a request each ${secondsForEach} s`);
    });

  it("asks for the state with each log while a job is lively, and again as soon as its silence ends", () => {
    const pace = new Pace();
    const lively = played(60_000, { news: true, logs: 1 }, pace);
    assert.equal(lively.states, lively.pauses.length);
    played(600_000, { news: false, logs: 1 }, pace);
    pace.next({ news: true, state: false, logs: 1 }, 0);
    assert.equal(pace.asksState(0), true);
  });

  it("asks a job that waits in a queue, and has no log yet, for its state alone: once in five seconds at most", () => {
    const pace = new Pace();
    played(60_000, { news: false, logs: 0 }, pace);
    const { pauses, states, longest } = played(600_000, { news: false, logs: 0 }, pace);
    assert.equal(states, pauses.length);
    assert.ok(states <= 120 && longest <= 6_000, `${states} in ten minutes, ${longest} ms apart`);
  });

  it("asks for the state of a silent job with many logs all the same", () => {
    const pace = new Pace();
    played(60_000, { news: false, logs: 8 }, pace);
    assert.ok(played(600_000, { news: false, logs: 8 }, pace).states >= 15);
  });

  it("lists many steps no more often than each ten seconds, and reads the log of a long one between", () => {
    const { states, longest } = played(600_000, { news: true, logs: 1, steps: 5_000 });
    assert.ok(states <= 61 && longest <= 2_000, `${states} listings, ${longest} ms apart`);
    const short = played(600_000, { news: true, logs: 0, steps: 5_000 });
    assert.equal(short.states, short.pauses.length);
    assert.ok(short.states <= 61);
  });

  it("asks for the state at the next look where the log could not be read alone", () => {
    const pace = new Pace();
    played(600_000, { news: false, logs: 1 }, pace);
    pace.next({ news: false, state: true, logs: 1 }, 0);
    assert.equal(pace.asksState(0), false);
    pace.askState();
    assert.equal(pace.asksState(0), true);
  });

  it("asks for the state of a silent job after a machine's sleep", () => {
    const pace = new Pace();
    played(600_000, { news: false, logs: 1 }, pace);
    pace.next({ news: false, state: true, logs: 1 }, 0);
    assert.equal(pace.asksState(6_000), false);
    assert.equal(pace.asksState(3_600_000), true);
  });
});
