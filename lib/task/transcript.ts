// Writes a transcript of a task's exchanges with Azure where a pipeline variable asks for one: one JSON line for each exchange, in the
// folder that the variable names. For support, and for comparing one cloud with another (docs/first-run.md).
// Tests: test/bundle/transcript.test.ts
import { closeSync, constants, lstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Agent } from "../agent/index.ts";
import { type Cloud, type Transport, transcribing } from "../azure/index.ts";

/** The pipeline variable that names the folder. */
const TRANSCRIPT_VARIABLE = "AzureML.Transcript";

/** The transport as it is, or one that writes a line for each exchange. A folder that cannot be written is told once, and fails nothing. */
export function transcribed(agent: Agent, task: string, cloud: Cloud, transport: Transport): Transport {
  const folder = agent.variable(TRANSCRIPT_VARIABLE);
  if (folder === undefined) return transport;
  const why = whyNot(agent, folder);
  if (why !== undefined) {
    agent.log.warn(
      `The transcript is not written: ${TRANSCRIPT_VARIABLE} names ${folder}, ${why}. Name one below $(Build.ArtifactStagingDirectory).`,
    );
    return transport;
  }
  const { step = task, job = "" } = agent.provenance;
  const file = join(folder, `${nameOf(job)}${nameOf(step || task)}jsonl`);
  let isLost = false;
  let order = 0;
  return transcribing(transport, cloud, (exchange) => {
    if (isLost) return;
    order += 1;
    try {
      if (order === 1) mkdirSync(folder, { recursive: true });
      append(file, `${JSON.stringify({ task, step: step || task, order, time: Date.now(), ...exchange })}\n`);
    } catch (error) {
      isLost = true;
      const { code } = error as { code?: string };
      agent.log.warn(
        `The transcript cannot be written to ${folder} (${code ?? "unknown"}); the task continues without it.`,
      );
    }
  });
}

/**
 * The reason why the folder is refused, as the end of a sentence. A pipeline variable or a link in the repository must not make
 * the task write elsewhere on the agent's machine.
 */
function whyNot(agent: Agent, folder: string): string | undefined {
  const roots = ["Pipeline.Workspace", "Agent.BuildDirectory", "Agent.ReleaseDirectory", "Agent.TempDirectory"].flatMap(
    (name) => agent.variable(name) ?? [],
  );
  const isIn = (root: string, place: string) => {
    const inside = relative(resolve(root), place);
    return inside !== "" && !inside.startsWith("..") && !isAbsolute(inside);
  };
  const own = isAbsolute(folder) ? roots.find((root) => isIn(root, resolve(folder))) : undefined;
  if (own === undefined) return "which is not in one of the agent's folders of this job";
  // The agent's own folder may lie behind a link; what lies below it may not.
  for (let place = resolve(folder); isIn(own, place); place = dirname(place))
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) return `where ${place} is a link`;
  return undefined;
}

/** Adds to a file that is no link. */
function append(file: string, line: string): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) throw Object.assign(new Error(), { code: "ELOOP" });
  const opened = openSync(file, flags, 0o644);
  try {
    writeSync(opened, line);
  } finally {
    closeSync(opened);
  }
}

const nameOf = (text: string) => (text === "" ? "" : `${text.replace(/[^A-Za-z0-9_-]+/g, "-")}.`);
