// Slices of a metric: the metrics whose names begin alike, such as f1/north and f1/south, with the worst, the best and the spread. Pure.
// Tests: test/lib/ml/gate/special-terms.test.ts
import type { Better } from "../../statistics/row-metrics.ts";

interface Slice {
  readonly name: string;
  readonly value: number;
  /** Rows of the slice, where a metric says them. */
  readonly rows?: number;
}

export interface SlicesFound {
  readonly names: readonly string[];
  readonly count: number;
  readonly worst: number;
  readonly worstName: string;
  readonly best: number;
  readonly spread: number;
  /** Names the worst slice and its size. */
  readonly said: string;
}

/** Beginnings of metrics that say how many rows a slice has. */
const SIZES = ["rows/", "count/", "size/", "support/", "n/"];

/** @returns a sentence where there are too few slices, or one of them has no finite value */
export function slicesOf(
  metrics: Readonly<Record<string, number>>,
  prefix: string,
  expected: number,
  better: Better,
): SlicesFound | string {
  const slices = Object.keys(metrics)
    .filter((name) => name.startsWith(prefix) && name.length > prefix.length)
    .sort()
    .map((metric): Slice => {
      const name = metric.slice(prefix.length);
      const size = SIZES.map((one) => metrics[`${one}${name}`]).find((rows) => rows !== undefined);
      return { name, value: metrics[metric] as number, ...(size === undefined ? {} : { rows: size }) };
    });
  if (slices.length < expected) {
    const there = slices.length === 0 ? "none" : `${slices.length}: ${slices.map(({ name }) => name).join(", ")}`;
    return `The rule asks for ${expected} ${expected === 1 ? "slice" : "slices"} ${prefix}* at least, and the job has ${there}.`;
  }
  const broken = slices.find(({ value }) => !Number.isFinite(value));
  if (broken) return `The slice ${prefix}${broken.name} is ${broken.value}, which is no finite number.`;
  const ordered = [...slices].sort((a, b) => a.value - b.value);
  const [low, high] = [ordered[0] as Slice, ordered.at(-1) as Slice];
  const [worst, best] = better === "higher" ? [low, high] : [high, low];
  const spread = high.value - low.value;
  const rows = worst.rows === undefined ? "" : ` over ${worst.rows} rows`;
  return {
    names: slices.map(({ name }) => name),
    ...{ count: slices.length, worst: worst.value, worstName: worst.name, best: best.value, spread },
    said: `The worst of ${slices.length} slices is ${prefix}${worst.name} with ${digits(worst.value)}${rows}; the best is ${prefix}${best.name} with ${digits(best.value)}.`,
  };
}

/**
 * The slices of a job against the same slices of its champion.
 * @param whose what the champion is called
 * @returns a sentence where a slice of the champion is missing or no finite number, or none is common to both
 */
export function slicesAgainst(
  metrics: Readonly<Record<string, number>>,
  champion: Readonly<Record<string, number>>,
  { prefix, expected, whose }: { readonly prefix: string; readonly expected: number; readonly whose: string },
  better: Better,
): { readonly champion: number | undefined; readonly lost: number; readonly said: string } | string {
  const own = slicesOf(metrics, prefix, expected, better);
  if (typeof own === "string") return own;
  const theirs = slicesOf(champion, prefix, 1, better);
  if (typeof theirs === "string")
    return theirs.startsWith("The slice")
      ? `Of ${whose}: ${theirs}`
      : `${whose.charAt(0).toUpperCase()}${whose.slice(1)} has no slice ${prefix}* to compare with.`;
  // A slice that vanished may be the one that became worse.
  const gone = theirs.names.filter((name) => !own.names.includes(name));
  if (gone.length > 0) return `The job has no slice ${prefix}${gone.join(`, ${prefix}`)}, which ${whose} has.`;
  const value = (all: Readonly<Record<string, number>>, name: string) => all[`${prefix}${name}`] as number;
  const losses = theirs.names.map((name) => {
    const gain = value(metrics, name) - value(champion, name);
    return { name, lost: better === "higher" ? -gain : gain };
  });
  const [most] = losses.sort((a, b) => b.lost - a.lost || a.name.localeCompare(b.name)) as [(typeof losses)[number]];
  const by = most.lost === 0 ? "the same" : `${most.lost > 0 ? "worse" : "better"} by ${digits(Math.abs(most.lost))}`;
  const isNew = own.names.length - theirs.names.length;
  const alone = isNew === 0 ? "" : ` ${isNew} more ${isNew === 1 ? "is" : "are"} of the job alone.`;
  const compared = `Of ${theirs.count} slices of both, ${prefix}${most.name} lost most against ${whose}: ${digits(value(metrics, most.name))} against ${digits(value(champion, most.name))}, ${by}.`;
  return {
    champion: theirs.names.includes(own.worstName) ? value(champion, own.worstName) : undefined,
    lost: most.lost === 0 ? 0 : most.lost,
    said: `${own.said} ${compared}${alone}`,
  };
}

const digits = (value: number) => String(Number(value.toPrecision(4)));
