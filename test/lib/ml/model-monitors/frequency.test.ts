// The pause between two runs of a schedule, by its recurrence or cron expression.
import assert from "node:assert/strict";
import { longestPause } from "../../../../lib/ml/model-monitors/frequency.ts";

const HOUR = 3_600_000;

describe("how often a monitor runs", () => {
  it("follows a recurrence", () => {
    const of = (frequency: string, interval: number) =>
      longestPause({ triggerType: "Recurrence", frequency, interval });
    assert.equal(of("Day", 1), 24 * HOUR);
    assert.equal(of("hour", 6), 6 * HOUR);
    assert.equal(of("Week", 2), 14 * 24 * HOUR);
    assert.equal(of("Fortnight", 1), undefined);
  });

  it("follows the pattern of a recurrence", () => {
    const of = (frequency: string, schedule: object, interval = 1) =>
      longestPause({ triggerType: "Recurrence", frequency, interval, schedule });
    assert.equal(of("Week", { weekDays: ["Monday", "Wednesday", "Friday"], hours: [3], minutes: [15] }), 3 * 24 * HOUR);
    assert.equal(of("Week", { weekDays: ["Monday", "Wednesday"] }, 2), 14 * 24 * HOUR);
    assert.equal(of("Day", { hours: [3, 15], minutes: [0] }), 12 * HOUR);
    assert.equal(of("Day", { hours: [], minutes: [] }), 24 * HOUR);
    assert.equal(of("Week", { weekDays: ["Someday"] }), 7 * 24 * HOUR);
    assert.equal(of("Month", { monthDays: [1, 15] }), 31 * 24 * HOUR);
  });

  it("follows a cron expression, on the long side", () => {
    const of = (expression: string) => longestPause({ triggerType: "Cron", expression });
    const cases: [string, number | undefined][] = [
      ["* * * * *", HOUR / 60],
      ["*/15 * * * *", HOUR / 4],
      ["0 * * * *", HOUR],
      ["0 */6 * * *", 6 * HOUR],
      ["0 3 * * *", 24 * HOUR],
      ["0 3 * * 1", 7 * 24 * HOUR],
      ["0 3 1 * *", 31 * 24 * HOUR],
      ["0 3 1 1 *", 366 * 24 * HOUR],
      ["0 3", undefined],
    ];
    for (const [expression, pause] of cases) assert.equal(of(expression), pause, expression);
  });

  it("follows a cron expression that names several days or hours, by the longest time between two of them", () => {
    const of = (expression: string) => longestPause({ triggerType: "Cron", expression });
    const cases: [string, number | undefined][] = [
      ["0 3 * * 1-5", 3 * 24 * HOUR],
      ["0 3 * * MON-FRI", 3 * 24 * HOUR],
      ["0 3 * * 0,3", 4 * 24 * HOUR],
      ["0 3 * * 7,3", 4 * 24 * HOUR],
      ["0 3 * 1-12 *", 24 * HOUR],
      ["0 3 1,15 * *", 17 * 24 * HOUR],
      ["0 3,15 * * *", 12 * HOUR],
      ["0 6-18/6 * * *", 12 * HOUR],
      ["30 9-17 * * 1-5", (2 * 24 + 16) * HOUR],
      ["0 3 31 2 *", undefined],
      ["61 3 * * *", undefined],
      ["0 3 * * FUN", undefined],
    ];
    for (const [expression, pause] of cases) assert.equal(of(expression), pause, expression);
    assert.ok(of("0 3 29 2 *")! >= 4 * 365 * 24 * HOUR);
  });

  it("is not known without a trigger", () => {
    assert.equal(longestPause(undefined), undefined);
    assert.equal(longestPause({ triggerType: "Manual" }), undefined);
  });
});
