// `npm run generate`: generates everything that follows from the tasks' task.json, from contributions/, from the table of
// operations, from the kinds of documents, from the shape of records, from marks of the documentation and, for docs/architecture.md, from the imports.
// `--check` only reports what is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Performance } from "./bench/performance.ts";
import { comparisonTable } from "./bench/performance-page.ts";
import { readRecipes, withAround } from "./generate/around.ts";
import { contractFile, sharedFile, sharedTypes } from "./generate/contract.ts";
import { readContributions } from "./generate/contributions.ts";
import { faultsOfErrorCodes, readErrorCodes, readPublishedCodes, troubleshootingFile } from "./generate/error-codes.ts";
import { faultsOf } from "./generate/faults.ts";
import { expandTasks } from "./generate/fragments.ts";
import { formatJson } from "./generate/json.ts";
import { kindFiles } from "./generate/kinds.ts";
import { broken, readLedger } from "./generate/ledger.ts";
import { manifestFile } from "./generate/manifest.ts";
import { readmeFile } from "./generate/readme.ts";
import { recordSchemaFile } from "./generate/record-schema.ts";
import { resourcesFile } from "./generate/resources.ts";
import { connectionsFile } from "./generate/roles.ts";
import { scoringScriptFile } from "./generate/scoring-script.ts";
import { runsOnAgent } from "./generate/task-json.ts";
import { statusFile } from "./generate/unverified.ts";
import { architectureFile } from "./module-boundaries/diagram.ts";

export interface GeneratedFile {
  /** Relative to the root of the project. */
  readonly path: string;
  readonly content: string;
}

/** Generated files and their content. @throws Error that lists everything wrong with the tasks, or with the kinds of documents. */
export async function generate(root: string): Promise<GeneratedFile[]> {
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const tasks = expandTasks(root);
  const codes = readErrorCodes(root);
  const faults = [
    ...faultsOf(tasks),
    ...broken(readLedger(root), tasks),
    ...faultsOfErrorCodes(codes, readPublishedCodes(root)),
  ];
  if (faults.length > 0) throw new Error(faults.join("\n"));
  const onAgents = tasks.filter(({ json }) => runsOnAgent(json));
  const shared = sharedTypes(onAgents);
  const contracts = onAgents.map((task) => ({
    path: `tasks/${task.folder}/contract.gen.ts`,
    content: contractFile(task, shared),
  }));
  const recipes = readRecipes(root);
  const readmes = tasks.map((task) => {
    const path = `tasks/${task.folder}/README.md`;
    return { path, content: withAround(readmeFile(read(path), task), task, recipes) };
  });
  const status = existsSync(join(root, STATUS)) ? [{ path: STATUS, content: statusFile(read(STATUS), root) }] : [];
  return [
    ...status,
    ...tasks.map(({ folder, json }) => ({ path: `tasks/${folder}/task.json`, content: formatJson(json) })),
    { path: "tasks/shared/inputs.gen.ts", content: sharedFile(shared) },
    ...contracts,
    ...readmes,
    ...tasks.map(resourcesFile),
    { path: MANIFEST, content: manifestFile(read(MANIFEST), tasks, readContributions(root)) },
    { path: TROUBLESHOOTING, content: troubleshootingFile(read(TROUBLESHOOTING), codes) },
    { path: README, content: comparisonIn(read(README), JSON.parse(read("docs/performance.json")) as Performance) },
    recordSchemaFile(),
    scoringScriptFile(root),
    { path: CONNECTIONS, content: connectionsFile(read(CONNECTIONS)) },
    ...(await kindFiles(root)),
    ...[architectureFile(root)].filter((file) => file !== undefined),
  ];
}

/** The README with the measured comparison between its marks. @throws Error when a mark is missing */
function comparisonIn(readme: string, measured: Performance): string {
  const [start, end] = ["<!-- generated: comparison -->", "<!-- end: comparison -->"];
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md: the marks ${start} and ${end} are missing.`);
  return `${readme.slice(0, from + start.length)}\n${comparisonTable(measured)}\n${readme.slice(to)}`;
}

const README = "README.md";
const MANIFEST = "vss-extension.json";
const CONNECTIONS = "docs/connections.md";
const STATUS = "docs/status.md";
const TROUBLESHOOTING = "docs/troubleshooting.md";

/** The paths whose content on disk is not what the tasks say. */
export function staleFiles(root: string, files: readonly GeneratedFile[]): string[] {
  return files
    .filter(({ path, content }) => {
      const file = join(root, path);
      return !existsSync(file) || readFileSync(file, "utf8") !== content;
    })
    .map(({ path }) => path);
}

/** Writes what is not what the tasks say. @returns the paths written */
export async function bringUpToDate(root: string): Promise<string[]> {
  const files = await generate(root);
  const stale = staleFiles(root, files);
  for (const { path, content } of files)
    if (stale.includes(path)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
  return stale;
}

async function main(): Promise<number> {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  if (process.argv.includes("--check")) {
    const stale = staleFiles(root, await generate(root));
    for (const path of stale)
      console.error(`${path} is out of date: run \`npm run generate\` and commit what it writes.`);
    return stale.length === 0 ? 0 : 1;
  }
  const stale = await bringUpToDate(root);
  console.log(stale.length === 0 ? "Everything generated is up to date." : `Wrote ${stale.join(", ")}.`);
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
