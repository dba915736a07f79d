// AutoML over images: classification, object detection, instance segmentation.
// Tests: test/lib/documents/jobs/jobs.test.ts

import { present } from "../../plain-objects.ts";
import { type AnyField, object, optional, required } from "../language/object.ts";
import { boolean, duration, integer, number, text } from "../language/scalar.ts";
import { automlSweep, searchSpaces } from "./automl-space.ts";
import { type AutomlTask, CLASSIFICATION_METRICS, INFO, tableInput, words } from "./automl-task.ts";

const limits = object("limits", {
  max_concurrent_trials: optional(integer()),
  max_trials: optional(integer()),
  timeout_minutes: optional(duration(60), { as: "timeout" }),
});

/** Settings of one model; each of them may also be searched for. */
const model: Readonly<Record<string, AnyField>> = {
  advanced_settings: optional(text()),
  ams_gradient: optional(boolean),
  augmentations: optional(text()),
  beta1: optional(number),
  beta2: optional(number),
  checkpoint_frequency: optional(integer()),
  checkpoint_run_id: optional(text()),
  distributed: optional(boolean),
  early_stopping: optional(boolean),
  early_stopping_delay: optional(integer()),
  early_stopping_patience: optional(integer()),
  evaluation_frequency: optional(integer()),
  enable_onnx_normalization: optional(boolean),
  gradient_accumulation_step: optional(integer()),
  layers_to_freeze: optional(integer()),
  learning_rate: optional(number),
  learning_rate_scheduler: optional(words(["none", "warmup_cosine", "step"])),
  model_name: optional(text()),
  momentum: optional(number),
  nesterov: optional(boolean),
  number_of_epochs: optional(integer()),
  number_of_workers: optional(integer()),
  optimizer: optional(words(["none", "sgd", "adam", "adamw"])),
  random_seed: optional(integer()),
  step_lr_gamma: optional(number, { camel: "stepLRGamma" }),
  step_lr_step_size: optional(integer(), { camel: "stepLRStepSize" }),
  training_batch_size: optional(integer()),
  validation_batch_size: optional(integer()),
  warmup_cosine_lr_cycles: optional(number, { camel: "warmupCosineLRCycles" }),
  warmup_cosine_lr_warmup_epochs: optional(integer(), { camel: "warmupCosineLRWarmupEpochs" }),
  weight_decay: optional(number),
};
const classifier: Readonly<Record<string, AnyField>> = {
  ...model,
  training_crop_size: optional(integer()),
  validation_crop_size: optional(integer()),
  validation_resize_size: optional(integer()),
  weighted_loss: optional(integer()),
};
const detector: Readonly<Record<string, AnyField>> = {
  ...model,
  box_detections_per_image: optional(integer()),
  box_score_threshold: optional(number),
  image_size: optional(integer()),
  max_size: optional(integer()),
  min_size: optional(integer()),
  model_size: optional(words(["none", "small", "medium", "large", "extra_large"])),
  multi_scale: optional(boolean),
  nms_iou_threshold: optional(number),
  tile_grid_size: optional(text()),
  tile_overlap_ratio: optional(number),
  tile_predictions_nms_threshold: optional(number),
  validation_iou_threshold: optional(number),
  validation_metric_type: optional(words(["none", "coco", "voc", "coco_voc"])),
  log_training_metrics: optional(words(["enable", "disable"])),
  log_validation_loss: optional(words(["enable", "disable"])),
};

function fields(settings: Readonly<Record<string, AnyField>>): Readonly<Record<string, AnyField>> {
  return {
    target_column_name: required(text()),
    test_data: optional(tableInput),
    test_data_size: optional(number),
    validation_data_size: optional(number),
    limits: optional(limits),
    sweep: optional(automlSweep),
    training_parameters: optional(object("training parameters", settings)),
    search_space: optional(searchSpaces(settings)),
  };
}

/** The service's tasks over images know no test data. */
function details(body: Record<string, unknown>): Record<string, unknown> {
  return present({
    testData: undefined,
    validationDataSize: body["validation_data_size"],
    modelSettings: body["training_parameters"],
  });
}

export const imageTasks: Readonly<Record<string, AutomlTask>> = {
  image_classification: {
    fields: fields(classifier),
    metrics: CLASSIFICATION_METRICS,
    metric: "accuracy",
    defaults: INFO,
    details,
  },
  image_classification_multilabel: {
    fields: fields(classifier),
    metrics: [...CLASSIFICATION_METRICS, "iou"],
    metric: "iou",
    defaults: INFO,
    details,
  },
  image_object_detection: {
    fields: fields(detector),
    metrics: ["mean_average_precision"],
    metric: "mean_average_precision",
    defaults: INFO,
    details,
  },
  image_instance_segmentation: {
    fields: fields(detector),
    metrics: ["mean_average_precision"],
    metric: "mean_average_precision",
    defaults: INFO,
    details,
  },
};
