// Events of the containers of online deployments, as Log Analytics has them where a diagnostic setting sends them (docs/facts/operations.md#A.5).
import { deploymentKey } from "../records/online-endpoint.ts";
import type { Store } from "../records/state.ts";
import type { AzureWorld } from "../world/world.ts";

export interface LoggedEvent {
  /** In small letters. */
  readonly endpoint: string;
  readonly deployment: string;
  readonly instance: string;
  /** As the table names it: `Created`, `Started`. */
  readonly name: string;
  readonly message: string;
  /** Milliseconds since the epoch, by the cloud's clock. */
  readonly at: number;
}

/** A diagnostic setting of an endpoint. */
export interface DiagnosticSetting {
  /** In small letters. */
  readonly endpoint: string;
  readonly name: string;
  /** As sent. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const CATEGORY = "AmlOnlineEndpointEventLog";

/** Milliseconds until the log has an event: Microsoft says 3 to 10 minutes end to end. */
const DELAY = 3 * 60_000;
/** Events that are kept; the oldest go first. */
const MOST = 10_000;

const eventsOf = (world: AzureWorld): Store<LoggedEvent> => world.store<LoggedEvent>("containerEvents");

export const diagnosticSettingsOf = (world: AzureWorld): Store<DiagnosticSetting> =>
  world.store<DiagnosticSetting>("diagnosticSettings");

/** Whether a setting of the endpoint sends container events to a Log Analytics workspace. */
export function sendsEvents(world: AzureWorld, endpoint: string): boolean {
  return [...diagnosticSettingsOf(world).values()].some(({ endpoint: of, properties: { workspaceId, logs } }) => {
    const all = Array.isArray(logs) ? (logs as Readonly<Record<string, unknown>>[]) : [];
    const isMeant = ({ category, categoryGroup, enabled }: Readonly<Record<string, unknown>>) =>
      enabled === true && (category === CATEGORY || categoryGroup === "allLogs");
    return of === endpoint.toLowerCase() && Boolean(workspaceId) && all.some(isMeant);
  });
}

/** Logs what a container did; before a setting sends it, nothing is kept. */
export function logEvent(world: AzureWorld, event: LoggedEvent): void {
  if (sendsEvents(world, event.endpoint)) keepEvent(world, event);
}

/** Keeps an event, also one that a scenario tells of the past. */
export function keepEvent(world: AzureWorld, event: LoggedEvent): void {
  const store = eventsOf(world);
  store.set(`${event.at}/${deploymentKey(event.endpoint, event.deployment)}/${store.size}`, event);
  for (const oldest of store.keys()) {
    if (store.size <= MOST) break;
    store.delete(oldest);
  }
}

/** Events of an endpoint that the log has by now, between two times. */
export const eventsBetween = (world: AzureWorld, endpoint: string, from: number, to: number): LoggedEvent[] =>
  [...eventsOf(world).values()].filter(
    (one) =>
      one.endpoint === endpoint.toLowerCase() && one.at >= from && one.at < to && one.at <= world.clock.now() - DELAY,
  );
