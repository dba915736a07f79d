// Series of Azure Monitor for tests: minutes from 10:00 on, and answers in the recorded form (docs/facts/operations.md#A.3).
import type { Series } from "../../../../lib/ml/monitor/metrics.ts";
import type { Window } from "../../../../lib/ml/monitor/window.ts";

const START = Date.parse("2026-11-27T10:00:00Z");
export const at = (minute: number): number => START + minute * 60_000;
export const iso = (minute: number): string => new Date(at(minute)).toISOString().replace(".000Z", "Z");
/** From 10:00 on, so many minutes. */
export const windowOf = (minutes: number): Window => ({ from: iso(0), to: iso(minutes) });

/** One value a minute from 10:00 on; undefined: a minute without a value. */
export function series(
  metric: string,
  dimensions: Record<string, string>,
  values: readonly (number | undefined)[],
): Series {
  const minutes = values.flatMap((value, index) => (value === undefined ? [] : [[at(index), value] as const]));
  return { metric, dimensions, minutes: new Map(minutes) };
}

export const requests = (deployment: string, statuscode: string, values: readonly (number | undefined)[]) =>
  series("RequestsPerMinute", { deployment, statuscode }, values);

/** The same as Azure Monitor answers it. */
export function answer(resource: string, all: readonly Series[], metrics: readonly string[]) {
  return {
    cost: 0,
    timespan: `${iso(0)}/${iso(10)}`,
    interval: "PT1M",
    namespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    resourceregion: "eastus2",
    value: metrics.map((metric) => ({
      id: `${resource}/providers/Microsoft.Insights/metrics/${metric}`,
      type: "Microsoft.Insights/metrics",
      name: { value: metric, localizedValue: metric },
      unit: "Count",
      errorCode: "Success",
      timeseries: all
        .filter((one) => one.metric === metric)
        .map(({ dimensions, minutes }) => ({
          metadatavalues: Object.entries(dimensions).map(([name, value]) => ({
            name: { value: name, localizedValue: name },
            value,
          })),
          data: [...minutes].map(([minute, average]) => ({ timeStamp: new Date(minute).toISOString(), average })),
        })),
    })),
  };
}
