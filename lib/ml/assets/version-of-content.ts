// Finds the version of an asset that already holds a content, or the next free version number, from a list and a container that agree.
// Tests: test/tasks/same-content.test.ts

import type { AssetKind } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import { poll } from "../../poll.ts";
import type { AssetBody, AssetHome } from "./asset-home.ts";
import { findContainer, findVersion, nextVersion, versionIn, versionsOf } from "./assets.ts";

export interface Held {
  /** The version that holds it. */
  readonly there?: AssetBody;
  /** The number of the next version; empty where one holds it. */
  readonly free: string;
}

/** Milliseconds within which a version that a registry has counted, and does not show, is waited for: its PUT may still be at work. */
const LONGEST_COUNTED = 15_000;

/**
 * The list and the number that is free are read side by side, so that another run may have registered the same between the two. The
 * number is believed only where the version before it is in the list; otherwise the versions are listed again.
 * Two round trips at the same time; two more where the newest version is archived, was deleted, or came in between.
 */
export async function findVersionOf(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  isHeldBy: (version: AssetBody) => Promise<boolean>,
): Promise<Held> {
  const [first, container] = await Promise.all([look(home, kind, name, isHeldBy), findContainer(home, kind, name)]);
  if (first.there) return { there: first.there, free: "" };
  // Versions of what is not there contradict each other: both are read until they agree.
  const isOdd = container === undefined && first.seen.size > 0;
  const free = isOdd ? await nextVersion(home, kind, name) : container?.properties?.nextVersion || "1";
  const before = /^[1-9]\d{0,14}$/.test(free) ? String(Number(free) - 1) : "0";
  if (before === "0" || first.seen.has(before)) return { free };
  const second = await look(home, kind, name, isHeldBy, first.seen);
  if (second.there) return { there: second.there, free: "" };
  // A workspace shows what it has counted. In a registry the version that was counted may still be coming.
  if (home.apiVersion === undefined || second.seen.has(before) || !(await comes(home, kind, name, before)))
    return { free };
  const third = await look(home, kind, name, isHeldBy, second.seen);
  return third.there ? { there: third.there, free: "" } : { free };
}

async function look(
  home: AssetHome,
  kind: AssetKind,
  name: string,
  isHeldBy: (version: AssetBody) => Promise<boolean>,
  judged: ReadonlySet<string> = new Set(),
): Promise<{ there?: AssetBody; seen: ReadonlySet<string> }> {
  const seen = new Set<string>();
  for await (const version of versionsOf(home, kind, name)) {
    const number = versionIn(version) ?? "";
    // A version never changes, and to compare its files may take long.
    if (!judged.has(number) && (await isHeldBy(version))) return { there: version, seen };
    seen.add(number);
  }
  return { seen };
}

/** Whether the version is there within the time, and in use: an archived one is in no list. */
async function comes(home: AssetHome, kind: AssetKind, name: string, version: string): Promise<boolean> {
  try {
    return await poll(
      async () => {
        const there = await findVersion(home, kind, name, version);
        return there ? { done: true, value: there.properties?.isArchived !== true } : { done: false };
      },
      { what: `${name}:${version}`, signal: home.signal, deadline: LONGEST_COUNTED, initial: 1_000, maximum: 4_000 },
    );
  } catch (error) {
    // It was deleted.
    if (error instanceof TaskError && error.kind === "timeout") return false;
    throw error;
  }
}
