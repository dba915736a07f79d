// The name of a new endpoint gets the time that DNS takes, and a name without an address is nothing against the deployment behind it.
import assert from "node:assert/strict";
import type { Clock } from "../../../lib/poll.ts";
import { deploymentsOfEndpoint } from "../../../local/azure/records/online-endpoint.ts";
import { begin, failureOf, freshEndpoint } from "./rollouts.ts";
import { theCloud } from "./world.ts";

/** A clock that goes as far as it is asked to sleep, at once. */
function quick(): Clock & { slept: number } {
  const clock = {
    slept: 0,
    now: () => clock.slept,
    async sleep(milliseconds: number, signal?: AbortSignal) {
      signal?.throwIfAborted();
      clock.slept += milliseconds;
    },
  };
  return clock;
}

/** Fails calls of the endpoint with such an error while `holds`. */
const failing = (code: string, holds: () => boolean) => ({
  between: async (request: { readonly url: string; readonly method: string }, send: () => Promise<never>) => {
    if (request.method !== "POST" || !/\/score$/.test(request.url) || !holds()) return send();
    throw Object.assign(new Error(`getaddrinfo ${code} ep.eastus2.inference.ml.azure.com`), {
      code,
      syscall: "getaddrinfo",
    });
  },
});

describe("the name of a new endpoint", () => {
  for (const code of ["ENOTFOUND", "EAI_AGAIN"])
    it(`may have no address for some minutes (${code})`, async () => {
      const clock = quick();
      const opening = failing(code, () => clock.slept < 8 * 60_000) as never;
      const rollout = await begin(freshEndpoint(), { opening, clock });
      const report = await rollout.done;
      assert.deepEqual(report.traffic, { blue: 100 });
      assert.ok(clock.slept >= 8 * 60_000 && clock.slept < 10 * 60_000, String(clock.slept));
      assert.equal(rollout.log.lines.filter((line) => /has no address yet/.test(line)).length, 1, "said once");
    });

  it("that stays without an address deletes no deployment that is ready", async () => {
    const clock = quick();
    const name = freshEndpoint();
    const rollout = await begin(name, { opening: failing("ENOTFOUND", () => true) as never, clock });
    const error = await failureOf(rollout);
    assert.match(error.message, /could not be reached: getaddrinfo ENOTFOUND/);
    assert.match(error.message, /The deployment blue is ready and stays.+Run the step again/);
    assert.doesNotMatch(error.message, /was deleted/);
    assert.equal(rollout.leftover(), undefined, "nor does the post-job stage");
    const world = (await theCloud()).azure;
    assert.equal(deploymentsOfEndpoint(world, name).length, 1);
    // The same step again, once there is an address: no second deployment, and the traffic.
    const again = await (await begin(name)).done;
    assert.deepEqual(again.traffic, { blue: 100 });
    assert.equal(deploymentsOfEndpoint(world, name).length, 1);
  });

  it("that has none when the step's time ends deletes no deployment that is ready either", async () => {
    const clock = quick();
    const name = freshEndpoint();
    const opening = failing("ENOTFOUND", () => true) as never;
    const rollout = await begin(name, { opening, clock, options: { deadline: 8 * 60_000 } });
    const error = await failureOf(rollout);
    assert.match(error.message, /could not be reached: getaddrinfo ENOTFOUND/);
    assert.match(error.message, /The deployment blue is ready and stays.+Run the step again/);
    assert.equal(rollout.leftover(), undefined, "nor does the post-job stage");
    assert.equal(deploymentsOfEndpoint((await theCloud()).azure, name).length, 1);
    assert.ok(clock.slept > 7 * 60_000 && clock.slept <= 8 * 60_000, String(clock.slept));
  });

  it("is not what is wrong with a call that is refused until the step's time ends", async () => {
    const clock = quick();
    const opening = failing("ECONNREFUSED", () => true) as never;
    const error = await failureOf(await begin(freshEndpoint(), { opening, clock, options: { deadline: 40_000 } }));
    assert.match(error.message, /could not be reached: getaddrinfo ECONNREFUSED/);
    assert.match(error.message, /The deployment blue was deleted/);
    assert.ok(clock.slept <= 40_000, String(clock.slept));
  });

  it("is not what is wrong with a call that is refused for a minute", async () => {
    const clock = quick();
    const name = freshEndpoint();
    const rollout = await begin(name, { opening: failing("ECONNREFUSED", () => true) as never, clock });
    const error = await failureOf(rollout);
    assert.match(error.message, /The deployment blue was deleted/);
    assert.ok(clock.slept < 2 * 60_000, String(clock.slept));
  });
});
