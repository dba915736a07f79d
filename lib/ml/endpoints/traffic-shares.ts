// Arithmetic of traffic: shares in whole percents that add up to 100, the change by one write, and the traffic without it. Pure.
// Tests: test/lib/ml/rollout/rollout-plan.test.ts
import type { Traffic } from "./endpoints.ts";

export const withoutZeros = (traffic: Traffic): Traffic =>
  Object.fromEntries(Object.entries(traffic).filter(([, percent]) => percent > 0));
export const sameName = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase();

/** Percent of the traffic that a deployment gets, whatever the case of its name. */
export const shareOf = (traffic: Traffic | null | undefined, name: string): number =>
  Object.entries(traffic ?? {}).find(([one]) => sameName(one, name))?.[1] ?? 0;

/**
 * Traffic with `percent` for `name`; the others keep their proportions in what is left, in whole percents that add up to
 * 100. Where nobody else has traffic, it is all of it.
 */
export function trafficWith(before: Traffic, name: string, percent: number): Traffic {
  if (percent === 0) return before;
  const others = withoutZeros(Object.fromEntries(Object.entries(before).filter(([other]) => !sameName(other, name))));
  if (Object.keys(others).length === 0 || percent >= 100) return { [name]: 100 };
  return { ...spread(others, 100 - percent), [name]: percent };
}

/** A deployment has live or mirrored traffic, and not both: its mirror ends with the write that makes it live. */
export const unmirrored = (mirror: Traffic, live: Traffic, name: string): Traffic =>
  shareOf(live, name) > 0 && shareOf(mirror, name) > 0 ? { [name]: 0 } : mirror;

/** `left` percent among `shares`, in their proportions and in whole percents; nobody is in it twice or with nothing. */
function spread(shares: Traffic, left: number): Traffic {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  const whole = Object.entries(shares).map(([name, share]) => {
    const exact = (share * left) / total;
    return { name, share: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let missing = left - whole.reduce((sum, { share }) => sum + share, 0);
  const given: Record<string, number> = {};
  for (const one of [...whole].sort((a, b) => b.rest - a.rest || a.name.localeCompare(b.name))) {
    given[one.name] = one.share + (missing-- > 0 ? 1 : 0);
  }
  return withoutZeros(Object.fromEntries(Object.keys(shares).map((name) => [name, given[name] ?? 0])));
}

/** The change of traffic by one write: the share before and after, by deployment. */
export type Changes = Readonly<Record<string, readonly [before: number, after: number]>>;

export function changesOf(before: Traffic, after: Traffic): Changes {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const all = [...names].map((name) => [name, [before[name] ?? 0, after[name] ?? 0]] as const);
  return Object.fromEntries(all.filter(([, [was, is]]) => was !== is));
}

/**
 * The change by two writes, one after the other, of which the first is to be taken back with the second. Where somebody else has written
 * between them, `trafficWithout` finds that the shares do not add up, and takes back only the deployment's own.
 */
export function changesTogether(first: Changes | undefined, second: Changes): Changes {
  const names = new Set([...Object.keys(first ?? {}), ...Object.keys(second)]);
  const all = [...names].map((name) => {
    const [one, other] = [first?.[name], second[name]];
    return [name, [(one ?? other)?.[0] ?? 0, (other ?? one)?.[1] ?? 0]] as const;
  });
  return Object.fromEntries(all);
}

/**
 * The traffic without what one write gave to `name`. Where all that it changed stands as it was written, each share goes back
 * by what was changed; where others have moved since, only this share goes, and they keep their proportions.
 * @param there names of the deployments that there are: a share of one that is gone goes to those that are left
 * @returns undefined where the share is no longer the written one: it is somebody else's by now; or where nobody is left
 */
export function trafficWithout(
  now: Traffic,
  name: string,
  changes: Changes,
  there: readonly string[] = [...Object.keys(now), ...Object.keys(changes)],
): Traffic | undefined {
  const [before, after] = changes[name] ?? [0, 0];
  if (shareOf(now, name) !== after) return undefined;
  if (Object.entries(changes).every(([one, [, share]]) => shareOf(now, one) === share)) {
    const back = Object.fromEntries(Object.entries(changes).map(([one, [share]]) => [one, share]));
    const whole = withoutZeros({ ...now, ...back });
    const left = Object.fromEntries(Object.entries(whole).filter(([one]) => there.some((is) => sameName(is, one))));
    const sum = Object.values(whole).reduce((total, share) => total + share, 0);
    const isWhole = sum === 100 || sum === 0;
    if (isWhole && Object.keys(left).length === Object.keys(whole).length) return whole;
    const { [name]: _own, ...rest } = left;
    if (Object.keys(rest).length === 0) return undefined;
    return withoutZeros({ ...spread(rest, 100 - before), ...(before > 0 ? { [name]: before } : {}) });
  }
  const others = withoutZeros(Object.fromEntries(Object.entries(now).filter(([other]) => !sameName(other, name))));
  if (Object.keys(others).length === 0) return undefined;
  return withoutZeros({ ...spread(others, 100 - before), [name]: before });
}

export function sayTraffic(traffic: Traffic): string {
  const shares = Object.entries(traffic).filter(([, percent]) => percent > 0);
  return shares.length === 0 ? "none" : shares.map(([name, percent]) => `${name} ${percent} %`).join(", ");
}

export function sameTraffic(a: Traffic, b: Traffic): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}
