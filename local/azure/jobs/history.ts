// A job, or a run that an MLflow client made, as run history tells it (docs/facts/azureml-services.md#5.1, docs/facts/azureml-wire.md#11).

import { dataPlaneError } from "../arm/data-plane-error.ts";
import { timestamp } from "../arm/envelope.ts";
import { bodyOfKind, type JobInput, type JobRecord, runFolder } from "../records/job.ts";
import { outputAssetId, parseReference } from "../records/references.ts";
import type { Run, RunStatus } from "../tracking/store.ts";
import type { AzureWorld } from "../world/world.ts";
import { jobService } from "./service.ts";

type Json = Record<string, unknown>;

/** Minutes that a signed URL of a log file is good for; a later look at the details signs anew. */
const logMinutes = 60;

const statusOfRun: Record<RunStatus, string> = {
  SCHEDULED: "NotStarted",
  RUNNING: "Running",
  FINISHED: "Completed",
  FAILED: "Failed",
  KILLED: "Canceled",
};

/** A run as history knows it by its id. A job's run has a record, an MLflow client's has none. */
export interface HistoryRun {
  readonly run: Run;
  readonly job: JobRecord | undefined;
}

export function findRun(world: AzureWorld, id: string): HistoryRun | undefined {
  const service = jobService(world);
  const run = service.tracking.runs.get(id);
  return run === undefined ? undefined : { run, job: service.get(id) };
}

/** `runMetadata`: every key of the recording, in its order. */
export function runMetadata(world: AzureWorld, { run, job }: HistoryRun): Json {
  const started = job ? job.started : run.startTime;
  const ended = job ? job.ended : run.endTime;
  const created = job?.created ?? run.created ?? run.startTime;
  const who = {
    userObjectId: job?.ownerId ?? null,
    userPuId: null,
    userIdp: null,
    userAltSecId: null,
    userIss: `https://sts.windows.net/${world.tenantId}/`,
    userTenantId: world.tenantId,
    userName: run.userId,
    upn: null,
  };
  const duration = started === undefined ? null : timeSpan((ended ?? world.clock.now()) - started);
  return {
    runNumber: job?.sequence ?? created,
    rootRunId: run.tags["mlflow.rootRunId"] ?? run.id,
    createdUtc: time(created),
    createdBy: who,
    userId: job?.ownerId ?? null,
    token: null,
    tokenExpiryTimeUtc: null,
    error: job ? jobError(world, job) : null,
    warnings: null,
    revision: 1,
    statusRevision: 1,
    runUuid: run.id,
    parentRunUuid: run.tags["mlflow.parentRunId"] ?? null,
    rootRunUuid: run.tags["mlflow.rootRunId"] ?? run.id,
    lastStartTimeUtc: null,
    currentComputeTime: started !== undefined && ended === undefined ? duration : null,
    computeDuration: ended === undefined ? null : duration,
    effectiveStartTimeUtc: null,
    lastModifiedBy: who,
    lastModifiedUtc: time(ended ?? started ?? created),
    duration: ended === undefined ? null : duration,
    cancelationReason: job?.cancelReason ?? null,
    currentAttemptId: 1,
    runId: run.id,
    parentRunId: run.tags["mlflow.parentRunId"] ?? null,
    experimentId: run.experimentId,
    status: job?.status ?? statusOfRun[run.status],
    startTimeUtc: time(started),
    endTimeUtc: time(ended),
    scheduleId: null,
    displayName: job?.displayName ?? run.name,
    name: job?.runName ?? null,
    dataContainerId: `dcid.${run.id}`,
    description: job?.description ?? null,
    hidden: job?.isArchived ?? false,
    runType: job ? runType(job) : null,
    runTypeV2: { orchestrator: null, traits: [], attribution: null, computeType: job ? "AmlCompute" : null },
    properties: { ...job?.properties },
    parameters: { ...run.parameters },
    actionUris: {},
    scriptName: null,
    target: job ? target(job) : null,
    uniqueChildRunComputeTargets: [],
    tags: job?.tags ?? run.tags,
    settings: {},
    services: {},
    inputDatasets: [],
    outputDatasets: [],
    runDefinition: null,
    jobSpecification: null,
    primaryMetricName: null,
    createdFrom: null,
    cancelUri: null,
    completeUri: null,
    diagnosticsUri: null,
    computeRequest: null,
    compute: null,
    retainForLifetimeOfWorkspace: false,
    queueingInfo: null,
    inputs: job ? namedInputs(job) : null,
    outputs: job ? namedOutputs(world, job) : null,
  };
}

/** `details`: status, times, error, and a signed URL of every log file that can be read again and in ranges. */
export function runDetails(world: AzureWorld, { run, job }: HistoryRun): Json {
  const started = job ? job.started : run.startTime;
  return {
    runId: run.id,
    target: job ? target(job) : null,
    status: job?.status ?? statusOfRun[run.status],
    startTimeUtc: time(started),
    endTimeUtc: time(job ? job.ended : run.endTime),
    error: job ? jobError(world, job) : null,
    warnings: job?.cancelReason === undefined ? null : [{ source: "local Azure", message: job.cancelReason }],
    properties: { ...job?.properties },
    inputDatasets: [],
    outputDatasets: [],
    runDefinition: null,
    logFiles: Object.fromEntries(
      (job?.logFiles ?? []).map((file) => [file, logUrl(world, job?.reusedFrom ?? run.id, file)]),
    ),
    jobCost: null,
    revisionNumber: 1,
    runTypeV2: null,
    settings: {},
    computeRequest: null,
    compute: null,
    createdBy: null,
    computeDuration: null,
    effectiveStartTimeUtc: null,
    runNumber: job?.sequence ?? null,
    rootRunId: run.tags["mlflow.rootRunId"] ?? run.id,
    experimentId: run.experimentId,
    userId: job?.ownerId ?? null,
    statusRevision: 1,
    currentComputeTime: null,
    lastStartTimeUtc: null,
    lastModifiedBy: null,
    lastModifiedUtc: null,
    duration: null,
    inputs: job ? namedInputs(job) : null,
    outputs: job ? namedOutputs(world, job) : null,
    currentAttemptId: null,
    submittedBy: run.userId,
  };
}

/** The location of an output's data, for `batchGetResolvedUris`; undefined for what is no asset. */
export function resolvedAsset(world: AzureWorld, assetId: string): { uri: string; type: string } | undefined {
  const reference = parseReference(assetId);
  if (reference.kind === "jobOutput") {
    const job = jobService(world).get(reference.job);
    const uri = job?.outputUris[reference.output];
    return uri === undefined
      ? undefined
      : { uri, type: dataType(job?.body.outputs?.[reference.output]?.jobOutputType) };
  }
  if (reference.kind !== "asset" || reference.type !== "data") return undefined;
  const version = world.assets.data.version(reference.name, reference.version);
  if (version === undefined) return undefined;
  return { uri: String(version.properties["dataUri"]), type: dataType(String(version.properties["dataType"])) };
}

/**
 * The error of a failed job, in the data plane's form; for jobs not recorded, so inferred from
 * docs/facts/azureml-services.md#4.4.
 */
function jobError(world: AzureWorld, job: JobRecord): object | null {
  return job.failure === undefined ? null : dataPlaneError(world, job.failure, "CommonRuntime");
}

/** Recorded for pipelines and their steps (docs/facts/azureml-wire.md#11); inferred for the others. */
function runType(job: JobRecord): string {
  if (job.parent?.kind === "step") return "azureml.StepRun";
  const types: Record<string, string> = {
    Pipeline: "azureml.PipelineRun",
    Sweep: "hyperdrive",
    AutoML: "automl",
    Spark: "azureml.spark",
  };
  return types[job.body.jobType] ?? "azureml.scriptrun";
}

function logUrl(world: AzureWorld, run: string, file: string): string {
  return world.blobs.sasUrl("azureml", `${runFolder(run)}${file}`, "r", logMinutes);
}

function namedOutputs(world: AzureWorld, job: JobRecord): Json {
  const named = Object.keys(job.outputUris).map((name) => [
    name,
    {
      // A step that took over another's results points to them.
      assetId: outputAssetId(world.location, world.workspaceGuid, job.reusedFrom ?? job.name, name),
      type: dataType(job.body.outputs?.[name]?.jobOutputType),
    },
  ]);
  return Object.fromEntries(named);
}

function namedInputs(job: JobRecord): Json {
  const details = bodyOfKind(job.body, "AutoML")?.taskDetails as Record<string, JobInput | undefined> | undefined;
  // The names of AutoML's own inputs (docs/facts/azureml-services.md#5.4).
  const ofAutoML = { training_data: "trainingData", validation_data: "validationData", test_data: "testData" };
  const tables = Object.entries(ofAutoML).flatMap(([name, key]) => {
    const input = details?.[key];
    return input ? [[name, input] as const] : [];
  });
  const assets = Object.entries(job.body.inputs ?? {}).filter(([, input]) => input.jobInputType !== "literal");
  return Object.fromEntries(
    [...assets, ...tables].map(([name, input]) => [name, { assetId: input.uri, type: dataType(input.jobInputType) }]),
  );
}

/** The data plane writes types in Pascal case. */
function dataType(type = "uri_folder"): string {
  const names: Record<string, string> = {
    uri_file: "UriFile",
    uri_folder: "UriFolder",
    mltable: "MLTable",
    custom_model: "CustomModel",
    mlflow_model: "MLFlowModel",
    triton_model: "TritonModel",
  };
  return names[type] ?? "UriFolder";
}

function target(job: JobRecord): string {
  return job.body.computeId?.split("/").pop() || "serverless";
}

function time(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : timestamp(milliseconds);
}

/** `00:01:08.7371020`; days stand in front, `1.02:03:04.0000000`, as .NET writes them (docs/facts/operations.md#B.4). */
export function timeSpan(milliseconds: number): string {
  const part = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const seconds = milliseconds / 1000;
  const days = Math.floor(seconds / 86_400);
  return `${days > 0 ? `${days}.` : ""}${part((seconds / 3600) % 24)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}.${String(Math.floor(milliseconds % 1000)).padStart(3, "0")}0000`;
}
