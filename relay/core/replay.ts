// Replay: starts every version missed since the cursor, and retries dead letters.

import type { Clock } from "../../lib/poll.ts";
import type { CatchUp, Cursor } from "./catch-up.ts";
import { CURSORS } from "./catch-up.ts";
import type { Configuration } from "./configuration.ts";
import { DEAD_LETTERS, type DeadLetter, type Dispatcher } from "./dispatch.ts";
import { describeFault } from "./fault.ts";
import { withLock } from "./lock.ts";
import type { RelayLog } from "./log.ts";
import type { ModelCatalog } from "./models.ts";
import { nameOf } from "./notice.ts";
import { confirmNotice, NO_SOURCES } from "./record.ts";
import { targetKey } from "./routes.ts";
import { readJson, type Store } from "./store.ts";
import { byTarget, lockName } from "./targets.ts";

export interface ReplayRequest {
  /** ISO 8601: judge everything created since then once more, instead of going by the cursor. */
  readonly from?: string;
  /** Only this model, by its whole name. */
  readonly model?: string;
  /** Ids of dead letters to take up again, or `all`. */
  readonly deadLetters?: "all" | readonly string[];
  /** Say what would be started, and start nothing. */
  readonly dryRun?: boolean;
  /** Seconds after which no further version is begun; 240 when absent. */
  readonly within?: number;
}

export interface Replayed {
  readonly subject: string;
  readonly route: string;
  /** `started`, `duplicate`, `dead`, `later` or `would start`. */
  readonly outcome: string;
  readonly reference?: string;
  readonly reason?: string;
}

export interface ReplayReport {
  /** In the order in which they were taken up. Versions that had been started before are left out. */
  readonly replayed: readonly Replayed[];
  /** One sentence for each target or source that could not be finished; the next replay goes on there. */
  readonly unfinished: readonly string[];
}

export interface RelayStatus {
  readonly cursors: readonly Cursor[];
  readonly deadLetters: readonly DeadLetter[];
}

/** Dependencies. */
export interface ReplayerParts {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: RelayLog;
  readonly owner: string;
  readonly dispatcher: Dispatcher;
  readonly catchUp: CatchUp;
  readonly catalog: ModelCatalog;
}

export class Replayer {
  readonly #parts: ReplayerParts;

  constructor(parts: ReplayerParts) {
    this.#parts = parts;
  }

  /** Never throws for a target's or Azure ML's trouble: that is in the report, and the rest goes on. */
  async replay(request: ReplayRequest): Promise<ReplayReport> {
    const deadline = this.#parts.clock.now() + (request.within ?? 240) * 1000;
    const replayed: Replayed[] = [];
    const unfinished: string[] = [];
    // Dead letters are older than anything that the cursor has still before it.
    if (request.deadLetters !== undefined) await this.#revive(request, deadline, replayed, unfinished);
    const { configuration, log } = this.#parts;
    if (configuration.sources.length === 0) unfinished.push(`anything: ${NO_SOURCES}`);
    const ofModels = configuration.routes.filter(({ when }) => when.kind === "model");
    for (const routes of byTarget(ofModels)) {
      for (const source of configuration.sources) {
        const place = `${routes[0].name}, ${source}`;
        try {
          const done = await withLock(this.#parts, lockName(routes[0]), Math.min(deadline, this.#soon()), () =>
            this.#parts.catchUp.run({
              source,
              routes,
              deadline,
              ...(request.model === undefined ? {} : { model: request.model }),
              ...(request.from === undefined ? {} : { from: Date.parse(request.from) }),
              ...(request.dryRun === undefined ? {} : { dryRun: request.dryRun }),
            }),
          );
          if (done === undefined) unfinished.push(`${place}: another start of this target is going on.`);
          if (done?.value.stopped !== undefined) unfinished.push(`${place}: ${done.value.stopped}`);
          for (const { notice, route, outcome } of done?.value.outcomes ?? []) {
            if (outcome.kind === "duplicate" || (outcome.kind === "dead" && outcome.before)) continue;
            replayed.push(report(nameOf(notice), route, outcome));
          }
        } catch (error) {
          unfinished.push(`${place}: ${describeFault(error)}`);
        }
      }
    }
    for (const line of unfinished) log.warn(`The replay could not finish ${line}`);
    return { replayed, unfinished };
  }

  async status(): Promise<RelayStatus> {
    const { store } = this.#parts;
    const cursors: Cursor[] = [];
    for (const key of await store.list(CURSORS)) {
      const cursor = await readJson<Cursor>(store, key);
      if (cursor !== undefined) cursors.push(cursor.value);
    }
    return { cursors, deadLetters: (await this.#letters()).map(({ letter }) => letter) };
  }

  /** Dead letters in the order of their events. */
  async #letters(): Promise<{ key: string; letter: DeadLetter }[]> {
    const { store } = this.#parts;
    const letters: { key: string; letter: DeadLetter }[] = [];
    for (const key of await store.list(DEAD_LETTERS)) {
      const letter = await readJson<DeadLetter>(store, key);
      if (letter !== undefined) letters.push({ key, letter: letter.value });
    }
    const time = ({ letter }: { letter: DeadLetter }) => Date.parse(letter.notice.event.time) || 0;
    return letters.sort((a, b) => time(a) - time(b));
  }

  async #revive(request: ReplayRequest, deadline: number, replayed: Replayed[], unfinished: string[]): Promise<void> {
    const { configuration, store, dispatcher, catalog } = this.#parts;
    if (configuration.sources.length === 0) return;
    const stuck = new Set<string>();
    const wanted = request.deadLetters;
    for (const { key, letter } of await this.#letters()) {
      if (wanted !== "all" && wanted?.includes(letter.id) !== true) continue;
      const subject = nameOf(letter.notice);
      const route = configuration.routes.find(({ start }) => targetKey(start) === letter.target);
      if (route === undefined) {
        unfinished.push(`dead letter ${letter.id} (${subject}): no route starts ${letter.target} any more.`);
        continue;
      }
      if (request.dryRun === true) {
        replayed.push({ subject, route: route.name, outcome: "would start" });
        continue;
      }
      if (stuck.has(letter.target)) {
        unfinished.push(`dead letter ${letter.id} (${subject}): an older one has to start first.`);
        continue;
      }
      try {
        const done = await withLock(this.#parts, lockName(route), Math.min(deadline, this.#soon()), async () => {
          const confirmed = await confirmNotice(catalog, letter.notice);
          if ("none" in confirmed) return { kind: "later" as const, reason: confirmed.none };
          const outcome = await dispatcher.dispatch(route, confirmed.record, deadline, true);
          if (outcome.kind === "started" || outcome.kind === "duplicate") await store.remove(key);
          return outcome;
        });
        const outcome = done?.value ?? { kind: "later" as const, reason: "Another start of this target is going on." };
        if (outcome.kind === "later" || outcome.kind === "dead") stuck.add(letter.target);
        replayed.push(report(subject, route.name, outcome));
        if (outcome.kind === "later") unfinished.push(`dead letter ${letter.id} (${subject}): ${outcome.reason}`);
      } catch (error) {
        stuck.add(letter.target);
        unfinished.push(`dead letter ${letter.id} (${subject}): ${describeFault(error)}`);
      }
    }
  }

  /** The time for which a replay waits for a lock. */
  #soon(): number {
    return this.#parts.clock.now() + 60_000;
  }
}

function report(
  subject: string,
  route: string,
  outcome: { readonly kind: string; readonly reason?: string; readonly started?: { readonly reference: string } },
): Replayed {
  return {
    subject,
    route,
    outcome: outcome.kind,
    ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
    ...(outcome.started === undefined ? {} : { reference: outcome.started.reference }),
  };
}
