// Metrics: what a run logged, by MLflow's REST API (docs/facts/azureml-services.md#5.3, #5.5).
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { hasEnded } from "./jobs.ts";
import { type ChildRun, childRuns } from "./runs.ts";

/** Latest value by name. */
export type Metrics = Readonly<Record<string, number>>;

interface MlflowMetric {
  key?: string;
  value?: number | string | null;
  timestamp?: number | string;
  step?: number | string;
}
interface RunAnswer {
  run?: { info?: { run_id?: string; run_uuid?: string; status?: string }; data?: { metrics?: MlflowMetric[] } };
}
interface HistoryAnswer {
  metrics?: MlflowMetric[];
  next_page_token?: string;
}

interface Latest {
  readonly value: number;
  readonly timestamp: number;
}

interface LoggedMetrics {
  readonly metrics: readonly MlflowMetric[];
  /** Whether the run had ended when the service answered. */
  readonly hasEnded: boolean;
}

/** Statuses of MLflow after which a run logs nothing more. */
const ENDED = /^(FINISHED|FAILED|KILLED)$/;

/** The run's metrics as MLflow has them last. Undefined where MLflow does not know the run: that is no answer about its metrics. */
async function loggedMetrics(workspace: Workspace, runId: string): Promise<LoggedMetrics | undefined> {
  const answer = await workspace.azure.request<RunAnswer>("GET", `${workspace.mlflowUrl}/runs/get`, {
    doing: `read the metrics of the job ${runId}`,
    query: { run_id: runId },
    promises: (body) => isOf((body as RunAnswer).run, runId),
    // Run history may know a job before MLflow does.
    expect: [404],
    signal: workspace.signal,
  });
  const { info, data } = answer.body?.run ?? {};
  return answer.status === 404
    ? undefined
    : { metrics: data?.metrics ?? [], hasEnded: ENDED.test(String(info?.status ?? "")) };
}

async function latestOf(workspace: Workspace, runId: string): Promise<Map<string, Latest> | undefined> {
  const logged = await loggedMetrics(workspace, runId);
  return logged && latestIn(logged);
}

function latestIn({ metrics: logged }: LoggedMetrics): Map<string, Latest> {
  const metrics = new Map<string, Latest>();
  for (const { key, value, timestamp } of logged) {
    if (key !== undefined) metrics.set(key, { value: numberOf(value), timestamp: Number(timestamp ?? 0) });
  }
  return metrics;
}

const valuesIn = (metrics: ReadonlyMap<string, Latest>): Metrics =>
  Object.fromEntries([...metrics].map(([name, { value }]) => [name, value]));

/**
 * Latest metrics of a run at its end, where somebody else is asked at the same time whether it has ended. A run may log between the two answers:
 * its metrics count where their own answer says that it had ended, and are read again where only the other one does. One round trip, then two.
 * @param ended resolves to whether the run has ended
 * @returns those there are where it has not; undefined where MLflow does not know the run
 */
export async function metricsBeside(
  workspace: Workspace,
  runId: string,
  ended: Promise<boolean>,
): Promise<Metrics | undefined> {
  const logged = await loggedMetrics(workspace, runId);
  const isStale = logged?.hasEnded !== true && (await ended);
  return isStale ? latestMetrics(workspace, runId) : logged && valuesIn(latestIn(logged));
}

/** Names of the metrics that were logged at a later step than the first. One round trip. */
export async function steppedMetrics(workspace: Workspace, runId: string): Promise<string[]> {
  const { metrics } = (await loggedMetrics(workspace, runId)) ?? { metrics: [] };
  return metrics.flatMap(({ key, step }) => (key !== undefined && Number(step ?? 0) > 0 ? [key] : []));
}

/** A cache or a proxy may answer with another run, whose metrics would be judged. */
function isOf(run: RunAnswer["run"], runId: string): boolean {
  const id = run?.info?.run_id ?? run?.info?.run_uuid;
  return typeof id === "string" && id.toLowerCase() === runId.toLowerCase();
}

/** Whether a run broke off: what it had logged by then is no result. */
const brokeOff = ({ status }: ChildRun) => hasEnded(status) && status !== "Completed";

/**
 * Latest metrics of a run, and of its child runs where asked, without those that failed or were cancelled: the run's own count before theirs, and
 * among children the one that was logged last. One round trip; with children two more, and one a child side by side.
 * @returns undefined where MLflow does not know the run, or one of its child runs: none of them can be judged by what is missing
 */
export async function latestMetrics(
  workspace: Workspace,
  runId: string,
  includeChildRuns = false,
): Promise<Metrics | undefined> {
  const reading = latestOf(workspace, runId);
  // Where the children cannot be listed that is said, and not that nobody waits for this one.
  reading.catch(() => {});
  const children = includeChildRuns ? await childRuns(workspace, runId) : [];
  const whole = children.filter((child) => !brokeOff(child));
  const theirs = await sideBySide(whole, 8, (child) => latestOf(workspace, child.runId));
  const own = await reading;
  const merged = new Map<string, Latest>();
  for (const metrics of theirs) {
    if (metrics === undefined) return undefined;
    for (const [name, metric] of metrics) {
      const known = merged.get(name);
      if (!known || metric.timestamp >= known.timestamp) merged.set(name, metric);
    }
  }
  if (own === undefined) return undefined;
  for (const [name, metric] of own) merged.set(name, metric);
  return valuesIn(merged);
}

/** Every value of one metric, in the order of its steps. One round trip a page. */
export async function metricHistory(workspace: Workspace, runId: string, name: string): Promise<number[]> {
  return (await metricPoints(workspace, runId, name)).map(({ value }) => value);
}

/** The same with the steps. @param mostPages after so many pages the rest is left */
export async function metricPoints(
  workspace: Workspace,
  runId: string,
  name: string,
  mostPages = Number.POSITIVE_INFINITY,
): Promise<{ step: number; value: number }[]> {
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
        // A run without such a metric has no history; in the middle of one, 404 is no end.
        ...(pageToken === undefined ? { expect: [404] } : {}),
        signal: workspace.signal,
      },
    );
    points.push(...(answer.body?.metrics ?? []));
    const next = answer.body?.next_page_token || undefined;
    if (next !== undefined && pages.has(next))
      throw new TaskError("service", `The history of the metric ${name} goes round in a circle, so it was not read.`, {
        errorCode: "AML1110",
      });
    if (next !== undefined) pages.add(next);
    pageToken = next;
  } while (pageToken && pages.size < mostPages);
  const by = (point: MlflowMetric) => [Number(point.step ?? 0), Number(point.timestamp ?? 0)] as const;
  points.sort((a, b) => by(a)[0] - by(b)[0] || by(a)[1] - by(b)[1]);
  return points.map((point) => ({ step: by(point)[0], value: numberOf(point.value) }));
}

/**
 * MLflow writes what JSON has no number for as a text ("NaN", "Infinity"). All that says no number is NaN, never 0. A store may replace infinity with
 * the largest number there is, says MLflow's client of `log_metric` (mlflow-skinny 3.17.2): no measurement is that, so it counts as infinite.
 */
function numberOf(value: unknown): number {
  const number = writtenNumber(value);
  return Math.abs(number) === Number.MAX_VALUE ? number * 2 : number;
}

function writtenNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[+-]?[\d.]/.test(value) && !/0[xob]/i.test(value)
    ? Number(value)
    : wordOf(value);
}

function wordOf(value: unknown): number {
  const words: Readonly<Record<string, number>> = { Infinity, "-Infinity": -Infinity };
  return typeof value === "string" && Object.hasOwn(words, value) ? words[value]! : Number.NaN;
}
