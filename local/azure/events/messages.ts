// Event messages of a workspace: types, data, and the two schemas (docs/facts/azureml-services.md#8.1).
import { randomUUID } from "node:crypto";
import type { JobRecord } from "../records/job.ts";
import type { DeploymentRecord, EndpointRecord } from "../records/online-endpoint.ts";

const TYPE_PREFIX = "Microsoft.MachineLearningServices.";

/** Every type a subscription may ask for; DatasetDriftDetected belongs to retired monitors and is never sent. */
export const EVENT_TYPES = [
  "ModelRegistered",
  "ModelDeployed",
  "RunCompleted",
  "RunStatusChanged",
  "DatasetDriftDetected",
].map((name) => `${TYPE_PREFIX}${name}`);

export type EventSchema = "EventGridSchema" | "CloudEventSchemaV1_0";

/** An event, in neither schema yet. Plain JSON, so that `--data` keeps it. */
export interface GridEvent {
  readonly id: string;
  /** With its prefix. */
  readonly type: string;
  readonly subject: string;
  /** ISO 8601 with `Z`. */
  readonly time: string;
  /** ARM id of the workspace. */
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Moment {
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

function event(type: string, subject: string, { source, now }: Moment, data: GridEvent["data"]): GridEvent {
  return { id: randomUUID(), type: TYPE_PREFIX + type, subject, time: new Date(now).toISOString(), source, data };
}

/** Keys in Pascal case, and a version that is a number as a number: as the documentation's sample has it. */
export function modelRegistered(
  model: { readonly name: string; readonly version: string; readonly properties: Readonly<Record<string, unknown>> },
  moment: Moment,
): GridEvent {
  const { name, version, properties } = model;
  return event("ModelRegistered", `models/${name}:${version}`, moment, {
    ModelName: name,
    ModelVersion: /^\d{1,15}$/.test(version) ? Number(version) : version,
    ModelTags: properties["tags"] ?? {},
    ModelProperties: properties["properties"] ?? {},
  });
}

/**
 * The documentation tells of services of Azure ML v1. That managed endpoints send this event, once for each deployment
 * that comes up, and with these values, is not verified against live Azure.
 */
export function modelDeployed(
  endpoint: Pick<EndpointRecord, "name">,
  deployment: Pick<DeploymentRecord, "properties" | "tags">,
  moment: Moment,
): GridEvent {
  const model = /\/models\/([^/]+)\/versions\/([^/]+)$/.exec(deployment.properties.model ?? "");
  return event("ModelDeployed", `endpoints/${endpoint.name}`, moment, {
    ServiceName: endpoint.name,
    ServiceComputeType: "Managed",
    ModelIds: model === null ? "" : `${model[1]}:${model[2]}`,
    ServiceTags: deployment.tags,
    ServiceProperties: deployment.properties.properties ?? {},
  });
}

type Run = Pick<JobRecord, "name" | "experimentId" | "experimentName" | "tags" | "properties" | "status">;

const runData = (run: Run) => ({
  experimentId: run.experimentId,
  experimentName: run.experimentName,
  runId: run.name,
  runType: null,
  runTags: run.tags,
  runProperties: run.properties,
});

const runSubject = (run: Run) => `experiments/${run.experimentId}/runs/${run.name}`;

export function runCompleted(run: Run, moment: Moment): GridEvent {
  return event("RunCompleted", runSubject(run), moment, runData(run));
}

/** The sample's status is in small letters. */
export function runStatusChanged(run: Run, moment: Moment): GridEvent {
  return event("RunStatusChanged", runSubject(run), moment, { ...runData(run), runStatus: run.status.toLowerCase() });
}

/** The event as it goes over the wire. An Event Grid event is delivered in an array, a cloud event alone. */
export function inSchema(message: GridEvent, schema: EventSchema): Record<string, unknown> {
  const { id, type, subject, time, source, data } = message;
  return schema === "EventGridSchema"
    ? {
        topic: source,
        subject,
        eventType: type,
        eventTime: time,
        id,
        data,
        dataVersion: "",
        metadataVersion: "1",
      }
    : { source, subject, type, time, id, data, specversion: "1.0" };
}
