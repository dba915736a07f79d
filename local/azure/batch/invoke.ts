// An invocation of a batch endpoint made into the pipeline job that it is: the user's scoring script over the files that were named.

import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { guidOf } from "../../text/guid.ts";
import { quoted } from "../../text/shell.ts";
import { ArmError, userError } from "../arm/errors.ts";
import type { AssetReferenceBase, BatchDeploymentProperties } from "../contract/types.gen.ts";
import { mlflowEnvironment } from "../environments/definition.ts";
import { refuseOverLimits } from "../jobs/refusals.ts";
import { jobService } from "../jobs/service.ts";
import type { Submitter } from "../jobs/submitter.ts";
import type { BatchDeploymentRecord, Invocation } from "../records/batch-endpoint.ts";
import { durationMilliseconds } from "../records/durations.ts";
import type { JobInput, JobOutput, JobRecord } from "../records/job.ts";
import { parseReference } from "../records/references.ts";
import { storagePlace } from "../workspace/locate.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

const driver = fileURLToPath(new URL("../jobs/parallel/driver.py", import.meta.url));
const mlflowEntry = fileURLToPath(new URL("./mlflow_entry.py", import.meta.url));

/** Starts the job of an invocation. @throws ArmError 400 for a body that names no input a deployment could read */
export async function invoke(
  world: AzureWorld,
  deployment: BatchDeploymentRecord,
  sent: Json,
  submitter: Submitter,
): Promise<JobRecord> {
  const properties = (fieldOf(sent, "properties") ?? {}) as Json;
  const inputs = (fieldOf(properties, "inputData") ?? {}) as Record<string, Json>;
  const outputs = (fieldOf(properties, "outputData") ?? {}) as Record<string, Json>;
  const own = (fieldOf(properties, "properties") ?? {}) as Json;
  // An invocation makes a run, whose limits its tags are held to; not verified against live Azure.
  refuseOverLimits({ tags: fieldOf(properties, "tags") });
  const isPipeline = (deployment.properties.deploymentConfiguration ?? undefined) !== undefined;
  // The service names the job, in two forms that were recorded; a name that is sent is reported to change nothing (docs/facts/azureml-services.md#6.4).
  const name = isPipeline ? randomUUID() : `batchjob-${randomUUID()}`;
  const asked = {
    inputs: Object.fromEntries(Object.entries(inputs).map(([key, one]) => [key, inputOf(one)])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([key, one]) => [key, outputOf(one)])),
  };
  const settings = settingsOf(deployment, properties);
  const batch: Invocation = {
    endpoint: deployment.endpoint,
    deployment: deployment.name,
    inputData: Object.fromEntries(Object.entries(inputs).map(([key, one]) => [key, shownInput(one)])),
    friendlyName: friendlyName(name),
  };
  const body = {
    jobType: "Pipeline",
    batch,
    description: `Pipeline submission for endpoint: ${deployment.endpoint}, deployment: ${deployment.name}.`,
    // Only a pipeline component's deployment takes properties (docs/facts/azureml-services.md#6.4).
    experimentName: String((isPipeline ? fieldOf(own, "experimentName") : undefined) ?? deployment.endpoint),
    tags: {
      // The published type of an invocation has tags that a client writes; that the service keeps them is inferred.
      ...(world.settings.batch.keepsTags ? textsOf(fieldOf(properties, "tags")) : {}),
      ...(isPipeline ? {} : { outputType: "output_data", inputType: "input_data", "azureml.batchrun": "true" }),
      "azureml.deploymentname": deployment.name,
      ...(isPipeline ? {} : { "azureml.jobtype": "azureml.batchjob" }),
    },
    properties: propertiesOfJob(deployment, settings),
    ...(isPipeline ? pipelineOf(world, deployment, asked) : await scoringOf(world, asked, settings)),
  };
  return jobService(world).submit(name, body, submitter);
}

type Settings = BatchDeploymentProperties;

/** The deployment's settings with those of the invocation over them (the published type of an invocation). */
function settingsOf(deployment: BatchDeploymentRecord, sent: Json): Settings {
  const names = ["errorThreshold", "loggingLevel", "maxConcurrencyPerInstance", "miniBatchSize", "outputFileName"];
  const given = [...names, "retrySettings"].flatMap((name) => {
    const value = fieldOf(sent, name);
    return value === undefined || value === null ? [] : [[name, value] as const];
  });
  const count = fieldOf((fieldOf(sent, "compute") ?? {}) as Json, "instanceCount");
  const { resources } = deployment.properties;
  return {
    ...deployment.properties,
    ...Object.fromEntries(given),
    ...(typeof count === "number" ? { resources: { ...resources, instanceCount: count } } : {}),
  };
}

const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries((value ?? {}) as Json).map(([key, one]) => [key, String(one)]));

/** Two words and a suffix, as the service calls a job that nobody has named. */
function friendlyName(name: string): string {
  const hex = guidOf(name).replaceAll("-", "");
  const pick = (words: readonly string[], at: number) =>
    words[Number.parseInt(hex.slice(at, at + 2), 16) % words.length];
  return `${pick(["careful", "lemon", "mango", "stoic"], 0)}_${pick(["bulb", "yacht", "island", "energy"], 2)}_${hex.slice(4, 12)}`;
}

/** Properties that the service adds to the job of an invocation, as recorded (docs/facts/azureml-wire.md#13). */
function propertiesOfJob(deployment: BatchDeploymentRecord, settings: Settings): Record<string, string> {
  const goesOn = deployment.properties.deploymentConfiguration?.settings?.["continue_on_step_failure"];
  const common = {
    "azureml.runsource": "azureml.PipelineRun",
    runType: "HTTP",
    "azureml.continue_on_step_failure": /^true$/i.test(String(goesOn)) ? "True" : "False",
  };
  const { maxRetries = 3, timeout = "PT30S" } = settings.retrySettings ?? {};
  const parameters = {
    run_max_try: String(maxRetries),
    run_invocation_timeout: String((durationMilliseconds(timeout ?? "PT30S") ?? 30_000) / 1000),
    mini_batch_size: String(settings.miniBatchSize ?? 10),
    error_threshold: String(settings.errorThreshold ?? -1),
    logging_level: String(settings.loggingLevel ?? "Info").toUpperCase(),
    process_count_per_node: String(settings.maxConcurrencyPerInstance ?? 1),
    legacy_model_job: "False",
    NodeCount: String(settings.resources?.instanceCount ?? 1),
    append_row_file_name: settings.outputFileName ?? "predictions.csv",
  };
  if ((deployment.properties.deploymentConfiguration ?? undefined) === undefined)
    return {
      "azureml.pipelineid": guidOf(`${deployment.endpoint}/${deployment.name}`),
      ...common,
      runSource: "Unavailable",
      "azureml.parameters": JSON.stringify(parameters),
      "azureml.continue_on_failed_optional_input": "False",
      "azureml.pipelineComponent": "pipelinerun",
    };
  return {
    "azureml.runLineageType": "batchDeployment",
    ...common,
    runSource: "BatchDeployment",
    "azureml.sourcepipelinerunid": guidOf(`${deployment.endpoint}/${deployment.name}`),
    "azureml.continue_on_failed_optional_input": "True",
    "azureml.defaultDataStoreName": "workspaceblobstore",
    "azureml.pipelineComponent": "pipelinerun",
  };
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
async function scoringOf(world: AzureWorld, asked: Asked, sent: Settings): Promise<Json> {
  const [input, ...others] = Object.values(asked.inputs);
  if (input === undefined || others.length > 0 || input.jobInputType === "literal") {
    throw userError(400, "A model deployment reads exactly one input of files.", ["BadArgument", "InvalidInput"]);
  }
  const wanted = Object.values(asked.outputs)[0];
  const score: JobOutput =
    wanted?.uri === undefined || wanted.uri === null
      ? { jobOutputType: "uri_folder" }
      : { jobOutputType: "uri_folder", uri: wanted.jobOutputType === "uri_file" ? folderOf(wanted.uri) : wanted.uri };
  const fileName =
    wanted?.jobOutputType === "uri_file" && wanted.uri
      ? wanted.uri.split("/").pop()
      : (sent.outputFileName ?? "predictions.csv");
  const taken = score.uri ? `${score.uri.replace(/\/+$/, "")}/${String(fileName)}` : undefined;
  // The job fails, and not the invocation (docs/facts/azureml-services.md#6.4); its words are not recorded.
  const isTaken = taken !== undefined && sent.outputAction !== "SummaryOnly" && (await isThere(world, taken));
  const refusal = isTaken ? `echo ${quoted(`The output file ${taken} exists already.`)} && exit 1; ` : "";
  const code = sent.codeConfiguration;
  const retry = sent.retrySettings ?? {};
  const model = modelOf(world, sent.model);
  const words = [
    `--entry-script=${quoted(code?.scoringScript ?? mlflowEntry)}`,
    "--input=${{inputs.data}}",
    `--mini-batch-size=${String(sent.miniBatchSize ?? 10)}`,
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
    command: `${refusal}${place}AZUREML_MODEL_DIR=$PWD/.model python ${quoted(driver)} ${words.join(" ")}`,
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

async function isThere(world: AzureWorld, uri: string): Promise<boolean> {
  const place = storagePlace(world, uri);
  return place !== undefined && (await world.blobs.exists(place.container, place.path));
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
