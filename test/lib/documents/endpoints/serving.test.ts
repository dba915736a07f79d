// Online endpoints and deployments.
import assert from "node:assert/strict";
import { onlineDeploymentKind, onlineEndpointKind } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const DEPLOYMENT = `
name: blue
endpoint_name: ep-one
model: {path: ./model}
code_configuration: {code: ./src, scoring_script: score.py}
environment: azureml:e:1
instance_type: Standard_DS3_v2
instance_count: "2"
request_settings: {request_timeout_ms: 1500, max_concurrent_requests_per_instance: 3, max_queue_wait_ms: 500}
liveness_probe: {initial_delay: 10, period: 90, timeout: 2, failure_threshold: 30}
scale_settings: {type: default}
environment_variables: {A: 1}
egress_public_network_access: disabled
data_collector: {collections: {model_inputs: {enabled: "true"}}, sampling_rate: 0.5, rolling_rate: hour}
`;

describe("spec serving", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "model/m.json": "{}", "src/score.py": "def init(): pass" });
  });
  afterEach(() => files.remove());

  it("writes an endpoint", async () => {
    const yaml =
      "name: ep-one\nauth_mode: aml_token\ntraffic: {blue: 90, green: '10'}\nidentity: {type: user_assigned, user_assigned_identities: [{resource_id: /x}]}\n";
    const write = await onlineEndpointKind.translate(onlineEndpointKind.parse(files.yaml(yaml)), offline());
    assert.deepEqual(write, {
      method: "PUT",
      path: "onlineEndpoints/ep-one",
      apiVersion: "2025-12-01",
      body: {
        location: "eastus2",
        tags: {},
        identity: { type: "UserAssigned", userAssignedIdentities: { "/x": {} } },
        properties: { authMode: "AMLToken", properties: {}, traffic: { blue: 90, green: 10 } },
      },
    });
  });

  for (const name of ["a_b", "1abc", "ab", "a".repeat(33), "abc-"])
    it(`refuses the endpoint name ${name}, quoting the rule`, () => {
      const [fault] = faultsOf(() => onlineEndpointKind.parse(files.yaml(`name: ${name}\n`)));
      assert.match(fault?.message ?? "", /3 to 32 characters/);
      assert.equal(fault?.path, "name");
    });

  it("refuses shares that do not add up", () => {
    const [fault] = faultsOf(() => onlineEndpointKind.parse(files.yaml("name: abc\ntraffic: {a: 50, b: 40}\n")));
    assert.match(fault?.message ?? "", /add up to 90/);
  });

  it("writes a deployment after what it needs", async () => {
    const resolver = offline();
    const write = await onlineDeploymentKind.translate(onlineDeploymentKind.parse(files.yaml(DEPLOYMENT)), resolver);
    assert.deepEqual(
      resolver.writes.map((one) => one.path.replace(`${WORKSPACE}/`, "").replace(/[0-9a-f]{64}|[0-9a-f-]{36}/, "#")),
      ["data/ep-one-blue-model_inputs/versions/1", "models/#/versions/1", "codes/#/versions/1"],
    );
    const { properties, sku } = write.body as { properties: Record<string, unknown>; sku: unknown };
    assert.deepEqual(sku, { name: "Default", capacity: 2 });
    assert.deepEqual(properties["requestSettings"], {
      requestTimeout: "PT1.5S",
      maxConcurrentRequestsPerInstance: 3,
      maxQueueWait: "PT0.5S",
    });
    assert.deepEqual(properties["livenessProbe"], {
      initialDelay: "PT10S",
      period: "PT1M30S",
      timeout: "PT2S",
      failureThreshold: 30,
    });
    assert.deepEqual(properties["scaleSettings"], { scaleType: "Default" });
    assert.equal(properties["egressPublicNetworkAccess"], "disabled");
    assert.equal(properties["endpointComputeType"], "Managed");
    assert.deepEqual(properties["environmentVariables"], { A: "1" });
    assert.deepEqual(properties["dataCollector"], {
      collections: {
        model_inputs: {
          dataCollectionMode: "enabled",
          dataId: `${WORKSPACE}/data/ep-one-blue-model_inputs/versions/1`,
          samplingRate: 0.5,
        },
      },
      rollingRate: "hour",
    });
  });

  it("registers an inline model or environment that has a name under it", async () => {
    const resolver = offline();
    const yaml =
      "name: blue\nendpoint_name: abc\ninstance_type: x\nmodel: {name: m, version: 3, path: ./model}\nenvironment: {name: e, image: i}\n";
    const write = await onlineDeploymentKind.translate(onlineDeploymentKind.parse(files.yaml(yaml)), resolver);
    const { properties } = write.body as { properties: Record<string, unknown> };
    assert.equal(properties["model"], `${WORKSPACE}/models/m/versions/3`);
    assert.equal(properties["environmentId"], `${WORKSPACE}/environments/e/versions/7`);
  });

  it("refuses a missing instance type, a missing scoring script and a model that is no reference", () => {
    const fault = (text: string) =>
      faultsOf(() => onlineDeploymentKind.parse(files.yaml(`name: blue\nendpoint_name: abc\n${text}`)))[0];
    assert.match(fault("model: azureml:m:1\n")?.message ?? "", /needs the field "instance_type"/);
    const script = fault("instance_type: x\ncode_configuration: {code: ./src, scoring_script: scor.py}\n");
    assert.equal(script?.nearest, "score.py");
    assert.equal(script?.path, "code_configuration.scoring_script");
    assert.match(fault("instance_type: x\nmodel: ./model\n")?.message ?? "", /no reference to a registered model/);
  });
});
