// Azure's official management client, for the few readings that it covers without loss (keys and tokens of online endpoints).
// It has no connection of its own: each of its requests goes through AzureMl.request, so that the same rules hold for it:
// tokens go to trusted origins only, an answer has to hold what the operation promises, and a reading is repeated.
// It asks at api-version 2022-10-01. Bodies that users write never go through it: its models drop newer fields (docs/facts/azureml-documents.md#10).
// Tests: test/lib/azure/contract.test.ts
import type { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import {
  bearerTokenAuthenticationPolicyName,
  createHttpHeaders,
  type HttpClient,
  RestError,
  redirectPolicyName,
} from "@azure/core-rest-pipeline";
import { TaskError } from "../errors.ts";
import type { AzureMl, RequestOptions } from "./client.ts";

/** The operations that are part of a bundle, with the models of their answers; scripts/build/packages.ts leaves out the others. */
interface Asked {
  readonly onlineEndpoints: Pick<AzureMachineLearningWorkspaces["onlineEndpoints"], "listKeys" | "getToken">;
}

/**
 * Asks through the official client, and returns its typed answer.
 * @param options `doing`, `promises`, `repeats` and `signal` count as they do for AzureMl.request
 * @throws what AzureMl.request throws
 */
export async function askOfficially<T>(
  azure: AzureMl,
  options: RequestOptions,
  ask: (client: Asked) => Promise<T>,
): Promise<T> {
  // Loaded on demand: it takes long to load, and most runs never use it.
  const { AzureMachineLearningWorkspaces } = await import("@azure/arm-machinelearning");
  const client = new AzureMachineLearningWorkspaces(azure.credential, azure.subscriptionId, {
    $host: azure.cloud.resourceManager,
    endpoint: azure.cloud.resourceManager,
    httpClient: through(azure, options),
  });
  // All of this is done by AzureMl.request, once.
  client.pipeline.removePolicy({ name: bearerTokenAuthenticationPolicyName });
  client.pipeline.removePolicy({ name: redirectPolicyName });
  client.pipeline.removePolicy({ phase: "Retry" });
  try {
    return await ask(client);
  } catch (error) {
    // The client's own message about an unreadable answer quotes that answer, which may hold a key.
    if (error instanceof RestError)
      throw new TaskError(
        "service",
        `Azure could not ${options.doing}: its answer could not be read (${error.code ?? "no code"}).`,
        { errorCode: "AML1107", hint: "Run the step again." },
      );
    throw error;
  }
}

function through(azure: AzureMl, options: RequestOptions): HttpClient {
  return {
    async sendRequest(request) {
      const body = typeof request.body === "string" ? { body: request.body } : {};
      const answer = await azure.request(request.method, request.url, { ...options, ...body });
      const headers = createHttpHeaders({ "content-type": "application/json" });
      return { request, status: answer.status, headers, bodyAsText: answer.text };
    },
  };
}
