// A monitor under way: a pipeline with a pipeline for each signal, which computes, writes and judges its metrics; the last step
// lists all results (docs/facts/operations.md#F.3). How the service names the steps of its own pipeline is not verified against live Azure.

import type { JobBody, JobRecord, JobStatus } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { findComponent } from "../../workspace/components.ts";
import { locate } from "../../workspace/locate.ts";
import { stepJob } from "../pipelines/steps.ts";
import type { RunningJob } from "../running/lifecycle.ts";
import { ParentLife } from "../running/parent.ts";
import { readWindow } from "./data.ts";
import { type CustomPlan, type MonitorBody, type SignalPlan, signalsOf } from "./definition.ts";
import type { StepKind } from "./signal-step.ts";

/** The monitor of a job that is one's run. */
export function monitorOf(body: JobBody): MonitorBody | undefined {
  return body["monitor"] as MonitorBody | undefined;
}

/** The signal of a job that is a monitor's part. */
export function signalOf(body: JobBody): { monitor: MonitorBody; signal: SignalPlan } | undefined {
  return body["monitorSignal"] as { monitor: MonitorBody; signal: SignalPlan } | undefined;
}

/** Kinds of signals whose metrics are computed here. */
const computed = ["DataDrift", "PredictionDrift", "DataQuality"];

/** The component of the service's own that is a kind of signal. */
const componentNames: Readonly<Record<string, string>> = {
  DataDrift: "data_drift_signal_monitor",
  PredictionDrift: "prediction_drift_signal_monitor",
  DataQuality: "data_quality_signal_monitor",
  FeatureAttributionDrift: "feature_attribution_drift_signal_monitor",
  ModelPerformance: "model_performance_signal_monitor",
  GenerationSafetyQuality: "generation_safety_quality_signal_monitor",
  GenerationTokenStatistics: "genai_token_statistics_signal_monitor",
};

const signalOutput = { signal_output: { jobOutputType: "uri_folder" } };

abstract class PartsLife extends ParentLife {
  protected override readonly logFile = "logs/azureml/executionlogs.txt";

  protected override moment(now: Date): string {
    return `${now.toISOString().slice(0, 19).replace("T", " ")}Z`;
  }

  protected async beginParts(): Promise<void> {
    await this.stay("starting", this.stop.signal);
    this.stop.signal.throwIfAborted();
    this.enter("Running");
    this.job.started = this.host.world.clock.now();
    this.job.logFiles.push(this.logFile);
    this.say(`Submitting pipeline run ${this.job.name}`);
    this.host.changed(this.job);
    await this.failOf("imageBuild", "quota", "command", "service");
  }

  /** Runs a part. @throws JobError where it did not complete */
  protected async part(node: string, runName: string, body: JobBody): Promise<JobRecord> {
    this.stop.signal.throwIfAborted();
    const properties = { "azureml.runsource": "azureml.StepRun", "azureml.nodeid": node };
    const { job, run }: { job: JobRecord; run: RunningJob | undefined } = this.host.child({
      ...{ parent: this.job, kind: "step", node, runName },
      body: { experimentName: this.job.experimentName, displayName: node, ...body },
      properties: { ...properties, "azureml.pipelinerunid": this.job.name },
    });
    this.say(`Submitting 1 runs, first five are: ${node}:${job.name}`);
    await this.follow(job.name, run);
    const status: JobStatus = job.status;
    this.say(`Execution of step ${node}, run id ${job.name}, ended as ${status}.`);
    this.stop.signal.throwIfAborted();
    if (status === "Completed") return job;
    throw new JobError("Pipeline has some failed steps. See child run or execution logs for more details.");
  }
}

export class MonitorRun extends PartsLife {
  protected override async work(): Promise<void> {
    await this.beginParts();
    const monitor = monitorOf(this.job.body)!;
    const signals = signalsOf(monitor);
    const parts = await Promise.allSettled(
      signals.map((signal) =>
        this.part(signal.name, componentNames[signal.type] ?? signal.type, {
          ...{ jobType: "Pipeline", jobs: {}, settings: {}, outputs: signalOutput },
          monitorSignal: { monitor, signal },
        }),
      ),
    );
    const done = parts.flatMap((part) => (part.status === "fulfilled" ? [part.value] : []));
    for (const part of parts) if (part.status === "rejected") throw part.reason;
    await this.writeManifest(done);
  }

  /** All signals' files together, and a list of them, as `model_monitor_create_manifest` makes it. */
  private async writeManifest(signals: readonly JobRecord[]): Promise<void> {
    const { world } = this.host;
    const target = locate(world, this.job.outputUris["model_monitor_metrics_output"] ?? "");
    if (target.kind !== "blob") return;
    const metricsFiles: Record<string, string> = {};
    for (const signal of signals) {
      const source = locate(world, signal.outputUris["signal_output"] ?? "");
      if (source.kind !== "blob") continue;
      for (const { name } of await world.blobs.list(source.container, `${source.path}/`)) {
        const file = name.slice(source.path.length + 1);
        await world.blobs.put(
          target.container,
          `${target.path}/${file}`,
          (await world.blobs.get(source.container, name)) ?? "",
        );
        const found = /^signals\/([^/]+)\.json$/.exec(file);
        if (found !== null) metricsFiles[found[1]!] = file;
      }
    }
    await world.blobs.put(
      target.container,
      `${target.path}/manifest.json`,
      JSON.stringify({ version: "1.0.0", metricsFiles }),
    );
  }
}

export class SignalRun extends PartsLife {
  protected override async work(): Promise<void> {
    await this.beginParts();
    const { signal } = signalOf(this.job.body)!;
    const { custom } = signal;
    if (custom === undefined && !computed.includes(signal.type)) {
      // Nothing is written, so that nobody takes it for a result.
      this.say(
        `[local Azure, simulated] Signals of type ${signal.type} are not computed here, and nothing is written.`,
      );
      return;
    }
    const compute =
      custom === undefined
        ? await this.signalPart(signal.type === "DataQuality" ? "join_data_quality_metrics" : "compute_drift_metrics", {
            ...this.stepBody("compute"),
            outputs: { signal_metrics: { jobOutputType: "mltable" } },
          })
        : await this.signalPart("compute_metrics", await this.customBody(custom));
    const inputs = {
      signal_metrics: { jobInputType: "mltable", uri: compute.outputUris["signal_metrics"] ?? "" },
    };
    const uri = this.job.outputUris["signal_output"] ?? null;
    await Promise.all([
      this.signalPart("output_signal_metrics", {
        ...this.stepBody("output"),
        ...{ inputs, outputs: { signal_output: { ...signalOutput.signal_output, uri } } },
      }),
      this.signalPart("evaluate_metric_thresholds", { ...this.stepBody("evaluate"), inputs }),
    ]);
  }

  private signalPart(node: string, body: JobBody): Promise<JobRecord> {
    return this.part(node, node, body);
  }

  private stepBody(step: StepKind): JobBody {
    const { monitor, signal } = signalOf(this.job.body)!;
    return { jobType: "Spark", signalStep: { step, monitor, signal } };
  }

  /** The job of the user's component: its data as tables, its thresholds as numbers. @throws JobError where there is no such component */
  private async customBody(custom: CustomPlan): Promise<JobBody> {
    const { world } = this.host;
    const component = findComponent(world, custom.componentId);
    if (component === undefined) throw new JobError(`The component ${custom.componentId} does not exist.`);
    const inputs: Record<string, object> = {};
    for (const [name, window] of Object.entries(custom.data)) {
      const table = await readWindow(world, window, name);
      const columns = [...table.columns.values()];
      const rows = Array.from({ length: table.rows }, (_, row) =>
        JSON.stringify(Object.fromEntries(columns.map((column) => [column.name, column.values[row]]))),
      );
      const uri = `azureml://datastores/workspaceblobstore/paths/azureml/${this.job.name}/${name}/`;
      const place = locate(world, uri);
      if (place.kind !== "blob") continue;
      const put = (file: string, text: string) => world.blobs.put(place.container, `${place.path}/${file}`, text);
      await put(
        "MLTable",
        'type: mltable\npaths:\n  - file: "./data.jsonl"\ntransformations:\n  - read_json_lines: {}\n',
      );
      await put("data.jsonl", `${rows.join("\n")}\n`);
      inputs[name] = { job_input_type: "mltable", uri, mode: "eval_mount" };
    }
    for (const [name, value] of Object.entries(custom.literals))
      if (component.inputs[name] !== undefined) inputs[name] = { job_input_type: "literal", value };
    const step = { name: "compute_metrics", type: component.type, given: { inputs }, component, needs: [] };
    const scope = { inputs: new Map(), steps: new Map() };
    const around = {
      ...{ scope, experimentName: this.job.experimentName, settings: {} },
      ...{ computeId: undefined, outputs: {} },
    };
    return stepJob(step, around).body;
  }
}
