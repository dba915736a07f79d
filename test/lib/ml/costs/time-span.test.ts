// Time spans of run history: with days, with and without a fraction; what is none is not read as nothing.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readTimeSpan } from "../../../../lib/ml/costs/time-span.ts";
import { timeSpan } from "../../../../local/azure/jobs/history.ts";

describe("a time span", () => {
  for (const [text, milliseconds] of [
    ["00:01:08.7371020", 68_737.102],
    ["1.02:03:04", 93_784_000],
    ["10675199.00:00:00", 922_337_193_600_000],
    ["00:00:00", 0],
    ["23:59:59.9999999", 86_399_999.9999],
  ] as const)
    it(`is read: ${text}`, () => assert.ok(Math.abs((readTimeSpan(text) ?? -1) - milliseconds) < 1e-3));

  for (const text of [
    "",
    "1:02:03",
    "24:00:00",
    "00:60:00",
    "00:00:60",
    "-00:00:01",
    "PT1H",
    "00:00:01.",
    null,
    undefined,
  ])
    it(`is none: ${text}`, () => assert.equal(readTimeSpan(text), undefined));

  it("is read as it was written, over days", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 86_400_000 }), (milliseconds) => {
        assert.equal(readTimeSpan(timeSpan(milliseconds)), milliseconds);
      }),
    );
  });

  it("bears any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readTimeSpan(text);
        assert.ok(read === undefined || read >= 0);
      }),
    );
  });
});
