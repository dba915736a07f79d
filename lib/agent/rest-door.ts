// REST requests to Azure DevOps (and to GitHub's API) for routes whose client would take a task's package over its limit: they go through
// the client that every task has for its sign-in, with its proxy, certificates and retries of reads.
// Tests: test/lib/agent/rest-door.test.ts
import type { TaskApi as Client } from "azure-devops-node-api/TaskApi.js";
import { TaskError } from "../errors.ts";
import { bounded } from "../remote-text.ts";
import { type AzureDevOpsSettings, namedAs, requestHandlers, requestOptions } from "./azure-devops.ts";
import { onlyAnswers } from "./devops-answers.ts";

type IRestResponse<T> = Awaited<ReturnType<typeof Client.prototype.rest.get<T>>>;
type Verb = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** One request. */
interface Asked {
  /** Completes "Azure DevOps did not": `list the threads of pull request 7`. */
  readonly doing: string;
  readonly verb: Verb;
  /** Below the settings' address, each name in it made by `segment`; with its query and, for Azure DevOps, `api-version`. */
  readonly path: string;
  readonly body?: unknown;
  /** Where the body is other than `application/json`: `application/json-patch+json`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends a request; reads are retried where the answer says that it may go better in a moment.
 * @returns the answer's JSON; undefined where it has no body
 * @throws TaskError kind `service` (`forbidden` for 401 and 403, `notFound` for 404) with the status; writes may have been processed
 */
export type Rest = <T>(asked: Asked) => Promise<T | undefined>;

/** Characters of the service's own words in an error. */
const LONGEST = 300;

/**
 * @param settings whose address and token are used: of Azure DevOps, or of GitHub's API
 * @param service names it in errors
 */
export async function openRest(settings: AzureDevOpsSettings, service = "Azure DevOps"): Promise<Rest> {
  const [{ BearerCredentialHandler }, { TaskApi }] = await Promise.all([
    import("azure-devops-node-api/handlers/bearertoken.js"),
    import("azure-devops-node-api/TaskApi.js"),
  ]);
  const { collectionUri } = settings;
  const handlers = requestHandlers(settings, BearerCredentialHandler);
  const api = onlyAnswers(
    new TaskApi(collectionUri, handlers, requestOptions(settings), namedAs("Evidence", settings)),
  );
  const base = collectionUri.replace(/\/*$/, "/");
  return async <T>({ doing, verb, path, body, contentType, headers }: Asked) => {
    const url = base + path;
    const options = {
      additionalHeaders: { ...headers, ...(contentType === undefined ? {} : { "Content-Type": contentType }) },
    };
    const send = () => {
      if (verb === "GET") return api.rest.get<T>(url, options);
      if (verb === "DELETE") return api.rest.del<T>(url, options);
      const write = { POST: "create", PATCH: "update", PUT: "replace" } as const;
      return api.rest[write[verb]]<T>(url, body, options);
    };
    const { statusCode, result } = await said(doing, service, verb === "DELETE" ? () => emptied(send) : send);
    // The client takes a 404 for an empty answer.
    if (statusCode === 404)
      throw new TaskError("notFound", `${service} did not ${doing} (404): it is not there, or may not be seen.`, {
        errorCode: "AML1902",
        status: 404,
      });
    return result ?? undefined;
  };
}

/** A deletion is answered with 204 or with an empty 200: the reference does not say which. */
async function emptied<T>(
  send: () => Promise<IRestResponse<T>>,
): Promise<Pick<IRestResponse<T>, "statusCode" | "result">> {
  try {
    return await send();
  } catch (cause) {
    const { statusCode } = (cause ?? {}) as { statusCode?: number };
    if (statusCode === 200) return { statusCode, result: null };
    throw cause;
  }
}

async function said<T>(doing: string, service: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { statusCode, message } = (cause ?? {}) as { statusCode?: number; message?: string };
    const isRefused = statusCode === 401 || statusCode === 403;
    const words = bounded(message ?? String(cause), LONGEST);
    throw new TaskError(
      isRefused ? "forbidden" : "service",
      `${service} did not ${doing} (${statusCode ?? "no answer"}: ${words}).`,
      { errorCode: "AML1901", ...(statusCode === undefined ? {} : { status: statusCode }), cause },
    );
  }
}
