// An event subscription of the workspace: what a PUT may say, what is kept of it, and what a GET shows (docs/facts/azureml-services.md#8.2).
import { invalidRequest, notImplemented } from "../arm/errors.ts";
import { OPERATORS, type SubscriptionFilter } from "./filter.ts";
import { EVENT_TYPES, type EventSchema } from "./messages.ts";

export type ProvisioningState = "Creating" | "Updating" | "Succeeded" | "AwaitingManualAction" | "Failed";

/** A header that every delivery carries. */
interface DeliveryHeader {
  readonly name: string;
  readonly value: string;
  readonly isSecret: boolean;
}

/** The dead-letter destination: a container of the workspace's own storage account. */
interface DeadLetterPlace {
  readonly resourceId: string;
  readonly container: string;
}

/** Plain JSON, so that `--data` keeps it. */
export interface Subscription {
  readonly name: string;
  readonly endpointUrl: string;
  readonly maxEventsPerBatch: number;
  readonly preferredBatchSizeInKilobytes: number;
  readonly headers: readonly DeliveryHeader[];
  readonly filter: SubscriptionFilter;
  readonly schema: EventSchema;
  readonly maxDeliveryAttempts: number;
  readonly eventTimeToLiveInMinutes: number;
  readonly deadLetter: DeadLetterPlace | null;
  readonly labels: readonly string[] | null;
  provisioningState: ProvisioningState;
  /** Of the handshake under way; a later one makes it void. */
  validationCode: string;
}

type Json = Readonly<Record<string, unknown>>;

const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

/** The words of Event Grid's refusals are in no recording: not verified against live Azure. */
const refuse = (message: string, target: string) => invalidRequest("InvalidRequest", message, target);

/** Reads the `properties` of a PUT. @throws ArmError 400 for what is wrong, 501 for what is not built */
export function readSubscription(name: string, properties: Json): Omit<Subscription, "provisioningState"> {
  if (!/^[A-Za-z0-9-]{3,64}$/.test(name)) {
    throw refuse(`The event subscription name '${name}' must have 3 to 64 letters, digits and hyphens.`, "name");
  }
  const destination = object(properties["destination"]);
  const type = destination["endpointType"];
  if (type === undefined) throw refuse("The destination and its endpointType are required.", "properties.destination");
  if (type !== "WebHook") throw notImplemented(`event subscriptions with a destination of type ${String(type)}`);
  const webhook = object(destination["properties"]);
  if (webhook["azureActiveDirectoryTenantId"] != null || webhook["azureActiveDirectoryApplicationIdOrUri"] != null) {
    throw notImplemented("event deliveries with a token of Microsoft Entra");
  }
  const retry = object(properties["retryPolicy"]);
  return {
    name,
    endpointUrl: endpointUrl(webhook["endpointUrl"]),
    maxEventsPerBatch: whole(webhook["maxEventsPerBatch"], 1, 1, 5000, "maxEventsPerBatch"),
    preferredBatchSizeInKilobytes: whole(webhook["preferredBatchSizeInKilobytes"], 64, 1, 1024, "preferredBatchSize"),
    headers: ((webhook["deliveryAttributeMappings"] as Json[] | null | undefined) ?? []).map(header),
    filter: readFilter(object(properties["filter"])),
    schema: schemaOf(properties["eventDeliverySchema"]),
    maxDeliveryAttempts: whole(retry["maxDeliveryAttempts"], 30, 1, 30, "retryPolicy.maxDeliveryAttempts"),
    eventTimeToLiveInMinutes: whole(
      retry["eventTimeToLiveInMinutes"],
      1440,
      1,
      1440,
      "retryPolicy.eventTimeToLiveInMinutes",
    ),
    deadLetter: deadLetterOf(properties["deadLetterDestination"]),
    labels: (properties["labels"] as string[] | undefined) ?? null,
    validationCode: "",
  };
}

function endpointUrl(value: unknown): string {
  const where = "properties.destination.properties.endpointUrl";
  if (typeof value !== "string" || !URL.canParse(value)) throw refuse("The webhook's endpointUrl is no URL.", where);
  if (new URL(value).protocol !== "https:") throw refuse("The webhook's endpointUrl must be HTTPS.", where);
  return value;
}

function whole(value: unknown, preset: number, least: number, most: number, name: string): number {
  if (value === undefined || value === null) return preset;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw refuse(`${name} must be a whole number from ${least} to ${most}, and is ${JSON.stringify(value)}.`, name);
}

function header(mapping: Json): DeliveryHeader {
  if (mapping["type"] !== "Static") {
    throw notImplemented(`delivery attributes of type ${String(mapping["type"])}; only Static ones are known`);
  }
  const { value, isSecret } = object(mapping["properties"]);
  return { name: String(mapping["name"] ?? ""), value: String(value ?? ""), isSecret: isSecret === true };
}

function schemaOf(value: unknown): EventSchema {
  if (value === undefined || value === null || value === "EventGridSchema") return "EventGridSchema";
  if (value === "CloudEventSchemaV1_0") return value;
  if (value === "CustomInputSchema") throw notImplemented("the event delivery schema CustomInputSchema");
  throw refuse(`There is no event delivery schema ${JSON.stringify(value)}.`, "properties.eventDeliverySchema");
}

function deadLetterOf(value: unknown): DeadLetterPlace | null {
  if (value === undefined || value === null) return null;
  const { endpointType, properties } = object(value);
  if (endpointType !== "StorageBlob") throw notImplemented(`dead letters in a ${String(endpointType)}`);
  const { resourceId, blobContainerName } = object(properties);
  if (typeof resourceId !== "string" || typeof blobContainerName !== "string") {
    throw refuse("Dead letters need a resourceId and a blobContainerName.", "properties.deadLetterDestination");
  }
  return { resourceId, container: blobContainerName };
}

/** That a type of another service is refused is inferred; a spelling mistake would otherwise never be seen. */
function readFilter(sent: Json): SubscriptionFilter {
  const types = sent["includedEventTypes"] as readonly string[] | null | undefined;
  for (const type of types ?? []) {
    if (EVENT_TYPES.some((known) => known.toLowerCase() === type.toLowerCase())) continue;
    throw refuse(
      `The event type '${type}' is none of a Machine Learning workspace; there is ${EVENT_TYPES.join(", ")}.`,
      "properties.filter.includedEventTypes",
    );
  }
  for (const one of (sent["advancedFilters"] as readonly Json[] | null | undefined) ?? []) {
    const where = "properties.filter.advancedFilters";
    if (!OPERATORS.includes(String(one["operatorType"] ?? "").toLowerCase())) {
      throw refuse(`There is no filter operator ${JSON.stringify(one["operatorType"])}.`, where);
    }
    if (typeof one["key"] !== "string" || one["key"] === "") throw refuse("An advanced filter needs a key.", where);
  }
  return sent as SubscriptionFilter;
}

/** As GET shows it: the endpoint without its query, secret headers without their values. */
export function subscriptionBody(workspaceId: string, one: Subscription): object {
  const url = new URL(one.endpointUrl);
  return {
    properties: {
      topic: workspaceId,
      provisioningState: one.provisioningState,
      destination: {
        endpointType: "WebHook",
        properties: {
          maxEventsPerBatch: one.maxEventsPerBatch,
          preferredBatchSizeInKilobytes: one.preferredBatchSizeInKilobytes,
          endpointBaseUrl: `${url.origin}${url.pathname}`,
          deliveryAttributeMappings: one.headers.map(({ name, value, isSecret }) => ({
            name,
            type: "Static",
            properties: { value: isSecret ? null : value, isSecret },
          })),
        },
      },
      filter: one.filter,
      labels: one.labels,
      eventDeliverySchema: one.schema,
      retryPolicy: {
        maxDeliveryAttempts: one.maxDeliveryAttempts,
        eventTimeToLiveInMinutes: one.eventTimeToLiveInMinutes,
      },
      ...(one.deadLetter === null
        ? {}
        : {
            deadLetterDestination: {
              endpointType: "StorageBlob",
              properties: { resourceId: one.deadLetter.resourceId, blobContainerName: one.deadLetter.container },
            },
          }),
    },
    id: `${workspaceId}/providers/Microsoft.EventGrid/eventSubscriptions/${one.name}`,
    name: one.name,
    type: "Microsoft.EventGrid/eventSubscriptions",
  };
}
