// The one merge, in a table: what an update sends of what is there and of what is wanted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { merged, type Resource } from "../../../../lib/ml/workspace/merge.ts";

describe("the body of an update", () => {
  const table: [what: string, wanted: Resource, there: Resource, sent: object][] = [
    [
      "keeps what is there and not asked for",
      { properties: { model: "m:2" } },
      { properties: { model: "m:1", livenessProbe: { period: "PT10S" } } },
      { properties: { model: "m:2", livenessProbe: { period: "PT10S" } } },
    ],
    [
      "sends nothing that is read-only, and nothing that is empty",
      { properties: {} },
      {
        id: "/e",
        name: "e",
        properties: { provisioningState: "Failed", scoringUri: "https://x", description: null, a: 1 },
      },
      { properties: { a: 1 } },
    ],
    [
      "takes an empty value for one that is not asked for",
      { properties: { traffic: {}, authMode: "Key" } },
      { properties: { traffic: { blue: 100 } } },
      { properties: { traffic: { blue: 100 }, authMode: "Key" } },
    ],
    [
      "replaces a mapping as a whole",
      { properties: { scaleSettings: { scaleType: "Default" } } },
      { properties: { scaleSettings: { scaleType: "TargetUtilization", maxInstances: 3 } } },
      { properties: { scaleSettings: { scaleType: "Default" } } },
    ],
    [
      "has no variable of an earlier file",
      { properties: { environmentVariables: {} } },
      { properties: { environmentVariables: { DEBUG: "1" } } },
      { properties: { environmentVariables: {} } },
    ],
    [
      "keeps variables, but for those that the service adds by itself",
      { properties: { model: "m:2" } },
      {
        properties: {
          codeConfiguration: { scoringScript: "score.py" },
          environmentVariables: {
            AZUREML_MODEL_DIR: "/var/azureml-app/azureml-models/m/1",
            AZUREML_ENTRY_SCRIPT: "score.py",
            AML_APP_ROOT: "/var/azureml-app/code",
            DEBUG: "1",
          },
        },
      },
      {
        properties: {
          model: "m:2",
          codeConfiguration: { scoringScript: "score.py" },
          environmentVariables: { DEBUG: "1" },
        },
      },
    ],
    [
      "keeps a variable that a person has set in place of the service's",
      { properties: { model: "m:2" } },
      { properties: { environmentVariables: { AZUREML_MODEL_DIR: "/models" } } },
      { properties: { model: "m:2", environmentVariables: { AZUREML_MODEL_DIR: "/models" } } },
    ],
    [
      "merges tags and properties of the user's by name, at both places",
      { tags: { both: "new" }, properties: { tags: { a: "2" }, properties: { p: "2" } } },
      { tags: { theirs: "1", both: "old" }, properties: { tags: { a: "1", b: "1" }, properties: { q: "1" } } },
      { tags: { theirs: "1", both: "new" }, properties: { tags: { a: "2", b: "1" }, properties: { p: "2", q: "1" } } },
    ],
    [
      "keeps place, kind, size and the identity that was chosen, without what the service says of it",
      { sku: { name: "Default", capacity: 2 }, properties: { a: 1 } },
      {
        location: "eastus2",
        kind: "Managed",
        sku: { name: "Default", tier: "Standard", capacity: 1 },
        identity: {
          type: "SystemAssigned,UserAssigned",
          principalId: "p",
          tenantId: "t",
          userAssignedIdentities: { "/ids/me": { principalId: "p", clientId: "c" } },
        },
        properties: {},
      },
      {
        location: "eastus2",
        kind: "Managed",
        sku: { name: "Default", capacity: 2 },
        identity: { type: "SystemAssigned,UserAssigned", userAssignedIdentities: { "/ids/me": {} } },
        properties: { a: 1 },
      },
    ],
  ];
  for (const [what, wanted, there, sent] of table) it(what, () => assert.deepEqual(merged(wanted, there), sent));

  it("keeps what it does not manage in an update, and sends nothing that is read-only", () => {
    const there = {
      location: "eastus2",
      tags: { theirs: "1", both: "old" },
      properties: {
        traffic: { blue: 100 },
        provisioningState: "Succeeded",
        scoringUri: "https://x",
        description: null,
      },
    };
    const wanted = { tags: { both: "new" }, properties: { traffic: {}, authMode: "Key" } };
    assert.deepEqual(merged(wanted, there), {
      location: "eastus2",
      tags: { theirs: "1", both: "new" },
      properties: { traffic: { blue: 100 }, authMode: "Key" },
    });
  });
});

describe("the body of an update, by the published types", () => {
  interface Published {
    readonly definitions: Readonly<
      Record<
        string,
        readonly { readonly properties?: Readonly<Record<string, string | { readonly readOnly?: boolean }>> }[]
      >
    >;
  }
  const file = new URL("../../../../local/azure/contract/published.gen.json", import.meta.url);
  const { definitions } = JSON.parse(readFileSync(file, "utf8")) as Published;
  /** Fields that are read-only in every version that has them. */
  const readOnlyOf = (definition: string): string[] => {
    const fields = (definitions[definition] ?? []).flatMap(({ properties }) => Object.entries(properties ?? {}));
    const mayBeSent = new Set(fields.flatMap(([name, of]) => (typeof of === "object" && of.readOnly ? [] : [name])));
    return [...new Set(fields.map(([name]) => name))].filter((name) => !mayBeSent.has(name));
  };

  for (const definition of [
    ...[
      "EndpointPropertiesBase",
      "OnlineEndpointProperties",
      "BatchEndpointProperties",
      "ServerlessEndpointProperties",
    ],
    ...["MarketplaceSubscriptionProperties", "DatastoreProperties", "BatchDeploymentProperties", "ScheduleProperties"],
    ...["Compute", "EnvironmentVersionProperties", "AssetContainer", "RegistryProperties"],
  ])
    it(`sends back nothing that is read-only: ${definition}`, () => {
      const names = readOnlyOf(definition);
      const there = Object.fromEntries(names.map((name) => [name, "as the service says"]));
      assert.deepEqual(merged({ properties: {} }, { properties: { ...there, kept: 1 } }).properties, { kept: 1 });
    });

  it("sends back nothing that is read-only of a compute's own properties, and all properties that people give an endpoint", () => {
    for (const definition of ["AmlComputeProperties", "ComputeInstanceProperties"]) {
      const own = Object.fromEntries(readOnlyOf(definition).map((name) => [name, "as the service says"]));
      const there = { properties: { computeType: "AmlCompute", properties: { ...own, vmSize: "A" } } };
      assert.deepEqual(merged({ properties: {} }, there).properties["properties"], { vmSize: "A" });
    }
    const there = { properties: { properties: { state: "of the user's" } } };
    assert.deepEqual(merged({ properties: {} }, there).properties["properties"], { state: "of the user's" });
  });
});
