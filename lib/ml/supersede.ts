// One job at a time for a key: what an older run submitted is asked to end before the new one is submitted.
import { TaskError } from "../errors.ts";
import { cancelJob, hasEnded, type Job } from "./jobs.ts";
import type { Workspace } from "./workspace.ts";

/** The service can be asked for the jobs that have a tag of some name, so that the key is part of the name. */
export function concurrencyTag(key: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/.test(key)) return `ConcurrencyKey.${key}`;
  throw new TaskError("input", `The input concurrencyKey is ${JSON.stringify(key)}, which is no key.`, {
    hint: 'Use at most 100 letters, digits, ".", "_", "-" and "/", and begin with a letter or a digit.',
  });
}

/** How many jobs of a key are looked at, the newest first: one that goes on is among them. */
const MOST = 500;

/**
 * Asks all jobs of the key that have not ended to cancel, and does not wait until they have. One round trip a page of
 * jobs that ever had the key, and one for each that goes on.
 * @param tag what `concurrencyTag` made of the key
 */
export async function supersede(workspace: Workspace, tag: string): Promise<void> {
  const { azure, id, signal, log } = workspace;
  const running: string[] = [];
  let seen = 0;
  for await (const job of azure.list<Job>(`${id}/jobs`, { doing: "look for older jobs", query: { tag }, signal })) {
    if (job.name && job.properties?.tags?.[tag] !== undefined && !isEnding(job)) running.push(job.name);
    if (++seen === MOST) break;
  }
  await Promise.all(
    running.map(async (name) => {
      log.info(`Cancelling the job ${name}, which an older run submitted with the same concurrencyKey.`);
      await cancelJob(workspace, name);
    }),
  );
}

const isEnding = ({ properties }: Job) => hasEnded(properties?.status) || properties?.status === "CancelRequested";
