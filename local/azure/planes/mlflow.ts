// MLflow's REST API under both prefixes that azureml-mlflow uses (docs/facts/azureml-services.md#5.5): what is mounted, and how it says no.
import { type Express, type NextFunction, type Request, type RequestHandler, type Response, Router } from "express";
import { jobService } from "../jobs/service.ts";
import { FilterError } from "../tracking/filters.ts";
import type { AzureWorld } from "../world/world.ts";
import { mountExperiments } from "./mlflow-experiments.ts";
import { mountModels } from "./mlflow-models.ts";
import { type Answer, errorBody, exactBody, invalid, MlflowError, type Mounting } from "./mlflow-protocol.ts";
import { mountRunData } from "./mlflow-run-data.ts";
import { mountRuns } from "./mlflow-runs.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

export function mount(app: Express, world: AzureWorld): void {
  const routes = Router({ mergeParams: true });
  routes.use(inWorkspace(world), ...exactBody());
  const on: Mounting = (method, path, answer) => void routes[method](path, answering(answer));
  const { tracking } = jobService(world);
  mountExperiments(on, tracking);
  mountRuns(on, world, tracking);
  mountRunData(on, world, tracking);
  mountModels(on, world);
  // What the service lacks, as public reports have it: logged models are an empty 404, traces a 403 of which no body is told.
  routes.all(/^\/logged-models(\/|$)/, empty(404));
  routes.all(/^\/traces(\/|$)/, empty(403));
  routes.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const known = error instanceof FilterError ? invalid(error.message) : error;
    if (!(known instanceof MlflowError)) return next(error);
    response.status(known.status).json(errorBody(world, known));
  });
  for (const version of ["v1.0", "v2.0"]) {
    app.use(`/mlflow/${version}${workspacePath}/api/2.0/mlflow`, routes);
    // Where azureml-mlflow's own service definition has its two extra calls.
    app.use(`/mlflow/${version}${workspacePath}/api/2.0/preview/mlflow`, routes);
    // MLflow 3 asks for traces in its own version of the API.
    app.all(new RegExp(`^/mlflow/${version}/subscriptions/.*/api/3\\.0/mlflow/traces(/|$)`, "i"), empty(403));
  }
}

function empty(status: number): RequestHandler {
  return (_request, response) => void response.status(status).end();
}

function answering(answer: (sent: Record<string, unknown>, request: Request) => Answer): RequestHandler {
  return async (request, response) => {
    response.json(await answer({ ...request.query, ...(request.body as object) }, request));
  };
}
