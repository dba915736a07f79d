// Run data of MLflow: metrics, parameters, tags, inputs and models; and a run's artifacts, listed.
import { randomUUID } from "node:crypto";
import { jobService } from "../jobs/service.ts";
import { runFolder } from "../records/job.ts";
import type { Metric, Run, TrackingStore } from "../tracking/store.ts";
import type { AzureWorld } from "../world/world.ts";
import { holdCount, holdLength, holdTags } from "./mlflow-limits.ts";
import {
  integerOf,
  invalid,
  type Mounting,
  missing,
  numberOf,
  onlyFields,
  pageOf,
  pairsOf,
  text,
} from "./mlflow-protocol.ts";
import { artifactUri, existingRun, showMetric } from "./mlflow-runs.ts";

type Sent = Record<string, unknown>;

export function mountRunData(on: Mounting, world: AzureWorld, tracking: TrackingStore): void {
  const existing = (sent: Sent) => existingRun(tracking, sent);
  /** All of it or nothing: what is refused leaves no half behind. */
  const log = (run: Run, metrics: readonly Sent[], parameters: Sent["params"], tags: Sent["tags"]) => {
    const read = metrics.map((metric) => readMetric(metric, world.clock.now()));
    const [newParameters, newTags] = [pairsOf(parameters), pairsOf(tags)];
    holdMetrics(run, read);
    holdParameters(run, newParameters);
    holdTags("RunDto", run.tags, newTags);
    for (const metric of read) tracking.logMetric(run, metric);
    Object.assign(run.parameters, newParameters);
    for (const [key, value] of Object.entries(newTags)) setTag(world, run, key, value);
    tracking.changed();
    return {};
  };
  const list = (value: unknown): Sent[] => (Array.isArray(value) ? (value as Sent[]) : []);

  on("post", "/runs/log-metric", (sent) => log(existing(sent), [sent], [], []));
  on("post", "/runs/log-parameter", (sent) => log(existing(sent), [], [pair(sent)], []));
  on("post", "/runs/set-tag", (sent) => log(existing(sent), [], [], [pair(sent)]));
  on("post", "/runs/log-batch", (sent) => log(existing(sent), list(sent["metrics"]), sent["params"], sent["tags"]));
  // azureml-mlflow's asynchronous logging: what was logged is there at once, so its status is always complete.
  on("post", "/runs/log-batch-async", (sent) => {
    log(existing(sent), list(sent["metrics"]), sent["params"], sent["tags"]);
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
  on("post", "/runs/delete-tag", (sent) => {
    const run = existing(sent);
    const key = text(sent, "key");
    if (!(key in run.tags)) throw missing(`No tag with name: ${key} in run with id ${run.id}`);
    setTag(world, run, key, undefined);
    tracking.changed();
    return {};
  });

  on("get", "/metrics/get-history", (sent) => {
    onlyFields(sent, ["run_id", "run_uuid", "metric_key", "page_token", "max_results"]);
    return pageOf("metrics", tracking.visibleMetrics(existing(sent), text(sent, "metric_key")).map(showMetric), sent);
  });
  on("get", "/artifacts/list", async (sent) => {
    const run = existing(sent);
    return { root_uri: artifactUri(world, run), files: await listArtifacts(world, run.id, String(sent["path"] ?? "")) };
  });
}

function pair(sent: Sent): object {
  return { key: text(sent, "key"), value: sent["value"] };
}

function readMetric(sent: Sent, now: number): Omit<Metric, "visibleAt"> {
  const value = numberOf(sent["value"], true);
  if (value === undefined)
    throw invalid(`Invalid value ${JSON.stringify(sent["value"])} for metric '${String(sent["key"])}'`);
  const timestamp = Number(integerOf(sent, "timestamp") ?? now);
  return { key: text(sent, "key"), value, timestamp, step: integerOf(sent, "step") ?? 0 };
}

function holdMetrics(run: Run, added: readonly { readonly key: string }[]): void {
  const rows = new Map<string, number>();
  for (const { key } of added) rows.set(key, (rows.get(key) ?? 0) + 1);
  for (const [key, count] of rows) {
    holdLength("MetricV2Dto.Name/Length", key);
    holdCount("MetricV2Dto.Value/Count", count);
  }
  if (rows.size === 0) return;
  holdCount("RunDto.MetricNames/Count", new Set([...run.metrics.map(({ key }) => key), ...rows.keys()]).size);
}

function holdParameters(run: Run, added: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(added)) {
    const before = run.parameters[key];
    if (before !== undefined && before !== value)
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' for run ID='${run.id}'. Attempted logging new value '${value}'.`,
      );
  }
  holdCount("Parameters", new Set([...Object.keys(run.parameters), ...Object.keys(added)]).size);
}

/** A job and its run have the same tags, but for MLflow's own. */
function setTag(world: AzureWorld, run: Run, key: string, value: string | undefined): void {
  const job = run.ofJob && !key.startsWith("mlflow.") ? jobService(world).get(run.id) : undefined;
  for (const tags of job === undefined ? [run.tags] : [run.tags, job.tags]) {
    if (value === undefined) delete tags[key];
    else tags[key] = value;
  }
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
