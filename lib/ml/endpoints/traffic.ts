// The traffic of an endpoint, moved and given back. Its PUT is of the whole endpoint, so each write is made of what is there at
// that moment, changes one rollout's own share, and is looked at afterwards.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts
import { TaskError } from "../../errors.ts";
import { readModifyWrite, retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { listDeployments } from "./deployments.ts";
import type { EndpointLock, Held } from "./endpoint-lock.ts";
import { knownGood, type TagChanges, type Tags, tagChangesOf, tagsWithout, withRolledBack } from "./endpoint-tags.ts";
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
  sameName,
  sameTraffic,
  sayTraffic,
  shareOf,
  trafficWith,
  trafficWithout,
  unmirrored,
  withoutZeros,
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
  /**
   * The wanted routing, made of the one that is there at the moment of writing; in place of `percent` and `retag`.
   * @throws TaskError where it is not to be written any more
   */
  readonly route?: ((now: Routing, endpoint: Endpoint) => Routing) | undefined;
  /** Told right before the write what it changes; may note that in the lock, or refuse it. */
  readonly onWrite: (changes: Changes, held: Held, tags: TagChanges, mirror: MirrorChange | undefined) => Promise<void>;
  /** Told, while the lock is still held, once the share is what it is to be. */
  readonly onMoved: (held: Held) => Promise<void>;
}

/** The parts of an endpoint that one write of its traffic changes. */
export interface Routing {
  readonly traffic: Traffic;
  /** Percent of the requests that are copied, by deployment; one at most (docs/facts/operations.md#A.6). */
  readonly mirror: Traffic;
  readonly tags: Tags;
}

/** The share of the mirror before and after, of the deployment that is moved. */
export type MirrorChange = readonly [before: number, after: number];

const routingOf = ({ properties, tags }: Endpoint): Routing => ({
  traffic: properties.traffic ?? {},
  mirror: properties.mirrorTraffic ?? {},
  tags: tags ?? {},
});

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
  const { endpoint: name, deployment } = move;
  const endpoint = await getEndpoint(workspace, name);
  const now = routingOf(endpoint);
  const before = now.traffic;
  const wanted = (move.route ?? routeBy(move))(now, endpoint);
  // Tags go with a change of the traffic; without one, only what asks for them itself writes them.
  const isSame = sameTraffic(before, wanted.traffic) && sameTraffic(now.mirror, wanted.mirror);
  const tags = tagChangesOf(now.tags, wanted.tags);
  if (isSame && (move.route === undefined || Object.keys(tags).length === 0)) {
    await move.onMoved(held);
    return { before, after: before };
  }
  const mirrors: MirrorChange = [shareOf(now.mirror, deployment), shareOf(wanted.mirror, deployment)];
  const mirror = mirrors[0] === mirrors[1] ? undefined : mirrors;
  const mirrorTraffic = sameTraffic(now.mirror, wanted.mirror) ? undefined : wanted.mirror;
  await Promise.all([move.onWrite(changesOf(before, wanted.traffic), held, tags, mirror), held.requireHeld()]);
  const body = withTraffic(endpoint, wanted.traffic, wanted.tags, mirrorTraffic);
  const answer = routingOf(
    await putEndpoint(workspace, name, endpointWrite(name, body), { deadline: move.left(), again: false }),
  );
  const isWritten = (["traffic", "mirror"] as const).every(
    (part) => shareOf(answer[part], deployment) === shareOf(wanted[part], deployment),
  );
  if (!isWritten) {
    throw new TaskError(
      "conflict",
      `The traffic of ${name} was to be ${sayTraffic(wanted.traffic)}${mirror ? `, with ${mirrors[1]} % of its requests copied to ${deployment}` : ""}, and somebody else has changed it at the same time.`,
      { errorCode: "AML1603", hint: "Run the step again: it starts from the current state." },
    );
  }
  await move.onMoved(held);
  return { before, after: answer.traffic };
}

const routeBy =
  ({ deployment, percent, retag }: Move) =>
  ({ traffic, mirror, tags }: Routing): Routing => {
    const wanted = trafficWith(traffic, deployment, percent);
    return {
      traffic: wanted,
      mirror: unmirrored(mirror, wanted, deployment),
      tags: retag?.(tags, traffic, wanted) ?? tags,
    };
  };

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
    readonly mirror?: MirrorChange | undefined;
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
    const routing = routingOf(endpoint);
    const now = routing.traffic;
    const isBack = shareOf(now, deployment) === (changes[deployment]?.[0] ?? 0);
    const mirrored = shareOf(routing.mirror, deployment);
    // A mirror that is not as it was written is somebody else's by now.
    const unmirror = move.mirror !== undefined && mirrored === move.mirror[1] && mirrored !== move.mirror[0];
    if (isBack && !unmirror) return { changed: false };
    if (!move.isMine(held)) {
      return { changed: false, left: `Another run has taken over ${deployment}, so its traffic was left as it is.` };
    }
    const there = deployments.flatMap((one) => one.name ?? []);
    const back = isBack ? now : trafficWithout(now, deployment, changes, there);
    if (back === undefined) {
      return {
        changed: false,
        left: "Somebody else has changed the traffic or removed deployments since, so it was left as it is.",
      };
    }
    await held.requireHeld();
    const tagsBack = tagsWithout(routing.tags, move.tags ?? {});
    const tags = isBack ? tagsBack : markedBack(tagsBack, back, deployment, new Date());
    const body = withTraffic(endpoint, back, tags, unmirror ? { [deployment]: move.mirror?.[0] ?? 0 } : undefined);
    const answer = await putEndpoint(workspace, name, endpointWrite(name, body), { deadline: left(), again: false });
    if (shareOf(answer.properties.traffic, deployment) === shareOf(back, deployment)) return { changed: true };
    return { changed: true, left: "Somebody else has changed the traffic at the same time." };
  }
}

/**
 * The tags once a deployment's share was given back. Where one other has all of the traffic again, it is marked as the end of a rollback:
 * AzureMLRollback then changes nothing, and does not go one further back.
 */
function markedBack(tags: Tags, traffic: Traffic, from: string, at: Date): Tags {
  const [to, ...more] = Object.keys(withoutZeros(traffic));
  if (to === undefined || more.length > 0 || sameName(to, from) || knownGood({ tags }).length === 0) return tags;
  return withRolledBack(tags, { to, from: [from], at: at.toISOString() });
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
