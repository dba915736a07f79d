// Metric curves: each metric of the jobs as a chart, with the champion's curve beside it.
import type { Curve } from "../../lib/record/index.ts";
import type { Step } from "../load.ts";
import type { ChartProps } from "../model/chart.ts";
import { Section } from "./basics.tsx";
import { Charts } from "./chart.tsx";

/** Charts that are drawn; more would only slow the page. */
const MOST_CHARTS = 40;
const MOST_LINES = 12;

/** One chart for each metric: the same run and metric of two steps is one line. */
export function chartsOf(steps: readonly Pick<Step, "curves">[]): ChartProps[] {
  const byMetric = new Map<string, Map<string, Curve>>();
  for (const curve of steps.flatMap(({ curves }) => curves)) {
    const lines = byMetric.get(curve.metric) ?? new Map<string, Curve>();
    byMetric.set(curve.metric, lines);
    lines.set(curve.run, curve);
  }
  return [...byMetric].slice(0, MOST_CHARTS).map(([metric, lines]) => {
    const own = [...lines.values()].filter(({ of }) => of === "job");
    const champions = [...lines.values()].filter(({ of }) => of === "champion");
    const curves = [...own.slice(0, MOST_LINES), ...champions.slice(0, 1)];
    const places = [...new Set(curves.flatMap(({ steps: at }) => at))].sort((a, b) => a - b);
    return {
      title: metric,
      along: "Step",
      ...(own.length > MOST_LINES ? { note: `The first ${MOST_LINES} of ${own.length} jobs.` } : {}),
      places,
      lines: curves.map(({ of, run, steps: at, values }) => {
        const found = new Map(at.map((step, index) => [step, values[index] ?? null]));
        return {
          name: of === "champion" ? `${run} (champion)` : run,
          isReference: of === "champion",
          values: places.map((place) => found.get(place) ?? null),
        };
      }),
    };
  });
}

export function Curves({ charts }: { charts: readonly ChartProps[] }) {
  if (charts.length === 0) return null;
  return (
    <Section id="curves" title="Metrics over time">
      <Charts of={charts} />
    </Section>
  );
}
