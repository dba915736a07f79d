// The one way in which tests wait for something to become so: they look again until it is, however slow the machine.
import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds after which only a hang can be the reason; below mocha's own limit, so that the failure says what was missing. */
const PATIENCE = 240_000;

/**
 * Looks until `look` gives something true, and gives that. Where it never does, fails with `what` was waited for.
 * For what has an event or a promise of its own, await that instead.
 */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<T> {
  for (const begun = performance.now(); ; ) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() - begun > PATIENCE) throw new Error(`Waited in vain: ${what}.`);
    await pause(10);
  }
}
