// Reads what Event Grid delivers, in either schema, into the relay's own words.
import { isObject } from "../../lib/plain-objects.ts";
import { RelayFault } from "./fault.ts";

type EventSchema = "EventGridSchema" | "CloudEventSchemaV1_0";

interface EventHead {
  /** The event's own id: deliveries repeat, ids do not. */
  readonly id: string;
  /** ISO 8601, as delivered. */
  readonly time: string;
  /** ARM id of the workspace (or registry) it came from. */
  readonly source: string;
}

/** A model version as an event tells of it. */
export interface ToldModel {
  readonly kind: "model";
  readonly name: string;
  readonly version: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
}

/** A run as an event tells of it. */
export interface ToldRun {
  readonly kind: "run";
  readonly runId: string;
  readonly experiment: { readonly id: string; readonly name: string };
  /** As delivered (the documentation's sample is lower case); `Completed` for RunCompleted, which brings none. */
  readonly status: string;
  readonly runType: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
}

export interface ModelEvent extends EventHead, ToldModel {
  readonly type: "ModelRegistered";
}

export interface RunEvent extends EventHead, ToldRun {
  readonly type: "RunCompleted" | "RunStatusChanged";
}

export type RelayEvent = ModelEvent | RunEvent;

export interface Delivery {
  readonly schema: EventSchema;
  readonly events: readonly RelayEvent[];
  /** Set when this is Event Grid's question whether we want its events at all. */
  readonly validationCode: string | undefined;
  /** Events of types that the relay does nothing with. */
  readonly ignored: readonly { readonly id: string; readonly type: string }[];
}

const TYPE_PREFIX = "Microsoft.MachineLearningServices.";
const VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent";

/**
 * Reads the body of a delivery: an array or one event, EventGridSchema or CloudEvents 1.0 (structured mode, one or a batch).
 * Data keys are read without regard to case: the documentation's samples and its swagger disagree
 * (docs/facts/azureml-services.md#8.1).
 * @throws RelayFault permanent when the body is not a delivery at all.
 */
export function parseDelivery(body: string): Delivery {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw new RelayFault("permanent", `The delivery is not JSON: ${(error as Error).message}.`);
  }
  const items = Array.isArray(parsed) ? parsed : [parsed];
  const events: RelayEvent[] = [];
  const ignored: { id: string; type: string }[] = [];
  let schema: EventSchema = "EventGridSchema";
  let validationCode: string | undefined;
  items.forEach((item: unknown, index) => {
    if (!isObject(item)) throw new RelayFault("permanent", `Event ${index} of the delivery is not an object.`);
    const cloud = "specversion" in item;
    if (cloud) schema = "CloudEventSchemaV1_0";
    const type = text(item[cloud ? "type" : "eventType"]);
    const id = text(item.id);
    if (type === undefined || id === undefined) {
      throw new RelayFault(
        "permanent",
        `Event ${index} of the delivery has no ${id === undefined ? "id" : cloud ? "type" : "eventType"}: it is in neither of Event Grid's two schemas.`,
      );
    }
    const data = lowerKeys(item.data);
    if (type === VALIDATION) {
      validationCode = text(data.validationcode);
      return;
    }
    const head = {
      id,
      time: text(item[cloud ? "time" : "eventTime"]) ?? "",
      source: text(item[cloud ? "source" : "topic"]) ?? "",
    };
    const event = readEvent(type, head, text(item.subject) ?? "", data);
    if (event === undefined) ignored.push({ id, type });
    else events.push(event);
  });
  return { schema, events, validationCode, ignored };
}

function readEvent(
  type: string,
  head: EventHead,
  subject: string,
  data: Readonly<Record<string, unknown>>,
): RelayEvent | undefined {
  if (!type.startsWith(TYPE_PREFIX)) return undefined;
  const kind = type.slice(TYPE_PREFIX.length);
  if (kind === "ModelRegistered") {
    // subject is models/{name}:{version}; it stands in where data says nothing.
    const named = /^models\/(.+):([^:]+)$/.exec(subject);
    const name = text(data.modelname) ?? named?.[1];
    const version = text(data.modelversion) ?? named?.[2];
    if (name === undefined || version === undefined) {
      throw new RelayFault("permanent", `Event ${head.id} (${type}) names no model version.`);
    }
    return {
      ...head,
      kind: "model",
      type: "ModelRegistered",
      name,
      version,
      tags: texts(data.modeltags),
      properties: texts(data.modelproperties),
    };
  }
  if (kind === "RunCompleted" || kind === "RunStatusChanged") {
    // subject is experiments/{experimentId}/runs/{runId}
    const named = /^experiments\/([^/]+)\/runs\/(.+)$/.exec(subject);
    const runId = text(data.runid) ?? named?.[2];
    if (runId === undefined) throw new RelayFault("permanent", `Event ${head.id} (${type}) names no run.`);
    return {
      ...head,
      kind: "run",
      type: kind,
      runId,
      experiment: { id: text(data.experimentid) ?? named?.[1] ?? "", name: text(data.experimentname) ?? "" },
      status: text(data.runstatus) ?? (kind === "RunCompleted" ? "Completed" : ""),
      runType: text(data.runtype),
      tags: texts(data.runtags),
      properties: texts(data.runproperties),
    };
  }
  return undefined;
}

/** A text or a number as text; anything else, and the empty text, is nothing. */
function text(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function lowerKeys(value: unknown): Record<string, unknown> {
  const lower: Record<string, unknown> = Object.create(null);
  if (isObject(value)) for (const [key, item] of Object.entries(value)) lower[key.toLowerCase()] = item;
  return lower;
}

/** A dictionary of texts: keys as they are, null as the empty text, anything else as JSON writes it. */
export function texts(value: unknown): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      result[key] = typeof item === "string" ? item : item === null || item === undefined ? "" : JSON.stringify(item);
    }
  }
  return result;
}
