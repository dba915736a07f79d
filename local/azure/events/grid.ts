// The workspace's Event Grid: its subscriptions, and every event on its way to each of them, at least once.
import { randomUUID } from "node:crypto";
import type { Store } from "../records/state.ts";
import type { AzureWorld } from "../world/world.ts";
import { writeDeadLetter } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";
import { wants } from "./filter.ts";
import { shakeHands, validationMinutes } from "./handshake.ts";
import {
  type GridEvent,
  inSchema,
  modelDeployed,
  modelRegistered,
  runCompleted,
  runStatusChanged,
} from "./messages.ts";
import { call } from "./post.ts";
import { readSubscription, type Subscription } from "./subscription.ts";

/** Statuses after which an event is not sent again (general knowledge of Event Grid; the facts do not list them). */
const HOPELESS = new Set([400, 401, 403, 404, 413]);

/** The one grid of a world; made with the workspace's routes, so that no event comes too early. */
export function eventGrid(world: AzureWorld): EventGrid {
  return world.part("event grid", () => new EventGrid(world));
}

export class EventGrid {
  readonly #world: AzureWorld;
  readonly #subscriptions: Store<Subscription>;
  readonly #deliveries: Store<Delivery>;
  /** The cancel function of each. */
  readonly #timers = new Map<string, () => void>();
  /** Calls under way: handshakes and deliveries. */
  readonly #busy = new Set<Promise<unknown>>();
  #closed = false;

  constructor(world: AzureWorld) {
    this.#world = world;
    this.#subscriptions = world.store("eventSubscriptions");
    this.#deliveries = world.store("eventDeliveries");
    const moment = () => ({ source: world.workspaceId, now: world.clock.now() });
    // Anonymous versions belong to a job or a deployment; that they are not told of is not verified against live Azure.
    world.events.on("assetCreated", (noun, asset) => {
      if (noun === "models" && asset.properties["isAnonymous"] !== true) this.publish(modelRegistered(asset, moment()));
    });
    world.events.on("deploymentReady", (endpoint, deployment) =>
      this.publish(modelDeployed(endpoint, deployment, moment())),
    );
    world.events.on("jobStatus", (job) => {
      this.publish(runStatusChanged(job, moment()));
      if (job.status === "Completed") this.publish(runCompleted(job, moment()));
    });
    world.onClose(() => this.#close());
    for (const delivery of this.#deliveries.values()) this.#schedule(delivery);
  }

  all(): Subscription[] {
    return [...this.#subscriptions.values()];
  }

  get(name: string): Subscription | undefined {
    return this.#subscriptions.get(name.toLowerCase());
  }

  /** Deliveries that have neither arrived nor been given up. */
  get pending(): readonly Delivery[] {
    return [...this.#deliveries.values()];
  }

  /**
   * Creates or replaces a subscription. It gets events once its webhook has agreed, which `settled` waits for.
   * @param properties of the PUT's body
   * @throws ArmError
   */
  subscribe(
    name: string,
    properties: Readonly<Record<string, unknown>>,
  ): { subscription: Subscription; settled: Promise<void> } {
    const known = this.get(name);
    const subscription: Subscription = {
      ...readSubscription(known?.name ?? name, properties),
      validationCode: randomUUID().toUpperCase(),
      provisioningState: known === undefined ? "Creating" : "Updating",
    };
    // Keys stand in the query, and in headers that say so.
    for (const value of new URL(subscription.endpointUrl).searchParams.values()) this.#world.secret(value);
    for (const one of subscription.headers) if (one.isSecret) this.#world.secret(one.value);
    this.#subscriptions.set(name.toLowerCase(), subscription);
    const settled = this.#track(
      shakeHands(this.#world, subscription).then((state) => {
        // Agreed by hand meanwhile, or replaced.
        if (subscription.provisioningState === "Succeeded" || this.get(name) !== subscription) return;
        subscription.provisioningState = state;
        this.#subscriptions.changed();
        if (state === "AwaitingManualAction") this.#expire(name, subscription);
      }),
    );
    return { subscription, settled };
  }

  /** Handles a request to the validation address. @returns whether the code was right and in time */
  validate(name: string, code: string): boolean {
    const subscription = this.get(name);
    if (subscription === undefined || subscription.validationCode !== code) return false;
    if (subscription.provisioningState === "Failed") return false;
    subscription.provisioningState = "Succeeded";
    this.#subscriptions.changed();
    return true;
  }

  /** @returns whether there was one */
  unsubscribe(name: string): boolean {
    for (const delivery of this.pending) {
      if (delivery.subscription === name.toLowerCase()) this.#forget(delivery);
    }
    return this.#subscriptions.delete(name.toLowerCase());
  }

  /** Sends the event on its way to every subscription that wants it. */
  publish(event: GridEvent): void {
    for (const subscription of this.all()) {
      if (subscription.provisioningState !== "Succeeded" || !wants(subscription.filter, event, subscription.schema)) {
        continue;
      }
      const now = this.#world.clock.now();
      for (let copy = 0; copy <= this.#world.settings.events.duplicates; copy++) {
        const delivery: Delivery = {
          id: randomUUID(),
          subscription: subscription.name.toLowerCase(),
          event,
          published: now,
          attempts: 0,
          next: now + copy,
          last: null,
        };
        this.#deliveries.set(delivery.id, delivery);
        this.#schedule(delivery);
      }
    }
  }

  /** Resolves when nothing is on its way any more: every event has arrived or was given up. */
  async idle(): Promise<void> {
    while (!this.#closed && (this.#deliveries.size > 0 || this.#busy.size > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #schedule(delivery: Delivery): void {
    if (this.#closed) return;
    const wait = Math.max(0, delivery.next - this.#world.clock.now());
    const callOff = this.#world.clock.after(wait, () => {
      this.#timers.delete(delivery.id);
      void this.#track(this.#deliver(delivery));
    });
    this.#timers.set(delivery.id, callOff);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const subscription = this.#subscriptions.get(delivery.subscription);
    if (subscription === undefined) return this.#forget(delivery);
    const reply = await call(
      this.#world,
      "POST",
      subscription.endpointUrl,
      headersOf(subscription, delivery),
      bodyOf(subscription, delivery),
    );
    if (this.#closed) return;
    const now = this.#world.clock.now();
    delivery.attempts += 1;
    delivery.last = { status: reply.status, at: now };
    if (reply.status >= 200 && reply.status <= 204) return this.#forget(delivery);
    const age = now - delivery.published;
    const reason =
      delivery.attempts >= subscription.maxDeliveryAttempts || HOPELESS.has(reply.status)
        ? "MaxDeliveryAttemptsExceeded"
        : age >= subscription.eventTimeToLiveInMinutes * 60_000
          ? "TimeToLiveExceeded"
          : undefined;
    if (reason !== undefined) {
      if (subscription.deadLetter !== null) await writeDeadLetter(this.#world, subscription, delivery, reason);
      return this.#forget(delivery);
    }
    const { firstRetry, longestRetry } = this.#world.settings.events;
    delivery.next = now + Math.min(longestRetry, firstRetry * 2 ** (delivery.attempts - 1));
    this.#deliveries.changed();
    this.#schedule(delivery);
  }

  #forget(delivery: Delivery): void {
    this.#timers.get(delivery.id)?.();
    this.#timers.delete(delivery.id);
    this.#deliveries.delete(delivery.id);
  }

  #expire(name: string, subscription: Subscription): void {
    const callOff = this.#world.clock.after(validationMinutes * 60_000, () => {
      if (this.get(name) !== subscription || subscription.provisioningState !== "AwaitingManualAction") return;
      subscription.provisioningState = "Failed";
      this.#subscriptions.changed();
    });
    this.#timers.set(`validation ${subscription.validationCode}`, callOff);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.#busy.add(settled);
    void settled.then(() => this.#busy.delete(settled));
    return work;
  }

  #close(): void {
    this.#closed = true;
    for (const callOff of this.#timers.values()) callOff();
  }
}

function headersOf(subscription: Subscription, delivery: Delivery): Record<string, string> {
  return {
    ...Object.fromEntries(subscription.headers.map((one) => [one.name, one.value])),
    "Content-Type":
      subscription.schema === "EventGridSchema"
        ? "application/json; charset=utf-8"
        : "application/cloudevents+json; charset=utf-8",
    "aeg-event-type": "Notification",
    "aeg-subscription-name": subscription.name.toUpperCase(),
    "aeg-delivery-count": String(delivery.attempts),
  };
}

/** One event a delivery: a subscription's batch size is the most, not the least. */
function bodyOf(subscription: Subscription, delivery: Delivery): string {
  const event = inSchema(delivery.event, subscription.schema);
  return JSON.stringify(subscription.schema === "EventGridSchema" ? [event] : event);
}
