// Plans the rollback of an endpoint: which deployment gets all of the traffic, and why. Pure.
// Tests: test/lib/ml/rollout/rollback-plan.test.ts
import { TaskError } from "../../errors.ts";
import type { Deployment } from "../endpoints/deployments.ts";
import { knownGood, LAST_KNOWN_GOOD, rolledBackTo } from "../endpoints/endpoint-tags.ts";
import type { Endpoint, Traffic } from "../endpoints/endpoints.ts";
import { sameName, sameTraffic, sayTraffic, shareOf, withoutZeros } from "../endpoints/traffic-shares.ts";
import { readProgress } from "./rollout-progress.ts";

export interface RollbackPlan {
  /** Deployment that gets all of the traffic, as the service writes its name. */
  readonly to: string;
  /** Why it is that one, as a clause: "it is the last known good deployment". */
  readonly reason: string;
  /** Deployments that lose their share, the largest first. */
  readonly from: readonly string[];
  /** Deployment of a rollout in progress, which this rollback ends. */
  readonly ends?: string;
  readonly trafficBefore: Traffic;
  readonly trafficAfter: Traffic;
  /** Whether nothing is to be changed. */
  readonly isThere: boolean;
  /** Known good deployments that cannot be gone back to, as sentences. */
  readonly skipped: readonly string[];
}

type Choice = Pick<RollbackPlan, "to" | "reason" | "skipped">;

/**
 * @param wanted name of the deployment to go back to; absent: the last known good one
 * @throws TaskError `notFound` where it is not there, `conflict` where it is not ready, or where nothing is known to be good
 */
export function planRollback(endpoint: Endpoint, deployments: readonly Deployment[], wanted?: string): RollbackPlan {
  const trafficBefore = withoutZeros(endpoint.properties.traffic ?? {});
  const { to, reason, skipped } =
    wanted === undefined ? lastKnownGood(endpoint, deployments) : named(endpoint, deployments, wanted);
  const trafficAfter = { [to]: 100 };
  const ends = readProgress(endpoint.tags)?.deployment;
  const from = Object.entries(trafficBefore)
    .filter(([name]) => !sameName(name, to))
    .sort(([, one], [, other]) => other - one)
    .map(([name]) => name);
  const isThere = from.length === 0 && shareOf(trafficBefore, to) === 100 && ends === undefined;
  return { to, reason, skipped, from, trafficBefore, trafficAfter, isThere, ...(ends === undefined ? {} : { ends }) };
}

function named(endpoint: Endpoint, deployments: readonly Deployment[], wanted: string): Choice {
  const there = deployments.find((one) => sameName(one.name, wanted));
  if (there?.name === undefined)
    throw new TaskError(
      "notFound",
      `The endpoint ${endpoint.name} has no deployment ${wanted}, so nothing was changed; ${sayDeployments(endpoint, deployments)}.`,
      { errorCode: "AML1210", hint: "Name one of those with the input deploymentName." },
    );
  if (!isReady(there))
    throw new TaskError(
      "conflict",
      `The deployment ${there.name} of ${endpoint.name} is ${stateOf(there)}, so it gets no traffic, and nothing was changed; ${sayDeployments(endpoint, deployments)}.`,
      {
        errorCode: "AML1617",
        hint: "Name one that is Succeeded, or wait for the end of what is under way and run again.",
      },
    );
  return { to: there.name, reason: "it is named by the input deploymentName", skipped: [] };
}

function lastKnownGood(endpoint: Endpoint, deployments: readonly Deployment[]): Choice {
  const traffic = endpoint.properties.traffic ?? {};
  const live = deployments.find((one) => one.name !== undefined && shareOf(traffic, one.name) === 100);
  const progress = readProgress(endpoint.tags)?.deployment;
  const nobody = { skipped: [] };
  // One that is not ready is gone away from, whoever went to it.
  if (live?.name !== undefined && isReady(live)) {
    if (sameName(rolledBackTo(endpoint.tags), live.name))
      return { to: live.name, reason: "an earlier rollback went to it", ...nobody };
    if (progress !== undefined && !sameName(live.name, progress))
      return { to: live.name, reason: `it has all of the traffic, beside the rollout of ${progress}`, ...nobody };
  }
  const skipped: string[] = [];
  for (const name of knownGood(endpoint)) {
    if (sameName(live?.name, name) || sameName(progress, name)) continue;
    const there = deployments.find((one) => sameName(one.name, name));
    if (there?.name !== undefined && isReady(there))
      return { to: there.name, reason: "it is the last known good deployment", skipped };
    skipped.push(`${name} was known to be good, and is ${there ? stateOf(there) : "not there any more"}.`);
  }
  const why = skipped.length === 0 ? "its tag names none" : skipped.join(" ");
  throw new TaskError(
    "conflict",
    `The endpoint ${endpoint.name} has no earlier deployment that is known to be good (tag ${LAST_KNOWN_GOOD}: ${why.replace(/\.$/, "")}), so nothing was changed; ${sayDeployments(endpoint, deployments)}.`,
    { errorCode: "AML1616", hint: "Name the deployment to go back to with the input deploymentName." },
  );
}

const stateOf = (deployment: Deployment) => deployment.properties.provisioningState ?? "in an unknown state";
const isReady = (deployment: Deployment) => /^succeeded$/i.test(stateOf(deployment));

function sayDeployments(endpoint: Endpoint, deployments: readonly Deployment[]): string {
  const each = deployments.slice(0, 20).map((one) => {
    const share = shareOf(endpoint.properties.traffic, one.name ?? "");
    return `${one.name} (${stateOf(one)}, ${share} %)`;
  });
  return each.length === 0 ? "it has no deployments" : `it has ${each.join(", ")}`;
}

/** The plan for people. */
export function rollbackLines(endpoint: string, plan: RollbackPlan): string[] {
  const { to, reason, trafficBefore, trafficAfter, ends, skipped } = plan;
  const same = sameTraffic(trafficBefore, trafficAfter);
  return [
    `Plan for the endpoint ${endpoint}: roll back to ${to}, because ${reason}.`,
    ...skipped.map((sentence) => `  ${sentence}`),
    `  traffic ${same ? `stays ${sayTraffic(trafficAfter)}` : `${sayTraffic(trafficBefore)} -> ${sayTraffic(trafficAfter)}`}`,
    ...(ends === undefined ? [] : [`  end the rollout of ${ends}, which is in progress`]),
  ];
}
