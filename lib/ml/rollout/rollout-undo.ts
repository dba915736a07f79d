// Rollback of a rollout: its own share of the traffic and the deployment that it made, where both are still its own. What others have
// changed since stays. At the end the state is read again and told.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import { TaskError } from "../../errors.ts";
import { deleteAutoscale } from "../endpoints/autoscale.ts";
import { type Deployment, deleteDeployment, findDeployment, listDeployments } from "../endpoints/deployments.ts";
import type { EndpointLock, Held } from "../endpoints/endpoint-lock.ts";
import { findEndpoint, type Traffic } from "../endpoints/endpoints.ts";
import { giveBack } from "../endpoints/traffic.ts";
import { sayTraffic, shareOf } from "../endpoints/traffic-shares.ts";
import { agreed } from "../workspace/contradiction.ts";
import { retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { forgetPrevious, putPreviousBack } from "./in-place.ts";
import type { WrittenChanges } from "./rollout-own.ts";

/** The unfinished work of a rollout. Plain JSON: the step passes it to its post-job stage. */
export interface Leftover extends WrittenChanges {
  readonly endpoint: string;
  readonly deployment: string;
  /** The rollout's mark: a tag of its deployment, and its entry in the endpoint's lock. */
  readonly by: string;
  /** Whether the entry was written; only then does its absence say something. */
  readonly noted: boolean;
  /** Whether the deployment is the rollout's own; one that was there before is never deleted. */
  readonly created: boolean;
  /** Whether the deployment is to go, or is to be kept without traffic. */
  readonly remove: boolean;
  /** The file with the previous specification of a deployment that was changed in place. */
  readonly previous?: string;
}

/** Milliseconds to wait for what is under way. */
export interface Patience {
  readonly traffic: number;
  readonly deployment: number;
  /** For the previous specification of a deployment that was changed in place, which comes up as any deployment does. */
  readonly previous?: number;
}

export interface Undone {
  /** The result of the rollback and the state now, for people; the caller reports that it was deleted. */
  readonly sentences: readonly string[];
  /** The traffic as read at the end; undefined where it could not be read. */
  readonly traffic: Traffic | undefined;
  readonly deleted: boolean;
  /** Whether nothing is left to do, for anybody. */
  readonly settled: boolean;
}

/** The tag by which a rollout knows its own deployment again. Who may write to the workspace may forge it. */
export const ROLLOUT_TAG = "azureDevOps.rollout";

/** Rolls back what is still the rollout's own. Reads everything anew; throws only where the pipeline is cancelled. */
export async function undo(
  workspace: Workspace,
  leftover: Leftover,
  lock: EndpointLock,
  patience: Patience,
): Promise<Undone> {
  const { endpoint, deployment, changes, tags, mirror, previous: file } = leftover;
  const sentences: string[] = [];
  let settled = true;
  const tryTo = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (workspace.signal.aborted) throw error;
      settled = false;
      sentences.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  let isBack = false;
  // A mirror changes no share of the traffic, and is taken back all the same.
  if (changes || mirror) {
    const given = await tryTo(
      `The traffic of ${endpoint} may still change, and could not be given back (${sayChanges(leftover)})`,
      () =>
        giveBack(
          workspace,
          {
            endpoint,
            deployment,
            changes: changes ?? {},
            tags,
            mirror,
            lock,
            isMine: (held) => isMine(leftover, held),
          },
          patience.traffic,
        ),
    );
    if (given?.left) sentences.push(given.left);
    isBack = given?.changed === true;
  }
  if (file !== undefined) {
    const back = await tryTo(
      `The previous specification of ${deployment} was not put back, so that it is as this step left it; deploy the previous YAML again`,
      () =>
        putPreviousBack(
          workspace,
          { endpoint, deployment, file, lock },
          (has) => has[ROLLOUT_TAG] === leftover.by,
          patience.previous ?? patience.deployment,
        ),
    );
    if (back) sentences.push(back.sentence);
    if (back?.settled) forgetPrevious(file);
  }
  const fate = await tryTo(`The deployment ${deployment} could not be deleted or checked`, () =>
    leftover.created && leftover.remove
      ? remove(workspace, leftover, lock, patience.deployment)
      : stay(workspace, leftover),
  );
  if (fate?.sentence) sentences.push(fate.sentence);
  if (fate?.settled === false) settled = false;
  // What is finished is no longer this rollout's; while it is not, an attempt that follows shall know it again.
  if (settled && leftover.noted)
    await tryTo("The entry in the lock could not be removed", () => forget(leftover, lock));
  const now = await tryTo(`The traffic of ${endpoint} could not be read`, () => findEndpoint(workspace, endpoint));
  const traffic = now?.properties.traffic ?? (now ? {} : undefined);
  if (traffic) sentences.push(`The traffic of ${endpoint} is ${sayTraffic(traffic)}${isBack ? " again" : ""}.`);
  return { sentences, traffic, deleted: fate?.deleted === true, settled };
}

/** Whether the deployment, and with it its share, is this rollout's still, as far as the lock knows. */
function isMine({ by, noted, deployment }: Leftover, { rollouts }: Held): boolean {
  return !noted || rollouts === undefined || rollouts[deployment.toLowerCase()]?.by === by;
}

const sayChanges = ({ deployment, changes = {}, mirror }: Leftover): string =>
  [
    ...Object.entries(changes).map(([name, [before, after]]) => `${name} from ${before} to ${after} %`),
    ...(mirror ? [`copies to ${deployment} from ${mirror[0]} to ${mirror[1]} %`] : []),
  ].join(", ");

interface Fate {
  /** Absent where it was deleted. */
  readonly sentence?: string;
  readonly deleted?: boolean;
  readonly settled?: boolean;
}

/**
 * A deployment that this rollout wrote counts as gone only if the list of deployments lacks it, too: believing one answer would leave
 * it there for ever, and say that it is not.
 */
function look(workspace: Workspace, endpoint: string, name: string) {
  return agreed(
    `the deployment ${name} of ${endpoint}`,
    workspace.signal,
    async () => {
      const [at, deployment] = await Promise.all([
        findEndpoint(workspace, endpoint),
        findDeployment(workspace, endpoint, name),
      ]);
      return { at, deployment };
    },
    async ({ at, deployment }) => {
      if (at && deployment) return undefined;
      const listed = (await listDeployments(workspace, endpoint)).map((one) => one.name?.toLowerCase());
      if (!listed.includes(name.toLowerCase()) && !deployment) return undefined;
      return `the ${at ? "deployment" : "endpoint"} is not there, and the deployment is`;
    },
  );
}

/** Deletes the deployment, if a fresh look shows that it is this rollout's own and gets no traffic. */
async function remove(workspace: Workspace, leftover: Leftover, lock: EndpointLock, patience: number): Promise<Fate> {
  const { endpoint, deployment: name } = leftover;
  const started = Date.now();
  const left = () => Math.max(1, patience - (Date.now() - started));
  try {
    const answer = await retryOnConflict(workspace, `the deployment ${name}`, patience, () =>
      lock.hold(
        left(),
        async (
          held,
        ): Promise<Fate | { readonly gone: Deployment; readonly end: (deadline?: number) => Promise<void> }> => {
          const { at, deployment } = await look(workspace, endpoint, name);
          if (!at || !deployment) return { sentence: `The deployment ${name} is not there.` };
          if (!isMine(leftover, held) || deployment.tags?.[ROLLOUT_TAG] !== leftover.by)
            return { sentence: `Another run has taken over the deployment ${name}, so it stays.` };
          const share = shareOf(at.properties.traffic, name) || shareOf(at.properties.mirrorTraffic, name);
          if (share > 0) return { sentence: `The deployment ${name} gets ${share} % of the traffic, so it stays.` };
          await held.requireHeld();
          return { gone: deployment, end: await deleteDeployment(workspace, endpoint, name) };
        },
      ),
    );
    if (!("end" in answer)) return answer;
    await answer.end(Math.max(left(), 10_000));
    await deleteAutoscale(workspace, endpoint, answer.gone);
    return { deleted: true };
  } catch (error) {
    if (!(error instanceof TaskError) || error.kind !== "timeout") throw error;
    return { sentence: await sayLeft(workspace, endpoint, name), settled: false };
  }
}

/** The sentence about what stays, and what to do about it. */
async function sayLeft(workspace: Workspace, endpoint: string, name: string): Promise<string> {
  const { deployment: there } = await look(workspace, endpoint, name);
  const state = there?.properties.provisioningState;
  if (!there) return `The deployment ${name} was deleted.`;
  if (/^deleting$/i.test(state ?? "")) return `The deployment ${name} is being deleted.`;
  const { resourceGroup, name: home } = workspace;
  const why = /^(succeeded|failed|canceled|cancelled)$/i.test(state ?? "")
    ? "could not be deleted, because another run or somebody else was changing the endpoint for as long as this step could wait"
    : "Azure does not delete it before that has ended";
  return (
    `The deployment ${name} of ${endpoint} is ${state}, and ${why}: it stays, costs money, and has no traffic. ` +
    `Remove it with: az ml online-deployment delete --name ${name} --endpoint-name ${endpoint} --resource-group ${resourceGroup} --workspace-name ${home} --yes`
  );
}

async function stay(workspace: Workspace, { endpoint, deployment: name, created }: Leftover): Promise<Fate> {
  const { deployment: there } = await look(workspace, endpoint, name);
  if (!there) return { sentence: `The deployment ${name} is not there.` };
  const state = there.properties.provisioningState;
  const sentence = created
    ? `The deployment ${name} was kept, and is ${state}.`
    : `The deployment ${name} was there before this step, so it stays; it is ${state}.`;
  return { sentence };
}

function forget({ by, deployment }: Leftover, lock: EndpointLock): Promise<void> {
  return lock.hold(10_000, async (held) => {
    if (held.rollouts?.[deployment.toLowerCase()]?.by === by) await held.note(deployment, undefined);
  });
}
