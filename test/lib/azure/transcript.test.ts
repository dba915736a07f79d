// Transcripts of exchanges: places without names, shapes without values, words of the service's own alone.
import assert from "node:assert/strict";
import { createHttpHeaders, createPipelineRequest, RestError } from "@azure/core-rest-pipeline";
import { clouds, type TranscribedExchange, type Transport, transcribing } from "../../../lib/azure/index.ts";

async function told(
  method: "GET" | "PUT" | "POST",
  url: string,
  o: { body?: object; status?: number; answer?: object | string },
) {
  const all: TranscribedExchange[] = [];
  const inner: Transport = {
    userAgent: "test",
    close() {},
    httpClient: {
      async sendRequest(request) {
        if (o.status === 0) throw new RestError("gone", { code: "ECONNRESET" });
        const bodyAsText = typeof o.answer === "object" ? JSON.stringify(o.answer) : (o.answer ?? "");
        return { request, status: o.status ?? 200, headers: createHttpHeaders(), bodyAsText };
      },
    },
  };
  const request = createPipelineRequest({ url, method, ...(o.body ? { body: JSON.stringify(o.body) } : {}) });
  await transcribing(inner, clouds.AzureCloud, (one) => all.push(one))
    .httpClient.sendRequest(request)
    .catch(() => {});
  assert.equal(all.length, 1);
  return all[0]!;
}

const WS =
  "https://management.azure.com/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/secret-group/providers/Microsoft.MachineLearningServices/workspaces/secret-ws";
const PLACE = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}";

describe("a transcript", () => {
  it("keeps places without names, and of the query names alone", async () => {
    const one = await told("GET", `${WS}/models/secret-model/versions/7?api-version=2025-12-01&$skip=secret`, {});
    assert.deepEqual(
      [one.service, one.path, one.query],
      ["arm", `${PLACE}/models/{}/versions/{}`, ["$skip", "api-version=2025-12-01"]],
    );
    const blob = await told(
      "PUT",
      "https://secret1.blob.core.windows.net/secret-container/secret/path?comp=block&sig=secret",
      {},
    );
    assert.deepEqual([blob.service, blob.path, blob.query], ["storage", "/{}/{}/{}", ["comp", "sig"]]);
    const mlflow = await told(
      "GET",
      `https://eastus.api.azureml.ms/mlflow/v2.0${new URL(WS).pathname}/api/2.0/mlflow/runs/get?run_id=secret`,
      {},
    );
    assert.deepEqual([mlflow.service, mlflow.path], ["mlflow", `/mlflow/v2.0${PLACE}/api/2.0/mlflow/runs/get`]);
    const list = await told(
      "GET",
      `https://eastus.api.azureml.ms/artifact/v2.0${new URL(WS).pathname}/artifacts/ExperimentRun/dcid.secret-job/prefix/contentinfo?path=`,
      {},
    );
    assert.deepEqual(
      [list.service, list.path],
      ["artifact", `/artifact/v2.0${PLACE}/artifacts/ExperimentRun/{}/prefix/contentinfo`],
    );
    const scoring = await told("POST", "https://secret.eastus.inference.ml.azure.com/secret/score", {});
    assert.deepEqual([scoring.service, scoring.path], ["other", "/{}"]);
  });

  it("keeps shapes without values, one for all items of a list, and maps of names as one", async () => {
    const one = await told("PUT", `${WS}/jobs/x`, {
      body: { properties: { tags: { secretTag: "secret" }, environmentVariables: { SECRET: "secret" }, priority: 1 } },
      answer: {
        value: [{ id: "secret" }, { id: null, more: true }],
        properties: { properties: { secretKey: "secret" } },
      },
    });
    assert.deepEqual(one.sent, {
      properties: { tags: { "*": "string" }, environmentVariables: { "*": "string" }, priority: "number" },
    });
    assert.deepEqual(one.answered, {
      value: [{ id: "null|string", more: "boolean" }],
      properties: { properties: { "*": "string" } },
    });
  });

  it("takes addresses and ids that stand for the names of fields for no names", async () => {
    const one = await told("POST", `${WS}/x`, {
      answer: { values: { "azureml://secret/path": { code: "Secret" } }, "11111111-2222-3333-4444-555555555555": 1 },
    });
    assert.doesNotMatch(JSON.stringify(one.answered), /secret|1111/);
    assert.equal(one.words, undefined);
  });

  it("keeps words of the service's own, and nothing that only stands where one would", async () => {
    const one = await told("GET", `${WS}/jobs/x`, {
      answer: {
        properties: { status: "Completed", description: "secret", tags: { status: "Secret" } },
        error: { code: "NotFound" },
      },
    });
    assert.deepEqual(one.words, { "properties.status": "Completed", "error.code": "NotFound" });
    const odd = await told("GET", `${WS}/jobs/x`, { answer: { status: "a sentence with a secret" } });
    assert.equal(odd.words, undefined);
  });

  it("keeps of what is no JSON nothing, and says where no answer came", async () => {
    const page = await told("GET", `${WS}/jobs/x`, { answer: "<html>secret</html>", status: 502 });
    assert.deepEqual([page.status, page.answered], [502, undefined]);
    assert.equal((await told("GET", `${WS}/jobs/x`, { status: 0 })).status, 0);
  });

  it("holds no secret whatever comes", async () => {
    const one = await told("POST", `${WS}/datastores/s/listSecrets?api-version=1`, {
      body: { expirableSecret: true },
      answer: { secretsType: "Sas", sasToken: "sv=secret&sig=secret" },
    });
    assert.doesNotMatch(JSON.stringify(one), /sv=|secret-|=secret/);
    assert.deepEqual(one.words, { secretsType: "Sas" });
  });

  const named: [what: string, properties: object][] = [
    ["variables of a component, in its own spelling", { componentSpec: { environment_variables: { SECRET: "x" } } }],
    ["parameters that are searched", { searchSpace: { secret: ["choice", [[1]]] } }],
    ["keys of a connection of one's own", { credentials: { keys: { secret: "x" } } }],
    ["metadata of a connection", { metadata: { secret: "x" } }],
    ["settings of Spark", { conf: { "spark.secret": "x" } }],
  ];
  for (const [what, properties] of named)
    it(`names none of the ${what}`, async () => {
      const one = await told("PUT", `${WS}/x/y`, { body: { properties }, answer: { properties } });
      assert.doesNotMatch(JSON.stringify(one), /secret/i);
    });

  it("takes no word from what people wrote into properties", async () => {
    const answer = { properties: { status: "Running", properties: { status: "secret", code: "secret" } } };
    const one = await told("GET", `${WS}/jobs/x`, { answer });
    assert.deepEqual(one.words, { "properties.status": "Running" });
    assert.doesNotMatch(JSON.stringify(one), /secret/);
  });

  it("tells nothing of what an endpoint was sent and replied", async () => {
    const one = await told("POST", "https://secret.eastus.inference.ml.azure.com/score?secret=1", {
      body: { patient_secret: 1, status: "secret" },
      answer: { secret: [1], status: "secret", code: "secret" },
    });
    assert.doesNotMatch(JSON.stringify(one), /secret/);
    assert.deepEqual([one.method, one.status], ["POST", 200]);
  });
});
