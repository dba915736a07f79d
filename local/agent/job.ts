// One job: what its steps share, the order of their stages, cancellation, and the cleaning up (docs/facts/agent.md#1.4, #3, #4).
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expandText } from "./inputs.ts";
import { environmentFor, type JobOptions } from "./job-environment.ts";
import type { Masker } from "./masker.ts";
import { endOrphans } from "./orphans.ts";
import type { JobFolders } from "./predefined.ts";
import { mergeResults, type TaskResult } from "./results.ts";
import { runStage, type StopReason } from "./stage-runner.ts";
import {
  always,
  type JobOutcome,
  type JobStatus,
  type OutputVariable,
  type StageOutcome,
  type Step,
  succeeded,
} from "./step.ts";
import { chooseHandler, copy, installTask, link, readTaskFolder, type Stage, type TaskFolder } from "./task-folder.ts";
import { composeStage, type PreparedStep, type StageEnvironment } from "./task-process.ts";
import { unrun } from "./unrun-stage.ts";
import { VariableStore } from "./variables.ts";

export class Job {
  readonly folders: JobFolders;
  readonly variables: VariableStore;
  readonly masker: Masker;
  /** `vsts_<guid>`: every process of this job carries it in its environment. */
  readonly lookupId = `vsts_${randomUUID()}`;
  status: JobStatus = "Succeeded";
  readonly #options: JobOptions;
  readonly #environment: StageEnvironment;
  readonly #references = new Set<string>();
  readonly #lines: string[] = [];
  readonly #installed = new Map<string, string>();
  #onCancel: (() => void) | undefined;
  /** Aborted when the time after a cancel is over. */
  readonly #end = new AbortController();

  constructor(options: JobOptions) {
    this.#options = options;
    this.#environment = environmentFor(options, this.lookupId);
    this.folders = this.#environment.folders;
    this.variables = this.#environment.state.variables;
    this.masker = this.#environment.state.masker;
    const { signal } = options;
    if (signal?.aborted) this.#cancel();
    else signal?.addEventListener("abort", () => this.#cancel(), { once: true });
  }

  /** Makes the job's folders; `_temp` begins empty. */
  prepareFolders(): void {
    const { temp, tools, sources, staging, binaries, testResults, work } = this.folders;
    rmSync(temp, { recursive: true, force: true });
    for (const folder of [temp, tools, sources, staging, binaries, testResults, path.join(work, "_tasks")])
      mkdirSync(folder, { recursive: true });
    // No agent lies inside a project: were this one to, its tasks must not take the project's module type.
    writeFileSync(path.join(work, "_tasks", "package.json"), "{}\n");
  }

  /** Runs all stages of all steps and cleans up. */
  async run(steps: readonly Step[]): Promise<JobOutcome> {
    const stages: StageOutcome[] = [];
    const started = this.#lines.length;
    this.#say(`##[section]Starting: ${this.variables.get("agent.jobName")}`);
    this.#say("##[section]Starting: Initialize job");
    this.#say(`Agent name: '${this.variables.get("agent.name")}'`);
    this.#say(`Agent machine name: '${this.variables.get("agent.machineName")}'`);
    this.#say(`Current agent version: '${this.variables.get("agent.version")}' (imitated by the local agent)`);
    this.prepareFolders();
    this.#say("Set build variables.");
    this.#say("Download all required tasks.");
    const prepared = steps.map((step) => this.prepare(step));
    const downloads = prepared.flatMap(({ task }) =>
      task ? [`Downloading task: ${task.manifest.name} (${task.version})`] : [],
    );
    for (const line of new Set(downloads)) this.#say(line);
    this.#say("Start tracking orphan processes.");
    this.#say("##[section]Finishing: Initialize job");
    for (const step of prepared) if (hasStage(step, "prejob")) stages.push(await this.runStage(step, "prejob"));
    for (const step of prepared) stages.push(await this.runStage(step, "execution"));
    for (const step of prepared.toReversed())
      if (hasStage(step, "postjob")) stages.push(await this.runStage(step, "postjob"));
    this.#say("##[section]Starting: Finalize Job");
    this.#say("Start cleaning up orphan processes.");
    for (const { pid, name } of await endOrphans(this.lookupId))
      this.#say(`Terminate orphan process: pid (${pid}) (${name})`);
    this.#say("##[section]Finishing: Finalize Job");
    this.#say(`##[section]Finishing: ${this.variables.get("agent.jobName")}`);
    rmSync(this.folders.temp, { recursive: true, force: true });
    mkdirSync(this.folders.temp, { recursive: true });
    this.#end.abort();
    const outputs: Record<string, OutputVariable> = {};
    for (const stage of stages)
      for (const [name, output] of Object.entries(stage.outputs)) outputs[`${stage.name}.${name}`] = output;
    return {
      result: this.status,
      stages,
      lines: this.#lines.slice(started),
      outputs,
      attachments: stages.flatMap((stage) => stage.attachments),
    };
  }

  /** Installs a step's task and names the step; the folders must exist. */
  prepare(step: Step): PreparedStep {
    const task = "plugin" in step ? undefined : readTaskFolder(step.taskFolder);
    const folder = task ? this.#install(task, "files" in step ? step.files : undefined) : "";
    const base = step.name ?? (task?.manifest.name ?? "step").replace(/[^A-Za-z0-9_]/g, "_");
    let reference = base;
    for (let n = 2; step.name === undefined && this.#references.has(reference.toLowerCase()); n++)
      reference = `${base}${n}`;
    this.#references.add(reference.toLowerCase());
    return {
      step,
      id: randomUUID(),
      reference,
      displayName: step.displayName ?? task?.manifest.name ?? reference,
      task,
      folder,
      taskVariables: new VariableStore(this.masker),
    };
  }

  /** Runs one stage of a prepared step: condition, then the stage, then what the job's status makes of it. */
  async runStage(prepared: PreparedStep, stage: Stage): Promise<StageOutcome> {
    const { step } = prepared;
    const prefix = stage === "prejob" ? "Pre-job: " : stage === "postjob" ? "Post-job: " : "";
    const displayName = this.masker.mask(prefix + expandText(prepared.displayName, this.#scope()));
    const stageId = stage === "execution" ? prepared.id : randomUUID();
    const condition = stage === "postjob" ? always : (step.condition ?? succeeded);
    const onLine = (line: string) => {
      this.#lines.push(line);
      this.#options.onLine?.(line, prepared.reference);
    };
    this.variables.set("agent.jobstatus", this.status);
    this.variables.recalculate();
    let holds: boolean;
    try {
      holds = condition.evaluate(this.status);
    } catch (error) {
      const lines = [`##[error]${this.masker.mask(error instanceof Error ? error.message : String(error))}`];
      for (const line of lines) onLine(line);
      this.#absorb("Failed");
      return unrun(prepared, stage, stageId, displayName, "Failed", lines);
    }
    if (holds && this.#options.restrictsForkSecrets && stage !== "postjob" && this.#namesSecrets(prepared))
      holds = false;
    if (!holds) {
      const lines = [
        `Skipping step due to condition evaluation: ${displayName}`,
        `Evaluating: ${this.masker.mask(condition.text)}`,
        "Result: False",
      ];
      for (const line of lines) onLine(line);
      return unrun(prepared, stage, stageId, displayName, "Skipped", lines);
    }
    const stop = new AbortController();
    const cancel = () => stop.abort("cancel" satisfies StopReason);
    this.#onCancel = () => {
      // A step whose condition still holds on a cancelled job (always()) is not signalled at all.
      let stillHolds = false;
      try {
        stillHolds = condition.evaluate("Canceled");
      } catch {}
      if (!stillHolds) cancel();
    };
    this.#end.signal.addEventListener("abort", cancel, { once: true });
    try {
      const outcome = await runStage(prepared, stage, stageId, displayName, this.#environment, stop, onLine);
      this.#absorb(outcome.result);
      return outcome;
    } finally {
      this.#onCancel = undefined;
      this.#end.signal.removeEventListener("abort", cancel);
    }
  }

  /** Expands `$(name)` as inputs are: from the variables, then from the agent's environment. */
  expand(text: string): string {
    return expandText(text, this.#scope());
  }

  /** The complete environment that a stage of the step would be started with. */
  environmentOf(prepared: PreparedStep): Record<string, string> {
    return composeStage(prepared, this.#environment).environment;
  }

  /** Where the file of the chosen handler lies, or undefined where the task has no such stage. */
  scriptOf(prepared: PreparedStep, stage: Stage): string | undefined {
    const chosen = prepared.task && chooseHandler(prepared.task.manifest, stage);
    return chosen && path.join(prepared.folder, chosen.handler.target);
  }

  /** A task that several steps use is brought once. */
  #install(task: TaskFolder, files: readonly string[] | undefined): string {
    const known = this.#installed.get(task.folder);
    if (known !== undefined) return known;
    const folder = installTask(task, this.folders.work, files, this.#options.linksTasks === true ? link : copy);
    this.#installed.set(task.folder, folder);
    return folder;
  }

  #scope() {
    return { variables: this.variables, hostEnvironment: this.#environment.hostEnvironment };
  }

  #namesSecrets(prepared: PreparedStep): boolean {
    if (!prepared.task) return false;
    const { inputs } = composeStage(prepared, this.#environment);
    return (prepared.task.manifest.inputs ?? []).some(
      (input) => /^(connectedService:|secureFile$)/i.test(input.type) && (inputs.get(input.name) ?? "") !== "",
    );
  }

  #absorb(result: TaskResult): void {
    if (result === "SucceededWithIssues" || result === "Failed")
      this.status = mergeResults(this.status, result) as JobStatus;
  }

  #cancel(): void {
    this.status = "Canceled";
    this.variables.set("agent.jobstatus", "Canceled");
    this.#onCancel?.();
    const minutes = this.#options.cancelTimeoutInMinutes ?? 5;
    const timer = setTimeout(() => this.#end.abort(), Math.max(1, minutes * 60_000));
    timer.unref();
    this.#end.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  #say(line: string): void {
    const masked = this.masker.mask(line);
    this.#lines.push(masked);
    this.#options.onLine?.(masked, undefined);
  }
}

function hasStage(prepared: PreparedStep, stage: Stage): boolean {
  const key = stage === "prejob" ? "prejobexecution" : "postjobexecution";
  return Object.keys(prepared.task?.manifest[key] ?? {}).length > 0;
}
