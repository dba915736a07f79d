// Bundles a task: its two programs, the parts that they share, and what is loaded only once it is needed.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildOptions, build, type Metafile, type OutputFile, type Plugin, transform } from "esbuild";
import { onlyMethodsCalled } from "./clients.ts";
import { onlyNamed } from "./only-named.ts";
import { oneOfEach, withoutExcess } from "./packages.ts";

/** What is told to esbuild for everything that runs on an agent. */
const bundleOptions = {
  bundle: true,
  platform: "node",
  format: "cjs",
  // The older of the two handlers that task.json names; Node 24 runs the same files.
  target: "node20",
  minify: true,
  // Errors of the SDKs are told apart by name.
  keepNames: true,
  legalComments: "none",
  // Packages that make a `require` out of import.meta.url (@azure/msal-node) get the bundle's own address.
  // Azure's pipeline asks of each request whether it is a form of the browser's kind. No task sends one, and the question alone makes
  // Node load its client of `fetch`: some 20 to 30 ms of processor time in each step.
  define: { "import.meta.url": "bundleUrl", FormData: "undefined" },
  banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
  // The modules of a package where it has both: whoever asks by `require` then shares them with whoever imports them,
  // and what nobody uses can be left out.
  mainFields: ["module", "main"],
  plugins: [withoutExcess, oneOfEach],
  logLevel: "silent",
  metafile: true,
} satisfies BuildOptions;

export interface BundleRequest {
  /** The repository. */
  readonly root: string;
  /** The story's file, absolute. */
  readonly story: string;
  /** Folder for index.js, postjob.js and their parts; emptied first. */
  readonly outdir: string;
  readonly hasPostJob: boolean;
  /** True unless said otherwise. */
  readonly minify?: boolean;
}

/** The files of a task's programs: the handlers that task.json names. */
export const MAIN = "index.js";
export const POST_JOB = "postjob.js";

/** Each program: which file of lib/task it is. A story knows nothing of being run. */
const PROGRAMS = {
  [MAIN]: { from: "main.ts", runs: "main" },
  [POST_JOB]: { from: "post-job.ts", runs: "postJob" },
} as const;

export interface Bundle {
  /** Names below the folder. */
  readonly files: readonly string[];
  /** Files that were looked at for it, relative to the root. */
  readonly inputs: readonly string[];
}

/** Writes the bundle of a task. @throws Error where it does not bundle */
export async function bundleTask({ root, story, outdir, hasPostJob, minify = true }: BundleRequest): Promise<Bundle> {
  const names = hasPostJob ? [MAIN, POST_JOB] : [MAIN];
  const { banner: _banner, ...options } = bundleOptions;
  const { metafile, outputFiles } = await build({
    ...options,
    // Names are shortened in the second pass: until then a package's `require` goes by its name.
    minify: false,
    minifySyntax: minify,
    plugins: [programs(join(root, "lib", "task"), story), onlyMethodsCalled(root), onlyNamed(root), ...options.plugins],
    entryPoints: names.map((name) => ({ in: `program:${name}`, out: name.replace(/\.js$/, "") })),
    chunkNames: "[name]-[hash]",
    // Parts that are loaded later are split off from modules only: each is made CommonJS afterwards.
    format: "esm",
    splitting: true,
    outdir,
    absWorkingDir: root,
    write: false,
  });
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  // What only code that was left out would load is made all the same, and left out here.
  const parts = partsOf(metafile, names);
  const kept = outputFiles.filter(({ path }) => parts.has(basename(path)));
  const written = await Promise.all(kept.map((file) => commonJs(file, minify)));
  for (const [name, text] of written) writeFileSync(join(outdir, name), text);
  return { files: written.map(([name]) => name), inputs: Object.keys(metafile.inputs) };
}

/** The programs and all that they load, at once or later, by name. */
function partsOf({ outputs }: Metafile, programs: readonly string[]): ReadonlySet<string> {
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const parts = new Set<string>();
  const add = (name: string) => {
    if (parts.has(name)) return;
    parts.add(name);
    for (const { path, external } of byName.get(name)?.imports ?? []) if (!external) add(basename(path));
  };
  programs.forEach(add);
  return parts;
}

/** The programs' texts, which stand in no file. */
const programs = (task: string, story: string): Plugin => ({
  name: "programs",
  setup(builder) {
    builder.onResolve({ filter: /^program:/ }, ({ path }) => ({ namespace: "program", path: path.slice(8) }));
    builder.onLoad({ filter: /./, namespace: "program" }, ({ path }) => {
      const { from, runs } = PROGRAMS[path as keyof typeof PROGRAMS];
      const contents = [
        `import { ${runs} } from ${JSON.stringify(join(task, from))};`,
        `void ${runs}(() => import(${JSON.stringify(story)}));`,
      ].join("\n");
      return { contents, resolveDir: task, loader: "ts" };
    });
  },
});

/** A helper of esbuild's that is called for each function: each file has one of its own, with a short name. */
const LOCAL_NAME =
  'const __name = (target, value) => Object.defineProperty(target, "name", { value, configurable: true });\n';

/**
 * Without the names of functions that packages declare. Functions of this repository keep theirs, which stand in the stacks that
 * people report, and so do classes, of errors above all. Before each module esbuild writes the path of its file.
 */
function withShortNames(text: string): string {
  const declared = new Set([...text.matchAll(/^ *(?:async )?function\*? (\w+)\(/gm)].map(([, name]) => name));
  const shorten = (module: string) =>
    /^\/\/ (?:lib|tasks)\//.test(module)
      ? module
      : module.replace(/^ *__name\((\w+), "\w+"\);\n/gm, (line, name: string) => (declared.has(name) ? "" : line));
  return text
    .split(/^(?=\/\/ (?:lib|tasks|node_modules)\/)/m)
    .map(shorten)
    .join("");
}

/** One file of modules as CommonJS, which Node loads faster; an `import()` becomes a `require` of that time. */
async function commonJs({ path, text }: OutputFile, minify: boolean): Promise<[name: string, text: string]> {
  const imported = /^ *__name,?\n/m;
  const isDefined = text.includes("var __name =");
  const own = imported.test(text) && !isDefined ? LOCAL_NAME + text.replace(imported, "") : text;
  const plain = withShortNames(own)
    // In modules there is no `require`, and packages that ask for Node's own by it are given this in its place.
    .replace(/(?<!function )\b__require\(/g, "require(")
    // A package of CommonJS that is loaded later: with all that it exports, as `import()` promises it.
    .replace(/^export default (require_\w+\(\));$/m, "module.exports = $1;")
    // Names of files, for profilers.
    .replace(/\b__(commonJS|esm)\(\{\s*"(?:[^"\\]|\\.)*"\(/g, "__$1({a(");
  const { code } = await transform(plain, {
    format: "cjs",
    platform: "node",
    target: bundleOptions.target,
    supported: { "dynamic-import": false },
    minify,
    keepNames: false,
    legalComments: "none",
    loader: "js",
  });
  return [basename(path), code.includes("bundleUrl") ? `${bundleOptions.banner.js}${code}` : code];
}
