// Rollback of an endpoint: gives all of the traffic to the last known good deployment, or to a named one. It deploys nothing, deletes
// nothing, and looks no model up.
// Tests: test/lib/ml/rollout/endpoint-rollback.test.ts
import { TaskError } from "../../errors.ts";
import { answers, type Deployment, listDeployments } from "../endpoints/deployments.ts";
import { EndpointLock, type Rollouts } from "../endpoints/endpoint-lock.ts";
import { type Tags, withRolledBack } from "../endpoints/endpoint-tags.ts";
import { type Endpoint, findEndpoint, noSuchEndpoint, type Traffic } from "../endpoints/endpoints.ts";
import type { Call } from "../endpoints/invoke.ts";
import { moveTraffic } from "../endpoints/traffic.ts";
import {
  type Changes,
  changesOf,
  sameName,
  sameTraffic,
  sayTraffic,
  shareOf,
  withoutZeros,
} from "../endpoints/traffic-shares.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import { WORK_ITEMS } from "../workspace/lineage.ts";
import { retryOnConflict } from "../workspace/retry-on-conflict.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { planRollback, type RollbackPlan, rollbackLines } from "./rollback-plan.ts";
import { callBeforeTraffic } from "./rollout-call.ts";
import { RolloutClaim } from "./rollout-claim.ts";
import { requireReady } from "./rollout-ground.ts";
import { readProgress, runMark, withEndedProgress } from "./rollout-progress.ts";

export interface RollbackOptions extends Callbacks<RollbackSection> {
  readonly endpoint: string;
  /** Deployment to go back to; absent: the last known good one. */
  readonly deployment?: string | undefined;
  /** Sent to that deployment before it gets the traffic. */
  readonly call?: Omit<Call, "deployment"> | undefined;
  /** Milliseconds for all of it; absent or 0: no deadline. */
  readonly deadline?: number | undefined;
}

/** The record's section on a rollback. */
export interface RollbackSection {
  readonly endpoint: string;
  /** Deployment that gets the traffic. */
  readonly to: string;
  /** Why it is that one, as a clause. */
  readonly reason: string;
  /** Deployments that lost their share, the largest first. */
  readonly from: readonly string[];
  /** Deployment of the rollout that was in progress. */
  readonly ended?: string;
  readonly changed: boolean;
  /** Work items that the deployments in `from` were made for, by their tags: anybody may write these, so they only inform people. */
  readonly workItems: readonly string[];
  readonly trafficBefore: Traffic;
  readonly traffic: Traffic;
}

/**
 * Rolls an endpoint back. Sequential round trips: endpoint, deployments and lock side by side; the key and the call, where one is wanted,
 * after looks at the deployment while an operation is at it;
 * the lock, a fresh look, the state of the deployment, the traffic, the looks at its operation, and one look that it has moved.
 * @throws TaskError where there is nothing to go back to, or the deployment does not answer as expected: nothing was changed then
 */
export async function rollBackEndpoint(workspace: Workspace, options: RollbackOptions): Promise<RollbackSection> {
  const { log } = workspace;
  const { endpoint: name, call } = options;
  const started = Date.now();
  const left = () => (options.deadline ? Math.max(1, options.deadline - (Date.now() - started)) : undefined);
  const lock = new EndpointLock(workspace, name);
  const [endpoint, deployments, rollouts] = await Promise.all([
    findEndpoint(workspace, name),
    listDeployments(workspace, name),
    lock.rollouts(),
  ]);
  if (endpoint === undefined) throw await noSuchEndpoint(workspace, name);
  const of = runMark(workspace.provenance);
  const changing = new RolloutClaim(workspace.provenance).sorted(rollouts).foreign;
  const moment = { now: workspace.azure.now(), of, changing };
  const plan = planRollback(endpoint, deployments, options.deployment, moment);
  for (const line of rollbackLines(name, plan)) log.info(line);
  warnOfOthers(workspace, name, plan, rollouts);
  const section = (news: Partial<RollbackSection>): RollbackSection => {
    const { to, reason, from, ends, trafficBefore } = plan;
    const workItems = workItemsOf(deployments, from);
    const whole = {
      endpoint: name,
      to,
      reason,
      from,
      changed: false,
      workItems,
      trafficBefore,
      traffic: trafficBefore,
    };
    const told = { ...whole, ...(ends === undefined ? {} : { ended: ends }), ...news };
    options.onProgress?.(told);
    return told;
  };
  const planned = section({});
  if (plan.isThere) {
    log.info(`${plan.to} has all of the traffic of ${name} already, so nothing was changed.`);
    // Whoever asks for a rollback has a reason: that nothing happens is no success in silence.
    if (plan.stays !== undefined) log.warn(`The endpoint ${name} was not rolled back any further: ${plan.stays}`);
    return planned;
  }
  if (call) await callFirst(workspace, { endpoint, deployments, plan, left }, call);
  else log.info(`${plan.to} is not called before it gets the traffic: no request file is given.`);
  const traffic = await move(workspace, lock, name, plan, left);
  log.info(
    `The traffic of ${name} is ${sayTraffic(traffic)}; it was ${sayTraffic(plan.trafficBefore)}.${plan.from.length === 0 ? "" : ` ${plan.from.join(", ")} stays without traffic, and continues to be billed until somebody deletes it.`}`,
  );
  if (plan.stays !== undefined) log.warn(`No traffic of ${name} was moved: ${plan.stays}`);
  return section({ changed: true, traffic });
}

/** Their ids, at most twenty. */
function workItemsOf(deployments: readonly Deployment[], from: readonly string[]): string[] {
  const tags = deployments
    .filter(({ name = "" }) => from.some((one) => sameName(one, name)))
    .map(({ tags }) => tags ?? {});
  const ids = tags.flatMap((one) => (one[WORK_ITEMS] ?? "").match(/\b\d{1,9}\b/g) ?? []);
  return [...new Set(ids)].slice(0, 20);
}

/** Calls the deployment, once an operation on it has ended: what that changes would else get the traffic without a call. */
async function callFirst(
  workspace: Workspace,
  there: {
    readonly endpoint: Endpoint;
    readonly deployments: readonly Deployment[];
    readonly plan: RollbackPlan;
    readonly left: () => number | undefined;
  },
  call: Omit<Call, "deployment">,
): Promise<void> {
  const { endpoint, deployments, plan, left } = there;
  const seen = deployments.find((one) => sameName(one.name, plan.to));
  try {
    if (seen && !answers(seen))
      await retryOnConflict(workspace, `the deployment ${plan.to}`, left(), () =>
        requireReady(workspace, endpoint.name ?? "", plan.to),
      );
    await callBeforeTraffic(workspace, endpoint, plan.to, call, left);
  } catch (error) {
    if (!(error instanceof TaskError) || workspace.signal.aborted) throw error;
    const now = `The traffic was not moved: it is ${sayTraffic(plan.trafficBefore)}.`;
    throw new TaskError(error.kind, `${error.message}${error.message.includes("\n") ? "\n" : " "}${now}`, {
      cause: error,
      hint:
        error.hint ??
        "Name another deployment with the input deploymentName, or leave requestFile out to move without a call.",
      ...(error.code === undefined ? {} : { code: error.code }),
      ...(error.status === undefined ? {} : { status: error.status }),
      ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
    });
  }
}

/** Moves the traffic under the lock, if it still is what the plan was made of. @returns the traffic as read afterwards */
async function move(
  workspace: Workspace,
  lock: EndpointLock,
  name: string,
  plan: RollbackPlan,
  left: () => number | undefined,
): Promise<Traffic> {
  const planned = changesOf(plan.trafficBefore, plan.trafficAfter);
  // The same in each try, so that a write whose answer was lost is known again.
  const at = new Date(workspace.azure.now()).toISOString();
  const of = runMark(workspace.provenance);
  const { after } = await moveTraffic(workspace, {
    endpoint: name,
    deployment: plan.to,
    percent: 100,
    lock,
    left,
    route: ({ traffic, mirror, tags }) => ({
      traffic: sameTraffic(traffic, plan.trafficAfter) ? traffic : plan.trafficAfter,
      mirror: withoutShadow(mirror, plan.to, tags),
      tags: withRolledBack(withEndedProgress(tags), { to: plan.to, from: plan.from, at, of }),
    }),
    onWrite: async (changes) => {
      requireSameChange(name, plan, planned, changes);
      await requireReady(workspace, name, plan.to);
    },
    onMoved: async () => {},
  });
  return withoutZeros(after);
}

/** The mirrored traffic without the share of the shadow rollout that ends, and of what gets live traffic: none has both (docs/facts/operations.md#A.6). */
function withoutShadow(mirror: Traffic, to: string, tags: Tags): Traffic {
  const progress = readProgress(tags);
  const isShadow = progress?.kind === "shadow" && shareOf(mirror, progress.deployment) === progress.share;
  const ended = isShadow ? [to, progress.deployment] : [to];
  const shares = Object.entries(mirror).map(
    ([one, share]) => [one, ended.some((name) => sameName(name, one)) ? 0 : share] as const,
  );
  return Object.fromEntries(shares);
}

/** A release since the look is not taken back unseen. Without a change the traffic is there already, whoever moved it. */
function requireSameChange(name: string, plan: RollbackPlan, planned: Changes, now: Changes): void {
  const text = (changes: Changes) =>
    JSON.stringify(Object.entries(changes).sort(([one], [other]) => (one < other ? -1 : 1)));
  if (Object.keys(now).length === 0 || text(planned) === text(now)) return;
  const shares = Object.entries(now).map(([one, [before]]) => [one, before] as const);
  throw new TaskError(
    "conflict",
    `The traffic of ${name} was ${sayTraffic(plan.trafficBefore)} when this step looked, and somebody else has changed it since (${sayTraffic(Object.fromEntries(shares))}), so this step moved nothing.`,
    { errorCode: "AML1603", hint: "Run the step again: it starts from the current state." },
  );
}

/** Another run that is still at this endpoint may move the traffic again. */
function warnOfOthers(workspace: Workspace, name: string, plan: RollbackPlan, rollouts: Rollouts | undefined): void {
  const others = new RolloutClaim(workspace.provenance).sorted(rollouts).foreign;
  others.delete(plan.to.toLowerCase());
  if (others.size === 0) return;
  workspace.log.warn(
    `Another run is rolling out ${[...others].join(", ")} on the endpoint ${name} and may move the traffic again. Cancel that run if this is not wanted.`,
  );
}
