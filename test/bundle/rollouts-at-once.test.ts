// Two rollouts at once, with people calling the endpoint all the while. Four interleavings here; twenty with
// `npm run test:rollouts`.
import assert from "node:assert/strict";
import { Bench } from "../harness/bench.ts";
import { pairOf, playPair, sayPair } from "./rollout-pairs.ts";

const SHORT = [1, 2, 3, 4];

describe("two rollouts at once", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  for (const seed of SHORT) {
    it(`no request fails and no finished release is reverted (seed ${seed}: ${sayPair(pairOf(seed))})`, async () => {
      const { requests } = await playPair(bench, seed);
      assert.ok(requests > 0);
    });
  }
});
