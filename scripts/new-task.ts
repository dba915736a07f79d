// `npm run new-task -- Name "Azure ML: Do something"`: scaffolds a task that generates, type-checks, builds and runs, and does nothing yet.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type ContractSource, expand, readFragments } from "./generate/fragments.ts";
import { formatJson } from "./generate/json.ts";
import { bringUpToDate } from "./generate.ts";

export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly encoding?: "base64";
}

/** The files of a new task. @throws Error that says what is wrong with the name. */
export function newTask(root: string, folder: string, friendlyName: string): NewFile[] {
  if (!/^[A-Z][A-Za-z]+$/.test(folder))
    throw new Error(`"${folder}": a task's folder is a verb and a noun, as in DownloadModel.`);
  if (!/^Azure ML: .{3,30}$/.test(friendlyName)) {
    throw new Error(`"${friendlyName}": the name that people see is "Azure ML: ..." with at most 40 characters.`);
  }
  if (existsSync(join(root, "tasks", folder))) throw new Error(`tasks/${folder} is there already.`);
  const contract = contractSource(folder, friendlyName);
  return [
    { path: `tasks/${folder}/contract.json`, content: formatJson(contract) },
    { path: `tasks/${folder}/task.json`, content: formatJson(expand(contract, readFragments(root))) },
    { path: `tasks/${folder}/index.ts`, content: story(friendlyName) },
    { path: `tasks/${folder}/README.md`, content: readme(friendlyName) },
    { path: `tasks/${folder}/icon.svg`, content: ICON },
    { path: `tasks/${folder}/icon.png`, content: ICON_PNG, encoding: "base64" },
    { path: `test/tasks/${folder}.test.ts`, content: test(folder) },
  ];
}

function contractSource(folder: string, friendlyName: string): ContractSource {
  return {
    shared: "agent",
    id: randomUUID(),
    name: `AzureML${folder}`,
    friendlyName,
    description: "Says in one sentence what the task does for whoever picks it from the list",
    helpMarkDown: "Says what it needs and what it leaves.",
    category: "Deploy",
    instanceNameFormat: friendlyName.replace("Azure ML: ", ""),
    inputs: ["connectionType", "azureSubscription", "workspaceConnection", "resourceGroup", "workspace"],
    outputVariables: [{ name: "location", description: "Region of the workspace." }],
  };
}

const story = (friendlyName: string) => `// ${friendlyName.replace("Azure ML: ", "")}: say here what the story is.
import { openWorkspace } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ open, log }) => {
  const workspace = await open(openWorkspace);
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

/** ICON at 32 x 32, so that the task can be packaged before anybody draws. */
const ICON_PNG = [
  "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAYAAABzenr0AAABK0lEQVR42s1XOw6CQBCl9wLWlp7FzsKGG9h4CxoTj2JhZ2lliI2ihRew0dig",
  "scBk3EcYsyYCwyfMvuQlZJmdecwM+/E819DzN33DwDAyTAypIZPMF3z2y4L7hnELQfMI335RcOqI/r+0xx0KiH/KkdWHOmZgC4gUBES2gFrd",
  "PphuU9b9O2wB4omTxYlWuxs9Xm9i4BljeFfFVyUB+NL1/k5lgI00K2IBcHi+PL9BluGVxvMjDWdhSjxjjAFbiQixAP5ypHoUHHLt8I5Lgzmt",
  "CEBdGUXBbRGMsp4QCUBzcdqlzcXlwNzGAjilqLNUAGy5ZI0EoJEYaDapANgyiprRfQHqJXCiCdV/Q/WFyImlWH0z6mI7Vj+QqB/J1A+lusdy",
  "9YuJE1czJy6nGvgAH8YAna7Gd/YAAAAASUVORK5CYII=",
].join("");

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
    for (const { path, content, encoding } of newTask(root, folder, friendlyName)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content, encoding);
      console.log(`wrote ${path}`);
    }
    for (const path of await bringUpToDate(root)) console.log(`wrote ${path}`);
    console.log(`Next: its contract, tasks/${folder}/contract.json. CONTRIBUTING.md has the six steps.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
