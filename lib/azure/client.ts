// The verbs of Azure: one client that sends bodies verbatim (the SDK's own models drop what is newer than 2022-10-01,
// docs/facts/azureml-documents.md#10), takes nothing for an answer that is none, and turns every refusal into a TaskError.
// Tests: test/lib/azure/operations.test.ts
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  decompressResponsePolicy,
  type HttpMethods,
  type Pipeline,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
  setClientRequestIdPolicy,
  userAgentPolicy,
} from "@azure/core-rest-pipeline";
import { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import { systemClock } from "../poll.ts";
import { bounded } from "../remote-text.ts";
import { type Answer, faultOf, isTold, NoAnswer, type Outcome, type Promised, usuallyPromised } from "./answers.ts";
import { bearerPolicy, type RenewableCredential } from "./bearer.ts";
import type { Cloud } from "./clouds.ts";
import { failureOf, unreachable } from "./failure.ts";
import { readJson } from "./json.ts";
import { settle } from "./outcome.ts";
import { isDropped, MOST_TRIES, neverConnected, PASSING_STATUSES, pauseBefore, retryAfter } from "./retry.ts";
import type { Transport } from "./transport.ts";
import type { WithheldWrites } from "./withheld-writes.ts";

/** Stable version that has every resource and field we send (docs/facts/azureml-services.md#4.1; held against the published contract by a test). */
export const API_VERSION = "2025-12-01";

export interface RequestOptions {
  /** Completes "Azure could not …" in the error: "create job amber_fox". */
  readonly doing?: string;
  /** Sent as JSON; a string or bytes are sent as they are. */
  readonly body?: unknown;
  /** Default: API_VERSION on the resource manager, none elsewhere. */
  readonly apiVersion?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Statuses of 400 and above that are an answer here and no failure. */
  readonly expect?: readonly number[];
  /** Milliseconds until the answer's head must be there. Default 100 seconds. */
  readonly timeout?: number;
  /**
   * The expected content of a 2xx (lib/azure/answers.ts). Default: the resource for a PUT on the resource manager, an accepted change
   * for PATCH, a removal for DELETE, otherwise an object of JSON.
   */
  readonly promises?: Promised;
  /**
   * May be sent again where its answer was none: default for GET and HEAD. For questions that are asked by POST (keys,
   * logs), and for requests that change nothing when they are repeated (cancel).
   */
  readonly repeats?: boolean;
  /**
   * `false`: a write that is not sent again where its outcome is not known, since its body was made of what was read
   * before, and what others wrote meanwhile would be undone. Its caller gets OutcomeUnknown, and looks.
   */
  readonly again?: boolean;
  /** 404 without a body says that it is not there, as it does of a compute (docs/facts/azureml-wire.md#16). */
  readonly emptyNotFound?: boolean;
  /** Asks once and takes the first answer, whatever its status is. Only for anonymous requests. */
  readonly once?: boolean;
  /** Sends no token: for addresses that are signed themselves, or whose key is among the headers. */
  readonly anonymous?: boolean;
}

export type { Answer };

export interface AzureMlOptions {
  readonly cloud: Cloud;
  readonly credential: RenewableCredential;
  readonly transport: Transport;
  readonly subscriptionId: string;
  readonly log: Log;
}

export class AzureMl {
  readonly cloud: Cloud;
  readonly credential: RenewableCredential;
  readonly transport: Transport;
  readonly subscriptionId: string;
  readonly log: Log;
  readonly #signed: Pipeline;
  readonly #anonymous: Pipeline;
  readonly #trusted: Set<string>;
  /** Milliseconds by which the resource manager's clock is ahead of this machine's. */
  #ahead = 0;

  constructor(options: AzureMlOptions) {
    const { cloud, credential, transport, subscriptionId } = options;
    this.cloud = cloud;
    this.credential = credential;
    this.transport = transport;
    this.subscriptionId = subscriptionId;
    this.log = options.log;
    this.#trusted = new Set([new URL(cloud.resourceManager).origin]);
    this.#anonymous = createEmptyPipeline();
    this.#anonymous.addPolicy(decompressResponsePolicy());
    this.#anonymous.addPolicy(userAgentPolicy({ userAgentPrefix: transport.userAgent }));
    this.#signed = this.#anonymous.clone();
    this.#signed.addPolicy(setClientRequestIdPolicy());
    this.#signed.addPolicy(bearerPolicy(credential, cloud.managementScope), { phase: "Sign" });
  }

  /** The writes that a dry run has withheld so far; undefined if this is not a dry run. */
  get dryRun(): WithheldWrites | undefined {
    return this.transport.dryRun;
  }

  /**
   * The time by the resource manager's clock, in milliseconds since the epoch, as its newest answer had it (`Date`,
   * docs/facts/azureml-wire.md#1.2): for whoever asks it for what happened at a time, since an agent's own clock may be minutes off.
   */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Lets the task's token go to this origin too: the services that the workspace itself named. */
  trust(url: string): void {
    this.#trusted.add(new URL(url).origin);
  }

  /**
   * Sends one request and returns its answer, which is what `promises` says. A reading is repeated until it has one; the
   * outcome of a PUT or DELETE that has none is looked up at its own address before anything else is said or done.
   * @param pathOrUrl a path on the resource manager (`/subscriptions/…`), or a whole URL on a trusted host
   * @throws TaskError for every status of 400 and above that is not in `expect`, and when nobody answers;
   * OutcomeUnknown for a write of which nobody knows whether it was done
   */
  async request<T = unknown>(method: HttpMethods, pathOrUrl: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const url = this.#url(pathOrUrl, options);
    const asked: Asked = {
      method,
      url,
      options,
      doing: options.doing ?? `answer ${method} ${bounded(url.pathname, 300)}`,
      promised: options.promises ?? usuallyPromised(method, pathOrUrl.startsWith("/")),
    };
    const repeats = options.repeats ?? (method === "GET" || method === "HEAD");
    const outcome = await this.#tries(asked, repeats);
    if ("answer" in outcome) return outcome.answer as Answer<T>;
    if (repeats || options.once) throw outcome.failure;
    const again = () => this.#tries(asked, false);
    const look = (tries: number) =>
      this.#tries(
        { ...asked, method: "GET", promised: "resource", options: lookingUp(options, asked.doing) },
        true,
        tries,
      );
    return (await settle(outcome, { ...asked, body: options.body, again, look })) as Answer<T>;
  }

  /** All pages of a list of the resource manager, as they come. `nextLink` is followed as it stands. */
  async *list<T>(path: string, options: RequestOptions = {}): AsyncGenerator<T> {
    let next: string | undefined = path;
    let query = options.query;
    const read = new Set<string>();
    while (next) {
      // A next link that was followed before would never end.
      if (read.has(next))
        throw new TaskError(
          "service",
          `The list goes round in a circle: Azure could not ${options.doing ?? "list it"}.`,
          { errorCode: "AML1110" },
        );
      read.add(next);
      const page: Answer<{ value?: T[]; nextLink?: string | null }> = await this.request("GET", next, {
        promises: "list",
        ...options,
        ...(query ? { query } : { query: {} }),
      });
      yield* page.body?.value ?? [];
      next = page.body?.nextLink || undefined;
      query = undefined;
    }
  }

  /** A token for another audience than the resource manager. */
  async token(scope: string, signal?: AbortSignal): Promise<string> {
    const token = await this.credential.getToken(scope, signal ? { abortSignal: signal } : {});
    if (!token)
      throw new TaskError("connection", `The service connection gave no token for ${scope}.`, { errorCode: "AML1010" });
    return token.token;
  }

  #url(pathOrUrl: string, options: RequestOptions): URL {
    const onArm = pathOrUrl.startsWith("/");
    const whole = onArm ? this.cloud.resourceManager + pathOrUrl : pathOrUrl;
    const url = parsedAsIs(whole, onArm);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const version = options.apiVersion ?? (onArm ? API_VERSION : undefined);
    if (version && !url.searchParams.has("api-version")) url.searchParams.set("api-version", version);
    // A blank is %20, as the official clients write it: not every service reads + as a blank. A plus sign is %2B here.
    if (onArm && options.query !== undefined) url.search = url.search.replaceAll("+", "%20");
    return url;
  }

  /** Sends a request until it has an answer, or cannot be sent again. */
  async #tries(asked: Asked, repeats: boolean, most = MOST_TRIES): Promise<Outcome> {
    const { method, url, options, doing } = asked;
    const request = createPipelineRequest({
      url: url.href,
      method,
      headers: createHttpHeaders({ Accept: "application/json", ...contentType(options.body), ...options.headers }),
      timeout: options.timeout ?? 100_000,
      ...(options.body === undefined ? {} : { body: bodyOf(options.body) }),
      ...(options.signal ? { abortSignal: options.signal } : {}),
    });
    const isWrite = method !== "GET" && method !== "HEAD";
    for (let tries = 1; ; tries++) {
      const got = await this.#send(request, options);
      const isLast = options.once === true || tries >= most;
      if (!("response" in got)) {
        const failure = unreachable(doing, url.href, got.error, tries);
        if (!isDropped(got.code)) throw failure;
        const mayBeDone = isWrite && !neverConnected(got.code);
        if (isLast || (mayBeDone && options.again === false)) {
          if (mayBeDone) return { failure, why: "no answer came" };
          throw failure;
        }
        await systemClock.sleep(pauseBefore(tries), options.signal);
        continue;
      }
      const { response } = got;
      const answer = answerOf(response, url.href, tries);
      const pause = () =>
        systemClock.sleep(
          pauseBefore(tries, retryAfter(response.headers.get("Retry-After"), Date.now())),
          options.signal,
        );
      if (PASSING_STATUSES.has(response.status)) {
        const failure = failureOf(doing, answer);
        const isRefused = response.status === 429;
        if (isLast || (isWrite && !isRefused && options.again === false)) {
          if (options.expect?.includes(response.status)) return { answer };
          if (isWrite && !isRefused) return { failure, why: `Azure answered with status ${response.status}` };
          throw failure;
        }
        await pause();
        continue;
      }
      const fault = this.#faultOf(asked, answer);
      if (fault === undefined) {
        // A 404 to a DELETE counts only as a valid answer of the service, and is verified.
        if (method === "DELETE" && response.status === 404 && options.expect?.includes(404) && !options.once)
          return {
            failure: new TaskError("service", `Azure could not ${doing}: it says that it is not there.`, {
              errorCode: "AML1109",
            }),
            why: "it says that it is not there",
          };
        if (response.status >= 400 && !options.expect?.includes(response.status)) throw failureOf(doing, answer);
        return { answer };
      }
      if (!repeats || isLast)
        return { failure: unanswered(doing, url, fault, tries), why: `Azure answered with ${fault}` };
      await pause();
    }
  }

  #faultOf({ method, url, options, promised }: Asked, answer: Answer<unknown>): string | undefined {
    const { status } = answer;
    if (options.once) return undefined;
    if (status < 400) return faultOf({ ...answer, method, url, header: answer.header }, promised);
    const isQuestion = status === 404 && promised !== "anything";
    if (!isQuestion || method === "HEAD" || isTold(answer, options.emptyNotFound)) return undefined;
    return "status 404 and no word of its own about what is not there";
  }

  /** The header has whole seconds, and its answer took some time to come: only what is well beyond that is a difference of clocks. */
  #keepTime(date: string | undefined): void {
    const ahead = Date.parse(date ?? "") - Date.now();
    if (Number.isFinite(ahead)) this.#ahead = Math.abs(ahead) < 5_000 ? 0 : ahead;
  }

  async #send(
    request: PipelineRequest,
    options: RequestOptions,
  ): Promise<{ response: PipelineResponse } | { error: unknown; code: string | undefined }> {
    if (!options.anonymous) {
      const { origin } = new URL(request.url);
      if (!this.#trusted.has(origin)) {
        throw new TaskError(
          "service",
          `Azure answered with an address at ${origin}, which is not one of its own, so the task did not go there.`,
          { errorCode: "AML1106" },
        );
      }
    }
    try {
      const pipeline = options.anonymous ? this.#anonymous : this.#signed;
      const response = await pipeline.sendRequest(this.transport.httpClient, request);
      if (request.url.startsWith(`${this.cloud.resourceManager}/`)) this.#keepTime(response.headers.get("Date"));
      return { response };
    } catch (error) {
      if (error instanceof TaskError) throw error;
      if (options.signal?.aborted) throw options.signal.reason;
      return { error, code: error instanceof RestError ? error.code : undefined };
    }
  }
}

/** A request with the criteria of its answer. */
interface Asked {
  readonly method: HttpMethods;
  readonly url: URL;
  readonly options: RequestOptions;
  readonly doing: string;
  readonly promised: Promised;
}

/** Looks a write up at its own address and api-version. */
function lookingUp(options: RequestOptions, doing: string): RequestOptions {
  const { signal, apiVersion, anonymous } = options;
  return {
    doing: `see whether it could ${doing}`,
    expect: [404],
    ...(signal ? { signal } : {}),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(anonymous === undefined ? {} : { anonymous }),
  };
}

/** The error for a read without a valid answer. It quotes nothing of the answer. */
function unanswered(doing: string, url: URL, fault: string, tries: number): NoAnswer {
  return new NoAnswer(
    `Azure could not ${doing}${tries > 1 ? `, asked ${tries} times` : ""}: ${url.host} answered with ${fault}.`,
    { hint: "Run again. If it stays, see whether a proxy or a sign-in page answers in place of Azure." },
  );
}

/**
 * The address as it was written: one that the parser would change (`..`, a backslash, a line's end) leads elsewhere than it says.
 * @throws TaskError kind `input`, or `service` for an address that an answer brought
 */
function parsedAsIs(address: string, isOurs: boolean): URL {
  const wrong = (why: string) =>
    new TaskError(
      isOurs ? "input" : "service",
      `The address ${bounded(isOurs ? address : hostIn(address), 300)} ${why}, so the task did not go there.`,
      {
        errorCode: "AML1207",
        hint: "A name or an id that the task was given may hold what no address has: / \\ % ? # or a segment of dots.",
      },
    );
  if (!URL.canParse(address)) throw wrong("is not a URL");
  const url = new URL(address);
  const written = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*([^?#]*)([?#]?)/is.exec(address);
  if (written === null || decoded(written[1] || "/") !== decoded(url.pathname))
    throw wrong("is changed by the parser of addresses");
  if (isOurs && written[2] !== "") throw wrong("has a query of its own");
  return url;
}

/** Percent signs undone, so that what the parser only escapes stays the same; as it is where they are wrong. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function hostIn(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : "of an answer";
}

function contentType(body: unknown): Record<string, string> {
  return body === undefined ? {} : { "Content-Type": "application/json" };
}

const bodyOf = (body: unknown): string | Uint8Array =>
  typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);

function answerOf(response: PipelineResponse, url: string, tries: number): Answer<unknown> & { tries: number } {
  const text = response.bodyAsText ?? "";
  const read = readJson(text);
  const body = "value" in read ? (read.value ?? undefined) : undefined;
  return { status: response.status, header: (name) => response.headers.get(name), body, text, url, tries };
}
