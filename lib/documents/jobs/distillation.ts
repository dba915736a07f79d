// Distillation jobs: a small model taught by a large one (docs/facts/azureml-documents.md#2.5). The service has them as fine-tuning jobs whose properties say the rest;
// one property holds the teacher's connection with its API key in clear text, so the body of such a job must never be shown.
// Tests: test/lib/documents/jobs/jobs.test.ts

import { present } from "../../plain-objects.ts";
import { jobOutputs } from "../assets/io.ts";

import { map, type ObjectOf, object, optional, required } from "../language/object.ts";
import { pythonJsonUnsorted } from "../language/python-json.ts";
import {
  anything,
  boolean,
  enumeration,
  integer,
  type Literal,
  literal,
  looseText,
  secretText,
  text,
} from "../language/scalar.ts";
import type { Shape, Writing } from "../language/shape.ts";
import { booleanValue } from "../language/value.ts";
import { defineJob, jobHeader } from "./define-job.ts";
import { FINETUNING_API_VERSION, fileInput, inputBody, modelInput } from "./finetuning.ts";
import { services } from "./run-settings.ts";

/** The job's property that holds the teacher's connection, with its API key in clear text. */
export const CONNECTION_INFORMATION = "azureml.connection_information";

const connection = object("a connection to the teacher's endpoint", {
  type: required(enumeration(["serverless", "custom"], { fold: "snake" })),
  name: required(text()),
  endpoint: optional(text()),
  target: optional(text()),
  api_key: optional(secretText),
  credentials: optional(
    object("credentials", { type: required(enumeration(["api_key"], { fold: "snake" })), key: required(secretText) }),
  ),
  description: optional(text()),
  tags: optional(map(looseText)),
  metadata: optional(map(anything)),
  is_shared: optional(boolean),
});

const teacher = object("the teacher's settings", {
  inference_parameters: optional(map(literal)),
  endpoint_request_settings: optional(
    object("request settings", {
      request_batch_size: optional(literal),
      min_endpoint_success_ratio: optional(literal),
    }),
  ),
});

const prompt = object("prompt settings", {
  enable_chain_of_thought: optional(boolean),
  enable_chain_of_density: optional(boolean),
  max_len_summary: optional(integer()),
});

const fields = {
  ...jobHeader,
  type: required(enumeration(["distillation"])),
  data_generation_type: required(enumeration(["label_generation", "data_generation"])),
  data_generation_task_type: required(enumeration(["NLI", "NLU_QA", "CONVERSATION", "MATH", "SUMMARIZATION"])),
  teacher_model_endpoint_connection: required(connection),
  student_model: required(modelInput),
  training_data: optional(fileInput),
  validation_data: optional(fileInput),
  teacher_model_settings: optional(teacher),
  prompt_settings: optional(prompt),
  hyperparameters: optional(map(looseText)),
  resources: optional(object("resources", { instance_type: optional(text()) })),
  outputs: optional(jobOutputs),
  services: optional(services),
};

type DistillationJob = ObjectOf<typeof fields>;
const shape: Shape<DistillationJob> = object("a distillation job", fields, {
  /**
   * The teacher model labels existing rows. Azure's client refuses such a job without them, and cannot show one that is
   * there.
   */
  check(job, node, at) {
    if (job.data_generation_type !== "label_generation") return;
    for (const name of ["training_data", "validation_data"] as const) {
      if (job[name] !== undefined) continue;
      at.fault(node, `a distillation job with data_generation_type: label_generation needs the field "${name}".`, {
        hint: `Add \`${name}:\`.`,
      });
    }
  },
});

async function properties(job: DistillationJob, to: Writing): Promise<Record<string, unknown>> {
  return present({
    jobType: "FineTuning",
    fineTuningDetails: present({
      modelProvider: "Custom",
      taskType: "ChatCompletion",
      model: await inputBody(job.student_model, "mlflow_model", to.resolver),
      trainingData: job.training_data && (await inputBody(job.training_data, "uri_file", to.resolver)),
      validationData: job.validation_data && (await inputBody(job.validation_data, "uri_file", to.resolver)),
      hyperParameters: job.hyperparameters,
    }),
    outputs: job.outputs && (await jobOutputs.write(job.outputs, to)),
    services: job.services && (await services.write(job.services, to)),
  });
}

/** The job's `properties` of the distillation; all values are texts. */
function settings(job: DistillationJob): Record<string, string> {
  const { inference_parameters, endpoint_request_settings } = job.teacher_model_settings ?? {};
  const prompts = job.prompt_settings && {
    enable_chain_of_thought: false,
    enable_chain_of_density: false,
    ...job.prompt_settings,
  };
  return {
    "azureml.enable_distillation": "True",
    "azureml.data_generation_task_type": job.data_generation_task_type,
    "azureml.teacher_model.endpoint_name": job.teacher_model_endpoint_connection.name,
    "azureml.data_generation_type": job.data_generation_type,
    [CONNECTION_INFORMATION]: connectionText(job),
    ...named("azureml.", prompts),
    ...named("azureml.teacher_model.", inference_parameters),
    ...named("azureml.", endpoint_request_settings),
    ...(job.resources?.instance_type === undefined
      ? {}
      : { "azureml.instance_type.data_generation": job.resources.instance_type }),
  };
}

function named(
  prefix: string,
  values: Readonly<Record<string, Literal | boolean | number | undefined>> | undefined,
): Record<string, string> {
  const texts = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    texts.map(([name, value]) => [`${prefix}${name}`, valueText(value as Literal | boolean | number)]),
  );
}

function valueText(value: Literal | boolean | number): string {
  if (typeof value === "boolean") return booleanValue(value).text;
  return typeof value === "number" ? String(value) : value.text;
}

/** The connection as JSON, the way Python writes it. It holds the API key. */
function connectionText(job: DistillationJob): string {
  const given = job.teacher_model_endpoint_connection;
  const endpoint = given.endpoint ?? given.target;
  const key = given.api_key ?? given.credentials?.key;
  const isServerless = given.type === "serverless";
  return pythonJsonUnsorted(
    present({
      name: given.name,
      description: given.description,
      tags: given.tags ?? {},
      type: given.type,
      target: endpoint,
      credentials: key === undefined ? undefined : { type: "api_key", key },
      is_shared: given.is_shared ?? true,
      metadata: given.metadata ?? {},
      api_key: isServerless ? key : undefined,
      endpoint: isServerless ? endpoint : undefined,
    }),
  );
}

export const distillationJobKind = defineJob({
  job: "distillation",
  name: "distillation job",
  order: 260,
  schemas: ["distillationjob"],
  types: ["distillation"],
  shape,
  apiVersion: FINETUNING_API_VERSION,
  properties,
  settings,
});
