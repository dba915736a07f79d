// The one place where a task is run: inputs, connection, story, outputs, record, result. And the one catch.
import type { Agent, Result } from "../agent/agent.ts";
import { stepIdentity } from "../agent/provenance.ts";
import { LEFT } from "../agent/task-variables.ts";
import { createTransport, WithheldWrites } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { junitXml, RECORD_TYPE, type RunRecord, readRecord, summaryMarkdown, writeRecord } from "../record/index.ts";
import { secondaryWrite } from "../secondary-write.ts";
import { type Connected, connect, connectTarget, type Network } from "./azure.ts";
import { dryRunContext, dryRunLog, isDryRun, sayWithheldWrites } from "./dry-run.ts";
import { failureOf, reportCancel, reportFailure } from "./failure.ts";
import { outputVariables } from "./outputs.ts";
import { newRecord } from "./recording.ts";

import type { Open, StepView, StoryContext, StoryRun, Task } from "./task.ts";

/** How long a story may run after a cancel (SIGINT); the agent waits 7.5 seconds before it sends SIGTERM (docs/facts/agent.md#4). */
const GRACE = 5_000;

/** The outcome of a task. The agent has everything but the result: `main` reports that last. */
export interface Outcome<Outputs = object> {
  readonly result: Result;
  /** The message beside the result; may be empty. */
  readonly message: string;
  /** The outputs of the story; undefined if it failed, or if a dry run does not know them. */
  readonly outputs: Outputs | undefined;
  readonly record: RunRecord;
  /** Reasons why a step that succeeded has issues. */
  readonly issues: readonly string[];
  /** The error that was thrown. */
  readonly error?: unknown;
}

/** A step while it runs: its task, its agent, its record, issues and secrets. */
interface Step<Inputs, Outputs> {
  readonly task: Task<Inputs, Outputs>;
  readonly agent: Agent;
  readonly network: Network;
  readonly record: RunRecord;
  readonly issues: string[];
  /** What is written outside of the run once the story has ended. */
  view?: StepView | undefined;
  /** Secrets that files held. The agent masks them in the log; what is attached is ours to clean. */
  readonly hidden: Set<string>;
}

/**
 * Runs a task's main stage. Everything outside is given: the pipeline, and the network.
 * @param network makes the way to Azure
 * @throws nothing
 */
export async function runTask<Inputs, Outputs>(
  task: Task<Inputs, Outputs>,
  agent: Agent,
  network: Network = createTransport,
): Promise<Outcome<Outputs>> {
  const step = begin(task, agent, network);
  const { record, issues } = step;
  const grace = gracePeriod(agent.signal);
  try {
    const outputs = await Promise.race([runStory(step), grace.over, agent.uncaught]);
    if (outputs !== undefined) setOutputs(step, outputs);
    record.result = issues.length === 0 ? "succeeded" : "succeededWithIssues";
    await endView(step, false);
    await leaveRecord(step);
    for (const issue of issues) agent.log.warn(issue);
    const result = issues.length === 0 ? "Succeeded" : "SucceededWithIssues";
    return { result, message: issues[0] ?? "", outputs, record, issues };
  } catch (error) {
    const canceled = agent.signal.aborted;
    record.result = canceled ? "canceled" : "failed";
    record.error = canceled ? reportCancel(agent, agent.signal.reason, error) : reportFailure(agent, error);
    await endView(step, canceled);
    await leaveRecord(step);
    const result = canceled ? "Canceled" : "Failed";
    return { result, message: record.error.message, outputs: undefined, record, issues, error };
  } finally {
    grace.end();
  }
}

/**
 * Runs a task's post-job stage, which runs after a cancel too: only where the main stage left something to roll back.
 * @throws what the stage threw
 */
export async function runPostJob<Inputs, Outputs>(
  task: Task<Inputs, Outputs>,
  agent: Agent,
  network: Network = createTransport,
): Promise<void> {
  const left = agent.taskVariable(LEFT);
  if (task.postJob === undefined || left === undefined) return agent.log.debug("Nothing is left to do.");
  const { context } = contextOf(begin(task, agent, network));
  await Promise.race([task.postJob(context, left), agent.uncaught]);
}

const begin = <Inputs, Outputs>(
  task: Task<Inputs, Outputs>,
  agent: Agent,
  network: Network,
): Step<Inputs, Outputs> => ({
  task,
  agent,
  network,
  record: newRecord(task.contract.task, agent.provenance),
  issues: [],
  hidden: new Set(),
});

/** Runs the story. @returns its outputs; undefined after a dry run that does not know them */
async function runStory<Inputs, Outputs>(step: Step<Inputs, Outputs>): Promise<Outputs | undefined> {
  const { task, agent, hidden } = step;
  const { context, withheld } = contextOf(step);
  if (withheld === undefined) {
    step.view = task.view?.(context);
    return task.story(context);
  }
  const outputs = await task.story(dryRunContext(context, task.outputsOfDryRun));
  sayWithheldWrites(agent.log, withheld, { secrets: hidden, outputs: task.outputsOfDryRun });
  return task.outputsOfDryRun ? outputs : undefined;
}

/** @throws TaskErrors kind `input` that name every input at fault */
function contextOf<Inputs, Outputs>(
  step: Step<Inputs, Outputs>,
): { context: StoryContext<Inputs, Outputs>; withheld: WithheldWrites | undefined } {
  const { task, agent, network, record } = step;
  const inputs = task.contract.read(agent);
  const withheld = isDryRun(inputs) ? new WithheldWrites() : undefined;
  const log = withheld ? dryRunLog(agent.log, withheld) : agent.log;
  const given = inputs as Readonly<Record<string, unknown>>;
  let source: Connected | undefined;
  const open: Open = async (opener, otherwise) => {
    let request: Connected;
    try {
      request = connect(agent, given, task.contract.task, network, withheld);
    } catch (error) {
      if (!(error instanceof TaskError) || otherwise === undefined) throw error;
      return otherwise(error);
    }
    source = request;
    const { name, resourceGroup, subscriptionId } = request;
    if (name !== "") record.workspace = { name, resourceGroup, subscriptionId };
    const [place] = await Promise.all([opener({ ...request, log }), step.view?.ready]);
    const { location } = place as { readonly location?: unknown };
    if (record.workspace && typeof location === "string") record.workspace.location = location;
    return place;
  };
  const openTarget: Open = async (opener) => {
    source ??= connect(agent, given, task.contract.task, network, withheld);
    try {
      return await opener({ ...connectTarget(agent, given, task.contract.task, network, source, withheld), log });
    } catch (error) {
      throw error instanceof TaskError ? ofTarget(error) : error;
    }
  };
  const context = { inputs, open, openTarget, log, signal: agent.signal, record, run: storyRun(step) };
  return { context, withheld };
}

/** Both places may have the same name, so the error of the target says that it is the target's. */
function ofTarget(error: TaskError): TaskError {
  const { kind, message, hint, requestId, status, code } = error;
  return new TaskError(kind, `The target cannot be opened: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    cause: error,
  });
}

function storyRun<Inputs, Outputs>(step: Step<Inputs, Outputs>): StoryRun<Outputs> {
  const { agent, issues, hidden } = step;
  const hide = (secret: string) => {
    agent.setSecret(secret);
    hidden.add(secret);
  };
  return {
    provenance: agent.provenance,
    stepIdentity: stepIdentity(agent.provenance),
    stepNonce: agent.stepNonce,
    stepMemory: agent.stepMemory,
    folders: (allowed) => ({ ...agent.folders(allowed), hide }),
    setOutputs: (outputs) => setOutputs(step, outputs),
    succeedWithIssues: (reason) => void issues.push(reason),
    showResult: (failure) => {
      const result = failure ? "failed" : issues.length === 0 ? "succeeded" : "succeededWithIssues";
      const error = failure && { error: failureOf(failure) };
      step.view?.ahead?.(cleanOf({ ...step.record, ...error, result }, hidden));
    },
    leave: (left = "") => agent.setTaskVariable(LEFT, left),
    keepPrivate: agent.keepPrivate,
    publishTests: (report) => agent.publishTests(junitXml(report), report.title),
    addBuildTag: agent.addBuildTag,
    writes: agent.writesAccess,
    attach: async (type, name, content) => {
      await secondaryWrite(agent, leaving(`The attachment ${name}`), () =>
        agent.attachRecord(type, name, typeof content === "string" ? without(hidden, content) : content),
      );
    },
    uploadFile: async (name, content) => {
      await secondaryWrite(agent, leaving(`The file ${name}`), () => agent.uploadFile(name, content));
    },
    summary: async (name, markdown) => {
      await secondaryWrite(agent, leaving(`The page ${name}`), () =>
        agent.summary(`${name}.md`, without(hidden, markdown)),
      );
    },
    access: agent.runAccess,
    records: agent.recordsAccess,
    rights: agent.rightsAccess,
    pullRequest: agent.pullRequestSource,
  };
}

function setOutputs<Inputs, Outputs>({ task, agent }: Step<Inputs, Outputs>, outputs: Partial<Outputs>): void {
  for (const [name, value] of outputVariables(task.contract.outputs, outputs, agent.log.warn)) {
    agent.setOutput(name, value);
  }
}

/** Views never change the result: a cancel while one is written leaves it as far as it is. */
async function endView<Inputs, Outputs>(step: Step<Inputs, Outputs>, isCanceled: boolean): Promise<void> {
  const { view, agent, record, hidden } = step;
  if (view === undefined) return;
  record.finished = new Date().toISOString();
  const warning = {
    failed: "The links of this step were not all written",
    missing: "The step's result counts all the same.",
    needs: "Azure DevOps to answer",
  };
  await secondaryWrite({ log: agent.log, signal: NEVER }, warning, () => {
    const clean = cleanOf(record, hidden);
    return isCanceled ? view.canceled?.(clean) : view.end(record, clean);
  });
}

/** The record as people outside of the run may see it. */
const cleanOf = (record: RunRecord, hidden: ReadonlySet<string>): RunRecord =>
  readRecord(without(hidden, writeRecord(record))).record ?? record;

/** The warning when a file cannot be attached to the run. */
const leaving = (what: string) => ({
  failed: `${what} could not be left with the run`,
  missing: "The step's result and its outputs count all the same.",
  needs: "room in the agent's temporary folder, and that folder to be writable",
});

/** Attaches the record and the summary, whether the step succeeded or not. A failure is a warning (docs/facts/agent.md#2.4). */
async function leaveRecord<Inputs, Outputs>({ agent, record, hidden }: Step<Inputs, Outputs>): Promise<void> {
  record.finished = new Date().toISOString();
  const name = `${record.task.name}-${agent.provenance.step || "step"}`;
  // A cancelled step leaves its record too; a failure to do so does not change the result.
  const place = { log: agent.log, signal: NEVER };
  await secondaryWrite(place, leaving("The record"), () =>
    agent.attachRecord(RECORD_TYPE, `${name}.json`, without(hidden, writeRecord(record))),
  );
  await secondaryWrite(place, leaving("The summary"), () => {
    const markdown = without(hidden, summaryMarkdown(record));
    if (markdown !== "") agent.summary(`${record.task.friendlyName}.md`, markdown);
  });
}

const NEVER = new AbortController().signal;

function without(secrets: ReadonlySet<string>, text: string): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret === "") continue;
    // As it is, and as JSON has it.
    clean = clean.replaceAll(secret, "***").replaceAll(JSON.stringify(secret).slice(1, -1), "***");
  }
  return clean;
}

/** `over` rejects with the cancel's reason after the grace period for clean-up. */
function gracePeriod(signal: AbortSignal): { over: Promise<never>; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  let begin = () => {};
  const over = new Promise<never>((_resolve, reject) => {
    begin = () => {
      timer = setTimeout(() => reject(signal.reason), GRACE);
    };
  });
  signal.addEventListener("abort", begin, { once: true });
  const end = () => {
    signal.removeEventListener("abort", begin);
    clearTimeout(timer);
  };
  return { over, end };
}
