// Plans the rollback of an endpoint: which deployment gets all of the traffic, and why. Pure.
// Tests: test/lib/ml/rollout/rollback-plan.test.ts
import { TaskError } from "../../errors.ts";
import { didYouMean } from "../../nearest-name.ts";
import { answers, type Deployment } from "../endpoints/deployments.ts";
import { knownGood, LAST_KNOWN_GOOD, type RolledBack, rolledBack } from "../endpoints/endpoint-tags.ts";
import type { Endpoint, Traffic } from "../endpoints/endpoints.ts";
import { sameName, sameTraffic, sayTraffic, shareOf, withoutZeros } from "../endpoints/traffic-shares.ts";
import { readProgress, standingProgress } from "./rollout-progress.ts";

/**
 * Milliseconds for which a rollback belongs to the incident of the one before: a second click changes nothing then. Later, the deployment that
 * was gone to is the one that somebody wants to leave.
 */
const SAME_INCIDENT = 24 * 3_600_000;

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
  /** Why nothing is changed although somebody asks for a rollback, and what to do where that is wrong, as a sentence. */
  readonly stays?: string;
}

type Choice = Pick<RollbackPlan, "to" | "reason" | "skipped" | "stays">;

/** When the rollback runs, in milliseconds since the epoch, and the short hash of its pipeline run. */
export interface Moment {
  readonly now: number;
  readonly of: string;
  /** Deployments, in lower case, that another run is changing. */
  readonly changing?: ReadonlySet<string> | undefined;
}

/**
 * @param wanted name of the deployment to go back to; absent: the last known good one
 * @throws TaskError `notFound` where it is not there, `conflict` where it is not ready, or where nothing is known to be good
 */
export function planRollback(
  endpoint: Endpoint,
  deployments: readonly Deployment[],
  wanted?: string,
  moment: Moment = { now: Date.now(), of: "" },
): RollbackPlan {
  const trafficBefore = withoutZeros(endpoint.properties.traffic ?? {});
  const { to, reason, skipped, stays } =
    wanted === undefined ? lastKnownGood(endpoint, deployments, moment) : named(endpoint, deployments, wanted, moment);
  const trafficAfter = { [to]: 100 };
  const ends = readProgress(endpoint.tags)?.deployment;
  const from = Object.entries(trafficBefore)
    .filter(([name]) => !sameName(name, to))
    .sort(([, one], [, other]) => other - one)
    .map(([name]) => name);
  const isThere = from.length === 0 && shareOf(trafficBefore, to) === 100 && ends === undefined;
  return {
    ...{ to, reason, skipped, from, trafficBefore, trafficAfter, isThere },
    ...(ends === undefined ? {} : { ends }),
    ...(stays === undefined ? {} : { stays }),
  };
}

function named(endpoint: Endpoint, deployments: readonly Deployment[], wanted: string, moment: Moment): Choice {
  const there = deployments.find((one) => sameName(one.name, wanted));
  if (there?.name === undefined)
    throw new TaskError(
      "notFound",
      `The endpoint ${endpoint.name} has no deployment ${wanted}, so nothing was changed; ${sayDeployments(endpoint, deployments)}.${didYouMean(
        wanted,
        deployments.map(({ name }) => name ?? ""),
      )}`,
      { errorCode: "AML1210", hint: "Name one of those with the input deploymentName." },
    );
  if (!isOffered(there, moment))
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

function lastKnownGood(endpoint: Endpoint, deployments: readonly Deployment[], moment: Moment): Choice {
  const traffic = endpoint.properties.traffic ?? {};
  const live = deployments.find((one) => one.name !== undefined && shareOf(traffic, one.name) === 100);
  const progress = readProgress(endpoint.tags)?.deployment;
  const nobody = { skipped: [] };
  const before = progress === undefined ? undefined : beforeRollout(endpoint, progress);
  const skipped: string[] = [];
  const known = knownGood(endpoint).filter((name) => !sameName(before, name));
  const good = [...(before === undefined ? [] : [before]), ...known].flatMap((name) => {
    if (sameName(live?.name, name) || sameName(progress, name)) return [];
    const there = deployments.find((one) => sameName(one.name, name));
    if (there?.name !== undefined && isOffered(there, moment)) return [there.name];
    skipped.push(`${name} was known to be good, and is ${there ? stateOf(there) : "not there any more"}.`);
    return [];
  });
  const [next] = good;
  const back = rolledBack(endpoint.tags);
  const isBack = live?.name !== undefined && sameName(back?.to, live.name);
  // A rollback leaves a deployment that has failed or is being deleted, whoever gave it the traffic.
  if (live?.name !== undefined && comesBack(live)) {
    if (progress !== undefined && !sameName(live.name, progress))
      return {
        to: live.name,
        reason: `it has all of the traffic, beside the rollout of ${progress}`,
        ...nobody,
        ...staysByHand(endpoint, live.name, next),
      };
    if (back && isBack && isSameIncident(back, moment)) {
      return {
        to: live.name,
        reason: "an earlier rollback went to it",
        ...nobody,
        stays: sayStays(back, moment, next),
      };
    }
  }
  if (next !== undefined) {
    const age = back && isBack ? ` before ${back.to}, to which a rollback went ${sayAge(back, moment)} ago` : "";
    const isBefore =
      before !== undefined && sameName(before, next) && !knownGood(endpoint).some((one) => sameName(one, next));
    const reason = isBefore
      ? `it had the traffic before the rollout of ${progress}`
      : `it is the last known good deployment${age}`;
    return { to: next, reason, skipped };
  }
  const why = skipped.length === 0 ? "its tag names none" : skipped.join(" ");
  throw new TaskError(
    "conflict",
    `The endpoint ${endpoint.name} has no earlier deployment that is known to be good (tag ${LAST_KNOWN_GOOD}: ${why.replace(/\.$/, "")}), so nothing was changed; ${sayDeployments(endpoint, deployments)}.`,
    { errorCode: "AML1616", hint: "Name the deployment to go back to with the input deploymentName." },
  );
}

/** The deployment that alone had the traffic before a rollout with steps, or has the rest of it. */
function beforeRollout(endpoint: Endpoint, progress: string): string | undefined {
  const only = (traffic: Traffic): string | undefined => {
    const [name, ...more] = Object.keys(withoutZeros(traffic)).filter((one) => !sameName(one, progress));
    return more.length === 0 ? name : undefined;
  };
  return only(standingProgress(endpoint)?.was ?? {}) ?? only(endpoint.properties.traffic ?? {});
}

/** Whether a rollback is the same as the last one: a rerun of its run, or a click soon after it. */
function isSameIncident(back: RolledBack, { now, of }: Moment): boolean {
  return back.at === undefined || now - back.at < SAME_INCIDENT || (of !== "" && back.of === of);
}

function sayStays(back: RolledBack, moment: Moment, next: string | undefined): string {
  const when = back.at === undefined ? "" : ` of ${new Date(back.at).toISOString()} (${sayAge(back, moment)} ago)`;
  const remedy =
    next === undefined
      ? "no other deployment that is ready is known to be good. If it is the one that fails, name a deployment with the input deploymentName."
      : `if it is the one that fails, run this again with deploymentName: ${next}, the next one that is known to be good.`;
  return `${back.to} has all of the traffic since a rollback${when}, so nothing was changed; ${remedy}`;
}

/** Traffic that somebody gave by hand to a deployment that is not known to be good is left there, and the next good one is named. */
function staysByHand(endpoint: Endpoint, live: string, next: string | undefined): Pick<Choice, "stays"> {
  if (next === undefined || knownGood(endpoint).some((name) => sameName(name, live))) return {};
  return {
    stays: `${live} has all of the traffic, and is not known to be good. If it is the one that fails, run this again with deploymentName: ${next}, the next one that is known to be good.`,
  };
}

function sayAge({ at = 0 }: RolledBack, { now }: Moment): string {
  const minutes = Math.max(0, Math.floor((now - at) / 60_000));
  const [count, unit] =
    minutes < 120
      ? [minutes, "minute"]
      : minutes < 48 * 60
        ? [Math.floor(minutes / 60), "hour"]
        : [Math.floor(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/**
 * Whether a deployment can have the traffic, now or once an operation on it has ended, which is waited for before it is moved. Autoscale begins one
 * on a deployment that has just lost its traffic: a rollback that passed over it would go one version too far back.
 */
const comesBack = (deployment: Deployment) => answers(deployment) || /^updating$/i.test(stateOf(deployment));
/** Whether a rollback may go to a deployment. While another run changes it, nobody has judged the result: then it may not. */
const isOffered = (one: Deployment, { changing }: Moment) =>
  answers(one) || (comesBack(one) && changing?.has(one.name?.toLowerCase() ?? "") !== true);
const stateOf = (deployment: Deployment) => deployment.properties.provisioningState ?? "in an unknown state";

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
