// Histories of monitors and of endpoints' health for the hub: what was found, result after result, and its numbers over time.
import type { RunRecord } from "../../lib/record/index.ts";
import type { ChartProps } from "../model/chart.ts";
import { chartsOver } from "../model/monitor-history.ts";
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
export const monitorCharts = ({ results }: MonitorHistory): ChartProps[] => chartsOver(results);

const timeOf = (iso: string | undefined): number => Date.parse(iso ?? "") || 0;
