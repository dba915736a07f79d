// Finds the model versions that no event told of, and starts them in the order they were made.

import type { Clock } from "../../lib/poll.ts";
import { sha256 } from "../../lib/sha256.ts";
import { type Configuration, sourceName } from "./configuration.ts";
import type { Dispatcher, Outcome } from "./dispatch.ts";
import { RelayFault } from "./fault.ts";
import { concernsModel, matchesModel } from "./filter.ts";
import type { RelayLog } from "./log.ts";
import { byCreation, type ModelCatalog, type ModelVersion } from "./models.ts";
import { type ModelNotice, nameOf } from "./notice.ts";
import { type Route, targetKey } from "./routes.ts";
import { keyPart, readJson, type Store, writeJson } from "./store.ts";

/** The cursor of a target in a source. Dates are ISO 8601. */
export interface Cursor {
  readonly schema: 1;
  readonly source: string;
  readonly target: string;
  /** Nothing older is ever looked at, but on request. */
  readonly start: string;
  /** Everything created up to here has been judged. */
  readonly position: string;
  /** `name:version` judged already within the overlap before `position`. */
  readonly judged: readonly string[];
}

export const CURSORS = "cursors/";

export interface CatchUpRequest {
  readonly source: string;
  /** Routes that start one and the same target, in the order of the setting: the first that matches gives its name. */
  readonly routes: readonly [Route, ...Route[]];
  /** Only this model; the cursor then stays where it is. */
  readonly model?: string;
  /** Milliseconds since the epoch: look from here instead of from the cursor, which then stays where it is. */
  readonly from?: number;
  /** Milliseconds since the epoch after which no further version is begun. */
  readonly deadline: number;
  /** Say what would be started, and start nothing. */
  readonly dryRun?: boolean;
  /** The event that caused this run: its version uses the event's own id and time. */
  readonly asked?: ModelNotice;
}

export interface CaughtUp {
  readonly outcomes: readonly {
    readonly notice: ModelNotice;
    readonly route: string;
    readonly outcome: Outcome | { readonly kind: "would start" };
  }[];
  /** Every version that was looked at, `name:version`, whether or not a route wanted it. */
  readonly seen: ReadonlySet<string>;
  /** Why it stopped before the end. */
  readonly stopped: string | undefined;
}

/** Dependencies. */
export interface CatchUpParts {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly catalog: ModelCatalog;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: RelayLog;
}

export class CatchUp {
  readonly #parts: CatchUpParts;

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /**
   * The caller holds the target's lock. A version that fails for now ends it, so that none overtakes another.
   * @throws RelayFault when Azure ML does not answer the listing.
   */
  async run(request: CatchUpRequest): Promise<CaughtUp> {
    const { configuration, dispatcher, clock } = this.#parts;
    const held = await this.#cursor(request);
    const cursor = held.value;
    const overlap = configuration.replay.overlapMinutes * 60_000;
    const since = request.from ?? Math.max(Date.parse(cursor.start), Date.parse(cursor.position) - overlap);
    const versions = await this.#versions(request, since);
    const whole = request.model === undefined && request.from === undefined && request.dryRun !== true;
    const known = new Set(request.from === undefined && request.model === undefined ? cursor.judged : []);
    const outcomes: CaughtUp["outcomes"][number][] = [];
    const seen = new Set<string>();
    const judged: ModelVersion[] = [];
    let stopped: string | undefined;
    for (const version of versions) {
      const { notice } = version;
      const name = nameOf(notice);
      if (!known.has(name)) {
        const route = request.routes.find(({ when }) => when.kind === "model" && matchesModel(when, notice));
        if (route !== undefined && request.dryRun === true) {
          outcomes.push({ notice, route: route.name, outcome: { kind: "would start" } });
        } else if (route !== undefined) {
          if (clock.now() >= request.deadline) {
            stopped = `Time ran out before ${name}.`;
            break;
          }
          const told = request.asked !== undefined && nameOf(request.asked) === name;
          const outcome = await dispatcher.dispatch(
            route,
            told ? { ...notice, event: request.asked.event } : notice,
            request.deadline,
          );
          outcomes.push({ notice, route: route.name, outcome });
          if (outcome.kind === "later") {
            stopped = outcome.reason;
            break;
          }
        }
      }
      seen.add(name);
      judged.push(version);
    }
    if (whole) await this.#advance(held, judged, overlap);
    return { outcomes, seen, stopped };
  }

  async #versions(request: CatchUpRequest, since: number): Promise<ModelVersion[]> {
    const { catalog } = this.#parts;
    const wanted = (name: string) => request.routes.some(({ when }) => concernsModel(when, request.source, name));
    const names = request.model === undefined ? await catalog.names(request.source) : [request.model];
    const versions: ModelVersion[] = [];
    for (const name of names.filter(wanted)) {
      const found = await catalog.versions(request.source, name, since);
      // It was in the list of models a moment ago.
      if (found === undefined && request.model === undefined)
        throw new RelayFault("temporary", `Azure ML lists the model ${name} and says that it has no versions (404).`);
      versions.push(...(found ?? []));
    }
    return versions.sort(byCreation);
  }

  /** The cursor; made now, at the setting's `replay.from` or at this moment, if there was none. */
  async #cursor(request: CatchUpRequest): Promise<{ key: string; value: Cursor; etag: string | undefined }> {
    const { configuration, store, clock, log } = this.#parts;
    const target = targetKey(request.routes[0].start);
    const key = cursorKey(request.source, target);
    const there = await readJson<Cursor>(store, key);
    if (there !== undefined) return { key, ...there };
    const start = new Date(configuration.replay.from ?? clock.now()).toISOString();
    const value: Cursor = { schema: 1, source: request.source, target, start, position: start, judged: [] };
    if (request.dryRun === true) return { key, value, etag: undefined };
    const etag = await writeJson(store, key, value, "absent");
    log.info(`The replay of ${sourceName(request.source)} for ${target} begins at ${start}.`);
    return { key, value, etag };
  }

  async #advance(
    held: { readonly key: string; readonly value: Cursor; readonly etag: string | undefined },
    judged: readonly ModelVersion[],
    overlap: number,
  ): Promise<void> {
    if (held.etag === undefined) return;
    const position = judged.reduce(
      (latest, { createdAt }) => Math.max(latest, createdAt),
      Date.parse(held.value.position),
    );
    const value: Cursor = {
      ...held.value,
      position: new Date(position).toISOString(),
      judged: judged.filter(({ createdAt }) => createdAt >= position - overlap).map(({ notice }) => nameOf(notice)),
    };
    if (JSON.stringify(value) === JSON.stringify(held.value)) return;
    await writeJson(this.#parts.store, held.key, value, { etag: held.etag });
  }
}

function cursorKey(source: string, target: string): string {
  const id = sha256(`${source.toLowerCase()}\n${target}`).slice(0, 16);
  return `${CURSORS}${keyPart(sourceName(source))}/${id}.json`;
}
