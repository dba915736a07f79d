// MLflow's runs: made, renamed, ended, retired, shown and searched. A job is one, and its state is the service's to say.
import { randomBytes, randomInt } from "node:crypto";
import { jobService } from "../jobs/service.ts";
import type { FilterSubject, Searched } from "../tracking/filters.ts";
import type { Metric, Run, RunStatus, TrackingStore } from "../tracking/store.ts";
import type { AzureWorld } from "../world/world.ts";
import { holdLength, holdTags } from "./mlflow-limits.ts";
import {
  integerOf,
  invalid,
  type Mounting,
  missing,
  onlyFields,
  pageOf,
  pairs,
  pairsOf,
  text,
  textsOf,
  viewOf,
} from "./mlflow-protocol.ts";
import { searching } from "./mlflow-search.ts";

const statuses: readonly RunStatus[] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/**
 * The documentation's: attributes with `creation_time` and `duration`, a status in any case, `=`, `!=` and `LIKE` for parameters, no
 * `!=` for tags, and no order but by attributes. A public report: no `LIKE` for tags.
 */
const searched: Searched = {
  attributes: {
    run_id: "id",
    run_name: "text",
    status: "choice",
    user_id: "text",
    artifact_uri: "text",
    start_time: "number",
    end_time: "number",
    creation_time: "number",
    duration: "number",
  },
  aliases: { created: "start_time", Created: "start_time", "run name": "run_name", "Run name": "run_name" },
  choices: statuses,
  groups: { metric: ["=", "!=", ">", ">=", "<", "<="], parameter: ["=", "!=", "LIKE", "ILIKE"], tag: ["="] },
  orders: [
    "run_id",
    "run_name",
    "status",
    "user_id",
    "artifact_uri",
    "start_time",
    "end_time",
    "creation_time",
    "duration",
  ],
};

/** The run that a request names. @throws MlflowError RESOURCE_DOES_NOT_EXIST */
export function existingRun(tracking: TrackingStore, sent: Record<string, unknown>): Run {
  const id = text(sent["run_id"] ? sent : { run_id: sent["run_uuid"] }, "run_id");
  const run = tracking.runs.get(id);
  if (run === undefined) throw missing(`Run with id=${id} was not found`);
  return run;
}

export function mountRuns(on: Mounting, world: AzureWorld, tracking: TrackingStore): void {
  const existing = (sent: Record<string, unknown>) => existingRun(tracking, sent);
  const show = (run: Run) => ({
    info: showInfo(world, run),
    data: showData(tracking, run),
    inputs: { dataset_inputs: run.inputs ?? [] },
  });

  on("post", "/runs/create", (sent) => {
    const experiment = tracking.experiment(String(sent["experiment_id"] || "0"));
    if (experiment === undefined) throw missing(`No Experiment with id=${String(sent["experiment_id"])} exists`);
    const tags = withoutSource(pairsOf(sent["tags"]));
    const name = String(sent["run_name"] || tags["mlflow.runName"] || newName());
    holdLength("RunDto.DisplayName/Length", name);
    holdTags("RunDto", {}, tags);
    const run = tracking.addRun({
      experimentId: experiment.id,
      name,
      userId: String(sent["user_id"] ?? ""),
      startTime: Number(integerOf(sent, "start_time") ?? world.clock.now()),
      created: world.clock.now(),
      tags: { ...tags, "mlflow.runName": name },
    });
    run.tags["mlflow.rootRunId"] ??= rootOf(tracking, run);
    return { run: show(run) };
  });
  on("get", "/runs/get", (sent) => ({ run: show(existing(sent)) }));
  on("post", "/runs/update", (sent) => {
    const run = existing(sent);
    const asked = sent["status"] === undefined ? undefined : String(sent["status"]).toUpperCase();
    const status = statuses.find((one) => one === asked);
    if (asked !== undefined && status === undefined)
      throw invalid(`Invalid run status '${asked}'. Valid values are '${statuses.join("', '")}'.`);
    const end = integerOf(sent, "end_time");
    const name = typeof sent["run_name"] === "string" ? sent["run_name"] : "";
    holdLength("RunDto.DisplayName/Length", name);
    // A job's own state is the service's to say (docs/facts/azureml-services.md#5.5: clients skip this for it).
    if (!run.ofJob) {
      run.status = status ?? run.status;
      if (end !== undefined) run.endTime = Number(end);
    }
    const job = jobService(world).get(run.id);
    if (name !== "" && job !== undefined) jobService(world).update(job, { displayName: name });
    else if (name !== "") Object.assign(run, { name }).tags["mlflow.runName"] = name;
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
    onlyFields(sent, ["experiment_ids", "filter", "run_view_type", "max_results", "order_by", "page_token"]);
    const wanted = textsOf(sent["experiment_ids"]).map((id) => {
      const experiment = tracking.experiment(id);
      // Whether the service refuses this is not known; that it silently finds nothing must not be relied on.
      if (experiment === undefined) throw missing(`No Experiment with id=${id} exists`);
      return experiment.id;
    });
    const choose = searching(sent, searched, (run: Run, subject) => fieldOf(world, tracking, run, subject));
    const isShown = viewOf(sent["run_view_type"]);
    const newest = [...tracking.runs.values()]
      .filter((run) => wanted.includes(run.experimentId) && isShown(run.lifecycle))
      .sort((one, other) => other.startTime - one.startTime);
    const found = choose(newest);
    return pageOf("runs", found.map(show), sent);
  });
}

/** The service drops these where a run is created, and takes them later one by one: a public report. */
function withoutSource(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith("mlflow.source.")));
}

/** The run at the top of nested ones. A parent that is not known here counts as the top. */
function rootOf(tracking: TrackingStore, run: Run): string {
  const parent = run.tags["mlflow.parentRunId"];
  if (parent === undefined) return run.id;
  return tracking.runs.get(parent)?.tags["mlflow.rootRunId"] ?? parent;
}

/** A name as the service makes one up, such as `amber_fox_k3j9x2m4`. Form known from names of jobs, words our own. */
function newName(): string {
  const of = (words: string) => words.split(" ")[randomInt(words.split(" ").length)];
  const tail = BigInt(`0x${randomBytes(6).toString("hex")}`)
    .toString(36)
    .padStart(8, "0")
    .slice(-8);
  return `${of("amber brisk calm clever gentle honest lively mellow olive patient quiet silver")}_${of(
    "apple bridge cloud drum engine fox garden harbor island lamp needle river",
  )}_${tail}`;
}

/** docs/facts/azureml-services.md#5.6 has the ends of this URI; what stands between host and scope is not verified against live Azure. */
export function artifactUri(world: AzureWorld, run: Run): string {
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
  return {
    metrics: tracking.latestMetrics(run).map(showMetric),
    params: pairs(run.parameters),
    tags: pairs(run.tags),
  };
}

/** JSON has no NaN: it is written as a string, as protocol buffers do. A value that was stored as none stays none. */
export function showMetric({ key, value, timestamp, step }: Metric): object {
  const shown = typeof value !== "number" || Number.isFinite(value) ? value : String(value);
  return { key, value: shown, timestamp, step };
}

function fieldOf(
  world: AzureWorld,
  tracking: TrackingStore,
  run: Run,
  { group, key }: FilterSubject,
): string | number | undefined {
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
        artifact_uri: artifactUri(world, run),
        start_time: run.startTime,
        end_time: run.endTime,
        creation_time: jobService(world).get(run.id)?.created ?? run.created ?? run.startTime,
        // In milliseconds; a run that goes on has none, as in run history.
        duration: run.endTime === undefined ? undefined : run.endTime - run.startTime,
      };
      return attributes[key];
    }
  }
}
