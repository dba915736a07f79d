// `npm run build`: each task as files below tasks/<Name>/dist that need nothing beside them, and the results tab below tab/dist.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleTask, POST_JOB } from "./build/bundle.ts";
import { bundledTwice } from "./build/packages.ts";
import { buildTab } from "./build/tab.ts";
import { readTasks, runsOnAgent, type TaskJson } from "./generate/task-json.ts";
import { licenseTexts } from "./licenses.ts";

export interface Built {
  readonly folder: string;
  readonly bytes: number;
  /** False: nothing that it is made of has changed. */
  readonly fresh: boolean;
  /** Files that went into the bundle, relative to the root. */
  readonly inputs: readonly string[];
}

/** Builds every task that runs on an agent. @throws Error when one does not bundle, or bundles a package twice. */
export async function buildTasks(root: string): Promise<Built[]> {
  const tasks = readTasks(root).filter(({ json }) => runsOnAgent(json));
  const digests: Digests = new Map();
  return Promise.all(tasks.map(({ folder, json }) => buildTask(root, folder, json, digests)));
}

async function buildTask(root: string, folder: string, json: TaskJson, digests: Digests): Promise<Built> {
  const dist = join(root, "tasks", folder, "dist");
  const noteFile = join(root, "node_modules", ".cache", "azure-ml-pipelines", `${folder}.json`);
  const hasPostJob = json.postjobexecution !== undefined;
  const known = readNote(noteFile);
  if (known?.files.every((file) => existsSync(join(dist, file)))) {
    const { files, inputs } = known;
    if (files.includes(POST_JOB) === hasPostJob && hashOf(root, inputs, digests) === known.hash)
      return { folder, bytes: bytesOf(dist, files), fresh: false, inputs };
  }
  const story = join(root, "tasks", folder, "index.ts");
  const bundle = await bundleTask({ root, story, outdir: dist, hasPostJob });
  const twice = bundledTwice(bundle.inputs);
  if (twice.length > 0) throw new Error(`tasks/${folder}: ${twice.join("; ")}.`);
  const { files } = bundle;
  const inputs = bundle.inputs.filter((file) => existsSync(join(root, file)));
  writeFileSync(join(dist, "LICENSES.txt"), licenseTexts(root, inputs));
  mkdirSync(dirname(noteFile), { recursive: true });
  writeFileSync(noteFile, JSON.stringify({ hash: hashOf(root, inputs, digests), inputs, files } satisfies Note));
  return { folder, bytes: bytesOf(dist, files), fresh: true, inputs };
}

/** What is remembered of the last build of a task. */
interface Note {
  readonly hash: string;
  readonly inputs: readonly string[];
  /** Names below dist. */
  readonly files: readonly string[];
}

const bytesOf = (dist: string, files: readonly string[]): number =>
  files.reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);

function readNote(file: string): Note | undefined {
  try {
    const note = JSON.parse(readFileSync(file, "utf8")) as Partial<Note>;
    return note.files ? (note as Note) : undefined;
  } catch {
    return undefined;
  }
}

/** Digests of files by their paths, of one build: most files are in each of the bundles. */
type Digests = Map<string, Buffer | string>;

/** A hash of everything that a bundle is made of, these scripts included. */
function hashOf(root: string, inputs: readonly string[], digests: Digests): string {
  const hash = createHash("sha256");
  const ours = [
    "",
    "build/bundle.ts",
    "build/clients.ts",
    "build/named-units.ts",
    "build/only-named.ts",
    "build/packages.ts",
    "build/unnamed.ts",
  ].map((file) => relative(root, fileURLToPath(new URL(file || import.meta.url, import.meta.url))));
  for (const file of [...inputs, ...ours, "package.json", "package-lock.json"])
    hash
      .update(file)
      .update("\0")
      .update(digestOf(join(root, file), digests));
  return hash.digest("hex");
}

function digestOf(file: string, digests: Digests): Buffer | string {
  let digest = digests.get(file);
  if (digest === undefined) {
    try {
      digest = createHash("sha256").update(readFileSync(file)).digest();
    } catch {
      digest = "gone";
    }
    digests.set(file, digest);
  }
  return digest;
}

export const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
    for (const { folder, bytes, fresh } of await buildTasks(root)) {
      console.log(`tasks/${folder}/dist  ${kilobytes(bytes)}${fresh ? "" : "  (unchanged)"}`);
    }
    console.log(`tab/dist  ${kilobytes((await buildTab(root)).bytes)}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
