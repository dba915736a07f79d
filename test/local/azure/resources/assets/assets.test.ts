// The workspace, its services, datastores, code and computes, as the recordings show them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  AnonymousCredential,
  BlobServiceClient,
  ContainerClient,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { ask, storageOptionsOf } from "../../client.ts";
import { assetCalls, keys, sixKeys } from "./calls.ts";

describe("local Azure's workspace", () => {
  const calls = assetCalls();

  describe("workspace and discovery", () => {
    it("shows the workspace as recorded at 2022-12-01-preview", async () => {
      const { status, body } = await calls.call("GET", "", { apiVersion: "2022-12-01-preview" });
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
      const { body } = await calls.call("GET", "", { apiVersion: "2025-12-01" });
      assert.ok(!("sasGetterUri" in body.properties) && !("creationTime" in body.properties));
      assert.equal((await calls.call("GET", "", { apiVersion: "2022-05-01" })).body.kind, undefined);
    });

    it("finds the services without a token", async () => {
      const { body } = await calls.call("GET", "");
      const discovery = await ask(calls.cloud, "GET", body.properties.discoveryUrl);
      assert.equal(discovery.status, 200);
      assert.deepEqual(
        keys(discovery.body),
        "api catalog experimentation gallery history hyperdrive labeling modelmanagement pipelines studio".split(" "),
      );
      assert.equal(discovery.body.api, calls.cloud.urls.api);
      assert.equal(discovery.headers["access-control-allow-origin"], "*");
    });

    it("takes paths whatever their casing", async () => {
      const path = calls.workspace.toLowerCase().replace("resourcegroups", "ResourceGroups");
      const answer = await ask(calls.cloud, "GET", `${calls.cloud.urls.arm}${path}?api-version=2025-12-01`, {
        token: calls.token,
      });
      assert.equal(answer.body.name, "ws1");
    });
  });

  describe("datastores", () => {
    it("shows the default one as recorded", async () => {
      const { body } = await calls.call("GET", "/datastores/workspaceblobstore", { apiVersion: "2022-10-01" });
      assert.deepEqual(keys(body), ["id", "name", "type", "properties", "systemData"]);
      assert.deepEqual(body.properties, {
        description: null,
        tags: null,
        properties: null,
        isDefault: true,
        credentials: { credentialsType: "AccountKey" },
        datastoreType: "AzureBlob",
        accountName: "stor1",
        containerName: `azureml-blobstore-${calls.cloud.azure.workspaceGuid}`,
        endpoint: new URL(calls.cloud.urls.storage).host.replace("stor1.blob.", ""),
        protocol: "https",
        serviceDataAccessAuthIdentity: "WorkspaceSystemAssignedIdentity",
      });
      assert.deepEqual(keys(body.systemData), sixKeys);
      assert.equal(body.systemData.createdByType, "Application");
    });

    it("finds the default one by query, and has four", async () => {
      const query = "?count=30&isDefault=true&orderByAsc=false";
      const { body } = await calls.call("GET", `/datastores${query}`, { apiVersion: "2022-05-01" });
      assert.deepEqual(keys(body), ["value"]);
      assert.deepEqual(
        body.value.map((one: { name: string }) => one.name),
        ["workspaceblobstore"],
      );
      const all = (await calls.call("GET", "/datastores")).body.value;
      assert.equal(all.length, 4);
      const file = all.find((one: { name: string }) => one.name === "workspacefilestore");
      assert.ok("fileShareName" in file.properties && !("containerName" in file.properties));
    });

    it("gives the account's key, which opens the storage", async () => {
      const { body } = await calls.call("POST", "/datastores/workspaceblobstore/listSecrets", {
        apiVersion: "2022-10-01",
      });
      assert.deepEqual(keys(body), ["secretsType", "key"]);
      assert.equal(body.secretsType, "AccountKey");
      const service = new BlobServiceClient(
        calls.cloud.urls.storage,
        new StorageSharedKeyCredential("stor1", body.key),
        storageOptionsOf(calls.cloud),
      );
      const blob = service.getContainerClient("opened-by-key");
      await blob.create();
      await blob.getBlockBlobClient("a b/ü.txt").upload("hello", 5);
      assert.equal((await calls.cloud.azure.blobs.get("opened-by-key", "a b/ü.txt"))?.toString(), "hello");
    });

    it("gives the artifact store's key even then, with which official clients sign log URLs", async () => {
      const { body } = await calls.call("POST", "/datastores/workspaceartifactstore/listSecrets", {
        body: { expirableSecret: true, expireAfterHours: 1 },
        apiVersion: "2024-07-01-preview",
      });
      assert.equal(body.secretsType, "AccountKey");
    });

    it("gives a signature that expires when asked, and it opens that container", async () => {
      const { body } = await calls.call("POST", "/datastores/workspaceblobstore/listSecrets", {
        body: { expirableSecret: true, expireAfterHours: 1 },
        apiVersion: "2024-07-01-preview",
      });
      assert.deepEqual(keys(body), ["secretsType", "sasToken"]);
      await calls.cloud.azure.blobs.put(`azureml-blobstore-${calls.cloud.azure.workspaceGuid}`, "x", "hello");
      const url = `${calls.cloud.urls.storage}/azureml-blobstore-${calls.cloud.azure.workspaceGuid}?${body.sasToken}`;
      const container = new ContainerClient(url, new AnonymousCredential(), storageOptionsOf(calls.cloud));
      assert.equal((await container.getBlobClient("x").downloadToBuffer()).toString(), "hello");
    });
  });

  describe("codes", () => {
    const hash = "d84c18709b499acb28f5f2ad517b7690920b4eca98a71c17b1a565081e2d4fff";
    const lookUp = (name: string) =>
      calls.call("GET", `/codes/${name}/versions?hash=${hash}&hashVersion=202208`, { apiVersion: "2023-04-01" });

    it("is unknown by hash, uploaded, and then known under any name", async () => {
      const name = randomUUID();
      assert.deepEqual((await lookUp(name)).body, { value: [] });

      const pending = await calls.call("POST", `/codes/${name}/versions/1/startPendingUpload`, {
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

      const container = new ContainerClient(
        credential.sasUri,
        new AnonymousCredential(),
        storageOptionsOf(calls.cloud),
      );
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
      const created = await calls.put(`/codes/${name}/versions/1`, properties, "2023-04-01");
      assert.equal(created.status, 201);
      assert.equal(
        created.headers["location"],
        `${calls.cloud.urls.arm}${calls.workspace}/codes/${name}/versions/1?api-version=2023-04-01`,
      );
      assert.equal(created.body.id, `${calls.workspace}/codes/${name}/versions/1`);
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

      const again = await calls.put(`/codes/${name}/versions/1`, properties);
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
      await calls.put(path, { codeUri: "https://a.blob.core.windows.net/c/x" });
      const answer = await calls.put(path, { codeUri: "https://a.blob.core.windows.net/c/y" });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.message, "Asset paths cannot be updated.");
    });
  });

  describe("computes", () => {
    it("shows a cluster without systemData", async () => {
      const { body } = await calls.call("GET", "/computes/cpu-cluster", { apiVersion: "2022-10-01-preview" });
      assert.deepEqual(keys(body), ["id", "name", "type", "location", "tags", "properties"]);
      assert.equal(body.properties.computeType, "AmlCompute");
      assert.equal(body.properties.properties.allocationState, "Steady");
    });

    it("says nothing at all about one that is missing", async () => {
      const answer = await calls.call("GET", "/computes/nope");
      assert.equal(answer.status, 404);
      assert.equal(answer.text, "");
      assert.equal(answer.headers["content-length"], "0");
      assert.equal(answer.headers["content-type"], undefined);
      assert.equal(answer.headers["x-ms-response-type"], "standard");
    });
  });
});
