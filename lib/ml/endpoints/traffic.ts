// The traffic of an endpoint, moved and given back. Its PUT is of the whole endpoint, so each write is made of what is there at
// that moment, changes one rollout's own share, and is looked at afterwards.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import { TaskError } from "../../errors.ts";
import { readModifyWrite, retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { listDeployments } from "./deployments.ts";
import type { EndpointLock, Held } from "./endpoint-lock.ts";
import { type TagChanges, type Tags, tagChangesOf, tagsWithout } from "./endpoint-tags.ts";
import {
  type Endpoint,
  endpointWrite,
  findEndpoint,
  getEndpoint,
  putEndpoint,
  type Traffic,
  withTraffic,
} from "./endpoints.ts";
import {
  type Changes,
  changesOf,
  sameTraffic,
  sayTraffic,
  shareOf,
  trafficWith,
  trafficWithout,
} from "./traffic-shares.ts";

export interface Move {
  /** The endpoint's name. */
  readonly endpoint: string;
  readonly deployment: string;
  readonly percent: number;
  readonly lock: EndpointLock;
  /** Milliseconds that are left; absent: no deadline. */
  readonly left: () => number | undefined;
  /** The endpoint's tags with this traffic; written in the same PUT. Absent: as they are. */
  readonly retag?: ((tags: Tags, before: Traffic, wanted: Traffic) => Tags) | undefined;
  /** Told right before the write what it changes; may note that in the lock, or refuse it. */
  readonly onWrite: (changes: Changes, held: Held, tags: TagChanges) => Promise<void>;
  /** Told, while the lock is still held, once the share is what it is to be. */
  readonly onMoved: (held: Held) => Promise<void>;
}

export interface Moved {
  readonly before: Traffic;
  readonly after: Traffic;
}

/** Moves the traffic, as soon as nothing else is under way on the endpoint, and looks whether it has moved. */
export function moveTraffic(workspace: Workspace, move: Move): Promise<Moved> {
  return retryOnConflict(workspace, `the endpoint ${move.endpoint}`, move.left(), () =>
    move.lock.hold(move.left(), (held) => readModifyWrite(workspace, () => moveOnce(workspace, move, held))),
  );
}

async function moveOnce(workspace: Workspace, move: Move, held: Held): Promise<Moved> {
  const { endpoint: name, deployment, percent } = move;
  const endpoint = await getEndpoint(workspace, name);
  const before = endpoint.properties.traffic ?? {};
  const wanted = trafficWith(before, deployment, percent);
  if (sameTraffic(before, wanted)) {
    await move.onMoved(held);
    return { before, after: before };
  }
  const was = endpoint.tags ?? {};
  const tags = move.retag?.(was, before, wanted) ?? was;
  await Promise.all([move.onWrite(changesOf(before, wanted), held, tagChangesOf(was, tags)), held.requireHeld()]);
  const answer = await putEndpoint(workspace, name, endpointWrite(name, withTraffic(endpoint, wanted, tags)), {
    deadline: move.left(),
    again: false,
  });
  const after = answer.properties.traffic ?? {};
  if (shareOf(after, deployment) !== shareOf(wanted, deployment)) {
    throw new TaskError(
      "conflict",
      `The traffic of ${name} was to be ${sayTraffic(wanted)}, and somebody else has changed it at the same time.`,
      { errorCode: "AML1603", hint: "Run the step again: it starts from the current state." },
    );
  }
  await move.onMoved(held);
  return { before, after };
}

/** The outcome of giving a share back. */
export interface GivenBack {
  /** Whether something was written. */
  readonly changed: boolean;
  /** Why it was left as it is, as a sentence; absent where there was nothing to give back or all of it is. */
  readonly left?: string;
}

/**
 * Rolls back one write of the traffic, as far as it still stands. An operation that is under way is waited for first:
 * until it has ended, the endpoint shows its old traffic (docs/facts/azureml-wire.md#12.4).
 * @param patience milliseconds to wait for what is under way
 * @param isMine told the lock: whether the share is still this rollout's, and nobody has taken it over
 */
export function giveBack(
  workspace: Workspace,
  move: {
    readonly endpoint: string;
    readonly deployment: string;
    readonly changes: Changes;
    /** Tags that the same write changed; they go back with the share. */
    readonly tags?: TagChanges | undefined;
    readonly lock: EndpointLock;
    readonly isMine: (held: Held) => boolean;
  },
  patience: number,
): Promise<GivenBack> {
  const { endpoint: name, deployment, changes } = move;
  const started = Date.now();
  const left = () => Math.max(1, patience - (Date.now() - started));
  return retryOnConflict(workspace, `the endpoint ${name}`, patience, () =>
    move.lock.hold(left(), (held) => readModifyWrite(workspace, () => giveBackOnce(held))),
  );

  async function giveBackOnce(held: Held): Promise<GivenBack> {
    const [endpoint, deployments] = await Promise.all([
      findEndpoint(workspace, name),
      listDeployments(workspace, name),
    ]);
    if (endpoint === undefined) return { changed: false };
    requireSettled(name, endpoint);
    const now = endpoint.properties.traffic ?? {};
    if (shareOf(now, deployment) === (changes[deployment]?.[0] ?? 0)) return { changed: false };
    if (!move.isMine(held)) {
      return { changed: false, left: `Another run has taken over ${deployment}, so its traffic was left as it is.` };
    }
    const there = deployments.flatMap((one) => one.name ?? []);
    const back = trafficWithout(now, deployment, changes, there);
    if (back === undefined) {
      return {
        changed: false,
        left: "Somebody else has changed the traffic or removed deployments since, so it was left as it is.",
      };
    }
    await held.requireHeld();
    const answer = await putEndpoint(
      workspace,
      name,
      endpointWrite(name, withTraffic(endpoint, back, tagsWithout(endpoint.tags ?? {}, move.tags ?? {}))),
      {
        deadline: left(),
        again: false,
      },
    );
    if (shareOf(answer.properties.traffic, deployment) === shareOf(back, deployment)) return { changed: true };
    return { changed: true, left: "Somebody else has changed the traffic at the same time." };
  }
}

/** Told as the refusal of a write is, so that it is waited for in the same way. */
function requireSettled(name: string, endpoint: Endpoint): void {
  const state = endpoint.properties.provisioningState ?? "Succeeded";
  if (/^deleting$/i.test(state))
    throw new TaskError("conflict", `The endpoint ${name} is being deleted.`, { errorCode: "AML1603" });
  if (/^(creating|updating)$/i.test(state)) {
    throw new TaskError("conflict", `The endpoint ${name} is ${state}.`, { errorCode: "AML1603", status: 409 });
  }
}
