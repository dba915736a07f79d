// Serverless endpoints and marketplace subscriptions: their bodies, and what is refused with its line.
import assert from "node:assert/strict";
import { marketplaceSubscriptionKind } from "../../../../lib/documents/endpoints/marketplace-subscription.ts";
import { serverlessEndpointKind } from "../../../../lib/documents/endpoints/serverless-endpoint.ts";
import { kindOf } from "../../../../lib/documents/language/kind.ts";
import { faultsOf, offline, type Project, project } from "../project.ts";

const MODEL = "azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct";
const schema = (name: string) => `$schema: https://azuremlschemas.azureedge.net/latest/${name}.schema.json\n`;

describe("serverless endpoints and marketplace subscriptions", () => {
  let files: Project;
  beforeEach(() => {
    files = project({});
  });
  afterEach(() => files.remove());

  it("writes an endpoint at a stable version, which wants an authentication mode", async () => {
    const yaml = `name: llama\nmodel_id: ${MODEL}\ntags: {a: 1}\n`;
    assert.deepEqual(
      await serverlessEndpointKind.translate(serverlessEndpointKind.parse(files.yaml(yaml)), offline()),
      {
        method: "PUT",
        path: "serverlessEndpoints/llama",
        apiVersion: "2025-12-01",
        body: {
          location: "eastus2",
          tags: { a: "1" },
          sku: { name: "Consumption" },
          properties: { authMode: "Key", modelSettings: { modelId: MODEL } },
        },
      },
    );
  });

  it("writes the subscription to a model's offer", async () => {
    const yaml = `name: llama\nmodel_id: ${MODEL}\n`;
    const document = marketplaceSubscriptionKind.parse(files.yaml(yaml));
    const write = await marketplaceSubscriptionKind.translate(document, offline());
    assert.deepEqual([write.path, write.body], ["marketplaceSubscriptions/llama", { properties: { modelId: MODEL } }]);
  });

  it("are told apart by their schema, and never guessed", () => {
    const common = `name: llama\nmodel_id: ${MODEL}\n`;
    assert.equal(kindOf(files.yaml(schema("serverlessEndpoint") + common)), "serverless endpoint");
    assert.equal(kindOf(files.yaml(schema("marketplaceSubscription") + common)), "marketplace subscription");
    assert.equal(kindOf(files.yaml(common)), "document of an unknown kind");
    assert.equal(kindOf(files.yaml(`${common}auth_mode: key\n`)), "serverless endpoint");
    assert.equal(kindOf(files.yaml("name: e\nauth_mode: key\n")), "online endpoint");
  });

  const refused: Readonly<Record<string, readonly [yaml: string, says: RegExp]>> = {
    "a version of the model": [
      `name: llama\nmodel_id: ${MODEL}/versions/1\n`,
      /names a version, and a serverless endpoint takes none/,
    ],
    "a label of the model": [`name: llama\nmodel_id: ${MODEL}/labels/latest\n`, /names a version/],
    "a model of a workspace": ["name: llama\nmodel_id: azureml:llama:1\n", /the id of a registry's model is needed/],
    "a name that Azure refuses": [`name: my_llama\nmodel_id: ${MODEL}\n`, /my_llama.*Azure refuses/],
    "no model": ["name: llama\n", /model_id/],
  };
  for (const [what, [yaml, says]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      assert.match(faultsOf(() => serverlessEndpointKind.parse(files.yaml(yaml))).join("\n"), says);
    });
  }
});
