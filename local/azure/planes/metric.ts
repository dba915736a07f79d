// Azure ML's own metric service (docs/facts/azureml-services.md#5.3): the metrics of a run, as MLflow logged them.
import { type Express, Router } from "express";
import { dataPlaneError } from "../arm/data-plane-error.ts";
import { timestamp } from "../arm/envelope.ts";
import { notImplemented } from "../arm/errors.ts";
import { bodyOf, jsonBody, parameter } from "../arm/router.ts";
import { jobService } from "../jobs/service.ts";
import type { Metric } from "../tracking/store.ts";
import type { AzureWorld } from "../world/world.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

export function mount(app: Express, world: AzureWorld): void {
  const metric = Router({ mergeParams: true });
  metric.use(inWorkspace(world), jsonBody());
  // `list` gives the last value of each metric, `full` and `sample` all of them; the two latter alike here.
  metric.post("/runs/:run/:form", (request, response, next) => {
    const form = parameter(request, "form");
    if (!/^(full|list|sample)$/.test(form)) return next();
    const { tracking } = jobService(world);
    const run = tracking.runs.get(parameter(request, "run"));
    if (run === undefined) {
      const message = `Run ${parameter(request, "run")} was not found.`;
      const body = dataPlaneError(world, { code: "UserError", message, inner: "NotFoundError" }, "metric");
      response.status(404).json({ ...body, statusCode: 404 });
      return;
    }
    const { metricName: wanted, ...others } = bodyOf(request);
    const unbuilt = Object.keys(others).find((key) => others[key] !== null && others[key] !== "");
    if (unbuilt !== undefined) throw notImplemented(`${unbuilt} of the metric service`);
    const names = new Set(tracking.visibleMetrics(run).map(({ key }) => key));
    const value = [...names]
      .filter((name) => typeof wanted !== "string" || name === wanted)
      .map((name) =>
        series(
          run.id,
          name,
          form === "list"
            ? tracking.latestMetrics(run).filter(({ key }) => key === name)
            : tracking.visibleMetrics(run, name),
        ),
      );
    response.json({ value, continuationToken: null });
  });
  app.use(`/metric/v2.0${workspacePath}`, metric);
}

function series(run: string, name: string, metrics: readonly Metric[]): object {
  return {
    dataContainerId: `dcid.${run}`,
    name,
    columns: { [name]: "Double" },
    namespace: null,
    properties: { uxMetricType: "azureml.v1.scalar" },
    value: metrics.map((metric, index) => ({
      metricId: `${run}/${name}/${index}`,
      createdUtc: timestamp(metric.timestamp),
      step: metric.step,
      data: { [name]: Number.isFinite(metric.value) ? metric.value : String(metric.value) },
    })),
  };
}
