// `npm run test:conformance`: Azure's own clients, unchanged, against the local cloud.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { LocalCloud } from "../local/cloud.ts";
import { type VirtualEnvironment, virtualEnvironment } from "./conformance/python.ts";
import { type FlowResult, Report } from "./conformance/report.ts";

const root = path.resolve(import.meta.dirname, "..");
const flowsFolder = path.join(root, "test/conformance");
const usage = `npm run test:conformance -- [--only TEXT] [--har FILE] [--contract DIR] [--jobs N]

  --only TEXT      run the flows whose module or title holds this text
  --har FILE       where to write every exchange, with secrets replaced
  --contract DIR   published resource types; local Azure refuses bodies that break them
  --jobs N         Python processes at a time (default 2)`;

async function main(): Promise<number> {
  const options = readArguments();
  if (options === undefined) return 2;
  const started = performance.now();
  const python = virtualEnvironment(path.join(flowsFolder, "requirements.txt"), path.join(root, ".venv"));
  // Jobs and scoring scripts run with "this machine's Python"; here that is the one that has the clients.
  process.env["PATH"] = `${python.bin}${path.delimiter}${process.env["PATH"] ?? ""}`;
  const { startCloud } = await import("../local/cloud.ts");
  const cloud = await startCloud(options.contract === undefined ? {} : { contract: path.resolve(options.contract) });
  const report = new Report();
  try {
    // Clients poll every 5 or 30 seconds; an operation's status that waits for the end spares them all but the first look.
    cloud.azure.scenario.patience = 20_000;
    await Promise.all([pythonFlows(cloud, python, report, options), nodeFlows(cloud, report, options.only)]);
  } finally {
    await cloud.close();
    if (options.har !== undefined) {
      mkdirSync(path.dirname(path.resolve(options.har)), { recursive: true });
      writeFileSync(options.har, JSON.stringify(cloud.har.toHar()));
    }
  }
  report.end((performance.now() - started) / 1000);
  return report.failures.length === 0 && report.results.length > 0 ? 0 : 1;
}

/** `--only "jobs cancel"` needs no other module to be read; a text that begins with no suite's name may be in any. */
function wanted(only: string): (suite: string) => boolean {
  const [first = ""] = only.toLowerCase().split(/[ :]/);
  const named = suites().filter((suite) => suite === first);
  return (suite) => named.length === 0 || named.includes(suite);
}

function suites(): string[] {
  const files = [path.join(flowsFolder, "python/flows"), path.join(flowsFolder, "node")].flatMap((folder) =>
    readdirSync(folder),
  );
  return files.map((file) => file.replace(/(\.flows)?\.(py|ts)$/, ""));
}

/** One process for each module, some at a time: each has its own clients, as users on several machines have. */
async function pythonFlows(
  cloud: LocalCloud,
  python: VirtualEnvironment,
  report: Report,
  options: { only: string; jobs: number },
): Promise<void> {
  const queue = readdirSync(path.join(flowsFolder, "python/flows"))
    .filter((file) => file.endsWith(".py") && !file.startsWith("_"))
    .map((file) => file.slice(0, -3))
    .filter(wanted(options.only));
  const work = async (): Promise<void> => {
    for (let module = queue.shift(); module !== undefined; module = queue.shift()) {
      await runModule(module, python, environmentOf(cloud, options.only), report);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, queue.length) }, work));
}

function runModule(
  module: string,
  python: VirtualEnvironment,
  environment: NodeJS.ProcessEnv,
  report: Report,
): Promise<void> {
  const child = spawn(path.join(python.bin, "python3"), ["-u", "runner.py", module], {
    cwd: path.join(flowsFolder, "python"),
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4000);
  });
  createInterface({ input: child.stdout }).on("line", (line) => report.add(JSON.parse(line) as FlowResult));
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      // 0 and 1 are the runner's own; anything else means that Python itself went down.
      if (code !== 0 && code !== 1) {
        const error = `python3 ended with ${signal ?? `exit code ${code}`}\n${said}`;
        report.add({ suite: module, title: "runs to its end", ok: false, milliseconds: 0, error });
      }
      resolve();
    });
  });
}

/** How the clients are pointed at the local cloud: by their own environment variables alone (facts/03 §4.8). */
function environmentOf(cloud: LocalCloud, only: string): NodeJS.ProcessEnv {
  const { clientId, secret } = cloud.credentials.contributor;
  const { forbidden, expired } = cloud.credentials;
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    LANG: "C.UTF-8",
    PYTHONNOUSERSITE: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    HTTPS_PROXY: cloud.urls.proxy,
    NO_PROXY: "",
    SSL_CERT_FILE: cloud.caFile,
    REQUESTS_CA_BUNDLE: cloud.caFile,
    ARM_CLOUD_METADATA_URL: `${cloud.urls.arm}/metadata/endpoints?api-version=2022-09-01`,
    AZUREML_CURRENT_CLOUD: "LocalCloud",
    REGISTRY_DISCOVERY_ENDPOINT_URL: `${cloud.urls.api}/`,
    AZURE_AUTHORITY_HOST: cloud.urls.login,
    AZURE_TENANT_ID: cloud.tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: secret,
    AZURE_ML_DISABLE_ON_DISK_CACHE: "true",
    // The log streamer's pause: between 0.01 and 1 s instead of 2 and 60 s.
    AZUREML_RUN_POLLING_INTERVAL_MIN: "0",
    AZUREML_RUN_POLLING_INTERVAL_MAX: "10",
    MLFLOW_ENABLE_ASYNC_LOGGING: "false",
    GIT_PYTHON_REFRESH: "quiet",
    CONFORMANCE_ONLY: only,
    CONFORMANCE_SUBSCRIPTION: cloud.subscriptionId,
    CONFORMANCE_RESOURCE_GROUP: cloud.resourceGroup,
    CONFORMANCE_WORKSPACE: cloud.workspace,
    CONFORMANCE_IDENTITY_ENDPOINT: cloud.managedIdentity.endpoint,
    CONFORMANCE_IDENTITY_HEADER: cloud.managedIdentity.header,
    CONFORMANCE_FORBIDDEN: `${forbidden.clientId} ${forbidden.secret}`,
    CONFORMANCE_EXPIRED: `${expired.clientId} ${expired.secret}`,
  };
}

/** What a TypeScript module of flows exports: titles to functions. */
type NodeFlows = Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>>;

async function nodeFlows(cloud: LocalCloud, report: Report, only: string): Promise<void> {
  const folder = path.join(flowsFolder, "node");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".flows.ts"))) {
    const suite = file.replace(".flows.ts", "");
    if (!wanted(only)(suite)) continue;
    const { flows } = (await import(path.join(folder, file))) as { flows: NodeFlows };
    for (const [title, work] of Object.entries(flows)) {
      if (!`${suite} ${title}`.toLowerCase().includes(only.toLowerCase())) continue;
      const started = performance.now();
      const error = await work(cloud).then(
        () => undefined,
        (reason: Error) => reason.stack ?? String(reason),
      );
      const milliseconds = Math.round(performance.now() - started);
      report.add({ suite, title, ok: error === undefined, milliseconds, ...(error === undefined ? {} : { error }) });
    }
  }
}

function readArguments(): { only: string; har?: string; contract?: string; jobs: number } | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ options: { only: text, har: text, contract: text, jobs: text } });
    return { ...values, only: values.only ?? "", jobs: Number(values.jobs ?? 2) };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}

process.exitCode = await main();
