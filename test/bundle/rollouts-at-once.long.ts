// Twenty interleavings of two rollouts at once, with people calling the endpoint all the while: `npm run test:rollouts`.
import assert from "node:assert/strict";
import { Bench } from "../harness/bench.ts";
import { pairOf, playPair, sayPair } from "./rollout-pairs.ts";

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

describe("two rollouts at once, at length", () => {
  let bench: Bench;
  let requests = 0;
  before(async () => {
    bench = await Bench.open();
  });
  after(async () => {
    await bench?.close();
    console.log(`  ${requests} requests were answered.`);
  });
  for (const seed of SEEDS) {
    it(`no request fails and no finished release is reverted (seed ${seed}: ${sayPair(pairOf(seed))})`, async () => {
      const played = await playPair(bench, seed);
      assert.ok(played.requests > 0);
      requests += played.requests;
    });
  }
});
