// Runs the jobs of one stage on the local agent, each in a new work folder.
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AgentNetwork,
  type AgentServer,
  type Condition,
  Job,
  type JobStatus,
  type NodeBinaries,
  type OutputVariable,
  type RunIdentity,
  type ServiceConnection,
  type Step,
  systemConnection,
  type TaskResult,
  type VariableSpec,
} from "../agent/index.ts";
import type { BoundTask } from "./bind-tasks.ts";
import type { PlanLike } from "./devops.ts";
import type { JobDocument, PipelineDocument, StageDocument, StepDocument, TaskStep } from "./document.ts";
import { evaluate, type Scope, toBoolean, toText, type Value } from "./evaluate.ts";
import { type JobRunOutcome, RECORD_RESULTS } from "./outcome.ts";
import { type ArtifactStore, checkout, type Repository } from "./plugins.ts";
import { dependencies, dependencyFunctions, type Ended, stepFunctions } from "./scope.ts";
import type { CompletedRun } from "./triggers.ts";

/** Everything that the jobs of one run share. */
export interface RunContext {
  readonly document: PipelineDocument;
  readonly bound: ReadonlyMap<TaskStep, BoundTask>;
  readonly pipeline: string;
  readonly repository: Repository;
  readonly plan: PlanLike;
  readonly connections: readonly ServiceConnection[];
  readonly artifacts: ArtifactStore;
  /** Alias -> the run that stands for it. */
  readonly resources: ReadonlyMap<string, CompletedRun>;
  readonly variables: Readonly<Record<string, VariableSpec>>;
  readonly identity: RunIdentity;
  readonly issueToken: (jobId: string, connectionIds: readonly string[]) => string;
  readonly oidcRequestUri: (jobId: string) => string;
  readonly connect: (token: string) => AgentServer;
  readonly workRoot: string;
  readonly keepsWorkFolders: boolean;
  readonly network?: AgentNetwork;
  readonly nodes?: NodeBinaries;
  readonly hostEnvironment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly log: (
    line: string,
    where: { readonly stage?: string; readonly job?: string; readonly step?: string },
  ) => void;
}

/** The task that runs script and bash steps. */
const SCRIPT_TASK = fileURLToPath(new URL("./script-task", import.meta.url));

export class JobRunner {
  readonly #context: RunContext;
  readonly #stage: StageDocument;
  readonly #stageId: string;
  readonly #stageDependencies: Value;
  readonly #ended = new Map<string, Ended>();
  /** Of each job, with its continueOnError applied. */
  readonly results: TaskResult[] = [];
  lastVariables: Readonly<Record<string, string>> = {};

  constructor(context: RunContext, stage: StageDocument, stageId: string, stageDependencies: Value) {
    this.#context = context;
    this.#stage = stage;
    this.#stageId = stageId;
    this.#stageDependencies = stageDependencies;
  }

  get ended(): Ended[] {
    return [...this.#ended.values()];
  }

  async run(document: JobDocument): Promise<JobRunOutcome> {
    const { plan, identity, signal } = this.#context;
    const id = randomUUID();
    const dependsOn = document.dependsOn.map(({ value }) => value);
    const where = { stage: this.#stage.name, job: document.name };
    const log = (line: string, step?: string) =>
      this.#context.log(line, step === undefined ? where : { ...where, step });
    plan.record({
      id,
      parentId: this.#stageId,
      type: "Job",
      name: document.displayName,
      refName: document.name,
      state: "inProgress",
      startTime: Date.now(),
    });
    const connectionIds = document.steps.flatMap((step) =>
      step.kind === "task" ? (this.#context.bound.get(step)?.connectionIds ?? []) : [],
    );
    const token = this.#context.issueToken(id, connectionIds);
    const deadline = new AbortController();
    const wasCanceled = signal?.aborted ?? false;
    const job = new Job({
      workFolder: path.join(this.#context.workRoot, `${this.#stage.name}.${document.name}`, "_work"),
      run: {
        ...identity,
        jobId: id,
        jobName: document.name,
        jobDisplayName: document.displayName,
        stageId: this.#stageId,
        stageName: this.#stage.name,
        stageDisplayName: this.#stage.displayName,
        oidcRequestUri: this.#context.oidcRequestUri(id),
        accessToken: token,
      },
      variables: this.#context.variables,
      connections: [
        systemConnection(identity.collectionUri!, token),
        ...this.#context.connections.filter((one) => connectionIds.includes(one.id)),
      ],
      server: this.#context.connect(token),
      // A job that a cancelled run still starts (always()) is not cancelled again.
      signal: signal && !wasCanceled ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
      cancelTimeoutInMinutes: document.cancelTimeoutInMinutes,
      onLine: log,
      ...(this.#context.network === undefined ? {} : { network: this.#context.network }),
      ...(this.#context.nodes === undefined ? {} : { nodes: this.#context.nodes }),
      ...(this.#context.hostEnvironment === undefined ? {} : { hostEnvironment: this.#context.hostEnvironment }),
    });
    const names: Scope["names"] = {
      variables: (key) => job.variables.get(key) ?? null,
      dependencies: dependencies(dependsOn, this.#ended),
      stageDependencies: this.#stageDependencies,
      pipeline: { startTime: identity.startTime?.toISOString() ?? "" },
    };
    this.#setVariables(job, document, names);
    const functions = dependencyFunctions(dependsOn, this.#ended, wasCanceled);
    const holds = document.condition
      ? toBoolean(evaluate(document.condition.expression, { names, functions }))
      : toBoolean(functions["succeeded"]!([]));
    if (!holds) {
      log(
        `Job ${document.displayName} is skipped: its condition ${document.condition?.value ?? "succeeded()"} is false.`,
      );
      const result = wasCanceled ? "Canceled" : "Skipped";
      plan.record({ id, state: "completed", result: RECORD_RESULTS[result], finishTime: Date.now() });
      return this.#end(
        document,
        dependsOn,
        { name: document.name, displayName: document.displayName, id, result, steps: [], outputs: {}, lines: [] },
        {},
      );
    }
    log(`Pool: ${document.pool === undefined ? "none named" : document.pool} (local agent).`);
    const steps = this.#steps(document, job, log);
    const minutes = document.timeoutInMinutes;
    const timer =
      minutes > 0
        ? setTimeout(() => {
            log(
              `##[error]The job running on agent local agent ran longer than the maximum time of ${minutes} minutes. For more information, see https://go.microsoft.com/fwlink/?linkid=2077134`,
            );
            deadline.abort();
          }, minutes * 60_000)
        : undefined;
    try {
      const outcome = await job.run(steps);
      for (const step of outcome.stages) {
        const record = plan.createLog(`logs\\${step.recordId}`);
        plan.appendLog(record, `${step.lines.join("\n")}\n`);
        plan.record({
          id: step.recordId,
          parentId: id,
          type: "Task",
          name: step.displayName,
          refName: step.name,
          state: "completed",
          result: RECORD_RESULTS[step.result],
          startTime: step.startedAt.getTime(),
          finishTime: step.startedAt.getTime() + step.milliseconds,
          logId: record.id,
          issues: step.issues.map(({ type, message }) => ({ type, message })),
        });
      }
      plan.record({ id, state: "completed", result: RECORD_RESULTS[outcome.result], finishTime: Date.now() });
      this.lastVariables = Object.fromEntries(
        job.variables
          .all()
          .filter(({ secret }) => !secret)
          .map(({ name, value }) => [name, value]),
      );
      const outputs = Object.fromEntries(
        Object.entries(outcome.outputs).map(([name, { value, secret }]) => [name, secret ? "***" : value]),
      );
      const told = {
        name: document.name,
        displayName: document.displayName,
        id,
        result: outcome.result,
        steps: outcome.stages,
        outputs,
        lines: outcome.lines,
      };
      return this.#end(document, dependsOn, told, outcome.outputs);
    } finally {
      clearTimeout(timer);
      if (!this.#context.keepsWorkFolders) rmSync(path.dirname(job.folders.work), { recursive: true, force: true });
    }
  }

  #end(
    document: JobDocument,
    dependsOn: string[],
    told: JobRunOutcome,
    outputs: Readonly<Record<string, OutputVariable>>,
  ): JobRunOutcome {
    const result = told.result === "Failed" && document.continueOnError ? "SucceededWithIssues" : told.result;
    // Outputs of a deployment are known by the job's name as well: outputs['<job>.<step>.<variable>'].
    const more =
      document.kind === "deployment"
        ? Object.fromEntries(Object.entries(outputs).map(([name, output]) => [`${document.name}.${name}`, output]))
        : {};
    this.#ended.set(document.name.toLowerCase(), {
      name: document.name,
      dependsOn,
      result,
      outputs: { ...outputs, ...more },
    });
    this.results.push(result);
    return told;
  }

  /** Pipeline, stage, job: the later ones win. `$[ ]` is evaluated here, over what is known by now. */
  #setVariables(job: Job, document: JobDocument, names: Scope["names"]): void {
    const secretOutputs = [...this.#ended.values()]
      .flatMap(({ outputs }) => Object.values(outputs))
      .filter(({ secret }) => secret);
    for (const { value } of secretOutputs) job.masker.add(value);
    for (const variable of [...this.#context.document.variables, ...this.#stage.variables, ...document.variables]) {
      const value = variable.expression
        ? toText(evaluate(variable.expression, { names, functions: {} }))
        : variable.value;
      const secret =
        variable.expression !== undefined &&
        secretOutputs.some((output) => output.value !== "" && output.value === value);
      job.variables.set(variable.name, value, { readOnly: variable.readOnly, secret });
    }
    if (document.kind === "deployment") {
      job.variables.set("environment.name", document.environment ?? "");
      job.variables.set("strategy.name", "runOnce");
    }
    job.variables.recalculate();
  }

  #steps(document: JobDocument, job: Job, log: (line: string) => void): Step[] {
    const steps = [...document.steps];
    const common = {
      place: document.place,
      enabled: true,
      continueOnError: false,
      timeoutInMinutes: 0,
      retryCountOnTaskFailure: 0,
      env: {},
    };
    // A deployment brings the artifacts of its run and of its resources, and no sources; a plain job brings sources.
    if (document.kind === "deployment" && !steps.some(({ kind }) => kind === "download")) {
      const sources = [
        ...(this.#context.artifacts.names(this.#context.identity.buildId!).length > 0 ? ["current"] : []),
        ...this.#context.resources.keys(),
      ];
      steps.unshift(
        ...sources.map((value) => ({
          kind: "download" as const,
          ...common,
          source: { value, place: document.place },
          patterns: [],
        })),
      );
    }
    if (document.kind === "job" && !steps.some(({ kind }) => kind === "checkout")) {
      steps.unshift({ kind: "checkout", ...common, repository: "self", fetchDepth: 0 });
    }
    return steps.flatMap((step) => {
      if (step.enabled) return this.#step(step, job);
      log(`Step ${step.displayName ?? step.name ?? step.kind} is disabled (enabled: false).`);
      return [];
    });
  }

  #step(step: StepDocument, job: Job): Step[] {
    const common = {
      ...(step.name === undefined ? {} : { name: step.name }),
      ...(step.condition === undefined ? {} : { condition: this.#condition(step.condition, job) }),
      continueOnError: step.continueOnError,
      timeoutInMinutes: step.timeoutInMinutes,
      retryCountOnTaskFailure: step.retryCountOnTaskFailure,
    };
    const named = (otherwise: string) => ({ displayName: step.displayName ?? otherwise });
    const { repository, artifacts, identity, resources } = this.#context;
    switch (step.kind) {
      case "task": {
        const { task, inputs } = this.#context.bound.get(step)!;
        return [
          {
            ...common,
            ...named(task.manifest.name),
            taskFolder: task.folder,
            inputs,
            env: step.env,
            ...(step.target === undefined ? {} : { target: step.target }),
          },
        ];
      }
      case "script":
      case "bash": {
        const inputs = {
          script: step.script,
          kind: step.kind,
          workingDirectory: step.workingDirectory ?? "",
          failOnStderr: String(step.failOnStderr),
        };
        const target = step.target === undefined ? {} : { target: step.target };
        return [
          {
            ...common,
            ...named(step.kind === "bash" ? "Bash" : "CmdLine"),
            taskFolder: SCRIPT_TASK,
            inputs,
            env: step.env,
            ...target,
          },
        ];
      }
      case "checkout": {
        if (step.repository === "none") return [];
        const name = repository.name ?? path.basename(repository.path);
        const displayName = `Checkout ${name}@${repository.branch.replace(/^refs\/heads\//, "")} to s`;
        return [
          { ...common, ...named(displayName), plugin: (context) => checkout(context, repository, step.fetchDepth) },
        ];
      }
      case "publish":
        return [
          {
            ...common,
            ...named("PublishPipelineArtifact"),
            plugin: async (context) =>
              artifacts.publish(context, identity.buildId!, step.artifact, job.expand(step.path)),
          },
        ];
      case "download": {
        const source = step.source.value;
        if (source === "none") return [];
        const runId = source === "current" ? identity.buildId! : resources.get(source)!.runId;
        const wanted = {
          patterns: step.patterns,
          ...(step.artifact === undefined ? {} : { artifact: job.expand(step.artifact) }),
        };
        const folders = [
          ...(source === "current" ? [] : [source]),
          ...(wanted.artifact === undefined ? [] : [wanted.artifact]),
        ];
        const target = () =>
          step.path === undefined
            ? path.join(job.folders.build, ...folders)
            : path.resolve(job.folders.build, job.expand(step.path));
        return [
          {
            ...common,
            ...named("DownloadPipelineArtifact"),
            plugin: async (context) => artifacts.download(context, runId, wanted, target()),
          },
        ];
      }
    }
  }

  #condition({ value, expression }: NonNullable<StepDocument["condition"]>, job: Job): Condition {
    return {
      text: value,
      evaluate: (status: JobStatus) =>
        toBoolean(
          evaluate(expression, {
            names: { variables: (key) => job.variables.get(key) ?? null },
            functions: stepFunctions(status),
          }),
        ),
    };
  }
}
