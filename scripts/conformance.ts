// `npm run test:conformance`: Azure's own clients, unchanged, against the local cloud.
import { availableParallelism } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { contracts } from "../local/azure/contract/contracts.ts";
import { SecretRecorder } from "../test/harness/secrets.ts";
import { holdAgainstTypes, writeArchives } from "./conformance/archive.ts";
import { type VirtualEnvironment, virtualEnvironment } from "./conformance/python.ts";
import { Report } from "./conformance/report.ts";
import { runAll, type Suite, type Surroundings, suitesFor } from "./conformance/suites.ts";

const root = path.resolve(import.meta.dirname, "..");
const requirements = path.join(root, "test/conformance/requirements.txt");
/** Suites with clients of their own, and what those are. */
const apart: Readonly<Record<string, string>> = {
  mlflow3: "test/conformance/requirements-mlflow3.txt",
  proof: "test/conformance/requirements-proof.txt",
};
const usage = `npm run test:conformance -- [--only TEXT] [--har FILE] [--contract DIR] [--jobs N]

  --only TEXT      run the flows whose module or title holds this text
  --har FILE       where to write the exchanges with the management plane; those with other planes go to FILE.other.har.
                   Secrets are replaced
  --contract DIR   more published types (<api-version>.json) than lie in the repository: local Azure refuses bodies that
                   break one, and all that was exchanged is held against them (default: $AZURE_ML_CONTRACT)
  --jobs N         suites at a time (default: one more than there are cores)

A suite in which a flow failed is run once more, alone; what passes then is listed as such.`;

type Environments = Pick<Surroundings, "python" | "apart">;

async function main(): Promise<number> {
  const options = readArguments();
  if (options === undefined) return 2;
  const started = performance.now();
  const report = new Report();
  const suites = suitesFor(options.only);
  const environments = await install(suites, report);
  if (environments !== undefined) await run(suites, environments, options, report);
  report.end((performance.now() - started) / 1000);
  return report.failures.length === 0 && report.results.length > 0 ? 0 : 1;
}

/** The clients cannot be taken from anywhere else: without them everything has failed, and nothing was skipped. */
async function install(suites: readonly Suite[], report: Report): Promise<Environments | undefined> {
  try {
    const folder = path.join(root, ".venv");
    const own: Record<string, VirtualEnvironment> = {};
    for (const { name } of suites)
      if (apart[name] !== undefined) own[name] = await virtualEnvironment(path.join(root, apart[name]), folder);
    return { python: await virtualEnvironment(requirements, folder), apart: own };
  } catch (error) {
    const title = "Azure's Python clients are installed from PyPI";
    report.add({ suite: "conformance", title, ok: false, milliseconds: 0, error: (error as Error).message });
    return undefined;
  }
}

async function run(
  suites: readonly Suite[],
  environments: Environments,
  options: Options,
  report: Report,
): Promise<void> {
  const { python } = environments;
  // Jobs and scoring scripts run with "this machine's Python"; here that is the one that has the clients.
  process.env["PATH"] = `${python.bin}${path.delimiter}${process.env["PATH"] ?? ""}`;
  const { startCloud } = await import("../local/cloud.ts");
  const { only } = options;
  const held = contracts(options.contract);
  const har = new SecretRecorder();
  const cloud = await startCloud({
    har,
    scenarios: path.join(root, "test/conformance/scenarios.yml"),
    contracts: held,
  });
  try {
    // Clients poll every 5 or 30 seconds; an operation's status that waits for the end spares them all but the first look.
    cloud.azure.settings.patience = 20_000;
    const around = { cloud, ...environments, only };
    await runAll(suites, options.jobs, around, report);
    for (const suite of suites) await report.secondAttempt(suite.name, () => suite.run(around, report));
  } finally {
    await cloud.close();
  }
  if (options.har !== undefined) writeArchives(cloud.har, options.har);
  if (report.results.length > 0) holdAgainstTypes(cloud.har, held, report, only !== "");
}

interface Options {
  readonly only: string;
  readonly har?: string;
  readonly contract?: string;
  readonly jobs: number;
}

function readArguments(): Options | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ options: { only: text, har: text, contract: text, jobs: text } });
    const jobs = Number(values.jobs ?? availableParallelism() + 1);
    if (!(Number.isInteger(jobs) && jobs > 0)) throw new Error(`--jobs is ${values.jobs}; it must be 1 or more.`);
    return { ...values, only: values.only ?? "", jobs };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}

process.exitCode = await main();
