// An invocation of a batch endpoint made into the pipeline job that it is: the user's scoring script over the files that were named.

import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { quoted } from "../../text/shell.ts";
import { ArmError, userError } from "../arm/errors.ts";
import type { AssetReferenceBase } from "../contract/types.gen.ts";
import { mlflowEnvironment } from "../environments/definition.ts";
import { jobService } from "../jobs/service.ts";
import type { Submitter } from "../jobs/submitter.ts";
import type { BatchDeploymentRecord, Invocation } from "../records/batch-endpoint.ts";
import { durationMilliseconds } from "../records/durations.ts";
import type { JobInput, JobOutput, JobRecord } from "../records/job.ts";
import { parseReference } from "../records/references.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

const driver = fileURLToPath(new URL("../jobs/parallel/driver.py", import.meta.url));
const mlflowEntry = fileURLToPath(new URL("./mlflow_entry.py", import.meta.url));

/** Starts the job of an invocation. @throws ArmError 400 for a body that names no input a deployment could read */
export function invoke(
  world: AzureWorld,
  deployment: BatchDeploymentRecord,
  sent: Json,
  submitter: Submitter,
): JobRecord {
  const properties = (fieldOf(sent, "properties") ?? {}) as Json;
  const inputs = (fieldOf(properties, "inputData") ?? {}) as Record<string, Json>;
  const outputs = (fieldOf(properties, "outputData") ?? {}) as Record<string, Json>;
  const own = (fieldOf(properties, "properties") ?? {}) as Json;
  const name = String(fieldOf(properties, "name") ?? `batchjob-${randomUUID()}`);
  if (jobService(world).get(name) !== undefined)
    throw userError(409, `A job with the name ${name} exists.`, ["Conflict"]);
  const asked = {
    inputs: Object.fromEntries(Object.entries(inputs).map(([key, one]) => [key, inputOf(one)])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([key, one]) => [key, outputOf(one)])),
  };
  const isPipeline = deployment.properties.deploymentConfiguration !== undefined;
  const batch: Invocation = {
    endpoint: deployment.endpoint,
    deployment: deployment.name,
    inputData: Object.fromEntries(Object.entries(inputs).map(([key, one]) => [key, shownInput(one)])),
    friendlyName: name,
  };
  const body = {
    jobType: "Pipeline",
    batch,
    description: `Pipeline submission for endpoint: ${deployment.endpoint}, deployment: ${deployment.name}.`,
    experimentName: String(fieldOf(own, "experimentName") ?? deployment.endpoint),
    tags: {
      "azureml.batchrun": "true",
      "azureml.deploymentname": deployment.name,
      "azureml.jobtype": isPipeline ? "azureml.pipelinejob" : "azureml.batchjob",
    },
    ...(isPipeline ? pipelineOf(world, deployment, asked) : scoringOf(world, deployment, asked, properties)),
  };
  return jobService(world).submit(name, body, submitter);
}

type Asked = { readonly inputs: Record<string, JobInput>; readonly outputs: Record<string, JobOutput> };

function pipelineOf(world: AzureWorld, deployment: BatchDeploymentRecord, asked: Asked): Json {
  const { componentId, settings } = deployment.properties.deploymentConfiguration ?? {};
  const compute = settings?.["default_compute"];
  return {
    componentId: componentId?.assetId,
    settings: {
      ...settings,
      ...(typeof compute === "string" && !compute.includes("/")
        ? { default_compute: `${world.workspaceId}/computes/${compute.replace(/^azureml:/, "")}` }
        : {}),
    },
    ...asked,
  };
}

/** One step, `batchscoring`, whose output `score` holds the predictions: that is where the official client looks. */
function scoringOf(world: AzureWorld, deployment: BatchDeploymentRecord, asked: Asked, properties: Json): Json {
  const [input, ...others] = Object.values(asked.inputs);
  if (input === undefined || others.length > 0 || input.jobInputType === "literal") {
    throw userError(400, "A model deployment reads exactly one input of files.", ["BadArgument", "InvalidInput"]);
  }
  const sent = deployment.properties;
  const wanted = Object.values(asked.outputs)[0];
  const score: JobOutput =
    wanted?.uri === undefined || wanted.uri === null
      ? { jobOutputType: "uri_folder" }
      : { jobOutputType: "uri_folder", uri: wanted.jobOutputType === "uri_file" ? folderOf(wanted.uri) : wanted.uri };
  const fileName =
    wanted?.jobOutputType === "uri_file" && wanted.uri
      ? wanted.uri.split("/").pop()
      : (sent.outputFileName ?? "predictions.csv");
  const code = sent.codeConfiguration;
  const retry = sent.retrySettings ?? {};
  const size = fieldOf(properties, "miniBatchSize") ?? sent.miniBatchSize ?? 10;
  const model = modelOf(world, sent.model);
  const words = [
    `--entry-script=${quoted(code?.scoringScript ?? mlflowEntry)}`,
    "--input=${{inputs.data}}",
    `--mini-batch-size=${String(size)}`,
    `--error-threshold=${String(sent.errorThreshold ?? -1)}`,
    `--max-retries=${retry.maxRetries ?? 3}`,
    `--timeout=${(durationMilliseconds(retry.timeout ?? "PT30S") ?? 30_000) / 1000}`,
    ...(sent.outputAction === "SummaryOnly" ? [] : [`--output-file=\${{outputs.score}}/${quoted(String(fileName))}`]),
  ];
  // In AZUREML_MODEL_DIR there is a folder of the model's own name.
  const place =
    model === undefined ? "" : `mkdir -p .model && ln -sfn \${{inputs.model}} .model/${quoted(model.folder)} && `;
  const step: Json = {
    type: "command",
    name: "batchscoring",
    inputs: {},
  };
  const command = {
    jobType: "Command",
    command: `${place}AZUREML_MODEL_DIR=$PWD/.model python ${quoted(driver)} ${words.join(" ")}`,
    ...(code?.codeId ? { codeId: code.codeId } : {}),
    environmentId: String(sent.environmentId ?? mlflowEnvironment),
    environmentVariables: {
      ...sent.environmentVariables,
      AZUREML_BI_OUTPUT_PATH: "${{outputs.score}}",
    },
    inputs: {
      data: input,
      ...(model === undefined ? {} : { model: { jobInputType: "custom_model", uri: model.id } }),
    },
    outputs: { score },
    computeId: sent.compute ?? null,
  };
  return { jobs: { batchscoring: { ...step, command } }, settings: { force_rerun: true }, inputs: {}, outputs: {} };
}

/** The model's id and the name of the folder or file that it is. */
function modelOf(
  world: AzureWorld,
  sent: AssetReferenceBase | null | undefined,
): { id: string; folder: string } | undefined {
  const id = sent && "assetId" in sent ? sent.assetId : sent && "path" in sent ? sent.path : undefined;
  if (id === undefined || id === null) return undefined;
  const reference = parseReference(id, "models");
  const version =
    reference.kind === "asset" ? world.assets.models.version(reference.name, reference.version) : undefined;
  const uri = String(version?.properties["modelUri"] ?? id);
  return { id, folder: uri.replace(/\/+$/, "").split("/").pop() ?? "model" };
}

/** A key whatever its casing: documentation writes Pascal case, the client camel case (docs/facts/azureml-services.md#6.4). */
function fieldOf(object: Json, key: string): unknown {
  const found = Object.keys(object).find((one) => one.toLowerCase() === key.toLowerCase());
  return found === undefined ? undefined : object[found];
}

function inputOf(sent: Json): JobInput {
  const type = snake(String(fieldOf(sent, "jobInputType") ?? ""));
  if (type === "literal") return { jobInputType: "literal", value: String(fieldOf(sent, "value") ?? "") };
  const uri = fieldOf(sent, "uri");
  if (typeof uri !== "string" || uri === "") {
    throw new ArmError(400, "UserError", "An input of the invocation has no uri.", ["BadArgument", "InvalidInput"]);
  }
  return { jobInputType: type, uri: uri.replace(/^azureml:(?=\/[^/])/, "") };
}

function outputOf(sent: Json): JobOutput {
  const uri = fieldOf(sent, "uri");
  return {
    jobOutputType: snake(String(fieldOf(sent, "jobOutputType") ?? "UriFolder")),
    ...(typeof uri === "string" ? { uri } : {}),
  };
}

function shownInput(sent: Json): Json {
  const type = String(fieldOf(sent, "jobInputType") ?? "");
  if (/^literal$/i.test(type)) return { description: null, value: fieldOf(sent, "value"), jobInputType: type };
  return {
    description: null,
    uri: fieldOf(sent, "uri"),
    mode: fieldOf(sent, "mode") ?? "ReadOnlyMount",
    jobInputType: type,
  };
}

/** UriFolder or uri_folder become the latter. */
function snake(type: string): string {
  const names: Record<string, string> = {
    urifolder: "uri_folder",
    urifile: "uri_file",
    mltable: "mltable",
    literal: "literal",
    custommodel: "custom_model",
    mlflowmodel: "mlflow_model",
    tritonmodel: "triton_model",
  };
  return names[type.replaceAll("_", "").toLowerCase()] ?? "literal";
}

function folderOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf("/") + 1);
}
