// The time to live of an endpoint: what the input takes, and the tag that is written.
import assert from "node:assert/strict";
import { expiresTag, parseTimeToLive } from "../../../../lib/ml/endpoints/time-to-live.ts";

describe("the time to live of an endpoint", () => {
  it("is a number of hours or days", () => {
    assert.equal(parseTimeToLive("12h"), 12 * 3_600_000);
    assert.equal(parseTimeToLive(" 7 D "), 7 * 24 * 3_600_000);
  });

  for (const text of ["", "0h", "7", "7w", "-1d", "1.5d", "9999999h", "36500d", "P7D", "h"]) {
    it(`is not "${text}"`, () => {
      assert.throws(() => parseTimeToLive(text), /Input endpointTimeToLive is ".*", which is no time to live\./);
    });
  }

  it("becomes a tag with an instant of UTC", () => {
    assert.deepEqual(expiresTag(3_600_000, Date.parse("2026-11-27T01:30:00Z")), {
      "azureDevOps.expires": "2026-11-27T02:30:00.000Z",
    });
  });
});
