// The preflight of the packaged tasks: seeded shortages, each named with its numbers before anything is uploaded or changed.
import assert from "node:assert/strict";
import { assertSucceeded, Bench, type TaskName, type TaskRun } from "../harness/bench.ts";
import { workspaceAsk } from "../local/azure/client.ts";

const jobFile = "azureml/job.yml";
const commandJob = (more: object) => ({
  "azureml/job.yml": JSON.stringify({ type: "command", command: "true", environment: { image: "ubuntu" }, ...more }),
});
const serverless = (instance_type: string, instance_count = 1) =>
  commandJob({ resources: { instance_type, instance_count } });

interface Shortage {
  readonly what: string;
  readonly task: TaskName;
  readonly quota?: Readonly<Record<string, number>>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Of the failure; where the shortage only makes it wait, of the warning. */
  readonly says: RegExp;
  readonly isWarning?: true;
}

const JOBS: readonly Shortage[] = [
  {
    what: "more nodes of serverless compute than the family's quota",
    task: "SubmitJob",
    quota: { standardFSv2Family: 6 },
    files: serverless("Standard_F4s_v2", 2),
    says: /quota serverless: The job wants 2 x Standard_F4s_v2 of 4 vCPUs each: 8; standardFSv2Family: 0 of 6 vCPUs in use.* Sizes with room for 2 now: .*Standard_DS3_v2/,
  },
  {
    what: "a cluster whose family has no quota",
    task: "SubmitJob",
    quota: { standardDSv2Family: 3 },
    says: /quota cpu-cluster: The job on cpu-cluster wants 1 x Standard_DS3_v2 of 4 vCPUs each: 4; standardDSv2Family: 0 of 3 vCPUs in use/,
  },
  {
    what: "a region whose quota as a whole is too small",
    task: "SubmitJob",
    quota: { TotalDedicatedCores: 3 },
    says: /quota cpu-cluster: .*TotalDedicatedCores: 0 of 3 vCPUs in use\. Sizes with room for 1 now: .*Standard_DS2_v2/,
  },
  {
    what: "more nodes than the cluster's maximum",
    task: "SubmitJob",
    files: commandJob({ compute: "azureml:cpu-cluster", resources: { instance_count: 5 } }),
    says: /compute cpu-cluster: It is a cluster with a maximum of 4 nodes, and the job needs 5 at a time/,
  },
  {
    what: "a size that the region does not have",
    task: "SubmitJob",
    files: serverless("Standard_DS33_v2"),
    says: /quota serverless: eastus2 has no machines of the size Standard_DS33_v2, which the job asks for\. Sizes with room for 1 now: Standard_A1_v2/,
  },
];

const deployment = (more: object) => ({
  "azureml/deployment.yml": JSON.stringify({
    name: "blue",
    endpoint_name: "short",
    model: { path: "../weights" },
    code_configuration: { code: "../scoring", scoring_script: "score.py" },
    environment: { image: "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference:latest" },
    instance_type: "Standard_F4s_v2",
    instance_count: 1,
    ...more,
  }),
});

const DEPLOYMENTS: readonly Shortage[] = [
  {
    what: "a deployment that fits, and whose fifth for upgrades does not",
    task: "DeployEndpoint",
    quota: { standardFSv2Family: 6 },
    files: deployment({}),
    says: /quota blue: The deployment blue wants 1 x Standard_F4s_v2 of 4 vCPUs each: 4, and with the fifth that Azure reserves for upgrades ceil\(1\.2 x 1\) x 4 = 8; standardFSv2Family: 0 of 6 vCPUs in use.* Sizes with room for 1 now: .*Standard_DS3_v2.*Standard_F2s_v2/,
  },
  {
    what: "more instances than the region's quota as a whole",
    task: "DeployEndpoint",
    quota: { TotalDedicatedCores: 20 },
    files: deployment({ instance_count: 5 }),
    says: /quota blue: .*wants 5 x Standard_F4s_v2 .*: 20, .* x 4 = 24; .*TotalDedicatedCores: 0 of 20 vCPUs in use/,
  },
  {
    what: "a size that the region does not have",
    task: "DeployEndpoint",
    files: deployment({ instance_type: "Standard_F4" }),
    says: /quota blue: eastus2 has no machines of the size Standard_F4, which the deployment blue asks for\. Sizes with room for 1/,
  },
  {
    what: "a GPU whose reserve is not sure",
    task: "DeployEndpoint",
    quota: { StandardNVADSA10v5Family: 6 },
    inputs: { plan: "true" },
    files: deployment({ instance_type: "Standard_NV6ads_A10_v5" }),
    isWarning: true,
    says: /quota blue: .*wants 1 x Standard_NV6ads_A10_v5 of 6 vCPUs each: 6, .* x 6 = 12; StandardNVADSA10v5Family: 0 of 6/,
  },
  {
    what: "a size that is not named for deployments",
    task: "DeployEndpoint",
    inputs: { plan: "true" },
    files: deployment({ instance_type: "Standard_A1_v2" }),
    isWarning: true,
    says: /quota blue: .* names Standard_A1_v2 for AmlCompute, ComputeInstance, and not for managed online deployments \(MIR\)/,
  },
  {
    what: "more instances than the service takes for a deployment",
    task: "DeployEndpoint",
    inputs: { plan: "true" },
    files: deployment({ instance_count: 51 }),
    isWarning: true,
    says: /instances blue: The deployment blue has 51 instances; Microsoft's limit is 50/,
  },
];

describe("the preflight as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  const writes = ({ exchanges }: TaskRun) =>
    exchanges
      .filter(({ listener }) => listener === "arm" || listener === "storage")
      .map(({ method, url }) => `${method} ${new URL(url).pathname}`)
      .filter((asked) => /^(PUT|PATCH|DELETE) /.test(asked));

  async function seeded({ task, quota = {}, inputs = {}, files = {} }: Shortage): Promise<TaskRun> {
    const { settings } = bench.cloud.azure;
    settings.quota = { ...quota };
    try {
      const endpoint = { endpointFile: "azureml/endpoint.yml", endpointName: "short" };
      const own =
        task === "SubmitJob" ? { jobFile, wait: "false" } : { ...endpoint, deploymentFile: "azureml/deployment.yml" };
      return await bench.run(task, { ...own, ...inputs }, { files });
    } finally {
      settings.quota = {};
    }
  }

  function assertNamed(run: TaskRun, { says, isWarning }: Shortage): void {
    if (isWarning) {
      assert.equal(run.result, "Succeeded", run.log);
      assert.match(run.warnings.join("\n"), says);
    } else {
      assert.equal(run.result, "Failed", run.log);
      assert.match(run.errors.join("\n"), says);
      assert.deepEqual(writes(run), [], "nothing was uploaded or changed");
      assert.equal(run.record?.error?.code, "AML1213");
      assert.match(run.summaries[0] ?? "", /Preflight/);
    }
    // A plan leaves no record of what it did not do.
    if (!isWarning) assert.ok(run.record?.preflight?.checks.some(({ outcome }) => outcome === "failed"));
  }

  for (const shortage of [...JOBS, ...DEPLOYMENTS])
    it(`names a shortage: ${shortage.what}`, async () => assertNamed(await seeded(shortage), shortage));

  it("names a shortage: a cluster that was made with a maximum of 0 nodes", async () => {
    const { cloud } = bench;
    const body = {
      location: cloud.location,
      properties: {
        computeType: "AmlCompute",
        properties: { vmSize: "STANDARD_DS3_V2", scaleSettings: { minNodeCount: 0, maxNodeCount: 0 } },
      },
    };
    const principal = cloud.azure.directory.find(cloud.credentials.contributor.clientId);
    assert.ok(principal);
    const token = cloud.azure.secret(cloud.azure.directory.issue(principal, cloud.urls.arm));
    await workspaceAsk(cloud, "PUT", "/computes/none", { token, body });
    const shortage: Shortage = {
      what: "no nodes",
      task: "SubmitJob",
      files: commandJob({ compute: "azureml:none" }),
      says: /compute none: It is a cluster with a maximum of 0 nodes, and the job needs 1 at a time/,
    };
    assertNamed(await seeded(shortage), shortage);
  });

  it("names a shortage: what another deployment of the family holds, and none where the same deployment is there", async () => {
    const files = deployment({ endpoint_name: "first", instance_count: 1 });
    const inputs = { endpointName: "first", trafficPercent: "0" };
    const first = await seeded({ what: "", task: "DeployEndpoint", inputs, files, says: /./ });
    assertSucceeded(first);
    assert.match(first.log, /Preflight: ok +quota blue: .*= 8; standardFSv2Family: 0 of/);
    const quota = { standardFSv2Family: 8 };
    const again = await seeded({ what: "", task: "DeployEndpoint", inputs, files, quota, says: /./ });
    assertSucceeded(again);
    const shortage: Shortage = {
      what: "",
      task: "DeployEndpoint",
      quota,
      files: deployment({}),
      says: /quota blue: .* = 8; standardFSv2Family: 8 of 8 vCPUs in use/,
    };
    assertNamed(await seeded(shortage), shortage);
    // Beside a live deployment of the same size the quota is judged once its content is known.
    const green = await seeded({
      what: "",
      task: "DeployEndpoint",
      quota,
      inputs,
      files: { ...files, "weights/greeting.txt": "other" },
      says: /./,
    });
    assert.equal(green.result, "Failed", green.log);
    assert.match(
      green.errors.join("\n"),
      /quota blue-2: The deployment blue-2 wants .* = 8; standardFSv2Family: 8 of 8/,
    );
    assert.deepEqual(
      writes(green).filter((asked) => /onlineEndpoints/.test(asked)),
      [],
    );
  });

  it("leaves all of it out where it is off, and asks for nothing", async () => {
    const run = await seeded({
      ...(JOBS[0] as Shortage),
      inputs: { preflight: "off" },
    });
    assertSucceeded(run);
    assert.deepEqual(
      run.exchanges.filter(({ url }) => /vmSizes|usages|permissions/.test(url)),
      [],
    );
    assert.equal(run.record?.preflight, undefined);
  });

  it("is a part of a plan", async () => {
    const run = await seeded({ ...(JOBS[0] as Shortage), inputs: { plan: "true" } });
    assert.equal(run.result, "Failed", run.log);
    assert.match(run.errors.join("\n"), /quota serverless: /);
    const fine = await seeded({ what: "", task: "SubmitJob", inputs: { plan: "true" }, says: /./ });
    assertSucceeded(fine);
    assert.match(fine.log, /Preflight: ok +quota cpu-cluster: .* 4 vCPUs each: 4; standardDSv2Family: 0 of \d+ vCPUs/);
  });
});
