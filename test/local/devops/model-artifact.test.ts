// The release artifact type "Azure ML model": the lists that editors show for it, asked of local Azure by the server's own proxy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { getBearerHandler, WebApi } from "azure-devops-node-api";
import { registriesOf, registryAssets } from "../../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { type Binding, type Choices, fillPickList } from "../../../local/devops/endpoint-proxy/editor.ts";
import { readTasks } from "../../../scripts/generate/task-json.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const { contribution } = JSON.parse(readFileSync(path.join(root, "contributions", "model-artifact.json"), "utf8"));
const { properties } = contribution;

describe("the release artifact type Azure ML model", () => {
  let cloud: LocalCloud;
  let inputs: Record<string, string>;

  before(async () => {
    cloud = await startCloud();
    const author = { name: "Ada", type: "User" as const };
    const put = (name: string, version: string, tags: object = {}) =>
      cloud.azure.assets.models.put(
        name,
        version,
        { modelUri: `azureml://datastores/workspaceblobstore/paths/m/${version}`, modelType: "custom_model", tags },
        author,
      );
    // More than one page, and versions whose order by text is another than by creation.
    for (let version = 1; version <= 40; version++)
      put("credit", String(version), version % 10 === 0 ? { stage: "prod" } : {});
    put("fraud", "1");
    const { location } = cloud.azure;
    registriesOf(cloud.azure).set("shared", { name: "shared", id: "r", location, tags: {}, properties: {} });
    for (let version = 1; version <= 40; version++) {
      const modelUri = `https://storage/shared/${version}`;
      const more = version === 10 ? { tags: { stage: "prod" } } : {};
      registryAssets(cloud.azure, "shared")?.models.put("common", String(version), { modelUri, ...more }, author);
    }
    inputs = {
      connection: cloud.connections["azure-ml"].id,
      resourceGroup: "rg1",
      workspace: "ws1",
      definition: "credit",
      tags: "",
    };
  });
  after(() => cloud.close());

  /** Implicit in bindings of artifact types: the endpoint is the connection, the variables are the inputs (docs/facts/extension.md#6.3). */
  async function list(target: string, more: Record<string, string> = {}): Promise<Choices> {
    const found = properties.dataSourceBindings.find((one: Binding) => one.target === target);
    const given = { ...inputs, ...more };
    const parameters = Object.fromEntries(Object.keys(given).map((name) => [name, `$(${name})`]));
    const token = cloud.devops.issuePersonalToken("Ada Example");
    const web = new WebApi(cloud.devops.collectionUri, getBearerHandler(token), { cert: { caFile: cloud.caFile } });
    const api = await web.getServiceEndpointApi();
    return fillPickList({ ...found, endpointId: "$(connection)", parameters }, given, async (request, id) => {
      const answer = await api.executeServiceEndpointRequest(request as never, cloud.devops.project.name, id);
      return answer as never;
    });
  }
  const values = ({ choices }: Choices) => choices.map(({ Value }) => Value);

  it("lists resource groups, workspaces and models", async () => {
    assert.ok(values(await list("resourceGroup")).includes("rg1"));
    assert.ok(values(await list("workspace")).includes("ws1"));
    assert.deepEqual(values(await list("definition")).sort(), ["credit", "fraud"]);
  });

  it("asks for no place that the connection has: one with the scope of a workspace", async () => {
    const form = (wanted: string) => properties.inputDescriptors.find(({ id }: { id: string }) => id === wanted);
    assert.equal(form("resourceGroup").validation.isRequired, false);
    assert.match(form("resourceGroup").description, /unless the connection has the scope of a workspace/);
    const scoped = { connection: cloud.connections["azure-ml-workspace"].id, resourceGroup: "", workspace: "" };
    assert.deepEqual(values(await list("definition", scoped)).sort(), ["credit", "fraud"]);
    assert.equal(values(await list("versions", scoped)).length, 40);
    assert.deepEqual(values(await list("latestVersion", { ...scoped, tags: "stage=prod" })), ["40"]);
    assert.equal(values(await list("defaultVersionSpecific", scoped))[0], "40");
    for (const target of ["artifacts", "artifactItems"]) {
      const { choices } = await list(target, { ...scoped, version: "7" });
      assert.equal(choices[0]?.DisplayValue, "azureml://datastores/workspaceblobstore/paths/m/7");
    }
  });

  it("lists the workspaces and registries of the whole subscription where no resource group is chosen", async () => {
    assert.ok(values(await list("workspace", { resourceGroup: "", workspace: "" })).includes("ws1"));
    assert.deepEqual(values(await list("registry", { resourceGroup: "", workspace: "" })), ["shared"]);
  });

  it("lists registries, and what one holds in the same order", async () => {
    assert.deepEqual(values(await list("registry")), ["shared"]);
    const shared = { workspace: "", registry: "shared", definition: "common" };
    assert.deepEqual(values(await list("definition", shared)), ["common"]);
    const versions = values(await list("versions", shared));
    assert.deepEqual([versions.length, ...versions.slice(30, 32)], [40, "10", "9"]);
    assert.deepEqual(values(await list("latestVersion", shared)), ["40"]);
    assert.deepEqual(values(await list("latestVersion", { ...shared, tags: "stage=prod" })), ["10"]);
    const { choices } = await list("artifactItems", { ...shared, version: "7" });
    assert.equal(choices[0]?.DisplayValue, "https://storage/shared/7");
  });

  for (const target of ["versions", "defaultVersionSpecific"])
    it(`lists ${target} of a model over pages, the newest first: 10 after 9`, async () => {
      const answer = await list(target);
      assert.ok(answer.pages > 1);
      assert.deepEqual(
        values(answer),
        Array.from({ length: 40 }, (_, index) => String(40 - index)),
      );
    });

  it("takes the latest by creation, and the latest of those that carry tags", async () => {
    assert.deepEqual(values(await list("latestVersion")), ["40"]);
    assert.deepEqual(values(await list("latestVersion", { tags: "stage=prod" })), ["40"]);
    assert.deepEqual(values(await list("versions", { tags: "stage=prod" })), ["40", "30", "20", "10"]);
    assert.deepEqual(values(await list("latestVersion", { tags: "stage=dev" })), []);
  });

  it("shows where the files lie, which is all that Azure Resource Manager tells of them", async () => {
    for (const target of ["artifacts", "artifactItems"]) {
      const { choices } = await list(target, { version: "7" });
      assert.deepEqual(
        choices.map(({ Value, DisplayValue }) => [Value, DisplayValue]),
        [[".", "azureml://datastores/workspaceblobstore/paths/m/7"]],
      );
    }
  });

  it("names a download task that takes its inputs by their names", () => {
    const task = readTasks(root).find(({ json }) => json.id === properties.downloadTaskId);
    assert.equal(task?.folder, "DownloadModel");
    const taken = new Set(task?.json.inputs.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]));
    for (const name of [
      "connection",
      "resourceGroup",
      "workspace",
      "registry",
      "definition",
      "version",
      "downloadPath",
    ])
      assert.ok(taken.has(name), name);
  });

  it("has the ids that Azure DevOps knows, every upstream input of a list, and no list without its input", () => {
    assert.equal(contribution.type, "ms.vss-releaseartifact.release-artifact-type");
    assert.deepEqual(contribution.targets, ["ms.vss-releaseartifact.artifact-types"]);
    assert.equal(properties.endpointTypeId, "azurerm");
    const ids: string[] = properties.inputDescriptors.map(({ id }: { id: string }) => id);
    const wellKnown = ["versions", "latestVersion", "artifactItems"];
    for (const { target, endpointUrl } of properties.dataSourceBindings as Binding[]) {
      assert.ok(ids.includes(target) || wellKnown.includes(target), target);
      const input = properties.inputDescriptors.find(({ id }: { id: string }) => id === target);
      for (const [, name = ""] of (endpointUrl ?? "").matchAll(/\{\{\{(\w+)\}\}\}/g)) {
        if (["skip", "skipToken", "version"].includes(name)) continue;
        assert.ok(ids.includes(name), `${target} asks for ${name}`);
        if (input) assert.ok(input.dependencyInputIds.includes(name), `${target} follows ${name}`);
      }
    }
    for (const target of ["definition", "versions", "latestVersion"])
      assert.ok(
        properties.dataSourceBindings.some((one: Binding) => one.target === target),
        `${target} is required`,
      );
  });
});
