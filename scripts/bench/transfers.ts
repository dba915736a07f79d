// `npm run bench -- --transfers`: large files beside bare requests over the same transport, and many small files beside azure-ai-ml, in turn.
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { agentEnvironment, machineNodes } from "../../local/agent/index.ts";
import { storageSuffix, vaultSuffix } from "../../local/azure/workspace/addresses.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { HarRecorder } from "../../local/network/har.ts";
import { jobOptions } from "../../test/faults/job-options.ts";
import { PROJECT } from "../../test/harness/bench.ts";
import { packagedTasks } from "../../test/harness/packages.ts";
import { Client } from "./client.ts";
import { conditions, medianOf, spreadOf } from "./conditions.ts";
import { officialClient } from "./official-client.ts";
import type { Aim, Transfers } from "./performance.ts";

const root = path.resolve(import.meta.dirname, "../..");
const MEGABYTE = 1024 * 1024;
/** Bytes of the large file. */
const LARGE = 128 * MEGABYTE;
/** Bytes of a small file, and files of one folder. */
const SMALL = 1024;
const IN_FOLDER = 1_000;

/** The only argument of transfer-client.ts, as JSON. */
export interface TransferRequest {
  readonly runs: number;
  readonly bytes: number;
  readonly proxyUrl: string;
  readonly caFile: string;
  readonly resourceManager: string;
  readonly authority: string;
  readonly storageSuffix: string;
  readonly vaultSuffix: string;
  readonly container: string;
  readonly sasToken: string;
}

/** Milliseconds of each turn. */
export interface LargeTransfers {
  readonly uploads: readonly number[];
  readonly bareUploads: readonly number[];
  readonly downloads: readonly number[];
  readonly bareDownloads: readonly number[];
}

/**
 * @param runs counted turns with the large file, after one that is not counted
 * @param files small ones, in one turn: they take a minute or more
 */
export async function measureTransfers(runs: number, files: number): Promise<Transfers> {
  // Ten thousand files are more exchanges than are worth keeping.
  const cloud = await startCloud({ har: new HarRecorder(1) });
  const client = await Client.open(cloud);
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-small-"));
  try {
    const official = await officialClient(cloud, client);
    const large = await largeTransfers(cloud, runs);
    writeSmallFiles(path.join(folder, "ours"), files, "ours");
    writeSmallFiles(path.join(folder, "theirs"), files, "theirs");
    const up = await runStep(
      cloud,
      "RegisterModel",
      { source: "folder", modelPath: "small", name: "ours" },
      (sources) => cpSync(path.join(folder, "ours"), path.join(sources, "small"), { recursive: true }),
    );
    const theirUp = (await official.run(["register-model", path.join(folder, "theirs"), "theirs"])).milliseconds;
    const back = path.join(folder, "back");
    const download = { modelName: "ours", versionOrLabel: "1", downloadPath: back };
    const down = await runStep(cloud, "DownloadModel", download, () => mkdirSync(back));
    requireFiles(back, files);
    const theirBack = path.join(folder, "their-back");
    const theirDown = (await official.run(["download-model", "theirs", theirBack])).milliseconds;
    requireFiles(theirBack, files);
    const megabytes = `${LARGE / MEGABYTE} MB`;
    const small = `${files.toLocaleString("en")} files of 1 KB`;
    const quarter: Aim = { most: 0.25 };
    const wire: Aim = { least: 0.9 };
    const row = (what: string, against: string, ours: readonly number[], theirs: readonly number[], aim: Aim) => ({
      ...{ what, against, ours: spreadOf(ours), theirs: spreadOf(theirs), aim },
      ratio: ratioOf(ours, theirs, aim),
    });
    return {
      ...conditions(runs),
      azureAiMl: official.version,
      rows: [
        row(`upload of ${megabytes}`, "the same blocks by bare PUTs", large.uploads, large.bareUploads, wire),
        row(
          `download of ${megabytes}`,
          "the same ranges by bare GETs, not written",
          large.downloads,
          large.bareDownloads,
          wire,
        ),
        row(`upload of ${small}, one turn`, "azure-ai-ml", [up], [theirUp], quarter),
        row(`download of ${small}, one turn`, "azure-ai-ml", [down], [theirDown], quarter),
      ],
    };
  } finally {
    await client.close();
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The median of the turns' ratios, in the direction in which the aim is said. */
function ratioOf(ours: readonly number[], theirs: readonly number[], aim: Aim): number {
  const ratios = ours.map((mine, turn) => {
    const other = theirs[turn] ?? Number.NaN;
    return "least" in aim ? other / mine : mine / other;
  });
  return Number(medianOf(ratios).toFixed(2));
}

async function largeTransfers(cloud: LocalCloud, runs: number): Promise<LargeTransfers> {
  const { azure, urls, caFile } = cloud;
  await azure.blobs.container("transfers");
  const request: TransferRequest = {
    ...{ runs, bytes: LARGE, proxyUrl: urls.proxy, caFile, resourceManager: urls.arm, authority: urls.login },
    ...{ storageSuffix: storageSuffix(azure), vaultSuffix: vaultSuffix(azure) },
    container: `${urls.storage}/transfers`,
    sasToken: azure.blobs.sasToken("transfers", "", "racwdl", 60),
  };
  const words = ["--import=tsx", path.join(import.meta.dirname, "transfer-client.ts"), JSON.stringify(request)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: root });
  return JSON.parse(stdout) as LargeTransfers;
}

/** Each file has another content, so that nothing is known already. */
function writeSmallFiles(folder: string, count: number, mark: string): void {
  for (let n = 0; n < count; n++) {
    const part = path.join(folder, `part-${Math.floor(n / IN_FOLDER)}`);
    if (n % IN_FOLDER === 0) mkdirSync(part, { recursive: true });
    writeFileSync(path.join(part, `file-${n}.txt`), `${mark} ${n} `.padEnd(SMALL, "."));
  }
}

function requireFiles(folder: string, count: number): void {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).length;
  if (found !== count) throw new Error(`${found} files came to ${folder}, and ${count} were to come.`);
}

/** Runs a packaged task as the agent starts it, and says how long its process ran: milliseconds. */
async function runStep(
  cloud: LocalCloud,
  task: string,
  inputs: Readonly<Record<string, string>>,
  prepare: (sources: string) => void,
): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-step-"));
  try {
    const build = cloud.devops.createBuild("transfers", { branch: "main", commit: "0", requestedFor: "Ada Example" });
    cloud.devops.startBuild(build);
    const place = { workFolder: path.join(folder, "_work"), build, attempt: 1, number: 0, proxyUrl: cloud.urls.proxy };
    const { environment, script, cwd } = agentEnvironment({
      ...jobOptions(cloud, place),
      taskFolder: (await packagedTasks()).get(task) as string,
      inputs: {
        azureSubscription: cloud.connections["azure-ml"].id,
        ...{ resourceGroup: cloud.resourceGroup, workspace: cloud.workspace },
        ...inputs,
      },
    });
    cpSync(PROJECT, cwd, { recursive: true });
    prepare(cwd);
    const started = performance.now();
    const child = spawn(machineNodes().node20_1 ?? process.execPath, [script as string], {
      ...{ cwd, env: environment, stdio: ["ignore", "pipe", "pipe"] },
    });
    let log = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (piece: Buffer) => {
        log = (log + piece.toString("utf8")).slice(-8_000);
      });
    await new Promise((resolve) => child.once("close", resolve));
    const milliseconds = performance.now() - started;
    if (!/task\.complete result=Succeeded/.test(log)) throw new Error(`${task} failed:\n${log}`);
    return milliseconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
