// Runs one stage of one step: tries, time limit, cancellation, result, attachments (docs/facts/agent.md#2 to #4).
import { readFile } from "node:fs/promises";
import { takeLine } from "./command-handlers.ts";
import { StageContext } from "./context.ts";
import type { JobFolders } from "./predefined.ts";
import { mergeResults, type TaskResult } from "./results.ts";
import type { PluginStep, StageOutcome, TaskStep } from "./step.ts";
import type { Stage, TaskFolder } from "./task-folder.ts";
import { type PreparedStep, type StageEnvironment, type StartedTask, startTask } from "./task-process.ts";
import type { VariableStore } from "./variables.ts";

const MAXIMUM_RETRIES = 10;

/** The reason for stopping a running stage. */
export type StopReason = "timeout" | "cancel";

/** Runs a stage whose condition held. `stop` carries a StopReason. The outcome is final: merged, continueOnError applied. */
export async function runStage(
  prepared: PreparedStep,
  stage: Stage,
  stageId: string,
  displayName: string,
  environment: StageEnvironment,
  stop: AbortController,
  onLine: (line: string) => void,
): Promise<StageOutcome> {
  const { step, task } = prepared;
  const { state } = environment;
  const startedAt = new Date();
  const context = new StageContext({
    job: state,
    record: {
      id: stageId,
      jobId: state.variables.get("system.jobId") ?? "",
      name: displayName,
      task: task && referenceTo(task),
    },
    reference: prepared.reference,
    taskVariables: prepared.taskVariables,
    declaredOutputs: new Set((task?.manifest.outputVariables ?? []).map(({ name }) => name.toLowerCase())),
    restrictions: restrictionsOf(step, task),
    signal: stop.signal,
    onLine,
  });
  context.write(`Starting: ${displayName}`, "section");
  for (const warning of state.variables.recalculate()) context.warn(warning);
  setTaskVariables(state.variables, prepared, stageId, displayName);
  await state.server.updateRecord(context.record, "inProgress");

  const limit = step.timeoutInMinutes ?? 0;
  const timer = limit > 0 ? setTimeout(() => stop.abort("timeout" satisfies StopReason), limit * 60_000) : undefined;
  const announce = () => {
    context.error(
      stop.signal.reason === "timeout"
        ? "The task has timed out."
        : "The Operation will be canceled. The next steps may not contain expected logs.",
    );
  };
  stop.signal.addEventListener("abort", announce, { once: true });
  if (stop.signal.aborted) announce();

  const signals: NodeJS.Signals[] = [];
  let exitCode: number | undefined;
  let attempts = 0;
  let processMilliseconds = 0;
  let started: StartedTask | undefined;
  const attempt = async (): Promise<void> => {
    attempts += 1;
    if ("plugin" in step) {
      await runPlugin(step, context, environment.folders);
      return;
    }
    started ??= startTask(prepared, stage, context, environment, signals);
    const outcome = await started.run();
    exitCode = outcome.exitCode;
    processMilliseconds += outcome.milliseconds;
    if (outcome.failure !== undefined && !outcome.stopped) throw new Error(outcome.failure);
  };
  const retries = Math.min(MAXIMUM_RETRIES, step.retryCountOnTaskFailure ?? 0);
  let result: TaskResult;
  for (let n = 0; ; n++) {
    let failure: string | undefined;
    try {
      await attempt();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    if (stop.signal.aborted) {
      result = stop.signal.reason === "timeout" ? "Failed" : "Canceled";
      break;
    }
    const said = context.result ?? "Succeeded";
    if (n < retries && (failure !== undefined || said === "Failed")) {
      // The trap: a try that threw leaves its earlier `task.complete` standing, one that only said Failed does not.
      // (With tries to spare the standing one is then seen after the next try, and forgotten.)
      if (failure === undefined) context.result = undefined;
      const delay = environment.retryDelay(n);
      context.warn(
        failure === undefined
          ? `RetryHelper encountered task failure, will retry (attempt #: ${n + 1} out of ${retries}) after ${delay} ms`
          : `RetryHelper encountered exception, will retry (attempt #: ${n + 1} ${failure}) after ${delay} ms`,
      );
      await pause(delay, stop.signal);
      if (!stop.signal.aborted) continue;
      result = stop.signal.reason === "timeout" ? "Failed" : "Canceled";
      break;
    }
    if (failure !== undefined) context.error(failure);
    result = failure === undefined ? said : "Failed";
    break;
  }
  await Promise.all(context.asynchronous);
  clearTimeout(timer);
  stop.signal.removeEventListener("abort", announce);
  if (context.commandResult !== undefined) result = mergeResults(result, context.commandResult);
  if (step.continueOnError && result === "Failed") result = "SucceededWithIssues";
  await uploadAttachments(context);
  context.write(`Finishing: ${displayName}`, "section");
  await state.server.updateRecord(context.record, "completed", result, context.outputs);
  return {
    stage,
    name: prepared.reference,
    displayName,
    recordId: stageId,
    result,
    issues: context.issues,
    outputs: context.outputs,
    variables: context.set,
    lines: context.lines,
    attachments: context.attachments,
    exitCode,
    attempts,
    signals,
    timedOut: stop.signal.aborted && stop.signal.reason === "timeout",
    progress: context.progress,
    startedAt,
    milliseconds: Date.now() - startedAt.getTime(),
    processMilliseconds,
  };
}

/** The name of a step's task in the timeline. */
function referenceTo({ manifest: { id, name, version } }: TaskFolder) {
  return { id, name, version: `${version.Major}.${version.Minor}.${version.Patch}` };
}

function restrictionsOf(step: TaskStep | PluginStep, task: TaskFolder | undefined) {
  const target = "target" in step ? step.target : undefined;
  const own = task?.manifest.restrictions;
  const isRestricted = [target?.commands, own?.commands?.mode].some((mode) => mode?.toLowerCase() === "restricted");
  return {
    commands: isRestricted ? ("restricted" as const) : ("any" as const),
    settable: [target?.settableVariables, own?.settableVariables?.allowed].filter((list) => list !== undefined),
  };
}

function setTaskVariables(
  variables: VariableStore,
  prepared: PreparedStep,
  stageId: string,
  displayName: string,
): void {
  variables.set("task.displayName", displayName);
  variables.set("task.publishTelemetry", "False");
  variables.set("task.skipTranslatorForCheckout", "False");
  variables.set("system.taskInstanceId", stageId);
  variables.set("system.taskDisplayName", displayName);
  variables.set("system.taskInstanceName", prepared.reference);
}

async function runPlugin(step: PluginStep, context: StageContext, folders: JobFolders): Promise<void> {
  await step.plugin({
    folders,
    signal: context.signal,
    line: (text) => takeLine(context, text),
    variable: (name) => context.job.variables.get(name),
  });
}

/** The upload queue: reads the files now, after the process ended, and sends them even where the step was cancelled. */
async function uploadAttachments(context: StageContext): Promise<void> {
  for (const { type, name, file } of context.uploads) {
    try {
      const content = await readFile(file);
      await context.job.server.attach(context.record, type, name, content);
      context.attachments.push({ type, name, content });
    } catch (error) {
      // The real agent drops it with a line in its diagnostics; here it is printed in the log.
      context.write(`The attachment '${name}' was lost: ${(error as Error).message}`, "warning");
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
