// `npm run new-task -- Name "Azure ML: Do something"`: a task that generates, type-checks, builds and runs, and does nothing yet.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatJson } from "./generate/json.ts";
import { readTasks, runsOnAgent, type TaskJson } from "./generate/taskJson.ts";

export interface NewFile {
  readonly path: string;
  readonly content: string;
}

/** The files of a new task. @throws Error that says what is wrong with the name. */
export function newTask(root: string, folder: string, friendlyName: string): NewFile[] {
  if (!/^[A-Z][A-Za-z]+$/.test(folder))
    throw new Error(`"${folder}": a task's folder is a verb and a noun, as in DownloadModel.`);
  if (!/^Azure ML: .{3,30}$/.test(friendlyName)) {
    throw new Error(`"${friendlyName}": the name that people see is "Azure ML: ..." with at most 40 characters.`);
  }
  if (existsSync(join(root, "tasks", folder))) throw new Error(`tasks/${folder} is there already.`);
  return [
    { path: `tasks/${folder}/task.json`, content: formatJson(taskJson(root, folder, friendlyName)) },
    { path: `tasks/${folder}/index.ts`, content: story(friendlyName) },
    { path: `tasks/${folder}/README.md`, content: readme(friendlyName) },
    { path: `tasks/${folder}/icon.svg`, content: ICON },
    { path: `test/tasks/${folder}.test.ts`, content: test(folder) },
  ];
}

function taskJson(root: string, folder: string, friendlyName: string): TaskJson & { $schema: string } {
  // Connection, resource group and workspace are word for word the same everywhere.
  const shared = ["connectionType", "azureSubscription", "workspaceConnection", "resourceGroup", "workspace"];
  const other = readTasks(root).find(({ json }) => runsOnAgent(json))?.json;
  const inputs = other?.inputs.filter(({ name }) => shared.includes(name)) ?? [];
  const dataSourceBindings = other?.dataSourceBindings?.filter(({ target }) => shared.includes(target)) ?? [];
  const target = { target: "dist/index.js" };
  return {
    $schema: "https://raw.githubusercontent.com/Microsoft/azure-pipelines-task-lib/master/tasks.schema.json",
    id: randomUUID(),
    name: `AzureML${folder}`,
    friendlyName,
    description: "Says in one sentence what the task does for whoever picks it from the list",
    helpMarkDown: "Says what it needs and what it leaves.",
    category: "Deploy",
    visibility: ["Build", "Release"],
    runsOn: ["Agent", "DeploymentGroup"],
    author: "Azure ML Pipelines",
    version: { Major: 1, Minor: 0, Patch: 0 },
    minimumAgentVersion: "4.248.0",
    instanceNameFormat: friendlyName.replace("Azure ML: ", ""),
    inputs,
    dataSourceBindings,
    outputVariables: [{ name: "location", description: "Region of the workspace." }],
    execution: { Node20_1: target, Node24: target },
  };
}

const story = (friendlyName: string) => `// ${friendlyName.replace("Azure ML: ", "")}: say here what the story is.
import { openWorkspace } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, openWorkspace, async ({ workspace, log }) => {
  log.info(\`Workspace \${workspace.name} is in \${workspace.location}.\`);
  return { location: workspace.location };
});
`;

const readme = (friendlyName: string) => `# ${friendlyName}

What it does, in two sentences.

<!-- generated: usage -->
<!-- end: usage -->

## Inputs

<!-- generated: inputs -->
<!-- end: inputs -->

## Outputs

<!-- generated: outputs -->
<!-- end: outputs -->

## Good to know
- What surprises people.
`;

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">
  <rect x="1" y="1" width="30" height="30" rx="7" fill="#0b5cc2"/>
  <circle cx="16" cy="16" r="7" stroke="#fff" stroke-width="2.2" fill="none"/>
</svg>
`;

const test = (
  folder: string,
) => `// What tasks/${folder} promises in its README. Its verbs are proved where they live, in test/lib/ml.
import assert from "node:assert/strict";
import task from "../../tasks/${folder}/index.ts";

describe("${folder}", () => {
  it("keeps its name", () => {
    assert.equal(task.contract.task.name, "AzureML${folder}");
  });
});
`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const [folder = "", friendlyName = ""] = process.argv.slice(2);
  try {
    for (const { path, content } of newTask(root, folder, friendlyName)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
      console.log(`wrote ${path}`);
    }
    console.log(
      [
        "Next: draw icon.svg and save it as icon.png of 32 x 32",
        `(rsvg-convert -w 32 -h 32 tasks/${folder}/icon.svg -o tasks/${folder}/icon.png),`,
        "change task.json, and run npm run generate. CONTRIBUTING.md has the six steps.",
      ].join(" "),
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
