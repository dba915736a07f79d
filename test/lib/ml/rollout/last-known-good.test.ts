// The last known good deployment: written to the endpoint with the traffic of a rollout that ends well, and taken back with it.
import assert from "node:assert/strict";
import { LAST_KNOWN_GOOD } from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import { endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import {
  afterAnswer,
  afterJob,
  begin,
  failureOf,
  freshEndpoint,
  isTrafficWrite,
  release,
  served,
} from "../rollouts.ts";
import { theCloud } from "../world.ts";

const tagsOf = async (endpoint: string) => endpointsOf((await theCloud()).azure).get(endpoint)?.tags ?? {};
const goodOn = async (endpoint: string) => (await tagsOf(endpoint))[LAST_KNOWN_GOOD];

describe("the last known good deployment", () => {
  it("is on the endpoint once a rollout has given it all of the traffic, beside the endpoint's own tags", async () => {
    const name = freshEndpoint();
    await release(name);
    assert.equal(await goodOn(name), "blue");
    assert.equal((await tagsOf(name))["team"], "a");
    await release(name, { deployment: "green", how: "a", percent: 10 });
    assert.equal(await goodOn(name), "blue", "a share is not all of the traffic");
    await release(name, { deployment: "green", how: "a" });
    assert.equal(await goodOn(name), "green blue");
  });

  it("stays as it was where a rollout fails, and goes back where one is cancelled after its traffic had moved", async () => {
    const name = freshEndpoint();
    await release(name);
    await failureOf(await begin(name, { deployment: "green", how: "wrong" }));
    assert.equal(await goodOn(name), "blue");
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      opening: afterAnswer(isTrafficWrite(name), () => rollout.cancel()),
    });
    await failureOf(rollout);
    await afterJob(rollout);
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
    assert.equal(await goodOn(name), "blue");
  });
});
