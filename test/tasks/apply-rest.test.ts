// Apply and what has not come to rest: what is deleted, unknown or never ends, and a lock that is lost.
import assert from "node:assert/strict";
import { settled } from "../../lib/ml/apply/state.ts";
import { EndpointLock } from "../../lib/ml/endpoints/endpoint-lock.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import task from "../../tasks/Apply/index.ts";
import { project } from "../lib/ml/projects.ts";
import { answered, openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

interface Stateful {
  provisioningState: string;
}

const endpoint = (name: string, more = "") => `name: ${name}\nauth_mode: key\n${more}`;
const apply = (folder: string, more: Parameters<typeof runStory>[3] = {}) =>
  runStory(task, { file: folder }, folder, more);
const puts = (requests: readonly string[]) => requests.filter((one) => one.startsWith("PUT "));

describe("Apply and what is under way", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await theCloud();
  });
  const states = (store: string, key: string): Stateful => {
    const found = cloud.azure.store<Stateful>(store).get(key);
    assert.ok(found, `${store}/${key}`);
    return found;
  };

  it("what is being deleted is waited for, and then made anew", async () => {
    const name = "rest-deleting";
    const folder = project({ "a.yml": endpoint(name) });
    assert.equal((await apply(folder)).error, undefined);
    states("onlineEndpoints", name).provisioningState = "Deleting";
    let looks = 0;
    const ran = await apply(folder, {
      onRequest(method, url) {
        if (method === "GET" && url.includes(`/${name}?`) && ++looks === 3)
          cloud.azure.store<Stateful>("onlineEndpoints").delete(name);
      },
    });
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, /is Deleting: waiting/);
    assert.match(ran.log, /\+ create online endpoint rest-deleting/);
    assert.equal(states("onlineEndpoints", name).provisioningState, "Succeeded");
  });

  it("a state that nobody knows is waited for, and is neither unchanged nor failed", async () => {
    const name = "rest-unknown";
    const folder = project({ "a.yml": endpoint(name) });
    assert.equal((await apply(folder)).error, undefined);
    states("onlineEndpoints", name).provisioningState = "Recalibrating";
    let looks = 0;
    const ran = await apply(folder, {
      onRequest(method, url) {
        if (method === "GET" && url.includes(`/${name}?`) && ++looks === 3)
          states("onlineEndpoints", name).provisioningState = "Succeeded";
      },
    });
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, /is Recalibrating: waiting/);
    assert.deepEqual([ran.outputs?.changed, puts(ran.requests)], [false, []]);
  });

  it("what never comes to rest ends after half an hour, with its state and that nothing was applied", async () => {
    let now = 0;
    const clock = {
      now: () => now,
      sleep: async (pause: number) => {
        now += pause;
      },
    };
    const look = async () => ({ properties: { provisioningState: "Updating" } });
    await assert.rejects(
      settled(await openLocal(), "batch deployment blue", look, clock),
      /The batch deployment blue has been Updating for 30 minutes\. Nothing of the file was applied to it\./,
    );
    assert.ok(now >= 30 * 60_000 && now < 31 * 60_000, String(now));
  });

  it("a lock that was lost before the write stops it, and the endpoint stays as it is", async () => {
    const name = "rest-lock";
    assert.equal((await apply(project({ "a.yml": endpoint(name) }))).error, undefined);
    let renewals = 0;
    const ran = await apply(project({ "a.yml": endpoint(name, "tags: {team: b}\n") }), {
      async between(request, send) {
        const isRenewal = request.headers.get("x-ms-lease-action") === "renew";
        if (!isRenewal) return send();
        renewals += 1;
        return answered(request, 409, "<Error><Code>LeaseIdMismatchWithLeaseOperation</Code></Error>");
      },
    });
    assert.ok(renewals > 0, "the lock is asked for before the write");
    assert.match(ran.error?.message ?? "", /has lost its lock on the endpoint rest-lock, so it wrote nothing more/);
    assert.deepEqual(
      puts(ran.requests).filter((one) => one.includes(`/workspaces/ws1/onlineEndpoints/${name}`)),
      [],
    );
    // The lock itself is free again for the next run once its holder is gone.
    await new EndpointLock(await openLocal(), name).hold(undefined, async () => {});
    const again = await apply(project({ "a.yml": endpoint(name, "tags: {team: b}\n") }));
    assert.equal(again.error, undefined, again.error?.message);
  });
});
