// Requests to storage: which hosts get a credential, when a request is retried, and what counts as an answer.
// Tests: test/lib/azure/storage-answers.test.ts
import { AsyncLocalStorage } from "node:async_hooks";
import type { TokenCredential } from "@azure/core-auth";
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
  type RetryStrategy,
  retryPolicy,
} from "@azure/core-rest-pipeline";
import {
  AnonymousCredential,
  newPipeline,
  type Pipeline,
  type RequestPolicy,
  StorageSharedKeyCredential,
  type WebResource,
} from "@azure/storage-blob";
import { TaskError } from "../errors.ts";
import type { Clock } from "../poll.ts";
import type { AzureMl } from "./client.ts";
import type { Cloud } from "./clouds.ts";
import { UNKNOWN_HOST } from "./dry-run.ts";
import { patience } from "./retry.ts";
import { type RenewSignature, Signature, signing } from "./signature.ts";
import { storageAccountOf } from "./storage-account.ts";
import type { Transport } from "./transport.ts";

/** Access to a container. */
export type BlobAccess =
  | {
      readonly kind: "sas";
      readonly sasToken: string;
      /** Asks for another one before it ends, and when it is refused. */
      readonly renew?: RenewSignature | undefined;
      readonly clock?: Clock | undefined;
    }
  | { readonly kind: "key"; readonly account: string; readonly key: string }
  /** With the task's own token: only to this account, which a service, and no document, has named. */
  | { readonly kind: "entra"; readonly account: string }
  /** Without any credential: what everybody may read. */
  | { readonly kind: "anonymous" };

/** The options of the storage library's clients. @throws TaskError if a credential would be sent to a host that may not get it */
export function storagePipeline(azure: AzureMl, container: URL, access: BlobAccess): Pipeline {
  const isPlanned = azure.dryRun !== undefined && container.host === UNKNOWN_HOST;
  if (!isPlanned) guard(azure.cloud, container, access);
  return newPipeline(credentialFor(azure, access), {
    ...pipelineOptions(azure.transport, container.origin, access),
    ...(access.kind === "entra" ? { audience: azure.cloud.storageScope } : {}),
  });
}

/** The same for a container that its owner's own setting names, with the owner's credential: no guard stands before it. */
export function storagePipelineOver(transport: Transport, credential: TokenCredential, container: string): Pipeline {
  return newPipeline(credential, pipelineOptions(transport, new URL(container).origin, { kind: "anonymous" }));
}

function pipelineOptions(transport: Transport, origin: string, access: BlobAccess) {
  return {
    httpClient: compatible(storageClient(transport.httpClient, origin, access)),
    userAgentOptions: { userAgentPrefix: transport.userAgent },
    // The pipeline below retries, by the policy for every host.
    retryOptions: { maxTries: 1 },
  };
}

/**
 * The one guard over credentials for storage: a signature, a key and a token go over TLS to blob storage of the connection's
 * own cloud, and a token only to the account that it is meant for. An address in a document, a model or an answer cannot change that.
 */
function guard(cloud: Cloud, url: URL, access: BlobAccess): void {
  if (url.protocol !== "https:") {
    throw new TaskError("input", `The storage at ${url.host} would be used over http, which is not encrypted.`, {
      errorCode: "AML1703",
      hint: "Set the protocol of the datastore to https.",
    });
  }
  if (access.kind === "anonymous") return;
  const account = storageAccountOf(cloud, url);
  if (account === undefined) {
    throw new TaskError(
      "input",
      `${url.host} is not storage of this cloud (<account>.blob.${cloud.storageSuffix}), so the task sent no credential there.`,
      {
        errorCode: "AML1703",
        hint: "Correct the account and the endpoint of the datastore, or the address of the files.",
      },
    );
  }
  if (access.kind !== "sas" && access.account !== account) {
    throw new TaskError(
      "input",
      `The credential is for the storage account ${access.account}, and not for ${account}: the task sent no credential there.`,
      { errorCode: "AML1703" },
    );
  }
}

function credentialFor(azure: AzureMl, access: BlobAccess) {
  switch (access.kind) {
    case "sas":
    case "anonymous":
      return new AnonymousCredential();
    case "key":
      return new StorageSharedKeyCredential(access.account, access.key);
    case "entra":
      return azure.credential;
  }
}

/** The number of attempts of one request to storage, for its error message. */
const counting = new AsyncLocalStorage<{ tries: number }>();

/** Runs `work`, which sends one request after another to storage, and tells how often the last of them was sent. */
export function countingTries<T>(work: () => Promise<T>): { done: Promise<T>; tries: () => number } {
  const count = { tries: 0 };
  return { done: counting.run(count, work), tries: () => count.tries };
}

const NO_ANSWER = "NO_ANSWER_OF_STORAGE";
export const isNoAnswer = (error: unknown): boolean => (error as { code?: unknown } | undefined)?.code === NO_ANSWER;

/** An answer that storage does not give is retried like a dropped connection. */
const again: RetryStrategy = {
  name: "noAnswerOfStorage",
  retry: ({ retryCount, responseError }) =>
    isNoAnswer(responseError) ? { retryAfterInMs: 500 * 2 ** retryCount } : { skipStrategy: true },
};

function storageClient(client: HttpClient, origin: string, access: BlobAccess): HttpClient {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(retryPolicy([again, patience()], { maxRetries: 5 }), { phase: "Retry" });
  if (access.kind === "sas")
    pipeline.addPolicy(signing(new Signature(access.sasToken, access.renew, access.clock)), { afterPhase: "Retry" });
  pipeline.addPolicy(answersOnly(origin), { afterPhase: "Retry" });
  return {
    sendRequest(request) {
      const count = counting.getStore();
      if (count) count.tries = 0;
      return pipeline.sendRequest(client, request);
    },
  };
}

function answersOnly(origin: string): PipelinePolicy {
  return {
    name: "answersOfStorage",
    async sendRequest(request, next) {
      // Redirects, and lists that go on elsewhere: what is signed for one account is for no other host.
      if (new URL(request.url).origin !== origin)
        throw new TaskError(
          "service",
          `Storage at ${origin} redirected the task to another host, and the task did not follow.`,
          { errorCode: "AML1106" },
        );
      const count = counting.getStore();
      if (count) count.tries++;
      const response = await next(request);
      const lacks = response.status < 300 ? lackOf(request, response) : undefined;
      if (lacks === undefined) return response;
      (response.readableStreamBody as { destroy?: () => void } | undefined)?.destroy?.();
      throw new RestError(`the answer is not one of storage: it has no ${lacks}`, { code: NO_ANSWER, request });
    },
  };
}

/** The missing part of a 2xx answer; undefined where the answer is valid (docs/facts/azureml-wire.md#4.3 and #11.1). */
function lackOf(request: PipelineRequest, response: PipelineResponse): string | undefined {
  const header = (name: string) => response.headers.get(name) || undefined;
  const component = new URL(request.url).searchParams.get("comp");
  if (component === "list") {
    // A truncated list reads like a shorter one.
    const text = response.bodyAsText ?? "";
    const isWhole =
      /<EnumerationResults[\s>]/.test(text.slice(0, 2000)) && text.trimEnd().endsWith("</EnumerationResults>");
    return isWhole || /<EnumerationResults[^>]*\/>\s*$/.test(text.slice(0, 2000)) ? undefined : "whole list";
  }
  if (request.method === "PUT" && component === "block") return response.status === 201 ? undefined : "status 201";
  if (request.method === "DELETE") return header("x-ms-request-id") ? undefined : "request id";
  if (header("etag") === undefined) return "etag";
  if (request.method !== "GET") return undefined;
  const [, from, to] =
    /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("x-ms-range") ?? request.headers.get("range") ?? "") ?? [];
  if (from === undefined) return undefined;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header("content-range") ?? "");
  if (response.status !== 206 || range === null) return "range";
  const [first, last, size] = range.slice(1).map(Number) as [number, number, number];
  const end = to ? Math.min(Number(to), size - 1) : size - 1;
  return first === Number(from) && last === end ? undefined : "such range";
}

/** The storage library takes an HTTP client of an older interface; it is an adapter over the same transport. */
function compatible(client: HttpClient): RequestPolicy {
  return {
    async sendRequest(old: WebResource) {
      const { headers, ...rest } = old;
      const request = createPipelineRequest({
        ...(rest as object),
        url: old.url,
        method: old.method,
        headers: createHttpHeaders(headers.toJson({ preserveCase: true })),
      });
      const response = await client.sendRequest(request);
      const toJson = (options?: { preserveCase?: boolean }) => response.headers.toJSON(options);
      return { ...response, request: old, headers: { ...response.headers, toJson } } as unknown as Awaited<
        ReturnType<RequestPolicy["sendRequest"]>
      >;
    },
  };
}
