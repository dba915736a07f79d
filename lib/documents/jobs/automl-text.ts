// AutoML over text: classification and named entities.
// Tests: test/lib/documents/jobs/jobs.test.ts

import { present } from "../../plain-objects.ts";
import { type AnyField, object, optional, required } from "../language/object.ts";
import { duration, integer, number, text } from "../language/scalar.ts";
import { automlSweep, searchSpaces } from "./automl-space.ts";
import { type AutomlTask, CLASSIFICATION_METRICS, INFO, words } from "./automl-task.ts";

/** One trial on one node, unless more is said. */
const limits = object(
  "limits",
  {
    max_concurrent_trials: optional(integer()),
    max_trials: optional(integer()),
    max_nodes: optional(integer()),
    timeout_minutes: optional(duration(60), { as: "timeout" }),
    trial_timeout_minutes: optional(duration(60), { as: "trial_timeout" }),
  },
  {
    finish: (body, _value, to) =>
      to.style === "camel" ? { maxTrials: 1, maxNodes: 1, ...body } : { max_trials: 1, max_nodes: 1, ...body },
  },
);

const SCHEDULERS = [
  "none",
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "constant",
  "constant_with_warmup",
];

const model: Readonly<Record<string, AnyField>> = {
  gradient_accumulation_steps: optional(integer()),
  learning_rate: optional(number),
  learning_rate_scheduler: optional(words(SCHEDULERS)),
  model_name: optional(text()),
  number_of_epochs: optional(integer()),
  training_batch_size: optional(integer()),
  validation_batch_size: optional(integer()),
  warmup_ratio: optional(number),
  weight_decay: optional(number),
};

const common = {
  target_column_name: optional(text()),
  limits: optional(limits),
  sweep: optional(automlSweep),
  training_parameters: optional(object("training parameters", model)),
  search_space: optional(searchSpaces(model, { isMappingInSteps: true })),
  featurization: optional(object("featurization", { dataset_language: optional(text()) })),
};
const labelled = { ...common, target_column_name: required(text()) };

function details(body: Record<string, unknown>): Record<string, unknown> {
  return present({ featurizationSettings: body["featurization"], fixedParameters: body["training_parameters"] });
}

/** Entities have no column of their own. */
const entityDetails = (body: Record<string, unknown>) => ({ ...details(body), targetColumnName: undefined });

/** One trial is a limit, too. */
const ONE_TRIAL = { limits: {} };
const defaults = { defaults: { ...INFO, ...ONE_TRIAL }, inSteps: ONE_TRIAL };

export const textTasks: Readonly<Record<string, AutomlTask>> = {
  text_classification: {
    fields: labelled,
    metrics: CLASSIFICATION_METRICS,
    metric: "accuracy",
    ...defaults,
    details,
  },
  text_classification_multilabel: {
    fields: labelled,
    metrics: ["accuracy"],
    metric: "accuracy",
    sendsMetric: false,
    ...defaults,
    details,
  },
  text_ner: {
    fields: common,
    metrics: ["accuracy"],
    metric: "accuracy",
    sendsMetric: false,
    ...defaults,
    details: entityDetails,
  },
};
