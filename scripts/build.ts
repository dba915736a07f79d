// `npm run build`: each task as one file, tasks/<Name>/dist/index.js, that needs nothing beside it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { readTasks, runsOnAgent, type TaskJson } from "./generate/taskJson.ts";
import { licenseTexts } from "./licenses.ts";

/**
 * npm keeps a package once for each package that needs it where another version has the place at the top. Copies of
 * the same version become one in the bundle.
 */
const oneOfEach: Plugin = {
  name: "one-of-each",
  setup(builder) {
    const homes = new Map<string, string>();
    builder.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === oneOfEach || path.startsWith("node:")) return undefined;
      const found = await builder.resolve(path, { ...rest, pluginData: oneOfEach });
      const home = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(found.path)?.[1];
      if (found.external || home === undefined || home.split("node_modules").length < 3) return found;
      const { name, version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
      const first = homes.get(`${name}@${version}`) ?? home;
      homes.set(`${name}@${version}`, first);
      return { ...found, path: first + found.path.slice(home.length) };
    });
  },
};

/** Packages that may be bundled in two versions, because nothing in them is kept or compared by identity. */
const HARMLESS_TWICE = new Set([
  "semver", // pure functions; azure-pipelines-task-lib is written for 5, jsonwebtoken for 7
]);

/** What is told to esbuild for everything that runs on an agent. */
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
  plugins: [oneOfEach],
  logLevel: "silent",
  metafile: true,
} satisfies BuildOptions;

/** The program of a task: its story's file knows nothing of being run. */
export const entry = (runOnAgent: string, story = "./index.ts", version?: string) =>
  [
    `import task from ${JSON.stringify(story)};`,
    `import { runOnAgent } from ${JSON.stringify(runOnAgent)};`,
    `void runOnAgent(task${version === undefined ? "" : `, ${JSON.stringify(version)}`});`,
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

/** Where else than in place, and as which version: for a package. */
export interface Release {
  readonly into: string;
  versionOf(task: TaskJson): string;
}

/** Builds every task that runs on an agent. @throws Error when one does not bundle, or bundles a package twice. */
export async function buildTasks(root: string, release?: Release): Promise<Built[]> {
  const tasks = readTasks(root).filter(({ json }) => runsOnAgent(json));
  return Promise.all(tasks.map(({ folder, json }) => buildTask(root, folder, json, release)));
}

async function buildTask(root: string, folder: string, json: TaskJson, release?: Release): Promise<Built> {
  const dist = join(release?.into ?? root, "tasks", folder, "dist");
  const outfile = join(dist, "index.js");
  const noteFile = join(root, "node_modules", ".cache", "azure-ml-pipelines", `${folder}.json`);
  const known = release ? undefined : readNote(noteFile);
  if (known && existsSync(outfile) && existsSync(join(dist, "postjob.js")) === (json.postjobexecution !== undefined)) {
    if (hashOf(root, known.inputs) === known.hash) {
      return { folder, bytes: statSync(outfile).size, fresh: false, inputs: known.inputs };
    }
  }
  rmSync(dist, { recursive: true, force: true });
  const { metafile } = await build({
    ...bundleOptions,
    stdin: {
      contents: entry("../../lib/task/runOnAgent.ts", "./index.ts", release?.versionOf(json)),
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
  if (!release) {
    mkdirSync(dirname(noteFile), { recursive: true });
    writeFileSync(noteFile, JSON.stringify({ hash: hashOf(root, inputs), inputs }));
  }
  return { folder, bytes: statSync(outfile).size, fresh: true, inputs };
}

/**
 * Packages that came from two places, as sentences: state is then held twice (task-lib's vault, MSAL's caches),
 * and `instanceof` fails between the copies.
 */
export function bundledTwice(metafile: Metafile): string[] {
  const roots = new Map<string, Set<string>>();
  for (const file of Object.keys(metafile.inputs)) {
    const match = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    roots.set(match[2], (roots.get(match[2]) ?? new Set()).add(match[1]));
  }
  return [...roots]
    .filter(([name, places]) => places.size > 1 && !HARMLESS_TWICE.has(name))
    .map(([name, places]) => `${name} is bundled from ${[...places].join(" and ")}`);
}

function readNote(file: string): { hash: string; inputs: string[] } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Of everything that a bundle is made of, this script included. */
function hashOf(root: string, inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of [...inputs, relative(root, fileURLToPath(import.meta.url)), "package.json", "package-lock.json"]) {
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
