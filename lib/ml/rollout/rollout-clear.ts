// Clean-up after a rollout: deletes deployments that no longer get traffic. The rollout has succeeded by then, so that nothing which fails
// here fails it.
// Tests: test/lib/ml/rollout/rollout-intruders.test.ts

import { deleteAutoscale } from "../endpoints/autoscale.ts";
import { deleteDeployment, findDeployment } from "../endpoints/deployments.ts";
import type { EndpointLock, Held } from "../endpoints/endpoint-lock.ts";
import { findEndpoint } from "../endpoints/endpoints.ts";
import { shareOf } from "../endpoints/traffic-shares.ts";
import { retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";

/**
 * Deletes those of `names` that a fresh look shows without traffic and that no other rollout is at.
 * @param left milliseconds that are left; undefined: no deadline
 */
export async function deleteOld(
  workspace: Workspace,
  endpoint: string,
  names: readonly string[],
  lock: EndpointLock,
  left: () => number | undefined,
): Promise<void> {
  const { log, signal } = workspace;
  for (const name of names) {
    try {
      const end = await retryOnConflict(workspace, `the deployment ${name}`, left(), () =>
        lock.hold(left(), (held) => deleteOne(workspace, endpoint, name, held)),
      );
      await end?.ended(left());
      if (end) await deleteAutoscale(workspace, endpoint, end.gone);
      if (end) log.info(`Deleted the deployment ${name}, which no longer gets traffic.`);
    } catch (error) {
      if (signal.aborted) throw error;
      const why = error instanceof Error ? error.message : String(error);
      log.warn(`The rollout has succeeded, and the old deployment ${name} could not be deleted: ${why}`);
    }
  }
}

async function deleteOne(workspace: Workspace, endpoint: string, name: string, held: Held) {
  const { log } = workspace;
  const [at, deployment] = await Promise.all([
    findEndpoint(workspace, endpoint),
    findDeployment(workspace, endpoint, name),
  ]);
  if (!at || !deployment) return undefined;
  const { traffic, mirrorTraffic } = at.properties;
  const isUsed = shareOf(traffic, name) > 0 || shareOf(mirrorTraffic, name) > 0;
  // Azure refuses to delete a deployment while autoscale changes it; the caller waits for the end of that.
  const isBusy = /^(creating|updating)$/i.test(deployment.properties.provisioningState ?? "");
  if (isUsed || isBusy || held.rollouts?.[name.toLowerCase()] !== undefined) {
    log.info(`The deployment ${name} stays: ${isUsed ? "it gets traffic" : "another rollout uses it"}.`);
    return undefined;
  }
  await held.requireHeld();
  return { gone: deployment, ended: await deleteDeployment(workspace, endpoint, name) };
}
