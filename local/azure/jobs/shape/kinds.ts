// Pipelines, sweeps and the kinds that are simulated, as the management plane shows them below what all jobs share (docs/facts/azureml-wire.md#9.4 to #9.7).
import { type Bodies, bodyOfKind, type JobRecord } from "../../records/job.ts";
import { taskShown } from "./automl.ts";
import { defaultOutput, distribution, input, mapValues, outputOf, queueSettings, resources } from "./parts.ts";
import type { ResponseKeys } from "./versions.ts";

type Json = Record<string, unknown>;

/** The job to show: a job, or the job of a schedule, which has no name. */
export type Shown = Pick<JobRecord, "body"> & { readonly name?: string; readonly workspaceId?: string };

/** Properties of a job that is no command job. */
export function otherProperties(job: Shown, keys: ResponseKeys): Json {
  const body = <Kind extends keyof Bodies>(kind: Kind) => bodyOfKind(job.body, kind);
  const [pipeline, sweep, spark, automl] = [body("Pipeline"), body("Sweep"), body("Spark"), body("AutoML")];
  if (pipeline !== undefined) return pipelineShown(pipeline, keys);
  if (sweep !== undefined) return sweepShown(sweep, job, keys);
  if (spark !== undefined) return sparkShown(spark, keys);
  return automl === undefined ? asSent(job, keys) : automlShown(automl, keys);
}

/** `jobs` and `settings` come back as sent; there is no `default` output, and empty inputs may be null (docs/facts/azureml-wire.md#9.5). */
function pipelineShown(body: Bodies["Pipeline"], keys: ResponseKeys): Json {
  // A job that came through a batch endpoint shows none of it (docs/facts/azureml-wire.md#13).
  if (body["batch"] !== undefined) {
    return { jobType: "Pipeline", settings: null, jobs: null, inputs: null, outputs: null, sourceJobId: null };
  }
  return {
    jobType: "Pipeline",
    settings: body.settings ?? null,
    jobs: body.jobs ?? null,
    inputs: mapValues(body.inputs ?? {}, input),
    outputs: mapValues(body.outputs ?? {}, (output) => outputOf(output, keys)),
    sourceJobId: body.sourceJobId ?? null,
  };
}

function sweepShown(body: Bodies["Sweep"], job: Shown, keys: ResponseKeys): Json {
  const { samplingAlgorithm: sampling, limits, objective, trial } = body;
  const goal = objective?.goal ?? "";
  return {
    jobType: "Sweep",
    searchSpace: body.searchSpace ?? {},
    samplingAlgorithm:
      sampling?.samplingAlgorithmType === "Random"
        ? {
            samplingAlgorithmType: "Random",
            seed: sampling.seed ?? null,
            ...(keys.logbase && { logbase: sampling.logbase ?? null }),
            rule: sampling.rule ?? "Random",
          }
        : (sampling ?? {}),
    limits: {
      timeout: limits?.timeout ?? null,
      jobLimitsType: "Sweep",
      maxTotalTrials: limits?.maxTotalTrials ?? null,
      maxConcurrentTrials: limits?.maxConcurrentTrials ?? null,
      trialTimeout: limits?.trialTimeout ?? null,
    },
    earlyTermination: body.earlyTermination ?? null,
    objective: {
      primaryMetric: objective?.primaryMetric ?? null,
      // Sent in small letters, answered with a capital.
      goal: goal === "" ? null : `${goal[0]?.toUpperCase()}${goal.slice(1)}`,
    },
    trial: {
      codeId: trial?.codeId ?? null,
      command: trial?.command ?? null,
      environmentId: longEnvironment(trial?.environmentId, job.workspaceId),
      environmentVariables: trial?.environmentVariables ?? {},
      distribution: trial?.distribution ? distribution(trial.distribution) : null,
      resources: withoutShm(resources(trial?.resources, keys)),
    },
    inputs: mapValues(body.inputs ?? {}, input),
    outputs: {
      ...mapValues(body.outputs ?? {}, (output) => outputOf(output, keys)),
      ...(job.name === undefined ? {} : { default: defaultOutput(job.name, keys) }),
    },
    ...(keys.queue && { queueSettings: queueSettings(body, keys) }),
    // Published for two previews; kept, as the official client's own tests expect. No recording has it.
    ...(keys.sweepResources && { resources: body.resources ? resources(body.resources, keys) : null }),
  };
}

/** A sweep shows the short name of an environment as an id of the workspace, a curated one's too (docs/facts/azureml-wire.md#9.4). */
function longEnvironment(sent: string | null | undefined, workspaceId: string | undefined): string | null {
  const short = /^azureml:([^:@/]+):([^:@/]+)$/.exec(sent ?? "");
  if (short === null || workspaceId === undefined) return sent ?? null;
  return `${workspaceId}/environments/${short[1]}/versions/${short[2]}`;
}

function withoutShm({ shmSize: _shmSize, ...others }: Json): Json {
  return others;
}

/** The shape is that of a schedule's job definition, the only Spark response that was recorded (docs/facts/azureml-wire.md#9.7). */
function sparkShown(body: Bodies["Spark"], keys: ResponseKeys): Json {
  return {
    jobType: "Spark",
    resources: body.resources ?? null,
    args: body.args ?? null,
    codeId: body.codeId ?? null,
    entry: body.entry ?? null,
    environmentId: body.environmentId ?? null,
    inputs: mapValues(body.inputs ?? {}, input),
    outputs: mapValues(body.outputs ?? {}, (output) => outputOf(output, keys)),
    pyFiles: body.pyFiles ?? null,
    jars: body.jars ?? null,
    files: body.files ?? null,
    archives: body.archives ?? null,
    conf: body.conf ?? {},
    ...(keys.queue && { queueSettings: queueSettings(body, keys) }),
  };
}

const common = new Set([
  ...["description", "tags", "properties", "displayName", "experimentName", "services", "computeId", "isArchived"],
  ...["identity", "componentId", "notificationSetting", "secretsConfiguration", "status", "queueSettings"],
]);

function automlShown(body: Bodies["AutoML"], keys: ResponseKeys): Json {
  const task = taskShown({ ...body.taskDetails }, keys);
  return {
    jobType: "AutoML",
    resources: resources(body.resources, keys),
    environmentId: body.environmentId ?? null,
    environmentVariables: body.environmentVariables ?? null,
    taskDetails: keys.automlSweeps ? task : withoutSweeps(task),
    outputs: mapValues(body.outputs ?? {}, (output) => outputOf(output, keys)),
    ...(keys.queue && { queueSettings: queueSettings(body, keys) }),
  };
}

/** Fine-tuning and what else there is: what was sent. */
function asSent({ body }: Shown, keys: ResponseKeys): Json {
  const own = Object.entries(body).filter(([key]) => !common.has(key));
  return {
    ...Object.fromEntries(own),
    ...(body.inputs ? { inputs: mapValues(body.inputs, input) } : {}),
    outputs: mapValues(body.outputs ?? {}, (output) => outputOf(output, keys)),
    ...(keys.queue && body.queueSettings ? { queueSettings: queueSettings(body, keys) } : {}),
  };
}

/** An AutoML task as versions show it that do not know the sweeps of tables and texts. */
function withoutSweeps(task: Json): Json {
  const isImage = /^image/i.test(String(task["taskType"]));
  const isText = /^text/i.test(String(task["taskType"]));
  const without = (value: unknown, unknown: readonly string[]) =>
    typeof value !== "object" || value === null
      ? value
      : Object.fromEntries(Object.entries(value).filter(([key]) => !unknown.includes(key)));
  const limits = ["maxNodes", "sweepTrials", "sweepConcurrentTrials", ...(isText ? ["trialTimeout"] : [])];
  const parts: Json = {
    limitSettings: without(task["limitSettings"], limits),
    trainingSettings: without(task["trainingSettings"], ["trainingMode"]),
    forecastingSettings: without(task["forecastingSettings"], ["featuresUnknownAtForecastTime"]),
    modelSettings: without(task["modelSettings"], ["logTrainingMetrics", "logValidationLoss"]),
  };
  const shown = Object.entries(task).filter(
    ([key]) => isImage || !["fixedParameters", "searchSpace", "sweepSettings"].includes(key),
  );
  return Object.fromEntries(shown.map(([key, value]) => [key, key in parts ? parts[key] : value]));
}
