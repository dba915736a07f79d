// The concurrency key of jobs: of two runs with one key the newer one keeps its job, regardless of which submitted first.
// Tests: test/lib/ml/jobs/follow-steps.test.ts

import { TaskError } from "../../errors.ts";
import type { Provenance } from "../../provenance.ts";
import { sha256 } from "../../sha256.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { cancelJob, hasEnded, type Job } from "./jobs.ts";

/**
 * The tag of a key: the service can be asked for the jobs that have a tag of some name, so that project, pipeline and key
 * are part of the name. Its value is the run's number.
 */
export function concurrencyTag(key: string, provenance: Provenance): string {
  if (key.length > 250 || !/^[^\s\p{Cc}\p{Cf}]+$/u.test(key))
    throw new TaskError("input", `The input concurrencyKey is ${JSON.stringify(key.slice(0, 300))}, which is no key.`, {
      errorCode: "AML1316",
      hint: "Use at most 250 characters, and no spaces among them: a word, or the branch as in $(Build.SourceBranch).",
    });
  const { organization, project, kind, definition } = provenance;
  const scope = short(
    JSON.stringify([organization.toLowerCase(), project, kind, provenance.definitionId ?? definition]),
  );
  // A key that may not be part of a tag's name, which has at most 100 characters, 28 of them before the key, is replaced by its hash.
  const plain = /^[A-Za-z0-9._/-]{1,72}$/.test(key)
    ? key
    : `${key.replace(/[^A-Za-z0-9._/-]+/g, "-").slice(0, 59)}.${short(key)}`;
  return `ConcurrencyKey.${scope}.${plain}`;
}

const short = (text: string) => sha256(text).slice(0, 12);

/** The number of jobs of a key that are read, the newest first: a job that still runs is among them. */
const MOST = 500;

/**
 * Asks the jobs of older runs with the key that have not ended to cancel, and does not wait until they have; gives way to
 * one of a newer run. Jobs of the same run, and those that say no number, are left alone. One round trip a page of jobs
 * that ever had the key, and one for each that goes on.
 * @param tag what `concurrencyTag` made of the key
 * @param own the job of this run, once it is submitted: where it gives way it is cancelled
 * @throws TaskError `conflict` where a newer run's job goes on
 */
export async function supersede(workspace: Workspace, tag: string, own?: string): Promise<void> {
  const { azure, id, signal, log, provenance } = workspace;
  const run = numberOf(provenance.runId);
  if (run === undefined) return;
  const older: string[] = [];
  let newer: { name: string; run: number } | undefined;
  let seen = 0;
  for await (const job of azure.list<Job>(`${id}/jobs`, { doing: "look for older jobs", query: { tag }, signal })) {
    const number = numberOf(job.properties?.tags?.[tag]);
    if (job.name && job.name !== own && number !== undefined && !isEnding(job)) {
      if (number < run) older.push(job.name);
      if (number > run && number > (newer?.run ?? 0)) newer = { name: job.name, run: number };
    }
    if (++seen === MOST) break;
  }
  if (newer) throw await giveWay(workspace, newer, own);
  await Promise.all(
    older.map(async (name) => {
      log.info(`Cancelling the job ${name}, which an older run submitted with the same concurrencyKey.`);
      await cancelJob(workspace, name);
    }),
  );
}

async function giveWay(workspace: Workspace, newer: { name: string; run: number }, own: string | undefined) {
  const why = `The newer run ${newer.run} of this pipeline has submitted the job ${newer.name} with the same concurrencyKey, so this run stops`;
  if (own === undefined)
    return new TaskError("conflict", `${why}: it has submitted nothing.`, { errorCode: "AML1403" });
  const failure = await cancelJob(workspace, own).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return new TaskError(
    "conflict",
    failure === undefined
      ? `${why}: its own job ${own} has been asked to cancel.`
      : `${why}, but its own job ${own} could not be cancelled and is still running: ${failure}`,
    { errorCode: "AML1403" },
  );
}

/**
 * The job of a newer run with the key, in any status: the reason for a cancel that has no other explanation. As many round trips
 * as pages of jobs that ever had the key.
 */
export async function takenOverBy(
  workspace: Workspace,
  key: string,
): Promise<{ name: string; run: number } | undefined> {
  const { azure, id, signal, provenance } = workspace;
  const tag = concurrencyTag(key, provenance);
  const run = numberOf(provenance.runId);
  let newest: { name: string; run: number } | undefined;
  let seen = 0;
  for await (const job of azure.list<Job>(`${id}/jobs`, { doing: "look for newer jobs", query: { tag }, signal })) {
    const number = numberOf(job.properties?.tags?.[tag]);
    const isNewer = run !== undefined && number !== undefined && number > (newest?.run ?? run);
    if (job.name && isNewer) newest = { name: job.name, run: number };
    if (++seen === MOST) break;
  }
  return newest;
}

/** Ids of runs are numbers that grow. */
const numberOf = (text: string | undefined) => (/^[1-9]\d{0,14}$/.test(text ?? "") ? Number(text) : undefined);

const isEnding = ({ properties }: Job) => hasEnded(properties?.status) || properties?.status === "CancelRequested";
