// Memory budget of transfers: never more than the total, and nobody waits for ever.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget } from "../../../lib/azure/budget.ts";

describe("a budget of bytes", () => {
  it("is never spent beyond its total, lets everybody come to an end, and is whole again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.array(
          fc.record({
            bytes: fc.integer({ min: 0, max: 80 }),
            turns: fc.integer({ min: 0, max: 5 }),
            fails: fc.boolean(),
          }),
          { maxLength: 40 },
        ),
        async (total, pieces) => {
          const budget = new Budget(total);
          let spent = 0;
          const done = await Promise.allSettled(
            pieces.map(({ bytes, turns, fails }) =>
              budget.with(bytes, async () => {
                spent += Math.min(bytes, total);
                assert.ok(spent <= total, `${spent} of ${total}`);
                for (let turn = 0; turn < turns; turn++) await Promise.resolve();
                spent -= Math.min(bytes, total);
                if (fails) throw new Error("piece");
              }),
            ),
          );
          assert.equal(
            done.filter(({ status }) => status === "rejected").length,
            pieces.filter(({ fails }) => fails).length,
          );
          const release = await budget.take(total);
          release();
          release();
          await budget.take(total);
        },
      ),
      { numRuns: 200 },
    );
  });
});
