// Environments that are made for real, from PyPI: the demo with scikit-learn and MLflow, and what the official client makes of such a cloud.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import { clientEnvironment } from "../../../scripts/conformance/environment.ts";
import type { ChapterSummary } from "../../../scripts/demo/summary.ts";
import { packagedTasks, root } from "../../harness/packages.ts";

const conda = path.join(root, "examples/breast-cancer-sklearn/azureml/conda.yml");

async function demo(): Promise<void> {
  // The demo builds the tasks where they are stale; here other suites may be running them.
  await packagedTasks();
  const out = mkdtempSync(path.join(tmpdir(), "conformance-demo-"));
  try {
    const words = ["--import", "tsx", "scripts/demo.ts", "--project", "sklearn", "--quiet", "--out", out];
    const child = spawn(process.execPath, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += String(data)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 0, said.slice(-4000));
    const read = (file: string) => readFileSync(path.join(out, file), "utf8");
    const { chapters } = JSON.parse(read("summary.json")) as { chapters: ChapterSummary[] };
    assert.deepEqual(
      chapters.map(({ ok }) => ok),
      [true, true, true, true],
    );
    for (const reply of [chapters[0]?.reply, chapters[3]?.reply] as ({ predictions?: unknown } | undefined)[])
      assert.deepEqual(reply?.predictions, ["malignant", "benign"]);
    assert.deepEqual(chapters[3]?.model, { name: "breast-cancer-sklearn", version: "2" });
    const log = read("1-breast-cancer.log");
    for (const part of ["a virtual environment of Python 3.", "scikit-learn 1.5.2", "mlflow 2.22.5"])
      assert.ok(log.includes(part), `${part} is not in the log`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** A model that says itself what it needs: the example's environment, so that no other is made. */
const train = `import sys, yaml, mlflow, pandas
from sklearn.linear_model import LinearRegression
table = pandas.DataFrame({"x": [0.0, 1.0, 2.0]})
model = LinearRegression().fit(table, [1.0, 3.0, 5.0])
mlflow.log_metric("slope", float(model.coef_[0]))
signature = mlflow.models.infer_signature(table, model.predict(table))
mlflow.sklearn.save_model(model, sys.argv[1], signature=signature, conda_env=yaml.safe_load(open("conda.yml")))
`;

const unscripted = `
import json, pathlib
from azure.ai.ml import Output, command
from azure.ai.ml.entities import Environment, ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
from world import client, folder, unique
conda = pathlib.Path(${JSON.stringify(conda)})
code = folder({"train.py": ${JSON.stringify(train)}, "conda.yml": conda.read_bytes()})
job = client().jobs.create_or_update(command(
    command="python train.py \${{outputs.model}}", code=str(code), compute="cpu-cluster",
    environment=Environment(image="mcr.microsoft.com/x", conda_file=str(conda)),
    outputs={"model": Output(type="mlflow_model")},
))
client().jobs.stream(job.name)
model = client().models.create_or_update(
    Model(name=unique("line"), type="mlflow_model", path=f"azureml://jobs/{job.name}/outputs/model")
)
name = unique("line")
client().online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
made = client().online_deployments.begin_create_or_update(ManagedOnlineDeployment(
    name="blue", endpoint_name=name, model=f"azureml:{model.name}:{model.version}",
    instance_type="Standard_DS3_v2", instance_count=1,
)).result()
assert made.provisioning_state == "Succeeded", made
request = folder({"request.json": json.dumps({"input_data": {"columns": ["x"], "index": [0, 1], "data": [[10.0], [20.0]]}})})
reply = client().online_endpoints.invoke(name, deployment_name="blue", request_file=str(request / "request.json"))
assert [round(one, 6) for one in json.loads(reply)] == [21.0, 41.0], reply
client().online_endpoints.begin_delete(name).wait()
`;

const unbuildable = `
from azure.ai.ml import command
from azure.ai.ml.entities import Environment
from azure.ai.ml.exceptions import JobException
from world import client, folder, raises
conda = folder({"conda.yml": "dependencies:\\n- python=3.11\\n- pip:\\n  - no-such-package-of-anybody==1.0\\n"}) / "conda.yml"
job = client().jobs.create_or_update(command(
    command="true", compute="cpu-cluster", environment=Environment(image="mcr.microsoft.com/x", conda_file=str(conda)),
))
raises(JobException, lambda: client().jobs.stream(job.name), "Image build failed", "no-such-package-of-anybody")
client().jobs.download(job.name, download_path=str(conda.parent))
log = next(conda.parent.rglob("20_image_build_log.txt")).read_text()
assert "No matching distribution found for no-such-package-of-anybody" in log, log
`;

/** The official client with a cloud that makes environments. */
async function official(script: string): Promise<void> {
  const cloud: LocalCloud = await startCloud({ environments: "venv" });
  cloud.azure.scenario.patience = 20_000;
  try {
    const options = { cwd: path.join(root, "test/conformance/python"), env: clientEnvironment(cloud) };
    await promisify(execFile)("python3", ["-c", script], options);
  } finally {
    await cloud.close();
  }
}

/** In this order: what the first installs, which takes minutes, is in the cache for the others. */
export const flows = {
  "an MLflow model is trained in a job and deployed without a script and without an environment": () =>
    official(unscripted),
  "a job whose environment cannot be made fails as an image build, with its log": () => official(unbuildable),
  "the demo with scikit-learn and MLflow is trained, scored and deployed in its conda environment": demo,
};
