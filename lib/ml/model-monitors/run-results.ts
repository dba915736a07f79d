// Results of one run of a monitor: tags of the steps that evaluate, and the metrics of each signal, from its file or, where storage
// cannot be read, from the runs that hold the metrics over time (docs/facts/operations.md#F.3, #F.4).
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts
import { sideBySide } from "../../azure/index.ts";
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

/** Levels of runs below a step that are looked through. */
const DEEPEST = 2;
const AT_ONCE = 8;

/** The step of a signal, and all runs below it. */
interface SignalRuns {
  readonly run: ChildRun;
  readonly below: readonly ChildRun[];
}

export interface RunResults {
  readonly signals: readonly SignalResult[];
  /** When the last of its steps ended, in milliseconds since the epoch; undefined where none says. */
  readonly ended?: number;
}

/**
 * Reads the results that a run left of some of its monitor's signals. Sequential round trips: the steps; then side by side the runs below them,
 * and the files (where they lie, the datastore, the list, the content: five); two more where they cannot be read, for the metrics that were logged.
 */
export async function runResults(
  workspace: Workspace,
  monitor: Monitor,
  job: Job,
  wanted: Monitor["signals"],
): Promise<RunResults> {
  const name = job.name ?? "";
  const steps = (await childRuns(workspace, name)).slice(0, MOST_STEPS);
  const [runs, files] = await Promise.all([
    sideBySide(
      steps,
      AT_ONCE,
      async (run): Promise<SignalRuns> => ({ run, below: await runsBelow(workspace, run, 1) }),
    ),
    Promise.all(wanted.map((signal) => fileOf(workspace, signal.name, name, steps))),
  ]);
  const rootTags = job.properties?.tags ?? {};
  const isShort = files.some((file) => "why" in file);
  const logged = isShort ? await loggedMetrics(workspace, monitor.name, job) : undefined;
  const signals = wanted.map((signal, index): SignalResult => {
    const file = files[index]!;
    const own = rootTags[`azureml.modelmonitor.threshold.breached.${signal.name}`];
    const messages = [...(own === undefined ? [] : [own]), ...messagesBelow(runs, signal.name, monitor.signals)];
    const base = {
      ...{ ...signal, isTagged: messages.length > 0 },
      ...(messages.every(isOfGoodOnes) ? {} : { saysMore: true }),
    };
    if (!("why" in file)) {
      const { metrics, rows, isCut = false } = file;
      return { ...base, metrics, ...(rows ? { rows } : {}), ...(isCut ? { isCut } : {}) };
    }
    const metrics = logged?.metrics.get(signal.name) ?? [];
    const cut = logged?.isCut ? { isCut: true } : {};
    return { ...base, metrics, ...cut, ...(metrics.length > 0 ? {} : { unread: file.why }) };
  });
  const ends = runs.flatMap(({ run, below }) => [run, ...below].map(({ endTimeUtc }) => Date.parse(endTimeUtc ?? "")));
  const known = ends.filter((end) => !Number.isNaN(end));
  return { signals, ...(known.length === 0 ? {} : { ended: Math.max(...known) }) };
}

/** The steps of a monitor are pipelines, one a signal, and the runs of steps do not say whether they are pipelines. */
async function runsBelow(workspace: Workspace, { runId }: ChildRun, depth: number): Promise<ChildRun[]> {
  const children = await childRuns(workspace, runId);
  if (depth === DEEPEST) return children;
  const pipelines = children.filter(({ runType }) => /pipeline/i.test(runType ?? ""));
  const below = await sideBySide(pipelines, AT_ONCE, (child) => runsBelow(workspace, child, depth + 1));
  return [...children, ...below.flat()];
}

/**
 * The messages of tags that are a signal's: of a step below it, or of one whose message names it. A tag that is no signal's by either
 * counts for each of them: the monitor broke, and nobody knows where.
 */
function messagesBelow(runs: readonly SignalRuns[], signal: string, all: Monitor["signals"]): string[] {
  return runs.flatMap(({ run, below }) =>
    [run, ...below].flatMap(({ tags }) => {
      const message = tags?.[BREACHED];
      if (message === undefined) return [];
      const isOf = (name: string) => nameOf(run) === name || message.includes(`'${name}'`);
      return isOf(signal) || !all.some(({ name }) => isOf(name)) ? [message] : [];
    }),
  );
}

/**
 * Whether a whole message names nothing but accuracy, precision and recall: the service takes more of them for worse, so that these
 * are better than their thresholds (docs/facts/operations.md#F.4).
 */
function isOfGoodOnes(message: string): boolean {
  const names = [...message.matchAll(/"metric_name": ?"([^"]{1,200})"/g)].map(([, name = ""]) => name);
  return (
    names.length > 0 && /\]\s*$/.test(message) && names.every((name) => /^(accuracy|precision|recall)$/i.test(name))
  );
}

const nameOf = ({ displayName, name }: ChildRun): string => displayName || name || "";

type Found = SignalFile | { readonly why: string };

/** The file of a signal: in the outputs of its step, else in those of the whole run. */
async function fileOf(workspace: Workspace, signal: string, root: string, steps: readonly ChildRun[]): Promise<Found> {
  const step = steps.find((run) => nameOf(run) === signal);
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
