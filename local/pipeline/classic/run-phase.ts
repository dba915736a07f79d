// Runs one job of a release: on the agent the artifacts into their folders, then the tasks; of an agentless one the tasks alone.
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import {
  type AgentNetwork,
  type AgentServer,
  type Condition,
  Job,
  type JobStatus,
  type NodeBinaries,
  type PluginContext,
  type RunIdentity,
  type ServiceConnection,
  type StageOutcome,
  type Step,
  systemConnection,
  type TaskResult,
  type VariableSpec,
} from "../../agent/index.ts";
import type { Plan } from "../../devops/state/plans.ts";
import type { ReleaseArtifact } from "../../devops/state/releases.ts";
import { evaluate, toBoolean } from "../../expressions/evaluate.ts";
import type { TaskStep } from "../language/document.ts";
import type { BoundTask } from "../running/bind-tasks.ts";
import type { RunContext } from "../running/context.ts";
import { type JobRunOutcome, RECORD_RESULTS } from "../running/outcome.ts";
import { type ArtifactStore, checkout, type Repository } from "../running/plugins.ts";
import { stepFunctions } from "../running/scope.ts";
import { runServerJob } from "../running/server-job.ts";
import { recordStep, withoutSecrets } from "../running/step-records.ts";
import type { BoundDefinition } from "./bind.ts";
import type { DeployPhase, TaskCondition } from "./document.ts";

/** Shared context of the jobs of one environment. */
export interface PhaseContext {
  readonly plan: Plan;
  readonly environment: string;
  /** Of the timeline. */
  readonly stageId: string;
  readonly bound: BoundDefinition;
  readonly artifacts: readonly ReleaseArtifact[];
  /** The step that brings an artifact of a contributed type; undefined where its type has none. */
  readonly download: (artifact: ReleaseArtifact) => BoundTask | undefined;
  readonly repository: (artifact: ReleaseArtifact) => Repository;
  readonly store: ArtifactStore;
  readonly identity: RunIdentity;
  readonly variables: Readonly<Record<string, VariableSpec>>;
  readonly connections: readonly ServiceConnection[];
  readonly issueToken: (jobId: string, connectionIds: readonly string[], minutes?: number) => string;
  readonly runServerTask: NonNullable<RunContext["runServerTask"]>;
  readonly oidcRequestUri: (jobId: string) => string;
  readonly connect: (token: string) => AgentServer;
  readonly workRoot: string;
  readonly network?: AgentNetwork;
  readonly nodes?: NodeBinaries;
  readonly signal?: AbortSignal;
  readonly log: (line: string, step?: string) => void;
}

export async function runPhase(phase: DeployPhase, context: PhaseContext, before: TaskResult): Promise<JobRunOutcome> {
  const { plan, signal } = context;
  const id = randomUUID();
  const tasks = phase.tasks.filter(({ enabled }) => enabled);
  const downloads = phase.runsOnServer ? { steps: [], bound: [] } : downloadsOf(phase, context);
  const connectionIds = [...tasks.map((task) => context.bound.tasks.get(task)!), ...downloads.bound].flatMap(
    (bound) => bound.connectionIds,
  );
  // What reports back to an agentless job may take two days (docs/facts/extension.md#3.4).
  const token = context.issueToken(id, connectionIds, ...(phase.runsOnServer ? [48 * 60] : []));
  const deadline = new AbortController();
  const ownSignal = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  const started = Date.now();
  const job = new Job({
    workFolder: path.join(context.workRoot, `${context.environment}.${phase.name}`.replace(/[^\w.-]+/g, "_"), "_work"),
    run: {
      ...context.identity,
      jobId: id,
      jobName: phase.name,
      jobDisplayName: phase.name,
      stageId: context.stageId,
      stageName: context.environment,
      stageDisplayName: context.environment,
      oidcRequestUri: context.oidcRequestUri(id),
      accessToken: token,
    },
    variables: context.variables,
    connections: [
      systemConnection(context.identity.collectionUri!, token),
      ...context.connections.filter((one) => connectionIds.includes(one.id)),
    ],
    server: context.connect(token),
    signal: ownSignal,
    cancelTimeoutInMinutes: phase.cancelTimeoutInMinutes,
    onLine: context.log,
    ...(context.network === undefined ? {} : { network: context.network }),
    ...(context.nodes === undefined ? {} : { nodes: context.nodes }),
  });
  plan.record({
    ...{ id, type: "Job", name: phase.name, refName: phase.name, parentId: context.stageId },
    ...{ state: "inProgress", startTime: Date.now() },
  });
  const end = (result: TaskResult, steps: readonly StageOutcome[], lines: readonly string[]): JobRunOutcome => {
    plan.record({ id, state: "completed", result: RECORD_RESULTS[result], finishTime: Date.now() });
    const agentMilliseconds = phase.runsOnServer || steps.length === 0 ? 0 : Date.now() - started;
    return { name: phase.name, displayName: phase.name, id, result, steps, outputs: {}, lines, agentMilliseconds };
  };
  if (!holds(phase.condition, job, before)) {
    context.log(`Job ${phase.name} is skipped: its condition ${phase.condition?.text ?? "succeeded()"} is false.`);
    return end("Skipped", [], []);
  }
  const minutes = phase.timeoutInMinutes;
  const timer = minutes === 0 ? undefined : setTimeout(() => deadline.abort(), minutes * 60_000);
  try {
    if (phase.runsOnServer) {
      const steps = tasks.map((task) => serverStep(task, context));
      const bound = new Map(steps.map((step, index) => [step, context.bound.tasks.get(tasks[index]!)!]));
      const outcome = await runServerJob({
        ...{ document: { steps }, context: { ...context, bound } },
        ...{ id, token, job, signal: ownSignal, log: context.log },
      });
      return end(outcome.result, outcome.stages.map(withoutSecrets), outcome.lines);
    }
    const steps = [...downloads.steps, ...tasks.map((task) => taskStep(task, context, job))];
    const outcome = await job.run(steps);
    for (const step of outcome.stages) recordStep(plan, id, step);
    return end(outcome.result, outcome.stages.map(withoutSecrets), outcome.lines);
  } finally {
    clearTimeout(timer);
    rmSync(path.dirname(job.folders.work), { recursive: true, force: true });
  }
}

function holds(condition: TaskCondition | undefined, job: Job, before: TaskResult): boolean {
  const status: JobStatus = before === "Skipped" || before === "Abandoned" ? "Succeeded" : before;
  return conditionOf(condition ?? undefined, job)?.evaluate(status) ?? (status !== "Failed" && status !== "Canceled");
}

function conditionOf(condition: TaskCondition | undefined, job: Job): Condition | undefined {
  if (condition === undefined) return undefined;
  return {
    text: condition.text,
    evaluate: (status) =>
      toBoolean(
        evaluate(condition.expression, {
          names: { variables: (key) => job.variables.get(key) ?? null },
          functions: stepFunctions(status),
        }),
      ),
  };
}

function serverStep(task: DeployPhase["tasks"][number], { bound }: PhaseContext): TaskStep {
  const step = bound.steps.get(task)!;
  const { condition, place } = task;
  return condition === undefined
    ? step
    : { ...step, condition: { value: condition.text, expression: condition.expression, place } };
}

function taskStep(task: DeployPhase["tasks"][number], context: PhaseContext, job: Job): Step {
  const { task: folder, inputs } = context.bound.tasks.get(task)!;
  const condition = conditionOf(task.condition, job);
  return {
    ...(task.refName === undefined ? {} : { name: task.refName }),
    ...(condition === undefined ? {} : { condition }),
    displayName: task.displayName || folder.manifest.name,
    continueOnError: task.continueOnError,
    timeoutInMinutes: task.timeoutInMinutes,
    retryCountOnTaskFailure: task.retryCountOnTaskFailure,
    taskFolder: folder.folder,
    inputs,
    env: task.environment,
  };
}

/** The steps that bring the artifacts, each into the folder of its alias. */
function downloadsOf(phase: DeployPhase, context: PhaseContext): { steps: Step[]; bound: BoundTask[] } {
  const { skippedArtifacts: skipped } = phase;
  const wanted = context.artifacts.filter(({ alias }) => skipped !== "all" && !skipped.includes(alias));
  const bound: BoundTask[] = [];
  const steps = wanted.flatMap((artifact): Step[] => {
    const { alias, type, definitionReference } = artifact;
    const displayName = `Download artifact - ${alias} - ${type}`;
    const version = definitionReference["version"]?.id ?? "";
    if (type === "Git") {
      const repository = { ...context.repository(artifact), commit: version };
      return [{ displayName, plugin: (plugin) => checkout(inFolder(plugin, alias), repository, 0) }];
    }
    if (type === "Build") {
      const plugin = async (context_: PluginContext) =>
        context.store.download(context_, Number(version), { patterns: [] }, path.join(context_.folders.staging, alias));
      return [{ displayName, plugin }];
    }
    const download = context.download(artifact);
    if (download === undefined) return [];
    bound.push(download);
    return [{ displayName, taskFolder: download.task.folder, inputs: download.inputs }];
  });
  return { steps, bound };
}

/** Sources of a release lie below its artifacts, by the artifact's alias. */
const inFolder = (plugin: PluginContext, alias: string): PluginContext => ({
  signal: plugin.signal,
  folders: { ...plugin.folders, sources: path.join(plugin.folders.staging, alias) },
  line: (text) => plugin.line(text),
  variable: (name) => plugin.variable(name),
});
