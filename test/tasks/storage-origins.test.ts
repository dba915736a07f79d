// To whom a credential for storage goes: to accounts of this cloud that the workspace itself names, over TLS, and to nobody else.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { newStamps } from "../../local/azure/arm/envelope.ts";
import { storageSuffix } from "../../local/azure/workspace/addresses.ts";
import download from "../../tasks/DownloadModel/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import { project } from "../lib/ml/projects.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "storage-origins-"));
const datastores: string[] = [];
after(() => rmSync(scratch, { recursive: true, force: true }));
// Other files of tests share the workspace.
afterEach(async () => {
  if (datastores.length === 0) return;
  const { azure } = await theCloud();
  for (const name of datastores.splice(0)) azure.store("datastores").delete(name);
});
const author = { name: "Mallory", type: "User" } as const;
let models = 0;

/** A model version that says its files are at `modelUri`; its name. */
async function model(modelUri: string): Promise<string> {
  const { azure } = await theCloud();
  const name = `origin-${++models}`;
  const properties = {
    modelType: "custom_model",
    modelUri,
    tags: {},
    properties: {},
    flavors: {},
    jobName: null,
    stage: null,
  };
  azure.assets.models.put(name, "1", properties, author);
  return name;
}

/** A datastore of the workspace, as somebody may have created it. */
async function datastore(properties: Record<string, unknown>, secrets?: Record<string, unknown>): Promise<string> {
  const { azure } = await theCloud();
  const name = `origin_${++models}`;
  datastores.push(name);
  azure.store("datastores").set(name, {
    name,
    properties: { datastoreType: "AzureBlob", containerName: "c", ...properties },
    secrets,
    stamps: newStamps(azure.clock.now(), author),
  });
  return name;
}

interface Heard {
  readonly url: string;
  readonly authorization: string | undefined;
}

/** Everything that left for another host than those of the local cloud, which is answered as an evil or an empty host would. */
function listener(local: { urls: Record<string, string> }) {
  const own = new Set(Object.values(local.urls).map((url) => new URL(url).host));
  const heard: Heard[] = [];
  const between = async (request: PipelineRequest, send: () => Promise<PipelineResponse>) => {
    if (own.has(new URL(request.url).host)) return send();
    heard.push({ url: request.url, authorization: request.headers.get("Authorization") });
    const headers = createHttpHeaders({
      "WWW-Authenticate": `Bearer authorization_uri=https://login.microsoftonline.com/x/oauth2/authorize resource_id=https://storage.azure.com`,
      "x-ms-error-code": "NoAuthenticationInformation",
    });
    return { request, status: 401, headers, bodyAsText: "" };
  };
  return { heard, between };
}

const secretIn = ({ url, authorization }: Heard) => authorization !== undefined || /[?&]sig=/.test(url);

describe("a credential for storage", () => {
  const origins: [string, (suffix: string) => string][] = [
    ["a model on another https host", () => "https://evil.example/models/m"],
    ["a model on a host that begins like storage", (suffix) => `https://stor1.blob.${suffix}.evil.example/models/m`],
    [
      "a model on a host that ends like storage",
      (suffix) => `https://evil-stor1.blob.${suffix.replace(":", ".evil.example:")}/models/m`,
    ],
    [
      "a model behind a user's name in the address",
      (suffix) => `https://stor1.blob.${suffix.split(":")[0]}@evil.example/models/m`,
    ],
    ["a model in an account that the workspace does not name", (suffix) => `https://foreign.blob.${suffix}/models/m`],
    ["a model on another service of storage", (suffix) => `https://stor1.web.${suffix}/models/m`],
    ["a model on another port", (suffix) => `https://stor1.blob.${suffix.replace(/:\d+$/, "")}:444/models/m`],
  ];
  for (const [title, uri] of origins)
    it(`does not go to ${title}`, async () => {
      const local = await theCloud();
      const { heard, between } = listener(local);
      const modelUri = uri(storageSuffix(local.azure));
      const given = { modelName: await model(modelUri), downloadPath: "model" };
      const ran = await runStory(download, given, mkdtempSync(path.join(scratch, "w-")), { between });
      assert.ok(ran.error);
      assert.deepEqual(heard.filter(secretIn), []);
      assert.match(ran.error.message, /no credential|none of the workspace's|cannot download/, ran.error.message);
    });

  it("does not go over http, wherever a datastore says so", async () => {
    const local = await theCloud();
    const { heard, between } = listener(local);
    const endpoint = storageSuffix(local.azure);
    const secrets: [string, Record<string, unknown> | undefined][] = [
      ["a signature", { secretsType: "Sas", sasToken: "sv=2021-10-04&sr=c&sp=racwdl&sig=c2VjcmV0" }],
      ["a key", { secretsType: "AccountKey", key: "c2VjcmV0" }],
      ["a token", undefined],
    ];
    for (const [what, secret] of secrets) {
      const name = await datastore({ accountName: "stor1", endpoint, protocol: "http" }, secret);
      const folder = project({ "data/a.csv": "1\n" });
      const given = { source: "inline", name: `http-${what.split(" ")[1]}`, path: "data", datastore: name };
      const sent: string[] = [];
      const ran = await runStory(registerData, given, folder, {
        between,
        onRequest: (_method, url) => void sent.push(url),
      });
      assert.ok(ran.error, what);
      assert.deepEqual(
        sent.filter((url) => url.startsWith("http:") || secretIn({ url, authorization: undefined })),
        [],
        what,
      );
      assert.match(ran.error.message, /http/, what);
    }
    assert.deepEqual(heard, []);
  });

  it("does not go to the endpoint that a datastore names, where this cloud has no such one", async () => {
    const local = await theCloud();
    for (const secret of [
      undefined,
      { secretsType: "Sas", sasToken: "sv=1&sig=c2VjcmV0" },
      { secretsType: "AccountKey", key: "c2VjcmV0" },
    ]) {
      for (const fields of [
        { accountName: "stor1", endpoint: "evil.example" },
        { accountName: "evil.example/x", endpoint: storageSuffix(local.azure) },
        { accountName: "evil.example#", endpoint: storageSuffix(local.azure) },
        { accountName: "stor1", endpoint: `${storageSuffix(local.azure)}@evil.example` },
      ]) {
        const { heard, between } = listener(local);
        const given = { source: "inline", name: "endpoint", path: "data", datastore: await datastore(fields, secret) };
        const ran = await runStory(registerData, given, project({ "data/a.csv": "1\n" }), { between });
        assert.ok(ran.error);
        assert.deepEqual(heard, [], JSON.stringify(fields));
        assert.doesNotMatch(ran.error.message, /could not be reached|401|sign/i);
      }
    }
  });

  it("goes to the workspace's own account: by its address, and by a datastore without credentials", async () => {
    const local = await theCloud();
    const { azure } = local;
    await azure.blobs.put("own", "m/model.json", "{}");
    const store = await datastore({
      accountName: "stor1",
      containerName: "own",
      endpoint: storageSuffix(azure),
      protocol: "https",
    });
    for (const uri of [`${local.urls.storage}/own/m`, `azureml://datastores/${store}/paths/m`]) {
      const folder = mkdtempSync(path.join(scratch, "w-"));
      const ran = await runStory(download, { modelName: await model(uri), downloadPath: "model" }, folder);
      assert.equal(ran.error, undefined);
      assert.equal(readFileSync(path.join(folder, "model", "model.json"), "utf8"), "{}");
    }
  });
});
