// Everything in this repository that a user may copy into a pipeline: snippets of the documentation, sample pipelines, templates.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceConnection } from "../../local/agent/index.ts";
import { PipelineError, readPipeline } from "../../local/pipeline/index.ts";
import { bindTasks } from "../../local/pipeline/running/bind-tasks.ts";
import { ownServerTasks } from "../../scripts/acceptance/run.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

export interface Sample {
  /** `docs/usage.md:12` */
  readonly name: string;
  readonly file: string;
  /** A whole pipeline or template. */
  readonly text: string;
}

function files(ending: string, folder = ""): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory())
      return /^(\.git|\.venv|node_modules|dist|out)$/.test(entry.name) ? [] : files(ending, name);
    return entry.name.endsWith(ending) ? [name] : [];
  });
}

const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** The pages that people read: all of Markdown but the facts, which quote others, and what tests keep. */
export function pages(): { readonly file: string; readonly text: string }[] {
  return files(".md")
    .filter((file) => !/^(docs\/facts|changes|test|contributions)\//.test(file) && file !== "CHANGELOG.md")
    .map((file) => ({ file, text: read(file) }));
}

/** A lone list of steps is given the pipeline around it. */
const asPipeline = (text: string) => (/^(steps|stages|jobs|extends):/m.test(text) ? text : `steps:\n${text}`);

/** Fenced blocks marked yaml, as they stand. */
function blocks(): Sample[] {
  return files(".md").flatMap((file) => {
    const text = read(file);
    return [...text.matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map((match) => ({
      name: `${file}:${text.slice(0, match.index).split("\n").length + 1}`,
      file,
      text: match[1] ?? "",
    }));
  });
}

const isSnippet = ({ text }: Sample) => /^\s*-? *task:|^(steps|extends):/m.test(text);

/** Fenced blocks marked yaml that hold a task, steps, or what a template is given. */
export function snippets(): Sample[] {
  return blocks()
    .filter(isSnippet)
    .map((block) => ({ ...block, text: asPipeline(block.text) }));
}

/** The other blocks marked yaml: files that tasks and programs read. */
export const documents = (): Sample[] => blocks().filter((block) => !isSnippet(block));

/** Pipelines of the examples: files that run as they stand. */
export function pipelines(): Sample[] {
  return files(".yml")
    .filter((file) => file.startsWith("examples/") && !isTemplate(file))
    .map((file) => ({ name: file, file, text: read(file) }))
    .filter(({ text }) => /^(steps|stages|jobs|extends):/m.test(text));
}

/** Files that other pipelines include or extend. */
export function templates(): Sample[] {
  return files(".yml")
    .filter(isTemplate)
    .map((file) => ({ name: file, file, text: read(file) }));
}

const isTemplate = (file: string) => /^examples\/templates\/(steps\/)?[^/]+$/.test(file);

const tasks = new Map(
  readTasks(root).map(({ json, folder }) => [`${json.name}@${json.version.Major}`, path.join(root, "tasks", folder)]),
);
for (const [name, folder] of ownServerTasks(root)) tasks.set(name, folder);
const connection = (name: string, type: string): ServiceConnection => ({
  id: "5e4e6ce0-0000-4000-8000-000000000001",
  name,
  type,
  url: "https://management.azure.com/",
  scheme: type === "github" ? ("OAuth" as "None") : "ServicePrincipal",
  parameters: {},
  data: {},
});
const connections = Object.fromEntries(
  [
    ["azure-ml", "azurerm"],
    ["azure-ml-production", "azurerm"],
    ["github", "github"],
    ["azureml-connection", "azurerm"],
    ["azureml-workspace", "azureml-workspace"],
  ].map(([name, type]) => [name, connection(name!, type!)]),
);

/** What the local pipeline says of it, a line for each fault. Templates are looked for where a team has them. */
export function faultsOf({ file, text }: Pick<Sample, "file" | "text">, given: Record<string, string> = {}): string {
  const find = (name: string) => {
    const candidates = [name, name.replace(/^(.*\/)?templates\//, "examples/templates/")];
    for (const candidate of candidates) {
      try {
        return read(candidate);
      } catch {}
    }
    return undefined;
  };
  try {
    bindTasks(readPipeline(file, text, given, { files: find }), { tasks, connections });
    return "";
  } catch (error) {
    if (error instanceof PipelineError) return error.message;
    throw error;
  }
}
