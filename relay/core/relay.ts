// The relay itself: events in, starts out; and the replay that finds what the events did not bring.
import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "../../lib/poll.ts";
import { sha256 } from "../../lib/sha256.ts";
import { CatchUp, type CaughtUp } from "./catch-up.ts";
import type { Configuration } from "./configuration.ts";
import { Dispatcher, type Outcome, type Starter } from "./dispatch.ts";
import { parseDelivery, type RelayEvent, type RunEvent } from "./events.ts";
import { asFault, describeFault } from "./fault.ts";
import { concernsModel, concernsRun, matchesModel, matchesRun } from "./filter.ts";
import { answerOptions, answerValidation, json, type RelayRequest, type RelayResponse } from "./handshake.ts";
import type { Http } from "./http.ts";
import { withLock } from "./lock.ts";
import { type RelayLog, silentLog } from "./log.ts";
import { ModelCatalog, type TokenSource } from "./models.ts";
import { type ModelNotice, nameOf, noticeOfModelEvent, noticeOfRunEvent } from "./notice.ts";
import { confirmRun, NO_SOURCES } from "./record.ts";
import { Replayer, type ReplayReport, type ReplayRequest } from "./replay.ts";
import type { Route } from "./routes.ts";
import { type Store, writeJson } from "./store.ts";
import { byTarget, lockName } from "./targets.ts";

/** The outcome of one event for one target. */
export interface Handled {
  readonly event: string;
  readonly subject: string;
  readonly route: string;
  readonly outcome: Outcome;
}

export interface RelayParts {
  readonly configuration: Configuration;
  readonly store: Store;
  /** Starts targets of every kind. */
  readonly starter: Starter;
  readonly http: Http;
  readonly token: TokenSource;
  readonly clock?: Clock;
  readonly log?: RelayLog;
  /** Seconds within which a delivery is answered; Event Grid waits for 30. */
  readonly answerWithin?: number;
}

export class Relay {
  readonly #parts: Required<RelayParts> & { readonly owner: string };
  readonly #dispatcher: Dispatcher;
  readonly #catchUp: CatchUp;
  readonly #catalog: ModelCatalog;
  readonly #replayer: Replayer;

  constructor(given: RelayParts) {
    const parts = { clock: systemClock, log: silentLog, answerWithin: 25, owner: randomUUID(), ...given };
    const { configuration } = parts;
    this.#parts = parts;
    this.#dispatcher = new Dispatcher(parts);
    this.#catalog = new ModelCatalog({
      ...parts,
      resourceManager: configuration.resourceManager,
      scope: configuration.resourceManagerScope,
    });
    this.#catchUp = new CatchUp({ ...parts, catalog: this.#catalog, dispatcher: this.#dispatcher });
    this.#replayer = new Replayer({
      ...{ ...parts, dispatcher: this.#dispatcher },
      ...{ catchUp: this.#catchUp, catalog: this.#catalog },
    });
  }

  /**
   * Answers every request of Event Grid: both handshakes, and deliveries in both schemas.
   * 200: all of it is settled (started, not wanted, or among the dead letters). 503: send it again later. 400: it is no
   * delivery; Event Grid tries neither 400 nor 401, 403 and 413 again, so nothing else is ever answered with those.
   */
  async receive(request: RelayRequest): Promise<RelayResponse> {
    const { configuration, http, log } = this.#parts;
    if (request.method === "OPTIONS") {
      return answerOptions(request, configuration.handshake, { http, warn: (line) => log.warn(line) });
    }
    if (request.method !== "POST") {
      return json(405, { error: "Send events by POST." }, { Allow: "POST, OPTIONS" });
    }
    try {
      const delivery = parseDelivery(request.body);
      if (delivery.validationCode !== undefined) return answerValidation(delivery.validationCode);
      for (const { id, type } of delivery.ignored) log.info(`Event ${id} is a ${type}: nothing to do.`);
      const handled = await this.handle(delivery.events);
      const later = handled.find(({ outcome }) => outcome.kind === "later");
      return json(later === undefined ? 200 : 503, { handled }, later === undefined ? {} : { "Retry-After": "30" });
    } catch (error) {
      const fault = asFault(error);
      log.error(describeFault(fault));
      return json(fault.kind === "permanent" ? 400 : 503, { error: describeFault(fault) });
    }
  }

  /** Handles events one after another. What is "later" needs to be delivered again. */
  async handle(events: readonly RelayEvent[]): Promise<Handled[]> {
    const { clock, answerWithin } = this.#parts;
    const deadline = clock.now() + answerWithin * 1000;
    const handled: Handled[] = [];
    for (const event of events) handled.push(...(await this.#handleOne(event, deadline)));
    return handled;
  }

  /** Looks for what was missed, and starts it. */
  replay(request: ReplayRequest = {}): Promise<ReplayReport> {
    return this.#replayer.replay(request);
  }

  /** Cursors and dead letters, for the operator of the relay. */
  status(): ReturnType<Replayer["status"]> {
    return this.#replayer.status();
  }

  async #handleOne(event: RelayEvent, deadline: number): Promise<Handled[]> {
    const { configuration, store, clock, log } = this.#parts;
    const source = this.#source(event.source);
    if (source === undefined) {
      log.warn(
        `Event ${event.id} comes from ${event.source}, which is not among the sources of the setting: nothing is done.`,
      );
      return [];
    }
    const marker = eventKey(event);
    const notice =
      event.kind === "model" ? noticeOfModelEvent({ ...event, source }) : noticeOfRunEvent({ ...event, source });
    const subject = nameOf(notice);
    const say = (route: Route, outcome: Outcome): Handled => ({ event: event.id, subject, route: route.name, outcome });
    const concerned = configuration.routes.filter(({ when }) =>
      event.kind === "model"
        ? concernsModel(when, source, event.name)
        : when.kind === "run" && concernsRun(when, { ...event, source }),
    );
    if (concerned.length === 0) return [];
    if (configuration.sources.length === 0) {
      const reason = `Nothing starts: ${NO_SOURCES}`;
      log.error(`Event ${event.id} (${subject}) waits. ${reason}`);
      return concerned.map((route) => say(route, { kind: "later", reason }));
    }
    if ((await store.read(marker)) !== undefined) {
      return concerned.map((route) => say(route, { kind: "duplicate" }));
    }
    const handled: Handled[] = [];
    for (const routes of byTarget(concerned)) {
      const [first] = routes;
      let done: { readonly value: { route: Route; outcome: Outcome } | undefined } | undefined;
      try {
        done = await withLock(this.#parts, lockName(first), deadline, () =>
          event.kind === "run"
            ? this.#startForRun({ ...event, source }, routes, deadline)
            : this.#startFor(noticeOfModelEvent({ ...event, source }), routes, deadline),
        );
      } catch (error) {
        // A failure of one target (or of the store) must not stop another target's start; Event Grid delivers the event again.
        done = { value: { route: first, outcome: { kind: "later", reason: describeFault(error) } } };
      }
      const busy = {
        route: first,
        outcome: { kind: "later", reason: "Another start of this target was going on." },
      } as const;
      const { route, outcome } = done === undefined ? busy : (done.value ?? { route: first, outcome: undefined });
      if (outcome !== undefined) handled.push(say(route, outcome));
    }
    if (handled.length > 0 && handled.every(({ outcome }) => outcome.kind !== "later")) {
      await writeJson(store, marker, { schema: 1, subject, at: new Date(clock.now()).toISOString() }, "absent");
    }
    return handled;
  }

  /** Under the target's lock. Undefined: no route wants it. */
  async #startForRun(
    event: RunEvent,
    routes: readonly [Route, ...Route[]],
    deadline: number,
  ): Promise<{ route: Route; outcome: Outcome } | undefined> {
    const confirmed = await confirmRun(this.#catalog, event);
    if ("none" in confirmed) return { route: routes[0], outcome: { kind: "later", reason: confirmed.none } };
    const { record } = confirmed;
    const route = routes.find(({ when }) => when.kind === "run" && matchesRun(when, record));
    if (route === undefined) return undefined;
    return { route, outcome: await this.#dispatcher.dispatch(route, noticeOfRunEvent(record), deadline) };
  }

  /** Under the target's lock. Undefined: no route wants it. */
  async #startFor(
    notice: ModelNotice,
    routes: readonly [Route, ...Route[]],
    deadline: number,
  ): Promise<{ route: Route; outcome: Outcome } | undefined> {
    const looked = await this.#lookFirst(notice, routes, deadline);
    if ("settled" in looked) return looked.settled;
    const judged = looked.notice;
    const route = routes.find(({ when }) => when.kind === "model" && matchesModel(when, judged));
    return route === undefined
      ? undefined
      : { route, outcome: await this.#dispatcher.dispatch(route, judged, deadline) };
  }

  /**
   * Events come in any order and may have been missed: versions of this model that are older and not yet started go first.
   * Settles the event's version if the list had it; else gives the version as Azure ML knows it.
   */
  async #lookFirst(
    notice: ModelNotice,
    routes: readonly [Route, ...Route[]],
    deadline: number,
  ): Promise<{ settled: { route: Route; outcome: Outcome } | undefined } | { notice: ModelNotice }> {
    const { source, name, version } = notice;
    let caught: CaughtUp;
    let own: ModelNotice | undefined;
    try {
      caught = await this.#catchUp.run({ source, routes, model: name, deadline, asked: notice });
      if (!caught.seen.has(nameOf(notice)) && caught.stopped === undefined) {
        own = (await this.#catalog.version(source, name, version))?.notice;
      }
    } catch (error) {
      // Whoever can send events can write any tags into them: without Azure ML's own record nothing starts.
      return { settled: { route: routes[0], outcome: { kind: "later", reason: describeFault(error) } } };
    }
    const mine = caught.outcomes.find((one) => nameOf(one.notice) === nameOf(notice));
    if (mine !== undefined && mine.outcome.kind !== "would start") {
      const route = routes.find((one) => one.name === mine.route) ?? routes[0];
      return { settled: { route, outcome: mine.outcome } };
    }
    if (caught.stopped !== undefined) {
      const reason = `An older version has to start first: ${caught.stopped}`;
      return { settled: { route: routes[0], outcome: { kind: "later", reason } } };
    }
    if (caught.seen.has(nameOf(notice))) return { settled: undefined };
    if (own === undefined) {
      const reason = `Azure ML knows no ${nameOf(notice)}, or holds it as anonymous: nothing starts without its record.`;
      return { settled: { route: routes[0], outcome: { kind: "later", reason } } };
    }
    return { notice: { ...own, event: notice.event } };
  }

  /** The setting's own spelling of the source; undefined when the setting names sources, and not this one. */
  #source(id: string): string | undefined {
    const { sources } = this.#parts.configuration;
    return sources.length === 0 ? id : sources.find((source) => source.toLowerCase() === id.toLowerCase());
  }
}

/** An event is known by its source and its id together. */
function eventKey(event: RelayEvent): string {
  const text = `${event.source.toLowerCase()}\n${event.id}`;
  return `events/${sha256(text).slice(0, 32)}.json`;
}
