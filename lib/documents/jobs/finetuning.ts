// Fine-tuning jobs: a model of Azure's catalogue trained further on the user's data (docs/facts/azureml-documents.md#2.5).
// Tests: test/lib/documents/jobs/jobs.test.ts

import { present } from "../../plain-objects.ts";
import { type JobInput, jobInput, jobOutputs, locationUri, readLocation } from "../assets/io.ts";

import { list, map, type ObjectOf, object, optional, required } from "../language/object.ts";
import { compute } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, integer, looseText, number, text } from "../language/scalar.ts";
import { camelCase, type Reading, type Shape, type Writing, withOwnExpressions } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { defineJob, jobHeader } from "./define-job.ts";
import { queueSettings, services } from "./run-settings.ts";

/** At which fine-tuning, and distillation with it, is written. */
export const FINETUNING_API_VERSION = "2024-10-01-preview";

/** A file: its path alone, or a mapping with type and path. */
export const fileInput: Shape<JobInput> = withOwnExpressions({
  expects: "a path, or a mapping with type and path",
  below: jobInput.below,
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string") return jobInput.read(node, at);
    const location = readLocation(node, at, "data", { mayBeAbsent: at.absentData });
    return location && { kind: "asset", type: "uri_file", location };
  },
  write: jobInput.write,
});

/** A model: its reference alone, or a mapping with type and path. */
export const modelInput: Shape<JobInput> = withOwnExpressions({
  expects: "a model, or a mapping with type: mlflow_model and path",
  below: jobInput.below,
  read(node, at) {
    if (node.kind !== "scalar" || node.type !== "string") return jobInput.read(node, at);
    const location = readLocation(node, at, "models", { mayBeAbsent: at.absentData });
    return location && { kind: "asset", type: "mlflow_model", location };
  },
  write: jobInput.write,
});

const TASKS = [
  "chat_completion",
  "text_completion",
  "text_classification",
  "question_answering",
  "text_summarization",
  "token_classification",
  "text_translation",
  "image_classification",
  "image_instance_segmentation",
  "image_object_detection",
  "video_multi_object_tracking",
] as const;

const openAiHyperparameters = object("hyperparameters", {
  n_epochs: optional(integer()),
  learning_rate_multiplier: optional(number),
  batch_size: optional(integer()),
});

const fields = {
  ...jobHeader,
  type: required(enumeration(["finetuning"])),
  task: required(enumeration(TASKS, { fold: "snake" })),
  model_provider: required(enumeration(["custom", "azure_open_ai"], { fold: "snake" })),
  model: required(modelInput),
  training_data: required(fileInput),
  validation_data: optional(fileInput),
  hyperparameters: optional(map(looseText)),
  outputs: optional(jobOutputs),
  compute: optional(compute),
  resources: optional(object("resources", { instance_types: optional(list(text())) })),
  queue_settings: optional(queueSettings),
  services: optional(services),
};

const shape = object("a fine-tuning job", fields, { check });
type FinetuningJob = ObjectOf<typeof fields>;

/** Azure OpenAI has hyperparameters of its own. */
function check(value: FinetuningJob, node: MapNode, at: Reading): void {
  const place = node.entries.get("hyperparameters");
  if (value.model_provider === "azure_open_ai" && place !== undefined)
    openAiHyperparameters.read(place, at.step("hyperparameters"));
}

async function properties(job: FinetuningJob, to: Writing): Promise<Record<string, unknown>> {
  const isOpenAi = job.model_provider === "azure_open_ai";
  return present({
    jobType: "FineTuning",
    fineTuningDetails: present({
      modelProvider: isOpenAi ? "AzureOpenAI" : "Custom",
      taskType: camelCase(job.task),
      model: await inputBody(job.model, "mlflow_model", to.resolver),
      trainingData: await inputBody(job.training_data, "uri_file", to.resolver),
      validationData: job.validation_data && (await inputBody(job.validation_data, "uri_file", to.resolver)),
      hyperParameters: job.hyperparameters && (isOpenAi ? openAiValues(job.hyperparameters) : job.hyperparameters),
    }),
    outputs: job.outputs && (await jobOutputs.write(job.outputs, to)),
    services: job.services && (await services.write(job.services, to)),
    // Azure's client sends the bare name.
    computeId: isOpenAi ? undefined : job.compute,
    resources: isOpenAi ? undefined : job.resources && { instanceTypes: job.resources.instance_types },
    queueSettings: isOpenAi ? undefined : job.queue_settings && (await queueSettings.write(job.queue_settings, to)),
  });
}

function openAiValues(values: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), Number(value)]));
}

/** The service accepts one type for each input here, so the YAML's type is ignored. */
export async function inputBody(
  input: JobInput,
  type: "mlflow_model" | "uri_file",
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  if (input.kind === "literal") return { jobInputType: type, uri: input.value.text };
  return present({
    jobInputType: type,
    uri: input.location && (await locationUri(input.location, type, resolver, input.datastore)),
  });
}

export const finetuningJobKind = defineJob({
  job: "finetuning",
  name: "finetuning job",
  order: 250,
  schemas: ["finetuningjob"],
  types: ["finetuning", "fine_tuning"],
  shape,
  apiVersion: FINETUNING_API_VERSION,
  properties,
});
