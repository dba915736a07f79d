// AutoML jobs: what all tasks share, and the body that a task becomes (docs/facts/azureml-documents.md#2.5). The tasks themselves are declared in automl-tabular, automl-image and automl-text.
// Tests: test/lib/documents/jobs/jobs.test.ts

import { present } from "../../plain-objects.ts";
import { type AssetInput, type JobInput, jobOutputs, locationUri } from "../assets/io.ts";

import { type AnyField, map, object, optional, required } from "../language/object.ts";
import { compute } from "../language/reference.ts";
import { type EnumerationOptions, enumeration, text, variableText } from "../language/scalar.ts";
import { described, type Shape, type Writing, writeValue } from "../language/shape.ts";
import { imageTasks } from "./automl-image.ts";
import { tabularTasks } from "./automl-tabular.ts";
import { type AutomlTask, pascal, tableInput } from "./automl-task.ts";
import { textTasks } from "./automl-text.ts";
import { defineJob, type JobHeader, jobHeader } from "./define-job.ts";
import { jobIdentity, jobResources, queueSettings, services } from "./run-settings.ts";

const TASKS: Readonly<Record<string, AutomlTask>> = { ...tabularTasks, ...imageTasks, ...textTasks };
export const AUTOML_TASKS = Object.keys(TASKS);

/** Names that are not the PascalCase of their snake_case. */
const TASK_NAMES: Readonly<Record<string, string>> = { text_ner: "TextNER" };
const METRICS: EnumerationOptions = { fold: "snake", rest: { auc_weighted: "AUCWeighted", iou: "IOU" } };

const common = {
  ...jobHeader,
  type: required(enumeration(["automl"])),
  compute: optional(compute, { as: "compute_id" }),
  outputs: optional(jobOutputs),
  resources: optional(jobResources),
  queue_settings: optional(queueSettings),
  identity: optional(jobIdentity),
  services: optional(services),
  environment_id: optional(text()),
  environment_variables: optional(map(variableText)),
};

const header: Shape<object> = object("an AutoML job", common);

const VERBOSITIES = ["not_set", "debug", "info", "warning", "error", "critical"] as const;

/** The common details of every task. */
const details = (name: string, task: AutomlTask) => ({
  task: required(enumeration([name], { fold: "snake" })),
  training_data: required(tableInput),
  validation_data: optional(tableInput),
  log_verbosity: optional(
    enumeration(VERBOSITIES, {
      fold: "snake",
      rest: Object.fromEntries(VERBOSITIES.map((word) => [word, pascal(word)])),
    }),
  ),
  primary_metric: optional(
    enumeration(task.metrics, {
      ...METRICS,
      rest: { ...Object.fromEntries(task.metrics.map((word) => [word, pascal(word)])), ...METRICS.rest },
    }),
  ),
  ...task.fields,
});

interface TaskShape {
  readonly shape: Shape<object>;
  readonly details: Readonly<Record<string, AnyField>>;
}

const SHAPES: Readonly<Record<string, TaskShape>> = Object.fromEntries(
  Object.entries(TASKS).map(([name, task]) => {
    const own = details(name, task) as Readonly<Record<string, AnyField>>;
    return [
      name,
      {
        shape: object(`an AutoML job (${name})`, { ...common, ...own }),
        details: own,
      },
    ];
  }),
);

export interface AutomlJob extends JobHeader {
  readonly type: "automl";
  readonly task: string;
  readonly compute?: string;
  readonly training_data: JobInput;
  readonly [field: string]: unknown;
}

/** The task decides which fields there are. */
export const automlJob: Shape<AutomlJob> = {
  expects: "an AutoML job",
  below: { kind: "either", shapes: Object.values(SHAPES).map((task) => task.shape) },
  read(node, at) {
    if (node.kind !== "map")
      return at.fault(node, `${at.name} is ${described(node)}; an AutoML job is a mapping of fields.`);
    const place = node.entries.get("task");
    if (place === undefined) return at.fault(node, 'an AutoML job needs the field "task".', { allowed: AUTOML_TASKS });
    const name = enumeration(AUTOML_TASKS, { fold: "snake" }).read(place, at.step("task"));
    return name === undefined ? undefined : (SHAPES[name]?.shape.read(node, at) as AutomlJob | undefined);
  },
  write: () => undefined,
};

async function properties(job: AutomlJob, to: Writing): Promise<Record<string, unknown>> {
  const task = TASKS[job.task]!;
  const shape = SHAPES[job.task]!;
  const { name: _name, type: _type, ...rest } = job;
  const written = (await header.write(pick(rest, Object.keys(common)), to)) as Record<string, unknown>;
  const body: Record<string, unknown> = {};
  const values: Record<string, unknown> = {
    primary_metric: task.metric,
    ...task.defaults,
    ...pick(rest, Object.keys(shape.details)),
  };
  for (const [field, { shape: fieldShape }] of Object.entries(shape.details)) {
    if (field === "task" || values[field] === undefined) continue;
    body[field] = await writeTaskField(fieldShape as Shape<unknown>, values[field], to);
  }
  return {
    ...written,
    jobType: "AutoML",
    outputs: written["outputs"] ?? {},
    taskDetails: detailsBody(job.task, task, body, values),
  };
}

async function writeTaskField(shape: Shape<unknown>, value: unknown, to: Writing): Promise<unknown> {
  const input = value as AssetInput;
  if (shape === (tableInput as Shape<unknown>))
    return {
      jobInputType: "mltable",
      uri: input.location && (await locationUri(input.location, "mltable", to.resolver, input.datastore)),
    };
  return await writeValue(shape, value, to);
}

function detailsBody(
  name: string,
  task: AutomlTask,
  body: Record<string, unknown>,
  value: Readonly<Record<string, unknown>>,
): object {
  const {
    training_data,
    validation_data,
    test_data,
    target_column_name,
    primary_metric,
    log_verbosity,
    limits,
    sweep,
    search_space,
    ...rest
  } = body;
  return present({
    taskType: TASK_NAMES[name] ?? pascal(name),
    trainingData: training_data,
    validationData: validation_data,
    testData: test_data,
    targetColumnName: target_column_name,
    primaryMetric: task.sendsMetric === false ? undefined : primary_metric,
    logVerbosity: log_verbosity,
    limitSettings: limits,
    sweepSettings: sweep,
    searchSpace: search_space,
    ...task.details?.(rest, value),
  });
}

function pick(value: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

/** A step has the task's fields as the YAML has them. */
export async function automlStepFields(job: AutomlJob, to: Writing): Promise<Record<string, unknown>> {
  const task = TASKS[job.task]!;
  const shape = SHAPES[job.task]!;
  const body: Record<string, unknown> = { task: job.task };
  const values: Record<string, unknown> = {
    primary_metric: task.metric,
    ...(task.inSteps ?? task.defaults),
    ...pick(job, Object.keys(shape.details)),
  };
  for (const [field, { shape: fieldShape }] of Object.entries(shape.details)) {
    if (field === "task" || values[field] === undefined) continue;
    body[field] =
      fieldShape === (tableInput as Shape<unknown>)
        ? await stepTable(values[field] as JobInput, to)
        : await writeValue(fieldShape as Shape<unknown>, values[field], { ...to, style: "yaml" });
  }
  return body;
}

async function stepTable(input: JobInput, to: Writing): Promise<unknown> {
  if (input.kind === "literal") return input.value.text;
  const path = input.location && (await locationUri(input.location, "mltable", to.resolver, input.datastore));
  return present({ type: input.type, path, mode: input.mode });
}

export const automlJobKind = defineJob({
  job: "automl",
  name: "automl job",
  order: 240,
  schemas: ["automljob"],
  types: ["automl"],
  fields: [{ has: ["task", "training_data"], lacks: ["jobs"] }],
  shape: automlJob,
  apiVersion: "2024-01-01-preview",
  properties,
});
