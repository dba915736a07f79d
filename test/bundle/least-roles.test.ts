// The table of least roles held against the packaged tasks: with exactly the operations that it lists each task does its work, and without
// one of them that changes something it does not.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { KEYS, operationsOf, type TaskFolderName, wholeName } from "../../lib/ml/setup/task-operations.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import type { ServiceConnection } from "../../local/connections.ts";
import { Bench, type TaskName } from "../harness/bench.ts";

const job = { jobFile: "azureml/job.yml" };
const batch = {
  "azureml/batch/endpoint.yml": "name: least\ndefaults: {deployment_name: blue}\n",
  "azureml/batch/blue.yml":
    "name: blue\nendpoint_name: least\ntype: model\nmodel: {path: ../../weights, type: custom_model}\ncode_configuration: {code: code, scoring_script: score.py}\nenvironment: {image: ubuntu}\ncompute: azureml:cpu-cluster\n",
  "azureml/batch/code/score.py": "def run(mini_batch):\n    return [str(len(mini_batch))]\n",
};

const comparison = {
  "rows/rows.csv": "x,y\n1,1\n",
  "comparing/score.py": "def score(model, rows):\n    return [1 for _ in rows]\n",
  "environment.yml": "image: ubuntu\n",
};

describe("the least roles of each task", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
    const { result, log } = await bench.run("Apply", { file: "azureml/batch" }, { files: batch });
    assert.equal(result, "Succeeded", log);
    const registered = await bench.run(
      "RegisterData",
      { source: "inline", name: "least-rows", type: "uri_file", path: "rows/rows.csv" },
      { files: comparison },
    );
    assert.equal(registered.result, "Succeeded", registered.log);
  });
  after(() => bench?.close());

  /** A connection whose identity may do what the table lists for the task, but for `without`. */
  function least(task: TaskFolderName, without?: string): ServiceConnection {
    const { reads, changes, oneOf = [], ifUsed = [], secondary = [], files } = operationsOf(task);
    const listed = [...reads, ...changes, ...oneOf.flat(), ...ifUsed, ...secondary, ...(files ? [KEYS] : [])];
    const actions = listed.filter((one) => one !== without).map(wholeName);
    const [clientId, secret] = [randomUUID(), randomUUID()];
    bench.recorder.keep("client secret", secret);
    bench.cloud.azure.directory.add({
      clientId,
      objectId: randomUUID(),
      displayName: `least role of ${task}`,
      secrets: [{ value: secret }],
      hasAccess: true,
      roles: [{ actions, notActions: [], dataActions: [], notDataActions: [] }],
    });
    const known = bench.cloud.connections["azure-ml"];
    const parameters = { ...known.parameters, serviceprincipalid: clientId, serviceprincipalkey: secret };
    return { ...known, parameters };
  }

  const run = (task: TaskName & TaskFolderName, inputs: Record<string, string>, without?: string) =>
    bench.run(task, inputs, { connection: least(task, without), files: comparison });

  const data = { source: "inline", name: "least", type: "uri_file", path: "data/about.txt" };
  let jobName = "";
  const steps: readonly {
    readonly task: TaskName & TaskFolderName;
    readonly inputs: () => Record<string, string>;
    /** An operation without which it must fail. */
    readonly needs: string;
    readonly keep?: (outputs: Readonly<Record<string, string>>) => void;
  }[] = [
    { task: "RegisterData", inputs: () => data, needs: "data/versions/write" },
    {
      task: "SubmitJob",
      inputs: () => job,
      needs: "jobs/write",
      keep: (outputs) => {
        jobName = outputs["jobName"] ?? "";
      },
    },
    {
      task: "EvaluateMetrics",
      inputs: () => ({ jobName, rules: "metrics.auc >= 0", metricsTimeoutInSeconds: "30" }),
      needs: "jobs/read",
    },
    {
      task: "RegisterModel",
      inputs: () => ({ source: "folder", modelPath: "weights", name: "least" }),
      needs: "models/versions/write",
    },
    {
      task: "CompareModels",
      inputs: () => ({
        ...{
          challengerModel: `job:${jobName}/model`,
          championModel: "model:least:1",
          testData: "azureml:least-rows:1",
        },
        ...{ targetColumn: "y", scoreWith: "script", scoringScript: "comparing/score.py", compareBy: "mae" },
        ...{ jobEnvironment: "file:environment.yml", jobCompute: "cpu-cluster", ifNotPassed: "continue" },
      }),
      needs: "jobs/write",
    },
    {
      task: "DownloadModel",
      inputs: () => ({ modelName: "least", downloadPath: "$(Build.ArtifactStagingDirectory)/model" }),
      needs: "models/versions/read",
    },
    {
      task: "PromoteModel",
      inputs: () => ({
        ...{
          modelName: "least",
          modelVersion: "1",
          targetWorkspace: bench.cloud.workspace,
          targetName: "least-promoted",
        },
        requireEvidence: "false",
      }),
      needs: "models/versions/write",
    },
    {
      task: "DeployEndpoint",
      inputs: () => ({
        endpointFile: "azureml/endpoint.yml",
        deploymentFile: "azureml/deployment.yml",
        endpointName: "least",
        requestFile: "requests/ada.json",
      }),
      needs: "onlineEndpoints/deployments/write",
    },
    {
      task: "Rollback",
      inputs: () => {
        const endpoint = endpointsOf(bench.cloud.azure).get("least");
        if (endpoint) endpoint.traffic = {};
        return { endpointName: "least", requestFile: "requests/ada.json" };
      },
      needs: "onlineEndpoints/write",
    },
    {
      task: "InvokeEndpoint",
      inputs: () => ({ endpointName: "least", requestFile: "requests/ada.json" }),
      needs: "onlineEndpoints/listkeys/action",
    },
    {
      task: "CheckMonitor",
      inputs: () => ({ endpointName: "least", onNoEvidence: "continue" }),
      needs: "Microsoft.Insights/metrics/read",
    },
    {
      task: "InvokeBatch",
      inputs: () => ({ endpointName: "least", input: "requests", makeDefault: "true" }),
      needs: "experiments/runs/submit/action",
    },
    {
      task: "CleanUp",
      inputs: () => {
        const endpoint = endpointsOf(bench.cloud.azure).get("least");
        if (endpoint) endpoint.tags["azureDevOps.expires"] = "2026-01-01T00:00:00Z";
        return { endpointPatterns: "least", modelPatterns: "*", dataPatterns: "*", plan: "false" };
      },
      needs: "onlineEndpoints/delete",
    },
  ];

  for (const { task, inputs, needs, keep } of steps) {
    it(`are enough for ${task}, and not without ${needs}`, async () => {
      const without = await run(task, inputs(), needs);
      assert.equal(without.result, "Failed", without.log);
      assert.match(without.errors.join("\n"), /authorization to perform action|may not/, without.log);
      const enough = await run(task, inputs());
      assert.equal(enough.result, "Succeeded", enough.log);
      keep?.(enough.outputs);
    });
  }
});
