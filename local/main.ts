// `npm run local -- --json FILE`: stands the local cloud up, writes what a client needs, and runs until it is interrupted.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { connectionEnvironment } from "./agent/connection.ts";
import { readScenarios, ScenarioError } from "./azure/scenarios/document.ts";
import type { ScenarioDocument } from "./azure/scenarios/rules.ts";
import { cloudName, storageSuffix } from "./azure/workspace/addresses.ts";
import { type LocalCloud, startCloud } from "./cloud.ts";

const usage = `npm run local -- --json FILE [--data DIR] [--contract DIR] [--har FILE] [--scenarios FILE]
                     [--environments machine|venv] [--environments-cache DIR]

  --json FILE      where to write URLs, CA file, credentials and ready environments (readable by you only)
  --data DIR       keep the state in this folder; without it, everything is gone at the end
  --contract DIR   published resource types (<api-version>.json); bodies that break them are refused
  --har FILE       where to write every HTTP exchange at the end, with secrets replaced
  --scenarios FILE slow lives and failures on demand, and how fast the cloud's clock runs (docs/local-azure.md)
  --environments venv
                   install what the environments of jobs and deployments ask for into virtual environments;
                   machine, which is the default, runs them all with this machine's Python
  --environments-cache DIR
                   keep those virtual environments in this folder (default: azure-ml-local in ~/.cache)`;

/** What FILE holds. It is for this machine only: there are secrets in it. */
export function description(cloud: LocalCloud): object {
  const { tenantId, subscriptionId, resourceGroup, workspace, location } = cloud;
  const { clientId, secret } = cloud.credentials.contributor;
  const connection = cloud.connections["azure-ml"];
  return {
    urls: cloud.urls,
    proxy: cloud.urls.proxy,
    caFile: cloud.caFile,
    ...{ tenantId, subscriptionId, resourceGroup, workspace, location },
    credentials: cloud.credentials,
    managedIdentity: cloud.managedIdentity,
    connections: cloud.connections,
    // A service connection as the agent hands it to a task, and the agent's way out (facts/02 §1.8, §1.9).
    connection: {
      id: connection.id,
      name: connection.name,
      environment: {
        ...connectionEnvironment(connection),
        AGENT_PROXYURL: cloud.urls.proxy,
        AGENT_CAINFO: cloud.caFile,
      },
    },
    // MLClient(…, cloud=…, cloud_metadata=…) of azure-ai-ml (facts/03 §4.8).
    azureAiMl: {
      cloud: cloudName,
      cloud_metadata: {
        azure_portal: "https://portal.azure.com",
        resource_manager: cloud.urls.arm,
        active_directory: cloud.urls.login,
        aml_resource_id: "https://ml.azure.com",
        storage_endpoint: storageSuffix(cloud.azure),
        registry_discovery_endpoint: `${cloud.urls.api}/`,
      },
    },
    environment: {
      HTTPS_PROXY: cloud.urls.proxy,
      SSL_CERT_FILE: cloud.caFile,
      REQUESTS_CA_BUNDLE: cloud.caFile,
      NODE_EXTRA_CA_CERTS: cloud.caFile,
      ARM_CLOUD_METADATA_URL: `${cloud.urls.arm}/metadata/endpoints?api-version=2022-09-01`,
      AZUREML_CURRENT_CLOUD: cloudName,
      AZURE_AUTHORITY_HOST: cloud.urls.login,
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: secret,
      IDENTITY_ENDPOINT: cloud.managedIdentity.endpoint,
      IDENTITY_HEADER: cloud.managedIdentity.header,
    },
  };
}

async function main(): Promise<number> {
  const options = readArguments();
  if (options === undefined) return 2;
  const file = path.resolve(options.json);
  let scenarios: ScenarioDocument | undefined;
  try {
    scenarios = options.scenarios === undefined ? undefined : readScenarios(options.scenarios);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    console.error(error.message);
    return 2;
  }
  // What an earlier run left there describes a cloud that is gone.
  rmSync(file, { force: true });
  const cloud = await startCloud({
    ...(options.data === undefined ? {} : { data: path.resolve(options.data) }),
    ...(options.contract === undefined ? {} : { contract: path.resolve(options.contract) }),
    ...(scenarios === undefined ? {} : { scenarios }),
    ...(options.environments === "venv" ? { environments: "venv" } : {}),
    ...(options["environments-cache"] === undefined
      ? {}
      : { environmentsCache: path.resolve(options["environments-cache"]) }),
  });
  cloud.azure.scenarios.onMeeting = ({ rule, what, count }) => {
    const place = rule.times === undefined ? count : `${count} of ${rule.times}`;
    console.log(`Scenario ${rule.name} (${rule.where}): ${what}, ${place}.`);
  };
  const interrupted = interruption();
  try {
    // Written aside and renamed, so that nobody who waits for the file reads half of it.
    const draft = `${file}.draft`;
    writeFileSync(draft, `${JSON.stringify(description(cloud), null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, file);
    console.log(`The local cloud is up; ${options.json} says how to reach it. Ctrl+C ends it.`);
    for (const [name, url] of Object.entries(cloud.urls)) console.log(`  ${name.padEnd(8)}${url}`);
    await interrupted;
  } finally {
    rmSync(file, { force: true });
    await cloud.close();
    for (const { name, where } of cloud.azure.scenarios.unmet())
      console.log(`Scenario ${name} (${where}) met nothing.`);
    if (options.har !== undefined) writeFileSync(options.har, JSON.stringify(cloud.har.toHar()));
  }
  return 0;
}

/** Resolves at SIGINT or SIGTERM, and when npm is gone: it passes SIGTERM to a shell that does not pass it on. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    if (process.env["npm_lifecycle_event"] === undefined) return;
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      resolve();
    }, 500);
    watch.unref();
  });
}

const text = { type: "string" } as const;
const optional = {
  ...{ data: text, contract: text, har: text, scenarios: text },
  ...{ environments: text, "environments-cache": text },
} as const;

function readArguments(): ({ json: string } & { [name in keyof typeof optional]?: string }) | undefined {
  try {
    const { values } = parseArgs({ options: { json: text, ...optional } });
    const { environments = "machine" } = values;
    if (environments !== "machine" && environments !== "venv")
      throw new Error(`--environments is machine or venv, and '${environments}' is neither.`);
    if (values.json !== undefined) return { ...values, json: values.json };
    console.error(`--json FILE is missing.\n\n${usage}`);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
  }
  return undefined;
}

if (process.argv[1] !== undefined && import.meta.filename === path.resolve(process.argv[1])) {
  process.exitCode = await main();
}
