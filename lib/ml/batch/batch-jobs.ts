// Jobs of batch endpoints, which the service names itself (docs/facts/azureml-services.md#6.4): the marks by which a step finds the job that
// it asked for, and the search for one whose answer was lost. A job is a step's own only where that is proved.
// Tests: test/lib/ml/batch/lost-invocation.test.ts
import { randomBytes } from "node:crypto";
import { segment } from "../../azure/index.ts";
import { type Clock, poll } from "../../poll.ts";
import { bounded } from "../../remote-text.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import { sha256 } from "../../sha256.ts";
import { hasEnded, type Job } from "../jobs/jobs.ts";
import { ofCreator } from "../jobs/ownership.ts";
import { INVOKED_BY, SPECIFICATION_HASH } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { BatchTarget } from "./batch-endpoints.ts";

/** The marks of one invocation. */
export interface Mark {
  /** The tag that all invocations of the step have: the service can be asked for the jobs that have one. */
  readonly tag: string;
  /** Its value: random, and of this one request alone. */
  readonly claim: string;
}

/** Names that the service gives to batch jobs, and more; one that is none leads elsewhere, and is not taken for a name. */
export const JOB_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** The tag of a step's invocations, the same for every attempt. */
export const stepTag = (stepIdentity: string): string => `${INVOKED_BY}.${sha256(stepIdentity).slice(0, 16)}`;

export const newMark = (stepIdentity: string): Mark => ({
  tag: stepTag(stepIdentity),
  claim: randomBytes(16).toString("hex"),
});

/** The most jobs that one look reads, the newest first. */
const MOST = 500;
/** Milliseconds for which a job that was asked for is looked for: the service makes it while it answers. */
export const SEARCH = 120_000;
/** Milliseconds back to which a job without marks may be one of this run's earlier attempts. */
const RECENT = 24 * 60 * 60_000;
/** Jobs without marks whose creator is looked up: each takes a round trip. */
const MOST_CANDIDATES = 5;

const tagsOf = (job: Job): Readonly<Record<string, string>> => job.properties?.tags ?? {};

/** The jobs with a tag of this name, the newest first. One round trip a page. */
async function taggedJobs(
  workspace: Workspace,
  tag: string,
  stop: (job: Job) => boolean = () => false,
): Promise<Job[]> {
  const { azure, id, signal } = workspace;
  const found: Job[] = [];
  for await (const job of azure.list<Job>(`${id}/jobs`, { doing: "look for the batch job", query: { tag }, signal })) {
    if (stop(job)) break;
    found.push(job);
    if (found.length === MOST) break;
  }
  return found.filter(({ name }) => JOB_NAME.test(name ?? ""));
}

/**
 * The job that one request made: it alone has the claim, which nobody knew before the request. Where the request was delivered twice
 * there are two; the older one counts, and the other is left to the caller.
 * @returns the oldest first; empty where none was seen within `patience` milliseconds
 * @throws TaskError where this identity may not list jobs; a service that is out is asked again until the time is over
 */
export async function jobsOfClaim(
  workspace: Workspace,
  { tag, claim }: Mark,
  patience: number,
  clock?: Clock,
): Promise<Job[]> {
  const { signal } = workspace;
  const listed = async () => {
    try {
      return await taggedJobs(workspace, tag);
    } catch (error) {
      const { kind } = error as { kind?: unknown };
      if (signal.aborted || !(kind === "service" || kind === "connection" || kind === "timeout")) throw error;
      return [];
    }
  };
  const look = async () => {
    const jobs = (await listed()).filter((job) => tagsOf(job)[tag] === claim);
    return jobs.length > 0 ? { done: true as const, value: jobs.toReversed() } : { done: false as const };
  };
  const what = "the job of the invocation to be seen";
  try {
    return await poll(look, { what, deadline: patience, maximum: 15_000, signal, ...(clock ? { clock } : {}) });
  } catch (error) {
    if (signal.aborted || (error as { kind?: unknown }).kind !== "timeout") throw error;
    return [];
  }
}

/**
 * The newest job of an earlier attempt of this step that did the same and has not failed; created by the own identity, as run history
 * says. One round trip, and one or two for each that could be it.
 */
export async function earlierJob(workspace: Workspace, tag: string, hash: string): Promise<Job | undefined> {
  for (const job of await taggedJobs(workspace, tag)) {
    if (hasFailed(job)) continue;
    const status = job.properties?.status;
    if (tagsOf(job)[SPECIFICATION_HASH] !== hash) {
      if (!hasEnded(status))
        workspace.log.warn(
          `The job ${job.name} of an earlier attempt of this step is another one, of another input, setting or deployment, and still runs (${bounded(status ?? "without a status", 100)}): it goes on beside the new one unless somebody cancels it.`,
        );
      continue;
    }
    const stranger = await ofCreator(workspace, job.name ?? "");
    if (stranger === undefined) return job;
    workspace.log.warn(`The job ${job.name} has the tags of this step's job, and is left alone: ${stranger}.`);
  }
  return undefined;
}

/** Whether a job has ended, or is ending, without a result. */
export const hasFailed = (job: Job): boolean => {
  const status = job.properties?.status;
  return status === "CancelRequested" || (hasEnded(status) && status !== "Completed");
};

/**
 * Names of jobs of the deployment that could be an earlier request of this step: the own identity created them within a day, and
 * they have no mark, as though the service had dropped it. One round trip, and one or two for each.
 */
export async function unmarkedJobs(
  workspace: Workspace,
  { endpoint, deployment }: Pick<BatchTarget, "endpoint" | "deployment">,
  now = Date.now(),
): Promise<string[]> {
  const createdAt = (job: Job) => Date.parse(job.systemData?.createdAt ?? "");
  const jobs = await taggedJobs(workspace, "azureml.deploymentname", (job) => createdAt(job) < now - RECENT);
  const bare = jobs.filter(
    (job) =>
      tagsOf(job)["azureml.deploymentname"]?.toLowerCase() === deployment.toLowerCase() &&
      isOf(job, endpoint) &&
      !Object.keys(tagsOf(job)).some((name) => name.startsWith(INVOKED_BY)),
  );
  const looked = bare.slice(0, MOST_CANDIDATES).map(async ({ name = "" }) => {
    return (await ofCreator(workspace, name)) === undefined ? [name] : [];
  });
  return (await Promise.all(looked)).flat();
}

/** Whether a job is one of the endpoint's, by the description that the service gives it, or by its experiment (docs/facts/azureml-wire.md#13). */
function isOf({ properties }: Job, endpoint: string): boolean {
  const { description, experimentName } = properties ?? {};
  const said =
    typeof description === "string" ? /\bendpoint: ([^,]+),/.exec(description.slice(0, 500))?.[1] : undefined;
  return (said ?? experimentName ?? "").toLowerCase() === endpoint.toLowerCase();
}

/**
 * Writes tags to a job that the service made without them, by the PATCH of run history with which the studio changes tags
 * (Azure/azure-sdk-for-python#47819). They inform people, and let a later attempt find the job: a refusal is a warning.
 */
export async function tagJob(
  workspace: Workspace,
  job: { readonly name: string; readonly experiment: string },
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const { azure, signal } = workspace;
  await secondaryWrite(
    workspace,
    {
      failed: `The tags of the batch job ${job.name} could not be written`,
      missing: "The job goes on; running this step again would not find it.",
      needs: "a role such as AzureML Data Scientist on the workspace",
    },
    async () => {
      const experiment = segment(job.experiment, "the name of the experiment");
      const at = `${await workspace.serviceUrl("history")}/experiments/${experiment}/runs/${segment(job.name, "the name of the job")}`;
      // The same tags again change nothing.
      await azure.request("PATCH", at, {
        doing: `tag the batch job ${job.name}`,
        body: { tags },
        repeats: true,
        signal,
      });
    },
  );
}
