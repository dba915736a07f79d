// Recognises the kind of a YAML file: from `$schema`, `type` and the fields that only one kind has (docs/facts/azureml-documents.md#1.2).
// The task decides which kind is read; this says what was found instead.
import { TaskError } from "../../errors.ts";
import { snakeCase } from "./shape.ts";
import type { SourceFile, SpecNode } from "./source.ts";

export const JOB_KINDS = [
  "command",
  "sweep",
  "pipeline",
  "spark",
  "automl",
  "finetuning",
  "distillation",
  "import",
  "data_transfer",
  "parallel",
] as const;
export type JobKind = (typeof JOB_KINDS)[number];

const OTHER_KINDS = [
  "component",
  "data asset",
  "data import",
  "model",
  "environment",
  "online endpoint",
  "online deployment",
  "batch endpoint",
  "batch deployment",
  "datastore",
  "compute",
  "schedule",
  "registry",
  "connection",
  "workspace",
  "conda environment",
  "prompt flow",
  "document of an unknown kind",
] as const;

export type DocumentKind = `${JobKind} job` | (typeof OTHER_KINDS)[number];

/** All that a YAML file may turn out to be. */
export const DOCUMENT_KINDS: readonly DocumentKind[] = [
  ...JOB_KINDS.map((kind): DocumentKind => `${kind} job`),
  ...OTHER_KINDS,
];

/** The last part of a `$schema` without its ending, in lower case, and the kind that it means. */
const SCHEMAS: Readonly<Record<string, DocumentKind>> = {
  commandjob: "command job",
  sweepjob: "sweep job",
  pipelinejob: "pipeline job",
  sparkjob: "spark job",
  automljob: "automl job",
  finetuningjob: "finetuning job",
  distillationjob: "distillation job",
  paralleljob: "parallel job",
  commandcomponent: "component",
  pipelinecomponent: "component",
  parallelcomponent: "component",
  sparkcomponent: "component",
  automlcomponent: "component",
  sweepcomponent: "component",
  importcomponent: "component",
  datatransfercomponent: "component",
  data: "data asset",
  dataimport: "data import",
  model: "model",
  environment: "environment",
  managedonlineendpoint: "online endpoint",
  kubernetesonlineendpoint: "online endpoint",
  managedonlinedeployment: "online deployment",
  kubernetesonlinedeployment: "online deployment",
  batchendpoint: "batch endpoint",
  batchdeployment: "batch deployment",
  modelbatchdeployment: "batch deployment",
  pipelinecomponentbatchdeployment: "batch deployment",
  azureblob: "datastore",
  azurefile: "datastore",
  azuredatalakegen1: "datastore",
  azuredatalakegen2: "datastore",
  onelake: "datastore",
  amlcompute: "compute",
  computeinstance: "compute",
  vmcompute: "compute",
  kubernetescompute: "compute",
  synapsesparkcompute: "compute",
  schedule: "schedule",
  monitorschedule: "schedule",
  registry: "registry",
  connection: "connection",
  workspaceconnection: "connection",
  workspace: "workspace",
  flow: "prompt flow",
};

const TYPES: Readonly<Record<string, DocumentKind>> = {
  azure_blob: "datastore",
  azure_file: "datastore",
  azure_data_lake_gen1: "datastore",
  azure_data_lake_gen2: "datastore",
  one_lake: "datastore",
  amlcompute: "compute",
  computeinstance: "compute",
  virtualmachine: "compute",
  kubernetes: "compute",
  synapsespark: "compute",
  custom_model: "model",
  mlflow_model: "model",
  triton_model: "model",
  uri_file: "data asset",
  uri_folder: "data asset",
  mltable: "data asset",
  finetuning: "finetuning job",
  fine_tuning: "finetuning job",
  distillation: "distillation job",
  automl: "automl job",
  sweep: "sweep job",
  spark: "spark job",
  pipeline: "pipeline job",
  command: "command job",
  import: "import job",
  data_transfer: "data_transfer job",
  git: "connection",
  container_registry: "connection",
  python_feed: "connection",
  s3: "connection",
  snowflake: "connection",
  custom: "connection",
  azure_sql_db: "connection",
  azure_synapse_analytics: "connection",
  azure_my_sql_db: "connection",
  azure_postgres_db: "connection",
  azure_one_lake: "connection",
  azure_open_ai: "connection",
  azure_ai_services: "connection",
  azure_ai_search: "connection",
  azure_content_safety: "connection",
  azure_speech_services: "connection",
  api_key: "connection",
  open_ai: "connection",
  serp: "connection",
  serverless: "connection",
};

const COMPONENT_TYPES = ["command", "spark", "parallel", "pipeline", "automl", "data_transfer", "import"];

const DATASTORE_OR_CONNECTION = ["azure_blob", "azure_data_lake_gen2"];

/** Only batch deployments have these. */
const BATCH_FIELDS = ["compute", "settings", "component", "job_definition", "mini_batch_size", "output_action"];

/** A component says of its inputs which types they have; a job gives them values. */
function declaresInputs(inputs: SpecNode | undefined): boolean {
  if (inputs?.kind !== "map") return false;
  return [...inputs.entries.values()].some(
    (input) =>
      input.kind === "map" && input.entries.has("type") && !input.entries.has("path") && !input.entries.has("value"),
  );
}

/** The kind of document that the file holds. */
export function kindOf(file: Pick<SourceFile, "node">): DocumentKind {
  const { entries } = file.node;
  const word = (name: string): string => {
    const node = entries.get(name);
    return node?.kind === "scalar" ? node.text : "";
  };
  const schema = /([A-Za-z0-9]+)(?:\.schema)?\.json$/.exec(word("$schema"))?.[1]?.toLowerCase();
  const named = schema === undefined ? undefined : SCHEMAS[schema];
  if (named !== undefined) return named;
  const has = (...names: string[]) => names.every((name) => entries.has(name));
  if (has("trigger")) return "schedule";
  if (has("endpoint_name")) {
    const isBatch = ["model", "pipeline"].includes(word("type").toLowerCase());
    const looksBatch = BATCH_FIELDS.some((name) => entries.has(name)) && !has("instance_type");
    return isBatch || looksBatch ? "batch deployment" : "online deployment";
  }
  if (has("auth_mode")) return "online endpoint";
  const type = word("type").toLowerCase();
  // A component's inputs and outputs are declared with types; only its `version` or missing job fields tell it from a job.
  const isComponent = COMPONENT_TYPES.includes(type) && has("name") && (has("version") || has("is_deterministic"));
  if (type !== "" && has("name") && declaresInputs(entries.get("inputs"))) return "component";
  if (isComponent && !has("training_data") && !has("experiment_name") && !has("compute") && !has("settings"))
    return "component";
  if (has("source", "path") && (type === "" || type === "mltable" || type === "uri_folder")) return "data import";
  if (has("replication_locations")) return "registry";
  // A blob container and a data lake may be datastores or, with `url` or `target`, what a connection leads to.
  if (DATASTORE_OR_CONNECTION.includes(type) && (has("url") || has("target"))) return "connection";
  const ofType = TYPES[type] ?? TYPES[snakeCase(word("type"))];
  if (ofType !== undefined) return ofType;
  if (has("jobs")) return "pipeline job";
  if (has("trial", "search_space")) return "sweep job";
  if (has("task", "training_data")) return "automl job";
  if (has("command")) return "command job";
  if (has("channels") || has("dependencies")) return "conda environment";
  if (has("image") || has("build") || has("conda_file")) return "environment";
  return "document of an unknown kind";
}

/**
 * Whether a file with faults is better refused as a whole, because it is of another kind than the one that is read. A conda file is
 * told by its faults how it becomes an environment; a component without a version looks like a job, and only `$schema` tells them apart.
 */
export function isEvidentlyOther(file: SourceFile, wanted: DocumentKind): boolean {
  const found = kindOf(file);
  if (found === wanted || found === "document of an unknown kind" || found === "conda environment") return false;
  return wanted !== "component" || !found.endsWith(" job") || file.node.entries.has("$schema");
}

/** Refuses a file that is of another kind than the one that is to be read, naming both. An unknown kind is let through: its faults say more. */
export function refuseOther(file: SourceFile, wanted: readonly DocumentKind[], use: string): DocumentKind {
  const found = kindOf(file);
  if (wanted.includes(found) || found === "document of an unknown kind") return found;
  const needed = `Name a file that describes ${wanted.length === 1 ? withArticle(wanted[0] ?? "") : `one of: ${wanted.join(", ")}`}.`;
  const way = wayOf(found);
  throw new TaskError("input", `${file.name} describes ${withArticle(found)}; ${use}.`, {
    where: file.node.where,
    hint: way === undefined ? needed : `${needed} ${way}`,
  });
}

/** What takes a document of the kind. */
function wayOf(found: DocumentKind): string | undefined {
  if (found === "component")
    return "A component runs as a step: name it under `component:` in a pipeline job, or register it with AzureMLApply.";
  if (found === "schedule") return "AzureMLApply creates a schedule; to run its job now, submit the job's own file.";
  if (found === "online deployment") return "AzureMLDeployEndpoint rolls a deployment out.";
  if (found === "data asset") return "AzureMLRegisterData registers data, and so does AzureMLApply.";
  if (found === "model") return "AzureMLRegisterModel registers a model, and so does AzureMLApply.";
  if (found === "conda environment") return "An environment names a conda file under `conda_file:`, beside `image:`.";
  if (found.endsWith(" job")) return "AzureMLSubmitJob submits a job.";
  return APPLIED.includes(found) ? `AzureMLApply creates and updates ${plural(found)}.` : undefined;
}

const APPLIED: readonly DocumentKind[] = [
  "environment",
  "online endpoint",
  "batch endpoint",
  "batch deployment",
  "datastore",
  "compute",
  "connection",
  "registry",
  "data import",
];

const plural = (noun: string) => (noun === "registry" ? "registries" : `${noun}s`);

export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
