// History of a monitor and of an endpoint's health: what was found, result after result, and its numbers over time. Pure.
import type { RunRecord } from "../../lib/record/index.ts";
import type { ChartProps } from "./chart.ts";

type Monitored = NonNullable<RunRecord["monitor"]>;

/** What one look found of a monitor's signals and an endpoint's deployments. */
export interface Judgement {
  /** ISO 8601. */
  readonly at: string;
  readonly monitor: Pick<Monitored, "outcome"> & {
    readonly signals?: NonNullable<Monitored["earlier"]>[number]["signals"];
    readonly deployments?: NonNullable<Monitored["earlier"]>[number]["deployments"];
  };
}

/** An entry of a history as its table shows it. */
export interface PastResult extends Judgement {
  readonly job?: string;
  readonly reason?: string;
}

/** Of one record: the runs of its monitor and the windows of its endpoint, each with the newest one first. */
export function pastOf(monitor: Monitored): { readonly runs: PastResult[]; readonly windows: PastResult[] } {
  const { signals, deployments, outcome, at, to, job, reasons = [], earlier = [] } = monitor;
  const shown = earlier.map(
    ({ at: when, job: run, reason, ...one }): PastResult => ({
      ...{ at: when, monitor: one },
      ...(run === undefined ? {} : { job: run }),
      ...(reason === undefined ? {} : { reason }),
    }),
  );
  const worst = (parts: readonly { readonly outcome: Monitored["outcome"] }[]) =>
    (["breached", "noEvidence"] as const).find((one) => parts.some((part) => part.outcome === one));
  // Reasons are those of the whole, and say nothing of a run that is not behind its outcome.
  const reason = outcome === "noEvidence" ? reasons.join(" ") : "";
  const ofSignals = worst(signals ?? []) ?? (signals?.length ? "healthy" : "noEvidence");
  const newestRun: PastResult[] =
    job === undefined || at === undefined
      ? []
      : [
          {
            ...{ at, job, monitor: { outcome: ofSignals, signals: signals ?? [] } },
            ...(ofSignals === "noEvidence" && reason !== "" ? { reason } : {}),
          },
        ];
  const newestWindow: PastResult[] =
    to === undefined || !deployments?.length
      ? []
      : [{ at: to, monitor: { outcome: worst(deployments) ?? "healthy", deployments } }];
  return {
    runs: [...newestRun, ...shown.filter((one) => one.job !== undefined)],
    windows: [...newestWindow, ...shown.filter((one) => one.job === undefined)],
  };
}

/** Names of the parts that broke, with commas between them. */
export const brokenIn = ({ signals = [], deployments = [] }: Judgement["monitor"]): string =>
  [...signals, ...deployments].flatMap(({ name, outcome }) => (outcome === "breached" ? [name] : [])).join(", ");

/** Charts of one monitor; more would only slow the page. */
const MOST_CHARTS = 12;

/** A chart for each metric with two results or more, with its threshold; those that break it now come first. */
export function chartsOver(results: readonly Judgement[]): ChartProps[] {
  const told = [...results].reverse().filter(({ at }) => Number.isFinite(Date.parse(at)));
  const series = new Map<string, { isBroken: boolean; values: Map<number, number>; thresholds: Map<number, number> }>();
  for (const { at, monitor } of told)
    for (const { title, value, threshold, broken } of numbersOf(monitor)) {
      const one = series.get(title) ?? { isBroken: false, values: new Map(), thresholds: new Map() };
      const place = Date.parse(at) / 1000;
      one.values.set(place, value);
      if (threshold !== undefined) one.thresholds.set(place, threshold);
      one.isBroken = broken;
      series.set(title, one);
    }
  // A result without the number is a gap in its line: nobody knows what was in between.
  const places = [...new Set(told.map(({ at }) => Date.parse(at) / 1000))];
  const drawn = [...series].filter(([, { values }]) => values.size > 1);
  const ordered = [...drawn.filter(([, { isBroken }]) => isBroken), ...drawn.filter(([, { isBroken }]) => !isBroken)];
  return ordered.slice(0, MOST_CHARTS).map(([title, { values, thresholds }], index) => {
    const limit = places.map((place) => thresholds.get(place) ?? null);
    return {
      ...{ title, along: "Time", isTime: true, places },
      ...(index === MOST_CHARTS - 1 && ordered.length > MOST_CHARTS
        ? { note: `The first ${MOST_CHARTS} of ${ordered.length} metrics; the results have them all.` }
        : {}),
      lines: [
        { name: "value", values: places.map((place) => values.get(place) ?? null) },
        ...(thresholds.size > 0 ? [{ name: "threshold", isReference: true, values: limit }] : []),
      ],
    };
  });
}

interface Numbered {
  readonly title: string;
  readonly value: number;
  readonly threshold?: number | undefined;
  readonly broken: boolean;
}

function numbersOf({ signals = [], deployments = [] }: Judgement["monitor"]): Numbered[] {
  return [
    ...signals.flatMap(({ name, metrics = [] }) =>
      metrics.flatMap(({ metric, of, value, threshold, broken = false }): Numbered[] =>
        value === undefined
          ? []
          : [{ title: `${name}: ${metric}${of === undefined ? "" : ` of ${of}`}`, value, threshold, broken }],
      ),
    ),
    ...deployments.flatMap(({ name, outcome, numbers = {} }) =>
      Object.entries(numbers).map(
        ([number, value]): Numbered => ({ title: `${name}: ${number}`, value, broken: outcome === "breached" }),
      ),
    ),
  ];
}
