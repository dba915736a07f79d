// AzureMLCleanUp by the door that ships: it plans unless told otherwise, and a failure leaves outputs, record and error behind.
import assert from "node:assert/strict";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import task from "../../tasks/CleanUp/index.ts";
import { addEndpoint, DAY } from "../lib/ml/cleanup/things.ts";
import { answered, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const over = () => ({ "azureDevOps.expires": new Date(Date.now() - 3_600_000).toISOString() });

describe("CleanUp", () => {
  const seed = async (...names: string[]) => {
    const { azure } = await theCloud();
    for (const name of names) addEndpoint(azure, name, { tags: over() }, Date.now() - 9 * DAY);
    return endpointsOf(azure);
  };

  it("plans where `plan` is left out, and sets what would be done", async () => {
    const endpoints = await seed("told-a");
    const { result, set, log, record } = await runStory(task, { endpointPatterns: "told-*" }, "/");
    assert.equal(result, "Succeeded", log);
    assert.deepEqual([set["changed"], set["counts.endpoints"]], ["true", "1"]);
    assert.match(log, /"method":"DELETE","path":".*\/onlineEndpoints\/told-a"/);
    assert.equal(record.cleanUp?.isPlan, true);
    assert.ok(endpoints.get("told-a"));
  });

  it("fails where one thing fails, with outputs that say what was done", async () => {
    const endpoints = await seed("half-a", "half-b");
    const refused = { error: { code: "AuthorizationFailed", message: "Not this one." } };
    const { result, error, set, record } = await runStory(task, { endpointPatterns: "half-*", plan: "false" }, "/", {
      between: async (request, send) =>
        request.method === "DELETE" && request.url.includes("half-b") ? answered(request, 403, refused) : send(),
    });
    assert.equal(result, "Failed");
    assert.match(error?.message ?? "", /^1 of 2 changes of the clean-up failed; 1 were done and stay done\./);
    assert.deepEqual([set["changed"], set["counts.endpoints"], set["counts.failed"]], ["true", "1", "1"]);
    const changes = JSON.parse(set["changes"]!) as { name: string; outcome: string }[];
    assert.deepEqual(Object.fromEntries(changes.map(({ name, outcome }) => [name, outcome])), {
      "half-a": "deleted",
      "half-b": "failed",
    });
    assert.equal(record.cleanUp?.changes.length, 2);
    assert.deepEqual([endpoints.has("half-a"), endpoints.has("half-b")], [false, true]);
  });
});
