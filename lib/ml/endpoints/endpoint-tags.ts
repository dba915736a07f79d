// Tags of these tasks on an endpoint: the deployments that are known to be good, which a rollback goes to, and the changes of tags that
// a write of the traffic makes and a rollback takes back. Pure.
// Tests: test/lib/ml/endpoints/endpoint-tags.test.ts
import { isServingName } from "../../documents/index.ts";
import type { Endpoint, Traffic } from "./endpoints.ts";
import { sameName, withoutZeros } from "./traffic-shares.ts";

/**
 * The last known good deployments of the endpoint, newest first, with a space between: each had all of the traffic when a rollout ended
 * well. It is written in the same PUT as the traffic. Whoever may write to the endpoint may change it.
 */
export const LAST_KNOWN_GOOD = "azureDevOps.lastKnownGood";
/** The end of the endpoint's time to live, an ISO 8601 instant with a time zone: from then on AzureMLCleanUp may delete the endpoint as a whole. */
export const EXPIRES = "azureDevOps.expires";
/** The state of a rollout in progress, for people and for steps: deployment, share, since when, by which run. */
export const IN_PROGRESS = "azureDevOps.rolloutInProgress";
/** The number of names that are kept: five of 32 characters stay below the 256 that a tag's value has in Azure Resource Manager. */
const KEPT = 5;

/**
 * The deployment to which a rollback went, from which ones, when, and by which run. A rollback of the same incident changes nothing while that
 * one has all of the traffic; the next rollout that ends well takes the tag away.
 */
export const ROLLED_BACK = "azureDevOps.rolledBack";
/** Characters for the names that a rollback went away from: a tag's value has 256 in Azure Resource Manager. */
const LONGEST_FROM = 150;

export type Tags = Readonly<Record<string, string>>;

/**
 * Names of deployments that are known to be good, newest first. The first is the last that was released with all of the traffic; whether it
 * is still there and ready is for the caller to look. Anything in the tag that is no deployment's name is left out.
 */
export function knownGood(endpoint: Pick<Endpoint, "tags"> | undefined): string[] {
  const names = (endpoint?.tags?.[LAST_KNOWN_GOOD] ?? "").split(/[\s,]+/).filter(isServingName);
  return unique(names).slice(0, KEPT);
}

/**
 * The tags once `name` has been given all of the traffic and is known to be good. The deployment that had all of it before comes next:
 * it served well until then, whoever released it.
 * @param before the traffic before
 * @param bad a deployment that a rollback goes away from: it is on the list no longer
 */
export function withKnownGood(tags: Tags, name: string, before: Traffic = {}, bad?: string): Tags {
  const [only, ...more] = Object.keys(withoutZeros(before));
  const previous = only !== undefined && more.length === 0 ? [only] : [];
  const names = unique([name, ...previous, ...knownGood({ tags })]).filter(
    (one) => bad === undefined || !sameName(one, bad),
  );
  const { [ROLLED_BACK]: _rollback, ...others } = tags;
  return { ...others, [LAST_KNOWN_GOOD]: names.slice(0, KEPT).join(" ") };
}

/**
 * The tags once a rollback has given all of the traffic to `to`: that one is the last known good now, and those that it goes away from are
 * so no longer.
 * @param at ISO 8601
 * @param of short hash of the pipeline run that somebody started for it
 */
export function withRolledBack(
  tags: Tags,
  {
    to,
    from,
    at,
    of = "",
  }: { readonly to: string; readonly from: readonly string[]; readonly at: string; readonly of?: string },
): Tags {
  const names = unique([to, ...knownGood({ tags })]).filter((one) => !from.some((bad) => sameName(bad, one)));
  const away = from.length === 0 ? "" : `from ${from.join(", ").slice(0, LONGEST_FROM)}, `;
  return {
    ...tags,
    [LAST_KNOWN_GOOD]: names.slice(0, KEPT).join(" "),
    [ROLLED_BACK]: `${to} (${away}${at}${of === "" ? "" : `, ${of}`})`,
  };
}

/** The last rollback, if no rollout has ended well since. */
export interface RolledBack {
  readonly to: string;
  /** Milliseconds since the epoch; undefined where the tag does not say. */
  readonly at: number | undefined;
  /** Short hash of its run; empty where a rollout went back by itself. */
  readonly of: string;
}

export function rolledBack(tags: Tags | null | undefined): RolledBack | undefined {
  const text = tags?.[ROLLED_BACK] ?? "";
  const [to = ""] = text.split(" ");
  if (!isServingName(to)) return undefined;
  const [, time = "", of = ""] = /(\d{4}-\d\d-\d\dT[\d:.]{8,16}Z)(?:, ([0-9a-f]{8}))?\)$/.exec(text) ?? [];
  const at = Date.parse(time);
  return { to, at: Number.isNaN(at) ? undefined : at, of };
}

/** The change of tags by one write: the value before and after, by name; null: not there. */
export type TagChanges = Readonly<Record<string, readonly [before: string | null, after: string | null]>>;

export function tagChangesOf(before: Tags, after: Tags): TagChanges {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const all = [...names].map((name) => [name, [before[name] ?? null, after[name] ?? null]] as const);
  return Object.fromEntries(all.filter(([, [was, is]]) => was !== is));
}

/** The change by two writes, one after the other. */
export function tagChangesTogether(first: TagChanges | undefined, second: TagChanges): TagChanges {
  const names = new Set([...Object.keys(first ?? {}), ...Object.keys(second)]);
  const all = [...names].map((name) => {
    const [one, other] = [first?.[name], second[name]];
    return [name, [(one ?? other)?.[0] ?? null, (other ?? one)?.[1] ?? null]] as const;
  });
  return Object.fromEntries(all);
}

/** The tags without what one write changed of them; a value that is no longer the written one is somebody else's and stays. */
export function tagsWithout(now: Tags, changes: TagChanges): Tags {
  const back: Record<string, string> = { ...now };
  for (const [name, [before, after]] of Object.entries(changes)) {
    if ((now[name] ?? null) !== after) continue;
    if (before === null) delete back[name];
    else back[name] = before;
  }
  return back;
}

const unique = (names: readonly string[]): string[] =>
  names.filter((name, at) => names.findIndex((one) => sameName(one, name)) === at);
