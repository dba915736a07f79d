// Early termination of sweep trials: the three policies, as Azure ML's documentation describes them.

/** `earlyTermination` of a sweep. */
export interface Policy {
  readonly policyType: string;
  readonly delayEvaluation?: number | null;
  readonly evaluationInterval?: number | null;
  readonly slackFactor?: number | null;
  readonly slackAmount?: number | null;
  readonly truncationPercentage?: number | null;
}

/** The primary metric of each trial, as often as it was logged. */
export type Histories = ReadonlyMap<string, readonly number[]>;

/** Trials among `running` that the policy ends now. @param sign 1 to maximize, -1 to minimize */
export function toEnd(policy: Policy, histories: Histories, running: readonly string[], sign: 1 | -1): string[] {
  const interval = Math.max(1, policy.evaluationInterval ?? 1);
  const delay = policy.delayEvaluation ?? 0;
  return running.filter((trial) => {
    const own = histories.get(trial) ?? [];
    const count = own.length;
    if (count === 0 || count <= delay || count % interval !== 0) return false;
    return isBehind(policy, histories, trial, count, sign);
  });
}

function isBehind(policy: Policy, histories: Histories, trial: string, count: number, sign: 1 | -1): boolean {
  const best = (values: readonly number[]) => Math.max(...values.map((value) => value * sign));
  const own = histories.get(trial) ?? [];
  const others = [...histories].filter(([name, values]) => name !== trial && values.length >= count);
  if (others.length === 0) return false;
  switch (policy.policyType) {
    case "Bandit": {
      const leader = Math.max(...others.map(([, values]) => best(values.slice(0, count))));
      const amount = policy.slackAmount ?? 0;
      const allowed =
        amount > 0
          ? leader - amount
          : sign > 0
            ? leader / (1 + (policy.slackFactor ?? 0))
            : leader * (1 + (policy.slackFactor ?? 0));
      return best(own) < allowed;
    }
    case "MedianStopping": {
      const averages = others
        .map(([, values]) => mean(values.slice(0, count)) * sign)
        .sort((one, other) => one - other);
      const median = averages[Math.floor((averages.length - 1) / 2)] ?? Number.NEGATIVE_INFINITY;
      return best(own) < median;
    }
    case "TruncationSelection": {
      const ranked = [...histories]
        .filter(([, values]) => values.length >= count)
        .sort(([, one], [, other]) => (one[count - 1] ?? 0) * sign - (other[count - 1] ?? 0) * sign)
        .map(([name]) => name);
      const cut = Math.floor((ranked.length * (policy.truncationPercentage ?? 0)) / 100);
      return ranked.slice(0, cut).includes(trial);
    }
    default:
      return false;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
