// Results of one run of a monitor: tags of the steps that evaluate, and the metrics of each signal, from its file or, where storage
// cannot be read, from the runs that hold the metrics over time (docs/facts/operations.md#F.3, #F.4).
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts
import { TaskError } from "../../errors.ts";
import { openDatastore } from "../assets/datastores.ts";
import { ownDatastorePath } from "../assets/version-places.ts";
import type { Job } from "../jobs/jobs.ts";
import { type ChildRun, childRuns, outputPlace } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { loggedMetrics } from "./logged-metrics.ts";
import type { SignalResult } from "./monitor-verdict.ts";
import type { Monitor } from "./newest-run.ts";
import { readSignalFile, type SignalFile } from "./signal-metrics.ts";

const BREACHED = "azureml_modelmonitor_threshold_breached";
/** A signal's file is some kilobytes; more than this is none. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_STEPS = 200;

/** The step of a signal, and all runs below it. */
interface SignalRuns {
  readonly run: ChildRun;
  readonly below: readonly ChildRun[];
}

/**
 * Reads the results that a run left of some of its monitor's signals. Sequential round trips: the steps, their steps, then where the files lie and the files themselves (four);
 * two more where they cannot be read, for the metrics that were logged.
 */
export async function runResults(
  workspace: Workspace,
  monitor: Monitor,
  job: Job,
  wanted: Monitor["signals"],
): Promise<SignalResult[]> {
  const name = job.name ?? "";
  const steps = (await childRuns(workspace, name)).slice(0, MOST_STEPS);
  const runs = await Promise.all(
    steps.map(async (run): Promise<SignalRuns> => ({ run, below: await childRuns(workspace, run.runId) })),
  );
  const rootTags = job.properties?.tags ?? {};
  const files = await Promise.all(wanted.map((signal) => fileOf(workspace, signal.name, name, runs)));
  const isShort = files.some((file) => "why" in file);
  const logged = isShort ? await loggedMetrics(workspace, monitor.name, job) : undefined;
  return wanted.map((signal, index) => {
    const file = files[index]!;
    const tagged = `azureml.modelmonitor.threshold.breached.${signal.name}`;
    const isTagged = tagged in rootTags || isTaggedBelow(runs, signal.name, monitor.signals);
    const base = { ...signal, isTagged };
    if (!("why" in file)) return { ...base, metrics: file.metrics, ...(file.rows ? { rows: file.rows } : {}) };
    const metrics = logged?.get(signal.name) ?? [];
    return { ...base, metrics, ...(metrics.length > 0 ? {} : { unread: file.why }) };
  });
}

/**
 * Whether a step of a signal carries the tag: a step below it, or one whose message names it. A tag that is no signal's by either
 * counts for each of them: the monitor broke, and nobody knows where.
 */
function isTaggedBelow(runs: readonly SignalRuns[], signal: string, all: Monitor["signals"]): boolean {
  return runs.some(({ run, below }) =>
    [run, ...below].some(({ tags }) => {
      const message = tags?.[BREACHED];
      if (message === undefined) return false;
      const isOf = (name: string) => nameOf(run) === name || message.includes(`'${name}'`);
      return isOf(signal) || !all.some(({ name }) => isOf(name));
    }),
  );
}

const nameOf = ({ displayName, name }: ChildRun): string => displayName || name || "";

type Found = SignalFile | { readonly why: string };

/** The file of a signal: in the outputs of its step, else in those of the whole run. */
async function fileOf(workspace: Workspace, signal: string, root: string, runs: readonly SignalRuns[]): Promise<Found> {
  const step = runs.find(({ run }) => nameOf(run) === signal)?.run;
  const places: [run: string, output: string][] = [
    ...(step === undefined ? [] : [[step.runId, "signal_output"] as [string, string]]),
    [root, "model_monitor_metrics_output"],
  ];
  const failures: string[] = [];
  for (const [run, output] of places) {
    try {
      const text = await textOf(workspace, run, output, `signals/${signal}.json`);
      const file = text === undefined ? undefined : readSignalFile(text);
      if (file !== undefined) return file;
      failures.push(text === undefined ? `the run ${run} left no result of it` : `its result in ${run} is no signal's`);
    } catch (error) {
      if (!(error instanceof TaskError) || workspace.signal.aborted) throw error;
      failures.push(error.message);
    }
  }
  return { why: `${failures[0] ?? "the run has no step of that name"}.`.replace(/\.\.$/, ".") };
}

/** A small file of an output; undefined where there is none. */
async function textOf(workspace: Workspace, run: string, output: string, file: string): Promise<string | undefined> {
  const uri = await outputPlace(workspace, run, output);
  const place = uri
    ? ownDatastorePath(workspace, uri)
    : { datastore: "workspaceblobstore", path: `azureml/${run}/${output}` };
  if (place === undefined) return undefined;
  const { container } = await openDatastore(workspace, place.datastore);
  const path = `${place.path}/${file}`;
  for await (const blob of container.files(path, workspace.signal)) {
    if (blob.name !== path) continue;
    if (blob.size > MOST_BYTES || blob.size === 0) return "";
    return (await container.range(blob, 0, blob.size, workspace.signal)).toString("utf8");
  }
  return undefined;
}
