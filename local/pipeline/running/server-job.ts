// Runs an agentless job (`pool: server`): its tasks run inside Azure DevOps, one after the other, and no agent is busy meanwhile.
import { randomUUID } from "node:crypto";
import {
  expandMacros,
  type Issue,
  type Job,
  type JobOutcome,
  type JobStatus,
  mergeResults,
  type OutputVariable,
  type StageOutcome,
  type TaskResult,
} from "../../agent/index.ts";
import { evaluate, toBoolean } from "../../expressions/evaluate.ts";
import type { JobDocument, TaskStep } from "../language/document.ts";
import type { RunContext } from "./context.ts";
import { RECORD_RESULTS } from "./outcome.ts";
import { stepFunctions } from "./scope.ts";

export interface ServerJob {
  readonly document: Pick<JobDocument, "steps">;
  readonly context: Pick<RunContext, "bound" | "plan" | "runServerTask">;
  readonly id: string;
  readonly token: string;
  /** Its variables and its masker; it is not run. */
  readonly job: Job;
  /** Aborted when the run is cancelled, or the job's time is over. */
  readonly signal: AbortSignal;
  readonly log: (line: string, step?: string) => void;
}

/** Runs the steps in order. */
export async function runServerJob(server: ServerJob): Promise<Omit<JobOutcome, "attachments">> {
  const runner = new ServerJobRunner(server);
  for (const step of server.document.steps) if (step.kind === "task") await runner.step(step);
  return runner.outcome();
}

class ServerJobRunner {
  private readonly server: ServerJob;
  private readonly stages: StageOutcome[] = [];
  private readonly lines: string[] = [];
  private readonly references = new Set<string>();
  private result: JobStatus = "Succeeded";

  constructor(server: ServerJob) {
    this.server = server;
  }

  outcome(): Omit<JobOutcome, "attachments"> {
    const outputs: Record<string, OutputVariable> = {};
    for (const stage of this.stages)
      for (const [name, output] of Object.entries(stage.outputs)) outputs[`${stage.name}.${name}`] = output;
    return { result: this.status, stages: this.stages, lines: this.lines, outputs };
  }

  private get status(): JobStatus {
    return this.server.signal.aborted ? "Canceled" : this.result;
  }

  async step(step: TaskStep): Promise<void> {
    const { context, job } = this.server;
    const { task } = context.bound.get(step)!;
    const name = this.referenceOf(step, task.manifest.name);
    const shown = step.displayName ?? task.manifest.name;
    const displayName = job.masker.mask(expandMacros(shown, (variable) => this.variable(variable)));
    if (!step.enabled) {
      this.server.log(`Step ${displayName} is disabled (enabled: false).`);
      return;
    }
    const begun = { stage: "execution" as const, name, displayName, recordId: randomUUID() };
    let holds: boolean;
    try {
      holds = this.holds(step, this.status);
    } catch (error) {
      const message = (error as Error).message;
      this.end(step, begun, { result: "Failed", issues: [{ type: "error", message }] }, [`##[error]${message}`]);
      return;
    }
    if (!holds) {
      const condition = step.condition?.value ?? "succeeded()";
      this.end(step, begun, { result: "Skipped", issues: [] }, [
        `Skipping step due to condition evaluation: ${displayName}`,
        `Evaluating: ${condition}`,
        "Result: False",
      ]);
      return;
    }
    await this.run(step, begun);
  }

  private async run(step: TaskStep, begun: Begun): Promise<void> {
    const { context, job, id, token } = this.server;
    const { task, inputs } = context.bound.get(step)!;
    const startedAt = new Date();
    const { name: reference, displayName, recordId } = begun;
    context.plan.record({
      id: recordId,
      parentId: id,
      type: "Task",
      name: displayName,
      refName: reference,
      state: "inProgress",
      startTime: startedAt.getTime(),
      task: { id: task.manifest.id, name: task.manifest.name, version: task.version },
    });
    const lines: string[] = [];
    const say = (line: string) => {
      const masked = job.masker.mask(line);
      lines.push(masked);
      this.server.log(masked, reference);
    };
    say(`##[section]Starting: ${displayName}`);
    if (step.retryCountOnTaskFailure > 0)
      say("##[warning]retryCountOnTaskFailure does not count for tasks that run on the server.");
    const limit = new AbortController();
    const minutes = step.timeoutInMinutes;
    const timer = minutes === 0 ? undefined : setTimeout(() => limit.abort(), minutes * 60_000);
    // A step whose condition holds in a cancelled job as well (always()) goes on.
    const isKept = this.server.signal.aborted || this.holdsWhenCanceled(step);
    const outcome = await context.runServerTask!({
      task: task.manifest,
      inputs,
      variable: (name) => this.variable(name),
      jobId: id,
      taskInstanceId: recordId,
      token,
      signal: isKept ? limit.signal : AbortSignal.any([limit.signal, this.server.signal]),
      log: say,
    });
    clearTimeout(timer);
    const isLate = limit.signal.aborted && outcome.result === "Canceled";
    const issues: Issue[] = isLate
      ? [{ type: "error", message: "The task has timed out." }, ...outcome.issues]
      : [...outcome.issues];
    const failed = isLate || outcome.result === "Failed" || outcome.result === "Abandoned";
    const result: TaskResult = failed ? (step.continueOnError ? "SucceededWithIssues" : "Failed") : outcome.result;
    for (const { type, message } of issues) say(`##[${type}]${message}`);
    say(`##[section]Finishing: ${displayName}`);
    for (const [name, { value, secret }] of Object.entries(outcome.outputs))
      job.variables.set(`${reference}.${name}`, value, { secret });
    job.variables.recalculate();
    const masked = issues.map(({ type, message }) => ({ type, message: job.masker.mask(message) }));
    this.end(step, begun, { result, issues: masked, outputs: outcome.outputs, startedAt, logId: outcome.logId }, lines);
  }

  private end(
    step: TaskStep,
    begun: Begun,
    ended: {
      readonly result: TaskResult;
      readonly issues: readonly Issue[];
      readonly outputs?: Readonly<Record<string, OutputVariable>>;
      readonly startedAt?: Date;
      readonly logId?: number | undefined;
    },
    lines: readonly string[],
  ): void {
    const { context, id } = this.server;
    const { task } = context.bound.get(step)!;
    const { result, issues, outputs = {}, startedAt = new Date() } = ended;
    if (ended.startedAt === undefined) for (const line of lines) this.server.log(line, begun.name);
    for (const line of lines) this.lines.push(line);
    // A log that the outside service made for the step stays its log.
    let { logId } = ended;
    if (logId === undefined) {
      const log = context.plan.createLog(`logs\\${begun.recordId}`);
      context.plan.appendLog(log, `${lines.join("\n")}\n`);
      logId = log.id;
    }
    const milliseconds = Date.now() - startedAt.getTime();
    context.plan.record({
      id: begun.recordId,
      parentId: id,
      type: "Task",
      name: begun.displayName,
      refName: begun.name,
      state: "completed",
      result: RECORD_RESULTS[result],
      startTime: startedAt.getTime(),
      finishTime: startedAt.getTime() + milliseconds,
      logId,
      issues: issues.map(({ type, message }) => ({ type, message })),
      task: { id: task.manifest.id, name: task.manifest.name, version: task.version },
    });
    this.stages.push({
      ...begun,
      result,
      issues,
      outputs,
      variables: {},
      lines,
      attachments: [],
      exitCode: undefined,
      attempts: result === "Skipped" ? 0 : 1,
      signals: [],
      timedOut: issues.some(({ message }) => message === "The task has timed out."),
      progress: 0,
      startedAt,
      milliseconds,
      processMilliseconds: 0,
    });
    // That a task which its service calls canceled cancels its job is not verified against live Azure DevOps.
    if (result !== "Skipped" && result !== "Abandoned") this.result = mergeResults(this.result, result) as JobStatus;
  }

  private referenceOf(step: TaskStep, taskName: string): string {
    const base = step.name ?? taskName.replace(/[^A-Za-z0-9_]/g, "_");
    let reference = base;
    for (let n = 2; step.name === undefined && this.references.has(reference.toLowerCase()); n++)
      reference = `${base}${n}`;
    this.references.add(reference.toLowerCase());
    return reference;
  }

  private holds(step: TaskStep, status: JobStatus): boolean {
    const functions = stepFunctions(status);
    if (!step.condition) return toBoolean(functions["succeeded"]!([]));
    const variables = (key: string) => this.variable(key) ?? null;
    return toBoolean(evaluate(step.condition.expression, { names: { variables }, functions }));
  }

  private holdsWhenCanceled(step: TaskStep): boolean {
    try {
      return this.holds(step, "Canceled");
    } catch {
      return false;
    }
  }

  /** A variable of the job; what only an agent brings (itself, its folders) is not there. */
  private variable(name: string): string | undefined {
    const { job } = this.server;
    const value = job.variables.get(name);
    return /^agent\./i.test(name) || value?.startsWith(job.folders.work) ? undefined : value;
  }
}

interface Begun {
  readonly stage: "execution";
  readonly name: string;
  readonly displayName: string;
  readonly recordId: string;
}
