// The target of a task, by its inputs and its connection: a workspace, a registry, or both. No network is used.
import assert from "node:assert/strict";
import type { Agent } from "../../../lib/agent/index.ts";
import { createTransport } from "../../../lib/azure/index.ts";
import { connect } from "../../../lib/task/azure.ts";

const connection = {
  id: "5e4e6ce0-0000-4000-8000-000000000001",
  scheme: "servicePrincipalSecret",
  tenantId: "t",
  clientId: "c",
  secret: "s",
  subscriptionId: "sub1",
  cloud: { environment: "AzureCloud" },
};

function open(inputs: Record<string, string>, more: object = {}) {
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), debug() {}, warn() {}, remote() {}, group() {} };
  const agent = {
    connection: () => ({ ...connection, ...more }),
    variable: () => undefined,
    proxy: undefined,
    caFile: undefined,
    log,
    signal: new AbortController().signal,
  };
  const task = { name: "AzureMLDownloadModel", friendlyName: "d", version: "1.0.0" };
  const { name, resourceGroup, registry } = connect(agent as unknown as Agent, inputs, task as never, createTransport);
  return { place: [name, resourceGroup, registry], line: lines.join("\n") };
}

describe("the place of a task", () => {
  it("is the workspace of the inputs, or else that of the connection", () => {
    const named = open({ workspace: "ws1", resourceGroup: "rg1" }, { workspace: "other", resourceGroup: "rg2" });
    assert.deepEqual(named.place, ["ws1", "rg1", undefined]);
    assert.equal(named.line, "Workspace ws1 in resource group rg1, subscription sub1 (AzureCloud).");
    assert.deepEqual(open({}, { workspace: "ws2", resourceGroup: "rg2" }).place, ["ws2", "rg2", undefined]);
    assert.throws(
      () => open({}),
      /Inputs resourceGroup and workspace are empty, and the service connection has no workspace/,
    );
    assert.throws(() => open({ workspace: "ws1" }), /Input resourceGroup is empty/);
  });

  it("is a registry alone where no workspace is named, also in a resource group", () => {
    for (const inputs of [{ registry: "shared" }, { registry: "shared", resourceGroup: "rg1" }])
      assert.deepEqual(open(inputs).place, ["", "", "shared"]);
    assert.equal(open({ registry: "shared" }).line, "Registry shared, subscription sub1 (AzureCloud).");
  });

  it("is both where both are named", () => {
    const both = open({ registry: "shared", workspace: "ws1", resourceGroup: "rg1" });
    assert.deepEqual(both.place, ["ws1", "rg1", "shared"]);
    assert.equal(both.line, "Workspace ws1 in resource group rg1, Registry shared, subscription sub1 (AzureCloud).");
    assert.throws(() => open({ registry: "shared", workspace: "ws1" }), /Input resourceGroup is empty/);
  });
});
