// How storage is spoken to: who asks, and by the one way out that every request of a task takes.
import { createHttpHeaders, createPipelineRequest, type HttpClient } from "@azure/core-rest-pipeline";
import {
  AnonymousCredential,
  newPipeline,
  type Pipeline,
  type RequestPolicy,
  StorageSharedKeyCredential,
  type WebResource,
} from "@azure/storage-blob";
import type { AzureMl } from "./client.ts";

/** How a container is entered. */
export type BlobAccess =
  | { readonly kind: "sas"; readonly sasToken: string }
  | { readonly kind: "key"; readonly account: string; readonly key: string }
  | { readonly kind: "entra" };

/** What the storage library's clients are made with. */
export function storagePipeline(azure: AzureMl, access: BlobAccess): Pipeline {
  return newPipeline(credentialFor(azure, access), {
    httpClient: compatible(azure.transport.httpClient),
    userAgentOptions: { userAgentPrefix: azure.transport.userAgent },
    retryOptions: { maxTries: 5, retryDelayInMs: 500, maxRetryDelayInMs: 30_000 },
    ...(access.kind === "entra" ? { audience: azure.cloud.storageScope } : {}),
  });
}

function credentialFor(azure: AzureMl, access: BlobAccess) {
  switch (access.kind) {
    case "sas":
      return new AnonymousCredential();
    case "key":
      return new StorageSharedKeyCredential(access.account, access.key);
    case "entra":
      return azure.credential;
  }
}

/** The storage library takes its HTTP client in the shape of its elders; the bytes go the one way out all the same. */
function compatible(client: HttpClient): RequestPolicy {
  return {
    async sendRequest(old: WebResource) {
      const { headers, ...rest } = old;
      const request = createPipelineRequest({
        ...(rest as object),
        url: old.url,
        method: old.method,
        headers: createHttpHeaders(headers.toJson({ preserveCase: true })),
        allowInsecureConnection: true,
      });
      const response = await client.sendRequest(request);
      const toJson = (options?: { preserveCase?: boolean }) => response.headers.toJSON(options);
      return { ...response, request: old, headers: { ...response.headers, toJson } } as unknown as Awaited<
        ReturnType<RequestPolicy["sendRequest"]>
      >;
    },
  };
}
