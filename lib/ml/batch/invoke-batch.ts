// Invokes a batch endpoint: checks what it is given, uploads what lies on this machine, and begins one job for this step of this run.
// Tests: test/lib/ml/batch/invoke-batch.test.ts, test/lib/ml/batch/lost-invocation.test.ts

import { refuseEvidence } from "../../documents/assets/evidence-names.ts";
import { type BatchInvocation, batchInvocationBody, type UploadRoot } from "../../documents/index.ts";
import { canonical } from "../../documents/language/canonical.ts";
import { TaskError } from "../../errors.ts";
import type { Clock } from "../../poll.ts";
import { sha256 } from "../../sha256.ts";
import { requireNamed } from "../assets/named-things.ts";
import { createResolver } from "../assets/resolve.ts";
import { informing } from "../jobs/after-the-end.ts";
import { findJob, studioUrl } from "../jobs/jobs.ts";
import { type Beginning, beginning } from "../workspace/callbacks.ts";
import { lineageTags, SPECIFICATION_HASH } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type BatchTarget, batchTarget } from "./batch-endpoints.ts";
import { earlierJob, hasFailed, newMark, stepTag, tagJob, unmarkedJobs } from "./batch-jobs.ts";
import { unseen } from "./cancel-left.ts";
import { fitTo } from "./fit.ts";
import { cancelOthers, findOrFail, type Invoked, invokedAs, postInvocation } from "./post-invocation.ts";

/** A text that survives where the agent runs the step again in place, and nothing else. */
interface StepMemory {
  read(): string | undefined;
  write(text: string): void;
}

export interface InvokeOptions extends Beginning {
  readonly endpoint: string;
  /** The endpoint's default where absent; resolved once, and named with the request. */
  readonly deployment?: string | undefined;
  /** The same for every attempt of this step in this run, and for no other step. */
  readonly stepIdentity: string;
  readonly memory: StepMemory;
  readonly tags?: Readonly<Record<string, string>>;
  /** The repository's folder, which uploads may not leave by a link. */
  readonly root?: UploadRoot | undefined;
  readonly clock?: Clock;
}

interface SkippingOptions extends InvokeOptions {
  /** No job begins where the deployment is the endpoint's default already. */
  readonly skipWhenDefault: boolean;
}

/** Outputs of a step that began no job. */
export const NOTHING_INVOKED = {
  jobName: "",
  jobId: "",
  jobStatus: "",
  studioUrl: "",
  deploymentName: "",
  outputs: {},
};

/** A job that was begun, or joined. */
export interface BatchJob {
  /** The record's section on the job. */
  readonly job: {
    readonly name: string;
    /** ARM id. */
    readonly id: string;
    readonly status: string;
    readonly studioUrl: string;
    /** True: an earlier attempt's job, which still runs or has completed. */
    readonly joined: boolean;
    readonly displayName: string;
    readonly experiment: string;
    readonly endpoint: string;
    readonly deployment: string;
  };
  readonly target: BatchTarget;
  /** Where outputs were asked to be written, by name. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** The notes of the step's memory. */
const POSTED = /^posted ([0-9a-f]{32})$/;
const BEGUN = /^job ([A-Za-z0-9][A-Za-z0-9._-]{0,254})$/;
/** The beginning of the warning where the look for a second job failed. */
const TWIN = "Whether Azure began a second job for the same request could not be seen";
/** Milliseconds for which a later try in place looks for the job of an earlier one. */
const LOOK_AGAIN = 30_000;

/**
 * Invokes a batch endpoint, or joins the job that an earlier attempt of this step began. `onLeft` is told of the request before it is
 * sent, and of the job once it is known: what `cancelLeftInvocation` takes.
 * @throws TaskError before anything is sent, where endpoint, deployment or data are not there or do not fit; OutcomeUnknown where it
 * is not known whether a job began
 * @returns undefined only with `skipWhenDefault`
 */
export function invokeBatch(
  workspace: Workspace,
  invocation: BatchInvocation,
  options: InvokeOptions,
): Promise<BatchJob>;
export function invokeBatch(
  workspace: Workspace,
  invocation: BatchInvocation,
  options: SkippingOptions,
): Promise<BatchJob | undefined>;
export function invokeBatch(
  workspace: Workspace,
  invocation: BatchInvocation,
  options: InvokeOptions & Partial<SkippingOptions>,
): Promise<BatchJob | undefined> {
  return beginning(workspace, options, () => invoke(workspace, invocation, options));
}

/** Sequential round trips: the endpoint and what is named side by side, its deployment, uploads if any, the token once, the request, its jobs. */
async function invoke(
  workspace: Workspace,
  given: BatchInvocation,
  options: InvokeOptions & Partial<SkippingOptions>,
): Promise<BatchJob | undefined> {
  const { provenance, log } = workspace;
  const { stepIdentity, memory } = options;
  refuseEvidence({ ...given.tags, ...options.tags }, "The invocation sets the tag");
  const [target] = await Promise.all([
    batchTarget(workspace, options.endpoint, options.deployment),
    requireNamed(workspace, given),
  ]);
  if (options.skipWhenDefault && target.defaultDeployment?.toLowerCase() === target.deployment.toLowerCase()) {
    log.info(`${target.deployment} is the default deployment of ${target.endpoint} already: no job was begun.`);
    return undefined;
  }
  const fitted = fitTo(target, given, (line) => log.warn(line));
  log.info(
    `Batch endpoint ${target.endpoint}, deployment ${target.deployment}${options.deployment === undefined ? " (its default)" : ""}.`,
  );
  const resolver = createResolver(workspace, options.root === undefined ? {} : { root: options.root });
  const body = await batchInvocationBody(fitted, resolver);
  const { tags: _tags, ...specification } = body;
  const hash = sha256(canonical({ endpoint: target.endpoint, deployment: target.deployment, ...specification }));
  const begun = (job: Invoked, joined: boolean): BatchJob => {
    options.onLeft?.(job.name);
    remember(workspace, memory, `job ${job.name}`);
    if (joined)
      log.info(`An earlier attempt of this step began ${job.name}, which is ${job.status}: going on with it.`);
    return batchJob(workspace, target, given, job, joined);
  };

  const earlier = await earlierOf(workspace, target, hash, options);
  if (earlier !== undefined) return begun(earlier, true);
  const mark = newMark(stepIdentity);
  const own = { ...given.tags, ...options.tags, [mark.tag]: mark.claim, [SPECIFICATION_HASH]: hash };
  const tags = { ...lineageTags(provenance, own), ...own };
  const job = await postInvocation(workspace, {
    ...{ target, mark, properties: { ...body, tags }, clock: options.clock },
    onPost: () => {
      memory.write(`posted ${mark.claim}`);
      options.onLeft?.(unseen(mark));
    },
    onRefused: () => remember(workspace, memory, ""),
  });
  if (workspace.azure.dryRun) return batchJob(workspace, target, given, job, false);
  const invoked = begun(job, false);
  const missing = Object.entries(tags).filter(([name, value]) => job.tags[name] !== value);
  if (missing.length > 0) await tagJob(workspace, invoked.job, Object.fromEntries(missing));
  else await informing(workspace, TWIN, () => cancelOthers(workspace, mark, job.name));
  return invoked;
}

/**
 * The job of an earlier try or attempt of this step that counts; undefined where there was none, or it failed.
 * @throws OutcomeUnknown where an earlier request may have begun a job that cannot be found
 */
async function earlierOf(
  workspace: Workspace,
  target: BatchTarget,
  hash: string,
  { stepIdentity, memory, clock }: InvokeOptions,
): Promise<Invoked | undefined> {
  const { log, provenance } = workspace;
  const tag = stepTag(stepIdentity);
  // The agent runs the step again in place: what the try before has written down is certain.
  const note = memory.read() ?? "";
  const [, claim] = POSTED.exec(note) ?? [];
  const [, name] = BEGUN.exec(note) ?? [];
  if (claim !== undefined) {
    return findOrFail(workspace, target, { mark: { tag, claim }, patience: LOOK_AGAIN, clock });
  }
  if (name !== undefined) {
    const job = await findJob(workspace, name);
    if (job === undefined || hasFailed(job)) {
      log.info(`${name} of an earlier try is ${job?.properties?.status ?? "not there any more"}: invoking again.`);
      return undefined;
    }
    return invokedAs(job);
  }
  if (provenance.attempt <= 1) return undefined;
  const job = await earlierJob(workspace, tag, hash);
  if (job !== undefined) return invokedAs(job);
  const candidates = await unmarkedJobs(workspace, target);
  if (candidates.length === 0) return undefined;
  throw new TaskError(
    "conflict",
    `An earlier attempt of this step may have begun ${candidates.join(" or ")}, of the same deployment and by the same identity; nothing proves it, so nothing was sent.`,
    {
      errorCode: "AML1108",
      hint: "Wait for that job with AzureMLWaitForJob, or cancel it; to invoke the endpoint again, start a new run of the pipeline.",
    },
  );
}

/** Notes what is certain now. A job that has begun is not lost over a note that cannot be written. */
function remember({ log }: Workspace, memory: StepMemory, note: string): void {
  try {
    memory.write(note);
  } catch (error) {
    log.warn(
      `The step could not note what it has done, so that a retry by the agent in place may fail: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function batchJob(
  workspace: Workspace,
  target: BatchTarget,
  given: BatchInvocation,
  job: Invoked,
  joined: boolean,
): BatchJob {
  const { name, status, displayName = name } = job;
  const { endpoint, deployment, runsPipeline } = target;
  return {
    job: {
      ...{ name, status, displayName, joined, endpoint, deployment },
      id: `${workspace.id}/jobs/${name}`,
      studioUrl: job.studioUrl ?? studioUrl(workspace, { name }),
      experiment: (runsPipeline ? given.experiment_name : undefined) ?? endpoint,
    },
    target,
    outputs: Object.fromEntries(
      Object.entries(given.outputs ?? {}).flatMap(([output, { path }]) => (path === undefined ? [] : [[output, path]])),
    ),
  };
}
