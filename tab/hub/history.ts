// Histories of monitors and of endpoints' health for the hub: what was found, result after result, and its numbers over time.
import type { RunRecord } from "../../lib/record/index.ts";
import type { ChartProps } from "../model/chart.ts";
import type { Endpoint, ModelRun, RunName } from "./endpoints.ts";

type Monitored = NonNullable<RunRecord["monitor"]>;

export interface MonitorResultOf {
  /** ISO 8601. */
  readonly at: string;
  readonly run: RunName;
  readonly monitor: Monitored;
}

/** All results of one monitor, or of one endpoint's health. */
export interface MonitorHistory {
  readonly key: string;
  readonly title: string;
  readonly workspace?: NonNullable<RunRecord["workspace"]>;
  /** The newest first. */
  readonly results: readonly MonitorResultOf[];
}

/** Charts of one monitor; more would only slow the page. */
const MOST_CHARTS = 12;

/** The one with the newest result comes first; those that are breached before all others. */
export function monitorsOf(runs: readonly ModelRun[]): MonitorHistory[] {
  const found = new Map<string, { title: string; workspace: RunRecord["workspace"]; results: MonitorResultOf[] }>();
  for (const { records, ...run } of runs)
    for (const { monitor, workspace, started, finished = started } of records) {
      if (!monitor) continue;
      const { name, endpoint } = monitor;
      const place = [workspace?.subscriptionId, workspace?.resourceGroup, workspace?.name];
      const key = JSON.stringify([...place, name, endpoint].map((one) => one?.toLowerCase() ?? ""));
      const title = [name, endpoint && `endpoint ${endpoint}`].filter(Boolean).join(", ") || "Without a name";
      const known = found.get(key) ?? { title, workspace, results: [] };
      known.results.push({ at: monitor.at ?? monitor.to ?? finished, run, monitor });
      found.set(key, known);
    }
  const histories = [...found].map(
    ([key, { title, workspace, results }]): MonitorHistory => ({
      ...{ key, title, ...(workspace === undefined ? {} : { workspace }) },
      results: results.sort((one, other) => timeOf(other.at) - timeOf(one.at) || other.run.id - one.run.id),
    }),
  );
  const isBreached = ({ results }: MonitorHistory) => (results[0]?.monitor.outcome === "breached" ? 0 : 1);
  return histories.sort(
    (one, other) => isBreached(one) - isBreached(other) || timeOf(other.results[0]?.at) - timeOf(one.results[0]?.at),
  );
}

/** The newest result about this endpoint, of whichever monitor. */
export function healthOf(
  monitors: readonly MonitorHistory[],
  { name, workspace }: Pick<Endpoint, "name" | "workspace">,
): MonitorResultOf | undefined {
  const same = (one: string | undefined, other: string | undefined) => one?.toLowerCase() === other?.toLowerCase();
  return monitors
    .filter(
      ({ workspace: of }) => same(of?.name, workspace?.name) && same(of?.subscriptionId, workspace?.subscriptionId),
    )
    .flatMap(({ results: [newest] }) => (newest && same(newest.monitor.endpoint, name) ? [newest] : []))
    .sort((one, other) => timeOf(other.at) - timeOf(one.at))[0];
}

/** A chart for each metric with two results or more, with its threshold; those that break it now come first. */
export function monitorCharts({ results }: MonitorHistory): ChartProps[] {
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
  const drawn = [...series].filter(([, { values }]) => values.size > 1);
  const ordered = [...drawn.filter(([, { isBroken }]) => isBroken), ...drawn.filter(([, { isBroken }]) => !isBroken)];
  return ordered.slice(0, MOST_CHARTS).map(([title, { values, thresholds }], index) => {
    const places = [...values.keys()];
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

function numbersOf({ signals = [], deployments = [] }: Monitored): Numbered[] {
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

const timeOf = (iso: string | undefined): number => Date.parse(iso ?? "") || 0;
