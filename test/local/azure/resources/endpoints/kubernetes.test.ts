// Online endpoints on Kubernetes: what the cloud takes of them, what it refuses, and that their deployments answer.
import assert from "node:assert/strict";
import { checkArchive, type Entry, violationText } from "../../../../../local/azure/contract/archive.ts";
import { contracts } from "../../../../../local/azure/contract/contracts.ts";
import { type LocalCloud, startCloud } from "../../../../../local/cloud.ts";
import { ask, workspaceAsk } from "../../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../../online-scripts.ts";

describe("local Azure: online endpoints on Kubernetes", () => {
  let cloud: LocalCloud;
  let code: string;
  let model: string;
  let compute: string;
  const apiVersion = "2025-12-01";
  const on = (computeId: string, more: object = {}) => ({
    location: "eastus2",
    properties: { authMode: "Key", compute: computeId, ...more },
  });
  /** A deployment on Kubernetes. */
  const deployment = (more: object = {}) => {
    const { properties, ...rest } = deploymentRequest(model, code) as { properties: object };
    return {
      ...rest,
      properties: {
        ...properties,
        endpointComputeType: "Kubernetes",
        instanceType: "small",
        containerResourceRequirements: { containerResourceRequests: { cpu: "1", memory: "1Gi" } },
        ...more,
      },
    };
  };
  const put = (path: string, body: object) => workspaceAsk(cloud, "PUT", path, { body, apiVersion });

  before(async () => {
    cloud = await startCloud();
    ({ code, model } = await registerGreeter(cloud));
    await make(
      cloud,
      "/computes/kube",
      {
        location: "eastus2",
        properties: { computeType: "Kubernetes", resourceId: "/k", properties: { namespace: "n" } },
      },
      apiVersion,
    );
    compute = `${cloud.azure.workspaceId}/computes/kube`;
    await make(cloud, "/onlineEndpoints/kube-ep", on(compute), apiVersion);
  });
  after(() => cloud.close());

  it("deploys and answers, and the log says that there is no cluster", async () => {
    await make(cloud, "/onlineEndpoints/kube-ep/deployments/blue", deployment(), apiVersion);
    await make(cloud, "/onlineEndpoints/kube-ep", on(compute, { traffic: { blue: 100 } }), apiVersion);
    const endpoint = await workspaceAsk(cloud, "GET", "/onlineEndpoints/kube-ep", { apiVersion });
    assert.deepEqual([endpoint.body.properties.compute, endpoint.body.properties.traffic], [compute, { blue: 100 }]);
    const there = await workspaceAsk(cloud, "GET", "/onlineEndpoints/kube-ep/deployments/blue", { apiVersion });
    assert.equal(there.body.properties.endpointComputeType, "Kubernetes");
    assert.equal(there.body.properties.containerResourceRequirements.containerResourceRequests.cpu, "1");
    const keys = await workspaceAsk(cloud, "POST", "/onlineEndpoints/kube-ep/listKeys", { apiVersion });
    const reply = await ask(cloud, "POST", endpoint.body.properties.scoringUri, {
      body: {},
      token: keys.body.primaryKey,
    });
    assert.equal(reply.body.greeting, "good day");
    const logs = await workspaceAsk(cloud, "POST", "/onlineEndpoints/kube-ep/deployments/blue/getLogs", {
      body: {},
      apiVersion,
    });
    assert.match(logs.body.content, /simulated: there is no Kubernetes cluster/);
  });

  it("is listed by its compute type", async () => {
    await make(cloud, "/onlineEndpoints/plain", endpointRequest(), apiVersion);
    for (const [query, names] of [
      ["", ["plain"]],
      ["computeType=Kubernetes", ["kube-ep"]],
    ] as const) {
      const answer = await workspaceAsk(cloud, "GET", `/onlineEndpoints?${query}`, { apiVersion });
      assert.deepEqual(
        answer.body.value.map((one: { name: string }) => one.name),
        names,
        answer.text,
      );
    }
  });

  const refused: Readonly<Record<string, readonly [path: string, body: () => object, words: RegExp]>> = {
    "a compute that is not there": [
      "/onlineEndpoints/lost",
      () => on(`${cloud.azure.workspaceId}/computes/lost`),
      /lost is not there/,
    ],
    "a cluster of machines": [
      "/onlineEndpoints/wrong",
      () => on(`${cloud.azure.workspaceId}/computes/cpu-cluster`),
      /cpu-cluster is/,
    ],
    "mirrored traffic": [
      "/onlineEndpoints/kube-ep",
      () => on(compute, { mirrorTraffic: { blue: 10 } }),
      /Mirror traffic is not supported/,
    ],
    "Entra tokens": [
      "/onlineEndpoints/tokens",
      () => on(compute, { authMode: "AADToken" }),
      /AADToken is not supported/,
    ],
    "another compute": ["/onlineEndpoints/kube-ep", () => endpointRequest(), /cannot be moved/],
    "a managed deployment": [
      "/onlineEndpoints/kube-ep/deployments/managed",
      () => deploymentRequest(model, code),
      /takes deployments of type Kubernetes/,
    ],
    "a deployment on a managed endpoint": [
      "/onlineEndpoints/plain/deployments/kube",
      () => deployment(),
      /takes deployments of type Managed/,
    ],
  };
  for (const [what, [path, body, words]] of Object.entries(refused)) {
    it(`refuses ${what}`, async () => {
      const answer = await put(path, body());
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.text, words);
    });
  }

  it("refuses names that are too long together", async () => {
    const name = `k${"e".repeat(31)}`;
    await make(cloud, `/onlineEndpoints/${name}`, on(compute), apiVersion);
    const answer = await put(`/onlineEndpoints/${name}/deployments/${"b".repeat(31)}`, deployment());
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.text, /6 to 62 characters together/);
  });

  it("breaks no published type", () => {
    const { log } = cloud.har.toHar() as { log: { entries: Entry[] } };
    const { checked, violations } = checkArchive(
      log.entries.filter(({ response }) => response.status < 400),
      contracts(),
    );
    assert.ok(checked >= 10, `${checked} bodies were checked`);
    assert.deepEqual(violations.map(violationText), []);
  });
});
