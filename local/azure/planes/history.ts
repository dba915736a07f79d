// Run history and the data service's URI look-up: what log streaming and output downloads ask (docs/facts/azureml-services.md#5.1, #5.4; docs/facts/azureml-wire.md#11).
import { type Express, type NextFunction, type Request, type Response, Router } from "express";
import { dataPlaneError } from "../arm/data-plane-error.ts";
import { bodyOf, jsonBody, parameter } from "../arm/router.ts";
import { findRun, type HistoryRun, resolvedAsset, runDetails, runMetadata } from "../jobs/history.ts";
import { jobService } from "../jobs/service.ts";
import type { AzureWorld } from "../world/world.ts";
import { holdLength, holdTags } from "./mlflow-limits.ts";
import { MlflowError } from "./mlflow-protocol.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

/** A refusal in the data plane's own form. */
class HistoryError extends Error {
  readonly status: number;
  readonly inner: string;
  readonly code: string;
  constructor(status: number, message: string, inner: string, code = "UserError") {
    super(message);
    this.status = status;
    this.inner = inner;
    this.code = code;
  }
}

/** Refuses what a request asks for and is not built: left out in silence, a filter would let everything through. */
function onlyBuilt(what: string, asked: Readonly<Record<string, unknown>>, built: readonly string[]): void {
  const key = Object.keys(asked).find((one) => !built.includes(one) && asked[one] !== null && asked[one] !== "");
  if (key !== undefined)
    throw new HistoryError(501, `local Azure has not built: ${key} of ${what}`, "NotImplemented", "NotImplemented");
}

export function mount(app: Express, world: AzureWorld): void {
  const history = Router({ mergeParams: true });
  history.use(inWorkspace(world), jsonBody());

  const existing = (id: string): HistoryRun => {
    const found = findRun(world, id);
    // The words are not verified against live Azure.
    if (found === undefined) throw new HistoryError(404, `Run ${id} was not found.`, "NotFoundError");
    return found;
  };

  history.get("/runs/:run", (request, response) => {
    response.json(runMetadata(world, existing(parameter(request, "run"))));
  });
  history.get("/runs/:run/details", (request, response) => {
    response.json(runDetails(world, existing(parameter(request, "run"))));
  });
  history.get("/runs/:run/children", (request, response) => {
    onlyBuilt("the child runs", request.query as Record<string, unknown>, ["api-version", "$top"]);
    const { run } = existing(parameter(request, "run"));
    const children = [...jobService(world).tracking.runs.values()].filter(
      (one) => one.tags["mlflow.parentRunId"] === run.id,
    );
    const top = Number(request.query["$top"] ?? children.length);
    if (!Number.isInteger(top) || top < 0) throw new HistoryError(400, "$top is no number of runs.", "BadArgument");
    response.json({ value: children.slice(0, top).map((one) => runMetadata(world, existing(one.id))) });
  });
  history.post("/rundata", (request, response) => {
    const body = bodyOf(request);
    const run = existing(String(body["runId"] ?? ""));
    response.json({
      runMetadata: runMetadata(world, run),
      // The definition of a command job was not recorded whole (docs/facts/azureml-wire.md#11.2), and nobody of ours reads it.
      runDefinition: null,
      jobSpecification: null,
      systemSettings: null,
    });
  });
  // What the studio's inline edits and the official Python client (1.35) send to re-tag, rename, archive and restore a job.
  // `hidden` is what the management plane calls isArchived. That tags and properties are merged is the client's own word.
  history.patch("/experiments/:experiment/runs/:run", (request, response) => {
    const found = existing(parameter(request, "run"));
    const experiment = parameter(request, "experiment");
    // The words are not verified against live Azure.
    if (jobService(world).tracking.experimentByName(experiment)?.id !== found.run.experimentId)
      throw new HistoryError(404, `Experiment ${experiment} has no run ${found.run.id}.`, "NotFoundError");
    edit(world, found, bodyOf(request));
    response.json(runMetadata(world, found));
  });
  // A colon in a route is a parameter's mark; the verb is therefore a parameter of its own.
  history.post("/experiments/:experiment/:verb", (request, response, next) => {
    if (parameter(request, "verb") !== "runs:query") return next();
    response.json(queryRuns(world, parameter(request, "experiment"), bodyOf(request)));
  });

  history.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (!(error instanceof HistoryError)) return next(error);
    const body = dataPlaneError(world, { code: error.code, message: error.message, inner: error.inner }, "run-history");
    response.status(error.status).json({ ...body, statusCode: error.status });
  });
  app.use(`/history/v1.0${workspacePath}`, history);

  const data = Router({ mergeParams: true });
  data.use(inWorkspace(world), jsonBody());
  data.post("/dataversion/batchGetResolvedUris", (request, response) => {
    const asked = (bodyOf(request)["values"] ?? []) as string[];
    const values = asked.flatMap((id) => {
      const found = resolvedAsset(world, id);
      return found === undefined ? [] : [[id, { ...found, legacyDatasetType: null }]];
    });
    response.json({ values: Object.fromEntries(values) });
  });
  app.use(`/data/v1.0${workspacePath}`, data);
}

const editable = ["displayName", "description", "hidden", "tags", "properties"];

function edit(world: AzureWorld, { run, job }: HistoryRun, body: Record<string, unknown>): void {
  onlyBuilt("the edit of a run", body, ["runId", ...editable]);
  const text = (key: string) => (typeof body[key] === "string" ? (body[key] as string) : undefined);
  const map = (key: string) => (body[key] ?? {}) as Record<string, string>;
  const { tracking } = jobService(world);
  try {
    holdLength("RunDto.DisplayName/Length", text("displayName") ?? "");
    holdTags("RunDto", job?.tags ?? run.tags, map("tags"));
  } catch (error) {
    if (!(error instanceof MlflowError)) throw error;
    throw new HistoryError(400, error.message, "BadArgument", error.family);
  }
  if (job === undefined) {
    Object.assign(run.tags, map("tags"));
    run.name = text("displayName") ?? run.name;
    tracking.changed();
    return;
  }
  jobService(world).update(job, {
    displayName: text("displayName") ?? job.displayName,
    description: text("description") ?? job.description,
    isArchived: typeof body["hidden"] === "boolean" ? body["hidden"] : job.isArchived,
    tags: { ...job.tags, ...map("tags") },
    properties: { ...job.properties, ...map("properties") },
  });
}

/** Newest first; filters and orders are not built and say so. */
function queryRuns(world: AzureWorld, experimentName: string, body: Record<string, unknown>): object {
  onlyBuilt("runs:query", body, ["top"]);
  const { tracking } = jobService(world);
  const experiment = tracking.experimentByName(experimentName);
  if (experiment === undefined)
    throw new HistoryError(404, `Experiment ${experimentName} was not found.`, "NotFoundError");
  const runs = [...tracking.runs.values()]
    .filter((run) => run.experimentId === experiment.id)
    .sort((one, other) => other.startTime - one.startTime);
  const top = typeof body["top"] === "number" ? body["top"] : runs.length;
  return { value: runs.slice(0, top).map((run) => runMetadata(world, { run, job: jobService(world).get(run.id) })) };
}
