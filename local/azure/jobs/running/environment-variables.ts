// Environment variables of a job's process: an allow-list of host variables, Azure ML's own, and the job's.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Host variables that a job may see. Everything else, above all the host's secrets, stays outside. */
const hostVariables = ["LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONNOUSERSITE"];

export interface JobSurroundings {
  readonly job: string;
  readonly experimentName: string;
  readonly experimentId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
  /** `azureml://host/mlflow/v1.0/…`, as the workspace shows it. */
  readonly trackingUri: string;
  /** A token that the local Entra signed and that outlives the job. */
  readonly trackingToken: string;
  readonly proxyUrl: string;
  readonly caFile: string;
  /** Where clients learn of this cloud, and its name there (docs/facts/azureml-services.md#4.8). */
  readonly metadataUrl: string;
  readonly cloudName: string;
  /** A folder of the job's own, as home and for temporary files. */
  readonly homeDirectory: string;
  /** Folders of the environment's programs, `python` among them; first in PATH. */
  readonly programs: readonly string[];
  /** The job's `environmentVariables`; they win over ours. */
  readonly own: Readonly<Record<string, string>>;
}

/** The environment of a job's process (names: docs/facts/azureml-services.md#5.5). */
export function jobEnvironment(
  surroundings: JobSurroundings,
  host: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const kept = Object.fromEntries(
    hostVariables.flatMap((name) => (host[name] === undefined ? [] : [[name, host[name]]])),
  );
  return {
    ...kept,
    PATH: [...surroundings.programs, host["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].join(delimiter),
    HOME: surroundings.homeDirectory,
    TMPDIR: surroundings.homeDirectory,
    // Not verified against live Azure: without it Python keeps its output back until it ends, and the log would not grow.
    PYTHONUNBUFFERED: "1",
    AZUREML_RUN_ID: surroundings.job,
    AZUREML_ARM_SUBSCRIPTION: surroundings.subscriptionId,
    AZUREML_ARM_RESOURCEGROUP: surroundings.resourceGroup,
    AZUREML_ARM_WORKSPACE_NAME: surroundings.workspaceName,
    MLFLOW_TRACKING_URI: surroundings.trackingUri,
    MLFLOW_RUN_ID: surroundings.job,
    MLFLOW_EXPERIMENT_ID: surroundings.experimentId,
    MLFLOW_EXPERIMENT_NAME: surroundings.experimentName,
    MLFLOW_TRACKING_TOKEN: surroundings.trackingToken,
    // The local cloud is reached through its own proxy, and its certificate is signed by its own authority.
    HTTPS_PROXY: surroundings.proxyUrl,
    SSL_CERT_FILE: surroundings.caFile,
    REQUESTS_CA_BUNDLE: surroundings.caFile,
    // Clients take any cloud for Azure's own unless they are told; azureml-mlflow then brings no artifact, and does not say so.
    ARM_CLOUD_METADATA_URL: surroundings.metadataUrl,
    AZUREML_CURRENT_CLOUD: surroundings.cloudName,
    ...surroundings.own,
  };
}

/** The python that local jobs run with. */
export interface Python {
  readonly path: string;
  /** "3.11.7" */
  readonly version: string;
}

let found: Promise<Python | undefined> | undefined;

/** This machine's python3, or undefined where there is none. Looked for once. */
export function findPython(): Promise<Python | undefined> {
  found ??= new Promise((resolve) => {
    execFile(
      "python3",
      ["-c", "import sys;print(sys.executable);print('.'.join(map(str,sys.version_info[:3])))"],
      (error, stdout) => {
        const [path, version] = stdout.trim().split(/\r?\n/);
        resolve(error || !path || !version ? undefined : { path, version });
      },
    );
  });
  return found;
}

/**
 * Makes `directory` with `python` and `python3`, both this machine's python3. Scripts and not links: a link would hide a
 * virtual environment from Python, and a version manager's own shim would look for its root in the job's home.
 */
export async function writePythonShims(directory: string, python: Python | undefined): Promise<void> {
  await mkdir(directory, { recursive: true });
  if (!python) return;
  for (const name of ["python", "python3"]) {
    const shim = join(directory, name);
    await writeFile(shim, `#!/bin/sh\nexec '${python.path.replaceAll("'", "'\\''")}' "$@"\n`, { mode: 0o755 });
  }
}
