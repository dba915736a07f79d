// One way out: every byte to Azure (resource manager, Entra, storage, scoring) leaves through this HTTP client,
// which knows the agent's proxy and certificate authority and keeps its connections.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import {
  createDefaultHttpClient,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from "@azure/core-rest-pipeline";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { trustingAlso } from "../authorities.ts";
import { TaskError } from "../errors.ts";
import type { WithheldWrites } from "./withheld-writes.ts";

export interface Transport {
  readonly httpClient: HttpClient;
  readonly userAgent: string;
  /** During a dry run: every request that would change something is withheld, and noted here. */
  readonly dryRun?: WithheldWrites;
  /** Whether a request to this address goes through the agent's proxy, which then looks its name up. */
  goesThroughProxy?(url: string): boolean;
  /** Ends the kept connections, so that a process can end. */
  close(): void;
}

interface ProxyOptions {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Regular expressions over whole URLs: what they match goes without the proxy (docs/facts/agent.md#1.9). */
  readonly bypass?: readonly string[] | undefined;
}

export interface TransportOptions {
  readonly proxy?: ProxyOptions | undefined;
  /** A PEM file of authorities that are trusted beside those of Node. */
  readonly caFile?: string | undefined;
  readonly userAgent: string;
}

/** Connections per host; uploads run side by side. */
const SOCKETS = 32;
/** Instance metadata is asked on the machine itself, never through a proxy. */
const LINK_LOCAL = /^https?:\/\/169\.254\./;

/**
 * @throws TaskError kind `connection` when the CA file cannot be read or the proxy's URL is none.
 */
export function createTransport(options: TransportOptions): Transport {
  const inner = createDefaultHttpClient();
  const secureContext = options.caFile ? trustingAlso(options.caFile) : undefined;
  const tlsOptions = secureContext ? { secureContext } : {};
  const pool = { keepAlive: true, maxSockets: SOCKETS };
  const direct = { http: new HttpAgent(pool), https: new HttpsAgent({ ...pool, ...tlsOptions }) };
  const proxyUrl = options.proxy ? urlOf(options.proxy) : undefined;
  const proxied = proxyUrl && { http: new HttpProxyAgent(proxyUrl, pool), https: new HttpsProxyAgent(proxyUrl, pool) };
  const bypass = (options.proxy?.bypass ?? []).flatMap(patternOf);
  const isProxied = (url: string) => !LINK_LOCAL.test(url) && !bypass.some((pattern) => pattern.test(url));

  return {
    userAgent: options.userAgent,
    goesThroughProxy: (url) => proxied !== undefined && isProxied(url),
    httpClient: {
      sendRequest(request: PipelineRequest) {
        const agents = proxied && isProxied(request.url) ? proxied : direct;
        request.agent = request.url.startsWith("https:") ? agents.https : agents.http;
        // The proxy's agent makes the TLS connection from the request's own options, and finds a kept connection again
        // only where these name the protocol.
        const protocol = request.url.startsWith("https:") ? "https:" : "http:";
        request.requestOverrides = { ...request.requestOverrides, ...tlsOptions, protocol };
        return inTime(request, inner).catch((error: unknown) => {
          throw brokenOff(error, request) ?? error;
        });
      },
    },
    close() {
      for (const agent of [direct.http, direct.https, proxied?.http, proxied?.https]) agent?.destroy();
    },
  };
}

/**
 * Sends a request within its own time. The client below has a timer for it too, which it forgets to stop where the
 * connection fails: a process would go on for as long as that.
 */
async function inTime(request: PipelineRequest, client: HttpClient): Promise<PipelineResponse> {
  const { timeout, abortSignal } = request;
  if (timeout <= 0) return client.sendRequest(request);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeout);
  const cancel = () => late.abort();
  abortSignal?.addEventListener("abort", cancel);
  request.timeout = 0;
  request.abortSignal = abortSignal?.aborted ? abortSignal : late.signal;
  try {
    return await client.sendRequest(request);
  } catch (error) {
    if (!late.signal.aborted || abortSignal?.aborted) throw error;
    throw new RestError(`no answer within ${timeout / 1000} seconds`, { code: "ETIMEDOUT", request });
  } finally {
    clearTimeout(timer);
    abortSignal?.removeEventListener("abort", cancel);
    request.timeout = timeout;
    if (abortSignal) request.abortSignal = abortSignal;
    else delete request.abortSignal;
  }
}

/**
 * An answer that broke off in its middle is a dropped connection, for which every client above asks again; the one below
 * calls it an answer that it cannot parse.
 */
function brokenOff(error: unknown, request: PipelineRequest): RestError | undefined {
  if (!(error instanceof RestError) || error.code !== RestError.PARSE_ERROR) return undefined;
  return new RestError("the answer broke off", { code: "ECONNRESET", request });
}

function urlOf(proxy: ProxyOptions): URL {
  let url: URL;
  try {
    url = new URL(proxy.url);
  } catch (cause) {
    throw new TaskError("connection", "The agent's proxy address is not a URL.", { errorCode: "AML1104", cause });
  }
  if (proxy.username) url.username = encodeURIComponent(proxy.username);
  if (proxy.password) url.password = encodeURIComponent(proxy.password);
  return url;
}

/** A line of the bypass list that is no regular expression is taken as the text of a host. */
function patternOf(text: string): RegExp[] {
  if (text.trim() === "") return [];
  try {
    return [new RegExp(text, "i")];
  } catch {
    return [new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i")];
  }
}
