// Limits of online endpoints and of invocations: local Azure takes no more than the service is documented to take.
import assert from "node:assert/strict";
import { deploymentKey, deploymentsOf } from "../../../../../local/azure/records/online-endpoint.ts";
import { addDeployment } from "../../../../lib/ml/cleanup/things.ts";
import { cloudOfSuite, workspaceAsk } from "../../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter, settled } from "../../online-scripts.ts";

describe("local Azure: limits of online deployments", () => {
  const suite = cloudOfSuite();
  let greeter: { code: string; model: string };
  before(async () => {
    greeter = await registerGreeter(suite.cloud);
    await make(suite.cloud, "/onlineEndpoints/limited", endpointRequest());
    const { azure } = suite.cloud;
    await make(suite.cloud, "/computes/kube", {
      location: "eastus2",
      properties: { computeType: "Kubernetes", resourceId: "/k", properties: { namespace: "n" } },
    });
    const on = { location: "eastus2", properties: { authMode: "Key", compute: `${azure.workspaceId}/computes/kube` } };
    await make(suite.cloud, "/onlineEndpoints/limited-kube", on);
  });
  const put = (path: string, more: object = {}) =>
    workspaceAsk(suite.cloud, "PUT", path, {
      token: suite.token,
      body: deploymentRequest(greeter.model, greeter.code, more),
    });
  const isThere = (endpoint: string, name: string) =>
    deploymentsOf(suite.cloud.azure).has(deploymentKey(endpoint, name));

  const KUBERNETES = {
    endpointComputeType: "Kubernetes",
    instanceType: "small",
    containerResourceRequirements: { containerResourceRequests: { cpu: "1", memory: "1Gi" } },
  };
  for (const [what, endpoint, more, limit] of [
    ["181 s of a managed one", "limited", { requestSettings: { requestTimeout: "PT181S" } }, 180],
    ["an hour of a managed one", "limited", { requestSettings: { requestTimeout: "PT1H" } }, 180],
    ["301 s on Kubernetes", "limited-kube", { ...KUBERNETES, requestSettings: { requestTimeout: "PT301S" } }, 300],
  ] as const)
    it(`refuse a request timeout of ${what}`, async () => {
      const { status, body } = await put(`/onlineEndpoints/${endpoint}/deployments/long`, more);
      assert.equal(status, 400);
      assert.match(body.error.message, new RegExp(`request_?timeout.*${limit} seconds`, "i"));
      assert.ok(!isThere(endpoint, "long"));
    });

  it("take the longest request timeout, and refuse the 21st deployment of an endpoint and no change of one that is there", async () => {
    const longest = { requestSettings: { requestTimeout: "PT3M" } };
    const body = deploymentRequest(greeter.model, greeter.code, longest);
    await make(suite.cloud, "/onlineEndpoints/limited/deployments/first", body);
    const { azure } = suite.cloud;
    for (let count = 2; count <= 20; count++)
      addDeployment(azure, "limited", `deployment-${count}`, {}, azure.clock.now());
    const more = await put("/onlineEndpoints/limited/deployments/one-too-many");
    assert.equal(more.status, 400, more.text);
    assert.match(more.body.error.message, /20 deployments/);
    assert.ok(!isThere("limited", "one-too-many"));
    const change = await put("/onlineEndpoints/limited/deployments/deployment-2", longest);
    assert.ok([200, 201].includes(change.status), change.text);
    await settled(suite.cloud, change);
  });
});
