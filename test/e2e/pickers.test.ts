// Every list that an editor shows beside an input of a task: through the service-endpoint proxy, with the very bindings of
// task.json, it holds what local Azure holds, page after page.
import assert from "node:assert/strict";
import { getBearerHandler, WebApi } from "azure-devops-node-api/WebApi.js";
import type { AssetNoun } from "../../local/azure/arm/collection.ts";
import { newStamps } from "../../local/azure/arm/envelope.ts";
import { batchDeploymentsOf, batchEndpointsOf } from "../../local/azure/records/batch-endpoint.ts";
import type { JobRecord } from "../../local/azure/records/job.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { neighbouringGroups, neighbouringWorkspaces } from "../../local/azure/records/workspace.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { type Choices, fillPickList } from "../../local/devops/endpoint-proxy/editor.ts";
import { isPicker, readTasks } from "../../scripts/generate/task-json.ts";
import { root } from "../harness/packages.ts";

/** More than local Azure's page of 30, and less than the six pages of an editor. */
const MANY = 70;
const numbered = (prefix: string) => Array.from({ length: MANY }, (_, index) => `${prefix}-${index + 1}`);
const EXPERIMENTS = ["breast-cancer", "churn", "credit"];
const author = { name: "ada", type: "User" } as const;

/** What the workspace holds, by the last segment of a list's path. */
interface Held {
  readonly [noun: string]: readonly string[];
}

function fill({ azure: world }: LocalCloud): Held {
  const stamps = newStamps(world.clock.now(), author);
  for (const name of numbered("rg")) neighbouringGroups(world).set(name, { name });
  for (const name of numbered("ws")) neighbouringWorkspaces(world).set(name, { name });
  for (const name of numbered("registry"))
    registriesOf(world).set(name, { name, id: `id-of-${name}`, location: world.location, tags: {}, properties: {} });
  const assets = (noun: AssetNoun, prefix: string) => {
    for (const name of numbered(prefix)) world.assets[noun].put(name, "1", {}, author);
    for (let version = 2; version <= MANY; version++)
      world.assets[noun].put(`${prefix}-1`, String(version), {}, author);
  };
  assets("data", "data");
  assets("models", "model");
  for (const name of numbered("store")) {
    const properties = { datastoreType: "AzureBlob", accountName: "a", containerName: "c" };
    world.store<object>("datastores").set(name, { name, properties, stamps, secrets: {} });
  }
  for (const name of numbered("endpoint")) {
    endpointsOf(world).set(name, {
      name,
      stamps,
      tags: {},
      location: world.location,
      identity: { type: "SystemAssigned" },
      properties: {},
      description: null,
      authMode: "Key",
      publicNetworkAccess: "Enabled",
      provisioningState: "Succeeded",
      traffic: {},
      mirrorTraffic: {},
      keys: { primaryKey: "", secondaryKey: "" },
      scoringUri: null,
      operationUrl: "",
    });
  }
  for (const name of numbered("deployment")) {
    deploymentsOf(world).set(deploymentKey("endpoint-1", name), {
      name,
      endpoint: "endpoint-1",
      stamps,
      tags: {},
      location: world.location,
      properties: { endpointComputeType: "Managed" },
      sku: { name: "Default", tier: "Standard", capacity: 1 },
      provisioningState: "Succeeded",
      operationUrl: "",
    });
  }
  for (const name of numbered("batch"))
    batchEndpointsOf(world).set(name, {
      ...{ name, stamps, tags: {}, location: world.location, description: null, properties: {} },
      ...{ defaultDeployment: null, provisioningState: "Succeeded", scoringUri: null, createdWith: "2024-04-01" },
      authMode: "AADToken",
    });
  for (const name of numbered("deployment"))
    batchDeploymentsOf(world).set(`batch-1/${name}`, {
      ...{ name, endpoint: "batch-1", stamps, tags: {}, location: world.location, properties: {} },
      provisioningState: "Succeeded",
    });
  numbered("job").forEach((name, index) => {
    world.store<JobRecord>("jobs").set(name, {
      name,
      sequence: index + 1,
      body: { jobType: "Command", command: "true", environmentId: "e" },
      displayName: `Training number "${index}"`,
      description: null,
      isArchived: false,
      tags: {},
      properties: {},
      experimentName: index === 0 ? "breast-cancer" : EXPERIMENTS[index % EXPERIMENTS.length]!,
      experimentId: "7",
      status: "Completed",
      created: world.clock.now(),
      stamps,
      ownerId: "o",
      outputUris: {},
      registered: {},
      logFiles: [],
    });
  });
  return {
    resourcegroups: [world.resourceGroup, ...numbered("rg")],
    registries: numbered("registry"),
    workspaces: [world.workspaceName, ...numbered("ws")],
    data: numbered("data"),
    models: numbered("model"),
    versions: Array.from({ length: MANY }, (_, index) => String(index + 1)),
    datastores: [
      "workspaceblobstore",
      "workspaceartifactstore",
      "workspacefilestore",
      "workspaceworkingdirectory",
      ...numbered("store"),
    ],
    onlineEndpoints: numbered("endpoint"),
    batchEndpoints: numbered("batch"),
    deployments: numbered("deployment"),
    jobs: numbered("job"),
  };
}

describe("lists in the task editor", () => {
  let cloud: LocalCloud;
  let held: Held;
  let post: Parameters<typeof fillPickList>[2];
  let inputs: Record<string, string>;

  before(async () => {
    cloud = await startCloud();
    held = fill(cloud);
    const { devops, connections } = cloud;
    const client = new WebApi(devops.collectionUri, getBearerHandler(devops.issuePersonalToken("Ada")), {
      cert: { caFile: cloud.caFile, certFile: "", keyFile: "", passphrase: "" },
      ignoreSslError: false,
      keepAlive: false,
    });
    const api = await client.getServiceEndpointApi();
    post = async (request, endpointId) =>
      (await api.executeServiceEndpointRequest(
        request as Parameters<typeof api.executeServiceEndpointRequest>[0],
        devops.project.name,
        endpointId,
      )) as Awaited<ReturnType<typeof post>>;
    inputs = {
      azureSubscription: connections["azure-ml"].id,
      resourceGroup: cloud.resourceGroup,
      workspace: cloud.workspace,
      endpointName: "endpoint-1",
    };
  });
  after(() => cloud?.close());

  const tasks = readTasks(root);
  const bindingsOf = (json: (typeof tasks)[number]["json"]) => json.dataSourceBindings ?? [];
  const fillOf = (binding: Parameters<typeof fillPickList>[0], over: Record<string, string> = {}): Promise<Choices> =>
    fillPickList(binding, { ...inputs, ...over }, post);
  /** `…/models/{{{name}}}/versions?…` -> versions */
  const nounOf = (url: string) => /\/(\w+)\?/.exec(url)?.[1] ?? "";

  for (const { folder, json } of tasks) {
    describe(folder, () => {
      for (const input of json.inputs.filter(isPicker)) {
        const binding = bindingsOf(json).find(({ target }) => target === input.name)!;
        const noun = nounOf(binding.endpointUrl);
        it(`offers what there is for ${input.name}: ${noun}`, async () => {
          const [, asset = "", parameter = ""] = /\/(data|models)\/\{\{\{(\w+)/.exec(binding.endpointUrl) ?? [];
          const from = binding.parameters?.[parameter]?.replace(/\W/g, "");
          const over = {
            ...(from === undefined ? {} : { [from]: asset === "data" ? "data-1" : "model-1" }),
            ...(binding.endpointUrl.includes("/batchEndpoints/") ? { endpointName: "batch-1" } : {}),
          };
          const { choices, pages, isCut } = await fillOf(binding, over);
          const offered = choices.map(({ Value }) => Value.replace(/^endpoint:(?=endpoint)|@latest$/g, ""));
          assert.ok(held[noun], `the test knows what there is of ${noun}`);
          // There is no list of experiments: each of the latest jobs names its own.
          if (input.name === "experimentName") assert.deepEqual([...new Set(offered)].toSorted(), EXPERIMENTS);
          else assert.deepEqual(offered.toSorted(), held[noun].toSorted());
          assert.equal(pages, Math.ceil(held[noun].length / 30));
          assert.equal(isCut, false);
          for (const { Value, DisplayValue } of choices) assert.ok(DisplayValue.startsWith(Value));
        });
      }
    });
  }

  const binding = (folder: string, target: string) =>
    bindingsOf(tasks.find((one) => one.folder === folder)!.json).find((one) => one.target === target)!;

  it("follow the inputs that they depend on", async () => {
    const workspaces = await fillOf(binding("SubmitJob", "workspace"), { resourceGroup: "rg-1" });
    assert.deepEqual(workspaces.choices, []);
    const everywhere = await fillOf(binding("SubmitJob", "workspace"), { resourceGroup: "" });
    assert.equal(everywhere.choices.length, MANY + 1);
    const deployments = await fillOf(binding("InvokeEndpoint", "deploymentName"), { endpointName: "endpoint-2" });
    assert.deepEqual(deployments.choices, []);
    const versions = await fillOf(binding("RegisterModel", "version"), { name: "model-2" });
    assert.deepEqual(versions.choices, [{ Value: "1", DisplayValue: "1" }]);
  });

  it("are a registry's where one is named", async () => {
    for (const noun of ["data", "models"] as const)
      for (const version of ["1", "2"])
        registryAssets(cloud.azure, "registry-1")?.[noun].put("shared", version, {}, author);
    const registry = { registry: "registry-1", workspace: "" };
    const of = async (folder: string, target: string, over: Record<string, string> = {}) =>
      (await fillOf(binding(folder, target), { ...registry, ...over })).choices.map(({ Value }) => Value);
    assert.deepEqual(await of("RegisterData", "name"), ["shared"]);
    assert.deepEqual(await of("RegisterData", "version", { name: "shared" }), ["2", "1"]);
    assert.deepEqual(await of("DownloadModel", "versionOrLabel", { modelName: "shared" }), ["2", "1"]);
    assert.deepEqual(await of("CheckModel", "modelVersion", { modelName: "shared" }), ["2", "1"]);
  });

  it("need no resource group and no workspace where the connection has the scope of one", async () => {
    const azureSubscription = cloud.connections["azure-ml-workspace"].id;
    const nothing = { azureSubscription, resourceGroup: "", workspace: "" };
    const endpoints = await fillOf(binding("InvokeEndpoint", "endpointName"), nothing);
    assert.equal(endpoints.choices.length, MANY);
  });

  it("come with a certificate and by federation as well, and say why they are empty otherwise", async () => {
    const groups = binding("SubmitJob", "resourceGroup");
    for (const name of ["azure-ml-certificate", "azure-ml-federated"] as const) {
      const { choices } = await fillOf(groups, { azureSubscription: cloud.connections[name].id });
      assert.equal(choices.length, MANY + 1, name);
    }
    const refused = (name: keyof LocalCloud["connections"], message: RegExp) =>
      assert.rejects(fillOf(groups, { azureSubscription: cloud.connections[name].id }), message);
    await refused("azure-ml-identity", /managed identity, which lives on the agent's machine/);
    await refused("azure-ml-expired", /AADSTS7000222/);
    await refused("azure-ml-forbidden", /Forbidden/);
    await assert.rejects(fillOf(groups, { azureSubscription: "5e4e6ce0-0000-4000-8000-0000000000ff" }), /not found/);
  });

  it("say what an experiment's job was", async () => {
    const { choices } = await fillOf(binding("EvaluateMetrics", "jobName"));
    assert.equal(choices.find(({ Value }) => Value === "job-1")?.DisplayValue, "job-1 (breast-cancer, Completed)");
  });

  // After the tasks' own lists, because it adds to what there is.
  describe("of more than an editor asks for", () => {
    it("are cut after its last callback", async () => {
      const { azure: world } = cloud;
      for (let index = 0; index < 200; index++) world.assets.models.put(`more-${index}`, "1", {}, author);
      const { choices, pages, isCut } = await fillOf(binding("RegisterModel", "name"));
      assert.deepEqual([choices.length, pages, isCut], [180, 6, true]);
    });
  });
});
