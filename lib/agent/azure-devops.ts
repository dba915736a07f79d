// Azure DevOps as seen from a running task, through its own client. Only the classes in use are imported:
// the whole WebApi would weigh a megabyte in every task.
import type { RequestOptions } from "node:http";
import { Agent } from "node:https";
import type { SecureContext } from "node:tls";
import type { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import type { IRequestHandler } from "azure-devops-node-api/interfaces/common/VsoBaseInterfaces.js";
import { trustingAlso } from "../authorities.ts";
import { TaskError } from "../errors.ts";
import { PASSING_STATUSES } from "../passing-statuses.ts";
import { type Clock, systemClock } from "../poll.ts";
import { belongsToCollection } from "./collection.ts";
import { onlyAnswers } from "./devops-answers.ts";
import type { ProxySettings } from "./network.ts";

export interface AzureDevOpsSettings {
  /** Address of the organization. */
  readonly collectionUri: string;
  /** Token of the job (SystemVssConnection). */
  readonly accessToken: string;
  readonly userAgent: string;
  readonly proxy: ProxySettings | undefined;
  readonly caFile: string | undefined;
  /** For the pauses between attempts. */
  readonly clock?: Clock | undefined;
}

/** Names of the job in the plan, for the older way to an assertion. */
export interface PlanIdentity {
  readonly projectId: string;
  readonly hubName: string;
  readonly planId: string;
  readonly jobId: string;
}

/**
 * A federated assertion of the connection: by System.OidcRequestUri where the server says it, else by the plan
 * (docs/facts/extension.md#5.5). It lives ten minutes.
 * @throws TaskError kind `connection`
 */
export async function requestAssertion(
  settings: AzureDevOpsSettings,
  connectionId: string,
  requestUri: string | undefined,
  plan: PlanIdentity,
): Promise<string> {
  if (requestUri !== undefined && !belongsToCollection(requestUri, settings.collectionUri))
    throw foreign(requestUri, settings);
  // Only connections with workload identity come here: the others need not wait for the client to load.
  const [{ BearerCredentialHandler }, { TaskApi }] = await Promise.all([
    import("azure-devops-node-api/handlers/bearertoken.js"),
    import("azure-devops-node-api/TaskApi.js"),
  ]);
  const api = onlyAnswers(
    new TaskApi(
      settings.collectionUri,
      requestHandlers(settings, BearerCredentialHandler),
      requestOptions(settings),
      namedAs("Task", settings),
    ),
  );
  const ask = async () =>
    requestUri === undefined
      ? (await api.createOidcToken({}, plan.projectId, plan.hubName, plan.planId, plan.jobId, connectionId))?.oidcToken
      : (await api.rest.create<{ oidcToken?: string }>(withQuery(requestUri, connectionId), {})).result?.oidcToken;
  // The client repeats reads by itself, and never a POST.
  for (let pause = 1_000; ; pause *= 2) {
    try {
      const token = await ask();
      if (token) return token;
      // A sign-in page or an empty answer is no refusal: something else than the API answered.
      if (pause > LONGEST_PAUSE) throw refused(undefined, connectionId);
    } catch (cause) {
      if (cause instanceof TaskError) throw cause;
      if (pause > LONGEST_PAUSE || !isPassing(cause)) throw refused(cause, connectionId);
    }
    await (settings.clock ?? systemClock).sleep(pause);
  }
}

/** Three attempts after the first one: 1, 2 and 4 seconds apart. */
const LONGEST_PAUSE = 4_000;

/** Whether it may go better in a moment: no answer, or one of those that say so. */
function isPassing(cause: unknown): boolean {
  const { statusCode, code } = (cause ?? {}) as { statusCode?: number; code?: string };
  if (statusCode === undefined)
    return /^(ECONN|ETIMEDOUT|ESOCKETTIMEDOUT|EPIPE|EAI_AGAIN|ENETUNREACH)/.test(code ?? "");
  // A 2xx that is an error is a page or empty: something else than the API answered.
  return statusCode < 300 || PASSING_STATUSES.has(statusCode);
}

function foreign(requestUri: string, { collectionUri }: AzureDevOpsSettings): TaskError {
  const place = URL.canParse(requestUri) ? new URL(requestUri).origin : "no address";
  return new TaskError(
    "connection",
    `The variable System.OidcRequestUri (${place}) does not belong to ${collectionUri}, whose job this is: no token was sent.`,
    { errorCode: "AML1004", hint: "Azure DevOps sets it. Remove the pipeline variable of that name." },
  );
}

function withQuery(requestUri: string, connectionId: string): string {
  const url = new URL(requestUri);
  url.searchParams.set("api-version", "7.1");
  url.searchParams.set("serviceConnectionId", connectionId);
  return url.href;
}

function refused(cause: unknown, connectionId: string): TaskError {
  const { statusCode, message } = (cause ?? {}) as { statusCode?: number; message?: string };
  const why = message === undefined ? "it answered without one" : `${statusCode ?? "no answer"}: ${message}`;
  return new TaskError(
    "connection",
    `Azure DevOps gave no OIDC token for the service connection ${connectionId} (${why}).`,
    {
      errorCode: "AML1005",
      hint: "The connection must use workload identity federation and be authorized for this pipeline.",
      ...(statusCode === undefined ? {} : { status: statusCode }),
      cause,
    },
  );
}

/**
 * How a class of the client names itself to Azure DevOps: by the area that it serves, as without a word of ours, and then by who uses it.
 * @param area as in `BuildApi`
 */
export const namedAs = (area: string, { userAgent }: Pick<AzureDevOpsSettings, "userAgent">) =>
  `node-${area}-api ${userAgent}`;

/**
 * The client's handlers: the job's token, then the agent's authorities and kept connections.
 * @param Bearer the class, which some callers load only when they need it
 */
export function requestHandlers(
  { accessToken, caFile }: { readonly accessToken: string; readonly caFile?: string | undefined },
  Bearer: typeof BearerCredentialHandler,
): IRequestHandler[] {
  return [new Bearer(accessToken, false), connections(caFile === undefined ? undefined : trustingAlso(caFile))];
}

/** Milliseconds for which a connection is kept idle. Services close theirs after a minute or more. */
const IDLE = 30_000;

/** The number of times that the client repeats a read. */
const RETRIES = 3;

/** The connections that are kept, by the authorities that they trust. All classes of the client share them. */
const kept = new Map<SecureContext | undefined, Agent>();

/**
 * Gives requests their connection. Left alone, the client makes one for each request, and a context of all authorities for each connection: two
 * round trips and 60 ms. A write still gets a connection of its own: where the service closes a kept one meanwhile, nobody would know whether
 * the write has arrived, and the client repeats only reads. At most as many idle connections to a host are kept as a read has retries: where
 * all of them are dead, its last try makes a new one.
 */
function connections(secureContext: SecureContext | undefined): IRequestHandler {
  const trust = secureContext === undefined ? {} : { secureContext };
  const agent =
    kept.get(secureContext) ?? new Agent({ keepAlive: true, timeout: IDLE, maxFreeSockets: RETRIES, ...trust });
  kept.set(secureContext, agent);
  return {
    prepareRequest(options: RequestOptions) {
      const { agent: clients, method = "" } = options;
      if (clients instanceof Agent && ["GET", "HEAD", "OPTIONS"].includes(method)) options.agent = agent;
      // Through a proxy the client's agent is one that tunnels, which takes the options of TLS from its own as well.
      else if (typeof clients === "object" && "options" in clients) Object.assign(Object(clients.options), trust);
    },
    canHandleAuthentication: () => false,
    handleAuthentication: () => Promise.reject(new Error("This handler does not sign in.")),
  };
}

/** The client's options for the agent's proxy. */
export function requestOptions({ proxy }: Pick<AzureDevOpsSettings, "proxy">) {
  return {
    // No redirect is followed with the job's token.
    allowRedirects: false,
    allowRetries: true,
    maxRetries: RETRIES,
    socketTimeout: 30_000,
    ...(proxy === undefined
      ? {}
      : {
          proxy: {
            proxyUrl: proxy.url,
            ...(proxy.username === undefined ? {} : { proxyUsername: proxy.username }),
            ...(proxy.password === undefined ? {} : { proxyPassword: proxy.password }),
            proxyBypassHosts: [...proxy.bypass],
          },
        }),
  };
}
