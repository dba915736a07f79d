// Verifies events and dead letters against Azure ML's own record, because a sender of events can write anything into them.
import type { RunEvent } from "./events.ts";
import type { ModelCatalog } from "./models.ts";
import { type Notice, nameOf } from "./notice.ts";

/** The reason when Azure ML cannot be asked; it completes "nothing starts: ". */
export const NO_SOURCES =
  "the setting RELAY_ROUTES names no `sources`, so that no record of Azure ML can be asked for. Add the ARM id of each workspace " +
  "whose events may start something, and give the relay's identity the role AzureML Data Scientist, or Reader, there.";

export type Confirmed<T> = { readonly record: T } | { readonly none: string };

const FINAL = /^(completed|failed|canceled)$/i;
/** Statuses of a run before its end: the published statuses of jobs and of runs. Each may start something once, so no other counts. */
const BEFORE =
  /^(notstarted|unapproved|scheduled|starting|provisioning|preparing|queued|running|pausing|paused|finalizing|cancelrequested|notresponding|unknown)$/i;

/**
 * A run's event with what the record says in place of what the event says. `none`: why there is no such record (yet).
 * The id of the experiment and the type of the run, which no route looks at, are in no record and stay the event's.
 * @throws RelayFault where Azure ML does not answer
 */
export async function confirmRun(catalog: ModelCatalog, event: RunEvent): Promise<Confirmed<RunEvent>> {
  const job = await catalog.job(event.source, event.runId);
  if (job === undefined) return { none: `Azure ML knows no run ${event.runId}: nothing starts without its record.` };
  const same = job.status.toLowerCase() === event.status.toLowerCase();
  // A run that has ended went through what it was before, of which no record is left.
  const hasGoneOn = FINAL.test(job.status) && BEFORE.test(event.status);
  if (!same && !FINAL.test(job.status)) {
    return {
      none: `Azure ML says that run ${event.runId} is ${job.status}, and the event that it is ${event.status}.`,
    };
  }
  const { experiment, tags, properties } = job;
  const status = same || hasGoneOn ? event.status : job.status;
  return { record: { ...event, status, experiment: { ...event.experiment, name: experiment }, tags, properties } };
}

/**
 * Whether what a dead letter speaks of is there still. `none`: a sentence that says what is not.
 * @throws RelayFault where Azure ML does not answer
 */
export async function confirmNotice(catalog: ModelCatalog, notice: Notice): Promise<Confirmed<Notice>> {
  const found =
    notice.kind === "model"
      ? (await catalog.version(notice.source, notice.name, notice.version))?.notice
      : (await catalog.job(notice.source, notice.runId)) && notice;
  if (found === undefined) return { none: `Azure ML knows no ${nameOf(notice)} any more.` };
  return { record: { ...found, event: notice.event } };
}
