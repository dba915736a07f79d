// Numbers in sentences: one is singular, and little is not nothing.
import assert from "node:assert/strict";
import { amountOf, counted } from "../../../lib/record/words.ts";

describe("words of what people look at", () => {
  it("count one thing in the singular, and all else in the plural", () => {
    assert.deepEqual(
      [0, 1, 2, 1204].map((count) => counted(count, "row")),
      ["0 rows", "1 row", "2 rows", "1,204 rows"],
    );
  });

  it("show little as little, and not as nothing", () => {
    assert.deepEqual([0, 2.8e-7, 0.0047, 0.05, 0.08, 0.1, 0.5, 12.345, -0.004].map(amountOf), [
      ...["0.00", "0.00000028", "0.0047", "0.05", "0.08", "0.10", "0.50", "12.35", "-0.0040"],
    ]);
  });
});
