// The story after a rollout that was stopped half way: the traffic is as before, and nothing costs money for nobody.
import { TaskError } from "../errors.ts";
import { poll } from "../poll.ts";
import { deleteDeployment } from "./deployments.ts";
import { type Endpoint, findEndpoint, type Traffic } from "./endpoints.ts";
import { restoreTraffic } from "./traffic.ts";
import type { Workspace } from "./workspace.ts";

/** What a rollout has begun and not ended. Plain JSON: it travels from a step to its post-job stage. */
export interface Leftover {
  readonly endpoint: string;
  readonly deployment: string;
  /** The traffic as it was, and as it is to be again. */
  readonly traffic: Traffic;
  /** Whether the deployment goes, or is kept without traffic. */
  readonly remove: boolean;
}

/** Milliseconds that an operation which is still under way is waited for; the agent gives a cancelled job five minutes. */
const PATIENCE = 180_000;

/**
 * Takes back what a stopped rollout left. Sequential round trips: the endpoint until nothing of it is under way, its
 * traffic where that has moved, the deployment until it can be deleted.
 */
export async function takeBack(workspace: Workspace, leftover: Leftover): Promise<void> {
  const { log } = workspace;
  const { endpoint: name, deployment, traffic, remove } = leftover;
  if (!(await settled(workspace, name))) return;
  await restoreTraffic(workspace, name, traffic, PATIENCE, settled);
  if (remove) {
    await deleteDeployment(workspace, name, deployment);
    log.info(`Deleted the deployment ${deployment}, which this step left when it was stopped.`);
  } else {
    log.info(`Kept the deployment ${deployment}, which this step left when it was stopped, without traffic.`);
  }
}

/** The endpoint once nothing of it is under way; until then it still shows its old traffic (facts/04 12.4). */
function settled(workspace: Workspace, name: string): Promise<Endpoint | undefined> {
  return poll(
    async () => {
      const endpoint = await findEndpoint(workspace, name);
      const state = endpoint?.properties.provisioningState ?? "Succeeded";
      if (/^deleting$/i.test(state)) throw new TaskError("conflict", `The endpoint ${name} is being deleted.`);
      if (/^(creating|updating)$/i.test(state)) return { done: false };
      return { done: true, value: endpoint };
    },
    { what: `the endpoint ${name} to be ready`, signal: workspace.signal, deadline: PATIENCE, maximum: 10_000 },
  );
}
