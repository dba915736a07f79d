// Lists new model versions: everything created after a cursor, in the order of creation.
// Tests: test/tasks/watch.test.ts

import { TaskError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import type { AssetHome } from "../assets/asset-home.ts";
import { containersOf, versionIn, versionsOf } from "../assets/assets.ts";
import { isRegistry } from "../assets/registry.ts";

/** The cursor of a pipeline. Plain JSON; dates are ISO 8601. */
export interface WatchCursor {
  readonly schema: 1;
  /** Nothing older is ever looked at. */
  readonly start: string;
  /** Everything created up to here has been judged. */
  readonly position: string;
  /** `name:version` that were judged within the overlap before `position`, and when each was created. */
  readonly judged: Readonly<Record<string, number>>;
  /** A version that was about to be started, and since when: its answer may have been lost. */
  readonly starting?: { readonly version: string; readonly since: string };
}

export interface WatchedVersion {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The fraction of the service's time below the millisecond, in units of 100 nanoseconds. */
  readonly fraction: number;
  /** Whether it is one of those that are waited for; the others are passed by. */
  readonly wanted: boolean;
}

export interface WatchFilter {
  /** Names with `*` and `?`; none: all. */
  readonly models: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Versions may become visible later than others that were created after them. */
const OVERLAP = 5 * 60_000;

/** Under which names a run keeps cursors for this workspace or registry and this target. */
export interface CursorNames {
  /** Name of the cursor that all steps for one target shared; the names of all others begin with it. */
  readonly shared: string;
  /** Name of the cursor of one step: steps that differ in what they watch or start have a cursor each. */
  readonly own: string;
}

/**
 * @param target what is started, in the words of a person
 * @param start all that says what is started: target, branch, parameters, alias
 */
export function cursorNames(home: AssetHome, filter: WatchFilter, target: string, start: string): CursorNames {
  const hash = (text: string) => sha256(text).slice(0, 12);
  const shared = `AzureML.WatchModels.${hash(`${(isRegistry(home) ? home.uri : home.id).toLowerCase()}\n${target}`)}`;
  const models = [...new Set(filter.models)].sort();
  const tags = Object.entries(filter.tags).sort(([one], [other]) => (one < other ? -1 : 1));
  return { shared, own: `${shared}.${hash(JSON.stringify([models, tags, start]))}` };
}

/** A run of this pipeline, and what it keeps under names that begin with the shared one: names in lower case. */
export interface KeptByRun {
  readonly run: number;
  /** Milliseconds since the epoch, by the clock of Azure DevOps. */
  readonly queuedAt: number;
  readonly texts: Readonly<Record<string, string>>;
}

export interface Recalled {
  readonly cursor: WatchCursor;
  /** When the run that kept it was queued, in milliseconds: what it or a later run started was started since. */
  readonly since: number;
  /** Whether other steps have been at work since: what they started for the same version counts. */
  readonly others: boolean;
  /** The text of a shared cursor that was taken over. */
  readonly shared?: string;
}

/**
 * Where this step goes on: at its own cursor; else at the one that all steps shared, where no step has kept one of its own
 * since; else where the last run was queued in which another step watched for this target, so that a changed input loses nothing.
 * @param runs newest first
 * @returns undefined where this pipeline never watched for the target
 * @throws TaskError where what was kept is no cursor
 */
export async function recallCursor(
  names: CursorNames,
  runs: AsyncIterable<KeptByRun>,
  thisRun: number,
): Promise<Recalled | undefined> {
  let last: KeptByRun | undefined;
  for await (const kept of runs) {
    const { queuedAt: since, texts } = kept;
    const own = texts[names.own.toLowerCase()];
    if (own !== undefined) return { cursor: readCursor(own), since, others: last !== undefined };
    const shared = texts[names.shared.toLowerCase()];
    if (shared !== undefined) {
      if (last !== undefined) break;
      return { cursor: readCursor(shared), since, others: Object.keys(texts).length > 1, shared };
    }
    if (kept.run !== thisRun) last ??= kept;
  }
  if (last === undefined) return undefined;
  const judged = Object.assign({}, ...Object.values(last.texts).map((text) => readCursor(text).judged));
  return { cursor: { ...beginning(last.queuedAt), judged }, since: last.queuedAt, others: true };
}

/** @throws TaskError where the text is none of ours */
function readCursor(text: string): WatchCursor {
  const cursor = parse(text);
  if (cursor?.schema === 1 && !Number.isNaN(Date.parse(cursor.position))) return cursor;
  throw new TaskError("service", "The cursor that an earlier run of this pipeline kept cannot be read.", {
    errorCode: "AML1710",
    hint: `It is ${JSON.stringify(text.slice(0, 200))}. Remove that build property to start again.`,
  });
}

function beginning(time: number): WatchCursor {
  const start = new Date(time).toISOString();
  return { schema: 1, start, position: start, judged: {} };
}

/**
 * A cursor of its own: at `from`, or else after all that is there, so that history starts nothing. The agent's clock
 * is not asked: it may be wrong, and versions are dated by Azure ML's.
 * @throws TaskError where `from` is no time
 */
export async function newCursor(home: AssetHome, filter: WatchFilter, from: string | undefined): Promise<WatchCursor> {
  if (from !== undefined) {
    const time = Date.parse(from);
    if (!Number.isNaN(time)) return beginning(time);
    throw new TaskError("input", `Input beginAt is "${from}", which is no time.`, {
      errorCode: "AML1316",
      hint: "Write it as 2026-01-31T08:00:00Z.",
    });
  }
  const there: Record<string, number> = {};
  for await (const { name = "" } of containersOf(home, "models")) {
    if (!isNamed(name, filter.models)) continue;
    let newest: number | undefined;
    for await (const body of versionsOf(home, "models", name, { $orderBy: "createdtime desc", listViewType: "All" })) {
      const { version, createdAt } = createdIn(body);
      if (version === undefined || Number.isNaN(createdAt)) continue;
      newest ??= createdAt;
      if (createdAt < newest - OVERLAP) break;
      there[`${name}:${version}`] = createdAt;
    }
  }
  const position = Math.max(0, ...Object.values(there));
  const judged = Object.entries(there).filter(([, createdAt]) => createdAt >= position - OVERLAP);
  return { ...beginning(position), judged: Object.fromEntries(judged) };
}

/** A version's age by the service's data; `createdAt` is NaN if there is none. */
function createdIn(body: Parameters<typeof versionIn>[0]) {
  const created = (body as { systemData?: { createdAt?: string } }).systemData?.createdAt ?? "";
  const fraction = Number((/\.(\d+)/.exec(created)?.[1] ?? "").padEnd(7, "0").slice(3, 7));
  return { version: versionIn(body), createdAt: Date.parse(created), fraction };
}

function parse(text: string): WatchCursor | undefined {
  try {
    return JSON.parse(text) as WatchCursor;
  } catch {
    return undefined;
  }
}

/** Versions that the cursor has not passed, oldest first. Archived and anonymous ones are nobody's to start on. */
export async function newVersions(
  home: AssetHome,
  filter: WatchFilter,
  cursor: WatchCursor,
): Promise<WatchedVersion[]> {
  const since = Math.max(Date.parse(cursor.start), Date.parse(cursor.position) - OVERLAP);
  const found: WatchedVersion[] = [];
  for await (const { name = "" } of containersOf(home, "models")) {
    if (!isNamed(name, filter.models)) continue;
    const query = { $orderBy: "createdtime desc", listViewType: "ActiveOnly" };
    for await (const body of versionsOf(home, "models", name, query)) {
      const { version, createdAt, fraction } = createdIn(body);
      if (version === undefined || Number.isNaN(createdAt)) continue;
      // Newest first is what was asked for: the first older one ends the list.
      if (createdAt < since) break;
      if (Object.hasOwn(cursor.judged, `${name}:${version}`) || body.properties?.["isAnonymous"] === true) continue;
      const tags = body.properties?.tags ?? {};
      const wanted = Object.entries(filter.tags).every(([key, value]) => tags[key] === value);
      found.push({ name, version, createdAt, fraction, wanted });
    }
  }
  return found.sort(
    (one, other) =>
      one.createdAt - other.createdAt ||
      one.fraction - other.fraction ||
      one.name.localeCompare(other.name, "en") ||
      one.version.localeCompare(other.version, "en", { numeric: true }),
  );
}

/**
 * Before a start: should this run end in its middle, the next one asks whether it happened.
 * @param queuedAt when this run was queued, in milliseconds by the clock of Azure DevOps, which dates what is started
 */
export function intend(cursor: WatchCursor, version: WatchedVersion, queuedAt: number): WatchCursor {
  const named = `${version.name}:${version.version}`;
  const since = cursor.starting?.version === named ? cursor.starting.since : new Date(queuedAt).toISOString();
  return { ...cursor, starting: { version: named, since } };
}

/**
 * Since when the version may have been started already: by a run that was cut off at it, or by others whose inputs were
 * different. Never later than the run that says so was queued: the clock of its agent may have been wrong.
 */
export function mayBeStarted(
  recalled: Recalled | undefined,
  cursor: WatchCursor,
  version: WatchedVersion,
): { readonly since: Date; readonly byOthers: boolean } | undefined {
  if (recalled === undefined) return undefined;
  if (cursor.starting?.version === `${version.name}:${version.version}`) {
    const said = Date.parse(cursor.starting.since);
    return { since: new Date(Math.min(recalled.since, said || recalled.since)), byOthers: false };
  }
  return recalled.others ? { since: new Date(recalled.since), byOthers: true } : undefined;
}

/** After a start, or past a version that is not wanted. */
export function passed(cursor: WatchCursor, version: WatchedVersion): WatchCursor {
  const { starting: _starting, ...rest } = cursor;
  const position = Math.max(Date.parse(cursor.position), version.createdAt);
  const judged = { ...cursor.judged, [`${version.name}:${version.version}`]: version.createdAt };
  // What is older than the overlap can no longer be met.
  const kept = Object.entries(judged).filter(([, createdAt]) => createdAt >= position - OVERLAP);
  return { ...rest, position: new Date(position).toISOString(), judged: Object.fromEntries(kept) };
}

function isNamed(name: string, patterns: readonly string[]): boolean {
  const matches = (pattern: string) => {
    const text = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".");
    return new RegExp(`^${text}$`).test(name);
  };
  return patterns.length === 0 || patterns.some(matches);
}
