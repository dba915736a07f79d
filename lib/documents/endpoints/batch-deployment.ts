// Batch deployments of a model and of a pipeline component, and the older form without a type (docs/facts/azureml-documents.md#2.11).
// Tests: test/lib/documents/endpoints/batch.test.ts

import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { deploymentEnvironment } from "../assets/environment.ts";
import { modelUse } from "../assets/model.ts";
import { environmentVariables, jobResources } from "../jobs/run-settings.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { map, object, optional, readOnly, required } from "../language/object.ts";
import { compute, jobName } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { duration, enumeration, integer, looseText, nameText, text } from "../language/scalar.ts";
import type { Infer, Reading, Shape } from "../language/shape.ts";
import type { MapNode, SourceFile } from "../language/source.ts";
import { resourceTags } from "../language/tag-limits.ts";
import { pipelineComponent, putJobComponent } from "../pipelines/pipeline-step.ts";
import { componentId, componentUse } from "../pipelines/step.ts";
import { checkScoringScript, codeConfiguration } from "./online-deployment.ts";
import { checkServingName, servingName } from "./online-endpoint.ts";

const OUTPUT_ACTIONS = { append_row: "AppendRow", summary_only: "SummaryOnly" } as const;

/** Retries of a mini-batch, of a deployment or of one invocation. */
export const batchRetrySettings = object("retry settings", {
  max_retries: optional(integer({ minimum: 0 })),
  timeout: optional(duration()),
});

/** Settings for processing the mini-batches of a model deployment. */
const runFields = {
  mini_batch_size: optional(integer({ minimum: 1 })),
  max_concurrency_per_instance: optional(integer({ minimum: 1 })),
  output_action: optional(enumeration(["append_row", "summary_only"], { fold: "snake", rest: OUTPUT_ACTIONS })),
  output_file_name: optional(text()),
  retry_settings: optional(batchRetrySettings),
  error_threshold: optional(integer({ minimum: -1 })),
  logging_level: optional(text()),
  environment_variables: optional(environmentVariables),
};

const settings = object(
  "settings",
  { ...runFields, instance_count: optional(integer({ minimum: 1 }), { unwritten: true }) },
  { check: checkOutput },
);

const header = {
  name: required(servingName),
  endpoint_name: required(nameText()),
  description: optional(text()),
  tags: optional(resourceTags),
  properties: optional(tags),
  id: readOnly(),
  provisioning_state: readOnly(),
  creation_context: readOnly(),
};

const modelFields = {
  ...header,
  model: optional(modelUse),
  code_configuration: optional(codeConfiguration),
  environment: optional(deploymentEnvironment, { as: "environment_id" }),
  environment_variables: optional(environmentVariables),
  resources: optional(jobResources),
};

const modelDeployment = object(
  "a batch deployment of a model",
  {
    ...modelFields,
    type: optional(enumeration(["model"]), { unwritten: true }),
    compute: required(compute),
    settings: optional(settings, { flatten: true }),
    error_threshold: optional(integer({ minimum: -1 })),
  },
  {
    check(value, node, at) {
      checkModel(value, node, at);
      const place = node.entries.get("settings");
      if (value.resources === undefined || value.settings?.instance_count === undefined || place?.kind !== "map")
        return;
      at.step("settings")
        .step("instance_count")
        .fault(
          place.entries.get("instance_count") ?? place,
          '"settings.instance_count" and "resources" both say on how many machines it runs.',
          { hint: "Remove one of them." },
        );
    },
    hints: Object.fromEntries(Object.keys(runFields).map((name) => [name, `It belongs below \`settings:\`.`])),
  },
);

/** The older form has the settings at its top. */
const flatDeployment = object(
  "a batch deployment",
  { ...modelFields, ...runFields, compute: optional(compute) },
  {
    check(value, node, at) {
      checkModel(value, node, at);
      checkOutput(value, node, at);
    },
    hints: {
      settings: "Add `type: model` or `type: pipeline`: only those have settings.",
      component: "Add `type: pipeline`.",
      job_definition: "Add `type: pipeline`.",
    },
  },
);

const pipelineDeployment = object(
  "a batch deployment of a pipeline component",
  {
    ...header,
    type: required(enumeration(["pipeline"])),
    component: optional(componentUse(pipelineComponent)),
    job_definition: optional(jobName),
    settings: optional(map(looseText)),
  },
  {
    check(value, node, at) {
      checkServingName(value.name, node.entries.get("name"), at.step("name"));
      if ((value.component === undefined) === (value.job_definition === undefined))
        at.fault(node, `a pipeline deployment has either a component or a job_definition.`, {
          hint:
            value.component === undefined ? "Add `component: azureml:<name>:<version>`." : "Remove `job_definition:`.",
        });
    },
  },
);

function checkModel(
  value: { name: string; code_configuration?: Infer<typeof codeConfiguration> },
  node: MapNode,
  at: Reading,
): void {
  checkServingName(value.name, node.entries.get("name"), at.step("name"));
  checkScoringScript(value.code_configuration, node, at);
}

function checkOutput(value: { output_action?: string; output_file_name?: string }, node: MapNode, at: Reading): void {
  const place = node.entries.get("output_file_name");
  if (value.output_action === "summary_only" && place !== undefined)
    at.step("output_file_name").fault(place, "a deployment that only summarizes has no output file.", {
      hint: "Remove `output_file_name`, or write `output_action: append_row`.",
    });
}

type BatchDeploymentDocument =
  | ({ readonly form: "model" } & Infer<typeof modelDeployment>)
  | ({ readonly form: "pipeline" } & Infer<typeof pipelineDeployment>)
  | ({ readonly form: "flat" } & Infer<typeof flatDeployment>);

function ofForm<T extends object, F extends string>(form: F, shape: Shape<T>): Shape<T & { readonly form: F }> {
  return {
    ...shape,
    read(node, at) {
      const value = shape.read(node, at);
      return value && { ...value, form };
    },
  };
}
const FORMS = {
  model: ofForm("model", modelDeployment),
  pipeline: ofForm("pipeline", pipelineDeployment),
  flat: ofForm("flat", flatDeployment),
};

/** The file's own `type` chooses the form: an override of it has no say. */
function shapeOf(file: SourceFile): Shape<BatchDeploymentDocument> {
  const type = file.node.entries.get("type");
  const word = type?.kind === "scalar" ? type.text.toLowerCase() : undefined;
  return FORMS[type === undefined ? "flat" : word === "pipeline" ? "pipeline" : "model"];
}

async function write(document: BatchDeploymentDocument, resolver: Resolver) {
  const isPipeline = document.form === "pipeline";
  return {
    path: `batchEndpoints/${segment(document.endpoint_name, "the endpoint's name")}/deployments/${segment(document.name, "the name")}`,
    body: {
      location: resolver.workspace.location,
      tags: document.tags ?? {},
      properties: isPipeline ? await pipelineProperties(document, resolver) : await modelProperties(document, resolver),
    },
  };
}

async function modelProperties(
  document: Exclude<BatchDeploymentDocument, { form: "pipeline" }>,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  const { name, endpoint_name, tags: documentTags, form, ...rest } = document;
  const shape: Shape<object> = form === "model" ? modelDeployment : flatDeployment;
  const body = (await shape.write(rest, camelWriting(resolver))) as Record<string, unknown>;
  const settingsOfModel = document.form === "model" ? document.settings : undefined;
  const instances = settingsOfModel?.instance_count;
  const variables = { ...document.environment_variables, ...settingsOfModel?.environment_variables };
  const resources = (body["resources"] ?? (instances && { instanceCount: instances })) as object | undefined;
  return present({
    ...body,
    model: body["model"] && { referenceType: "Id", assetId: body["model"] },
    properties: document.properties ?? {},
    resources: resources && { properties: {}, ...resources },
    environmentVariables: form === "flat" || Object.keys(variables).length > 0 ? variables : undefined,
  });
}

/** Fields that the service requires although a pipeline component does not use them. */
const PIPELINE_DEFAULTS = {
  errorThreshold: -1,
  maxConcurrencyPerInstance: 1,
  miniBatchSize: 10,
  outputFileName: "predictions.csv",
};

async function pipelineProperties(
  document: Extract<BatchDeploymentDocument, { form: "pipeline" }>,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  const assetId =
    document.component === undefined
      ? await putJobComponent(document.job_definition ?? "", resolver)
      : await componentId(document.component, resolver);
  return present({
    description: document.description,
    properties: document.properties,
    deploymentConfiguration: {
      deploymentConfigurationType: "PipelineComponent",
      componentId: { referenceType: "Id", assetId },
      settings: document.settings ?? {},
    },
    ...PIPELINE_DEFAULTS,
  });
}

export const batchDeploymentKind = defineKind({
  name: "batch deployment",
  order: 120,
  schemas: ["batchdeployment", "modelbatchdeployment", "pipelinecomponentbatchdeployment"],
  marks: [
    { has: ["endpoint_name"], type: ["model", "pipeline"] },
    {
      has: ["endpoint_name"],
      hasAny: ["compute", "settings", "component", "job_definition", "mini_batch_size", "output_action"],
      lacks: ["instance_type"],
    },
  ],
  advice: "AzureMLApply creates and updates batch deployments.",
  shape: shapeOf,
  apiVersion: ({ form }) => (form === "pipeline" ? "2023-02-01-preview" : "2024-01-01-preview"),
  keepsHash: true,
  write,
});
