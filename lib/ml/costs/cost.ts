// The arithmetic of a job's cost: node-hours, list prices of machines, sums. Pure.
// Sources: docs/facts/operations.md#B.3, docs/facts/operations.md#B.4, docs/facts/recorded-operations.md#6.3.
// Tests: test/lib/ml/costs/cost.test.ts
import type { MachineSize, Tier } from "../workspace/region.ts";

/** The basis of the numbers, and their omissions. */
export const LABEL = "estimate at list price, without idle node time, disks, network";

/** Of one machine for one hour. */
export interface Price {
  readonly perHour: number;
  /** As the service answers it: `USD`. */
  readonly currency: string;
}

const TIERS: Readonly<Record<Tier, string>> = { dedicated: "standard", lowPriority: "lowpriority" };

/**
 * The list price of a size under Linux: the lowest of its tier, because in a recorded list prices of Windows also stood under
 * Linux.
 * @returns undefined where the list has no price above zero, no currency, or another unit than the hour
 */
export function priceOf(size: MachineSize | undefined, tier: Tier): Price | undefined {
  const { billingCurrency: currency, unitOfMeasure, values = [] } = size?.estimatedVMPrices ?? {};
  // A text of others goes into sentences: only a currency's code does.
  if (
    !/^[A-Za-z]{3}$/.test(currency ?? "") ||
    currency === undefined ||
    (unitOfMeasure !== undefined && unitOfMeasure !== "OneHour")
  )
    return undefined;
  const prices = values.flatMap(({ osType, vmTier, retailPrice }) =>
    osType?.toLowerCase() === "linux" &&
    vmTier?.toLowerCase() === TIERS[tier] &&
    typeof retailPrice === "number" &&
    Number.isFinite(retailPrice) &&
    retailPrice > 0
      ? [retailPrice]
      : [],
  );
  return prices.length === 0 ? undefined : { perHour: Math.min(...prices), currency };
}

/** Nodes that ran for some time. */
export interface NodeUse {
  /** Name of the step, or of the job. */
  readonly name: string;
  readonly nodes: number;
  readonly milliseconds: number;
  /** Undefined: no price is known. */
  readonly price: Price | undefined;
}

export interface Cost {
  readonly nodeHours: number;
  /** The sum of what has a price; absent where nothing has one. */
  readonly amount?: number;
  readonly currency?: string;
  /** Names of what ran and has no price, or one in another currency: the amount lacks it. */
  readonly unpriced: readonly string[];
}

const nodeHoursOf = ({ nodes, milliseconds }: Pick<NodeUse, "nodes" | "milliseconds">): number =>
  (nodes * milliseconds) / 3_600_000;

/** Sums uses up. Different currencies are not added: the first one counts. */
export function costOf(uses: readonly NodeUse[]): Cost {
  const currency = uses.find(({ price }) => price !== undefined)?.price?.currency;
  let nodeHours = 0;
  let amount = 0;
  const unpriced = new Set<string>();
  for (const use of uses) {
    const hours = nodeHoursOf(use);
    nodeHours += hours;
    if (use.price !== undefined && use.price.currency === currency) amount += hours * use.price.perHour;
    else if (hours > 0) unpriced.add(use.name);
  }
  return {
    nodeHours,
    ...(currency === undefined ? {} : { amount, currency }),
    unpriced: [...unpriced],
  };
}

/** `0.34 USD`; more digits where two would be zero, so that little is not shown as nothing. */
export function sayAmount(amount: number, currency: string): string {
  return `${saySmall(amount)} ${currency}`;
}

export const sayHours = (hours: number): string => `${saySmall(hours)} node-hours`;

function saySmall(value: number): string {
  if (value === 0) return "0";
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}
