// Metrics: what a run logged, by MLflow's REST API (facts/03 5.3, 5.5).
import { sideBySide } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { childRuns } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

/** Latest value by name. */
export type Metrics = Readonly<Record<string, number>>;

interface MlflowMetric {
  key?: string;
  value?: number | string | null;
  timestamp?: number | string;
  step?: number | string;
}
interface RunAnswer {
  run?: { data?: { metrics?: MlflowMetric[] } };
}
interface HistoryAnswer {
  metrics?: MlflowMetric[];
  next_page_token?: string;
}

interface Latest {
  readonly value: number;
  readonly timestamp: number;
}

async function latestOf(workspace: Workspace, runId: string): Promise<Map<string, Latest>> {
  const answer = await workspace.azure.request<RunAnswer>("GET", `${workspace.mlflowUrl}/runs/get`, {
    doing: `read the metrics of the job ${runId}`,
    query: { run_id: runId },
    promises: (body) => typeof body["run"] === "object" && body["run"] !== null,
    // Run history may know a job before MLflow does.
    expect: [404],
    signal: workspace.signal,
  });
  const metrics = new Map<string, Latest>();
  for (const { key, value, timestamp } of answer.body?.run?.data?.metrics ?? []) {
    if (key !== undefined) metrics.set(key, { value: numberOf(value), timestamp: Number(timestamp ?? 0) });
  }
  return metrics;
}

/**
 * Latest metrics of a run, and of its child runs where asked: the run's own count before theirs, and among children
 * the one that was logged last. One round trip; with children two more, and one a child side by side.
 */
export async function latestMetrics(workspace: Workspace, runId: string, includeChildRuns = false): Promise<Metrics> {
  const own = latestOf(workspace, runId);
  const children = includeChildRuns ? await childRuns(workspace, runId) : [];
  const theirs = await sideBySide(children, 8, (child) => latestOf(workspace, child.runId));
  const merged = new Map<string, Latest>();
  for (const metrics of theirs) {
    for (const [name, metric] of metrics) {
      const known = merged.get(name);
      if (!known || metric.timestamp >= known.timestamp) merged.set(name, metric);
    }
  }
  for (const [name, metric] of await own) merged.set(name, metric);
  return Object.fromEntries([...merged].map(([name, { value }]) => [name, value]));
}

/** Every value of one metric, in the order of its steps. One round trip a page. */
export async function metricHistory(workspace: Workspace, runId: string, name: string): Promise<number[]> {
  const points: MlflowMetric[] = [];
  let pageToken: string | undefined;
  const pages = new Set<string>();
  do {
    const answer: { body: HistoryAnswer | undefined } = await workspace.azure.request(
      "GET",
      `${workspace.mlflowUrl}/metrics/get-history`,
      {
        doing: `read the history of the metric ${name} of the job ${runId}`,
        query: { run_id: runId, metric_key: name, page_token: pageToken },
        expect: [404],
        signal: workspace.signal,
      },
    );
    points.push(...(answer.body?.metrics ?? []));
    const next = answer.body?.next_page_token || undefined;
    if (next !== undefined && pages.has(next))
      throw new TaskError("service", `The history of the metric ${name} goes round in a circle, so it was not read.`);
    if (next !== undefined) pages.add(next);
    pageToken = next;
  } while (pageToken);
  const by = (point: MlflowMetric) => [Number(point.step ?? 0), Number(point.timestamp ?? 0)] as const;
  points.sort((a, b) => by(a)[0] - by(b)[0] || by(a)[1] - by(b)[1]);
  return points.map((point) => numberOf(point.value));
}

/** MLflow writes what JSON has no number for as a text ("NaN", "Infinity"). All that says no number is NaN, never 0. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}
