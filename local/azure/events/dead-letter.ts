// Events that could not be delivered, as blobs. Names and fields are Event Grid's documented ones (general knowledge,
// not verified against live Azure).
import type { AzureWorld } from "../world/world.ts";
import type { Delivery } from "./delivery.ts";
import { inSchema } from "./messages.ts";
import type { Subscription } from "./subscription.ts";

const OUTCOMES: Readonly<Record<number, string>> = {
  0: "ConnectionFailure",
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  408: "TimedOut",
  413: "PayloadTooLarge",
  429: "Busy",
  503: "Busy",
};

/** Writes `<subscription>/<year>/<month>/<day>/<hour>/<guid>.json`: a list of one event with why it is there. */
export async function writeDeadLetter(
  world: AzureWorld,
  subscription: Subscription,
  delivery: Delivery,
  deadLetterReason: string,
): Promise<void> {
  const now = new Date(world.clock.now());
  const { last, attempts, published, event } = delivery;
  const letter = {
    ...inSchema(event, subscription.schema),
    deadLetterReason,
    deliveryAttempts: attempts,
    lastDeliveryOutcome: OUTCOMES[last?.status ?? 0] ?? "GenericError",
    publishTime: new Date(published).toISOString(),
    lastDeliveryAttemptTime: new Date(last?.at ?? now).toISOString(),
  };
  const [year, month, day, hour] = now.toISOString().split(/[-T:]/);
  const name = `${subscription.name}/${year}/${Number(month)}/${Number(day)}/${Number(hour)}/${delivery.id}.json`;
  await world.blobs.put(subscription.deadLetter?.container ?? "", name, JSON.stringify([letter]));
}
