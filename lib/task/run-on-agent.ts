// The one place where a task is run: inputs, connection, workspace, story, outputs, record, result. And the one catch.
import { writeFileSync } from "node:fs";
import { type Agent, complete, flushed, openAgent, stepIdentity, uncaughtError } from "../agent/index.ts";
import type { WithheldWrites } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { junitXml, RECORD_TYPE, type RunRecord, summaryMarkdown, writeRecord } from "../record/index.ts";
import { secondaryWrite } from "../secondary-write.ts";
import { openAzure } from "./azure.ts";
import { dryRunContext, dryRunLog, sayWithheldWrites } from "./dry-run.ts";
import { reportCancel, reportFailure } from "./failure.ts";
import { outputVariables } from "./outputs.ts";
import { newRecord } from "./recording.ts";
import type { StoryContext, StoryRun, Task, WorkspaceRequest } from "./task.ts";

/** How long a story may run after a cancel (SIGINT); the agent waits 7.5 seconds before it sends SIGTERM (docs/facts/agent.md#4). */
const GRACE = 5_000;

/** Set by the bundle's post-job entry before it loads the task. */
const isPostJob = () => (globalThis as { azureMlStage?: string }).azureMlStage === "postJob";

/** Runs the task, or its post-job stage, and ends the process with a result and always with exit code 0. */
export async function runOnAgent<Inputs, Outputs, Workspace>(task: Task<Inputs, Outputs, Workspace>): Promise<void> {
  const { name, version } = task.contract.task;
  const uncaught = uncaughtError();
  try {
    const agent = openAgent(`azure-ml-pipelines/${version} ${name}`);
    await (isPostJob() ? Promise.race([runPostJob(task, agent), uncaught]) : runMain(task, agent, uncaught));
  } catch (error) {
    // A failed post-job stage, or a fault of ours: that too ends as a failed task, and never as an exit code, which a
    // retry could not repair (docs/facts/agent.md#3).
    complete("Failed", reportFailure(error).message);
  }
  await flushed();
  process.exit(0);
}

async function runMain<Inputs, Outputs, Workspace>(
  task: Task<Inputs, Outputs, Workspace>,
  agent: Agent,
  uncaught: Promise<never>,
): Promise<void> {
  const record = newRecord(task.contract.task, agent.provenance);
  const issues: string[] = [];
  try {
    const work = async () => {
      const { context, withheld } = await openContext(task, agent, record, issues);
      const outputs = await task.story(context);
      if (withheld) sayWithheldWrites(agent.log, withheld, { secrets: hidden(agent), outputs: task.outputsOfDryRun });
      return withheld && !task.outputsOfDryRun ? {} : outputs;
    };
    const outputs = await Promise.race([work(), impatience(agent.signal), uncaught]);
    setOutputs(task, agent, outputs as Partial<Outputs>);
    record.result = issues.length === 0 ? "succeeded" : "succeededWithIssues";
    await leaveRecord(agent, record);
    for (const issue of issues) agent.log.warn(issue);
    complete(issues.length === 0 ? "Succeeded" : "SucceededWithIssues", issues[0]);
  } catch (error) {
    const canceled = agent.signal.aborted;
    record.result = canceled ? "canceled" : "failed";
    record.error = canceled ? reportCancel(agent.signal.reason, error) : reportFailure(error);
    await leaveRecord(agent, record);
    complete(canceled ? "Canceled" : "Failed", record.error.message);
  }
}

/** The post-job stage, which runs after a cancel too: only where the main stage left something to do. */
async function runPostJob<Inputs, Outputs, Workspace>(
  task: Task<Inputs, Outputs, Workspace>,
  agent: Agent,
): Promise<void> {
  const value = task.postJob && agent.taskVariable(task.postJob.taskVariable);
  if (task.postJob === undefined || value === undefined) return agent.log.debug("Nothing is left to do.");
  const { context } = await openContext(task, agent, newRecord(task.contract.task, agent.provenance), []);
  await task.postJob.story(context, value);
}

async function openContext<Inputs, Outputs, Workspace>(
  task: Task<Inputs, Outputs, Workspace>,
  agent: Agent,
  record: RunRecord,
  issues: string[],
): Promise<{ context: StoryContext<Inputs, Outputs, Workspace>; withheld: WithheldWrites | undefined }> {
  const inputs = task.contract.read(agent);
  const opened = openConnection(task, agent, inputs as Readonly<Record<string, unknown>>);
  if ("workspace" in opened) {
    const { workspace } = opened;
    const context = {
      inputs,
      workspace,
      log: agent.log,
      signal: agent.signal,
      record,
      run: storyRun(task, agent, issues),
    };
    return { context, withheld: undefined };
  }
  const { request } = opened;
  const { name, resourceGroup, subscriptionId } = request;
  if (name !== "") record.workspace = { name, resourceGroup, subscriptionId };
  const withheld = request.azure.dryRun;
  const log = withheld ? dryRunLog(agent.log, withheld) : agent.log;
  const workspace = await task.openWorkspace({ ...request, log });
  const location = (workspace as { location?: unknown } | undefined)?.location;
  if (typeof location === "string" && record.workspace) record.workspace.location = location;
  const context = { inputs, workspace, log, signal: agent.signal, record, run: storyRun(task, agent, issues) };
  return { context: withheld ? dryRunContext(context, task.outputsOfDryRun) : context, withheld };
}

/** Signed in, or what the story takes in place of a workspace where the connection cannot be used. @throws TaskError */
function openConnection<Inputs, Outputs, Workspace>(
  task: Task<Inputs, Outputs, Workspace>,
  agent: Agent,
  inputs: Readonly<Record<string, unknown>>,
): { readonly request: WorkspaceRequest } | { readonly workspace: Workspace } {
  try {
    return { request: openAzure(agent, inputs, task.contract.task) };
  } catch (error) {
    if (!(error instanceof TaskError) || task.withoutConnection === undefined) throw error;
    return { workspace: task.withoutConnection(error) };
  }
}

function storyRun<Inputs, Outputs, Workspace>(
  task: Task<Inputs, Outputs, Workspace>,
  agent: Agent,
  issues: string[],
): StoryRun<Outputs> {
  return {
    provenance: agent.provenance,
    stepIdentity: stepIdentity(agent.provenance),
    stepNonce: agent.stepNonce,
    workingDirectory: agent.variable("System.DefaultWorkingDirectory") ?? process.cwd(),
    folders: (allowed) => ({
      ...agent.folders(allowed),
      hide(secret) {
        agent.setSecret(secret);
        hidden(agent).add(secret);
      },
    }),
    setOutputs: (outputs) => setOutputs(task, agent, outputs),
    succeedWithIssues: (reason) => void issues.push(reason),
    setTaskVariable: agent.setTaskVariable,
    taskVariable: agent.taskVariable,
    publishTests(report) {
      const file = agent.tempFile("tests.xml");
      writeFileSync(file, junitXml(report));
      agent.publishTests(file, report.title);
    },
    addBuildTag: agent.addBuildTag,
    writes: agent.writesAccess,
    uploadFile: async (name, content) => {
      await secondaryWrite(agent, leaving(`The file ${name}`), () => agent.uploadFile(name, content));
    },
    access: agent.runAccess,
    records: agent.recordsAccess,
    rights: agent.rightsAccess,
    tempFile: agent.tempFile,
  };
}

function setOutputs<Inputs, Outputs, Workspace>(
  task: Task<Inputs, Outputs, Workspace>,
  agent: Agent,
  outputs: Partial<Outputs>,
): void {
  for (const [name, value] of outputVariables(task.contract.outputs, outputs, agent.log.warn)) {
    agent.setOutput(name, value);
  }
}

/** The warning when a file cannot be attached to the run. */
const leaving = (what: string) => ({
  failed: `${what} could not be left with the run`,
  missing: "The step's result and its outputs count all the same.",
  needs: "room in the agent's temporary folder, and that folder to be writable",
});

/** Attached whether the step succeeded or not; what it says is never needed to go on (docs/facts/agent.md#2.4). */
async function leaveRecord(agent: Agent, record: RunRecord): Promise<void> {
  record.finished = new Date().toISOString();
  const name = `${record.task.name}-${agent.provenance.step || "step"}`;
  // A cancelled step leaves its record too; a failure to do so does not change the result.
  const place = { log: agent.log, signal: NEVER };
  await secondaryWrite(place, leaving("The record"), () =>
    agent.attachRecord(RECORD_TYPE, `${name}.json`, without(hidden(agent), writeRecord(record))),
  );
  await secondaryWrite(place, leaving("The summary"), () => {
    const markdown = without(hidden(agent), summaryMarkdown(record));
    if (markdown !== "") agent.summary(`${record.task.friendlyName}.md`, markdown);
  });
}

const NEVER = new AbortController().signal;

/** Secrets that stories met in files. The agent masks them in the log; what is attached is ours to clean. */
const hiddenOf = new WeakMap<Agent, Set<string>>();

function hidden(agent: Agent): Set<string> {
  const known = hiddenOf.get(agent) ?? new Set<string>();
  hiddenOf.set(agent, known);
  return known;
}

function without(secrets: ReadonlySet<string>, text: string): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret === "") continue;
    // As it is, and as JSON has it.
    clean = clean.replaceAll(secret, "***").replaceAll(JSON.stringify(secret).slice(1, -1), "***");
  }
  return clean;
}

/** Rejects with the cancel's reason after the grace period for clean-up. */
function impatience(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => setTimeout(() => reject(signal.reason), GRACE), { once: true });
  });
}
