// Event Grid asks before it sends: whoever owns the address has to agree (docs/facts/azureml-services.md#8.3).
import { randomUUID } from "node:crypto";
import type { AzureWorld } from "../world/world.ts";
import { call } from "./post.ts";
import type { ProvisioningState, Subscription } from "./subscription.ts";

/** The sender's name in CloudEvents' handshake. */
const ORIGIN = "eventgrid.azure.net";

/** Where a person, or the webhook itself, may agree by hand within the time that `validationMinutes` gives. */
export const validationPath = "/eventgrid/eventSubscriptions/:name/validate";

/** Documents of different age say five and ten minutes. */
export const validationMinutes = 10;

/**
 * The state that the webhook's answer puts the subscription in: `Succeeded` where it echoes the code (200, and 202 is not
 * accepted), `AwaitingManualAction` where it took the question without an answer, `Failed` otherwise.
 */
export async function shakeHands(
  world: AzureWorld,
  subscription: Subscription,
): Promise<Extract<ProvisioningState, "Succeeded" | "AwaitingManualAction" | "Failed">> {
  const { name, endpointUrl, schema, validationCode } = subscription;
  const byHand = new URL(`${world.urls.api}${validationPath.replace(":name", encodeURIComponent(name))}`);
  byHand.searchParams.set("code", validationCode);
  const headers = Object.fromEntries(subscription.headers.map((one) => [one.name, one.value]));
  if (schema === "CloudEventSchemaV1_0") {
    const reply = await call(world, "OPTIONS", endpointUrl, {
      ...headers,
      "WebHook-Request-Origin": ORIGIN,
      "WebHook-Request-Callback": byHand.href,
      "WebHook-Request-Rate": "120",
    });
    if (reply.status !== 200) return "Failed";
    const allowed = (reply.headers["webhook-allowed-origin"] ?? "").split(",").map((one) => one.trim());
    return allowed.includes(ORIGIN) || allowed.includes("*") ? "Succeeded" : "AwaitingManualAction";
  }
  const question = [
    {
      id: randomUUID(),
      topic: world.workspaceId,
      subject: "",
      data: { validationCode, validationUrl: byHand.href },
      eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
      eventTime: new Date(world.clock.now()).toISOString(),
      metadataVersion: "1",
      dataVersion: "2",
    },
  ];
  const reply = await call(
    world,
    "POST",
    endpointUrl,
    {
      ...headers,
      "Content-Type": "application/json; charset=utf-8",
      "aeg-event-type": "SubscriptionValidation",
      "aeg-subscription-name": name.toUpperCase(),
    },
    JSON.stringify(question),
  );
  if (reply.status !== 200) return "Failed";
  const echoed = echo(reply.body);
  if (echoed === undefined) return "AwaitingManualAction";
  return echoed === validationCode ? "Succeeded" : "Failed";
}

function echo(body: string): string | undefined {
  try {
    const answer = JSON.parse(body) as { validationResponse?: unknown } | null;
    return typeof answer?.validationResponse === "string" ? answer.validationResponse : undefined;
  } catch {
    return undefined;
  }
}
