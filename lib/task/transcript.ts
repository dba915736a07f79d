// Keeps a transcript of what a task asked of Azure, where the pipeline wishes for one: a line of JSON for each exchange, in a folder of
// the pipeline's choice. For support, and for comparing one cloud with another (docs/first-run.md).
import { appendFileSync, mkdirSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Agent } from "../agent/index.ts";
import { type Cloud, type Transport, transcribing } from "../azure/index.ts";

/** The pipeline variable that names the folder. */
export const TRANSCRIPT_VARIABLE = "AzureML.Transcript";

/** The transport as it is, or one that writes a line for each exchange. A folder that cannot be written is told once, and fails nothing. */
export function transcribed(agent: Agent, task: string, cloud: Cloud, transport: Transport): Transport {
  const folder = agent.variable(TRANSCRIPT_VARIABLE);
  if (folder === undefined) return transport;
  if (!isOfTheJob(agent, folder)) {
    agent.log.warn(
      `The transcript is not written: ${TRANSCRIPT_VARIABLE} names ${folder}, which is not in one of the agent's folders of this job. Name one below $(Build.ArtifactStagingDirectory).`,
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
      appendFileSync(file, `${JSON.stringify({ task, step: step || task, order, time: Date.now(), ...exchange })}\n`);
    } catch (error) {
      isLost = true;
      const { code } = error as { code?: string };
      agent.log.warn(
        `The transcript cannot be written to ${folder} (${code ?? "unknown"}); the task goes on without it.`,
      );
    }
  });
}

/** Whoever may set variables of a pipeline writes nowhere else on the agent's machine by it. */
function isOfTheJob(agent: Agent, folder: string): boolean {
  const roots = ["Pipeline.Workspace", "Agent.BuildDirectory", "Agent.ReleaseDirectory", "Agent.TempDirectory"];
  return roots.some((name) => {
    const root = agent.variable(name);
    const inside = root === undefined ? ".." : relative(resolve(root), resolve(folder));
    return isAbsolute(folder) && inside !== "" && !inside.startsWith("..") && !isAbsolute(inside);
  });
}

const nameOf = (text: string) => (text === "" ? "" : `${text.replace(/[^A-Za-z0-9_-]+/g, "-")}.`);
