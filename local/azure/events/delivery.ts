// Deliveries of Event Grid: the state of an event until it is delivered or given up.
import type { GridEvent } from "./messages.ts";

/** One event on its way to one subscription. Plain JSON: a cloud with a data folder goes on where it was. */
export interface Delivery {
  readonly id: string;
  readonly subscription: string;
  readonly event: GridEvent;
  /** Milliseconds since the epoch. */
  readonly published: number;
  attempts: number;
  next: number;
  last: { status: number; at: number } | null;
}
