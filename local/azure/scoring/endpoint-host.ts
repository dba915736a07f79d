// The running parts of the endpoints of one cloud: a listener each, and a container for each deployment.
import { randomUUID } from "node:crypto";
import { type DeploymentRecord, deploymentKey, deploymentsOf, endpointsOf } from "../records/online-endpoint.ts";
import type { DeploymentFault } from "../scenarios/rules.ts";
import { Listeners } from "../world/listeners.ts";
import type { AzureWorld } from "../world/world.ts";
import { Container, type DeploymentFailure } from "./container.ts";
import { failureOf } from "./faults.ts";
import { type Backends, Gateway } from "./gateway.ts";
import { logReport } from "./log-report.ts";

/** Listeners and containers. Records are the resource files' business. */
export class EndpointHost implements Backends {
  private readonly world: AzureWorld;
  private readonly listeners: Listeners;
  /** The container that serves. */
  private readonly serving = new Map<string, Container>();
  /** The container that was started last, successfully or not: getLogs answers its logs. */
  private readonly latest = new Map<string, Container>();
  /** Containers that finish what they work on. */
  private readonly retiring = new Set<Container>();
  private closed = false;

  constructor(world: AzureWorld) {
    this.world = world;
    this.listeners = new Listeners(world, "endpoint");
    world.onClose(() => this.close());
  }

  /** The endpoint's listener, started when there is none. Resolves to its URL without a trailing slash. */
  open(endpoint: string): Promise<string> {
    const gateway = (name: string) => new Gateway(this.world, this, () => endpointsOf(this.world).get(name)).handle;
    return this.listeners.open(endpoint, gateway);
  }

  shut(endpoint: string): Promise<void> {
    return this.listeners.close(endpoint);
  }

  /** Starts a deployment's container; the one that served before serves until the new one does. @throws DeploymentFailure */
  async start(deployment: DeploymentRecord): Promise<void> {
    const key = deploymentKey(deployment.endpoint, deployment.name);
    const container = new Container(this.world, deployment);
    const replaced = this.latest.get(key);
    this.latest.set(key, container);
    if (replaced !== undefined && replaced !== this.serving.get(key)) await replaced.stop();
    try {
      await container.start();
    } catch (error) {
      await container.stop();
      throw error;
    }
    if (this.closed) return container.stop();
    const before = this.serving.get(key);
    this.serving.set(key, container);
    if (before === undefined) return;
    this.retiring.add(before);
    void before.retire().finally(() => this.retiring.delete(before));
  }

  /** A deployment that a scenario does not let come up: nothing is started, and its container's log says why. */
  async refuse(deployment: DeploymentRecord, fault: DeploymentFault): Promise<DeploymentFailure> {
    const container = new Container(this.world, deployment);
    this.latest.set(deploymentKey(deployment.endpoint, deployment.name), container);
    container.logs.InferenceServer.add(
      "local Azure, simulated: a scenario lets this deployment fail, and no container is started.",
    );
    if (fault.cause === "imageBuild")
      return container.imageFailure(failureOf(fault).error.message, randomUUID(), fault.log ?? "");
    if (fault.log !== undefined) container.logs.InferenceServer.add(fault.log);
    return failureOf(fault);
  }

  async stop(endpoint: string, deployment: string): Promise<void> {
    const key = deploymentKey(endpoint, deployment);
    const containers = new Set([this.serving.get(key), this.latest.get(key)]);
    this.serving.delete(key);
    this.latest.delete(key);
    for (const container of containers) await container?.stop();
  }

  container(endpoint: string, deployment: string): Container | undefined {
    return this.serving.get(deploymentKey(endpoint, deployment));
  }

  /** The output of a container of the deployment; undefined if none was ever started. */
  logs(
    endpoint: string,
    deployment: string,
    container: "InferenceServer" | "StorageInitializer",
    tail?: number,
  ): string | undefined {
    return this.latest.get(deploymentKey(endpoint, deployment))?.logs[container].tail(tail);
  }

  /** The answer of getLogs for the serving container; undefined if none was ever started. */
  report(endpoint: string, deployment: string, tail?: number): string | undefined {
    const container = this.latest.get(deploymentKey(endpoint, deployment));
    return container && logReport(container.events, container.logs.InferenceServer.tail(tail));
  }

  /** After a restart with kept data: listeners and containers again; what was under way when the cloud closed has failed. */
  async restore(): Promise<void> {
    const endpoints = endpointsOf(this.world);
    const deployments = deploymentsOf(this.world);
    await Promise.all(
      [...endpoints.values()].map(async (endpoint) => {
        for (const key of Object.values(endpoint.keys)) this.world.secret(key);
        try {
          endpoint.scoringUri = `${await this.open(endpoint.name)}/score`;
          if (endpoint.provisioningState !== "Succeeded") endpoint.provisioningState = "Failed";
        } catch {
          endpoint.provisioningState = "Failed"; // no listener: nobody can call it
        }
        endpoints.changed();
      }),
    );
    await Promise.all(
      [...deployments.values()].map(async (deployment) => {
        if (deployment.provisioningState === "Succeeded") await this.start(deployment).catch(() => fail());
        else fail();
        function fail(): void {
          deployment.provisioningState = "Failed";
          deployments.changed();
        }
      }),
    );
  }

  private async close(): Promise<void> {
    this.closed = true;
    const containers = new Set([...this.serving.values(), ...this.latest.values(), ...this.retiring]);
    await Promise.all([...containers].map((container) => container.stop()));
  }
}

/** The one host of a world. */
export function endpointHost(world: AzureWorld): EndpointHost {
  return world.part("online endpoints", () => new EndpointHost(world));
}
