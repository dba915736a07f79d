// Runs the jobs of one stage on the local agent, each in a new work folder.
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { Job, type OutputVariable, type StageOutcome, systemConnection, type TaskResult } from "../../agent/index.ts";
import { evaluate, type Scope, toBoolean, toText, type Value } from "../../expressions/evaluate.ts";
import { ExpressionError } from "../../expressions/expression.ts";
import { isAgentless, type JobDocument, type StageDocument } from "../language/document.ts";
import type { RunContext } from "./context.ts";
import { stepsOf } from "./job-steps.ts";
import { combineResults, type JobRunOutcome, RECORD_RESULTS } from "./outcome.ts";
import { dependencies, dependencyFunctions, type Ended } from "./scope.ts";
import { runServerJob } from "./server-job.ts";
import { hideSecrets, recordStep, withoutSecrets } from "./step-records.ts";

/** The lifetime of an agentless job's token: the outside service may take two days to report back (docs/facts/extension.md#3.4). */
const SERVER_TOKEN_MINUTES = 48 * 60;

/** A job that is about to run, or not. */
interface Begun {
  readonly document: JobDocument;
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly job: Job;
  readonly token: string;
  /** Aborted when the run is cancelled or the job's own time is over. */
  readonly signal: AbortSignal;
  /** Aborted when the job's own time is over. */
  readonly deadline: AbortController;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly log: (line: string, step?: string) => void;
}

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

  /** Runs a job, or each of its legs. */
  async run(document: JobDocument): Promise<JobRunOutcome[]> {
    const { legs, ...rest } = document;
    if (legs === undefined) return [await this.#run(document)];
    const outcomes: JobRunOutcome[] = [];
    for (const { name, variables } of legs) {
      const displayName = `${document.displayName} ${name}`;
      outcomes.push(
        await this.#run({ ...rest, leg: name, displayName, variables: [...document.variables, ...variables] }),
      );
    }
    return outcomes;
  }

  async #run(document: JobDocument): Promise<JobRunOutcome> {
    const wasCanceled = this.#context.signal?.aborted ?? false;
    const begun = this.#begin(document, wasCanceled);
    const { job, log } = begun;
    try {
      if (!this.#holds(begun, wasCanceled)) {
        const condition = document.condition?.value ?? "succeeded()";
        log(`Job ${document.displayName} is skipped: its condition ${condition} is false.`);
        return this.#end(begun, wasCanceled ? "Canceled" : "Skipped", [], {}, []);
      }
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const line = job.masker.mask(`##[error]Job ${document.displayName}: ${error.message}`);
      log(line);
      return this.#end(begun, "Failed", [], {}, [line]);
    }
    const agentless = isAgentless(document);
    log(agentless ? "Pool: server (no agent)." : `Pool: ${document.pool ?? "none named"} (local agent).`);
    const timer = this.#startClock(begun);
    const startedAt = Date.now();
    try {
      const outcome = agentless
        ? await runServerJob({ ...begun, context: this.#context })
        : await job.run(stepsOf(document, this.#context, job, log));
      const busy = agentless ? 0 : Date.now() - startedAt;
      if (!agentless) {
        for (const step of outcome.stages) recordStep(this.#context.plan, begun.id, step);
        const open = job.variables.all().filter(({ secret }) => !secret);
        this.lastVariables = Object.fromEntries(open.map(({ name, value }) => [name, value]));
      }
      return this.#end(begun, outcome.result, outcome.stages, outcome.outputs, outcome.lines, busy);
    } finally {
      clearTimeout(timer);
      if (!this.#context.keepsWorkFolders) rmSync(path.dirname(job.folders.work), { recursive: true, force: true });
    }
  }

  #begin(document: JobDocument, wasCanceled: boolean): Begun {
    const { plan, identity, signal, bound, network, nodes, hostEnvironment } = this.#context;
    const id = randomUUID();
    const where = { stage: this.#stage.name, job: document.name };
    const log = (line: string, step?: string) =>
      this.#context.log(line, step === undefined ? where : { ...where, step });
    const named = { type: "Job", name: document.displayName, refName: document.name, parentId: this.#stageId };
    plan.record({ id, ...named, state: "inProgress", startTime: Date.now() });
    const connectionIds = document.steps.flatMap((step) =>
      step.kind === "task" ? (bound.get(step)?.connectionIds ?? []) : [],
    );
    const token = this.#context.issueToken(
      id,
      connectionIds,
      ...(isAgentless(document) ? ([SERVER_TOKEN_MINUTES] as const) : []),
    );
    const deadline = new AbortController();
    // A job that a cancelled run still starts (always()) is not cancelled again.
    const ownSignal = signal && !wasCanceled ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
    const job = new Job({
      workFolder: path.join(
        this.#context.workRoot,
        [this.#stage.name, document.name, ...(document.leg === undefined ? [] : [document.leg])].join("."),
        "_work",
      ),
      run: {
        ...identity,
        jobId: id,
        jobName: document.leg ?? document.name,
        phaseName: document.name,
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
      signal: ownSignal,
      cancelTimeoutInMinutes: document.cancelTimeoutInMinutes,
      onLine: log,
      ...(network === undefined ? {} : { network }),
      ...(nodes === undefined ? {} : { nodes }),
      ...(hostEnvironment === undefined ? {} : { hostEnvironment }),
    });
    const dependsOn = document.dependsOn.map(({ value }) => value);
    return { document, id, dependsOn, job, token, signal: ownSignal, deadline, startedAt: Date.now(), log };
  }

  /** Sets the job's variables and evaluates its condition. Throws an ExpressionError where either cannot be evaluated. */
  #holds({ document, dependsOn, job }: Begun, wasCanceled: boolean): boolean {
    const names: Scope["names"] = {
      variables: (key) => job.variables.get(key) ?? null,
      dependencies: dependencies(dependsOn, this.#ended),
      stageDependencies: this.#stageDependencies,
      pipeline: { startTime: this.#context.identity.startTime?.toISOString() ?? "" },
    };
    this.#setVariables(job, document, names);
    const functions = dependencyFunctions(dependsOn, this.#ended, wasCanceled);
    if (!document.condition) return toBoolean(functions["succeeded"]!([]));
    return toBoolean(evaluate(document.condition.expression, { names, functions }));
  }

  /** Pipeline, stage, job: the later ones win. `$[ ]` is evaluated here, over what is known by now. */
  #setVariables(job: Job, document: JobDocument, names: Scope["names"]): void {
    const { secrets } = this.#context;
    for (const value of secrets) job.masker.add(value);
    for (const variable of [...this.#context.document.variables, ...this.#stage.variables, ...document.variables]) {
      const { expression } = variable;
      const value = expression ? toText(evaluate(expression, { names, functions: {} })) : variable.value;
      const secret = expression !== undefined && [...secrets].some((one) => value.includes(one));
      job.variables.set(variable.name, value, { readOnly: variable.readOnly, secret });
    }
    if (document.kind === "deployment") {
      job.variables.set("environment.name", document.environment ?? "");
      job.variables.set("strategy.name", "runOnce");
    }
    job.variables.recalculate();
  }

  /** The job's own time limit: it cancels the job, as the server does. */
  #startClock({ document, deadline, log }: Begun): NodeJS.Timeout | undefined {
    const minutes = document.timeoutInMinutes;
    if (minutes === 0) return undefined;
    return setTimeout(() => {
      log(
        `##[error]The job${isAgentless(document) ? "" : " running on agent local agent"} ran longer than the maximum time of ${minutes} minutes. For more information, see https://go.microsoft.com/fwlink/?linkid=2077134`,
      );
      deadline.abort();
    }, minutes * 60_000);
  }

  /** The legs of a job are one job to those that depend on it; its outputs are known as `leg.step.variable`. */
  #remember({ name, leg }: JobDocument, ended: Ended): void {
    const before = this.#ended.get(name.toLowerCase());
    const outputs = Object.entries(ended.outputs).map(([key, output]) => [`${leg}.${key}`, output] as const);
    const whole: Ended =
      leg === undefined
        ? ended
        : {
            ...ended,
            result: combineResults([...(before ? [before.result] : []), ended.result]),
            outputs: { ...before?.outputs, ...Object.fromEntries(outputs) },
          };
    this.#ended.set(name.toLowerCase(), whole);
  }

  #end(
    { document, id, dependsOn, startedAt }: Begun,
    result: TaskResult,
    steps: readonly StageOutcome[],
    outputs: Readonly<Record<string, OutputVariable>>,
    lines: readonly string[],
    agentMilliseconds = 0,
  ): JobRunOutcome {
    const finishTime = Date.now();
    this.#context.plan.record({ id, state: "completed", result: RECORD_RESULTS[result], finishTime });
    if (document.environment !== undefined && result !== "Skipped")
      this.#context.keepDeployment?.({
        ...{ environment: document.environment, stageName: this.#stage.name, jobName: document.name },
        ...{ startTime: startedAt, finishTime, result: RECORD_RESULTS[result] },
      });
    for (const { value, secret } of Object.values(outputs))
      if (secret && value !== "") this.#context.secrets.add(value);
    // Outputs of a deployment are known by the job's name as well: outputs['<job>.<step>.<variable>'].
    const prefixed = Object.entries(outputs).map(([name, output]) => [`${document.name}.${name}`, output] as const);
    const known = { ...outputs, ...(document.kind === "deployment" ? Object.fromEntries(prefixed) : {}) };
    const counted = result === "Failed" && document.continueOnError ? "SucceededWithIssues" : result;
    this.#remember(document, { name: document.name, dependsOn, result: counted, outputs: known });
    this.results.push(counted);
    const shown = Object.entries(hideSecrets(outputs)).map(([name, { value }]) => [name, value]);
    return {
      name: document.leg === undefined ? document.name : `${document.name}.${document.leg}`,
      displayName: document.displayName,
      id,
      result,
      agentMilliseconds,
      steps: steps.map(withoutSecrets),
      outputs: Object.fromEntries(shown),
      lines,
    };
  }
}
