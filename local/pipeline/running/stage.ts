// Runs stages, one after the other: their conditions, their jobs in order, their results.
import { randomUUID } from "node:crypto";
import { Masker, type TaskResult, VariableStore } from "../../agent/index.ts";
import { evaluate, toBoolean } from "../../expressions/evaluate.ts";
import { ExpressionError } from "../../expressions/expression.ts";
import { isAgentless, type StageDocument } from "../language/document.ts";
import { askApprovals } from "./approvals.ts";
import type { RunContext } from "./context.ts";
import type { DecidedApproval } from "./devops.ts";
import { JobRunner } from "./job.ts";
import { combineResults, type JobRunOutcome, RECORD_RESULTS, type StageRunOutcome } from "./outcome.ts";
import { dependencies, dependencyFunctions, type Ended, stageDependencies } from "./scope.ts";

/** Dependencies before dependents, else as written. */
export function inOrder<T extends { readonly name: string; readonly dependsOn: readonly { readonly value: string }[] }>(
  all: readonly T[],
): T[] {
  const done: T[] = [];
  const visit = (one: T) => {
    if (done.includes(one)) return;
    for (const { value } of one.dependsOn) {
      const next = all.find(({ name }) => name.toLowerCase() === value.toLowerCase());
      if (next) visit(next);
    }
    done.push(one);
  };
  for (const one of all) visit(one);
  return done;
}

/**
 * There is one agent, so that jobs on it run one after the other; agentless jobs keep nobody busy, and run as soon as
 * what they depend on has ended.
 */
async function runAll(stage: StageDocument, runner: JobRunner): Promise<JobRunOutcome[]> {
  const started = new Map<string, Promise<JobRunOutcome[]>>();
  let agent: Promise<unknown> = Promise.resolve();
  for (const job of inOrder(stage.jobs)) {
    const before = job.dependsOn.map(({ value }) => started.get(value.toLowerCase()));
    const ready = Promise.all(isAgentless(job) ? before : [...before, agent]);
    const run = ready.then(() => runner.run(job));
    started.set(job.name.toLowerCase(), run);
    if (!isAgentless(job)) agent = run;
  }
  return (await Promise.all(started.values())).flat();
}

export class StageRunner {
  readonly #context: RunContext;
  readonly #ended = new Map<string, Ended>();
  lastVariables: Readonly<Record<string, string>> = {};

  constructor(context: RunContext) {
    this.#context = context;
  }

  async run(stage: StageDocument): Promise<StageRunOutcome> {
    const { plan, log } = this.#context;
    const id = randomUUID();
    const dependsOn = stage.dependsOn.map(({ value }) => value);
    plan.record({
      id,
      type: "Stage",
      name: stage.displayName,
      refName: stage.name,
      state: "inProgress",
      startTime: Date.now(),
    });
    const jobs: JobRunOutcome[] = [];
    let result: TaskResult;
    let holds = false;
    let fault: string | undefined;
    try {
      holds = this.#holds(stage, dependsOn);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      fault = error.message;
    }
    if (fault !== undefined) {
      log(`##[error]Stage ${stage.displayName}: ${fault}`, { stage: stage.name });
      result = "Failed";
      this.#end(stage, dependsOn, result, []);
    } else if (holds && this.#isRefused(stage, id)) {
      result = "Failed";
      this.#end(stage, dependsOn, result, []);
    } else if (holds) {
      if (stage.isExplicit) log(`##[section]Stage ${stage.displayName}`, { stage: stage.name });
      const runner = new JobRunner(this.#context, stage, id, stageDependencies(dependsOn, this.#ended));
      jobs.push(...(await runAll(stage, runner)));
      this.lastVariables = { ...this.lastVariables, ...runner.lastVariables };
      result = combineResults(runner.results);
      this.#end(stage, dependsOn, result, runner.ended);
    } else {
      log(`Stage ${stage.displayName} is skipped: its condition ${stage.condition?.value ?? "succeeded()"} is false.`, {
        stage: stage.name,
      });
      result = this.#context.signal?.aborted ? "Canceled" : "Skipped";
      this.#end(stage, dependsOn, result, []);
    }
    plan.record({ id, state: "completed", result: RECORD_RESULTS[result], finishTime: Date.now() });
    return { name: stage.name, displayName: stage.displayName, result, jobs };
  }

  /** Whether a simulated approval of one of its environments keeps the stage from starting. */
  #isRefused(stage: StageDocument, stageId: string): boolean {
    const { lines, isRefused, decided } = askApprovals(stage, this.#context.environments);
    if (decided.length > 0) this.#recordCheckpoint(stageId, decided);
    for (const line of lines) this.#context.log(line, { stage: stage.name });
    return isRefused;
  }

  /** Records of the timeline: a checkpoint of the stage, and below it one for each approval, whose id is the approval's own. */
  #recordCheckpoint(stageId: string, decided: readonly DecidedApproval[]): void {
    const { plan, keepApproval } = this.#context;
    const ended = { state: "completed", startTime: Date.now(), finishTime: Date.now() } as const;
    const id = randomUUID();
    const results = decided.map(({ decision }) => (decision === "approved" ? "succeeded" : "failed"));
    const result = results.every((one) => one === "succeeded") ? "succeeded" : "failed";
    plan.record({ id, parentId: stageId, type: "Checkpoint", name: "Checkpoint", ...ended, result });
    for (const [index, approval] of decided.entries()) {
      const kept = keepApproval?.(approval)?.id ?? randomUUID();
      const named = { id: kept, parentId: id, type: "Checkpoint.Approval", name: "Checkpoint.Approval" };
      plan.record({ ...named, ...ended, result: results[index] ?? "failed" });
    }
  }

  #end(stage: StageDocument, dependsOn: string[], result: TaskResult, jobs: readonly Ended[]): void {
    const outputs = Object.fromEntries(
      jobs.flatMap((job) => Object.entries(job.outputs).map(([name, output]) => [`${job.name}.${name}`, output])),
    );
    this.#ended.set(stage.name.toLowerCase(), { name: stage.name, dependsOn, result, outputs, jobs });
  }

  #holds(stage: StageDocument, dependsOn: string[]): boolean {
    const functions = dependencyFunctions(dependsOn, this.#ended, this.#context.signal?.aborted ?? false);
    if (!stage.condition) return toBoolean(functions["succeeded"]!([]));
    const variables = new VariableStore(new Masker(), this.#context.variables);
    for (const { name, value, expression } of [...this.#context.document.variables, ...stage.variables])
      if (!expression) variables.set(name, value);
    variables.recalculate();
    const { identity } = this.#context;
    const own: Record<string, string | undefined> = {
      "build.sourcebranch": identity.branch,
      "build.reason": identity.reason,
      "build.sourceversion": identity.commit,
      "build.buildid": String(identity.buildId),
      "build.sourcebranchname": identity.branch?.split("/").at(-1),
      "build.definitionname": identity.definitionName,
    };
    const names = {
      variables: (key: string) => variables.get(key) ?? own[key.toLowerCase()] ?? null,
      dependencies: dependencies(dependsOn, this.#ended),
      stageDependencies: stageDependencies(dependsOn, this.#ended),
      pipeline: { startTime: identity.startTime?.toISOString() ?? "" },
    };
    return toBoolean(evaluate(stage.condition.expression, { names, functions }));
  }
}
