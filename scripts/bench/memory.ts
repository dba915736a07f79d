// `npm run bench -- --memory`: how much memory tasks take at their peak where the data are large. Linux only.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { agentEnvironment, machineNodes } from "../../local/agent/index.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import { FaultLayer } from "../../local/faults/layer.ts";
import { jobOptions } from "../../test/faults/job-options.ts";
import { Place } from "../../test/faults/place.ts";
import { PROJECT } from "../../test/harness/bench.ts";
import { packagedTasks } from "../../test/harness/packages.ts";
import { writeLargeCsv, writeLargeParquet } from "./large-tables.ts";

const MEGABYTE = 1024 * 1024;
/** Bytes of the log that the local cloud generates. */
const LOG = 1024 * MEGABYTE;
const FILES = 5_000;

interface Case {
  readonly what: string;
  readonly task: string;
  /** Megabytes of resident memory that it may take at its peak. */
  readonly limit: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly prepare: (cloud: LocalCloud, sources: string) => Promise<void> | void;
}

const cases: readonly Case[] = [
  {
    what: "upload of a file of 2 GB",
    task: "RegisterData",
    limit: 120,
    inputs: { source: "inline", name: "large", type: "uri_file", path: "large.bin" },
    prepare: (_cloud, sources) => {
      const file = path.join(sources, "large.bin");
      writeFileSync(file, "the beginning");
      truncateSync(file, 2048 * MEGABYTE);
    },
  },
  {
    what: "log of a job, 1 GB",
    task: "SubmitJob",
    limit: 150,
    inputs: { jobFile: "azureml/job.yml" },
    prepare: () => {},
  },
  {
    what: `download of ${FILES.toLocaleString("en")} files`,
    task: "DownloadModel",
    limit: 150,
    inputs: { modelName: "many", versionOrLabel: "1", downloadPath: "downloaded" },
    prepare: async (cloud) => {
      const names = Array.from({ length: FILES }, (_, n) => `part-${n % 50}/file-${n}.txt`);
      await new Place(cloud).addVersion(
        "models",
        "many",
        "1",
        Object.fromEntries(names.map((name) => [name, `${name}\n`.repeat(100)])),
      );
    },
  },
  {
    what: "promotion of 512 MB",
    task: "PromoteModel",
    limit: 150,
    inputs: {
      ...{ modelName: "large", modelVersion: "1", targetWorkspace: "ws1", targetName: "copy" },
      requireEvidence: "false",
    },
    prepare: async (cloud) => {
      await new Place(cloud).addVersion("models", "large", "1", { "small.txt": "small" });
      const { azure } = cloud;
      const container = await azure.blobs.container(`azureml-blobstore-${azure.workspaceGuid}`);
      const blob = container.getBlockBlobClient("earlier/large/1/weights.bin");
      const piece = Buffer.alloc(8 * MEGABYTE, "weights");
      const ids = Array.from({ length: 64 }, (_, n) => Buffer.from(String(n).padStart(6, "0")).toString("base64"));
      for (const id of ids) await blob.stageBlock(id, piece, piece.length);
      // Without a checksum, as Azure's own clients leave large files: it is read twice.
      await blob.commitBlockList(ids);
    },
  },
  ...(["csv", "parquet"] as const).map(
    (format): Case => ({
      what: `check of 10 GB of ${format}`,
      task: "CheckData",
      limit: 400,
      inputs: { source: "files", dataPath: `large.${format}`, baseline: "none", dataRules: "data.rows > 10000000" },
      prepare: (_cloud, sources) => {
        const write = format === "csv" ? writeLargeCsv : writeLargeParquet;
        write(path.join(sources, `large.${format}`), 10 * 1024 * MEGABYTE);
      },
    }),
  ),
];

/** A cloud whose jobs have a long log, generated as it is read. */
class LongLogs extends FaultLayer {
  override inFrontOf(...[listener, handler]: Parameters<FaultLayer["inFrontOf"]>): http.RequestListener {
    return (request, response) => {
      const isLog = listener === "storage" && /\/user_logs\/std_log\.txt(\?|$)/.test(request.url ?? "");
      if (!isLog || !/^(GET|HEAD)$/.test(request.method ?? "")) return handler(request, response);
      const range = /bytes=(\d+)-(\d*)/.exec(String(request.headers["x-ms-range"] ?? request.headers["range"] ?? ""));
      const from = Number(range?.[1] ?? 0);
      const last = Math.min(LOG, range?.[2] ? Number(range[2]) + 1 : LOG);
      const headers = {
        ...{ "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", ETag: '"0x8D0000000000001"' },
        ...{ "Last-Modified": new Date(0).toUTCString(), "x-ms-blob-type": "AppendBlob", "x-ms-version": "2024-11-04" },
      };
      if (from >= LOG) {
        response.writeHead(416, { ...headers, "Content-Range": `bytes */${LOG}`, "x-ms-error-code": "InvalidRange" });
        return void response.end();
      }
      response.writeHead(range ? 206 : 200, {
        ...{ ...headers, "Content-Length": last - from },
        ...(range ? { "Content-Range": `bytes ${from}-${last - 1}/${LOG}` } : {}),
      });
      if (request.method === "HEAD") return void response.end();
      sendLog(response, from, last);
    };
  }
}

/** Lines of 128 bytes, each with its number. */
function sendLog(response: http.ServerResponse, from: number, to: number): void {
  const line = (n: number) => `${`line ${n} of a long log `.padEnd(127, ".")}\n`;
  let at = from;
  const more = () => {
    while (at < to && !response.destroyed) {
      const first = Math.floor(at / 128);
      const text = Array.from({ length: 2048 }, (_, n) => line(first + n)).join("");
      const piece = Buffer.from(text).subarray(at - first * 128, to - first * 128);
      at += piece.length;
      if (!response.write(piece)) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}

/**
 * @param only cases whose names hold this
 * @returns how many cases took more than they may, or failed
 */
export async function memoryBench(only = ""): Promise<number> {
  if (process.platform !== "linux") throw new Error("Peaks are read from /proc, which only Linux has.");
  let wrong = 0;
  console.log(`Peak resident memory, Node ${process.versions.node.split(".")[0]}; local Azure, nothing else measured.`);
  for (const one of cases.filter(({ what }) => what.includes(only))) {
    const { succeeded, peak, seconds, written, log } = await measure(one);
    const within = succeeded && peak <= one.limit;
    console.log(
      `${one.what.padEnd(30)}${`${Math.round(peak)} MB`.padStart(9)}   limit ${one.limit} MB   ${within ? "ok" : "TOO MUCH"}   ${seconds.toFixed(0)} s, ${Math.round(written / MEGABYTE)} MB of log`,
    );
    if (!succeeded) console.log(`It did not succeed:\n${log.replace(/^##vso\[task\.setsecret\].*$/gm, "")}`);
    if (!within) wrong += 1;
  }
  return wrong;
}

interface Measured {
  readonly succeeded: boolean;
  /** Megabytes. */
  readonly peak: number;
  readonly seconds: number;
  /** Bytes that it wrote to its log. */
  readonly written: number;
  /** The end of that. */
  readonly log: string;
}

async function measure({ task, inputs, prepare }: Case): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-memory-"));
  const cloud = await startCloud({ faults: new LongLogs() });
  try {
    const build = cloud.devops.createBuild("memory", { branch: "main", commit: "0", requestedFor: "Ada Example" });
    cloud.devops.startBuild(build);
    const { environment, script, cwd } = agentEnvironment({
      ...jobOptions(cloud, {
        workFolder: path.join(folder, "_work"),
        build,
        attempt: 1,
        number: 0,
        proxyUrl: cloud.urls.proxy,
      }),
      taskFolder: (await packagedTasks()).get(task) as string,
      inputs: {
        azureSubscription: cloud.connections["azure-ml"].id,
        ...{ resourceGroup: cloud.resourceGroup, workspace: cloud.workspace },
        ...inputs,
      },
    });
    cpSync(PROJECT, cwd, { recursive: true });
    await prepare(cloud, cwd);
    const started = performance.now();
    const child = spawn(machineNodes().node20_1 ?? process.execPath, [script as string], {
      ...{ cwd, env: environment, stdio: ["ignore", "pipe", "pipe"] },
    });
    const { peak, written, log } = await followed(child);
    return {
      succeeded: /task\.complete result=Succeeded/.test(log),
      peak,
      written,
      log,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads what a process writes, keeps the end of it, and looks how much memory it takes. */
async function followed(child: ChildProcess): Promise<Pick<Measured, "peak" | "written" | "log">> {
  let peak = 0;
  let written = 0;
  let log = "";
  const look = () => {
    try {
      const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(kilobytes ?? 0) / 1024);
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, 50);
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (piece: Buffer) => {
      written += piece.length;
      log = (log + piece.toString("utf8")).slice(-8_000);
      look();
    });
  await new Promise((resolve) => child.once("close", resolve));
  clearInterval(timer);
  return { peak, written, log };
}
