// `azureml-local init`: writes a starter project that `azureml-local run` runs, with pipelines for Azure DevOps.
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nearestName } from "../text/nearest-name.ts";
import { readWith, UsageError } from "./usage.ts";

/** The starters: a folder of that name is laid over `base`. */
const STARTERS: Readonly<Record<string, string>> = {
  pipeline: "a pipeline job of two steps and an online endpoint; Python alone (the default)",
  batch: "a batch endpoint that scores tables; Python alone",
  sklearn: "scikit-learn and an online endpoint; packages from PyPI",
  mlflow: "scikit-learn with MLflow, whose model is deployed; packages from PyPI",
};
const width = Math.max(...Object.keys(STARTERS).map(({ length }) => length));

const usage = `azureml-local init [DIR] [--starter NAME]

Writes a project that trains, judges, registers and releases a model, into this folder or into DIR. Files that are there
already are never changed: where one of the project's files would fall on one, nothing is written.

  --starter NAME
${Object.entries(STARTERS)
  .map(([name, what]) => `                   ${name.padEnd(width)}  ${what}`)
  .join("\n")}`;

const home = fileURLToPath(new URL("./starters", import.meta.url));

/** In a clone npx has no program of this name, and would ask npm for a package of somebody else's. */
const isClone = import.meta.url.endsWith(".ts");
const quoted = (folder: string) => (/[^\w./\\:-]/.test(folder) ? `"${folder}"` : folder);

/** npm leaves files called .gitignore out of a package. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** @returns the exit code */
export async function init(words: readonly string[]): Promise<number> {
  const { help, starter, folder } = readWith(usage, () => {
    const text = { type: "string" } as const;
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { starter: text, help: { type: "boolean" } },
      allowPositionals: true,
    });
    if (positionals.length > 1) throw new Error(`One folder is needed, and ${positionals.length} are given.`);
    const { starter = "pipeline" } = values;
    if (!Object.hasOwn(STARTERS, starter)) {
      const near = nearestName(starter, Object.keys(STARTERS));
      throw new Error(`There is no starter '${starter}'${near === undefined ? "" : `; did you mean '${near}'?`}`);
    }
    return { help: values.help === true, starter, folder: positionals[0] ?? "." };
  });
  if (help) {
    console.log(usage);
    return 0;
  }
  const target = path.resolve(folder);
  if (existsSync(target) && !statSync(target).isDirectory())
    throw new UsageError(`${folder} is a file; a project needs a folder.`);
  const files = filesOf(starter);
  const there = [...new Set([...files.keys()].flatMap((file) => inTheWay(target, file) ?? []))];
  if (there.length > 0)
    throw new UsageError(
      `${folder === "." ? "This folder" : folder} holds ${there.join(", ")} already, so nothing was written. \`azureml-local init DIR\` makes a folder of its own.`,
    );
  for (const [file, source] of files) {
    mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
    cpSync(source, path.join(target, file));
  }
  console.log(`The starter ${starter} is in ${target} (${files.size} files). README.md says how it goes on:`);
  if (isClone) console.log(`\n    npm run pipeline -- --repo ${quoted(target)}\n`);
  else {
    if (folder !== ".") console.log(`\n    cd ${quoted(folder)}`);
    console.log(`${folder === "." ? "\n" : ""}    npx azureml-local run\n`);
  }
  return 0;
}

/** What stands where a file would come, or in the place of a folder on the way to it: also a link, whatever that leads to. */
function inTheWay(target: string, file: string): string | undefined {
  const parts = file.split("/");
  const ways = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  for (const way of ways) {
    const place = path.join(target, way);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return undefined;
    if (way === file || statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return way;
  }
  return undefined;
}

/** Files of a starter, by their paths in the project. The starter's own come before those of `base`. */
function filesOf(starter: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const layer of ["base", starter]) {
    const root = path.join(home, layer);
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const source = path.join(entry.parentPath, entry.name);
      const file = path.relative(root, source).split(path.sep).join("/");
      if (!isLeftOut(starter, file)) files.set(RENAMED[file] ?? file, source);
    }
  }
  return files;
}

/** Files of `base` that a batch endpoint has no use for. */
function isLeftOut(starter: string, file: string): boolean {
  const online = /^(scoring|requests)\/|^azureml\/(endpoint|deployment)\.yml$/;
  const ownTracking = starter === "mlflow" && file === "src/tracking.py";
  return ownTracking || (starter === "batch" && online.test(file));
}
