// The gateway of one endpoint: checks the caller's key or token, chooses the deployment, and forwards the request to its container.
import { randomUUID } from "node:crypto";
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { countRequest } from "../monitor/minutes.ts";
import { durationMilliseconds } from "../records/durations.ts";
import {
  type DeploymentRecord,
  deploymentKey,
  deploymentsOf,
  type EndpointRecord,
} from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import { mayScore } from "./access.ts";
import type { Container } from "./container.ts";
import { dataCollector } from "./data-collector.ts";
import { type Answered, modelFailed, type Outcome, ownHeaders, refuse, refused, relayed } from "./outcome.ts";
import { sampleUsage } from "./usage.ts";

/** The gateway's interface to the endpoint host. */
export interface Backends {
  /** The container that serves a deployment; undefined while it has none. */
  container(endpoint: string, deployment: string): Container | undefined;
}

/** Scoring requests of one endpoint. Which statuses there are is documented (docs/facts/azureml-services.md#6.2); bodies of refusals are in no recording. */
export class Gateway {
  private readonly world: AzureWorld;
  private readonly backends: Backends;
  private readonly endpoint: () => EndpointRecord | undefined;
  /** The deficit of each deployment: its share of requests minus those that it got. */
  private readonly credit = new Map<string, number>();
  private readonly inFlight = new Map<string, number>();
  private mirrorDue = 0;

  constructor(world: AzureWorld, backends: Backends, endpoint: () => EndpointRecord | undefined) {
    this.world = world;
    this.backends = backends;
    this.endpoint = endpoint;
  }

  readonly handle: http.RequestListener = (request, response) => {
    void this.answer(request, response).catch((error: Error) => {
      if (!response.headersSent) refuse(response, 500, "InternalServerError", error.message);
      else response.destroy();
    });
  };

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.setHeader("Server", "azureml-frontdoor");
    // The container, and what is collected, are told of the same request.
    request.headers["x-request-id"] ??= randomUUID();
    response.setHeader("X-Request-ID", String(request.headers["x-request-id"]));
    const clientId = request.headers["x-ms-client-request-id"];
    if (clientId !== undefined) response.setHeader("x-ms-client-request-id", String(clientId).slice(0, 40));
    const endpoint = this.endpoint();
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const body = await readAll(request);
    if (endpoint === undefined) return refuse(response, 404, "NotFound", "The endpoint does not exist.");
    if (!mayScore(this.world, endpoint, request.headers.authorization)) {
      return refuse(response, 401, "Unauthorized", "The key or token is missing, wrong, or has expired.");
    }
    if (path !== "/score" && path !== "/swagger.json" && path !== "/")
      return refuse(response, 404, "NotFound", `There is nothing at ${path}.`);
    const named = request.headers["azureml-model-deployment"];
    const chosen = typeof named === "string" ? named : this.next(endpoint.traffic);
    const deployment =
      chosen === undefined ? undefined : deploymentsOf(this.world).get(deploymentKey(endpoint.name, chosen));
    if (deployment === undefined) {
      const why =
        typeof named === "string" ? `The deployment '${named}' does not exist.` : "No deployment has traffic.";
      return refuse(response, 404, "NotFound", why);
    }
    // A request that chooses its deployment is not mirrored (docs/facts/operations.md#A.6).
    if (path === "/score" && named === undefined) this.mirror(endpoint, request, body);
    response.setHeader("azureml-model-deployment", deployment.name);
    (await this.score(deployment, request, body)).write(response);
  }

  /**
   * Picks the next deployment (weighted round robin). Shares are exact over every hundred requests; the service draws
   * lots (not recorded).
   */
  private next(traffic: Readonly<Record<string, number>>): string | undefined {
    const shares = Object.entries(traffic).filter(([, weight]) => weight > 0);
    for (const [name, weight] of shares) this.credit.set(name, (this.credit.get(name) ?? 0) + weight);
    const [first] = shares.toSorted(([one], [other]) => (this.credit.get(other) ?? 0) - (this.credit.get(one) ?? 0));
    if (first === undefined) return undefined;
    this.credit.set(first[0], (this.credit.get(first[0]) ?? 0) - 100);
    return first[0];
  }

  /** Sends a copy to the mirrored deployment and drops its answer. */
  private mirror(endpoint: EndpointRecord, request: http.IncomingMessage, body: Buffer): void {
    for (const [name, percent] of Object.entries(endpoint.mirrorTraffic)) {
      this.mirrorDue += percent;
      if (this.mirrorDue < 100) continue;
      this.mirrorDue -= 100;
      const deployment = deploymentsOf(this.world).get(deploymentKey(endpoint.name, name));
      if (deployment !== undefined) void this.score(deployment, request, body).catch(() => {});
    }
  }

  /** Has a deployment answer a request, and counts that for Azure Monitor; mirrored ones like others. */
  private async score(deployment: DeploymentRecord, request: http.IncomingMessage, body: Buffer): Promise<Outcome> {
    const began = performance.now();
    const { endpoint, name, sku } = deployment;
    const effect = this.world.scenarios.scoring(endpoint, name);
    const outcome = await this.ask(deployment, request, body, effect);
    const milliseconds = performance.now() - began;
    const { status, modelStatus } = outcome;
    countRequest(this.world, {
      ...{ endpoint, deployment: name, status, modelStatus, milliseconds, instances: sku.capacity },
    });
    sampleUsage(this.world, deployment, this.backends.container(endpoint, name), effect);
    this.keepPayloads(deployment, request, body, outcome);
    return outcome;
  }

  /** Payload logging: the request and the response as they are, where their collections are on (docs/facts/operations.md#F.2). */
  private keepPayloads(
    deployment: DeploymentRecord,
    request: http.IncomingMessage,
    body: Buffer,
    { answered }: Outcome,
  ): void {
    const collector = dataCollector(this.world);
    const instance = this.backends.container(deployment.endpoint, deployment.name)?.instance ?? randomUUID();
    const id = String(request.headers["x-request-id"]);
    const keep = (collection: string, contentType: unknown, bytes: Buffer, attributes: Record<string, string>) => {
      const piece = {
        ...{ collection, instance, body: bytes },
        contentType: String(contentType ?? "application/json"),
      };
      if (!collector.sampled(deployment, collection)) return;
      collector.collect(deployment, { ...piece, attributes: { ...attributes, correlationid: id, xrequestid: id } });
    };
    if (!(request.url ?? "").startsWith("/score")) return;
    keep("request", request.headers["content-type"], body, { path: request.url ?? "", method: request.method ?? "" });
    if (answered !== undefined) keep("response", answered.headers["content-type"], answered.body, {});
  }

  private async ask(
    deployment: DeploymentRecord,
    request: http.IncomingMessage,
    body: Buffer,
    effect: ReturnType<AzureWorld["scenarios"]["scoring"]>,
  ): Promise<Outcome> {
    const settings = deployment.properties.requestSettings;
    const key = deploymentKey(deployment.endpoint, deployment.name);
    const flying = this.inFlight.get(key) ?? 0;
    const most = 2 * (settings?.maxConcurrentRequestsPerInstance ?? 1) * deployment.sku.capacity;
    if (flying >= most) return refused(429, "TooManyRequests", `More than ${most} requests are in flight.`);
    if (effect.status !== undefined) return marked(effect, refused(effect.status, "Simulated", simulated(effect)));
    const container = this.backends.container(deployment.endpoint, deployment.name);
    if (container?.port === undefined)
      return refused(503, "ServiceUnavailable", `The deployment '${deployment.name}' is not ready.`);
    const patience = durationMilliseconds(settings?.requestTimeout ?? "PT5S") || 5_000;
    this.inFlight.set(key, flying + 1);
    try {
      const late = Math.min(effect.delay ?? 0, patience);
      if (late > 0) await pause(late);
      // A container of this machine may answer within the millisecond that is left.
      if (late >= patience) throw new Late();
      if (effect.modelStatus !== undefined) return marked(effect, modelFailed(failure(effect.modelStatus, effect)));
      const { port } = container;
      const answer = container.busy(() => forward(port, request, body, patience - late));
      if (effect.outOfMemory === true) container.kill();
      return relayed(await answer);
    } catch (error) {
      if (error instanceof Late)
        return refused(408, "RequestTimeout", `The deployment did not answer within ${patience / 1000} seconds.`);
      // The container went away while it worked: what is then answered is not recorded.
      const reason = (error as Error).message;
      return modelFailed({ status: 502, reason, headers: { "content-type": "text/plain" }, body: Buffer.from("") });
    } finally {
      this.inFlight.set(key, (this.inFlight.get(key) ?? 1) - 1);
    }
  }
}

const simulated = ({ name }: { readonly name?: string }): string => `local Azure, simulated: the scenario '${name}'.`;

/** Marks made-up answers, as those of other planes are. */
function marked({ name = "" }: { readonly name?: string }, outcome: Outcome): Outcome {
  const write = (response: http.ServerResponse) => {
    response.setHeader("x-local-azure-scenario", encodeURIComponent(name));
    outcome.write(response);
  };
  return { ...outcome, write };
}

function failure(status: number, effect: { readonly name?: string }): Answered {
  const body = Buffer.from(JSON.stringify({ message: simulated(effect) }));
  return { status, reason: "Simulated", headers: { "content-type": "application/json" }, body };
}

class Late extends Error {}

/** One request to a container. @throws Late when it takes longer than `patience` milliseconds */
function forward(port: number, request: http.IncomingMessage, body: Buffer, patience: number): Promise<Answered> {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !ownHeaders.has(name)));
  return new Promise((resolve, reject) => {
    const asked = http.request(
      {
        host: "127.0.0.1",
        port,
        method: request.method,
        path: request.url,
        headers: { ...headers, "content-length": body.length },
        agent: false,
      },
      (answer) => {
        readAll(answer).then(
          (bytes) =>
            resolve({
              status: answer.statusCode ?? 502,
              reason: answer.statusMessage ?? "",
              headers: answer.headers,
              body: bytes,
            }),
          reject,
        );
      },
    );
    const timer = setTimeout(() => asked.destroy(new Late()), Math.max(1, patience));
    asked.once("close", () => clearTimeout(timer));
    asked.once("error", reject);
    asked.end(body);
  });
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
}
