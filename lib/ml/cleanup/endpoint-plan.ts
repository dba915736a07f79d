// Fate of endpoints and their deployments in a clean-up: time to live, requests, traffic and age on the one side; tags, rollouts under
// way and operations on the other. Pure, and asked again with fresh reads right before each deletion.
// Tests: test/lib/ml/cleanup/clean-up-plan.test.ts
import type { Deployment } from "../endpoints/deployments.ts";
import { EXPIRES, IN_PROGRESS, knownGood } from "../endpoints/endpoint-tags.ts";
import type { Endpoint } from "../endpoints/endpoints.ts";
import { sameName, shareOf } from "../endpoints/traffic-shares.ts";
import type { CleanUpRules } from "./clean-up-rules.ts";
import { changedAt, changedSince, createdAt, DAY, type Fate, HOUR, keptByTag, STAYS } from "./fate.ts";

/** The requests to an endpoint in the hours of the rule, by Azure Monitor. Metrics that are absent say nothing. */
export type Requests =
  | { readonly kind: "none" | "some" }
  | {
      readonly kind: "unknown";
      /** As a clause: "Azure Monitor has no metrics of these hours". */
      readonly why: string;
    };

/** Parts of clauses that tell of a missing permission. */
export const LOCK_UNREAD = "the endpoint's lock cannot be read";
export const METRICS_UNREAD = "the metrics cannot be read";

/** An endpoint, as it was read. */
export interface SeenEndpoint {
  readonly endpoint: Endpoint;
  readonly deployments: readonly Deployment[];
  /** Undefined: not asked, because the endpoint cannot be idle. */
  readonly requests: Requests | undefined;
  /** Deployments at which a rollout is under way, by the endpoint's lock; undefined: nobody can know. */
  readonly rollouts: readonly string[] | undefined;
}

/** Whether an endpoint goes as a whole: its time to live is over, or no request came in the hours of the rule. */
export function fateOfEndpoint(seen: SeenEndpoint, rules: CleanUpRules, now: number): Fate {
  const { endpoint, deployments } = seen;
  if (rules.endpoints?.(endpoint.name ?? "") !== true) return STAYS;
  const over = expiry(endpoint, now);
  const fate = over.goes ? over : idleness(seen, rules, now);
  if (!fate.goes) return over.why === undefined ? fate : over;
  const shield = shieldOf(seen) ?? deployments.map(({ tags }) => keptByTag(tags)).find((why) => why !== undefined);
  return shield === undefined ? fate : { goes: false, why: `${fate.why}, but ${shield}` };
}

/** Whether a deployment without traffic goes, on an endpoint that stays. */
export function fateOfDeployment(seen: SeenEndpoint, deployment: Deployment, rules: CleanUpRules, now: number): Fate {
  const { endpoint } = seen;
  const { deploymentDays: days, idleHours = 0 } = rules;
  const { name = "" } = deployment;
  if (days === undefined || rules.endpoints?.(endpoint.name ?? "") !== true || hasTraffic(endpoint, name)) return STAYS;
  const changed = changedAt(deployment);
  if (changed === undefined) return { goes: false, why: "it has no traffic, but Azure does not say when it was made" };
  if (now - changed < days * DAY) return STAYS;
  // A deployment younger than the hours keeps its endpoint from being idle: without it the next run would delete the endpoint.
  if (idleHours > 0 && now - (createdAt(deployment) ?? now) < idleHours * HOUR) return STAYS;
  const why = `it has no traffic and is ${Math.floor((now - changed) / DAY)} days old`;
  const shield = keptByTag(deployment.tags) ?? wayBack(seen, name, days, now) ?? shieldOf(seen);
  return shield === undefined ? { goes: true, why } : { goes: false, why: `${why}, but ${shield}` };
}

/** Whether an endpoint and its deployments are old enough to be idle, so that Azure Monitor is worth asking. */
export const mayBeIdle = (
  seen: Omit<SeenEndpoint, "requests" | "rollouts">,
  rules: CleanUpRules,
  now: number,
): boolean =>
  rules.endpoints?.(seen.endpoint.name ?? "") === true &&
  idleness({ ...seen, requests: { kind: "none" }, rollouts: [] }, rules, now).goes;

/** An endpoint's own time to live. A tag that is no instant says nothing, and is told. */
function expiry({ tags }: Endpoint, now: number): Fate {
  const written = tags?.[EXPIRES];
  if (written === undefined || written === "") return STAYS;
  const instant = instantOf(written);
  if (instant === undefined)
    return {
      goes: false,
      why: `its tag ${EXPIRES} is no instant such as 2026-12-31T18:00:00Z, so it says nothing`,
    };
  return instant > now ? STAYS : { goes: true, why: `its time to live ended at ${new Date(instant).toISOString()}` };
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/i;

/** Milliseconds since the epoch of an ISO 8601 instant; undefined where the text lacks a time of day or a time zone. */
export function instantOf(text: string): number | undefined {
  const instant = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(instant) ? undefined : instant;
}

function idleness({ endpoint, deployments, requests }: SeenEndpoint, { idleHours }: CleanUpRules, now: number): Fate {
  if (idleHours === undefined) return STAYS;
  const ages = [endpoint, ...deployments].map(createdAt);
  if (ages.includes(undefined))
    return { goes: false, why: "Azure does not say since when it is there, so it may be young" };
  if (requests === undefined || ages.some((at) => now - Number(at) < idleHours * HOUR)) return STAYS;
  if (requests.kind === "unknown")
    return { goes: false, why: `whether requests came in ${idleHours} hours is not known: ${requests.why}` };
  return requests.kind === "some" ? STAYS : { goes: true, why: `no request came in ${idleHours} hours` };
}

/** Why nothing of an endpoint may be deleted now, as a clause. */
function shieldOf({ endpoint, deployments, rollouts }: SeenEndpoint): string | undefined {
  const kept = keptByTag(endpoint.tags);
  if (kept !== undefined) return kept;
  const busy = [endpoint, ...deployments].find((one) => !isAtRest(one.properties.provisioningState));
  if (busy !== undefined) return `${busy.name} is ${busy.properties.provisioningState ?? "in an unknown state"}`;
  // The lock's entry ends with the step that wrote it; a canary that waits for its next step is in the tag alone.
  if (endpoint.tags?.[IN_PROGRESS]) return `its tag ${IN_PROGRESS} says that a rollout is in progress`;
  if (rollouts === undefined) return `whether a rollout is under way is not known, because ${LOCK_UNREAD}`;
  return rollouts.length > 0 ? `a rollout of ${rollouts.join(", ")} is under way` : undefined;
}

const isAtRest = (state: string | undefined) => /^(succeeded|failed|cancell?ed)$/i.test(state ?? "");

/** Live or mirrored traffic. Shares that Azure does not show at all count as traffic. */
function hasTraffic({ properties: { traffic, mirrorTraffic } }: Endpoint, name: string): boolean {
  if (traffic === undefined || traffic === null) return true;
  const shares = [...Object.entries(traffic), ...Object.entries(mirrorTraffic ?? {})];
  return shares.some(([one, share]) => sameName(one, name) && share !== 0);
}

/**
 * Why a deployment is a way back, as a clause: of those that are known to be good, the newest one, and the newest one that is ready and has no
 * traffic, to which a rollback would go. Where no tag says which are good, or somebody moved the traffic to one that it does not name, nobody
 * knows since when a deployment has had no traffic: then the endpoint, which each move of traffic changes, must have stood as long, by a time that
 * moves with its changes.
 */
function wayBack({ endpoint, deployments }: SeenEndpoint, name: string, days: number, now: number): string | undefined {
  const good = knownGood(endpoint);
  const isReady = (one: string) =>
    deployments.some(
      (each) => sameName(each.name, one) && /^succeeded$/i.test(each.properties.provisioningState ?? ""),
    );
  const back = good.find((one) => isReady(one) && !hasTraffic(endpoint, one));
  if ([good[0], back].some((one) => sameName(one, name))) return "it is the last known good deployment";
  if (good.some((one) => shareOf(endpoint.properties.traffic ?? {}, one) > 0)) return undefined;
  const changed = changedSince(endpoint);
  if (changed !== undefined && now - changed >= days * DAY) return undefined;
  const tag = good.length === 0 ? "no tag says" : "its tag does not say";
  const since =
    changed === undefined
      ? "Azure does not say when the endpoint was changed last"
      : `the endpoint was changed less than ${days} days ago`;
  return `${tag} which deployment was good last, and ${since}`;
}
