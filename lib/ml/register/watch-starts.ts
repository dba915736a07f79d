// One run of WatchModels: each version since the last run that is wanted starts something, once and in order, and what is
// done is remembered before and after each start.
// Tests: test/tasks/watch.test.ts
import type { Log } from "../../log.ts";
import type { AssetHome } from "../assets/asset-home.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import {
  type CursorNames,
  intend,
  type KeptByRun,
  mayBeStarted,
  newCursor,
  newVersions,
  passed,
  recallCursor,
  type WatchedVersion,
  type WatchFilter,
} from "./watch.ts";

/** The pipeline's side: what starts something, and remembers texts under names. */
export interface VersionStarter {
  readonly runId: number;
  /** The entries that this run and earlier runs stored under a name and longer names, the newest first. */
  kept(name: string): AsyncIterable<KeptByRun>;
  remember(name: string, text: string): Promise<void>;
  /** When this run was queued, by Azure DevOps' own clock. */
  queuedAt(): Promise<Date>;
  /** The run or release that was started for this version since then; undefined if there is none. */
  find(version: WatchedVersion, since: Date, exactly?: boolean): Promise<Started | undefined>;
  start(version: WatchedVersion): Promise<Started>;
}

interface Started {
  /** Display name: a run's number, a release's name. */
  readonly reference: string;
  readonly url: string;
}

/** The record's section on what was started. */
interface WatchSection {
  readonly started: readonly {
    /** `name:version` of the model. */
    readonly version: string;
    /** As it is shown: a run's number, a release's name. */
    readonly reference: string;
    readonly url: string;
    /** True: an earlier run had started it. */
    readonly before?: boolean;
  }[];
}

export interface Watching extends Pick<Callbacks<WatchSection>, "onProgress"> {
  readonly home: AssetHome;
  readonly filter: WatchFilter;
  readonly names: CursorNames;
  readonly beginAt: string | undefined;
}

/**
 * Starts what is new.
 * @returns `name:version` of each version that this run started
 */
export async function startNewVersions(
  { home, filter, names, beginAt, onProgress }: Watching,
  starter: VersionStarter,
  log: Log,
  signal: AbortSignal,
): Promise<string[]> {
  const recalled = await recallCursor(names, starter.kept(names.shared), starter.runId);
  let cursor = recalled?.cursor ?? (await newCursor(home, filter, beginAt));
  // A step of this run that comes later goes on there as well.
  if (recalled?.shared !== undefined) await starter.remember(names.shared, recalled.shared);
  const keep = async (next: typeof cursor) => {
    cursor = next;
    await starter.remember(names.own, JSON.stringify(cursor));
  };
  // Also where nothing is new: the next run looks at the last runs only.
  await keep(cursor);
  const started: WatchSection["started"][number][] = [];
  onProgress?.({ started });
  for (const version of await newVersions(home, filter, cursor)) {
    const named = `${version.name}:${version.version}`;
    if (version.wanted) {
      const asked = mayBeStarted(recalled, cursor, version);
      await keep(intend(cursor, version, (await starter.queuedAt()).getTime()));
      const found = asked && (await starter.find(version, asked.since, asked.byOthers));
      const { reference, url } = found ?? (await starter.start(version));
      log.info(`${named} ${found ? "was started by an earlier run" : "started"}: ${reference}, ${url}`);
      started.push({ version: named, reference, url, ...(found ? { before: true } : {}) });
      onProgress?.({ started: [...started] });
    }
    await keep(passed(cursor, version));
    signal.throwIfAborted();
  }
  const own = started.filter(({ before }) => !before).map(({ version }) => version);
  if (own.length === 0)
    log.info(Date.parse(cursor.position) > 0 ? `Nothing is new since ${cursor.position}.` : "Nothing is there yet.");
  return own;
}
