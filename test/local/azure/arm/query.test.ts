// Query parameters of the management plane: what a list can be asked for works, and what it cannot is refused, never ignored.
import assert from "node:assert/strict";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { type Answer, ask, tokenOf, workspaceAsk } from "../client.ts";

const names = (answer: Answer): string[] => {
  assert.equal(answer.status, 200, answer.text);
  return answer.body.value.map((one: { name: string }) => one.name);
};

describe("query parameters of the management plane", () => {
  let cloud: LocalCloud;
  let token: string;
  const call = (method: string, path: string, body?: object) =>
    workspaceAsk(cloud, method, path, body === undefined ? { token } : { token, body });

  before(async () => {
    cloud = await startCloud();
    token = await tokenOf(cloud);
    const bodies: Record<string, object> = {
      first: { location: "eastus2", properties: { authMode: "Key", properties: { tier: "one" } } },
      second: { location: "eastus2", tags: { team: "blue" }, properties: { authMode: "AADToken" } },
    };
    for (const [name, body] of Object.entries(bodies)) {
      assert.equal((await call("PUT", `/onlineEndpoints/${name}`, body)).status, 201);
    }
    for (const version of ["1", "2", "10"]) {
      const model = { modelType: "custom_model", modelUri: "azureml://datastores/workspaceblobstore/paths/m" };
      assert.equal((await call("PUT", `/models/m/versions/${version}`, { properties: model })).status, 201);
    }
  });
  after(() => cloud.close());

  const provider = "/providers/Microsoft.MachineLearningServices";
  const subscription = () => `/subscriptions/${cloud.azure.subscriptionId}`;
  /** Lists and gets, also of what is not there: whether a parameter is read is looked at first. */
  const reads = () => [
    ...["codes", "components", "data", "environments", "models"].flatMap((noun) => [
      `${cloud.azure.workspaceId}/${noun}`,
      `${cloud.azure.workspaceId}/${noun}/n`,
      `${cloud.azure.workspaceId}/${noun}/n/versions`,
      `${cloud.azure.workspaceId}/${noun}/n/versions/1`,
    ]),
    ...["computes", "connections", "datastores", "jobs", "schedules"].flatMap((noun) => [
      `${cloud.azure.workspaceId}/${noun}`,
      `${cloud.azure.workspaceId}/${noun}/n`,
    ]),
    ...["onlineEndpoints", "batchEndpoints"].flatMap((noun) => [
      `${cloud.azure.workspaceId}/${noun}`,
      `${cloud.azure.workspaceId}/${noun}/n`,
      `${cloud.azure.workspaceId}/${noun}/n/deployments`,
      `${cloud.azure.workspaceId}/${noun}/n/deployments/d`,
    ]),
    cloud.azure.workspaceId,
    "/subscriptions",
    subscription(),
    `${subscription()}/resourceGroups`,
    `${subscription()}${provider}/workspaces`,
    `${subscription()}${provider}/registries`,
    `${subscription()}/resourceGroups/rg1${provider}/registries`,
    `${subscription()}${provider}/locations/eastus2/mfeOperationsStatus/none`,
  ];

  it("are refused by every read that does not know them, in words that name them", async () => {
    for (const path of reads()) {
      for (const name of ["$filter", "colour"]) {
        const answer = await ask(cloud, "GET", `${cloud.urls.arm}${path}?api-version=2025-12-01&${name}=x`, { token });
        assert.equal(answer.status, 501, `${path}: ${answer.text}`);
        assert.ok(answer.body.error.message.includes(`the query parameter '${name}' of GET`), answer.text);
      }
    }
  });

  it("are refused by writes as well, before anything is changed", async () => {
    const body = { location: "eastus2", properties: { authMode: "Key" } };
    assert.equal((await call("PUT", "/onlineEndpoints/third?validateOnly=true", body)).status, 501);
    assert.equal((await call("GET", "/onlineEndpoints/third")).status, 404);
    assert.equal((await call("DELETE", "/models/m/versions/1?force=true")).status, 501);
    assert.equal((await call("GET", "/models/m/versions/1")).status, 200);
  });

  it("are refused where they are given twice, or where their value cannot be read", async () => {
    for (const query of [
      "name=first&name=second",
      "name=first&NAME=second",
      "computeType=Mainframe",
      "orderBy=name",
      "count=few",
    ]) {
      assert.equal((await call("GET", `/onlineEndpoints?${query}`)).status, 400, query);
    }
    assert.equal((await call("GET", "/models?listViewType=Some")).status, 400);
    assert.equal((await call("GET", "/models/m/versions?$orderBy=version%20desc")).status, 501);
    assert.equal((await call("GET", "/models/m/versions?description=x")).status, 501);
    assert.equal((await call("GET", "/connections?includeAll=true")).status, 501);
  });

  it("are taken from the official client as it writes them for registries, by the name of its own constant", async () => {
    const at = `${subscription()}/resourceGroups/rg1${provider}/registries/shared`;
    const ofGroup = (method: string, url: string, body?: object) =>
      ask(cloud, method, url, { token, ...(body && { body }) });
    const version = "api-version=2024-04-01";
    const registry = { location: "eastus2", identity: { type: "SystemAssigned" }, properties: { regionDetails: [] } };
    const made = await ofGroup("PUT", `${cloud.urls.arm}${at}?${version}`, registry);
    assert.ok(made.status < 300, made.text);
    const model = { modelType: "custom_model", modelUri: "azureml://datastores/workspaceblobstore/paths/m" };
    const plane = `${cloud.urls.api}/mferp/managementfrontend${at}`;
    for (const name of ["kept", "gone"])
      await ofGroup("PUT", `${plane}/models/${name}/versions/1?api-version=2021-10-01-dataplanepreview`, {
        properties: model,
      });
    const list = (view: string) =>
      ofGroup("GET", `${plane}/models?api-version=2021-10-01-dataplanepreview&listViewType=${view}`);
    const all = ["gone", "kept"];
    const asked = await ofGroup(
      "GET",
      `${plane.replace(/shared$/, "SHARED")}/models/kept?api-version=2021-10-01-dataplanepreview`,
    );
    assert.equal(asked.body.id, "azureml://registries/shared/models/kept", "its own name, whoever asks how");
    const componentSpec = { type: "command", command: "ls", environment: "azureml:plain:1" };
    const path = `${plane}/components/plain/versions/1?api-version=2021-10-01-dataplanepreview`;
    await ofGroup("PUT", path, { properties: { componentSpec } });
    const { body } = await ofGroup("GET", path);
    assert.equal(
      body.properties.componentSpec.$schema,
      undefined,
      "the client of today reads no component with the service's own",
    );
    assert.deepEqual(names(await list("ListViewType.ACTIVE_ONLY")), all);
    assert.deepEqual(names(await list("ListViewType.ARCHIVED_ONLY")), []);
    assert.deepEqual(names(await list("ListViewType.ALL")), all);
    assert.equal((await list("ListViewType.SOME")).status, 400);
    assert.equal((await call("GET", "/models?listViewType=ListViewType.ACTIVE_ONLY")).status, 400);
  });

  it("are known by their names in any case, and an empty one asks for nothing", async () => {
    assert.deepEqual(names(await call("GET", "/onlineEndpoints?NAME=first")), ["first"]);
    assert.deepEqual(names(await call("GET", "/onlineEndpoints?name=&tags=")), ["second", "first"]);
    assert.deepEqual(names(await call("GET", "/models/m/versions?$ORDERBY=createdtime%20asc")), ["1", "2", "10"]);
  });

  it("choose and order online endpoints", async () => {
    const asked: Record<string, string[]> = {
      "": ["second", "first"],
      "?orderBy=CreatedAtAsc": ["first", "second"],
      "?orderBy=createdatdesc&count=1": ["second"],
      "?name=first": ["first"],
      "?name=none": [],
      "?tags=team%3Dblue": ["second"],
      "?tags=team%3Dred": [],
      "?properties=tier": ["first"],
      "?computeType=Kubernetes": [],
      "?computeType=Managed": ["second", "first"],
    };
    for (const [query, wanted] of Object.entries(asked)) {
      assert.deepEqual(names(await call("GET", `/onlineEndpoints${query}`)), wanted, query);
    }
  });

  it("choose versions of models", async () => {
    const asked: Record<string, string[]> = {
      "?version=2": ["2"],
      "?version=3": [],
      "?offset=1": ["2", "1"],
      "?offset=1&$top=1": ["2"],
      "?$orderBy=createdtime%20asc&offset=2": ["10"],
    };
    for (const [query, wanted] of Object.entries(asked)) {
      assert.deepEqual(names(await call("GET", `/models/m/versions${query}`)), wanted, query);
    }
  });

  it("order datastores, those that were made before a workspace's own", async () => {
    const body = { properties: { datastoreType: "AzureBlob", accountName: "a", containerName: "c" } };
    assert.equal((await call("PUT", "/datastores/aaa", body)).status, 201);
    assert.equal(names(await call("GET", "/datastores"))[0], "aaa");
    assert.equal(names(await call("GET", "/datastores?orderByAsc=true")).at(-1), "aaa");
    assert.equal(names(await call("GET", "/datastores?orderBy=name&orderByAsc=true"))[0], "aaa");
    assert.deepEqual(names(await call("GET", "/datastores?isDefault=true")), ["workspaceblobstore"]);
  });
});
