// A step of a signal: computes its metrics, writes them where the service does, or judges them. The service runs these steps as
// Spark jobs of components of its own (docs/facts/operations.md#F.3); here they are a part of local Azure, and say so.

import { type JobBody, type JobRecord, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { MetricRefused } from "../../signals/drift.ts";
import { NoCommonColumns, type Selection } from "../../signals/features.ts";
import { breaches, driftRows, type MetricRow, qualityRows } from "../../signals/metric-rows.ts";
import { readCsv, readJsonLines } from "../../signals/table.ts";
import { locate } from "../../workspace/locate.ts";
import { JobLife } from "../running/lifecycle.ts";
import { DataNotFound, readWindow } from "./data.ts";
import type { MonitorBody, SignalPlan } from "./definition.ts";
import { metricRun, publish } from "./metric-runs.ts";
import { featureFile, histogramFiles, metricFile } from "./signal-files.ts";

export type StepKind = "compute" | "output" | "evaluate";

/** The body of such a step, beside what all jobs have. */
export interface StepBody {
  readonly step: StepKind;
  readonly monitor: MonitorBody;
  readonly signal: SignalPlan;
}

/** The step of a job that is one. */
export function stepOf(body: JobBody): StepBody | undefined {
  return body["signalStep"] as StepBody | undefined;
}

/** A tag's value has at most so many characters; that the service cuts a longer message is not verified against live Azure. */
const tagLimit = 1_000;

const logFile = "user_logs/std_log.txt";

export class SignalStep extends JobLife {
  protected override async work(): Promise<void> {
    const { job, host } = this;
    const { world } = host;
    await this.phase(job.status, "starting");
    await this.phase("Preparing", "preparing");
    await this.phase("Running", "queued");
    await this.failOf("command", "service");
    job.started = world.clock.now();
    job.logFiles.push(logFile);
    host.changed(job);
    const { step, signal } = stepOf(job.body)!;
    await this.say(
      "[local Azure] There is no Spark here: this step runs as a part of local Azure, by the same formulas.",
    );
    try {
      if (step === "compute") await this.compute();
      else if (step === "output") await this.output();
      else await this.evaluate();
    } catch (error) {
      if (error instanceof DataNotFound) this.tagRoot({ "azureml.modelmonitor.error": "DataNotFoundError" });
      const isOurs = error instanceof MetricRefused || error instanceof NoCommonColumns;
      if (!isOurs) throw error;
      throw new JobError(`Signal '${signal.name}': ${error.message}`);
    }
    await this.phase("Finalizing", "finalizing");
  }

  private async compute(): Promise<void> {
    const { signal } = stepOf(this.job.body)!;
    const { reference, production, selection } = await this.tables();
    const rows = (signal.type === "DataQuality" ? qualityRows : driftRows)(
      reference,
      production,
      signal.limits,
      selection,
    );
    await this.say(`${rows.length} metrics of ${production.rows} rows, against ${reference.rows} of the reference.`);
    await this.put("signal_metrics", "MLTable", 'type: mltable\npaths:\n  - file: "./metrics.jsonl"\n');
    await this.put("signal_metrics", "metrics.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }

  private async tables() {
    const { world } = this.host;
    const { signal } = stepOf(this.job.body)!;
    if (signal.production === undefined || signal.reference === undefined)
      throw new JobError(`Signal '${signal.name}' has no production data or no reference data.`);
    for (const { preprocessing } of [signal.production, signal.reference])
      if (preprocessing !== undefined)
        await this.say(`[local Azure, simulated] ${preprocessing} is not run: the data are read as they lie there.`);
    const [production, reference] = await Promise.all([
      readWindow(world, signal.production, "the production data"),
      readWindow(world, signal.reference, "the reference data"),
    ]);
    const names = signal.top === undefined ? signal.features : [...reference.columns.keys()].slice(0, signal.top);
    if (signal.top !== undefined)
      await this.say(
        `[local Azure, simulated] Nothing explains the model: the first ${signal.top} features are taken.`,
      );
    const selection: Selection = { names, overrides: signal.overrides };
    return { production, reference, selection };
  }

  private async output(): Promise<void> {
    const { job, host } = this;
    const { monitor, signal } = stepOf(job.body)!;
    const rows = await this.metrics();
    const by = signal.custom === undefined ? "feature" : "group";
    const of = { experimentId: job.experimentId, monitor: monitor.name, signal: signal.name, by } as const;
    for (const row of rows)
      if (by === "group" || row.feature_name !== "")
        publish(host.tracking, metricRun(host.tracking, of, row), row, monitor.at, host.world.clock.now());
    const runOf = (row: MetricRow) => metricRun(host.tracking, of, row).id;
    const file = by === "group" ? metricFile : featureFile;
    const content = file(signal.name, signal.type, rows, runOf);
    await this.put("signal_output", `signals/${signal.name}.json`, JSON.stringify(content, null, 4));
    if (by === "feature" && signal.type !== "DataQuality") {
      const { reference, production, selection } = await this.tables();
      for (const [feature, histogram] of Object.entries(histogramFiles(reference, production, selection)))
        await this.put(
          "signal_output",
          `signals/${signal.name}/${feature}.histogram.json`,
          JSON.stringify(histogram, null, 4),
        );
    }
    await this.say("Successfully executed the output metric component.");
  }

  /** A breach is told by a tag and in the log; the job does not fail of it. */
  private async evaluate(): Promise<void> {
    const { signal } = stepOf(this.job.body)!;
    const broken = (await this.metrics()).filter(breaches);
    if (broken.length === 0)
      return this.say("Successfully validated that the computed metrics are within the given threshold.");
    const shown = broken.map(({ metric_value, metric_name, threshold_value, group }) =>
      JSON.stringify({ metric_value, metric_name, threshold_value, group }),
    );
    const message = [
      `The signal '${signal.name}' has failed due to one or more features violating metric thresholds.`,
      "The feature names and their corresponding computed metric values violating the threshold are ",
      `[${shown.map((text) => `'${text}'`).join(", ")}]\n`,
    ].join("\n");
    await this.say(message);
    const text = message.slice(0, tagLimit);
    if (signal.emails !== "")
      this.tagRoot({
        "azureml.notification.email.address": signal.emails,
        [`azureml.modelmonitor.threshold.breached.${signal.name}`]: text,
      });
    this.tag(this.job, { azureml_modelmonitor_threshold_breached: text });
  }

  /** The rows that the step before has written, or a component of the user's. */
  private async metrics(): Promise<MetricRow[]> {
    const { world } = this.host;
    const place = locate(world, this.job.body.inputs?.["signal_metrics"]?.uri ?? "");
    if (place.kind !== "blob") return [];
    const rows: MetricRow[] = [];
    for (const { name } of await world.blobs.list(place.container, `${place.path}/`)) {
      const text = (await world.blobs.get(place.container, name))?.toString("utf8") ?? "";
      if (/\.csv$/i.test(name)) rows.push(...readCsv(text).map(rowOf));
      else if (/\.jsonl?$/i.test(name)) rows.push(...readJsonLines(text).map(rowOf));
    }
    return rows;
  }

  private async put(output: string, file: string, text: string): Promise<void> {
    const place = locate(this.host.world, this.job.outputUris[output] ?? "");
    if (place.kind !== "blob") throw new JobError(`The output ${output} has no place.`);
    await this.host.world.blobs.put(place.container, `${place.path}/${file}`, text);
  }

  private say(text: string): Promise<void> {
    return this.host.world.blobs.append("azureml", `${runFolder(this.job.name)}${logFile}`, `${text}\n`);
  }

  private tagRoot(tags: Record<string, string>): void {
    const root = this.host.world.store<JobRecord>("jobs").get(this.job.parent?.root ?? "");
    if (root !== undefined) this.tag(root, tags);
  }

  private tag(job: JobRecord, tags: Record<string, string>): void {
    const { tracking, changed } = this.host;
    Object.assign(job.tags, tags);
    Object.assign(tracking.runs.get(job.name)?.tags ?? {}, tags);
    changed(job);
  }
}

/** A row of a component's table: numbers may come as texts, and columns may be missing. */
function rowOf(given: Readonly<Record<string, unknown>>): MetricRow {
  const text = (key: string) => (given[key] === null || given[key] === undefined ? "" : String(given[key]));
  const number = (key: string) => (text(key) === "" ? undefined : Number(text(key)));
  const [threshold, dimension] = [number("threshold_value"), text("group_dimension")];
  const [baseline, target] = [number("baseline_metric_value"), number("target_metric_value")];
  return {
    ...{ feature_name: text("feature_name"), data_type: text("data_type"), metric_name: text("metric_name") },
    ...{ metric_value: number("metric_value") ?? Number.NaN, group: text("group") },
    ...(dimension === "" ? {} : { group_dimension: dimension }),
    ...(threshold === undefined ? {} : { threshold_value: threshold }),
    ...(baseline === undefined ? {} : { baseline_metric_value: baseline }),
    ...(target === undefined ? {} : { target_metric_value: target }),
  };
}
