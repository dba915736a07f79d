// Retries of Azure's own JavaScript clients, unchanged, through throttling, outages and lost connections.
import assert from "node:assert/strict";
import { ContainerClient } from "@azure/storage-blob";
import { parseScenarios } from "../../../local/azure/scenarios/document.ts";
import type { LocalCloud } from "../../../local/cloud.ts";
import { storageOptionsOf } from "../../local/azure/client.ts";
import { clientOf, credentialOf, unique } from "../official.ts";

const [group, workspace] = ["rg1", "ws1"] as const;

/** Lets `effect` happen once to requests of this path, and answers how often it has. */
function once(cloud: LocalCloud, path: string, effect: string): () => number {
  const name = unique("once");
  const rule = `rules: [{ name: ${name}, request: { path: "${path}" }, times: 1, then: ${effect} }]`;
  cloud.azure.scenarios.add(parseScenarios(rule).rules);
  return () => cloud.azure.scenarios.met(name).length;
}

const model = {
  properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/x", modelType: "custom_model" },
};

export const flows: Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>> = {
  "arm-machinelearning: waits what Retry-After says": async (cloud) => {
    const name = unique("told");
    const client = clientOf(cloud);
    await client.modelVersions.createOrUpdate(group, workspace, name, "1", model);
    const met = once(cloud, `**/models/${name}/**`, "{ status: 429, retryAfter: 1 }");
    const began = performance.now();
    assert.equal((await client.modelVersions.get(group, workspace, name, "1")).name, "1");
    assert.ok(performance.now() - began >= 990);
    assert.equal(met(), 1);
  },

  "arm-machinelearning: makes a model once, whose answer was lost": async (cloud) => {
    const name = unique("lost");
    const client = clientOf(cloud);
    const met = once(cloud, `**/models/${name}/**`, "{ drop: answer }");
    await client.modelVersions.createOrUpdate(group, workspace, name, "1", model);
    assert.equal(met(), 1);
    const versions: string[] = [];
    for await (const one of client.modelVersions.list(group, workspace, name)) versions.push(one.name ?? "");
    assert.deepEqual(versions, ["1"]);
  },

  "storage-blob: uploads again what a busy storage refused": async (cloud) => {
    const name = unique("busy");
    await cloud.azure.blobs.container(name);
    const url = `${cloud.urls.storage}/${name}?${cloud.azure.blobs.sasToken(name, "", "rw", 10)}`;
    const options = { ...storageOptionsOf(cloud), retryOptions: { retryDelayInMs: 100 } };
    const blob = new ContainerClient(url, undefined, options).getBlockBlobClient("a.txt");
    const met = once(cloud, `**/${name}/a.txt`, "{ status: 503 }");
    await blob.upload("abc", 3);
    assert.equal(met(), 1);
    assert.equal((await cloud.azure.blobs.get(name, "a.txt"))?.toString(), "abc");
  },

  "identity: asks Entra again while it is not available": async (cloud) => {
    const met = once(cloud, "**/oauth2/v2.0/token", "{ status: 503, retryAfter: 1 }");
    const { token } = await credentialOf(cloud).getToken("https://management.azure.com/.default");
    assert.ok(token.length > 0);
    // By this request, or by that of another flow at the same moment.
    assert.equal(met(), 1);
  },
};
