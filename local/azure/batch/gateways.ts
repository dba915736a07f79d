// The listeners of batch endpoints: POST /jobs with a token for Azure ML, as the scoring URI wants it (docs/facts/azureml-wire.md#13).
import { randomUUID } from "node:crypto";
import express from "express";
import type { Listener } from "../../network/listen.ts";
import { ArmError } from "../arm/errors.ts";
import { bodyOf, errorAnswer, jsonBody } from "../arm/router.ts";
import { submitterOf } from "../jobs/submitter.ts";
import { batchDeploymentsOf, batchEndpointsOf } from "../records/batch-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import { invoke } from "./invoke.ts";
import { batchJobBody } from "./shape.ts";

class Gateways {
  private readonly world: AzureWorld;
  private readonly listeners = new Map<string, Promise<Listener>>();

  constructor(world: AzureWorld) {
    this.world = world;
  }

  /** Starts the endpoint's listener if there is none; its URL without a trailing slash. */
  async open(endpoint: string): Promise<string> {
    const name = endpoint.toLowerCase();
    const listener =
      this.listeners.get(name) ?? this.world.listen(`batch endpoint ${name}`, application(this.world, name));
    this.listeners.set(name, listener);
    return (await listener).url;
  }

  async shut(endpoint: string): Promise<void> {
    const listener = this.listeners.get(endpoint.toLowerCase());
    this.listeners.delete(endpoint.toLowerCase());
    await (await listener)?.close();
  }
}

export function gatewaysOf(world: AzureWorld): Gateways {
  return world.part("batch endpoints", () => new Gateways(world));
}

function application(world: AzureWorld, endpointName: string): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(jsonBody());
  app.post("/jobs", (request, response) => {
    response.setHeader("Server", "azureml-frontdoor");
    response.setHeader("X-Request-ID", String(request.headers["x-request-id"] ?? randomUUID()));
    const caller = world.directory.check(request.headers.authorization, [world.environment.machineLearning]);
    if (!caller.hasAccess) throw new ArmError(403, "Forbidden", "The caller may not invoke this endpoint.");
    const endpoint = batchEndpointsOf(world).get(endpointName);
    const asked = request.headers["azureml-model-deployment"];
    const name = typeof asked === "string" ? asked : endpoint?.defaultDeployment;
    const deployment =
      name === null || name === undefined
        ? undefined
        : batchDeploymentsOf(world).get(`${endpointName}/${name.toLowerCase()}`);
    // Words not recorded; that there is a 404 without a default deployment is documented (docs/facts/azureml-services.md#6.4).
    if (deployment === undefined) {
      throw new ArmError(404, "NotFound", `The endpoint has no deployment ${name ?? "by default"}.`);
    }
    const job = invoke(world, deployment, bodyOf(request), submitterOf(world, caller));
    response.setHeader("azureml-model-deployment", deployment.name);
    response.setHeader(
      "Location",
      `${world.urls.api}/mferp/managementfrontend${world.workspaceId}/batchEndpoints/${endpointName}/deployments/${deployment.name}?api-version=2020-09-01-dataplanepreview`,
    );
    response.status(201).json(batchJobBody(world, job, deployment));
  });
  app.use((request) => {
    throw new ArmError(404, "NotFound", `There is nothing at ${request.path}.`);
  });
  app.use(errorAnswer(world.location, () => `${world.urls.login}/${world.tenantId}`));
  return app;
}
