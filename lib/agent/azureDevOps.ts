// Azure DevOps as seen from a running task, through its own client. Only the classes in use are imported:
// the whole WebApi would weigh a megabyte in every task.
import { readFileSync, writeFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { BearerCredentialHandler } from "azure-devops-node-api/handlers/bearertoken.js";
import { TaskApi } from "azure-devops-node-api/TaskApi.js";
import { TaskError } from "../errors.ts";
import type { ProxySettings } from "./network.ts";

export interface AzureDevOpsSettings {
  /** Address of the organization. */
  readonly collectionUri: string;
  /** Token of the job (SystemVssConnection). */
  readonly accessToken: string;
  readonly userAgent: string;
  readonly proxy: ProxySettings | undefined;
  readonly caFile: string | undefined;
  /** Where a file may be put for the time of the job. */
  temporaryFile(name: string): string;
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
 * (facts/01 5.5). It lives ten minutes.
 * @throws TaskError kind `connection`
 */
export async function requestAssertion(
  settings: AzureDevOpsSettings,
  connectionId: string,
  requestUri: string | undefined,
  plan: PlanIdentity,
): Promise<string> {
  const api = new TaskApi(
    settings.collectionUri,
    [new BearerCredentialHandler(settings.accessToken, false)],
    requestOptions(settings),
    settings.userAgent,
  );
  try {
    const token =
      requestUri === undefined
        ? (await api.createOidcToken({}, plan.projectId, plan.hubName, plan.planId, plan.jobId, connectionId))
            ?.oidcToken
        : (await api.rest.create<{ oidcToken?: string }>(withQuery(requestUri, connectionId), {})).result?.oidcToken;
    if (token) return token;
  } catch (cause) {
    throw refused(cause, connectionId);
  }
  throw refused(undefined, connectionId);
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
      hint: "The connection must use workload identity federation and be authorized for this pipeline.",
      ...(statusCode === undefined ? {} : { status: statusCode }),
      cause,
    },
  );
}

function requestOptions({ proxy, caFile, temporaryFile }: AzureDevOpsSettings) {
  return {
    allowRetries: true,
    maxRetries: 3,
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
    ...(caFile === undefined ? {} : { cert: { caFile: trustAlso(caFile, temporaryFile) } }),
  };
}

/** The client trusts a CA file in place of Node's authorities, and is meant to trust it beside them. */
function trustAlso(caFile: string, temporaryFile: (name: string) => string): string {
  const file = temporaryFile("authorities.pem");
  writeFileSync(file, `${rootCertificates.join("\n")}\n${readFileSync(caFile, "utf8")}`);
  return file;
}
