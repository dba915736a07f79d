// The local cloud as a whole: the front door, operations, further listeners, and persistence.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { timestamp } from "../../../local/azure/arm/envelope.ts";
import { startCloud } from "../../../local/cloud.ts";
import { ask, cloudOfSuite, tokenOf, workspaceAsk } from "./client.ts";
import { keepPorts } from "./kept-ports.ts";

describe("the local cloud", () => {
  const suite = cloudOfSuite();

  describe("front door", () => {
    it("sends the headers that the real one sends", async () => {
      const { headers } = await workspaceAsk(suite.cloud, "GET", "", { token: suite.token });
      const expected: Record<string, RegExp> = {
        "cache-control": /^no-cache$/,
        pragma: /^no-cache$/,
        expires: /^-1$/,
        "content-type": /^application\/json; charset=utf-8$/,
        "request-context": /^appId=cid-v1:[0-9a-f-]{36}$/,
        "strict-transport-security": /^max-age=31536000; includeSubDomains$/,
        "x-content-type-options": /^nosniff$/,
        "x-ms-correlation-request-id": /^[0-9a-f-]{36}$/,
        "x-ms-request-id": /^[0-9a-f-]{36}$/,
        "x-ms-routing-request-id": /^[A-Z0-9]+:\d{8}T\d{6}Z:[0-9a-f-]{36}$/,
        "x-ms-response-type": /^standard$/,
        "x-request-time": /^\d+\.\d{3}$/,
        "server-timing": /^traceparent;desc="00-[0-9a-f]{32}-[0-9a-f]{16}-01"$/,
        "x-ms-ratelimit-remaining-subscription-reads": /^11999$/,
      };
      for (const [name, pattern] of Object.entries(expected)) assert.match(headers[name] ?? "", pattern, name);
      for (const absent of ["etag", "retry-after", "x-powered-by"]) assert.equal(headers[absent], undefined, absent);
    });

    it("counts writes and deletes apart from reads", async () => {
      const post = await workspaceAsk(suite.cloud, "POST", "/datastores/workspaceblobstore/listSecrets", {
        token: suite.token,
      });
      assert.equal(post.headers["x-ms-ratelimit-remaining-subscription-writes"], "1199");
      const gone = await workspaceAsk(suite.cloud, "DELETE", "/models/none/versions/1", { token: suite.token });
      assert.equal(gone.headers["x-ms-ratelimit-remaining-subscription-deletes"], "14999");
    });

    it("demands an api-version", async () => {
      const answer = await ask(suite.cloud, "GET", `${suite.cloud.urls.arm}${suite.cloud.azure.workspaceId}`, {
        token: suite.token,
      });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.code, "MissingApiVersionParameter");
    });

    it("refuses what is no JSON, and names that are no names", async () => {
      const path = "/models/m/versions/1";
      const broken = await workspaceAsk(suite.cloud, "PUT", path, { token: suite.token, body: '{"properties":' });
      assert.equal(broken.status, 400);
      assert.equal(broken.body.error.code, "InvalidRequestContent");
      const body = { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/x" } };
      const named = await workspaceAsk(suite.cloud, "PUT", "/models/my%20model/versions/1", {
        token: suite.token,
        body,
      });
      assert.equal(named.status, 400);
      assert.match(named.body.error.message, /The name 'my model' is invalid: names have up to 255 letters/);
    });

    it("knows one subscription, one resource group, one workspace", async () => {
      const codeAt = async (from: string, to: string) => {
        const url = `${suite.cloud.urls.arm}${suite.cloud.azure.workspaceId}?api-version=2025-12-01`.replace(from, to);
        const { status, body } = await ask(suite.cloud, "GET", url, { token: suite.token });
        assert.equal(status, 404);
        assert.deepEqual(Object.keys(body.error), ["code", "message"], "no additionalInfo: this layer is not Azure ML");
        return [body.error.code, body.error.message];
      };
      const other = "00000000-0000-0000-0000-000000000002";
      assert.equal((await codeAt("00000000-0000-0000-0000-000000000001", other))[0], "SubscriptionNotFound");
      const group = await codeAt("/rg1/", "/rg9/");
      assert.deepEqual(group, ["ResourceGroupNotFound", "Resource group 'rg9' could not be found."]);
      const [code, message] = await codeAt("/ws1?", "/ws9?");
      assert.equal(code, "ResourceNotFound");
      assert.match(message, /'Microsoft\.MachineLearningServices\/workspaces\/ws9' under resource group 'rg1'/);
    });

    it("refuses a path that is no path", async () => {
      const answer = await ask(
        suite.cloud,
        "GET",
        `${suite.cloud.urls.arm}/subscriptions/%ZZ/x?api-version=2025-12-01`,
        { token: suite.token },
      );
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.code, "InvalidRequestUri");
    });

    it("names what it has not built", async () => {
      const answer = await workspaceAsk(suite.cloud, "GET", "/featuresets", { token: suite.token });
      assert.equal(answer.status, 501);
      assert.deepEqual(answer.body, {
        error: {
          code: "NotImplemented",
          message: `local Azure has not built: GET ${suite.cloud.azure.workspaceId}/featuresets`,
        },
      });
    });

    it("describes itself as a cloud to clients that ask", async () => {
      const { body } = await ask(
        suite.cloud,
        "GET",
        `${suite.cloud.urls.arm}/metadata/endpoints?api-version=2022-09-01`,
      );
      assert.equal(body[0].resourceManager, `${suite.cloud.urls.arm}/`);
      // Without its scheme a client must not take it for one of the scheme "localhost".
      const login = new URL(body[0].authentication.loginEndpoint);
      assert.deepEqual([login.hostname, login.port], ["127.0.0.1", new URL(suite.cloud.urls.login).port]);
      const wellKnown = `${login.origin}/${suite.cloud.tenantId}/v2.0/.well-known/openid-configuration`;
      assert.equal((await ask(suite.cloud, "GET", wellKnown)).status, 200);
      await suite.cloud.azure.blobs.put("described", "x", "hello");
      const { search } = new URL(suite.cloud.azure.blobs.sasUrl("described", "x", "r", 5));
      const url = `https://stor1.blob.${body[0].suffixes.storage}/described/x${search}`;
      assert.match(url, /\.blob\.core\./, "or the official Python client takes no account key");
      assert.equal((await ask(suite.cloud, "GET", url)).text, "hello");
    });
  });

  describe("operations", () => {
    const at = (url: string) => ask(suite.cloud, "GET", url, { token: suite.token });

    it("are Updating until they end, and answer for their result", async () => {
      const { operations } = suite.cloud.azure;
      const operation = operations.start("oe");
      const status = operations.statusUrl(operation, "2022-05-01");
      const result = operations.resultUrl(operation, "2022-05-01");
      assert.match(
        status,
        /\/providers\/Microsoft\.MachineLearningServices\/locations\/eastus2\/mfeOperationsStatus\/oe:[0-9a-f-]{36}:[0-9a-f-]{36}\?api-version=2022-05-01$/,
      );
      const running = await at(status);
      assert.equal(running.status, 200);
      assert.deepEqual(Object.keys(running.body), ["id", "name", "startTime", "percentComplete", "status"]);
      assert.equal(running.body.id, new URL(status).pathname);
      assert.equal(running.body.name, operation.id);
      assert.equal(running.body.status, "Updating");
      const waiting = await at(result);
      assert.deepEqual([waiting.status, waiting.body.status], [202, "Updating"]);
      assert.equal(waiting.body.id, new URL(result).pathname);

      operation.succeed();
      operation.fail({ code: "Late", message: "too late to matter" });
      const { body } = await at(status);
      assert.deepEqual(Object.keys(body), ["id", "name", "startTime", "endTime", "percentComplete", "status"]);
      assert.deepEqual([body.percentComplete, body.status], [100, "Succeeded"]);
      const done = await at(result);
      assert.deepEqual([done.status, done.body.status], [200, "Succeeded"]);
    });

    it("say why they failed", async () => {
      const operation = suite.cloud.azure.operations.start("od");
      operation.fail({ code: "InferencingClientCallFailed", message: "score.py does not load" });
      const { body } = await at(suite.cloud.azure.operations.statusUrl(operation, "2022-05-01"));
      assert.equal(body.status, "Failed");
      assert.deepEqual(Object.keys(body.error), ["message", "details", "additionalInfo"], "there is no code");
      assert.match(
        body.error.message,
        /^InferencingClientCallFailed: score\.py does not load\. Please see troubleshooting/,
      );
      assert.equal(body.error.additionalInfo[0].info.error.message, body.error.message);
    });
  });

  it("stamps times that only grow, with trailing zeros cut", () => {
    const now = Date.parse("2023-05-03T02:30:02.741Z");
    const stamps = Array.from({ length: 200 }, () => timestamp(now));
    assert.ok(stamps.every((stamp) => /^2023-05-03T02:30:02\.741\d*[1-9]\+00:00$/.test(stamp)));
    assert.equal(new Set(stamps).size, 200);
  });

  it("opens further listeners that the proxy knows, until the cloud closes", async () => {
    const listener = await suite.cloud.azure.listen("endpoint x", (_request, response) => response.end("scored"));
    assert.equal((await ask(suite.cloud, "GET", `${listener.url}/score`)).text, "scored");
  });
});

describe("the local cloud with a data folder", () => {
  it("finds everything again, at the same addresses", async () => {
    const data = mkdtempSync(path.join(tmpdir(), "cloud-data-"));
    try {
      keepPorts(data);
      const before = await startCloud({ data });
      const token = await tokenOf(before);
      const body = { properties: { dataType: "uri_file", dataUri: "https://x/y", tags: { a: "b" } } };
      const path = "/data/kept/versions/1";
      const put = await workspaceAsk(before, "PUT", path, { token, body });
      await before.azure.blobs.put("kept", "x", "still here");
      await before.close();

      const after = await startCloud({ data });
      try {
        assert.deepEqual(after.urls, before.urls);
        const got = await workspaceAsk(after, "GET", path);
        assert.deepEqual(got.body, put.body);
        assert.equal((await after.azure.blobs.get("kept", "x"))?.toString(), "still here");
      } finally {
        await after.close();
      }
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });

  it("says when what it finds there is not its own", async () => {
    const data = mkdtempSync(path.join(tmpdir(), "cloud-data-"));
    try {
      writeFileSync(path.join(data, "azure.json"), "{");
      await assert.rejects(startCloud({ data }), /azure\.json holds the local cloud's state and is not readable/);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
