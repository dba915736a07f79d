// The runtime of a deployment's script: the environment that it names, the one of its MLflow model, or this machine's Python.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Definition, definitionOf } from "../environments/definition.ts";
import { makeLayer } from "../environments/layer.ts";
import { modelRequirements } from "../environments/mlflow-model.ts";
import { imageOf } from "../environments/provision.ts";
import type { AzureWorld } from "../world/world.ts";

/** The script that serves an MLflow model which has none of its own. */
export const mlflowScript = fileURLToPath(new URL("./mlflow_score.py", import.meta.url));

export interface Runtime {
  /** The program that is started. */
  readonly python: string;
  /** Folders to be put first in PATH, in this order. */
  readonly path: readonly string[];
  /** Its description in the log. */
  readonly sentences: readonly string[];
}

/**
 * Prepares the environment of a deployment.
 * @param environmentId as the deployment names it; none: what the MLflow model in `modelDirectory` says that it needs
 * @param folder the deployment's own
 * @throws ImageError where it cannot be made
 */
export async function prepareRuntime(
  world: AzureWorld,
  environmentId: unknown,
  modelDirectory: string | undefined,
  folder: string,
): Promise<Runtime> {
  const definition =
    typeof environmentId === "string" ? definitionOf(world, environmentId) : definitionIn(modelDirectory);
  const image = definition && (await imageOf(world, definition));
  if (image === undefined) {
    const named = environmentId ?? "(none)";
    const sentence = `the environment ${named} is not used, the script runs with ${await pythonVersion()} of this machine.`;
    return { python: "python3", path: [], sentences: [sentence] };
  }
  const made = await image.done;
  const layer = await makeLayer(join(folder, "environment"), made, image.python);
  return { python: layer.python, path: layer.path, sentences: image.describe(made) };
}

/** The requirements in the MLflow model of a folder. */
function definitionIn(directory: string | undefined): Definition | undefined {
  if (directory === undefined) return undefined;
  const requirements = async () => {
    const names = await readdir(directory, { recursive: true });
    return modelRequirements(names, (name) => readFile(join(directory, name), "utf8").catch(() => undefined));
  };
  return { title: "of the MLflow model", base: "an image of Azure ML's", requirements };
}

const execute = promisify(execFile);
let version: Promise<string> | undefined;

/** `Python 3.11.7`, asked for once. */
function pythonVersion(): Promise<string> {
  version ??= execute("python3", ["--version"]).then(
    ({ stdout }) => stdout.trim(),
    () => "python3 (not found)",
  );
  return version;
}
