// The listeners of batch endpoints: POST /jobs with a token for Azure ML, as the scoring URI wants it (docs/facts/azureml-wire.md#13).
import { randomUUID } from "node:crypto";
import express from "express";
import { ArmError, authorizationFailed } from "../arm/errors.ts";
import { mayDo } from "../arm/roles.ts";
import { bodyOf, errorAnswer, jsonBody } from "../arm/router.ts";
import { submitterOf } from "../jobs/submitter.ts";
import { batchDeploymentsOf, batchEndpointsOf } from "../records/batch-endpoint.ts";
import { Listeners } from "../world/listeners.ts";
import type { AzureWorld } from "../world/world.ts";
import { invoke } from "./invoke.ts";
import { batchJobBody } from "./shape.ts";

/** Listeners of batch endpoints, by name. */
const listenersOf = (world: AzureWorld): Listeners =>
  world.part("batch endpoints", () => new Listeners(world, "batch endpoint"));

/** Starts the endpoint's listener if there is none; its URL without a trailing slash. */
export function openBatchEndpoint(world: AzureWorld, endpoint: string): Promise<string> {
  return listenersOf(world).open(endpoint, (name) => application(world, name));
}

export function closeBatchEndpoint(world: AzureWorld, endpoint: string): Promise<void> {
  return listenersOf(world).close(endpoint);
}

function application(world: AzureWorld, endpointName: string): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(jsonBody());
  app.post("/jobs", async (request, response) => {
    response.setHeader("Server", "azureml-frontdoor");
    response.setHeader("X-Request-ID", String(request.headers["x-request-id"] ?? randomUUID()));
    const caller = world.directory.check(request.headers.authorization, [world.environment.machineLearning]);
    // Of the actions that Microsoft's page on authorization of batch endpoints lists, the one that begins a run; which of them are asked
    // for is not known.
    const action = "Microsoft.MachineLearningServices/workspaces/experiments/runs/submit/action";
    if (!mayDo(caller, action)) throw authorizationFailed(caller.clientId, caller.objectId, action, world.workspaceId);
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
    // A deployment in any state is invoked: what the service answers while one is not ready is not known (docs/facts/azureml-services.md#6.4).
    const job = await invoke(world, deployment, bodyOf(request), submitterOf(world, caller));
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
