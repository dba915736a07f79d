// Decides whether a breach of a monitor starts a retraining: one breach starts one, whatever was delivered twice, late or never.
// Deduplication, cool-down, and a retraining that is going on. Pure.
// Tests: test/lib/ml/retrain/schedules.test.ts

/** One finished run of a monitor. */
export interface MonitorResult {
  readonly monitor: string;
  /** Name of the job that measured: the key of a breach. */
  readonly run: string;
  /** When the job ended, in milliseconds since the epoch. */
  readonly at: number;
  /** Signals that are breached; none where all are within their thresholds, or nobody knows. */
  readonly breached: readonly string[];
  /** Why it is no evidence that all is well, as a sentence: a signal without a number, a run that is too old. */
  readonly unknown?: string;
  /** A newer job that ended otherwise than completed: nothing is known since. */
  readonly later?: { readonly run: string; readonly status: string };
}

/** A run of the pipeline that retrains, on the branch that counts. */
export interface TrainingRun {
  readonly id: number;
  /** Milliseconds since the epoch, by the clock of Azure DevOps. */
  readonly queuedAt: number;
  /** Undefined while it goes on. */
  readonly finishedAt: number | undefined;
  readonly succeeded: boolean;
}

/** The retraining that this pipeline started last. */
interface LastStart {
  readonly id: number;
  /** Milliseconds since the epoch, by the clock of Azure DevOps. */
  readonly at: number;
}

export interface Situation {
  /** Of all monitors, since somebody looks at them, in any order; a result may be there several times. */
  readonly results: readonly MonitorResult[];
  readonly trainings: readonly TrainingRun[];
  readonly last: LastStart | undefined;
  /** Milliseconds after a start in which what is breached is the same breach. */
  readonly coolDown: number;
}

export type Decision =
  /** No result is breached. */
  | { readonly kind: "none" }
  /** The newest breach, and with it every older one, has its retraining. */
  | { readonly kind: "covered"; readonly breach: MonitorResult; readonly by: number; readonly why: Cover }
  /** The pipeline that retrains is at work: the breach is looked at again when that has ended. */
  | { readonly kind: "open"; readonly breach: MonitorResult; readonly by: number }
  | { readonly kind: "start"; readonly breach: MonitorResult };

/** `own`: this pipeline started it, and it went on at the breach; `coolDown`: it had begun less than the cool-down before; `later`: a successful run that began after the breach. */
type Cover = "own" | "coolDown" | "later";

/**
 * A breach is covered, and starts nothing, where it was measured
 * - before the retraining that was started last, while that went on, or within the cool-down after its start, however it ended; or
 * - before a run of the same pipeline that succeeded, whoever started that.
 * What covers a breach covers every older one, so that the newest alone is looked at. It starts one retraining for all that are not
 * covered, unless a run of that pipeline goes on.
 */
export function decideRetraining({ results, trainings, last, coolDown }: Situation): Decision {
  const [breach] = results
    .filter(({ breached }) => breached.length > 0)
    .sort((one, other) => other.at - one.at || (one.run < other.run ? -1 : 1));
  if (breach === undefined) return { kind: "none" };
  const cover = coverOf(breach, trainings, last, coolDown);
  if (cover !== undefined) return { kind: "covered", breach, ...cover };
  const open = trainings.find(({ finishedAt }) => finishedAt === undefined);
  return open === undefined ? { kind: "start", breach } : { kind: "open", breach, by: open.id };
}

function coverOf(
  { at }: MonitorResult,
  trainings: readonly TrainingRun[],
  last: LastStart | undefined,
  coolDown: number,
): { readonly by: number; readonly why: Cover } | undefined {
  if (last !== undefined) {
    const run = trainings.find(({ id }) => id === last.id);
    // A run that retention has deleted has ended.
    const isOpen = run !== undefined && run.finishedAt === undefined;
    if (isOpen || at <= (run?.finishedAt ?? last.at)) return { by: last.id, why: "own" };
    if (at < Math.max(last.at, run?.queuedAt ?? 0) + coolDown) return { by: last.id, why: "coolDown" };
  }
  const later = trainings.find(({ succeeded, queuedAt }) => succeeded && queuedAt >= at);
  return later && { by: later.id, why: "later" };
}

/** The newest result of each monitor, by its name. */
export function newestOf(results: readonly MonitorResult[]): ReadonlyMap<string, MonitorResult> {
  const newest = new Map<string, MonitorResult>();
  for (const one of results) {
    const there = newest.get(one.monitor);
    if (there === undefined || there.at < one.at) newest.set(one.monitor, one);
  }
  return newest;
}
