// Approval from end to end: the evidence before the decision, and the decision on the model version; packaged tasks in the template
// examples/templates/approve-and-register.yml, on local Azure and local Azure DevOps.
// Tests: lib/agent/decisions.ts, lib/task/decision.ts, lib/task/evidence.ts
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { readRecord } from "../../lib/record/index.ts";
import type { Environments } from "../../local/pipeline/index.ts";
import { root } from "../harness/packages.ts";
import { Agentless } from "./agentless.ts";

const TEMPLATE = readFileSync(path.join(root, "examples", "templates", "approve-and-register.yml"), "utf8");

/** Logs metrics of the job's run over MLflow's REST API. */
const LOG_METRICS = [
  "import json, os, urllib.request as u",
  "b = os.environ['MLFLOW_TRACKING_URI'].replace('azureml://', 'https://').replace('/mlflow/v1.0/', '/mlflow/v2.0/')",
  "h = {'Content-Type': 'application/json', 'Authorization': 'Bearer ' + os.environ['MLFLOW_TRACKING_TOKEN']}",
  "w = lambda k, v: json.dumps({'run_id': os.environ['MLFLOW_RUN_ID'], 'key': k, 'value': v, 'timestamp': 1}).encode()",
  "p = b.rstrip('/') + '/api/2.0/mlflow/runs/log-metric'",
  "[u.urlopen(u.Request(p, w(k, v), h, method='POST')).read() for k, v in (('auc', 0.9), ('auc/old', 0.7))]",
].join("; ");

describe("an approval", () => {
  let place: Agentless;
  let job: string;
  const asked: string[] = [];
  let answer: "approved" | "rejected" = "approved";

  before(async () => {
    place = await Agentless.open();
    job = await place.submit(`mkdir -p outputs && echo m > outputs/m.txt && python3 -c "${LOG_METRICS}"`);
    await place.until(job, "Completed");
    place.cloud.devops.serverTasks.onValidation = (instructions) => {
      asked.push(instructions);
      return { by: "Ada", decision: answer };
    };
  });
  after(() => place?.close());
  beforeEach(() => {
    asked.length = 0;
    answer = "approved";
  });

  const yaml = (modelName: string) => `trigger: none
extends:
  template: approve-and-register.yml
  parameters:
    azureSubscription: azure-ml
    resourceGroup: rg1
    workspace: ws1
    environment: model-approval
    jobName: ${job}
    rules: metrics.auc > 0.8
    modelName: ${modelName}
    outputPath: outputs/m.txt
`;
  const run = (modelName: string, environments: Environments = {}) =>
    place.run(yaml(modelName), { files: { "approve-and-register.yml": TEMPLATE }, environments });
  const tagsOf = async (modelName: string) =>
    (await place.jobs.arm("GET", `/models/${modelName}/versions/1`)).body.properties?.tags;

  it("sees the evidence, and is on the model version with who, when, comment and run", async () => {
    const approval = { by: "Grace", decision: "approved", comment: "better for the old" } as const;
    const outcome = await run("approved-model", { "model-approval": { approval } });
    assert.equal(outcome.result, "succeeded", place.log);
    assert.equal(asked.length, 1);
    for (const line of [/: the gate is open\*\*/, /- auc: 0\.9$/m, /^- auc\/old: 0\.7$/m, /nothing was compared/])
      assert.match(asked[0] ?? "", line);
    assert.ok((asked[0] ?? "").length <= 4_000);
    const tags = await tagsOf("approved-model");
    assert.equal(tags.approval, "approved", JSON.stringify(tags));
    assert.equal(tags["azureDevOps.approvedBy"], "Grace");
    assert.match(tags["azureDevOps.approvedAt"], /^20\d\d-.*Z$/);
    assert.equal(tags["azureDevOps.approvalComment"], "better for the old");
    assert.equal(tags["azureDevOps.approvalRun"], outcome.url);
    assert.match(tags["azureDevOps.validated"], /^20\d\d-/);
    assert.equal(tags["azureDevOps.environment"], "model-approval");
    const { plan } = place.cloud.devops.builds.get(outcome.buildId)!;
    const records = plan.attachmentsOf("azureml-record").map(({ content }) => readRecord(content.toString()).record);
    const registered = records.find((one) => one?.task.name.startsWith("AzureMLRegisterModel"));
    assert.deepEqual(
      [registered?.evidence?.decision?.outcome, registered?.evidence?.decision?.by],
      ["approved", "Grace"],
    );
    const [deployed] = place.cloud.devops.environments.records;
    assert.deepEqual([deployed?.environment.name, deployed?.result], ["model-approval", "succeeded"]);
  });

  it("is none without an approver, whatever a validation says", async () => {
    assert.equal((await run("validated-model")).result, "succeeded", place.log);
    const tags = await tagsOf("validated-model");
    assert.equal(tags.approval, undefined);
    assert.match(tags["azureDevOps.validated"], /^20\d\d-/);
  });

  it("registers nothing where it is refused, by the validation or by the environment", async () => {
    answer = "rejected";
    assert.equal((await run("refused-model")).result, "failed");
    assert.equal(await tagsOf("refused-model"), undefined);
    answer = "approved";
    const approval = { by: "Grace", decision: "rejected" } as const;
    assert.equal((await run("refused-model", { "model-approval": { approval } })).result, "failed");
    assert.equal(await tagsOf("refused-model"), undefined);
  });
});
