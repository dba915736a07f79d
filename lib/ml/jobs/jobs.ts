// Jobs: submit, read, cancel; where their outputs are, and where a person looks at them.

import { readEnvelope, segment } from "../../azure/index.ts";
import type { JobWrite } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { didYouMean } from "../../nearest-name.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { send } from "../workspace/write.ts";

/** A job as the service answers it; what is not named here stays in it. */
export interface Job {
  readonly id?: string;
  readonly name?: string;
  readonly properties?: JobProperties;
  readonly systemData?: { readonly createdAt?: string } | null;
}
interface JobProperties {
  readonly [key: string]: unknown;
  readonly jobType?: string;
  readonly status?: string;
  readonly displayName?: string | null;
  readonly experimentName?: string | null;
  readonly tags?: Record<string, string> | null;
  readonly properties?: Record<string, string> | null;
  readonly services?: Record<string, { endpoint?: string | null } | null> | null;
  readonly outputs?: Record<string, JobOutput | null> | null;
}
interface JobOutput {
  readonly uri?: string | null;
  readonly jobOutputType?: string;
  readonly assetName?: string | null;
}

const ENDED = new Set(["Completed", "Failed", "Canceled", "NotResponding"]);
/** States after which nothing more happens (docs/facts/azureml-services.md#5.2). */
export const hasEnded = (status: string | undefined): boolean => status !== undefined && ENDED.has(status);

const pathOf = (workspace: Workspace, name: string) => `${workspace.id}/jobs/${segment(name, "the job's name")}`;

/**
 * Stable versions lack fine-tuning jobs and some AutoML fields, so jobs are read with this preview, as the official client does
 * (docs/facts/azureml-services.md#4.1).
 */
const JOB_READ_API_VERSION = "2024-01-01-preview";

/** The job, or undefined where there is none by that name. One round trip. */
export async function findJob(workspace: Workspace, name: string): Promise<Job | undefined> {
  const answer = await workspace.azure.request<Job>("GET", pathOf(workspace, name), {
    doing: `read the job ${name}`,
    apiVersion: JOB_READ_API_VERSION,
    promises: "resource",
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** @throws TaskError `notFound` that names the outputs there are */
export function requireOutput(job: Job, output: string): void {
  const outputs = Object.keys(job.properties?.outputs ?? {}).filter((name) => name !== "default");
  if (output === "artifacts" || outputs.includes(output)) return;
  const there = outputs.length > 0 ? `it has ${outputs.sort().join(", ")}` : "it has none";
  throw new TaskError(
    "notFound",
    `The job ${job.name} has no output "${output}"; ${there}, beside its own artifacts.${didYouMean(output, outputs)}`,
    {
      errorCode: "AML1210",
      hint: "Outputs are named under `outputs:` in the job YAML; leave the input outputName empty for the job's own artifacts.",
    },
  );
}

/** @throws TaskError `notFound` */
export async function getJob(workspace: Workspace, name: string): Promise<Job> {
  const job = await findJob(workspace, name);
  if (job) return job;
  throw new TaskError("notFound", `The workspace ${workspace.name} has no job "${name}".`, {
    errorCode: "AML1210",
    status: 404,
    hint: "Check the input jobName, and the `name:` of the step whose output it takes.",
  });
}

/** Submits a job, which is no operation: the answer has its first status. One round trip. */
export async function putJob(
  workspace: Workspace,
  write: JobWrite,
): Promise<{ readonly job: Job; readonly created: boolean }> {
  const { name } = write;
  const { status, body } = await send<Job>(workspace, write, { doing: `submit the job ${name}` });
  // 201 is the job that was made, 200 one that was there (docs/facts/recorded-operations.md#4.1).
  return { job: { name, ...body }, created: status === 201 };
}

/**
 * Asks for a job to be cancelled, and does not wait until it is: that fits into the time a cancelled task still has.
 * @param budget milliseconds for the one request; the run's own signal does not count, since it is what was aborted
 * @throws TaskError kind `timeout` where nobody answered in that time: the job may go on; `conflict` where it was refused and goes on
 */
export async function cancelJob(workspace: Workspace, name: string, budget = 5_000): Promise<void> {
  const signal = AbortSignal.timeout(budget);
  try {
    const { status, body } = await workspace.azure.request("POST", `${pathOf(workspace, name)}/cancel`, {
      doing: `cancel the job ${name}`,
      // 202 with null or nothing, and 200 with nothing of a job that has ended (docs/facts/azureml-wire.md#10, docs/facts/recorded-operations.md#4.1); asking twice is asking once.
      promises: "accepted",
      repeats: true,
      // A job that has ended meanwhile needs no cancelling.
      expect: [400, 404, 409],
      signal,
    });
    if (status < 400) return;
    // Refused: that is fine of a job that has ended or is ending, and of no other.
    const job = await findJob({ ...workspace, signal }, name);
    const state = job?.properties?.status;
    if (job === undefined || hasEnded(state) || state === "CancelRequested") return;
    throw new TaskError(
      "conflict",
      `Azure refused to cancel the job ${name}, which is ${state}: ${readEnvelope((body as { error?: unknown } | undefined)?.error).message ?? `it answered with status ${status}.`}`,
      {
        errorCode: "AML1406",
        status,
        hint: `Check in studio whether it is still running, and cancel it there or with: az ml job cancel --name ${name}`,
      },
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new TaskError(
      "timeout",
      `Azure did not answer within ${budget / 1000} seconds when the job ${name} was to be cancelled; it may still be running.`,
      {
        errorCode: "AML1406",
        hint: `See in studio whether it runs, and end it there or with: az ml job cancel --name ${name}`,
      },
    );
  }
}

/** The job's page in Azure Machine Learning studio. */
export function studioUrl(workspace: Workspace, job: Job): string {
  const told = job.properties?.services?.["Studio"]?.endpoint;
  return told || studioPage(workspace, job.name);
}

/**
 * The page of a run that is part of a job; history names none.
 * @param of the job, and its own page where it is known: other clouds have studios of their own
 */
export function runStudioUrl(
  workspace: Workspace,
  run: string,
  of: { readonly job: string; readonly studioUrl?: string | undefined },
): string {
  const own = `/runs/${of.job}?`;
  if (of.studioUrl?.includes(own)) return of.studioUrl.replace(own, `/runs/${run}?`);
  return studioPage(workspace, run);
}

const studioPage = (workspace: Workspace, run: string | undefined): string =>
  `${workspace.azure.cloud.studio}/runs/${run}?wsid=${workspace.id}`;

/** URI of each output by its name, `default` (the job's own artifacts) left out. */
export function outputUris(job: Job): Record<string, string> {
  const uris: Record<string, string> = {};
  for (const [name, output] of Object.entries(job.properties?.outputs ?? {})) {
    if (name !== "default") uris[name] = output?.uri || jobOutputUri(job.name ?? "", name);
  }
  return uris;
}

/**
 * The URI by which data and models refer to a job's output (docs/facts/azureml-documents.md#2.3); `artifacts` is its own
 * artifact store.
 */
export function jobOutputUri(job: string, output: string, path = ""): string {
  return `azureml://jobs/${job}/outputs/${output}/paths/${path.replace(/^\/+/, "")}`;
}
