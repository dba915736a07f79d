// Writes of a rollout with steps: the share of the new deployment and the state of the rollout, made of what is on the endpoint at that
// moment; and what an earlier step has written, for its rollback. Pure.
// Tests: test/lib/ml/rollout/canary.test.ts, test/lib/ml/rollout/canary-stages.test.ts
import { TaskError } from "../../errors.ts";
import type { Provenance } from "../../provenance.ts";
import { IN_PROGRESS, withKnownGood } from "../endpoints/endpoint-tags.ts";
import type { Endpoint } from "../endpoints/endpoints.ts";
import type { Routing } from "../endpoints/traffic.ts";
import { changesOf, sameName, sayTraffic, shareOf, unmirrored, withoutZeros } from "../endpoints/traffic-shares.ts";
import type { WrittenChanges } from "./rollout-own.ts";
import type { RolloutPlan } from "./rollout-plan.ts";
import {
  nextTraffic,
  type Progress,
  runMark,
  standingProgress,
  stands,
  withGoodEnd,
  withProgress,
} from "./rollout-progress.ts";

/**
 * The write that brings a rollout from one share to the next.
 * @param from the state before it; undefined: the rollout begins
 * @param isLast the rollout ends with it, and its state goes
 * @param replaces another deployment's canary, at which no run was when the rollout was planned
 */
export function routeTo(next: Progress, from: Progress | undefined, isLast: boolean, replaces?: Progress) {
  return (now: Routing, endpoint: Endpoint): Routing => {
    const { deployment: name, share } = next;
    const own = shareOf(next.kind === "shadow" ? now.mirror : now.traffic, name);
    const standing = standingProgress(endpoint);
    // The answer to this very write was lost, and it was done.
    if (isLast ? standing === undefined && own === share : isSame(standing, next)) return now;
    if (from === undefined) requireNone(endpoint, standing, replaces);
    else requireStanding(endpoint, from);
    const was = from === undefined ? withoutZeros(now.traffic) : from.was;
    const traffic = next.kind === "shadow" ? now.traffic : nextTraffic(now.traffic, was, name, own, share);
    const mirror = next.kind === "shadow" ? { [name]: share } : unmirrored(now.mirror, traffic, name);
    const isGood = isLast && shareOf(traffic, name) === 100;
    const tags = isLast ? withGoodEnd(now.tags, next) : withProgress(now.tags, { ...next, was });
    return { traffic, mirror, tags: isGood ? withKnownGood(tags, name, was ?? now.traffic) : tags };
  };
}

/** The write that notes how long the operation of a share took: its bake begins after that, also for later steps. */
export function routeNoting(progress: Progress) {
  return (now: Routing, endpoint: Endpoint): Routing => {
    const standing = standingProgress(endpoint);
    if (standing === undefined || !isSame(standing, progress) || standing.took !== undefined) return now;
    return { ...now, tags: withProgress(now.tags, { ...standing, took: progress.took }) };
  };
}

const isSame = (one: Progress | undefined, other: Progress): boolean =>
  one !== undefined &&
  one.kind === other.kind &&
  sameName(one.deployment, other.deployment) &&
  one.share === other.share &&
  one.since === other.since;

/**
 * With one change a call, stages of one run are one rollout: once that has ended, a later stage or a rerun must not begin it again, with
 * another share than its stage says, or with a version that somebody has just rolled back. Another rollout of the same run is not held up: a
 * canary after its shadow, or another deployment.
 * @returns whether a shadow of this run has ended well, so that nothing is left to do
 * @throws TaskError where the rollout of this run was taken back, or has ended well and does not stand any more
 */
export function hasEnded(plan: RolloutPlan, kind: Progress["kind"], provenance: Provenance): boolean {
  const { progress, replaces, lastRun, runs, trafficBefore, moves, deployment } = plan;
  const own = runMark(provenance);
  const isLast = lastRun?.of === own;
  if (progress !== undefined || own === "" || !(isLast || runs.includes(own))) return false;
  // A canary of the same run that has all of the traffic is replaced by this other one.
  if (replaces?.of === own) return false;
  const ended = isLast ? lastRun.ended : undefined;
  if (ended && !(ended.kind === kind && sameName(ended.deployment, deployment.name))) return false;
  if (ended?.kind === "shadow") return true;
  if ((ended || !isLast) && moves.length === 0) return false;
  const what = ended
    ? "The rollout that this run began has ended, and was rolled back or replaced since:"
    : "The rollout that this run began has been taken back or replaced since:";
  throw new TaskError(
    "conflict",
    `${what} the traffic is ${sayTraffic(trafficBefore)}. A later stage, or a rerun, does not begin it again, so nothing was changed.`,
    { errorCode: "AML1611", hint: "To release this version again, start a new run of the pipeline." },
  );
}

/** @throws TaskError where the share is not as the rollout wrote it: a rollback, another run or somebody by hand has changed it */
export function requireStanding(endpoint: Endpoint, progress: Progress): void {
  if (isSame(standingProgress(endpoint), progress)) return;
  const { traffic } = endpoint.properties;
  throw new TaskError(
    "conflict",
    `The ${progress.kind} rollout of ${progress.deployment}, with ${progress.share} % since ${progress.since}, does not stand as it was written any more: another run or somebody else has changed the endpoint meanwhile. Its traffic is ${sayTraffic(traffic ?? {})}.`,
    { errorCode: "AML1603", hint: "Run the step again: it starts from the current state." },
  );
}

function requireNone({ properties }: Endpoint, standing: Progress | undefined, replaces: Progress | undefined): void {
  if (standing === undefined || isSame(replaces, standing)) return;
  throw new TaskError(
    "conflict",
    `A ${standing.kind} rollout of ${standing.deployment} has begun at the same time; the traffic is ${sayTraffic(properties.traffic ?? {})}, and nothing was moved.`,
    { errorCode: "AML1603", hint: "Run the step again: it starts from the current state." },
  );
}

/**
 * All that a rollout has written since it began, as far as it stands: shares go back to those before it, or in proportion. Where it has all of
 * the traffic and nobody knows what was before, the traffic stays.
 */
export function writtenSince({ tags, properties }: Endpoint, progress: Progress): WrittenChanges {
  const { deployment: name, share, was } = progress;
  const now = withoutZeros(properties.traffic ?? {});
  // Its origin stays, so that a rerun of the step that took it back does not begin it again.
  const value = tags?.[IN_PROGRESS];
  const state = value === undefined ? {} : { [IN_PROGRESS]: [null, value] as const };
  if (progress.kind === "shadow") return { tags: state, mirror: [0, share] };
  if (was === undefined && share === 100) return { tags: state };
  return {
    tags: state,
    changes: was && stands(now, was, name, share) ? changesOf(was, now) : { [name]: [shareOf(was, name), share] },
  };
}
