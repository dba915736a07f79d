// Scoring scripts and models in a cloud's storage, registered as a client would register them.
import assert from "node:assert/strict";
import type { LocalCloud } from "../../../local/cloud.ts";
import { until } from "../../harness/until.ts";
import { type Answer, ask, workspaceAsk } from "./client.ts";

const goodScript = `
import json, os, sys
def init():
    global greeting
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "greeting.txt")) as file:
        greeting = file.read()
    print("init of", os.environ.get("COLOUR", "none"))
def run(raw_data):
    asked = json.loads(raw_data)
    print("scoring", raw_data)
    if asked.get("sleep"):
        import time; time.sleep(asked["sleep"])
    if asked.get("until"):
        import time
        while not os.path.exists(asked["until"]): time.sleep(0.01)
    if asked.get("raise"):
        raise ValueError("the script says no")
    if "return" in asked:
        return asked["return"]
    if asked.get("exit"):
        os._exit(7)
    return {"greeting": greeting, "colour": os.environ.get("COLOUR"), "type": type(raw_data).__name__}
`;

export const brokenInit = `
def init():
    print("before the fall")
    raise RuntimeError("no such weights")
def run(raw_data):
    return 1
`;

/** Uploads a script and registers it as code; gives the code's ARM id. */
export async function registerCode(cloud: LocalCloud, name: string, script: string): Promise<string> {
  const { azure } = cloud;
  const container = `code-${name}`;
  await azure.blobs.put(container, "scoring/score.py", script);
  const codeUri = `${azure.blobs.url(container)}/scoring`;
  const answer = await workspaceAsk(cloud, "PUT", `/codes/${name}/versions/1`, {
    body: { properties: { codeUri, isAnonymous: true } },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id as string;
}

/** Uploads a folder `model` and registers it as a model; gives its ARM id. */
export async function registerModel(cloud: LocalCloud, name: string): Promise<string> {
  const { azure } = cloud;
  await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `LocalUpload/1/model/greeting.txt`, "good day");
  const modelUri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/1/model";
  const answer = await workspaceAsk(cloud, "PUT", `/models/${name}/versions/1`, {
    body: { properties: { modelUri, modelType: "custom_model" } },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id as string;
}

/** The script that greets and its model; gives the ARM ids of both. */
export async function registerGreeter(
  cloud: LocalCloud,
  names: { readonly code?: string; readonly model?: string } = {},
): Promise<{ code: string; model: string }> {
  const code = await registerCode(cloud, names.code ?? "good", goodScript);
  return { code, model: await registerModel(cloud, names.model ?? "greeter") };
}

export function endpointRequest(o: { traffic?: object; authMode?: string; mirrorTraffic?: object } = {}): object {
  return {
    location: "eastus2",
    tags: { team: "a" },
    identity: { type: "SystemAssigned" },
    properties: {
      authMode: o.authMode ?? "Key",
      properties: {},
      traffic: o.traffic ?? {},
      ...(o.mirrorTraffic === undefined ? {} : { mirrorTraffic: o.mirrorTraffic }),
    },
  };
}

export function deploymentRequest(model: string, codeId: string, more: object = {}): object {
  return {
    location: "eastus2",
    tags: {},
    properties: {
      endpointComputeType: "Managed",
      codeConfiguration: { codeId, scoringScript: "score.py" },
      model,
      environmentId: "azureml://registries/azureml/environments/sklearn-1.5/versions/1",
      environmentVariables: {},
      instanceType: "Standard_DS2_v2",
      appInsightsEnabled: false,
      scaleSettings: { scaleType: "Default" },
      ...more,
    },
    sku: { name: "Default", capacity: 1 },
  };
}

/** Polls an operation's status URL, or where there is none its result's, to its end. */
export async function settled(cloud: LocalCloud, started: Answer): Promise<Answer["body"]> {
  const url = started.headers["azure-asyncoperation"] ?? started.headers["location"];
  assert.ok(url !== undefined, started.text);
  const { tokenOf } = await import("./client.ts");
  const token = await tokenOf(cloud);
  return until("the operation has ended", async () => {
    const { body } = await ask(cloud, "GET", url, { token });
    return body.status === "Updating" || body.status === "InProgress" ? undefined : body;
  });
}

/** PUTs and waits; gives the resource as it is afterwards. */
export async function make(
  cloud: LocalCloud,
  path: string,
  body: object,
  apiVersion = "2025-12-01",
): Promise<{ first: Answer; end: Answer["body"]; resource: Answer["body"] }> {
  const first = await workspaceAsk(cloud, "PUT", path, { body, apiVersion });
  assert.equal(first.status, 201, first.text);
  const end = await settled(cloud, first);
  return { first, end, resource: (await workspaceAsk(cloud, "GET", path, { apiVersion })).body };
}
