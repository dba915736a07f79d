// The one POST of an invocation. It is not idempotent and has no address to be looked up at, so that it is sent once: where its answer is
// lost, the job is searched for by its claim, and where none is found the step fails and never posts again.
// Tests: test/lib/ml/batch/lost-invocation.test.ts
import { NAME_NOT_RESOLVED, NOT_CONNECTED, OutcomeUnknown } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import type { Clock } from "../../poll.ts";
import { bounded } from "../../remote-text.ts";
import { cancelJob, type Job } from "../jobs/jobs.ts";
import { ofCreator } from "../jobs/ownership.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { BatchTarget } from "./batch-endpoints.ts";
import { JOB_NAME, jobsOfClaim, type Mark, SEARCH, unmarkedJobs } from "./batch-jobs.ts";

/** The job of an invocation, as the answer or the search says it. */
export interface Invoked {
  readonly name: string;
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The name that people see; the service makes one. */
  readonly displayName?: string;
  readonly studioUrl?: string;
}

export interface Posting {
  readonly target: BatchTarget;
  /** The `properties` of the body. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly mark: Mark;
  readonly clock?: Clock | undefined;
  /** Told right before the request leaves: from then on a job may be there. */
  readonly onPost: () => void;
  /** Told where Azure refused, or was never reached: no job is there. */
  readonly onRefused: () => void;
}

/**
 * Invokes the endpoint. One round trip; a refusal is the service's own word, and changes nothing. A token for Azure ML goes to the
 * address that the resource manager names for the endpoint, and to no other.
 * @throws TaskError as Azure refused; OutcomeUnknown where it is not known whether a job began
 */
export async function postInvocation(workspace: Workspace, posting: Posting): Promise<Invoked> {
  const { azure, signal } = workspace;
  const { target, properties, mark } = posting;
  const token = await azure.token(azure.cloud.mlScope, signal);
  posting.onPost();
  try {
    const { body } = await azure.request<Record<string, unknown>>("POST", target.scoringUri, {
      doing: `invoke the batch endpoint ${target.endpoint}`,
      // What a dry run answers has no name.
      promises: azure.dryRun ? "object" : ({ name }) => typeof name === "string" && JOB_NAME.test(name),
      anonymous: true,
      again: false,
      headers: { Authorization: `Bearer ${token}`, "azureml-model-deployment": target.deployment },
      body: { properties },
      signal,
    });
    return invokedBy(body ?? {});
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isRefusal(error)) {
      posting.onRefused();
      throw error;
    }
    return await searched(workspace, posting, error);
  }

  async function searched(place: Workspace, { clock }: Posting, error: unknown): Promise<Invoked> {
    const why = error instanceof Error ? error.message : String(error);
    place.log.warn(
      `The answer of the batch endpoint ${target.endpoint} did not arrive. Looking for its job for up to ${SEARCH / 1000} seconds; nothing is sent again. ${why}`,
    );
    return findOrFail(place, target, { mark, patience: SEARCH, clock, cause: error });
  }
}

/**
 * The job with the claim.
 * @throws OutcomeUnknown where none is seen in that time, or where jobs cannot be listed
 */
export async function findOrFail(
  workspace: Workspace,
  target: BatchTarget,
  search: {
    readonly mark: Mark;
    readonly patience: number;
    readonly clock?: Clock | undefined;
    readonly cause?: unknown;
  },
): Promise<Invoked> {
  let found: Invoked | undefined;
  let { cause } = search;
  try {
    found = await findClaimed(workspace, search.mark, search.patience, search.clock);
  } catch (error) {
    if (workspace.signal.aborted) throw error;
    workspace.log.warn(
      `The jobs of the workspace could not be looked at. ${error instanceof Error ? error.message : ""}`,
    );
    cause ??= error;
  }
  if (found !== undefined) return found;
  throw await notKnown(workspace, target, cause);
}

/**
 * The job with the claim, if one is seen in that time. Of a request that was delivered twice the older job counts, and the others are
 * asked to cancel, where the own identity created them.
 */
export async function findClaimed(
  workspace: Workspace,
  mark: Mark,
  patience: number,
  clock?: Clock,
): Promise<Invoked | undefined> {
  const [first, ...others] = await jobsOfClaim(workspace, mark, patience, clock);
  if (first === undefined) return undefined;
  workspace.log.info(`Found the job ${first.name}, which the invocation began.`);
  await cancelTwins(workspace, others);
  return invokedAs(first);
}

/** Cancels the other jobs of a request that was answered, and that the network delivered twice. One round trip where there are none. */
export async function cancelOthers(workspace: Workspace, mark: Mark, name: string): Promise<void> {
  const jobs = await jobsOfClaim(workspace, mark, 0);
  const others = jobs.filter((job) => job.name !== name);
  await cancelTwins(workspace, others);
}

async function cancelTwins(workspace: Workspace, others: readonly Job[]): Promise<void> {
  for (const { name = "" } of others) {
    if ((await ofCreator(workspace, name)) !== undefined) continue;
    workspace.log.warn(`Azure began the job ${name} as well, for the same request: cancelling it.`);
    await cancelJob(workspace, name);
  }
}

/** A refusal, or a host that was never reached: in both cases no job has begun. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof TaskError) || error instanceof OutcomeUnknown) return false;
  const { status, code, kind } = error;
  if (status !== undefined) return status >= 400 && status < 500 && status !== 408;
  return kind === "connection" && (code === NAME_NOT_RESOLVED || code === NOT_CONNECTED);
}

/** The error where no job was found: it names those that could be the one. */
async function notKnown(workspace: Workspace, target: BatchTarget, cause?: unknown): Promise<OutcomeUnknown> {
  const { endpoint, deployment } = target;
  const candidates = await unmarkedJobs(workspace, target).catch(() => []);
  const could =
    candidates.length === 0
      ? ""
      : ` ${candidates.length === 1 ? "This job of the deployment could be the one" : "One of these jobs of the deployment could be the one"}, which has nothing that proves it: ${candidates.join(", ")}.`;
  const { requestId, status } = cause instanceof TaskError ? cause : {};
  return new OutcomeUnknown(
    `The batch endpoint ${endpoint} was invoked with its deployment ${deployment}, and it is not known whether a job began: no answer came, and no job of this step could be found.${could} Nothing was sent again, so that no second job runs.`,
    {
      hint: `Look at the jobs of ${endpoint} in the studio. Wait for the one that runs with AzureMLWaitForJob, or cancel it, and start a new run of the pipeline to invoke the endpoint again.`,
      ...(requestId === undefined ? {} : { requestId }),
      ...(status === undefined ? {} : { status }),
      cause,
    },
  );
}

/** A job as the resource manager lists it. */
export function invokedAs(job: Job): Invoked {
  const { status = "Unknown", tags, displayName, services } = job.properties ?? {};
  const studio = services?.["Studio"]?.endpoint;
  return {
    name: job.name ?? "",
    status,
    tags: tags ?? {},
    ...(displayName ? { displayName } : {}),
    ...(isPage(studio) ? { studioUrl: studio } : {}),
  };
}

/** The data plane's answer, whose fields have other names than a job's (docs/facts/azureml-wire.md#13). */
function invokedBy(body: Readonly<Record<string, unknown>>): Invoked {
  const properties = isObject(body["properties"]) ? body["properties"] : {};
  const places = isObject(properties["interactionEndpoints"]) ? properties["interactionEndpoints"] : {};
  const studio = isObject(places["Studio"]) ? places["Studio"]["endpoint"] : undefined;
  const tags = isObject(properties["tags"]) ? properties["tags"] : {};
  const { status, name } = properties;
  return {
    name: String(body["name"] ?? ""),
    status: typeof status === "string" && status !== "" ? bounded(status, 100) : "Unknown",
    tags: Object.fromEntries(Object.entries(tags).map(([tag, value]) => [tag, String(value)])),
    ...(typeof name === "string" && name !== "" ? { displayName: bounded(name, 300) } : {}),
    ...(isPage(studio) ? { studioUrl: studio } : {}),
  };
}

/** An address that may be shown: of one line, and no longer than addresses are. */
const isPage = (text: unknown): text is string =>
  typeof text === "string" && /^https:\/\/[^\s\p{Cc}]{1,2000}$/u.test(text);
