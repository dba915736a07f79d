// The ARM verbs: one client over the official SDK's pipeline, which sends bodies verbatim (the SDK's own models
// drop what is newer than 2022-10-01, facts/03 section 10) and turns every refusal into a TaskError.
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import type { TokenCredential } from "@azure/core-auth";
import {
  bearerTokenAuthenticationPolicyName,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  decompressResponsePolicy,
  type HttpMethods,
  type Pipeline,
  type PipelineRequest,
  type PipelineResponse,
  retryPolicy,
  userAgentPolicy,
} from "@azure/core-rest-pipeline";
import { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import { bearerPolicy, type RenewableCredential } from "./bearer.ts";
import type { Cloud } from "./clouds.ts";
import { failureOf, unreachable } from "./failure.ts";
import { patience } from "./retry.ts";
import type { Transport } from "./transport.ts";
import type { WritePlan } from "./write-plan.ts";

/** Stable version that has every resource and field we send (facts/03 4.1; held against the published contract by a test). */
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
  /** Asks once and takes the first answer, whatever it is. Only for anonymous requests. */
  readonly once?: boolean;
  /** Sends no token: for addresses that are signed themselves, or whose key is among the headers. */
  readonly anonymous?: boolean;
}

export interface Answer<T> {
  readonly status: number;
  header(name: string): string | undefined;
  /** The JSON body; undefined where there is none (`null` too: facts/04 shows it on 202). */
  readonly body: T | undefined;
  readonly text: string;
  readonly url: string;
}

export interface AzureMlOptions {
  readonly cloud: Cloud;
  readonly credential: RenewableCredential;
  readonly transport: Transport;
  readonly subscriptionId: string;
  readonly log: Log;
}

export class AzureMl {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  readonly transport: Transport;
  readonly subscriptionId: string;
  readonly log: Log;
  /** The official client, at its own api-version: for what it covers without loss (reading, listing, keys). */
  readonly sdk: AzureMachineLearningWorkspaces;
  readonly #anonymous: Pipeline;
  readonly #once: Pipeline;
  readonly #trusted: Set<string>;

  constructor(options: AzureMlOptions) {
    const { cloud, credential, transport, subscriptionId } = options;
    this.cloud = cloud;
    this.credential = credential;
    this.transport = transport;
    this.subscriptionId = subscriptionId;
    this.log = options.log;
    this.#trusted = new Set([new URL(cloud.resourceManager).origin]);
    this.sdk = new AzureMachineLearningWorkspaces(credential, subscriptionId, {
      $host: cloud.resourceManager,
      endpoint: cloud.resourceManager,
      credentialScopes: cloud.managementScope,
      httpClient: transport.httpClient,
      userAgentOptions: { userAgentPrefix: transport.userAgent },
    });
    this.sdk.pipeline.removePolicy({ name: bearerTokenAuthenticationPolicyName });
    this.sdk.pipeline.addPolicy(bearerPolicy(credential, cloud.managementScope), { phase: "Sign" });
    this.sdk.pipeline.removePolicy({ phase: "Retry" });
    this.sdk.pipeline.addPolicy(retryPolicy([patience()], { maxRetries: 5 }), { phase: "Retry" });
    this.#anonymous = createEmptyPipeline();
    this.#anonymous.addPolicy(decompressResponsePolicy());
    this.#anonymous.addPolicy(userAgentPolicy({ userAgentPrefix: transport.userAgent }));
    this.#once = this.#anonymous.clone();
    this.#anonymous.addPolicy(retryPolicy([patience()], { maxRetries: 5 }), { phase: "Retry" });
  }

  /** What would have been written, where only a plan is wanted. */
  get plan(): WritePlan | undefined {
    return this.transport.plan;
  }

  /** Lets the task's token go to this origin too: the services that the workspace itself named. */
  trust(url: string): void {
    this.#trusted.add(new URL(url).origin);
  }

  /**
   * Sends one request and returns its answer.
   * @param pathOrUrl a path on the resource manager (`/subscriptions/…`), or a whole URL on a trusted host
   * @throws TaskError for every status of 400 and above that is not in `expect`, and when nobody answers
   */
  async request<T = unknown>(method: HttpMethods, pathOrUrl: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const url = this.#url(pathOrUrl, options);
    const doing = options.doing ?? `answer ${method} ${url.pathname}`;
    const request = createPipelineRequest({
      url: url.href,
      method,
      headers: createHttpHeaders({ Accept: "application/json", ...contentType(options.body), ...options.headers }),
      timeout: options.timeout ?? 100_000,
      ...(options.body === undefined ? {} : { body: bodyOf(options.body) }),
      ...(options.signal ? { abortSignal: options.signal } : {}),
    });
    const response = await this.#send(request, doing, options);
    const answer = answerOf<T>(response, url.href);
    if (response.status >= 400 && !options.expect?.includes(response.status)) throw failureOf(doing, answer);
    return answer;
  }

  /** Calls the official client; its errors become TaskErrors. */
  async call<T>(doing: string, work: (sdk: AzureMachineLearningWorkspaces) => Promise<T>): Promise<T> {
    try {
      return await work(this.sdk);
    } catch (error) {
      throw sdkFailure(doing, error, this.cloud.resourceManager);
    }
  }

  /** All pages of a list of the resource manager, as they come. `nextLink` is followed as it stands. */
  async *list<T>(path: string, options: RequestOptions = {}): AsyncGenerator<T> {
    let next: string | undefined = path;
    let query = options.query;
    while (next) {
      const page: Answer<{ value?: T[]; nextLink?: string | null }> = await this.request("GET", next, {
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
    if (!token) throw new TaskError("connection", `The service connection gave no token for ${scope}.`);
    return token.token;
  }

  #url(pathOrUrl: string, options: RequestOptions): URL {
    const onArm = pathOrUrl.startsWith("/");
    const url = new URL(onArm ? this.cloud.resourceManager + pathOrUrl : pathOrUrl);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const version = options.apiVersion ?? (onArm ? API_VERSION : undefined);
    if (version && !url.searchParams.has("api-version")) url.searchParams.set("api-version", version);
    return url;
  }

  async #send(request: PipelineRequest, doing: string, options: RequestOptions): Promise<PipelineResponse> {
    try {
      if (options.anonymous) {
        const pipeline = options.once ? this.#once : this.#anonymous;
        return await pipeline.sendRequest(this.transport.httpClient, request);
      }
      const origin = new URL(request.url).origin;
      if (!this.#trusted.has(origin)) {
        throw new TaskError(
          "service",
          `Azure answered with an address at ${origin}, which is not one of its own, so the task did not go there.`,
        );
      }
      return await this.sdk.sendRequest(request);
    } catch (error) {
      if (error instanceof TaskError) throw error;
      if (options.signal?.aborted) throw options.signal.reason;
      throw unreachable(doing, request.url, error);
    }
  }
}

function contentType(body: unknown): Record<string, string> {
  return body === undefined ? {} : { "Content-Type": "application/json" };
}

const bodyOf = (body: unknown): string | Uint8Array =>
  typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);

function answerOf<T>(response: PipelineResponse, url: string): Answer<T> {
  const text = response.bodyAsText ?? "";
  let body: T | undefined;
  try {
    body = text === "" ? undefined : ((JSON.parse(text) as T) ?? undefined);
  } catch {
    body = undefined;
  }
  return { status: response.status, header: (name) => response.headers.get(name), body, text, url };
}

interface RestErrorLike {
  name?: string;
  statusCode?: number;
  response?: PipelineResponse;
}

function sdkFailure(doing: string, error: unknown, host: string): unknown {
  if (error instanceof TaskError) return error;
  const rest = error as RestErrorLike;
  if (rest?.name === "AbortError") return error;
  if (rest?.response) {
    const response = rest.response;
    const header = (name: string) => response.headers.get(name);
    return failureOf(doing, {
      status: rest.statusCode ?? response.status,
      header,
      text: response.bodyAsText ?? undefined,
    });
  }
  return rest?.name === "RestError" ? unreachable(doing, host, error) : error;
}
