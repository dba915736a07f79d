// Ends a wait before the job has ended (timeout or cancel): the job is cancelled, or the error says that it is still running.
// Tests: test/lib/ml/jobs/joining.test.ts
import { TaskError } from "../../errors.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { isGone } from "./job-standing.ts";
import { cancelJob } from "./jobs.ts";
import { OVER_LIMIT } from "./meter.ts";

/** Told the job where it was to be cancelled and could not be asked: the post-job stage has to. */
export interface GivingUp extends Pick<Callbacks<never>, "onLeft"> {
  readonly studioUrl?: string | undefined;
  /** Whether the job is to end where the step gives up. */
  readonly cancelOnFailure?: boolean | undefined;
  /** The job is another step's, which waits for it too: it is never cancelled here. */
  readonly isOthers?: boolean | undefined;
}

/**
 * The error of a wait that ends before its job does. A cancelled pipeline, a deadline and a limit of cost ask the job to end; anything
 * else only where people chose so, and otherwise the error says what goes on, where, and how to join it or to end it.
 */
export async function endWait(
  workspace: Workspace,
  name: string,
  error: unknown,
  options: GivingUp = {},
): Promise<unknown> {
  const { signal, log } = workspace;
  const late = error instanceof TaskError && error.kind === "timeout";
  if (isGone(error)) return error;
  if (options.isOthers) return signal.aborted ? signal.reason : withSentence(error, goesOn(workspace, name, options));
  const isOver = error instanceof TaskError && error.errorCode === OVER_LIMIT;
  if (!signal.aborted && !late && !isOver && !options.cancelOnFailure)
    return withSentence(error, goesOn(workspace, name, options));
  log.info(`Cancelling the job ${name}.`);
  let failure: unknown;
  try {
    await cancelJob(workspace, name);
  } catch (one) {
    failure = one;
  }
  if (signal.aborted) {
    if (failure !== undefined) log.warn(`The job ${name} could not be cancelled: ${messageOf(failure)}`);
    return signal.reason;
  }
  if (failure === undefined) {
    if (!late) return withSentence(error, { sentence: `The job ${name} has been asked to cancel.` });
    return withSentence(error, {
      sentence: "It has been asked to cancel.",
      hint: "Give the input timeoutInMinutes more time, or the job less to do.",
    });
  }
  options.onLeft?.(name);
  const { sentence, hint } = goesOn(workspace, name, options);
  return withSentence(error, {
    sentence: `It could not be asked to cancel (${messageOf(failure)}); the end of the pipeline job tries once more. Until then: ${sentence}`,
    hint,
  });
}

/** The hint that a job is still running, its page, and how to join or cancel it. */
function goesOn(
  workspace: Workspace,
  name: string,
  { studioUrl }: Pick<GivingUp, "studioUrl">,
): { sentence: string; hint: string } {
  const page = studioUrl ? `: ${studioUrl}` : ".";
  const joins = workspace.provenance.kind === "none" ? "" : "Running the failed job of the pipeline again joins it. ";
  return {
    sentence: `The job ${name} is still running in Azure and is billed${page}`,
    hint: `${joins}To end it, cancel it in studio or with: az ml job cancel --name ${name} --workspace-name ${workspace.name} --resource-group ${workspace.resourceGroup}. With the input cancelOnFailure a step that gives up cancels its job.`,
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The same error with a sentence more. */
function withSentence(error: unknown, more: { sentence: string; hint?: string }): TaskError {
  const known = error instanceof TaskError ? error : undefined;
  const hint = [known?.hint, more.hint].filter((one) => one !== undefined).join(" ");
  return new TaskError(known?.kind ?? "service", `${messageOf(error)} ${more.sentence}`, {
    ...(hint === "" ? {} : { hint }),
    ...(known?.requestId === undefined ? {} : { requestId: known.requestId }),
    ...(known?.status === undefined ? {} : { status: known.status }),
    ...(known?.code === undefined ? {} : { code: known.code }),
    ...(known?.where === undefined ? {} : { where: known.where }),
    cause: error,
  });
}
