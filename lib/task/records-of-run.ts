// Records that the other steps of a run have left, for views of the whole run.
// Tests: test/tasks/pull-request.test.ts, test/bundle/report.test.ts
import type { StepPlace } from "../agent/run-records.ts";
import { TaskError } from "../errors.ts";
import { RECORD_TYPE, type RunRecord, readRecord } from "../record/index.ts";
import type { ViewContext } from "./task.ts";

/** Tasks that leave records, of this extension or of a variant of it: those of the server leave none, and a report is no step of its own. */
const LEAVES_RECORDS = /^AzureML(?!CheckModel|CheckMonitorResult|CheckRollout|WaitForJob|Report)[A-Za-z]{1,40}$/;
/** A post-job stage is in the timeline under the same task, and leaves no record. */
const POST_JOB = /^Post-job: /;
/** Milliseconds that records of this run's earlier steps are waited for. */
const PATIENCE = 15_000;

export interface RecordsOfRun {
  /** In the order in which their steps ended. */
  readonly records: readonly RunRecord[];
  /** Names of steps whose record did not arrive, or cannot be read. */
  readonly missing: readonly string[];
  /** The steps that left records, and those that left none, each with its place in the run. */
  readonly steps?: readonly StepOfRun[];
  /** Names of steps of other tasks that failed: steps after them were skipped. */
  readonly failed?: readonly string[];
  /** Names of steps of other jobs that have not ended. */
  readonly running?: readonly string[];
  /** Why none can be read, as a sentence. */
  readonly fault?: string;
}

/** A step of this extension that has ended. */
export interface StepOfRun extends StepPlace {
  /** Its record; absent where it was skipped, or where the record did not arrive or cannot be read. */
  readonly record?: RunRecord;
  readonly isSkipped?: true;
}

type Run = Pick<ViewContext<never>["run"], "records">;

/** The views of one step share what was read. */
const read = new WeakMap<Run, Promise<RecordsOfRun>>();

/**
 * Requests: three rounds, and one for all records side by side; once for each step. A view of one step shows what there is; whoever judges the whole run
 * looks at the fault.
 * @throws nothing
 */
export function recordsOfRun(run: Run, signal: AbortSignal): Promise<RecordsOfRun> {
  const begun = read.get(run) ?? readRecords(run, signal);
  read.set(run, begun);
  return begun;
}

async function readRecords(run: Run, signal: AbortSignal): Promise<RecordsOfRun> {
  const access = run.records();
  const none = { records: [], missing: [] };
  if (access?.kind !== "build") return { ...none, fault: "This is no run of a pipeline whose steps could be read." };
  try {
    const { RunRecords } = await import("../agent/run-records.ts");
    const records = new RunRecords(access);
    const wanted = {
      type: RECORD_TYPE,
      task: LEAVES_RECORDS,
      without: POST_JOB,
      patience: PATIENCE,
      withCanceled: true as const,
    };
    const read = records.own && (await records.read(records.own, wanted, signal));
    const found = (read?.attachments ?? []).map(({ step, place, content }) => ({
      step,
      place,
      ...readRecord(content),
    }));
    return {
      records: found.flatMap(({ record }) => record ?? []),
      missing: [...(read?.missing ?? []), ...found.flatMap(({ record, step }) => (record ? [] : [step]))],
      steps: [
        ...found.map(({ place, record }): StepOfRun => ({ ...place, ...(record ? { record } : {}) })),
        ...(read?.lost ?? []),
        ...(read?.skipped ?? []).map((one): StepOfRun => ({ ...one, isSkipped: true })),
      ],
      failed: read?.failed ?? [],
      running: read?.running ?? [],
    };
  } catch (error) {
    const why = error instanceof TaskError ? error.message : String(error);
    return { ...none, fault: `The records of this run's steps could not be read: ${why}` };
  }
}
