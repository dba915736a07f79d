// Which model versions are new: everything created after a cursor, in the order of creation.
import { createHash } from "node:crypto";
import { TaskError } from "../errors.ts";
import { type AssetHome, containersOf, versionIn, versionsOf } from "./assets.ts";
import { isRegistry } from "./registry.ts";

/** How far a pipeline has got. Plain JSON; dates are ISO 8601. */
export interface WatchCursor {
  readonly schema: 1;
  /** Nothing older is ever looked at. */
  readonly start: string;
  /** Everything created up to here has been judged. */
  readonly position: string;
  /** `name:version` that were judged within the overlap before `position`, and when each was created. */
  readonly judged: Readonly<Record<string, number>>;
  /** A version that was about to be started, and when: its answer may have been lost. */
  readonly starting?: { readonly version: string; readonly since: string };
}

export interface WatchedVersion {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** What the service says below the millisecond, in units of 100 nanoseconds. */
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

/** The name under which a run remembers its cursor for this workspace or registry and this target. */
export function cursorName(home: AssetHome, target: string): string {
  const text = `${(isRegistry(home) ? home.uri : home.id).toLowerCase()}\n${target}`;
  return `AzureML.WatchModels.${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
}

/**
 * What an earlier run remembered; without any, a cursor that begins at `from`, or now: history starts nothing.
 * @throws TaskError where `from` is no time, or the text is none of ours
 */
export function readCursor(text: string | undefined, from: string | undefined, now: number): WatchCursor {
  if (text !== undefined) {
    const cursor = parse(text);
    if (cursor?.schema === 1 && !Number.isNaN(Date.parse(cursor.position))) return cursor;
    throw new TaskError("service", "The cursor that an earlier run of this pipeline kept cannot be read.", {
      hint: `It is ${JSON.stringify(text.slice(0, 200))}. Remove that build property to begin anew.`,
    });
  }
  const time = from === undefined ? now : Date.parse(from);
  if (Number.isNaN(time)) {
    throw new TaskError("input", `Input beginAt is "${from}", which is no time.`, {
      hint: "Write it as 2026-01-31T08:00:00Z.",
    });
  }
  const start = new Date(time).toISOString();
  return { schema: 1, start, position: start, judged: {} };
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
      const created = (body as { systemData?: { createdAt?: string } }).systemData?.createdAt ?? "";
      const createdAt = Date.parse(created);
      const fraction = Number((/\.(\d+)/.exec(created)?.[1] ?? "").padEnd(7, "0").slice(3, 7));
      const version = versionIn(body);
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

/** Before a start: should this run end in its middle, the next one asks whether it happened. */
export function intend(cursor: WatchCursor, version: WatchedVersion, now: number): WatchCursor {
  const named = `${version.name}:${version.version}`;
  const since = cursor.starting?.version === named ? cursor.starting.since : new Date(now).toISOString();
  return { ...cursor, starting: { version: named, since } };
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
