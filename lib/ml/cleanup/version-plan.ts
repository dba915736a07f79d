// Plans which versions of a model or a data asset are archived: those that are neither among the newest, nor young, nor in use. Pure.
// Tests: test/lib/ml/cleanup/clean-up-plan.test.ts
import { EVIDENCE } from "../../documents/assets/evidence-names.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { versionIn } from "../assets/assets.ts";
import { carriesLabel } from "../gate/champion.ts";
import type { CleanUpRules } from "./clean-up-rules.ts";
import { createdAt, DAY, type Fate, keptByTag, STAYS } from "./fate.ts";

/** A model or a data asset, with its versions that are not archived. */
export interface SeenAsset {
  readonly name: string;
  readonly versions: readonly AssetBody[];
}

/** Why a version is in use, as a clause; undefined where nothing is known to use it. */
export type Uses = (name: string, version: string) => string | undefined;

export interface VersionFate {
  readonly version: string;
  readonly body: AssetBody;
  readonly fate: Fate;
}

/** The fate of each version of an asset, the newest first. */
export function planVersions(asset: SeenAsset, uses: Uses, rules: CleanUpRules, now: number): VersionFate[] {
  const newestFirst = [...asset.versions].sort(byAge);
  const dated = newestFirst.filter((one) => createdAt(one) !== undefined);
  const newest = new Set(dated.slice(0, rules.keepVersions));
  const passed = newestFirst.find((one) => one.properties?.tags?.[EVIDENCE.result] === "passed");
  return newestFirst.flatMap((one) => {
    const version = versionIn(one);
    if (version === undefined) return [];
    if (newest.has(one)) return [{ version, body: one, fate: STAYS }];
    const fate = fateOfVersion(one, uses(asset.name, version), rules, now);
    if (!fate.goes || one !== passed) return [{ version, body: one, fate }];
    const kept = `${fate.why}, but it is the newest that passed its evaluation`;
    return [{ version, body: one, fate: { goes: false, why: kept } as const }];
  });
}

/** The fate of one version that is not among the newest. @param use why it is in use */
export function fateOfVersion(one: AssetBody, use: string | undefined, rules: CleanUpRules, now: number): Fate {
  const at = createdAt(one);
  const { tags, isArchived, provisioningState } = one.properties ?? {};
  if (isArchived === true) return STAYS;
  if (at === undefined) return { goes: false, why: "Azure does not say when it was made" };
  if (now - at < rules.versionDays * DAY) return STAYS;
  const why = `it is ${Math.floor((now - at) / DAY)} days old, and ${rules.keepVersions} newer ones stay`;
  const label = rules.keepLabels.find((each) => carriesLabel(one, each));
  const state = typeof provisioningState === "string" ? provisioningState : "Succeeded";
  const shield =
    keptByTag(tags) ??
    (label === undefined ? undefined : `it carries the label ${label}`) ??
    use ??
    (/^(succeeded|failed|cancell?ed)$/i.test(state) ? undefined : `it is ${state}`);
  return shield === undefined ? { goes: true, why } : { goes: false, why: `${why}, but ${shield}` };
}

/** The newest first; of versions made at one moment, the higher number. Those without a time come last. */
function byAge(a: AssetBody, b: AssetBody): number {
  const [x, y] = [createdAt(a) ?? Number.NEGATIVE_INFINITY, createdAt(b) ?? Number.NEGATIVE_INFINITY];
  if (x !== y) return y > x ? 1 : -1;
  return (versionIn(b) ?? "").localeCompare(versionIn(a) ?? "", "en", { numeric: true });
}
