// The fault-injection layer before every listener of the cloud: chosen requests of chosen clients meet faults of networks and services.
// Clients are told apart by the proxy that each goes through; other clients meet no fault.
import type http from "node:http";
import { planeOf } from "../azure/fault-injection/requests.ts";
import type { Plane } from "../azure/scenarios/rules.ts";
import type { AzureWorld } from "../azure/world/world.ts";
import type { Proxy as ClientProxy } from "../network/proxy.ts";
import { type Answer, again, answerOf, bodyOf, give, refused, replaced } from "./answers.ts";
import { type Effect, type FaultName, isWrite, kinds, type Moment } from "./kinds.ts";

/** Selects a request of a client: the `nth`, from 0, of its writes, or of its reads, on this plane. */
export interface Target {
  readonly plane: Plane | "any";
  readonly write: boolean;
  readonly nth: number;
}

export interface PlannedFault {
  readonly kind: FaultName;
  readonly at: Target;
}

/** The client itself ends, or is asked to. A lost client sends nothing more, and what it is told is lost. */
export interface PlannedStop {
  readonly how: "lost" | "asked";
  readonly moment: Moment;
  readonly at: Target;
}

export interface SeenRequest {
  readonly plane: Plane;
  readonly write: boolean;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** A fault that happened, and to what. */
export interface Hit extends SeenRequest {
  readonly what: string;
}

export interface ClientOptions {
  readonly faults: readonly PlannedFault[];
  readonly stop?: PlannedStop | undefined;
  /** Called at the moment of the stop, before anything else happens. */
  readonly onStop?: () => void;
}

/** One client of the cloud, and what becomes of its requests. */
export class FaultyClient {
  readonly seen: SeenRequest[] = [];
  readonly hits: Hit[] = [];
  readonly proxy: ClientProxy;
  readonly options: ClientOptions;
  readonly #counts = new Map<string, number>();
  #lost = false;
  #processes = 1;

  constructor(proxy: ClientProxy, options: ClientOptions) {
    this.proxy = proxy;
    this.options = options;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** From now on its requests are dropped. */
  lose(): void {
    this.#lost = true;
  }

  /** Requests of its successor are accepted: the agent's next try, or its post-job stage. */
  comeBack(): void {
    this.#lost = false;
    this.#processes += 1;
  }

  /** Counts its successors, from 1. */
  get processes(): number {
    return this.#processes;
  }

  /** Takes a request in. @returns what is planned for it */
  take(request: SeenRequest): { fault?: PlannedFault | undefined; stop?: PlannedStop | undefined } {
    this.seen.push(request);
    const own = this.#count(`${request.plane} ${request.write}`);
    const all = this.#count(`any ${request.write}`);
    const isIt = ({ plane, write, nth }: Target) =>
      write === request.write && nth === (plane === "any" ? all : plane === request.plane ? own : -1);
    const { faults, stop } = this.options;
    const fault = faults.find(({ at }) => isIt(at));
    const stops = stop !== undefined && isIt(stop.at);
    if (fault !== undefined) this.hits.push({ ...request, what: fault.kind });
    if (stops) this.hits.push({ ...request, what: `${stop.how}, ${stop.moment}` });
    return { fault, stop: stops ? stop : undefined };
  }

  #count(key: string): number {
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return count;
  }
}

/** How long a client that was asked to end has before the request goes on, milliseconds. */
const HEARD = 40;

export class FaultLayer {
  readonly #clients = new Set<FaultyClient>();
  /** Told every answer whole, also those that nobody got. */
  readonly #onAnswer: (url: string, answer: Answer) => void;

  constructor(onAnswer: (url: string, answer: Answer) => void = () => {}) {
    this.#onAnswer = onAnswer;
  }

  /** The client whose requests come through this proxy. */
  add(proxy: ClientProxy, options: ClientOptions): FaultyClient {
    const client = new FaultyClient(proxy, options);
    this.#clients.add(client);
    return client;
  }

  remove(client: FaultyClient): void {
    this.#clients.delete(client);
  }

  /** The sender of a request, and a check whether its process may still run. */
  protected senderOf(request: http.IncomingMessage): { readonly mayLive: () => boolean } | undefined {
    const client = this.#clientOf(request);
    const process = client?.processes;
    return client && { mayLive: () => this.#clients.has(client) && !client.isLost && client.processes === process };
  }

  #clientOf(request: http.IncomingMessage): FaultyClient | undefined {
    const { remotePort, localPort } = request.socket;
    return [...this.#clients].find(({ proxy }) => proxy.carried(remotePort, localPort));
  }

  /** `handler` with the faults before it. @param listener its name in the cloud */
  inFrontOf(listener: string, handler: http.RequestListener, world: () => AzureWorld): http.RequestListener {
    const plane = planeOf(listener);
    return (request, response) => {
      const client = this.#clientOf(request);
      if (client === undefined) return handler(request, response);
      if (client.isLost) return void request.socket.destroy();
      const method = request.method ?? "GET";
      const path = (request.url ?? "/").split("?")[0] ?? "/";
      const { fault, stop } = client.take({ plane, method, path, write: isWrite(plane, method, path) });
      const meeting = new Meeting({ client, request, response, handler, plane, world, onAnswer: this.#onAnswer });
      const done =
        stop !== undefined
          ? meeting.stop(stop)
          : fault !== undefined
            ? meeting.fault(kinds[fault.kind])
            : handler(request, response);
      // A client that went away leaves its request half sent.
      void Promise.resolve(done).catch(() => request.socket.destroy());
    };
  }
}

interface MeetingParts {
  readonly client: FaultyClient;
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly handler: http.RequestListener;
  readonly plane: Plane;
  readonly world: () => AzureWorld;
  readonly onAnswer: (url: string, answer: Answer) => void;
}

/** One request and what happens to it. */
class Meeting {
  readonly #parts: MeetingParts;

  constructor(parts: MeetingParts) {
    this.#parts = parts;
  }

  async stop({ how, moment }: PlannedStop): Promise<void> {
    const { client, request, response, handler } = this.#parts;
    const stop = () => {
      if (how === "lost") client.lose();
      client.options.onStop?.();
    };
    if (moment === "answered") {
      response.once("finish", stop);
      return handler(request, response);
    }
    if (moment === "before") {
      stop();
      if (how === "lost") return void request.socket.destroy();
      await pause(HEARD);
      return handler(request, response);
    }
    const answer = await this.#answer();
    stop();
    if (how === "lost") return void request.socket.destroy();
    await pause(HEARD);
    give(request, response, answer);
  }

  async fault(effect: Effect): Promise<void> {
    const { request, response, handler, client } = this.#parts;
    if (effect.does === "wait") {
      await pause(effect.milliseconds);
      return response.destroyed ? undefined : handler(request, response);
    }
    if (effect.does === "repeat") {
      // A POST of Azure DevOps makes a run or a release whose number the server chooses. No intermediary may send it twice (RFC 9110,
      // 9.2.2), and no client could prevent that.
      const { plane } = this.#parts;
      if (plane === "devops" && request.method === "POST") return handler(request, response);
      const body = await bodyOf(request);
      const answers = [await again(request, body), await again(request, body)];
      return give(request, response, answers[effect.answer === "first" ? 0 : 1] as Answer);
    }
    const whole = effect.processed ? await this.#answer() : undefined;
    switch (effect.does) {
      case "close":
        return void request.socket.destroy();
      case "reset":
        return client.proxy.reset(String(request.socket.remotePort));
      case "half":
        return give(request, response, whole as Answer, 0.5);
      case "refuse": {
        if (whole === undefined) await bodyOf(request);
        const { plane, world } = this.#parts;
        const met = { plane, method: request.method ?? "GET", path: (request.url ?? "/").split("?")[0] ?? "/" };
        return give(request, response, refused(world(), met, effect));
      }
      case "replace":
        if (whole === undefined) await bodyOf(request);
        return give(request, response, replaced(whole, effect));
    }
  }

  async #answer(): Promise<Answer> {
    const { request, response, handler, onAnswer } = this.#parts;
    const answer = await answerOf(handler, request, response);
    onAnswer(request.url ?? "/", answer);
    return answer;
  }
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
