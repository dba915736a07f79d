// Every YAML snippet of the documentation that shows steps is read as strictly as a pipeline file: a wrong input name in a doc fails.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceConnection } from "../../local/agent/index.ts";
import { bindTasks } from "../../local/pipeline/bind-tasks.ts";
import { PipelineError, readPipeline } from "../../local/pipeline/index.ts";
import { readTasks, runsOnAgent } from "../../scripts/generate/taskJson.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

interface Snippet {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

function markdownFiles(folder = ""): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return /^(\.|node_modules|dist|out$)/.test(entry.name) ? [] : markdownFiles(name);
    return entry.name.endsWith(".md") ? [name] : [];
  });
}

/** Fenced blocks marked yaml that hold a task or steps. */
function snippetsOf(file: string): Snippet[] {
  const text = readFileSync(path.join(root, file), "utf8");
  return [...text.matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)]
    .map((match) => ({ file, line: text.slice(0, match.index).split("\n").length + 1, text: match[1] ?? "" }))
    .filter((snippet) => /^\s*-? *task:|^steps:/m.test(snippet.text));
}

/** A lone list of steps is given the pipeline around it. */
const asPipeline = (text: string) => (/^(steps|stages|jobs):/m.test(text) ? text : `steps:\n${text}`);

const tasks = new Map(
  readTasks(root)
    .filter(({ json }) => runsOnAgent(json))
    .map(({ json, folder }) => [`${json.name}@${json.version.Major}`, path.join(root, "tasks", folder)]),
);
const connection = (name: string): ServiceConnection => ({
  id: "5e4e6ce0-0000-4000-8000-000000000001",
  name,
  type: "azurerm",
  url: "https://management.azure.com/",
  scheme: "ServicePrincipal",
  parameters: {},
  data: {},
});
const connections = Object.fromEntries(["azure-ml", "azureml-connection"].map((name) => [name, connection(name)]));

function faultsOf(file: string, text: string): string {
  try {
    bindTasks(readPipeline(file, text), { tasks, connections });
    return "";
  } catch (error) {
    if (error instanceof PipelineError) return error.message;
    throw error;
  }
}

describe("documentation", () => {
  const snippets = markdownFiles().flatMap(snippetsOf);

  it("has snippets of pipelines", () => assert.ok(snippets.length >= 15, `${snippets.length} snippets`));

  for (const snippet of snippets)
    it(`${snippet.file}:${snippet.line} is a pipeline`, () =>
      assert.equal(faultsOf(snippet.file, asPipeline(snippet.text)), ""));

  it("would not let a wrong input name through", () => {
    const text =
      "steps:\n  - task: AzureMLSubmitJob@1\n    inputs:\n      azureSubscription: azure-ml\n      jobFil: job.yml\n";
    assert.match(faultsOf("wrong.md", text), /jobFil.*jobFile/s);
  });
});

describe("example pipelines", () => {
  for (const file of ["azure-pipelines.yml", "release.yml"])
    it(`${file} is a pipeline`, () => {
      const text = readFileSync(path.join(root, "examples", "breast-cancer", file), "utf8");
      assert.equal(faultsOf(file, text), "");
    });
});
