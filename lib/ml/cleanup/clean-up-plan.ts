// Plans a clean-up: from what was read and the rules to what goes, and to what a rule would take and something protects. Pure.

import type { CleanUpRules } from "./clean-up-rules.ts";
import { fateOfDeployment, fateOfEndpoint, type SeenEndpoint } from "./endpoint-plan.ts";
import { changedAt, type Dated, type Fate } from "./fate.ts";
import { planVersions, type SeenAsset, type Uses } from "./version-plan.ts";

export interface SeenWorkspace {
  readonly endpoints: readonly SeenEndpoint[];
  readonly models: readonly SeenAsset[];
  readonly data: readonly SeenAsset[];
}

/** Uses of versions of models and of data assets. */
export interface AssetUses {
  readonly models: Uses;
  readonly data: Uses;
}

export type ChangeKind = "endpoint" | "deployment" | "model" | "data";

/** Something that goes, or that a rule would take and that stays. */
export interface Change {
  readonly kind: ChangeKind;
  /** The name of an endpoint, a model or a data asset; of a deployment, its endpoint's. */
  readonly name: string;
  /** The deployment, or the version. */
  readonly part?: string;
  /** As a clause: "no request came in 72 hours". */
  readonly why: string;
  /** When it was last changed, in milliseconds since the epoch; absent where Azure does not say. */
  readonly changed?: number;
}

export interface CleanUpPlan {
  readonly changes: readonly Change[];
  readonly kept: readonly Change[];
}

/**
 * Deployments of an endpoint that goes go with it.
 * @param usesAfter what uses versions once the deployments and endpoints of the plan are gone
 * @param now milliseconds since the epoch
 */
export function planCleanUp(
  seen: SeenWorkspace,
  usesAfter: (gone: readonly Change[]) => AssetUses,
  rules: CleanUpRules,
  now: number,
): CleanUpPlan {
  const changes: Change[] = [];
  const kept: Change[] = [];
  const note = ({ goes, why }: Fate, one: Omit<Change, "why" | "changed">, body: Dated): boolean => {
    const changed = changedAt(body);
    if (why !== undefined) (goes ? changes : kept).push({ ...one, why, ...(changed === undefined ? {} : { changed }) });
    return goes;
  };
  for (const one of seen.endpoints) {
    const { name = "" } = one.endpoint;
    if (note(fateOfEndpoint(one, rules, now), { kind: "endpoint", name }, one.endpoint)) continue;
    for (const deployment of one.deployments) {
      const { name: part = "" } = deployment;
      note(fateOfDeployment(one, deployment, rules, now), { kind: "deployment", name, part }, deployment);
    }
  }
  const uses = usesAfter([...changes]);
  for (const [kind, place] of [
    ["model", "models"],
    ["data", "data"],
  ] as const) {
    for (const asset of seen[place]) {
      if (rules[place]?.(asset.name) !== true) continue;
      for (const { version, fate, body } of planVersions(asset, uses[place], rules, now))
        note(fate, { kind, name: asset.name, part: version }, body);
    }
  }
  return { changes, kept };
}

/** `fraud`, `blue of fraud`, `churn:3`. */
export const nameOf = ({ kind, name, part }: Pick<Change, "kind" | "name" | "part">): string =>
  kind === "endpoint" ? name : kind === "deployment" ? `${part} of ${name}` : `${name}:${part}`;
