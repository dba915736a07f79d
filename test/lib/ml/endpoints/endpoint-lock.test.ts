// The lock of an endpoint: one at a time, nothing written once it is lost, given back on every road, and a warning without rights.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { openDatastore } from "../../../../lib/ml/assets/datastores.ts";
import { EndpointLock, type Held } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { until } from "../../../harness/until.ts";
import { begin, failureOf, freshEndpoint, gate, isTrafficWrite, release, served, settled } from "../rollouts.ts";
import { answered, type Opening, openLocal } from "../world.ts";

const blobOf = (endpoint: string) => `azure-pipelines/locks/onlineEndpoints/${endpoint}.json`;
const lease = async (endpoint: string) => (await openDatastore(await openLocal())).container.leased(blobOf(endpoint));
const entry = (by: string, more: object = {}) => ({ by, step: "", created: true, until: Date.now() + 60_000, ...more });

async function lockOf(endpoint: string, opening: Opening = {}) {
  const workspace = await openLocal(opening);
  return { lock: new EndpointLock(workspace, endpoint), log: workspace.log };
}

describe("the lock of an endpoint", () => {
  it("lets one in at a time, and tells the next what is not finished", async () => {
    const name = freshEndpoint();
    const [one, other] = [await lockOf(name), await lockOf(name.toUpperCase())];
    const [inside, leave] = [gate(), gate()];
    const order: string[] = [];
    const first = one.lock.hold(60_000, async (held) => {
      inside.open();
      await leave.opened;
      await held.note("Green", entry("a"));
      order.push("first");
    });
    await inside.opened;
    const second = other.lock.hold(60_000, async (held) => {
      order.push("second");
      return held.rollouts;
    });
    await until("the second waits", () => other.log.text().includes("Another run is changing the endpoint"));
    leave.open();
    await first;
    assert.equal((await second)?.["green"]?.by, "a");
    assert.deepEqual(order, ["first", "second"]);
    assert.equal((await one.lock.rollouts())?.["green"]?.by, "a");
  });

  it("says who is in the way where the other does not end in time", async () => {
    const name = freshEndpoint();
    const [one, other] = [await lockOf(name), await lockOf(name)];
    const leave = gate();
    const inside = gate();
    const first = one.lock.hold(60_000, async () => {
      inside.open();
      await leave.opened;
    });
    await inside.opened;
    await assert.rejects(
      other.lock.hold(1, async () => assert.fail("it was let in")),
      { kind: "timeout", message: /Another run is changing the endpoint ep-/ },
    );
    leave.open();
    await first;
  });

  it("is given back where the work fails, and where the pipeline is cancelled", async () => {
    const name = freshEndpoint();
    const { lock } = await lockOf(name);
    await assert.rejects(
      lock.hold(60_000, async () => {
        throw new Error("as it happens");
      }),
      /as it happens/,
    );
    const stop = new AbortController();
    const cancelled = await lockOf(name, { signal: stop.signal });
    await assert.rejects(
      cancelled.lock.hold(60_000, async () => {
        stop.abort(new Error("cancelled"));
        stop.signal.throwIfAborted();
      }),
      /cancelled/,
    );
    assert.equal(await (await lease(name)).acquire(randomUUID()), true, "nobody has it any more");
  });

  it("stops what writes once it is lost", async () => {
    const name = freshEndpoint();
    const { lock } = await lockOf(name);
    let held: Held | undefined;
    await lock.hold(60_000, async (now) => {
      held = now;
      await now.requireHeld();
    });
    // Somebody else has it by now.
    assert.equal(await (await lease(name)).acquire(randomUUID()), true);
    await assert.rejects(held!.requireHeld(), { kind: "conflict", message: /lost its lock on the endpoint ep-/ });
    await assert.rejects(held!.note("green", entry("a")));
  });

  it("forgets a rollout whose time has passed, and does not know of any where others wrote into it", async () => {
    const name = freshEndpoint();
    const { lock } = await lockOf(name);
    await lock.hold(60_000, async (held) => {
      await held.note("old", entry("a", { until: Date.now() - 1 }));
      await held.note("new", entry("b"));
    });
    assert.deepEqual(Object.keys((await lock.rollouts()) ?? {}), ["new"]);
    const blob = await lease(name);
    const id = randomUUID();
    for (const text of ["{", "[]", "null", '{"rollouts":{"x":{"by":1}}}', '{"rollouts":[null]}', "x".repeat(100_000)]) {
      assert.equal(await blob.acquire(id), true);
      await blob.write(id, text);
      assert.equal(await lock.rollouts(), undefined, text.slice(0, 40));
      await blob.release(id);
      await lock.hold(60_000, async ({ rollouts, areAll }) => {
        assert.deepEqual([rollouts, areAll], [{}, false], text.slice(0, 40));
      });
    }
    await lock.hold(60_000, (held) => held.note("newer", entry("c")));
    assert.deepEqual(Object.keys((await lock.rollouts()) ?? {}), ["newer"], "the next rollout writes it anew");
  });

  it("is not read where somebody put a large blob in its place", async () => {
    const name = freshEndpoint();
    const blob = await lease(name);
    const id = randomUUID();
    assert.equal(await blob.acquire(id), true);
    await blob.write(id, " ".repeat(9 * 1024 * 1024));
    await blob.release(id);
    let asked = 0;
    const { lock } = await lockOf(name, {
      between: async (request, send) => {
        const response = await send();
        const isContent = request.method === "GET" && request.url.includes("/azure-pipelines/locks/");
        if (isContent) asked += Number(response.headers.get("content-length") ?? 0);
        return response;
      },
    });
    assert.equal(await lock.rollouts(), undefined);
    assert.ok(asked <= 64 * 1024, `${asked} bytes were read`);
    await lock.hold(60_000, async (held) => {
      await held.note("green", entry("a"));
    });
    assert.deepEqual(Object.keys((await lock.rollouts()) ?? {}), ["green"], "and then it is as small as it should be");
  });

  it("is a warning where storage refuses it, and the rollout goes on", async () => {
    const name = freshEndpoint();
    const rollout = await begin(name, {
      opening: {
        between: async (request, send) =>
          request.url.includes("/azure-pipelines/locks/")
            ? answered(
                request,
                403,
                "<?xml version='1.0'?><Error><Code>AuthorizationFailure</Code><Message>Not here.</Message></Error>",
              )
            : send(),
      },
    });
    await rollout.done;
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
    const warnings = rollout.log.lines.filter((line) => line.startsWith("[warning]"));
    assert.equal(warnings.length, 1, rollout.log.text());
    assert.match(warnings[0]!, /cannot be locked: .*Storage Blob Data Contributor/);
  });

  it("a rollout that has lost it writes no traffic", async () => {
    const name = freshEndpoint();
    await release(name);
    let isLost = false;
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      keep: true,
      opening: {
        async between(request, send) {
          if (request.url.includes("/score")) isLost = true;
          // From the call on its lease is somebody else's, as storage says to each renewal.
          const isRenewal = request.headers.get("x-ms-lease-action") === "renew";
          if (isLost && isRenewal) {
            return answered(
              request,
              409,
              "<?xml version='1.0'?><Error><Code>LeaseIdMismatchWithLeaseOperation</Code><Message>No.</Message></Error>",
            );
          }
          assert.ok(!isLost || !isTrafficWrite(name)(request), "traffic was written");
          return send();
        },
      },
    });
    const error = await failureOf(rollout);
    assert.match(error.message, /lost its lock/);
    await settled(name);
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
  });
});
