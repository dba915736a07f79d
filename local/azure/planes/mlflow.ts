// MLflow's REST API under both prefixes that azureml-mlflow uses (facts/03 §5.5): experiments, runs, metrics, artifacts.
import { randomUUID } from "node:crypto";
import { type Express, type NextFunction, type Request, type RequestHandler, type Response, Router } from "express";
import { jsonBody } from "../arm/router.ts";
import { jobBoard } from "../jobs/board.ts";
import { FilterError, type FilterSubject, parseFilter, parseOrdering, satisfies } from "../jobs/filters.ts";
import { runFolder } from "../jobs/record.ts";
import type { Metric, Run, TrackingStore } from "../jobs/tracking.ts";
import type { AzureWorld } from "../world.ts";
import { mountExperiments } from "./mlflow-experiments.ts";
import { mountModels } from "./mlflow-models.ts";
import {
  type Answer,
  inView,
  MlflowError,
  type Mounting,
  missing,
  numberOf,
  pageOf,
  pairsOf,
  text,
  textsOf,
} from "./mlflow-protocol.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

export function mount(app: Express, world: AzureWorld): void {
  const routes = Router({ mergeParams: true });
  routes.use(inWorkspace(world), jsonBody());
  const on: Mounting = (method, path, answer) => void routes[method](path, answering(answer));
  mountExperiments(on, jobBoard(world).tracking);
  mountRuns(on, world, jobBoard(world).tracking);
  mountModels(on, world);
  routes.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const known = error instanceof FilterError ? new MlflowError(400, "INVALID_PARAMETER_VALUE", error.message) : error;
    if (!(known instanceof MlflowError)) return next(error);
    response.status(known.status).json({ error_code: known.code, message: known.message });
  });
  for (const version of ["v1.0", "v2.0"]) {
    app.use(`/mlflow/${version}${workspacePath}/api/2.0/mlflow`, routes);
    // Where azureml-mlflow's own service definition has its two extra calls.
    app.use(`/mlflow/${version}${workspacePath}/api/2.0/preview/mlflow`, routes);
  }
}

function answering(answer: (sent: Record<string, unknown>, request: Request) => Answer): RequestHandler {
  return async (request, response) => {
    const body = (request.body ?? {}) as Record<string, unknown>;
    response.json(await answer({ ...request.query, ...body }, request));
  };
}

function mountRuns(on: Mounting, world: AzureWorld, tracking: TrackingStore): void {
  const show = (run: Run) => ({
    info: showInfo(world, run),
    data: showData(tracking, run),
    inputs: { dataset_inputs: run.inputs ?? [] },
  });
  const existing = (sent: Record<string, unknown>): Run => {
    const id = text(sent["run_id"] ? sent : { run_id: sent["run_uuid"] }, "run_id");
    const run = tracking.runs.get(id);
    if (run === undefined) throw missing(`Run with id=${id} was not found`);
    return run;
  };

  on("post", "/runs/create", (sent) => {
    const experiment = tracking.experiment(String(sent["experiment_id"] || "0"));
    if (experiment === undefined) throw missing(`No Experiment with id=${String(sent["experiment_id"])} exists`);
    const tags = pairsOf(sent["tags"]);
    const name = String(sent["run_name"] || tags["mlflow.runName"] || "run");
    const run = tracking.addRun({
      experimentId: experiment.id,
      name,
      userId: String(sent["user_id"] ?? ""),
      startTime: numberOf(sent["start_time"]) ?? world.clock.now(),
      tags: { "mlflow.runName": name, ...tags },
    });
    run.tags["mlflow.rootRunId"] ??= run.id;
    return { run: show(run) };
  });
  on("get", "/runs/get", (sent) => ({ run: show(existing(sent)) }));
  on("post", "/runs/update", (sent) => {
    const run = existing(sent);
    // A job's own state is the service's to say (facts/03 §5.5: clients skip this for it).
    if (!run.ofJob) {
      if (typeof sent["status"] === "string") run.status = sent["status"] as Run["status"];
      const end = numberOf(sent["end_time"]);
      if (end !== undefined) run.endTime = end;
    }
    if (typeof sent["run_name"] === "string" && sent["run_name"] !== "") {
      run.name = sent["run_name"];
      run.tags["mlflow.runName"] = run.name;
    }
    tracking.changed();
    return { run_info: showInfo(world, run) };
  });
  for (const [verb, state] of [
    ["delete", "deleted"],
    ["restore", "active"],
  ] as const) {
    on("post", `/runs/${verb}`, (sent) => {
      existing(sent).lifecycle = state;
      tracking.changed();
      return {};
    });
  }
  on("post", "/runs/search", (sent) => {
    const wanted = new Set(textsOf(sent["experiment_ids"]).map((id) => tracking.experiment(id)?.id));
    const clauses = parseFilter(sent["filter"] as string | undefined);
    const view = String(sent["run_view_type"] ?? "ACTIVE_ONLY");
    const found = [...tracking.runs.values()].filter(
      (run) =>
        wanted.has(run.experimentId) &&
        inView(run.lifecycle, view) &&
        clauses.every((clause) => satisfies(clause, field(tracking, run, clause))),
    );
    found.sort((one, other) => other.startTime - one.startTime);
    for (const ordering of textsOf(sent["order_by"]).map(parseOrdering).reverse()) {
      found.sort(
        (one, other) =>
          (ordering.descending ? -1 : 1) * compare(field(tracking, one, ordering), field(tracking, other, ordering)),
      );
    }
    return pageOf("runs", found.map(show), sent);
  });

  on("post", "/runs/log-metric", (sent) => {
    logMetric(tracking, existing(sent), sent, world.clock.now());
    return {};
  });
  on("post", "/runs/log-parameter", (sent) => {
    setParameter(existing(sent), text(sent, "key"), String(sent["value"] ?? ""));
    tracking.changed();
    return {};
  });
  const logBatch = (sent: Record<string, unknown>) => {
    const run = existing(sent);
    for (const metric of (sent["metrics"] ?? []) as Record<string, unknown>[])
      logMetric(tracking, run, metric, world.clock.now());
    for (const [key, value] of Object.entries(pairsOf(sent["params"]))) setParameter(run, key, value);
    for (const [key, value] of Object.entries(pairsOf(sent["tags"]))) setTag(world, run, key, value);
    tracking.changed();
  };
  on("post", "/runs/log-batch", (sent) => {
    logBatch(sent);
    return {};
  });
  // azureml-mlflow's asynchronous logging: what was logged is there at once, so its status is always complete.
  on("post", "/runs/log-batch-async", (sent) => {
    logBatch(sent);
    return { batch_tracking_id: randomUUID() };
  });
  on("get", "/runs/get-run-data-status", (sent) => {
    existing(sent);
    return { is_complete: true };
  });
  on("post", "/runs/log-inputs", (sent) => {
    const run = existing(sent);
    run.inputs = [...(run.inputs ?? []), ...((sent["datasets"] ?? []) as object[])];
    tracking.changed();
    return {};
  });
  // MLflow's server keeps the history of a run's models in this tag.
  on("post", "/runs/log-model", (sent) => {
    const run = existing(sent);
    const history = JSON.parse(run.tags["mlflow.log-model.history"] ?? "[]") as unknown[];
    run.tags["mlflow.log-model.history"] = JSON.stringify([...history, JSON.parse(text(sent, "model_json"))]);
    tracking.changed();
    return {};
  });
  on("post", "/runs/set-tag", (sent) => {
    setTag(world, existing(sent), text(sent, "key"), String(sent["value"] ?? ""));
    tracking.changed();
    return {};
  });
  on("post", "/runs/delete-tag", (sent) => {
    const run = existing(sent);
    const key = text(sent, "key");
    if (!(key in run.tags)) throw missing(`No tag with name: ${key} in run with id ${run.id}`);
    setTag(world, run, key, undefined);
    tracking.changed();
    return {};
  });

  on("get", "/metrics/get-history", (sent) =>
    pageOf("metrics", tracking.visibleMetrics(existing(sent), text(sent, "metric_key")).map(showMetric), sent),
  );
  on("get", "/artifacts/list", async (sent) => {
    const run = existing(sent);
    return { root_uri: artifactUri(world, run), files: await listArtifacts(world, run.id, String(sent["path"] ?? "")) };
  });
}

/** Files and folders directly below `path` of a run's folder, as MLflow lists them. */
async function listArtifacts(world: AzureWorld, run: string, path: string): Promise<object[]> {
  const root = runFolder(run);
  const below = path.replace(/^\/+|\/+$/g, "");
  const prefix = below === "" ? root : `${root}${below}/`;
  const folders = new Set<string>();
  const files: object[] = [];
  for (const blob of await world.blobs.list("azureml", prefix)) {
    const rest = blob.name.slice(prefix.length);
    const slash = rest.indexOf("/");
    if (slash >= 0) folders.add(`${prefix.slice(root.length)}${rest.slice(0, slash)}`);
    else files.push({ path: blob.name.slice(root.length), is_dir: false, file_size: blob.size });
  }
  return [...[...folders].map((folder) => ({ path: folder, is_dir: true })), ...files];
}

function logMetric(tracking: TrackingStore, run: Run, sent: Record<string, unknown>, now: number): void {
  const value = numberOf(sent["value"], true);
  if (value === undefined)
    throw new MlflowError(
      400,
      "INVALID_PARAMETER_VALUE",
      `Invalid value ${JSON.stringify(sent["value"])} for metric '${String(sent["key"])}'`,
    );
  const step = numberOf(sent["step"]) ?? 0;
  tracking.logMetric(run, { key: text(sent, "key"), value, timestamp: numberOf(sent["timestamp"]) ?? now, step });
}

function setParameter(run: Run, key: string, value: string): void {
  const before = run.parameters[key];
  if (before !== undefined && before !== value) {
    throw new MlflowError(
      400,
      "INVALID_PARAMETER_VALUE",
      `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' for run ID='${run.id}'. Attempted logging new value '${value}'.`,
    );
  }
  run.parameters[key] = value;
}

/** A job and its run have the same tags, but for MLflow's own. */
function setTag(world: AzureWorld, run: Run, key: string, value: string | undefined): void {
  const job = run.ofJob && !key.startsWith("mlflow.") ? jobBoard(world).get(run.id) : undefined;
  for (const tags of job === undefined ? [run.tags] : [run.tags, job.tags]) {
    if (value === undefined) delete tags[key];
    else tags[key] = value;
  }
}

/** facts/03 §5.6 has the ends of this URI; what stands between host and scope is not verified against live Azure. */
function artifactUri(world: AzureWorld, run: Run): string {
  const host = world.urls.api.replace(/^https?:\/\//, "");
  return `azureml://${host}/mlflow/v2.0${world.workspaceId}/experiments/${run.experimentId}/runs/${run.id}/artifacts`;
}

function showInfo(world: AzureWorld, run: Run): object {
  return {
    run_id: run.id,
    run_uuid: run.id,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: run.userId,
    status: run.status,
    start_time: run.startTime,
    ...(run.endTime === undefined ? {} : { end_time: run.endTime }),
    artifact_uri: artifactUri(world, run),
    lifecycle_stage: run.lifecycle,
  };
}

function showData(tracking: TrackingStore, run: Run): object {
  const pairs = (record: Record<string, string>) => Object.entries(record).map(([key, value]) => ({ key, value }));
  return { metrics: tracking.latestMetrics(run).map(showMetric), params: pairs(run.parameters), tags: pairs(run.tags) };
}

/** JSON has no NaN: it is written as a string, as protocol buffers do. A value that was stored as none stays none. */
function showMetric({ key, value, timestamp, step }: Metric): object {
  const shown = typeof value !== "number" || Number.isFinite(value) ? value : String(value);
  return { key, value: shown, timestamp, step };
}

function field(tracking: TrackingStore, run: Run, { group, key }: FilterSubject): string | number | undefined {
  switch (group) {
    case "metric":
      return tracking.latestMetrics(run).find((metric) => metric.key === key)?.value;
    case "parameter":
      return run.parameters[key];
    case "tag":
      return run.tags[key];
    case "attribute": {
      const attributes: Record<string, string | number | undefined> = {
        run_id: run.id,
        run_name: run.name,
        status: run.status,
        user_id: run.userId,
        start_time: run.startTime,
        end_time: run.endTime,
        created: run.startTime,
      };
      return attributes[key];
    }
  }
}

/** What is absent comes last in ascending order. */
function compare(one: string | number | undefined, other: string | number | undefined): number {
  if (one === other) return 0;
  if (one === undefined) return 1;
  if (other === undefined) return -1;
  return one < other ? -1 : 1;
}
