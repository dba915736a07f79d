// Fate of a thing in a clean-up, and what decides it for every kind of thing: its age, and the tag that keeps it. Pure.
// Tests: test/lib/ml/cleanup/clean-up-plan.test.ts
import { KEEP_TAG } from "../workspace/lineage.ts";

/** Whether a thing goes, and why, as a clause: "no request came in 72 hours". A thing that stays without `why` is touched by no rule. */
export type Fate = { readonly goes: true; readonly why: string } | { readonly goes: false; readonly why?: string };

export const STAYS: Fate = { goes: false };

/** Milliseconds. */
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Milliseconds: both times of a thing that is made are written within one. Whatever changes it needs a request of its own, seconds later. */
const SAME_MOMENT = 1_000;

/** Since then the time of an endpoint's last change is recorded not to move any more (docs/facts/recorded-operations.md#2.1). */
const TIMES_STOOD = Date.UTC(2024, 0, 1);

/** A resource's own times. */
export interface Dated {
  readonly systemData?: { readonly createdAt?: string; readonly lastModifiedAt?: string } | null;
}

/** Milliseconds since the epoch; undefined where Azure does not say. */
export function createdAt({ systemData }: Dated): number | undefined {
  const at = Date.parse(systemData?.createdAt ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** The last change, or the creation where that is later; undefined where Azure does not say when it was made. */
export function changedAt(one: Dated): number | undefined {
  const created = createdAt(one);
  const changed = Date.parse(one.systemData?.lastModifiedAt ?? "");
  return created === undefined || Number.isNaN(changed) ? created : Math.max(created, changed);
}

/**
 * The last change, where Azure dates changes of this thing at all; undefined where it does not: since 2024 the time of an endpoint's last change is
 * recorded to stay where it is, whatever is written later (docs/facts/recorded-operations.md#2.1). That is the time of the creation, or, of what
 * was made and changed before, one that says nothing of all the years since.
 */
export function changedSince(one: Dated): number | undefined {
  const [created, changed] = [createdAt(one), changedAt(one)];
  if (created === undefined || changed === undefined) return undefined;
  return changed - created < SAME_MOMENT || changed < TIMES_STOOD ? undefined : changed;
}

/** Why a tag keeps a resource, as a clause. The value `false` takes that back. */
export function keptByTag(tags: Readonly<Record<string, string>> | null | undefined): string | undefined {
  const value = tags?.[KEEP_TAG];
  return value === undefined || value.toLowerCase() === "false" ? undefined : `the tag ${KEEP_TAG} keeps it`;
}
