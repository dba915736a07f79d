// A rollout in progress, kept on the endpoint: which deployment has which share since when, by which pipeline run. Steps of later stages,
// other agents and people read it there; it is written in the same PUT as the share, so that one never stands without the other. Pure.
// Tests: test/lib/ml/rollout/rollout-progress.test.ts
import { isServingName } from "../../documents/index.ts";
import { isObject } from "../../plain-objects.ts";
import type { Provenance } from "../../provenance.ts";
import { sha256 } from "../../sha256.ts";
import { IN_PROGRESS, type Tags } from "../endpoints/endpoint-tags.ts";
import type { Endpoint, Traffic } from "../endpoints/endpoints.ts";
import { sameTraffic, shareOf, trafficWith, withoutZeros } from "../endpoints/traffic-shares.ts";
import { stepOf } from "../workspace/lineage.ts";

/** The start of the rollout: what a rollback goes back to, and which steps have changed the share. */
export const ORIGIN = "azureDevOps.rolloutOrigin";
/** Short hashes of the runs that began a rollout with steps, newest first, with a space between: none of them begins its rollout twice. */
export const RUNS = "azureDevOps.rolloutRuns";
/** Of 8 characters each; the older ones are forgotten. */
const MOST_RUNS = 25;
/** Characters of a tag's value in Azure Resource Manager (docs/facts/operations.md#A.6). */
const LONGEST = 256;

export interface Progress {
  readonly kind: "canary" | "shadow";
  readonly deployment: string;
  /** Percent of the traffic, or of its copies. */
  readonly share: number;
  /** ISO 8601, UTC: when the last change of the traffic was written. */
  readonly since: string;
  /** Seconds that Azure's own operation took after that; absent: not known. */
  readonly took?: number | undefined;
  /** ISO 8601, UTC: since when the share before it stood; absent: it is the first one. */
  readonly before?: string | undefined;
  /** Pipeline and number of the run, for people. */
  readonly run: string;
  /** The rollout's mark, which its deployment bears as a tag. */
  readonly by: string;
  /** Whether this rollout made the deployment: one that was there before is never deleted. */
  readonly made: boolean;
  /** The traffic before the rollout; undefined where it did not fit into the tag. */
  readonly was: Traffic | undefined;
  /** Short hash of the pipeline run that made the last change; empty outside pipelines. */
  readonly of: string;
  /** Short hashes of the steps of pipeline runs that have made a change: a rerun of one makes none. */
  readonly taken: readonly string[];
}

/** The rollout in progress as the endpoint's tags have it; undefined where they have none that can be read. */
export function readProgress(tags: Tags | null | undefined): Progress | undefined {
  const state = parse(tags?.[IN_PROGRESS]);
  const origin = parse(tags?.[ORIGIN]);
  const { kind, deployment, share, since, took, before, run = "" } = state;
  if (kind !== "canary" && kind !== "shadow") return undefined;
  if (typeof deployment !== "string" || !isServingName(deployment)) return undefined;
  if (!isShare(share) || !isTime(since)) return undefined;
  const { by = "", made, was, of, taken } = origin;
  return {
    kind,
    deployment,
    share,
    since: new Date(since).toISOString(),
    ...(isSeconds(took) ? { took } : {}),
    ...(isTime(before) ? { before: new Date(before).toISOString() } : {}),
    run: typeof run === "string" ? run.replace(/[^\w .:/-]/g, "").slice(0, 80) : "",
    by: typeof by === "string" ? by : "",
    made: made === true,
    was: isTraffic(was) ? was : undefined,
    of: isMark(of) ? of : "",
    taken: Array.isArray(taken) ? taken.filter(isMark) : [],
  };
}

/** The endpoint's tags with this state; without one, they have none. Other tags stay as they are. */
export function withProgress(tags: Tags, progress: Progress | undefined): Tags {
  const { [IN_PROGRESS]: _state, [ORIGIN]: _origin, ...others } = tags;
  if (progress === undefined) return others;
  const { kind, deployment, share, since, took, by, made, was, of, taken } = progress;
  const before = progress.before === undefined ? undefined : toSeconds(progress.before);
  const run = progress.run.replace(/[^\w .:/-]/g, "").slice(0, 80);
  // Newest first to be dropped last: a rerun is a rerun of what was done a moment ago.
  const origins = [
    { by, made, was, of, taken },
    { by, made, of, taken: taken.slice(-8) },
  ].map((one) => JSON.stringify(one));
  return {
    ...withRun(others, of),
    [IN_PROGRESS]: JSON.stringify({ kind, deployment, share, since, took, before, run }),
    [ORIGIN]:
      origins.find((text) => text.length <= LONGEST) ?? JSON.stringify({ by, made, of, taken: taken.slice(-8) }),
  };
}

/**
 * The endpoint's tags once a rollout has ended well. Which run ended it stays, so that a rerun of that run does not begin it again where it was
 * rolled back since.
 */
export function withGoodEnd(tags: Tags, { kind, deployment, of }: Pick<Progress, "kind" | "deployment" | "of">): Tags {
  const others = withProgress(tags, undefined);
  return of === "" ? others : { ...withRun(others, of), [ORIGIN]: JSON.stringify({ of, ended: kind, deployment }) };
}

function withRun(tags: Tags, of: string): Tags {
  return of === "" ? tags : { ...tags, [RUNS]: [...new Set([of, ...runsOf(tags)])].slice(0, MOST_RUNS).join(" ") };
}

/**
 * The endpoint's tags once somebody else has ended a rollout: a rollback, or another release. Its origin stays, by which later stages of the
 * run that began it know that they must not begin it again.
 */
export function withEndedProgress(tags: Tags): Tags {
  const { [IN_PROGRESS]: _state, ...others } = tags;
  return others;
}

/** Short hashes of the runs that have begun a rollout with steps on the endpoint, newest first. */
export const runsOf = (tags: Tags | null | undefined): string[] => (tags?.[RUNS] ?? "").split(" ").filter(isMark);

/** The run that made the last change of a rollout with steps, which may have ended since. */
export interface LastRun {
  /** Its short hash. */
  readonly of: string;
  /** The rollout, where it has ended well. */
  readonly ended?: Pick<Progress, "kind" | "deployment">;
}

export function lastRunOf(tags: Tags | null | undefined): LastRun | undefined {
  const { of, ended: kind, deployment } = parse(tags?.[ORIGIN]);
  if (!isMark(of)) return undefined;
  const isEnd = (kind === "canary" || kind === "shadow") && typeof deployment === "string" && isServingName(deployment);
  return isEnd ? { of, ended: { kind, deployment } } : { of };
}

/**
 * The rollout in progress, if its share stands as it was written. A share that is another one by now was changed by a rollback, by
 * another rollout or by hand, and the state says nothing any more.
 */
export function standingProgress(endpoint: Endpoint | undefined): Progress | undefined {
  const progress = readProgress(endpoint?.tags);
  if (endpoint === undefined || progress === undefined) return undefined;
  const { traffic, mirrorTraffic } = endpoint.properties;
  const share = shareOf(progress.kind === "canary" ? traffic : mirrorTraffic, progress.deployment);
  return share === progress.share ? progress : undefined;
}

/** Milliseconds for which the operation of a write may go on whose time nobody has noted. */
const UNNOTED = 60_000;

/**
 * When the bake of a share begins, in milliseconds since the epoch: once the endpoint's own operation has ended. Until then Azure serves the
 * shares before it (docs/facts/azureml-wire.md#12.4).
 */
export const bakesFrom = ({ since, took }: Pick<Progress, "since" | "took">): number =>
  Date.parse(since) + (took === undefined ? UNNOTED : took * 1000);

/**
 * From when on an alert counts, in milliseconds since the epoch: metrics of the minutes in which the endpoint moves say little, but an alert of
 * them stays fired and fires no second time. One of the share before failed its judgement, unless it came after that.
 */
export const alertsFrom = ({ since, before = since }: Pick<Progress, "since" | "before">): number => Date.parse(before);

/** Seconds that an operation took, where they are to be noted for later steps; undefined where what is not noted covers it. */
export const toNote = (took: number): number | undefined =>
  took * 1000 > UNNOTED ? Math.min(took, 99_999) : undefined;

/** The short hash of a pipeline run, the same for all its stages; empty outside pipelines. */
export function runMark({ kind, organization, project, runId }: Provenance): string {
  if (kind === "none") return "";
  return sha256([organization.replace(/\/+$/, ""), project, kind, runId].join("/")).slice(0, 8);
}

/** The short hash by which a rerun of a step knows that it has made its change; undefined outside pipelines. */
export function stepMark(provenance: Provenance): string | undefined {
  const step = stepOf(provenance);
  return step === "" ? undefined : sha256(step).slice(0, 8);
}

/**
 * The traffic with another share of a canary. Where all of it stands as the rollout wrote it, the others' shares are computed from
 * those before the rollout, so that roundings of many steps do not add up; otherwise from what is there.
 * @param now the traffic as it is
 * @param from the canary's share until now
 */
export function nextTraffic(now: Traffic, was: Traffic | undefined, name: string, from: number, to: number): Traffic {
  return trafficWith(stands(now, was, name, from) ? (was ?? now) : now, name, to);
}

/** Whether the traffic is what a rollout from `was` has written when it gave `name` this share. */
export function stands(now: Traffic, was: Traffic | undefined, name: string, share: number): boolean {
  return was !== undefined && sameTraffic(withoutZeros(now), trafficWith(was, name, share));
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined || text.length > LONGEST * 4) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const isTime = (value: unknown): value is string => typeof value === "string" && !Number.isNaN(Date.parse(value));
const toSeconds = (time: string): string => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
const isSeconds = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 100_000;
const isMark = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{8}$/.test(value);
const isShare = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100;

function isTraffic(value: unknown): value is Traffic {
  if (!isObject(value)) return false;
  const shares = Object.entries(value);
  const sum = shares.reduce((total, [, share]) => total + Number(share), 0);
  return sum === 100 && shares.every(([name, share]) => isServingName(name) && isShare(share));
}
