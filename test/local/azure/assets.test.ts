// The asset side of local Azure, as the recordings show it: status codes, keys and their order, casing, what the service rewrites.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { ClientSecretCredential } from "@azure/identity";
import {
  AnonymousCredential,
  BlobServiceClient,
  ContainerClient,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { type Answer, type Ask, ask, httpClientOf, storageOptionsOf, tokenOf, workspaceAsk } from "./client.ts";

describe("local Azure's assets", () => {
  let cloud: LocalCloud;
  let token: string;
  let workspace: string;
  before(async () => {
    cloud = await startCloud();
    token = await tokenOf(cloud);
    workspace = cloud.azure.workspaceId;
  });
  after(() => cloud.close());

  const call = (method: string, path: string, o: Ask & { apiVersion?: string } = {}): Promise<Answer> =>
    workspaceAsk(cloud, method, path, { token, ...o });
  const put = (path: string, properties: object, apiVersion = "2022-05-01"): Promise<Answer> =>
    call("PUT", path, { body: { properties }, apiVersion });
  const keys = (value: object) => Object.keys(value);
  const sixKeys = ["createdAt", "createdBy", "createdByType", "lastModifiedAt", "lastModifiedBy", "lastModifiedByType"];
  const innerCodes = (answer: Answer): string[] => {
    const item = answer.body.error.additionalInfo.find((one: { type: string }) => one.type === "InnerError");
    const codes: string[] = [];
    for (let at = item?.info.value; at != null; at = at.innerError) codes.push(at.code);
    return codes;
  };

  describe("workspace and discovery", () => {
    it("shows the workspace as recorded at 2022-12-01-preview", async () => {
      const { status, body } = await call("GET", "", { apiVersion: "2022-12-01-preview" });
      assert.equal(status, 200);
      assert.deepEqual(keys(body), [
        "id",
        "name",
        "type",
        "location",
        "tags",
        "etag",
        "properties",
        "identity",
        "kind",
        "sku",
        "systemData",
      ]);
      assert.deepEqual(keys(body.properties), [
        ..."friendlyName description storageAccount keyVault applicationInsights hbiWorkspace tenantId".split(" "),
        ..."imageBuildCompute provisioningState v1LegacyMode softDeleteEnabled containerRegistry creationTime".split(
          " ",
        ),
        ..."notebookInfo storageHnsEnabled workspaceId linkedModelInventoryArmId privateLinkCount".split(" "),
        ..."publicNetworkAccess discoveryUrl mlFlowTrackingUri sdkTelemetryAppInsightsKey sasGetterUri".split(" "),
        "enableDataIsolation",
      ]);
      assert.match(body.properties.keyVault, /\/providers\/Microsoft\.Keyvault\/vaults\//);
      assert.match(body.systemData.createdAt, /Z$/);
    });

    it("keeps what the published types do not know from published versions", async () => {
      const { body } = await call("GET", "", { apiVersion: "2025-12-01" });
      assert.ok(!("sasGetterUri" in body.properties) && !("creationTime" in body.properties));
      assert.equal((await call("GET", "", { apiVersion: "2022-05-01" })).body.kind, undefined);
    });

    it("finds the services without a token", async () => {
      const { body } = await call("GET", "");
      const discovery = await ask(cloud, "GET", body.properties.discoveryUrl);
      assert.equal(discovery.status, 200);
      assert.deepEqual(
        keys(discovery.body),
        "api catalog experimentation gallery history hyperdrive labeling modelmanagement pipelines studio".split(" "),
      );
      assert.equal(discovery.body.api, cloud.urls.api);
      assert.equal(discovery.headers["access-control-allow-origin"], "*");
    });

    it("takes paths whatever their casing", async () => {
      const path = workspace.toLowerCase().replace("resourcegroups", "ResourceGroups");
      const answer = await ask(cloud, "GET", `${cloud.urls.arm}${path}?api-version=2025-12-01`, { token });
      assert.equal(answer.body.name, "ws1");
    });
  });

  describe("datastores", () => {
    it("shows the default one as recorded", async () => {
      const { body } = await call("GET", "/datastores/workspaceblobstore", { apiVersion: "2022-10-01" });
      assert.deepEqual(keys(body), ["id", "name", "type", "properties", "systemData"]);
      assert.deepEqual(body.properties, {
        description: null,
        tags: null,
        properties: null,
        isDefault: true,
        credentials: { credentialsType: "AccountKey" },
        datastoreType: "AzureBlob",
        accountName: "stor1",
        containerName: `azureml-blobstore-${cloud.azure.workspaceGuid}`,
        endpoint: new URL(cloud.urls.storage).host.replace("stor1.blob.", ""),
        protocol: "https",
        serviceDataAccessAuthIdentity: "WorkspaceSystemAssignedIdentity",
      });
      assert.deepEqual(keys(body.systemData), sixKeys);
      assert.equal(body.systemData.createdByType, "Application");
    });

    it("finds the default one by query, and has four", async () => {
      const query = "?count=30&isDefault=true&orderByAsc=false";
      const { body } = await call("GET", `/datastores${query}`, { apiVersion: "2022-05-01" });
      assert.deepEqual(keys(body), ["value"]);
      assert.deepEqual(
        body.value.map((one: { name: string }) => one.name),
        ["workspaceblobstore"],
      );
      const all = (await call("GET", "/datastores")).body.value;
      assert.equal(all.length, 4);
      const file = all.find((one: { name: string }) => one.name === "workspacefilestore");
      assert.ok("fileShareName" in file.properties && !("containerName" in file.properties));
    });

    it("gives the account's key, which opens the storage", async () => {
      const { body } = await call("POST", "/datastores/workspaceblobstore/listSecrets", { apiVersion: "2022-10-01" });
      assert.deepEqual(keys(body), ["secretsType", "key"]);
      assert.equal(body.secretsType, "AccountKey");
      const service = new BlobServiceClient(
        cloud.urls.storage,
        new StorageSharedKeyCredential("stor1", body.key),
        storageOptionsOf(cloud),
      );
      const blob = service.getContainerClient("opened-by-key");
      await blob.create();
      await blob.getBlockBlobClient("a b/ü.txt").upload("hello", 5);
      assert.equal((await cloud.azure.blobs.get("opened-by-key", "a b/ü.txt"))?.toString(), "hello");
    });

    it("gives the artifact store's key even then, with which official clients sign log URLs", async () => {
      const { body } = await call("POST", "/datastores/workspaceartifactstore/listSecrets", {
        body: { expirableSecret: true, expireAfterHours: 1 },
        apiVersion: "2024-07-01-preview",
      });
      assert.equal(body.secretsType, "AccountKey");
    });

    it("gives a signature that expires when asked, and it opens that container", async () => {
      const { body } = await call("POST", "/datastores/workspaceblobstore/listSecrets", {
        body: { expirableSecret: true, expireAfterHours: 1 },
        apiVersion: "2024-07-01-preview",
      });
      assert.deepEqual(keys(body), ["secretsType", "sasToken"]);
      await cloud.azure.blobs.put(`azureml-blobstore-${cloud.azure.workspaceGuid}`, "x", "hello");
      const url = `${cloud.urls.storage}/azureml-blobstore-${cloud.azure.workspaceGuid}?${body.sasToken}`;
      const container = new ContainerClient(url, new AnonymousCredential(), storageOptionsOf(cloud));
      assert.equal((await container.getBlobClient("x").downloadToBuffer()).toString(), "hello");
    });
  });

  describe("codes", () => {
    const hash = "d84c18709b499acb28f5f2ad517b7690920b4eca98a71c17b1a565081e2d4fff";
    const lookUp = (name: string) =>
      call("GET", `/codes/${name}/versions?hash=${hash}&hashVersion=202208`, { apiVersion: "2023-04-01" });

    it("is unknown by hash, uploaded, and then known under any name", async () => {
      const name = randomUUID();
      assert.deepEqual((await lookUp(name)).body, { value: [] });

      const pending = await call("POST", `/codes/${name}/versions/1/startPendingUpload`, {
        body: { pendingUploadType: "TemporaryBlobReference" },
        apiVersion: "2023-04-01",
      });
      assert.equal(pending.status, 200);
      assert.deepEqual(keys(pending.body), ["blobReferenceForConsumption", "pendingUploadId", "pendingUploadType"]);
      assert.equal(pending.body.pendingUploadType, "None");
      const { blobUri, storageAccountArmId, credential } = pending.body.blobReferenceForConsumption;
      assert.match(storageAccountArmId, /\/Microsoft\.Storage\/storageAccounts\/stor1$/);
      assert.equal(credential.credentialType, "SAS");
      const sas = new URL(credential.sasUri);
      assert.equal(sas.searchParams.get("sr"), "c");
      assert.deepEqual([...(sas.searchParams.get("sp") ?? "")].sort().join(""), "clrw");

      const container = new ContainerClient(credential.sasUri, new AnonymousCredential(), storageOptionsOf(cloud));
      const blob = container.getBlockBlobClient("src/train.py");
      assert.equal(await blob.exists(), false);
      await blob.upload("print(1)", 8, { conditions: { ifNoneMatch: "*" } });
      await blob.setMetadata({ name, version: "1", upload_status: "completed" });
      assert.equal((await blob.getProperties()).metadata?.["upload_status"], "completed");

      const properties = {
        properties: { hash_sha256: hash, hash_version: "202208" },
        isAnonymous: true,
        isArchived: false,
        codeUri: `${blobUri}/src`,
      };
      const created = await put(`/codes/${name}/versions/1`, properties, "2023-04-01");
      assert.equal(created.status, 201);
      assert.equal(
        created.headers["location"],
        `${cloud.urls.arm}${workspace}/codes/${name}/versions/1?api-version=2023-04-01`,
      );
      assert.equal(created.body.id, `${workspace}/codes/${name}/versions/1`);
      assert.equal(created.body.name, "1");
      assert.equal(created.body.type, "Microsoft.MachineLearningServices/workspaces/codes/versions");
      assert.deepEqual(created.body.properties, {
        description: null,
        tags: {},
        properties: { hash_sha256: hash, hash_version: "202208" },
        isArchived: false,
        isAnonymous: false, // although true was sent
        codeUri: `${blobUri}/src`,
        provisioningState: "Succeeded",
      });
      assert.deepEqual(keys(created.body.systemData), sixKeys);

      const again = await put(`/codes/${name}/versions/1`, properties);
      assert.equal(again.status, 200);
      assert.equal(again.headers["location"], undefined);
      assert.ok(!("provisioningState" in again.body.properties), "not at 2022-05-01");

      const hit = await lookUp(randomUUID());
      assert.deepEqual(
        hit.body.value.map((one: { id: string }) => one.id),
        [created.body.id],
      );
    });

    it("does not take another location for a version", async () => {
      const path = `/codes/${randomUUID()}/versions/1`;
      await put(path, { codeUri: "https://a.blob.core.windows.net/c/x" });
      const answer = await put(path, { codeUri: "https://a.blob.core.windows.net/c/y" });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.message, "Asset paths cannot be updated.");
    });
  });

  describe("data", () => {
    const dataUri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/abc/sample1.csv";
    const long = `azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg1/workspaces/ws1/datastores/workspaceblobstore/paths/LocalUpload/abc`;

    it("writes the long location in small letters", async () => {
      const sent = { properties: {}, tags: {}, isAnonymous: false, isArchived: false, dataType: "uri_file", dataUri };
      const created = await put("/data/rows/versions/foobar", sent, "2022-10-01");
      assert.equal(created.status, 201);
      assert.deepEqual(created.body.properties, {
        description: null,
        tags: {},
        properties: {},
        isArchived: false,
        isAnonymous: false,
        dataUri: `${long}/sample1.csv`,
        dataType: "uri_file",
      });
      assert.deepEqual(keys(created.body.properties).slice(-2), ["dataUri", "dataType"]);
      assert.deepEqual(keys(created.body.systemData), ["createdAt", "createdBy", "createdByType", "lastModifiedAt"]);
      assert.match(created.body.systemData.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}\+00:00$/);
      const shown = await call("GET", "/data/rows/versions/foobar", { apiVersion: "2022-10-01" });
      assert.deepEqual(shown.body, created.body);
    });

    it("ends folders and tables with a slash, and repeats referenced URIs of a table only", async () => {
      const folder = await put("/data/folder/versions/1", { dataType: "uri_folder", dataUri: "https://bla" });
      assert.equal(folder.body.properties.dataUri, "https://bla/");
      const table = await put("/data/table/versions/1", {
        dataType: "mltable",
        dataUri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/abc",
        referencedUris: ["./tmp_file.csv"],
      });
      assert.equal(table.body.properties.dataUri, `${long}/`);
      assert.deepEqual(keys(table.body.properties).slice(-3), ["dataUri", "dataType", "referencedUris"]);
    });

    it("calls the most recently created version the latest, and counts on from the highest number", async () => {
      for (const version of ["5", "2", "foo"]) {
        await put(`/data/counted/versions/${version}`, { dataType: "uri_file", dataUri });
      }
      const { body } = await call("GET", "/data/counted", { apiVersion: "2022-10-01" });
      assert.deepEqual(body.properties, {
        description: null,
        tags: null,
        properties: null,
        isArchived: false,
        latestVersion: "foo",
        nextVersion: "6",
        dataType: "uri_file",
      });
      const list = await call("GET", "/data/counted/versions?listViewType=ActiveOnly");
      assert.deepEqual(keys(list.body), ["value"]);
      assert.deepEqual(
        list.body.value.map((one: { name: string }) => one.name),
        ["foo", "2", "5"],
      );
    });

    it("does not move a version elsewhere", async () => {
      await put("/data/moved/versions/1", { dataType: "uri_file", dataUri });
      const same = await put("/data/moved/versions/1", { dataType: "uri_file", dataUri, tags: { a: "b" } });
      assert.equal(same.status, 200);
      assert.deepEqual(same.body.properties.tags, { a: "b" });
      const moved = await put("/data/moved/versions/1", { dataType: "uri_file", dataUri: `${dataUri}2` });
      assert.equal(moved.status, 400);
      assert.equal(moved.body.error.code, "UserError");
      assert.equal(moved.body.error.message, "Asset paths cannot be updated.");
    });

    it("says which version is missing", async () => {
      const answer = await call("GET", "/data/rows/versions/nope");
      assert.equal(answer.status, 404);
      assert.equal(answer.body.error.message, "Data version rows:nope (dataContainerName:version) not found.");
      assert.deepEqual(innerCodes(answer), ["NotFoundError"]);
      assert.equal(answer.headers["x-ms-response-type"], "error");
      assert.equal(answer.headers["server-timing"], undefined);
      assert.deepEqual(
        answer.body.error.additionalInfo.map((one: { type: string }) => one.type),
        ["ComponentName", "Correlation", "Environment", "Location", "Time", "InnerError"],
      );
    });
  });

  describe("lists", () => {
    const name = "many";
    before(async () => {
      for (let version = 1; version <= 65; version += 1) {
        await put(`/data/${name}/versions/${version}`, {
          dataType: "uri_file",
          dataUri: "https://x/y",
          tags: version % 2 === 0 ? { even: "yes" } : {},
          isArchived: version === 65,
        });
      }
    });
    const versions = (answer: Answer): string[] => answer.body.value.map((one: { name: string }) => one.name);

    it("page by an opaque nextLink that is followed as it is", async () => {
      const seen: string[] = [];
      let answer = await call("GET", `/data/${name}/versions`);
      let pages = 1;
      for (;;) {
        seen.push(...versions(answer));
        if (answer.body.nextLink === undefined) break;
        assert.match(answer.body.nextLink, /[?&](\$|%24)skip=/);
        answer = await ask(cloud, "GET", answer.body.nextLink, { token });
        pages += 1;
      }
      assert.equal(pages, 3);
      assert.deepEqual(
        seen,
        Array.from({ length: 64 }, (_, index) => String(64 - index)),
      );
    });

    it("give what was made last first, when asked", async () => {
      const answer = await call("GET", `/data/${name}/versions?$orderBy=createdtime%20desc&$top=1`);
      assert.deepEqual(versions(answer), ["64"]);
      assert.deepEqual(keys(answer.body), ["value"]);
      const oldest = await call("GET", `/data/${name}/versions?$orderBy=createdtime%20asc&$top=2`);
      assert.deepEqual(versions(oldest), ["1", "2"]);
    });

    it("leave out what is archived, or give only that", async () => {
      assert.deepEqual(versions(await call("GET", `/data/${name}/versions?listViewType=ArchivedOnly`)), ["65"]);
      assert.equal(versions(await call("GET", `/data/${name}/versions?listViewType=All&$top=1`))[0], "65");
    });

    it("choose by tags", async () => {
      const answer = await call("GET", `/data/${name}/versions?tags=even%3Dyes&$top=2`);
      assert.deepEqual(versions(answer), ["64", "62"]);
    });

    it("are followed by the official client to the end", async () => {
      const { clientId, secret } = cloud.credentials.contributor;
      const shared = { httpClient: httpClientOf(cloud), retryOptions: { maxRetries: 0 } };
      const credential = new ClientSecretCredential(cloud.tenantId, clientId, secret, {
        authorityHost: cloud.urls.login,
        disableInstanceDiscovery: true,
        ...shared,
      });
      const client = new AzureMachineLearningWorkspaces(credential, cloud.subscriptionId, {
        endpoint: cloud.urls.arm,
        credentialScopes: "https://management.azure.com/.default",
        ...shared,
      });
      const seen: string[] = [];
      for await (const version of client.dataVersions.list("rg1", "ws1", name)) seen.push(version.name ?? "");
      assert.equal(seen.length, 64);
      const container = await client.dataContainers.get("rg1", "ws1", name);
      assert.equal(container.properties.nextVersion, "66");
      const shown = await client.workspaces.get("rg1", "ws1");
      assert.equal(shown.workspaceId, cloud.azure.workspaceGuid);
      await assert.rejects(client.modelVersions.get("rg1", "ws1", "no", "1"), { statusCode: 404, code: "UserError" });
    });
  });

  describe("models", () => {
    const uri = (path: string) =>
      `azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg1/workspaces/ws1/datastores/workspaceblobstore/paths/${path}`;

    it("turns resourcegroups into resourceGroups, and always has flavors", async () => {
      const created = await put("/models/m/versions/3", {
        description: "a model",
        tags: { foo: "bar" },
        modelType: "custom_model",
        modelUri: uri("LocalUpload/h/model.pkl"),
      });
      assert.equal(created.status, 201);
      assert.deepEqual(keys(created.body.properties), [
        ..."description tags properties isArchived isAnonymous flavors modelType modelUri jobName".split(" "),
      ]);
      assert.deepEqual(created.body.properties.flavors, {});
      assert.equal(created.body.properties.jobName, null);
      assert.match(created.body.properties.modelUri, /\/resourceGroups\/rg1\//);
      assert.deepEqual(keys(created.body.systemData), sixKeys);
      const again = await put("/models/m/versions/3", {
        modelType: "custom_model",
        modelUri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/h/model.pkl",
      });
      assert.equal(again.status, 200, "the short form is the same place");
      assert.equal(again.body.systemData.createdAt, created.body.systemData.createdAt);
      const moved = await put("/models/m/versions/3", { modelUri: uri("LocalUpload/h/other.pkl") });
      assert.equal(moved.body.error.message, "Asset paths cannot be updated.");
    });

    it("shows provisioningState and stage from 2023-04-01 on", async () => {
      await put("/models/staged/versions/1", { modelUri: uri("x"), stage: "Development" }, "2025-12-01");
      const now = await call("GET", "/models/staged/versions/1");
      assert.deepEqual(
        [now.body.properties.provisioningState, now.body.properties.stage],
        ["Succeeded", "Development"],
      );
      const then = await call("GET", "/models/staged/versions/1", { apiVersion: "2022-10-01" });
      assert.ok(!("stage" in then.body.properties) && !("provisioningState" in then.body.properties));
    });

    it("reads the flavors of an MLflow model from its MLmodel file", async () => {
      await cloud.azure.blobs.put(
        `azureml-blobstore-${cloud.azure.workspaceGuid}`,
        "LocalUpload/h2/iris/MLmodel",
        "flavors:\n  sklearn:\n    sklearn_version: 1.5.0\n    pickled_model: model.pkl\n  python_function:\n    python_version: 3.10\n",
      );
      const properties = { modelType: "mlflow_model", modelUri: uri("LocalUpload/h2/iris") };
      const created = await put("/models/mlflow/versions/1", properties);
      assert.deepEqual(created.body.properties.flavors, {
        sklearn: { data: { sklearn_version: "1.5.0", pickled_model: "model.pkl" } },
        python_function: { data: { python_version: "3.1" } },
      });
    });

    it("has a container with empty tags, and the next version", async () => {
      await put("/models/auto/versions/1", { modelUri: uri("a") });
      const { body } = await call("GET", "/models/auto", { apiVersion: "2022-05-01" });
      assert.deepEqual(body.properties, {
        description: null,
        tags: {},
        properties: {},
        isArchived: false,
        latestVersion: "1",
        nextVersion: "2",
      });
      assert.deepEqual(keys(body.systemData), sixKeys);
    });

    it("keeps anonymous ones anonymous, and out of the list of names", async () => {
      const hash = "0123456789abcdef0123456789abcdef";
      const created = await put(`/models/${hash}/versions/1`, { modelUri: uri("b"), isAnonymous: true });
      assert.equal(created.body.properties.isAnonymous, true);
      const names = (await call("GET", "/models")).body.value.map((one: { name: string }) => one.name);
      assert.ok(names.includes("auto") && !names.includes(hash));
    });

    it("is archived and restored by PUT, as a container too", async () => {
      await put("/models/old/versions/1", { modelUri: uri("c") });
      const archived = await call("PUT", "/models/old", { body: { properties: { isArchived: true } } });
      assert.equal(archived.status, 200);
      assert.equal(archived.body.properties.isArchived, true);
      const names = (await call("GET", "/models")).body.value.map((one: { name: string }) => one.name);
      assert.ok(!names.includes("old"));
    });

    it("is deleted once", async () => {
      await put("/models/gone/versions/1", { modelUri: uri("d") });
      assert.equal((await call("DELETE", "/models/gone/versions/1")).status, 200);
      assert.equal((await call("DELETE", "/models/gone/versions/1")).status, 204);
      assert.equal((await call("GET", "/models/gone/versions/1")).status, 404);
    });
  });

  describe("environments", () => {
    const condaFile =
      "channels:\n- conda-forge\ndependencies:\n- python=3.8\n- pip\n- pip:\n  - mlflow\nname: example-environment\n";
    const image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04";

    it("takes conda as YAML and gives it back as indented JSON", async () => {
      const created = await put("/environments/e/versions/foo", { description: "d", condaFile, image });
      assert.equal(created.status, 201);
      assert.deepEqual(keys(created.body.properties), [
        ..."description tags properties isArchived isAnonymous environmentType image condaFile osType".split(" "),
      ]);
      assert.equal(
        created.body.properties.condaFile,
        '{\n  "channels": [\n    "conda-forge"\n  ],\n  "dependencies": [\n    "python=3.8",\n    "pip",\n    {\n      "pip": [\n        "mlflow"\n      ]\n    }\n  ],\n  "name": "example-environment"\n}',
      );
      const again = await put("/environments/e/versions/foo", { description: "d", condaFile, image });
      assert.equal(again.status, 201, "also the second time");
      assert.equal(again.body.systemData.createdAt, created.body.systemData.createdAt);
    });

    it("does not redefine a version", async () => {
      await put("/environments/fixed/versions/1", { image });
      assert.equal((await put("/environments/fixed/versions/1", { image: "ubuntu:24.04" })).status, 409);
    });

    it("shows an anonymous one as recorded at 2023-04-01-preview", async () => {
      const path = "/environments/CliV2AnonymousEnvironment/versions/6bac0123456789abcdef0123456789ab";
      const { body } = await put(path, { image, isAnonymous: true }, "2023-04-01-preview");
      assert.deepEqual(body.properties, {
        description: null,
        tags: {},
        properties: {},
        isArchived: false,
        isAnonymous: true,
        autoDeleteSetting: null,
        environmentType: "UserCreated",
        image,
        condaFile: "",
        osType: "Linux",
        autoRebuild: "Disabled",
        provisioningState: "Succeeded",
        stage: "Logged",
        intellectualProperty: null,
      });
      assert.equal(
        keys(body.properties).join(),
        "description,tags,properties,isArchived,isAnonymous,autoDeleteSetting,environmentType,image,condaFile,osType,autoRebuild,provisioningState,stage,intellectualProperty",
      );
    });

    it("shows a build without an image", async () => {
      const build = { contextUri: "https://x/c/LocalUpload/h/files/", dockerfilePath: "Dockerfile" };
      const { body } = await put("/environments/built/versions/1", { build });
      assert.ok(!("image" in body.properties));
      assert.deepEqual(keys(body.properties).slice(5), ["environmentType", "condaFile", "build", "osType"]);
    });

    it("is missing with the recorded sentence", async () => {
      const answer = await call("GET", "/environments/none");
      assert.equal(answer.status, 404);
      assert.equal(answer.body.error.message, "No environment exists for name: none, version: , label: ");
    });

    it("has curated ones, whose latest is found like any other", async () => {
      const name = "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu";
      const { body } = await call("GET", `/environments/${name}/versions?$orderBy=createdtime%20desc&$top=1`);
      assert.equal(body.value[0].name, "35");
      assert.equal(body.value[0].properties.environmentType, "Curated");
    });
  });

  describe("components", () => {
    const spec = (name: string, code = "1") => ({
      _source: "YAML.COMPONENT",
      $schema: "https://azuremlschemas.azureedge.net/development/commandComponent.schema.json",
      type: "command",
      name,
      version: "1",
      display_name: "CommandComponentBasic",
      description: "basic",
      tags: { tag: "tagvalue" },
      is_deterministic: true,
      command: "echo Hello World",
      code: `azureml:${workspace}/codes/c/versions/${code}`,
      environment: "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33",
      inputs: { component_in_number: { type: "number", default: 10.99, description: "A number" } },
      outputs: { component_out_path: { type: "uri_folder", mode: "rw_mount" } },
    });

    it("rewrites the specification", async () => {
      const created = await put(
        "/components/basic/versions/1",
        { description: "basic", tags: { tag: "tagvalue" }, isAnonymous: false, componentSpec: spec("basic") },
        "2022-10-01",
      );
      assert.equal(created.status, 201);
      assert.equal(created.body.properties.description, null);
      assert.equal(
        JSON.stringify(created.body.properties.componentSpec),
        JSON.stringify({
          $schema: "https://azuremlschemas.azureedge.net/development/commandComponent.schema.json",
          name: "basic",
          version: "1",
          display_name: "CommandComponentBasic",
          is_deterministic: "True",
          type: "command",
          description: "basic",
          tags: { tag: "tagvalue" },
          inputs: {
            component_in_number: { type: "number", optional: "False", default: "10.99", description: "A number" },
          },
          outputs: { component_out_path: { type: "uri_folder" } },
          code: `azureml:${workspace}/codes/c/versions/1`,
          environment: "azureml://registries/azureml/environments/AzureML-sklearn-1.0-ubuntu20.04-py38-cpu/versions/33",
          resources: { instance_count: "1" },
          command: "echo Hello World",
        }),
      );
      const shown = await call("GET", "/components/basic/versions/1", { apiVersion: "2022-10-01" });
      assert.deepEqual(shown.body, created.body);
    });

    it("refuses other code under the same version", async () => {
      await put("/components/fixed/versions/1", { componentSpec: spec("fixed") });
      assert.equal((await put("/components/fixed/versions/1", { componentSpec: spec("fixed") })).status, 201);
      const answer = await put("/components/fixed/versions/1", { componentSpec: spec("fixed", "2") });
      assert.equal(answer.status, 400);
      assert.equal(
        answer.body.error.message,
        'Failed to update component fixed since field "code" is immutable, try specifying a new version.',
      );
      assert.deepEqual(innerCodes(answer), ["BadArgument", "ArgumentInvalid", "UpdateComponentFailed"]);
    });

    it("gives anonymous ones an id of the service's own, the same for the same content", async () => {
      const path = "/components/azureml_anonymous/versions";
      const asked = randomUUID();
      const body = { isAnonymous: true, componentSpec: spec("azureml_anonymous") };
      const one = await put(`${path}/${asked}`, body);
      assert.equal(one.status, 201);
      assert.match(one.headers["location"] ?? "", new RegExp(`${asked}\\?`));
      assert.notEqual(one.body.name, asked);
      const two = await put(`${path}/${randomUUID()}`, body);
      assert.equal(two.body.id, one.body.id);
      assert.equal((await call("GET", `${path}/${one.body.name}`)).status, 200);
    });

    it("resolves a label of a curated environment, and finds the default version", async () => {
      const latest = { ...spec("labelled"), environment: "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest" };
      await put("/components/labelled/versions/1", { componentSpec: latest });
      const { body } = await call("GET", "/components/labelled/versions/azureml_default");
      assert.match(body.properties.componentSpec.environment, /\/versions\/35$/);
      assert.equal((await call("GET", "/components/labelled/labels/default")).body.name, "1");
    });
  });

  describe("computes", () => {
    it("shows a cluster without systemData", async () => {
      const { body } = await call("GET", "/computes/cpu-cluster", { apiVersion: "2022-10-01-preview" });
      assert.deepEqual(keys(body), ["id", "name", "type", "location", "tags", "properties"]);
      assert.equal(body.properties.computeType, "AmlCompute");
      assert.equal(body.properties.properties.allocationState, "Steady");
    });

    it("says nothing at all about one that is missing", async () => {
      const answer = await call("GET", "/computes/nope");
      assert.equal(answer.status, 404);
      assert.equal(answer.text, "");
      assert.equal(answer.headers["content-length"], "0");
      assert.equal(answer.headers["content-type"], undefined);
      assert.equal(answer.headers["x-ms-response-type"], "standard");
    });
  });
});
