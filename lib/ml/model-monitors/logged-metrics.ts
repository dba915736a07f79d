// Metrics that a monitor's runs logged over time, read by MLflow: a run for each metric of each feature, found by its tags
// (docs/facts/operations.md#F.4).
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts
import type { Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { finite, type SignalMetric } from "./signal-metrics.ts";

interface LoggedRun {
  readonly data?: {
    readonly metrics?: readonly { key?: string; value?: unknown; timestamp?: unknown; step?: unknown }[];
    readonly tags?: readonly { key?: string; value?: string }[];
  };
}

interface LoggedMetrics {
  /** By the signal's name. */
  readonly metrics: ReadonlyMap<string, readonly SignalMetric[]>;
  /** There are more, which were not read. */
  readonly isCut: boolean;
}

/** Pages of runs that are looked at: a monitor has one for each metric of each feature. */
const MOST_PAGES = 5;

/**
 * The latest metrics of each signal that were logged since a job began; older ones are of an earlier run and no evidence for this one.
 * Two round trips, and one for each further page.
 */
export async function loggedMetrics(workspace: Workspace, monitor: string, job: Job): Promise<LoggedMetrics> {
  const { azure, mlflowUrl, signal } = workspace;
  const began = Date.parse(job.systemData?.createdAt ?? "") || Number.POSITIVE_INFINITY;
  const found = new Map<string, SignalMetric[]>();
  const experiment = await azure.request<{ experiment?: { experiment_id?: string } }>(
    "GET",
    `${mlflowUrl}/experiments/get-by-name`,
    {
      doing: `find the experiment of the monitor ${monitor}`,
      query: { experiment_name: job.properties?.experimentName ?? monitor },
      expect: [404],
      signal,
    },
  );
  const id = experiment.body?.experiment?.experiment_id;
  if (id === undefined) return { metrics: found, isCut: false };
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { body } = await azure.request<{ runs?: LoggedRun[]; next_page_token?: string }>(
      "POST",
      `${mlflowUrl}/runs/search`,
      {
        doing: `read the metrics of the monitor ${monitor}`,
        body: {
          experiment_ids: [id],
          filter: `tags.azureml.monitor_name = '${monitor.replaceAll("'", "")}'`,
          max_results: 1_000,
          ...(token === undefined ? {} : { page_token: token }),
        },
        repeats: true,
        signal,
      },
    );
    for (const run of body?.runs ?? []) take(found, run, began);
    token = body?.next_page_token || undefined;
    if (token === undefined) break;
  }
  return { metrics: found, isCut: token !== undefined };
}

function take(found: Map<string, SignalMetric[]>, { data }: LoggedRun, began: number): void {
  const tags = new Map((data?.tags ?? []).map(({ key = "", value = "" }) => [key, value]));
  const logged = (key: string): number | undefined => {
    const one = data?.metrics?.find((metric) => metric.key === key);
    return one === undefined || (finite(one.timestamp) ?? 0) < began ? undefined : finite(one.value);
  };
  const [signal, metric] = [tags.get("azureml.signal_name"), tags.get("azureml.metric_name")];
  const [value, threshold] = [logged("value") ?? logged("target_value"), logged("threshold")];
  if (signal === undefined || metric === undefined || (value === undefined && threshold === undefined)) return;
  const groups = [tags.get("azureml.feature_name"), tags.get("azureml.group_0"), tags.get("azureml.group_1")];
  const of = groups.filter((one) => one !== undefined && one !== "").join("/");
  const one = {
    metric,
    ...(of === "" ? {} : { of }),
    ...(value === undefined ? {} : { value }),
    ...(threshold === undefined ? {} : { threshold }),
  };
  found.set(signal, [...(found.get(signal) ?? []), one]);
}
