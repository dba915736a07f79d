// The post-job stage of a rollout that was stopped: it rolls back its own part, and names what Azure does not remove in time.
// Tests: test/lib/ml/endpoints/endpoint-lock.test.ts, test/lib/ml/rollout/rollout-intruders.test.ts

import { EndpointLock } from "../endpoints/endpoint-lock.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Leftover, undo } from "./rollout-undo.ts";

/**
 * Milliseconds. The agent gives a cancelled job five minutes by default (docs/facts/agent.md#4), and a deployment may take longer to come
 * up than any wait of ours: then it is named and left.
 */
const PATIENCE = { traffic: 120_000, deployment: 60_000 };

/**
 * Rolls back a rollout that was stopped half-way. Sequential round trips: the endpoint until nothing of it is under way, its
 * traffic where this rollout changed that, the deployment until its deletion is accepted, and a look at what there is then.
 * @param mark what the rollout left, as `onLeft` told it
 * @returns tags for the pipeline run: one where somebody has to look after something by hand
 */
export async function rollBack(workspace: Workspace, mark: string): Promise<string[]> {
  const { log } = workspace;
  const leftover = JSON.parse(mark) as Leftover;
  const { endpoint, deployment } = leftover;
  const lock = new EndpointLock(workspace, endpoint);
  const { sentences, deleted, settled } = await undo(workspace, leftover, lock, PATIENCE);
  if (deleted) log.info(`Deleted the deployment ${deployment}, which this step left when it was stopped.`);
  for (const sentence of sentences) log.info(sentence);
  if (settled) return [];
  log.warn(`This step was stopped, and not all of its changes could be rolled back. ${sentences.join(" ")}`);
  return [`azureml-left-${endpoint}-${deployment}`];
}
