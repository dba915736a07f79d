// The window of a judgement: whole minutes, old enough, and the median of their values.
import assert from "node:assert/strict";
import fc from "fast-check";
import { isIn, judgedWindow, measurementsOf, median, minutesIn } from "../../../../lib/ml/monitor/window.ts";
import { at, iso, windowOf } from "./series.ts";

describe("the window of a judgement", () => {
  const table: [string, number, number, number, string, string][] = [
    ["ends as asked where that is long ago", 0, 10, 60, iso(0), iso(10)],
    ["ends five minutes ago", 0, 10, 12, iso(0), iso(7)],
    ["begins with the first whole minute", 0.5, 10, 60, iso(1), iso(10)],
    ["ends with the last whole minute", 0, 9.9, 60, iso(0), iso(9)],
    ["is empty before any minute is old enough", 0, 10, 4, iso(0), iso(0)],
    ["is empty where it would end before it begins", 10, 3, 60, iso(10), iso(10)],
  ];
  for (const [what, from, to, now, begins, ends] of table) {
    it(what, () => {
      assert.deepEqual(judgedWindow(at(from), at(to), at(now)), { from: begins, to: ends });
    });
  }

  it("never reaches into the last five minutes, nor before its beginning", () => {
    fc.assert(
      fc.property(fc.tuple(fc.nat(9_000), fc.nat(9_000), fc.nat(9_000)), ([from, to, now]) => {
        const window = judgedWindow(at(from / 60), at(to / 60), at(now / 60));
        assert.ok(Date.parse(window.from) >= at(from / 60));
        if (minutesIn(window) > 0) {
          assert.ok(Date.parse(window.to) <= at(now / 60 - 5));
          assert.ok(Date.parse(window.to) <= at(to / 60));
        }
        assert.equal(minutesIn(window) % 1, 0);
      }),
    );
  });

  it("holds its first minute and not the one where it ends", () => {
    assert.deepEqual(
      [-1, 0, 9, 10].map((minute) => isIn(at(minute), windowOf(10))),
      [false, true, true, false],
    );
    assert.equal(isIn(Number.NaN, windowOf(10)), false);
  });

  it("is cut into measurements that leave nothing out and do not overlap", () => {
    assert.deepEqual(measurementsOf(windowOf(0), 5), []);
    assert.deepEqual(measurementsOf(windowOf(4), 5), [windowOf(4)]);
    assert.deepEqual(measurementsOf(windowOf(12), 5), [windowOf(5), { from: iso(5), to: iso(12) }]);
  });

  it("has the median of its minutes", () => {
    assert.equal(median([]), undefined);
    assert.equal(median([5]), 5);
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([10, 1, 2, 9]), 5.5);
  });
});
