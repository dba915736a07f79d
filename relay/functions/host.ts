// The relay inside Azure Functions: built once from the app's settings, and its log led to the invocation that caused it.
import { AsyncLocalStorage } from "node:async_hooks";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import { ContainerClient } from "@azure/storage-blob";
import { storagePipelineOver } from "../../lib/azure/storage-pipeline.ts";
import { createTransport } from "../../lib/azure/transport.ts";
import { composeRelay } from "../compose.ts";
import { parseConfiguration } from "../core/configuration.ts";
import { describeFault } from "../core/fault.ts";
import { json, type RelayRequest, type RelayResponse } from "../core/handshake.ts";
import { USER_AGENT } from "../core/http.ts";
import type { RelayLog } from "../core/log.ts";
import type { Relay } from "../core/relay.ts";
import { credentialOf } from "../identity.ts";
import { BlobStore } from "../stores/blob.ts";

const invocation = new AsyncLocalStorage<InvocationContext>();

const log: RelayLog = {
  info: (line) => (invocation.getStore() ?? console).log(line),
  warn: (line) => (invocation.getStore() ?? console).warn(line),
  error: (line) => (invocation.getStore() ?? console).error(line),
};

let built: Relay | undefined;

/** @throws an Error with a sentence for every setting that is missing or wrong. */
function relayOf(environment: NodeJS.ProcessEnv): Relay {
  if (built !== undefined) return built;
  const routes = environment.RELAY_ROUTES ?? "";
  const container = environment.RELAY_CONTAINER ?? "";
  if (routes === "") throw new Error("The app setting RELAY_ROUTES, which says what starts what, is missing.");
  if (container === "") {
    throw new Error("The app setting RELAY_CONTAINER is missing: https://{account}.blob.core.windows.net/{container}.");
  }
  const transport = createTransport({ userAgent: USER_AGENT });
  const credential = credentialOf(environment, transport);
  built = composeRelay({
    transport,
    configuration: parseConfiguration(routes),
    store: new BlobStore(new ContainerClient(container, storagePipelineOver(transport, credential, container))),
    credential,
    secret: (name) => environment[name],
    log,
  });
  return built;
}

/** Runs the work with the relay. A setting that is wrong is 503: Event Grid repeats it, and nothing is lost over it. */
export async function answer(
  request: HttpRequest,
  context: InvocationContext,
  work: (relay: Relay, request: RelayRequest) => Promise<RelayResponse>,
): Promise<HttpResponseInit> {
  return invocation.run(context, async () => {
    let answered: RelayResponse;
    try {
      answered = await work(relayOf(process.env), {
        method: request.method,
        headers: Object.fromEntries(request.headers.entries()),
        body: await request.text(),
      });
    } catch (error) {
      log.error(describeFault(error));
      answered = json(503, { error: describeFault(error) });
    }
    const { after } = answered;
    // Functions knows no "after the answer": the answer leaves as soon as this returns.
    if (after !== undefined) setTimeout(() => after().catch((error) => console.warn(describeFault(error))), 100);
    return { status: answered.status, headers: { ...answered.headers }, body: answered.body };
  });
}

/** Runs the work with the relay, for a trigger that nobody waits on. What it throws marks the invocation as failed. */
export async function run(context: InvocationContext, work: (relay: Relay) => Promise<void>): Promise<void> {
  await invocation.run(context, () => work(relayOf(process.env)));
}
