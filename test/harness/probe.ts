// The smallest task: signs in with the inputs that every task has, opens the workspace and tells where it is. Made as a new task is made,
// and built as the packaged ones are.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundleTask } from "../../scripts/build/bundle.ts";
import { contractFile } from "../../scripts/generate/contract.ts";
import type { TaskJson } from "../../scripts/generate/task-json.ts";
import { newTask } from "../../scripts/new-task.ts";
import { root } from "./packages.ts";

/** Also asks for a token of the cloud's machine learning audience, as calls of endpoints do. */
const STORY = `
import { openWorkspace } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ open, log }) => {
  const workspace = await open(openWorkspace);
  await workspace.azure.token(workspace.azure.cloud.mlScope, workspace.signal);
  log.info(\`Workspace \${workspace.name} of \${workspace.azure.cloud.name} is in \${workspace.location}.\`);
  return { location: workspace.location };
});
`;

let folder: Promise<string> | undefined;

/** Where the probe's package lies: task.json and dist, and nothing above it that it could use. */
export function probeFolder(): Promise<string> {
  folder ??= make();
  return folder;
}

async function make(): Promise<string> {
  const made = mkdtempSync(path.join(tmpdir(), "azure-ml-probe-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  const scaffold = newTask(root, "Probe", "Azure ML: Probe");
  const text = scaffold.find(({ path: file }) => file.endsWith("task.json"))?.content ?? "";
  const json = JSON.parse(text) as TaskJson;
  const sources = path.join(made, "sources");
  mkdirSync(sources, { recursive: true });
  const absolute = (content: string) => content.replaceAll('"../../lib/', `"${root}/lib/`);
  writeFileSync(path.join(sources, "index.ts"), absolute(STORY));
  writeFileSync(path.join(sources, "contract.gen.ts"), absolute(contractFile({ folder: "Probe", json })));
  const task = path.join(made, "Probe");
  const story = path.join(sources, "index.ts");
  await bundleTask({ root, story, outdir: path.join(task, "dist"), hasPostJob: false });
  writeFileSync(path.join(task, "task.json"), text);
  return task;
}
