// azureml-local as npm installs it in an empty folder, from its tarball and the registry, used by the official Python client.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { packageExtension } from "../../../scripts/package.ts";
import { packAzuremlLocal } from "../../harness/azureml-local.ts";
import { root } from "../../harness/packages.ts";
import { until } from "../../harness/until.ts";

const execute = promisify(execFile);
const python = path.join(root, "test/conformance/python");

/** What a user's shell has. */
const shell = (home: string): NodeJS.ProcessEnv => ({
  ...{ PATH: process.env["PATH"], HOME: home, npm_config_cache: process.env["npm_config_cache"] },
  ...{ PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1" },
});

let installed: Promise<string> | undefined;

/** The folder in which the tarball was installed; nothing else of this repository is in it. */
function install(): Promise<string> {
  installed ??= (async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "azureml-local-installed-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const tarball = await packAzuremlLocal(path.join(folder, "packed"));
    const project = path.join(folder, "project");
    mkdirSync(project);
    await execute("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: project, env: shell(folder) });
    return project;
  })();
  return installed;
}

interface Description {
  readonly environment: Readonly<Record<string, string>>;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspace: string;
}

async function up(): Promise<void> {
  const project = await install();
  const env = shell(project);
  // A process group of its own, which is interrupted as a terminal does it.
  const child = spawn("npx", ["azureml-local", "up"], { cwd: project, env, detached: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += String(data)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    const file = path.join(project, "azureml-local.json");
    await until("the cloud has written its file", () => {
      assert.equal(child.exitCode, null, said);
      return existsSync(file);
    });
    const cloud = JSON.parse(readFileSync(file, "utf8")) as Description;
    const names = {
      CONFORMANCE_SUBSCRIPTION: cloud.subscriptionId,
      CONFORMANCE_RESOURCE_GROUP: cloud.resourceGroup,
      CONFORMANCE_WORKSPACE: cloud.workspace,
    };
    const around = { ...env, ...cloud.environment, NO_PROXY: "", PYTHONPATH: python, ...names };
    await execute("python3", [path.join(python, "made", "installed.py")], { cwd: project, env: around });
    process.kill(-child.pid!, "SIGINT");
    await ended;
    assert.equal(existsSync(file), false);
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
  }
}

async function readme(): Promise<void> {
  const project = await install();
  const text = readFileSync(path.join(project, "node_modules/azureml-local/README.md"), "utf8");
  const example = /```python\n([\s\S]*?)```/.exec(text)?.[1] ?? assert.fail("README.md has no example in Python");
  writeFileSync(path.join(project, "example.py"), example);
  const words = ["azureml-local", "exec", "--", "python3", "example.py"];
  const { stdout } = await execute("npx", words, { cwd: project, env: shell(project) });
  assert.match(stdout, /Execution Summary/);
}

const extension = once(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "azureml-local-extension-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return (await packageExtension(root, { output: folder })).file;
});

/** The README's quick start with one of the starters: the project is new, and its environments are made anew. */
function starter(name: string): () => Promise<void> {
  return async () => {
    const project = path.join(await install(), `bikes-${name}`);
    const env = shell(path.dirname(project));
    await execute("npx", ["azureml-local", "init", project, "--starter", name], { cwd: path.dirname(project), env });
    copyFileSync(await extension(), path.join(project, "extension.vsix"));
    const cache = ["--environments-cache", path.join(project, ".environments")];
    const words = [
      "azureml-local",
      "run",
      "--quiet",
      "--file",
      "azure-pipelines.yml",
      "--file",
      "pipelines/nightly.yml",
    ];
    const { stdout } = await execute("npx", [...words, ...cache], { cwd: project, env }).catch((error) => {
      throw new Error(String((error as { stdout?: string }).stdout).slice(-4000));
    });
    assert.match(stdout, /^3 runs: green$/m);
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => (done ??= work());
}

export const flows = {
  "its starter pipeline runs green, with its release and its night": starter("pipeline"),
  "its starter batch runs green, with its release and its night": starter("batch"),
  "its starter sklearn runs green, with what it installs from PyPI": starter("sklearn"),
  "its starter mlflow runs green, with what it installs from PyPI": starter("mlflow"),
  "in an empty folder, npx azureml-local up takes a job of azure-ai-ml, with its code and data": up,
  "the README's example runs with npx azureml-local exec": readme,
};
