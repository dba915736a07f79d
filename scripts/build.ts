// `npm run build`: each task as one file, tasks/<Name>/dist/index.js, that needs nothing beside it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { bundledTwice, oneOfEach, withoutExcess } from "./build/packages.ts";
import { readTasks, runsOnAgent, type TaskJson } from "./generate/task-json.ts";
import { licenseTexts } from "./licenses.ts";

/** Options of esbuild for everything that runs on an agent. */
export const bundleOptions = {
  bundle: true,
  platform: "node",
  format: "cjs",
  // The older of the two handlers that task.json names; Node 24 runs the same file.
  target: "node20",
  minify: true,
  // Errors of the SDKs are told apart by name.
  keepNames: true,
  legalComments: "none",
  // Packages that make a `require` out of import.meta.url (@azure/msal-node) get the bundle's own address.
  define: { "import.meta.url": "bundleUrl" },
  banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
  // The modules of a package where it has both: whoever asks by `require` then shares them with whoever imports them,
  // and what nobody uses can be left out.
  mainFields: ["module", "main"],
  plugins: [withoutExcess, oneOfEach],
  logLevel: "silent",
  metafile: true,
} satisfies BuildOptions;

/** The program of a task: its story's file knows nothing of being run. `lib` is that folder's path. */
export const entry = (lib: string, story = "./index.ts") =>
  [
    // First: it takes away what libraries must not see while they load.
    `import ${JSON.stringify(`${lib}/agent/start.ts`)};`,
    `import task from ${JSON.stringify(story)};`,
    `import { runOnAgent } from ${JSON.stringify(`${lib}/task/run-on-agent.ts`)};`,
    "void runOnAgent(task);",
  ].join("\n");

/** The post-job stage is the same program, told so before it loads. */
export const POST_JOB = '"use strict";\nglobalThis.azureMlStage = "postJob";\nrequire("./index.js");\n';

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
  return Promise.all(tasks.map(({ folder, json }) => buildTask(root, folder, json)));
}

async function buildTask(root: string, folder: string, json: TaskJson): Promise<Built> {
  const dist = join(root, "tasks", folder, "dist");
  const outfile = join(dist, "index.js");
  const noteFile = join(root, "node_modules", ".cache", "azure-ml-pipelines", `${folder}.json`);
  const known = readNote(noteFile);
  if (known && existsSync(outfile) && existsSync(join(dist, "postjob.js")) === (json.postjobexecution !== undefined)) {
    if (hashOf(root, known.inputs) === known.hash) {
      return { folder, bytes: statSync(outfile).size, fresh: false, inputs: known.inputs };
    }
  }
  rmSync(dist, { recursive: true, force: true });
  const { metafile } = await build({
    ...bundleOptions,
    stdin: {
      contents: entry("../../lib"),
      resolveDir: join(root, "tasks", folder),
      sourcefile: `${folder}.entry.ts`,
      loader: "ts",
    },
    absWorkingDir: root,
    outfile,
  });
  const twice = bundledTwice(metafile);
  if (twice.length > 0) throw new Error(`tasks/${folder}: ${twice.join("; ")}.`);
  if (json.postjobexecution !== undefined) writeFileSync(join(dist, "postjob.js"), POST_JOB);
  const inputs = Object.keys(metafile.inputs).filter((file) => existsSync(join(root, file)));
  writeFileSync(join(dist, "LICENSES.txt"), licenseTexts(root, inputs));
  mkdirSync(dirname(noteFile), { recursive: true });
  writeFileSync(noteFile, JSON.stringify({ hash: hashOf(root, inputs), inputs }));
  return { folder, bytes: statSync(outfile).size, fresh: true, inputs };
}

function readNote(file: string): { hash: string; inputs: string[] } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** A hash of everything that a bundle is made of, these scripts included. */
function hashOf(root: string, inputs: readonly string[]): string {
  const hash = createHash("sha256");
  const ours = ["", "build/packages.ts"].map((file) =>
    relative(root, fileURLToPath(new URL(file || import.meta.url, import.meta.url))),
  );
  for (const file of [...inputs, ...ours, "package.json", "package-lock.json"]) {
    hash.update(file).update("\0");
    try {
      hash.update(readFileSync(join(root, file)));
    } catch {
      hash.update("gone");
    }
  }
  return hash.digest("hex");
}

export const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    for (const { folder, bytes, fresh } of await buildTasks(resolve(dirname(fileURLToPath(import.meta.url)), ".."))) {
      console.log(`tasks/${folder}/dist/index.js  ${kilobytes(bytes)}${fresh ? "" : "  (unchanged)"}`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
