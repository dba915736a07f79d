// Environments that are made for real, from PyPI: the demo with scikit-learn and MLflow, and what the official client makes of such a cloud.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { startCloud } from "../../../local/cloud.ts";
import { clientEnvironment } from "../../../scripts/conformance/environment.ts";
import type { ChapterSummary } from "../../../scripts/demo/summary.ts";
import { packagedTasks, root } from "../../harness/packages.ts";

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

/** The official client with a cloud that makes environments. @param script in python/made */
async function official(script: string): Promise<void> {
  const cloud = await startCloud({ environments: "venv" });
  cloud.azure.settings.patience = 20_000;
  const python = path.join(root, "test/conformance/python");
  try {
    const env = { ...clientEnvironment(cloud), PYTHONPATH: python };
    await promisify(execFile)("python3", [path.join(python, "made", script)], { env });
  } finally {
    await cloud.close();
  }
}

/** In this order: what the first installs, which takes minutes, is in the cache for the others. */
export const flows = {
  "an MLflow model is trained in a job, and deployed online and for batches without a script and an environment": () =>
    official("model.py"),
  "an environment is made of a Dockerfile, and one that cannot be made fails its job, with its log": () =>
    official("builds.py"),
  "the demo with scikit-learn and MLflow is trained, scored and deployed in its conda environment": demo,
};
