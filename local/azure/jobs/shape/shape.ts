// A job as the management plane shows it: key by key and in the order of docs/facts/azureml-wire.md#9.1, for the api-version that was asked for.
import type { CommandBody, JobBody, JobRecord } from "../../records/job.ts";
import { otherProperties } from "./kinds.ts";
import { defaultOutput, distribution, input, mapValues, outputOf, queueSettings, resources } from "./parts.ts";
import { type ResponseKeys, responseKeys } from "./versions.ts";

/** The workspace's data in a job's answer. */
export interface JobPlace {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
  readonly workspaceId: string;
  /** Base URL of the data plane, without a slash at its end. */
  readonly api: string;
  /** Base URL of the studio. */
  readonly studio: string;
}

type Json = Record<string, unknown>;

/** The ARM resource of a job. `systemData` is created* alone: jobs never show who changed them (docs/facts/azureml-wire.md#1.3). */
export function jobResource(job: JobRecord, place: JobPlace, apiVersion: string, systemData: object): Json {
  const keys = responseKeys(apiVersion);
  return {
    id: `${place.workspaceId}/jobs/${job.name}`,
    name: job.name,
    type: "Microsoft.MachineLearningServices/workspaces/jobs",
    // A pipeline's step is for run history to tell (docs/facts/azureml-services.md#5.1).
    ...(job.parent?.kind === "step"
      ? {}
      : { properties: { ...commonProperties(job, place, keys), ...ownProperties(job, place, keys) } }),
    systemData,
  };
}

function ownProperties(job: JobRecord, { workspaceId }: JobPlace, keys: ResponseKeys): Json {
  return job.body.jobType === "Command"
    ? commandProperties(job as JobRecord<CommandBody>, keys)
    : otherProperties({ body: job.body, name: job.name, workspaceId }, keys);
}

/** The job in a schedule's answer: fields that were not sent are null, and it has no run yet (recorded for pipelines and Spark). */
export function definitionProperties(body: JobBody, keys: ResponseKeys): Json {
  const text = (key: string) => body[key] ?? null;
  const own: Json =
    body.jobType === "Command" ? commandParts(body as CommandBody, keys) : otherProperties({ body }, keys);
  const unsent = ["jobs", "inputs", "outputs"].filter((key) => key in own && (body[key] ?? null) === null);
  return {
    ...{ description: text("description"), tags: text("tags"), properties: text("properties") },
    displayName: text("displayName"),
    status: "NotStarted",
    experimentName: body.experimentName ?? "Default",
    services: null,
    ...settings(body, keys),
    ...own,
    ...Object.fromEntries(unsent.map((key) => [key, null])),
  };
}

/** The first fields of every kind of job. */
function commonProperties(job: JobRecord, place: JobPlace, keys: ResponseKeys): Json {
  const { body } = job;
  return {
    description: job.description,
    tags: job.tags,
    properties: job.properties,
    displayName: job.displayName,
    status: job.status,
    experimentName: job.experimentName,
    services: services(job, place, keys),
    ...settings(body, keys),
    isArchived: job.isArchived,
  };
}

function settings(body: JobBody, keys: ResponseKeys): Json {
  return {
    computeId: body.computeId ?? null,
    isArchived: body.isArchived === true,
    identity: body.identity ?? null,
    componentId: body.componentId ?? null,
    ...(keys.notification && { notificationSetting: body.notificationSetting ?? null }),
    ...(keys.secrets && { secretsConfiguration: body.secretsConfiguration ?? null }),
  };
}

function commandProperties(job: JobRecord<CommandBody>, keys: ResponseKeys): Json {
  const parts = commandParts(job.body, keys);
  return { ...parts, outputs: { ...parts.outputs, default: defaultOutput(job.name, keys) } };
}

function commandParts(body: CommandBody, keys: ResponseKeys) {
  return {
    jobType: "Command",
    resources: resources(body.resources, keys),
    codeId: body.codeId ?? null,
    command: body.command,
    environmentId: body.environmentId,
    inputs: mapValues(body.inputs ?? {}, input),
    outputs: mapValues(body.outputs ?? {}, (output) => outputOf(output, keys)),
    distribution: body.distribution ? distribution(body.distribution) : null,
    ...(keys.autologger && { autologgerSettings: body.autologgerSettings ?? null }),
    limits: body.limits ? { timeout: body.limits.timeout ?? null, jobLimitsType: "Command" } : null,
    environmentVariables: body.environmentVariables ?? null,
    parameters: {},
    ...(keys.queue && { queueSettings: queueSettings(body, keys) }),
  };
}

/** Tracking and Studio; a sweep has the latter alone (docs/facts/azureml-wire.md#9.4). The studio link's `wsid` has the lower-case `resourcegroups`. */
function services({ name: job, body }: JobRecord, place: JobPlace, keys: ResponseKeys): Json {
  const service = (jobServiceType: string, endpoint: string) => ({
    jobServiceType,
    port: null,
    endpoint,
    status: null,
    errorMessage: null,
    properties: null,
    ...(keys.serviceNodes && { nodes: null }),
  });
  const host = place.api.replace(/^https?:\/\//, "");
  const wsid = `/subscriptions/${place.subscriptionId}/resourcegroups/${place.resourceGroup}/workspaces/${place.workspaceName}`;
  return {
    ...(body.jobType === "Sweep"
      ? {}
      : { Tracking: service("Tracking", `azureml://${host}/mlflow/v1.0${place.workspaceId}?`) }),
    Studio: service("Studio", `${place.studio}/runs/${job}?wsid=${wsid}`),
  };
}
