// MLflow's experiments: what jobs name by `experimentName`, found, made, searched and retired.
import type { FilterSubject, Searched } from "../tracking/filters.ts";
import type { Experiment, TrackingStore } from "../tracking/store.ts";
import { holdLength, holdTags } from "./mlflow-limits.ts";
import {
  MlflowError,
  type Mounting,
  missing,
  notSupported,
  onlyFields,
  pageOf,
  pairs,
  pairsOf,
  text,
  viewOf,
} from "./mlflow-protocol.ts";
import { searching } from "./mlflow-search.ts";

/** Attributes and the tag's operator are the documentation's; that others are refused as for runs is inferred. */
const searched: Searched = {
  attributes: { name: "text", experiment_id: "id", creation_time: "number", last_update_time: "number" },
  groups: { tag: ["="] },
  orders: ["name", "experiment_id", "creation_time", "last_update_time"],
};

export function mountExperiments(on: Mounting, tracking: TrackingStore): void {
  const existing = (sent: Record<string, unknown>): Experiment => {
    const id = text(sent, "experiment_id");
    const experiment = tracking.experiment(id);
    if (experiment === undefined) throw missing(`No Experiment with id=${id} exists`);
    return experiment;
  };
  on("get", "/experiments/get-by-name", (sent) => {
    const name = text(sent, "experiment_name");
    const experiment = isFound(name) ? tracking.experimentByName(name) : undefined;
    if (experiment === undefined) throw missing(`Could not find experiment with name '${name}'`);
    return { experiment: showExperiment(experiment) };
  });
  on("get", "/experiments/get", (sent) => ({ experiment: showExperiment(existing(sent)) }));
  on("post", "/experiments/create", (sent) => {
    const name = text(sent, "name");
    const tags = pairsOf(sent["tags"]);
    holdLength("ExperimentDto.Name/Length", name);
    holdTags("ExperimentDto", {}, tags);
    if (tracking.experimentByName(name)) {
      throw new MlflowError(400, "RESOURCE_ALREADY_EXISTS", `Experiment '${name}' already exists.`);
    }
    return { experiment_id: tracking.addExperiment(name, tags).id };
  });
  const search = (sent: Record<string, unknown>) => {
    onlyFields(sent, ["max_results", "page_token", "filter", "order_by", "view_type"]);
    const choose = searching(sent, searched, field);
    const isShown = viewOf(sent["view_type"]);
    const newest = [...tracking.experiments.values()]
      .filter((one) => isFound(one.name) && isShown(one.lifecycle))
      .sort((one, other) => other.created - one.created);
    const found = choose(newest);
    return pageOf("experiments", found.map(showExperiment), sent);
  };
  on("get", "/experiments/search", search);
  on("post", "/experiments/search", search);
  on("post", "/experiments/set-experiment-tag", (sent) => {
    const { tags } = existing(sent);
    const added = { [text(sent, "key")]: String(sent["value"] ?? "") };
    holdTags("ExperimentDto", tags, added);
    Object.assign(tags, added);
    tracking.changed();
    return {};
  });
  on("post", "/experiments/update", (sent) => {
    existing(sent);
    throw notSupported("renaming experiments");
  });
  const lifecycle = (state: Experiment["lifecycle"]) => (sent: Record<string, unknown>) => {
    existing(sent).lifecycle = state;
    tracking.changed();
    return {};
  };
  on("post", "/experiments/delete", lifecycle("deleted"));
  on("post", "/experiments/restore", lifecycle("active"));
}

/** A name with a slash can be made and read by its id, and is found neither by name nor by a search: a public report. */
function isFound(name: string): boolean {
  return !name.includes("/");
}

function field(experiment: Experiment, { group, key }: FilterSubject): string | number | undefined {
  if (group === "tag") return experiment.tags[key];
  const { name, id, created, lastUpdated } = experiment;
  return { name, experiment_id: id, creation_time: created, last_update_time: lastUpdated }[key];
}

function showExperiment(experiment: Experiment): object {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: "",
    lifecycle_stage: experiment.lifecycle,
    last_update_time: experiment.lastUpdated,
    creation_time: experiment.created,
    tags: pairs(experiment.tags),
  };
}
