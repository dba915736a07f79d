// `azureml-local exec -- COMMAND`: runs a command on a local cloud of its own, which is in the command's environment.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import type { LocalCloud } from "../cloud.ts";
import { clientEnvironment } from "../description.ts";
import { cloudFlags, cloudOptions, cloudUsage } from "./cloud-options.ts";
import { interruption } from "./interruption.ts";
import { readWith } from "./usage.ts";
import { withCloud } from "./with-cloud.ts";

const usage = `azureml-local exec [OPTIONS] -- COMMAND [ARGUMENT]...

Azure's clients find the cloud by their own variables (AZUREML_CURRENT_CLOUD, ARM_CLOUD_METADATA_URL, AZURE_TENANT_ID, ...);
the workspace's names are in AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP and AZUREML_WORKSPACE_NAME.

${cloudUsage}`;

/** @returns the command's exit code; 128 and the number of the signal that ended it */
export async function exec(words: readonly string[]): Promise<number> {
  const { har, help, command, options } = readWith(usage, () => {
    const { values, positionals } = parseArgs({ args: [...words], options: cloudFlags, allowPositionals: true });
    if (positionals.length === 0 && !values.help) throw new Error("No command is given after `--`.");
    return { ...values, command: positionals, options: cloudOptions(values) };
  });
  if (help) {
    console.log(usage);
    return 0;
  }
  const signal = interruption();
  return withCloud(options, har, (cloud) => runCommand(command, cloud, signal));
}

function runCommand(
  [program = "", ...words]: readonly string[],
  cloud: LocalCloud,
  signal: AbortSignal,
): Promise<number> {
  const env = {
    ...process.env,
    ...clientEnvironment(cloud),
    // Host names of this cloud are reached through its proxy only.
    ...{ NO_PROXY: "", no_proxy: "" },
    AZURE_SUBSCRIPTION_ID: cloud.subscriptionId,
    AZURE_RESOURCE_GROUP: cloud.resourceGroup,
    AZUREML_WORKSPACE_NAME: cloud.workspace,
  };
  const child = spawn(program, words, { env, stdio: "inherit" });
  const end = () => child.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  return new Promise((resolve) => {
    child.once("error", (error) => {
      console.error(error.message);
      resolve(127);
    });
    child.once("exit", (code, by) => resolve(code ?? 128 + constants.signals[by as NodeJS.Signals]));
  });
}
