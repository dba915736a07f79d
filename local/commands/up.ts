// `azureml-local up`: starts the local cloud, writes what a client needs, and runs until it is interrupted.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { description } from "../description.ts";
import { cloudFlags, cloudOptions, cloudUsage } from "./cloud-options.ts";
import { aborted, interruption } from "./interruption.ts";
import { readWith } from "./usage.ts";
import { withCloud } from "./with-cloud.ts";

const usage = `azureml-local up [--json FILE] [OPTIONS]

  --json FILE      where to write URLs, CA file, credentials and ready environments, readable by you only, while the
                   cloud runs (azureml-local.json)
${cloudUsage}`;

/** @returns the exit code */
export async function up(words: readonly string[]): Promise<number> {
  const { json, har, help, options } = readWith(usage, () => {
    const { values } = parseArgs({ args: [...words], options: { json: { type: "string" }, ...cloudFlags } });
    return { json: "azureml-local.json", ...values, options: cloudOptions(values) };
  });
  if (help) {
    console.log(usage);
    return 0;
  }
  const file = path.resolve(json);
  const signal = interruption();
  // A file of an earlier run describes a cloud that no longer exists.
  rmSync(file, { force: true });
  await withCloud(options, har, async (cloud) => {
    try {
      // Written aside and renamed, so that nobody who waits for the file reads half of it.
      const draft = `${file}.draft`;
      writeFileSync(draft, `${JSON.stringify(description(cloud), null, 2)}\n`, { mode: 0o600 });
      renameSync(draft, file);
      console.log(`The local cloud is up; ${json} says how to reach it. Ctrl+C ends it.`);
      for (const [name, url] of Object.entries(cloud.urls)) console.log(`  ${name.padEnd(8)}${url}`);
      await aborted(signal);
    } finally {
      rmSync(file, { force: true });
    }
  });
  return 0;
}
