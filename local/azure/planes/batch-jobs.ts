// The jobs of a batch endpoint, listed on the data plane (docs/facts/azureml-services.md#6.4; the listing itself is in no recording).
import { type Express, type Request, type Response, Router } from "express";
import { parameter } from "../arm/router.ts";
import { batchJobBody } from "../batch/shape.ts";
import { jobService } from "../jobs/service.ts";
import { batchDeploymentsOf, type Invocation } from "../records/batch-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

export function mount(app: Express, world: AzureWorld): void {
  const routes = Router({ mergeParams: true });
  routes.use(inWorkspace(world));
  const list = (request: Request, response: Response) => {
    const [endpoint, deployment] = ["endpoint", "deployment"].map((name) => parameter(request, name).toLowerCase());
    const jobs = jobService(world)
      .own()
      .filter((job) => {
        const batch = job.body["batch"] as Invocation | undefined;
        return (
          batch !== undefined &&
          batch.endpoint === endpoint &&
          (deployment === "" || batch.deployment.toLowerCase() === deployment)
        );
      })
      .toReversed();
    const value = jobs.map((job) => {
      const batch = job.body["batch"] as Invocation;
      return batchJobBody(
        world,
        job,
        batchDeploymentsOf(world).get(`${batch.endpoint}/${batch.deployment.toLowerCase()}`),
      );
    });
    response.json({ value, nextLink: null });
  };
  routes.get("/batchEndpoints/:endpoint/jobs", list);
  routes.get("/batchEndpoints/:endpoint/deployments/:deployment/jobs", list);
  app.use(`/mferp/managementfrontend${workspacePath}`, routes);
}
