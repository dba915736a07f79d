// Fit of an invocation to its deployment: a model takes one input of files and no literals, a pipeline component what it declares and no
// mini-batches (docs/facts/azureml-services.md#6.4). Pure.
// Tests: test/lib/ml/batch/invoke-batch.test.ts
import { type BatchInvocation, isLiteralInput } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { BatchTarget } from "./batch-endpoints.ts";

/** Settings that only a model's deployment has. */
const OF_MODELS = [
  "mini_batch_size",
  "instance_count",
  "error_threshold",
  "output_file_name",
  "retry_settings",
] as const;

/**
 * The invocation in the form that the deployment takes. A model writes one file: an output that is a folder becomes the file in it, as
 * Azure's client sends it.
 * @throws TaskError kind `input` for what the deployment would refuse, or would not look at
 */
export function fitTo(target: BatchTarget, given: BatchInvocation, warn: (line: string) => void): BatchInvocation {
  requireFit(target, given, warn);
  if (target.runsPipeline || given.outputs === undefined) return given;
  const file = given.output_file_name ?? target.outputFileName ?? "predictions.csv";
  const outputs = Object.entries(given.outputs).map(([name, { path, type = "uri_folder", ...rest }]) => {
    const isFolder = type === "uri_folder" && path !== undefined;
    const place = isFolder ? `${path.replace(/\/+$/, "")}/${file}` : path;
    return [
      name,
      { ...rest, type: isFolder ? ("uri_file" as const) : type, ...(place === undefined ? {} : { path: place }) },
    ];
  });
  return { ...given, outputs: Object.fromEntries(outputs) };
}

function requireFit(target: BatchTarget, given: BatchInvocation, warn: (line: string) => void): void {
  const whose = `The deployment ${target.deployment} of the batch endpoint ${target.endpoint}`;
  const inputs = Object.entries(given.inputs ?? {});
  const table = inputs.find(([, input]) => input.kind === "asset" && input.type === "mltable");
  if (table !== undefined)
    throw refusal(
      `The input ${table[0]} is of type mltable, which Azure ML's batch endpoints do not take.`,
      "Give it a folder or a file: uri_folder or uri_file.",
    );
  if (target.runsPipeline) {
    const other = OF_MODELS.find((name) => given[name] !== undefined);
    if (other === undefined) return;
    throw refusal(
      `${whose} runs a pipeline component, which has no ${other}.`,
      `Remove ${other}, or give the component an input for it.`,
    );
  }
  const literal = inputs.find(([, input]) => isLiteralInput(input));
  if (literal !== undefined)
    throw refusal(
      `${whose} serves a model, which takes no parameters, and ${literal[0]} is one.`,
      "Only deployments of a pipeline component take values of their own.",
    );
  if (inputs.length !== 1)
    throw refusal(
      `${whose} serves a model, which reads exactly one input; ${inputs.length === 0 ? "there is none" : `there are ${inputs.map(([name]) => name).join(", ")}`}.`,
      "Name one folder, file or data asset with the input `input`, or below `inputs:` of the invocation file.",
    );
  const outputs = Object.keys(given.outputs ?? {});
  if (outputs.length > 1)
    throw refusal(
      `${whose} serves a model, which writes one output; there are ${outputs.join(", ")}.`,
      "Name one of them.",
    );
  if (given.experiment_name !== undefined)
    warn(
      `Azure ML takes an experiment for deployments of a pipeline component only: this job's experiment is ${target.endpoint}.`,
    );
}

const refusal = (message: string, hint: string) => new TaskError("input", message, { errorCode: "AML1313", hint });
