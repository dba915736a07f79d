// Rollouts on Kubernetes, on the local cloud: endpoint and deployment of one kind, names within what Azure takes, a deployment that answers.
import assert from "node:assert/strict";
import path from "node:path";
import { deploy } from "../../../../lib/ml/rollout/deploy.ts";
import { readRollout } from "../../../../lib/ml/rollout/rollout-files.ts";
import { project } from "../projects.ts";
import { freshEndpoint, served } from "../rollouts.ts";
import { openLocal, theCloud } from "../world.ts";

const SCORE = "def init():\n    pass\ndef run(raw):\n    return 1\n";

interface Files {
  readonly endpoint: string;
  readonly deployment?: Readonly<Record<string, unknown>>;
  readonly compute?: string | undefined;
}

async function rollOut({ endpoint, deployment = {}, compute = "azureml:kube" }: Files) {
  const folder = project({
    "endpoint.yml": JSON.stringify({ name: endpoint, auth_mode: "key", ...(compute === "" ? {} : { compute }) }),
    "deployment.yml": JSON.stringify({
      name: "blue",
      endpoint_name: endpoint,
      type: "kubernetes",
      model: { path: "model" },
      code_configuration: { code: "code", scoring_script: "score.py" },
      environment: { image: "ubuntu" },
      instance_count: 1,
      resources: { requests: { cpu: "0.1", memory: "128Mi" } },
      ...deployment,
    }),
    "code/score.py": SCORE,
    "model/model.json": "{}",
  });
  const files = {
    endpointFile: path.join(folder, "endpoint.yml"),
    deploymentFile: path.join(folder, "deployment.yml"),
    endpointName: undefined,
    deploymentName: undefined,
    model: undefined,
  };
  const workspace = await openLocal();
  return deploy(workspace, {
    root: folder,
    ...readRollout(files, folder),
    trafficPercent: 100,
    deleteOldDeployments: false,
    onFailure: "deleteDeployment",
  });
}

describe("rollouts on Kubernetes", () => {
  before(async () => {
    await theCloud();
    const { azure, id } = await openLocal();
    const body = {
      location: "eastus2",
      properties: { computeType: "Kubernetes", resourceId: "/k", properties: { namespace: "n" } },
    };
    await azure.request("PUT", `${id}/computes/kube`, { body });
  });

  it("make the endpoint on its cluster, deploy and move the traffic", async () => {
    const endpoint = freshEndpoint();
    const report = await rollOut({ endpoint });
    assert.deepEqual(report.traffic, { blue: 100 });
    assert.deepEqual(await served(endpoint), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("put another content beside a long name within 62 characters of both names", async () => {
    const endpoint = `k${"e".repeat(31)}`;
    const name = "b".repeat(30);
    await rollOut({ endpoint, deployment: { name } });
    const second = await rollOut({ endpoint, deployment: { name, environment_variables: { A: "1" } } });
    assert.equal(second.deployment, `${"b".repeat(28)}-2`);
    const third = await rollOut({ endpoint, deployment: { name, environment_variables: { A: "1" } } });
    assert.equal(third.deployment, second.deployment, "the same content is found again");
  });

  it("refuse a managed deployment on a cluster, and one on a cluster on a managed endpoint, before anything is changed", async () => {
    const managed = { type: "managed", instance_type: "Standard_DS2_v2", resources: undefined };
    const endpoint = freshEndpoint();
    await assert.rejects(rollOut({ endpoint, deployment: managed }), {
      kind: "input",
      message:
        /stands on a Kubernetes cluster, and the deployment file is one of a managed deployment, so nothing was changed/,
    });
    await assert.rejects(rollOut({ endpoint, compute: "" }), {
      kind: "input",
      message: /is a managed one, and .* on Kubernetes/,
    });
    assert.deepEqual((await served(endpoint)).deployments, []);
    await rollOut({ endpoint });
    await assert.rejects(rollOut({ endpoint, deployment: managed }), {
      kind: "input",
      message: /stands on a Kubernetes cluster/,
    });
  });

  it("take no autoscale file: Azure Monitor scales managed deployments only", () => {
    const folder = project({
      "deployment.yml": JSON.stringify({
        name: "blue",
        endpoint_name: "ep",
        type: "kubernetes",
        model: "azureml:m:1",
        instance_count: 1,
      }),
      "autoscale.yml": "profiles: []\n",
    });
    assert.throws(
      () =>
        readRollout(
          {
            endpointFile: undefined,
            deploymentFile: path.join(folder, "deployment.yml"),
            autoscaleFile: path.join(folder, "autoscale.yml"),
            endpointName: undefined,
            deploymentName: undefined,
            model: undefined,
          },
          folder,
        ),
      { kind: "input", message: /autoscaleFile is given, and blue is a deployment on Kubernetes/ },
    );
  });
});
