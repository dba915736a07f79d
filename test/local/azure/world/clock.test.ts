// The cloud's clock: as the machine's, faster than it, and in leaps.
import assert from "node:assert/strict";
import { CloudClock } from "../../../../local/azure/world/clock.ts";

const HOUR = 3_600_000;

describe("the cloud's clock", () => {
  it("is the machine's unless somebody says otherwise", () => {
    const clock = new CloudClock();
    const before = Date.now();
    const now = clock.now();
    assert.ok(now >= before && now <= Date.now(), `${now}`);
    assert.equal(clock.speed, 1);
    assert.equal(clock.onMachine(5_000), 5_000);
  });

  it("begins when it is told to", () => {
    const start = Date.parse("2026-01-31T08:00:00Z");
    const past = new CloudClock(start).now() - start;
    assert.ok(past >= 0 && past < HOUR, `${past}`);
  });

  it("lets six hours pass while a machine hardly notices", async () => {
    const clock = new CloudClock();
    clock.speed = HOUR;
    const began = clock.now();
    await clock.sleep(6 * HOUR);
    assert.ok(clock.now() - began >= 5 * HOUR);
    assert.equal(clock.onMachine(6 * HOUR), 6);
    assert.equal(clock.onCloud(6), 6 * HOUR);
  });

  it("wakes those who wait already when it is made faster, and when it leaps", async () => {
    const clock = new CloudClock();
    const slept = clock.sleep(HOUR);
    const leapt = clock.sleep(100 * HOUR);
    clock.speed = HOUR;
    await slept;
    clock.leap(100 * HOUR);
    await leapt;
  });

  it("does in its order what a leap makes due, and not what was called off", async () => {
    const clock = new CloudClock();
    const done: string[] = [];
    clock.after(HOUR, () => done.push("an hour"));
    const callOff = clock.after(HOUR, () => done.push("called off"));
    const late = clock.after(50 * HOUR, () => done.push("two days"));
    callOff();
    clock.leap(2 * HOUR);
    await clock.sleep(1);
    assert.deepEqual(done, ["an hour"]);
    late();
  });

  it("lets nobody wait for what is canceled", async () => {
    const stop = new AbortController();
    const slept = new CloudClock().sleep(HOUR, stop.signal);
    stop.abort();
    await slept;
    await new CloudClock().sleep(HOUR, stop.signal);
  });

  it("waits longer than Node's timers do", async () => {
    const clock = new CloudClock();
    const slept = clock.sleep(2 ** 40);
    clock.leap(2 ** 40);
    await slept;
  });

  it("goes neither backwards nor nowhere", () => {
    const clock = new CloudClock();
    assert.throws(() => clock.leap(-1), /does not go back/);
    for (const speed of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => {
        clock.speed = speed;
      }, /cannot run/);
    }
  });
});
