// A pipeline under way: its steps as jobs of their own, side by side where nothing holds them back.

import { isTerminal, type JobRecord, type JobStatus, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { findComponent, type Json } from "../../workspace/components.ts";
import { registerOutputs } from "../running/outputs.ts";
import { ParentLife } from "../running/parent.ts";
import { takeSlot } from "../running/slots.ts";
import { inputsGiven, type Scope, type Value } from "./bindings.ts";
import { readGraph, type Step } from "./graph.ts";
import { findReusable, remember, reuseKey } from "./reuse.ts";
import { isTrue } from "./settings.ts";
import { type Surroundings, stepJob } from "./steps.ts";

/** The log that streaming clients look for first in a pipeline (docs/facts/azureml-services.md#5.2). */
const executionLog = "logs/azureml/executionlogs.txt";

type Outcome = { readonly status: JobStatus | "Skipped"; readonly outputs: ReadonlyMap<string, Value> };
const nothing: ReadonlyMap<string, Value> = new Map();

export class PipelineRun extends ParentLife {
  protected override readonly logFile = executionLog;
  /** A step has failed and the others are not to go on. */
  private broken = false;
  /** Steps that have begun and may be taken over, by what they do; undefined where one was skipped in the end. */
  private readonly begun = new Map<string, Promise<JobRecord | undefined>>();

  protected override async work(): Promise<void> {
    const { job, host } = this;
    await this.stay("starting", this.stop.signal);
    this.stop.signal.throwIfAborted();
    this.enter("Running");
    job.started = host.world.clock.now();
    await this.openLogs();
    await this.failOf("imageBuild", "quota", "command", "service");
    const failed = await this.graph();
    this.stop.signal.throwIfAborted();
    if (failed) {
      // Words that Azure ML is known to write; not verified against live Azure.
      throw new JobError("Pipeline has some failed steps. See child run or execution logs for more details.");
    }
    Object.assign(job.registered, await registerOutputs(host.world, job, job.stamps.createdBy));
  }

  protected override async closing(status: JobStatus): Promise<void> {
    if (this.job.logFiles.length > 0) this.say("Finishing experiment: no runs left and nothing to schedule.");
    await super.closing(status);
  }

  protected override moment(now: Date): string {
    return `${now.toISOString().slice(0, 19).replace("T", " ")}Z`;
  }

  /** Runs every step as soon as what it reads is there. @returns whether one failed */
  private async graph(): Promise<boolean> {
    const { job, host } = this;
    const component = job.body.componentId ? findComponent(host.world, job.body.componentId) : undefined;
    const own = Object.keys((job.body["jobs"] ?? {}) as Json).length > 0;
    const steps = readGraph(host.world, own ? job.body["jobs"] : component?.definition["jobs"]);
    const settings = (job.body["settings"] ?? {}) as Json;
    const inputs = new Map(inputsGiven(job.body.inputs));
    for (const [name, declared] of Object.entries(component?.inputs ?? {})) {
      if (!inputs.has(name) && declared.default !== undefined && declared.default !== null) {
        inputs.set(name, { kind: "literal", text: String(declared.default) });
      }
    }
    const done = new Map<string, ReadonlyMap<string, Value>>();
    const defaultCompute = settings["default_compute"] ?? settings["defaultCompute"];
    const around = (): Surroundings => ({
      scope: { inputs, steps: done } satisfies Scope,
      experimentName: job.experimentName,
      settings,
      computeId: job.body.computeId ?? (typeof defaultCompute === "string" ? defaultCompute : undefined),
      outputs: job.body.outputs ?? {},
    });
    const goesOn = isTrue(job.properties["azureml.continue_on_step_failure"]);
    const outcomes = new Map<string, Promise<Outcome>>();
    for (const step of steps) {
      const turn = async (): Promise<Outcome> => {
        const needs = await Promise.all(step.needs.map((need) => outcomes.get(need)));
        const ready = needs.every((one) => one?.status === "Completed");
        if (!ready || this.broken || this.stop.signal.aborted) return { status: "Skipped", outputs: nothing };
        const outcome = await this.step(step, around(), isTrue(settings["force_rerun"] ?? settings["forceRerun"]));
        if (outcome.status === "Completed") done.set(step.name, outcome.outputs);
        else if (outcome.status === "Failed" && !goesOn) this.breakOff();
        return outcome;
      };
      outcomes.set(step.name, turn());
    }
    const all = await Promise.all(outcomes.values());
    return all.some((one) => one.status !== "Completed");
  }

  /** The others are canceled when one has failed, unless the pipeline says to go on. */
  private breakOff(): void {
    this.broken = true;
    this.cancelParts();
  }

  private async step(step: Step, around: Surroundings, forced: boolean): Promise<Outcome> {
    const { job, host } = this;
    const { body, graphOutputs } = stepJob(step, around);
    const runsAgain = forced || step.component?.isDeterministic === false || body.jobType !== "Command";
    const key = reuseKey(body);
    const twin = runsAgain ? undefined : this.begun.get(key);
    let tell: (job: JobRecord | undefined) => void = () => {};
    if (!runsAgain && twin === undefined) {
      this.begun.set(
        key,
        new Promise((resolve) => {
          tell = resolve;
        }),
      );
    }
    // Reuse: an equal step that ran before, or is running: of two equal steps of a pipeline only the first runs (recorded 2023).
    const earlier = runsAgain ? undefined : (findReusable(host.world, key) ?? usable(await twin));
    // A nested pipeline takes no slot; only its working steps do.
    const free = earlier === undefined && body.jobType === "Command" ? await takeSlot(host.world) : () => {};
    try {
      if (this.broken || this.stop.signal.aborted) return { status: "Skipped", outputs: nothing };
      const child = host.child({
        parent: job,
        kind: "step",
        node: step.name,
        body,
        runName: step.component?.name ?? step.name,
        properties: stepProperties(job, step),
        reused: earlier,
      });
      tell(child.job);
      this.say(`Submitting 1 runs, first five are: ${key.slice(0, 8)}:${child.job.name}`);
      await this.follow(child.job.name, child.run);
      this.say(
        child.job.status === "Completed"
          ? `Completing processing run id ${child.job.name}.`
          : `Execution of step ${step.name}, run id ${child.job.name}, ended as ${child.job.status}.`,
      );
      if (child.job.status === "Completed" && earlier === undefined && !runsAgain) remember(host.world, key, child.job);
      return { status: child.job.status, outputs: this.takeOutputs(child.job, graphOutputs) };
    } finally {
      tell(undefined);
      free();
    }
  }

  /** A completed step's outputs as values, and those that are the pipeline's own. */
  private takeOutputs(child: JobRecord, graphOutputs: ReadonlyMap<string, string>): Map<string, Value> {
    const values = new Map<string, Value>();
    for (const [name, output] of Object.entries(child.body.outputs ?? {})) {
      const uri = child.outputUris[name];
      if (uri === undefined) continue;
      values.set(name, { kind: "asset", uri, type: output.jobOutputType });
      const graphOutput = graphOutputs.get(name);
      if (graphOutput !== undefined) this.job.outputUris[graphOutput] = uri;
    }
    return values;
  }

  private async openLogs(): Promise<void> {
    const { job, host } = this;
    const folder = runFolder(job.name);
    // The other two are there and stay empty, as recorded (docs/facts/azureml-wire.md#11.1).
    await Promise.all(
      ["logs/azureml/stderrlogs.txt", "logs/azureml/stdoutlogs.txt"].map((file) =>
        host.world.blobs.append("azureml", `${folder}${file}`, ""),
      ),
    );
    job.logFiles.push(executionLog, "logs/azureml/stderrlogs.txt", "logs/azureml/stdoutlogs.txt");
    this.say(`Submitting pipeline run ${job.name}`);
    await this.log;
    host.changed(job);
  }
}

/** One that is under way or has completed; what has failed is run again. */
function usable(job: JobRecord | undefined): JobRecord | undefined {
  return job !== undefined && isTerminal(job.status) && job.status !== "Completed" ? undefined : job;
}

/** The properties of a step's run (docs/facts/azureml-wire.md#11.2). */
function stepProperties(pipeline: JobRecord, step: Step): Record<string, string> {
  return {
    "azureml.runsource": "azureml.StepRun",
    "azureml.nodeid": step.name,
    StepType: "PythonScriptStep",
    ComputeTargetType: "AmlCompute",
    ...(step.component === undefined
      ? {}
      : {
          "azureml.moduleid": step.component.version,
          "azureml.moduleName": step.component.name,
          "azureml.moduleVersion": step.component.version,
        }),
    "azureml.pipelinerunid": pipeline.name,
  };
}
