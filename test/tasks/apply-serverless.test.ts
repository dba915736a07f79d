// Apply and serverless endpoints: a subscription before its endpoint, and nothing a second time.
import assert from "node:assert/strict";
import { serverlessEndpointsOf } from "../../local/azure/records/serverless-endpoint.ts";
import task from "../../tasks/Apply/index.ts";
import { project } from "../lib/ml/projects.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const MODEL = "azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct";
const schema = (name: string) => `$schema: https://azuremlschemas.azureedge.net/latest/${name}.schema.json\n`;

describe("Apply and serverless endpoints", () => {
  it("makes the subscription first, then the endpoint, and changes nothing a second time", async () => {
    const folder = project({
      "a.yml": `${schema("serverlessEndpoint")}name: llama-api\nmodel_id: ${MODEL}\ntags: {team: a}\n`,
      "b.yml": `${schema("marketplaceSubscription")}name: llama-api\nmodel_id: ${MODEL}\n`,
    });
    const ran = await runStory(task, { file: folder }, folder);
    assert.equal(ran.error, undefined, ran.error?.message);
    const writes = ran.requests.filter((one) => one.startsWith("PUT ") && /serverless|marketplace/.test(one));
    assert.deepEqual(
      writes.map((one) => /(marketplaceSubscriptions|serverlessEndpoints)/.exec(one)?.[0]),
      ["marketplaceSubscriptions", "serverlessEndpoints"],
    );
    const made = serverlessEndpointsOf((await theCloud()).azure).get("llama-api");
    assert.deepEqual([made?.provisioningState, made?.modelId, made?.authMode], ["Succeeded", MODEL, "Key"]);
    const again = await runStory(task, { file: folder }, folder);
    assert.equal(again.error, undefined, again.error?.message);
    assert.deepEqual(
      again.requests.filter((one) => one.startsWith("PUT ")),
      [],
    );
  });
});
