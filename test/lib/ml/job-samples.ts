// Jobs that are sound in the local cloud: a sweep of two trials, and AutoML over a table.

export const SWEEP = {
  type: "sweep",
  compute: "azureml:cpu-cluster",
  trial: { command: "echo ${{search_space.lr}}", environment: { image: "ubuntu" } },
  search_space: { lr: { type: "choice", values: [1, 2] } },
  sampling_algorithm: "random",
  objective: { goal: "maximize", primary_metric: "score" },
  limits: { max_total_trials: 2, max_concurrent_trials: 2 },
};

export const AUTOML = {
  type: "automl",
  task: "classification",
  compute: "azureml:cpu-cluster",
  primary_metric: "accuracy",
  target_column_name: "y",
  training_data: { type: "mltable", path: "azureml://datastores/workspaceblobstore/paths/table/" },
  limits: { max_trials: 2 },
};
