// Data assets as the recordings show them: what the service rewrites, what is latest, and lists of any length.
import assert from "node:assert/strict";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { ClientSecretCredential } from "@azure/identity";
import { type Answer, ask, httpClientOf } from "../../client.ts";
import { assetCalls, innerCodes, keys } from "./calls.ts";

describe("local Azure's data assets", () => {
  const calls = assetCalls();

  describe("data", () => {
    const dataUri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/abc/sample1.csv";
    const long = `azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg1/workspaces/ws1/datastores/workspaceblobstore/paths/LocalUpload/abc`;

    it("writes the long location in small letters", async () => {
      const sent = { properties: {}, tags: {}, isAnonymous: false, isArchived: false, dataType: "uri_file", dataUri };
      const created = await calls.put("/data/rows/versions/foobar", sent, "2022-10-01");
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
      const shown = await calls.call("GET", "/data/rows/versions/foobar", { apiVersion: "2022-10-01" });
      assert.deepEqual(shown.body, created.body);
    });

    it("ends folders and tables with a slash, and repeats referenced URIs of a table only", async () => {
      const folder = await calls.put("/data/folder/versions/1", { dataType: "uri_folder", dataUri: "https://bla" });
      assert.equal(folder.body.properties.dataUri, "https://bla/");
      const table = await calls.put("/data/table/versions/1", {
        dataType: "mltable",
        dataUri: "azureml://datastores/workspaceblobstore/paths/LocalUpload/abc",
        referencedUris: ["./tmp_file.csv"],
      });
      assert.equal(table.body.properties.dataUri, `${long}/`);
      assert.deepEqual(keys(table.body.properties).slice(-3), ["dataUri", "dataType", "referencedUris"]);
    });

    it("calls the most recently created version the latest, and counts on from the highest number", async () => {
      for (const version of ["5", "2", "foo"]) {
        await calls.put(`/data/counted/versions/${version}`, { dataType: "uri_file", dataUri });
      }
      const { body } = await calls.call("GET", "/data/counted", { apiVersion: "2022-10-01" });
      assert.deepEqual(body.properties, {
        description: null,
        tags: null,
        properties: null,
        isArchived: false,
        latestVersion: "foo",
        nextVersion: "6",
        dataType: "uri_file",
      });
      const list = await calls.call("GET", "/data/counted/versions?listViewType=ActiveOnly");
      assert.deepEqual(keys(list.body), ["value"]);
      assert.deepEqual(
        list.body.value.map((one: { name: string }) => one.name),
        ["foo", "2", "5"],
      );
    });

    it("does not move a version elsewhere", async () => {
      await calls.put("/data/moved/versions/1", { dataType: "uri_file", dataUri });
      const same = await calls.put("/data/moved/versions/1", { dataType: "uri_file", dataUri, tags: { a: "b" } });
      assert.equal(same.status, 200);
      assert.deepEqual(same.body.properties.tags, { a: "b" });
      const moved = await calls.put("/data/moved/versions/1", { dataType: "uri_file", dataUri: `${dataUri}2` });
      assert.equal(moved.status, 400);
      assert.equal(moved.body.error.code, "UserError");
      assert.equal(moved.body.error.message, "Asset paths cannot be updated.");
    });

    it("says which version is missing", async () => {
      const answer = await calls.call("GET", "/data/rows/versions/nope");
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
        await calls.put(`/data/${name}/versions/${version}`, {
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
      let answer = await calls.call("GET", `/data/${name}/versions`);
      let pages = 1;
      for (;;) {
        seen.push(...versions(answer));
        if (answer.body.nextLink === undefined) break;
        assert.match(answer.body.nextLink, /[?&](\$|%24)skip=/);
        answer = await ask(calls.cloud, "GET", answer.body.nextLink, { token: calls.token });
        pages += 1;
      }
      assert.equal(pages, 3);
      assert.deepEqual(
        seen,
        Array.from({ length: 64 }, (_, index) => String(64 - index)),
      );
    });

    it("give what was made last first, when asked", async () => {
      const answer = await calls.call("GET", `/data/${name}/versions?$orderBy=createdtime%20desc&$top=1`);
      assert.deepEqual(versions(answer), ["64"]);
      assert.deepEqual(keys(answer.body), ["value"]);
      const oldest = await calls.call("GET", `/data/${name}/versions?$orderBy=createdtime%20asc&$top=2`);
      assert.deepEqual(versions(oldest), ["1", "2"]);
    });

    it("leave out what is archived, or give only that", async () => {
      assert.deepEqual(versions(await calls.call("GET", `/data/${name}/versions?listViewType=ArchivedOnly`)), ["65"]);
      assert.equal(versions(await calls.call("GET", `/data/${name}/versions?listViewType=All&$top=1`))[0], "65");
    });

    it("choose by tags", async () => {
      const answer = await calls.call("GET", `/data/${name}/versions?$tags=even%3Dyes&$top=2`);
      assert.deepEqual(versions(answer), ["64", "62"]);
    });

    it("are followed by the official client to the end", async () => {
      const { clientId, secret } = calls.cloud.credentials.contributor;
      const shared = { httpClient: httpClientOf(calls.cloud), retryOptions: { maxRetries: 0 } };
      const credential = new ClientSecretCredential(calls.cloud.tenantId, clientId, secret, {
        authorityHost: calls.cloud.urls.login,
        disableInstanceDiscovery: true,
        ...shared,
      });
      const client = new AzureMachineLearningWorkspaces(credential, calls.cloud.subscriptionId, {
        endpoint: calls.cloud.urls.arm,
        credentialScopes: "https://management.azure.com/.default",
        ...shared,
      });
      const seen: string[] = [];
      for await (const version of client.dataVersions.list("rg1", "ws1", name)) seen.push(version.name ?? "");
      assert.equal(seen.length, 64);
      const container = await client.dataContainers.get("rg1", "ws1", name);
      assert.equal(container.properties.nextVersion, "66");
      const shown = await client.workspaces.get("rg1", "ws1");
      assert.equal(shown.workspaceId, calls.cloud.azure.workspaceGuid);
      await assert.rejects(client.modelVersions.get("rg1", "ws1", "no", "1"), { statusCode: 404, code: "UserError" });
    });
  });
});
