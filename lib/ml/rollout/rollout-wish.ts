// The wish of a rollout: the deployment's name and body, its strategy and its share of the traffic, and what other rollouts are at.
// Tests: test/lib/ml/rollout/rollout-plan.test.ts

export interface RolloutWish {
  /** Name of the deployment, and the body of its PUT. */
  readonly name: string;
  readonly body: DeploymentBody;
  /** Characters that a name may have, where they are fewer than 32. */
  readonly longestName?: number | undefined;
  /** Percent that the new deployment gets; 0 leaves the traffic alone. */
  readonly trafficPercent: number;
  readonly deleteOldDeployments: boolean;
  /** Whether autoscale settings are applied to the deployment: the instance count of one that is there is theirs. */
  readonly autoscale?: boolean | undefined;
  /** Absent: blue/green. */
  readonly strategy?: PlannedStrategy | undefined;
  /** Deployments that another rollout is changing, in lower case. */
  readonly foreign?: ReadonlySet<string>;
  /** Deployments, in lower case, that an earlier attempt of this very step made and did not finish. */
  readonly own?: ReadonlySet<string>;
}
/** A strategy, as far as the plan depends on it. */
export type PlannedStrategy =
  | { readonly kind: "blueGreen" | "inPlace" }
  | { readonly kind: "canary"; readonly steps: readonly number[] }
  | { readonly kind: "shadow"; readonly percent: number };

export interface DeploymentBody {
  readonly [key: string]: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}
