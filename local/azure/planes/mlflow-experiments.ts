// MLflow's experiments: what jobs name by `experimentName`, found, made, searched and retired.
import { type FilterSubject, parseFilter, satisfies } from "../jobs/filters.ts";
import type { Experiment, TrackingStore } from "../jobs/tracking.ts";
import { inView, MlflowError, type Mounting, missing, pageOf, pairsOf, text } from "./mlflow-protocol.ts";

export function mountExperiments(on: Mounting, tracking: TrackingStore): void {
  const existing = (id: string): Experiment => {
    const experiment = tracking.experiment(id);
    if (experiment === undefined) throw missing(`No Experiment with id=${id} exists`);
    return experiment;
  };
  on("get", "/experiments/get-by-name", (sent) => {
    const name = text(sent, "experiment_name");
    const experiment = tracking.experimentByName(name);
    if (experiment === undefined) throw missing(`Could not find experiment with name '${name}'`);
    return { experiment: showExperiment(experiment) };
  });
  on("get", "/experiments/get", (sent) => ({ experiment: showExperiment(existing(text(sent, "experiment_id"))) }));
  on("post", "/experiments/create", (sent) => {
    const name = text(sent, "name");
    if (tracking.experimentByName(name)) {
      throw new MlflowError(400, "RESOURCE_ALREADY_EXISTS", `Experiment '${name}' already exists.`);
    }
    return { experiment_id: tracking.addExperiment(name, pairsOf(sent["tags"])).id };
  });
  const search = (sent: Record<string, unknown>) => {
    const clauses = parseFilter(sent["filter"] as string | undefined);
    const view = String(sent["view_type"] ?? "ACTIVE_ONLY");
    const field = (experiment: Experiment, { group, key }: FilterSubject) =>
      group === "tag"
        ? experiment.tags[key]
        : { name: experiment.name, experiment_id: experiment.id, creation_time: experiment.created }[key];
    const found = [...tracking.experiments.values()]
      .filter((one) => inView(one.lifecycle, view) && clauses.every((clause) => satisfies(clause, field(one, clause))))
      .sort((one, other) => other.created - one.created);
    return pageOf("experiments", found.map(showExperiment), sent);
  };
  on("get", "/experiments/search", search);
  on("post", "/experiments/search", search);
  on("post", "/experiments/set-experiment-tag", (sent) => {
    existing(text(sent, "experiment_id")).tags[text(sent, "key")] = String(sent["value"] ?? "");
    tracking.changed();
    return {};
  });
  on("post", "/experiments/update", (sent) => {
    existing(text(sent, "experiment_id")).name = text(sent, "new_name");
    tracking.changed();
    return {};
  });
  const lifecycle = (state: Experiment["lifecycle"]) => (sent: Record<string, unknown>) => {
    existing(text(sent, "experiment_id")).lifecycle = state;
    tracking.changed();
    return {};
  };
  on("post", "/experiments/delete", lifecycle("deleted"));
  on("post", "/experiments/restore", lifecycle("active"));
}

function showExperiment(experiment: Experiment): object {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: "",
    lifecycle_stage: experiment.lifecycle,
    last_update_time: experiment.lastUpdated,
    creation_time: experiment.created,
    tags: Object.entries(experiment.tags).map(([key, value]) => ({ key, value })),
  };
}
