// `npm run schema`: dist/azure-pipelines-schema.json, for an editor that is to know our tasks while a pipeline is written.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { readTasks } from "./generate/task-json.ts";
import { withTasks } from "./schema/merge.ts";
import { pipelineSchema } from "./schema/pipeline.ts";
import type { Schema } from "./schema/tasks.ts";

const usage = `npm run schema [-- --base FILE] [--out FILE]

  --base FILE  schema to put our tasks into. Left out: the one of the newest Azure Pipelines extension of Visual Studio Code on
               this machine, and where there is none, one of our own that knows no other tasks. "own" asks for that.
  --out FILE   where to write it (dist/azure-pipelines-schema.json)`;

/** The schema that the newest Azure Pipelines extension of Visual Studio Code on this machine brings along. */
export function installedSchema(home: string): string | undefined {
  const found = [".vscode", ".vscode-server", ".vscode-insiders", ".vscode-oss"].flatMap((folder) => {
    const extensions = join(home, folder, "extensions");
    if (!existsSync(extensions)) return [];
    return readdirSync(extensions)
      .filter((name) => /^ms-azure-devops\.azure-pipelines-\d/i.test(name))
      .map((name) => ({ version: name.replace(/^.*-/, ""), file: join(extensions, name, "service-schema.json") }));
  });
  return found
    .filter(({ file }) => existsSync(file))
    .sort((one, other) => one.version.localeCompare(other.version, "en", { numeric: true }))
    .at(-1)?.file;
}

/** Our tasks in the base, or in a schema of our own. */
export function schema(root: string, base?: string): Schema {
  const manifest = JSON.parse(readFileSync(join(root, "vss-extension.json"), "utf8"));
  const known = base === undefined ? pipelineSchema() : (JSON.parse(readFileSync(base, "utf8")) as Schema);
  return withTasks(known, readTasks(root), `${manifest.publisher}.${manifest.id}`);
}

function main(): void {
  const { values } = parseArgs({
    options: { base: { type: "string" }, out: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const base = values.base === "own" ? undefined : (values.base ?? installedSchema(homedir()));
  const out = resolve(values.out ?? join(root, "dist", "azure-pipelines-schema.json"));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(schema(root, base), null, 1)}\n`);
  console.log(`${out}: our tasks in ${base ?? "our own schema, which knows no other tasks"}.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
