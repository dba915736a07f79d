// Jobs of every kind: which one a file describes, and the body that all of them share (docs/facts/azureml-documents.md#2.2).
import { segment } from "../segment.ts";
import "./pipelines/kinds.ts";
import { AUTOML_API_VERSION, type AutomlJob, automlJob, automlProperties } from "./jobs/automl.ts";
import { COMMAND_API_VERSION, type CommandJob, commandJob, commandProperties } from "./jobs/command.ts";
import {
  type DistillationJob,
  distillationJob,
  distillationProperties,
  distillationSettings,
} from "./jobs/distillation.ts";
import { FINETUNING_API_VERSION, type FinetuningJob, finetuningJob, finetuningProperties } from "./jobs/finetuning.ts";
import { SPARK_API_VERSION, type SparkJob, sparkJob, sparkProperties } from "./jobs/spark.ts";
import { SWEEP_API_VERSION, type SweepJob, sweepJob, sweepProperties } from "./jobs/sweep.ts";
import { camelWriting, type ParseOptions, present, readDocument, type Write } from "./language/document.ts";
import { type DocumentKind, JOB_KINDS, type JobKind, kindOf, refuseOther } from "./language/kind.ts";
import type { Resolver } from "./language/resolver.ts";
import type { Reading, Shape, Writing } from "./language/shape.ts";
import type { MapNode, SourceFile } from "./language/source.ts";
import { PIPELINE_API_VERSION, type PipelineJob, pipelineJob, pipelineProperties } from "./pipelines/pipeline.ts";

/** A job as its YAML says it; `kind` tells which fields it has. */
export type JobDocument =
  | ({ readonly kind: "command" } & CommandJob)
  | ({ readonly kind: "pipeline" } & PipelineJob)
  | ({ readonly kind: "sweep" } & SweepJob)
  | ({ readonly kind: "automl" } & AutomlJob)
  | ({ readonly kind: "spark" } & SparkJob)
  | ({ readonly kind: "finetuning" } & FinetuningJob)
  | ({ readonly kind: "distillation" } & DistillationJob);

export interface JobParseOptions extends ParseOptions {
  /** Kinds that the caller can submit; any other is refused by name. All that are known, if not given. */
  readonly kinds?: readonly JobKind[];
}

export interface JobOptions {
  /** The job's name, which identifies it for good. Wins over the document's. A function is called after everything else is known. */
  readonly name: string | (() => string);
  /** Where the document names no experiment. */
  readonly experimentName?: string | undefined;
  /** Wins over the document's; the job's name if neither is given. */
  readonly displayName?: string | undefined;
  /** Added to the document's; a tag of the same name wins over it. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

/** The write of a job. */
export interface JobWrite extends Write {
  readonly name: string;
}

/** How the jobs of a kind are read and written. */
interface Kind<T> {
  readonly shape: Shape<T>;
  readonly apiVersion: string;
  /** What only this kind has in its body. */
  properties(job: T, to: Writing): Promise<Record<string, unknown>>;
  /** What goes among the job's own properties. */
  settings?(job: T): Record<string, string>;
}

type Of<K extends JobDocument["kind"]> = Extract<JobDocument, { kind: K }>;

const KINDS: { readonly [K in JobDocument["kind"]]: Kind<Of<K>> } = {
  command: {
    shape: commandJob as unknown as Shape<Of<"command">>,
    apiVersion: COMMAND_API_VERSION,
    properties: commandProperties,
  },
  sweep: {
    shape: sweepJob as unknown as Shape<Of<"sweep">>,
    apiVersion: SWEEP_API_VERSION,
    properties: sweepProperties,
  },
  pipeline: {
    shape: pipelineJob as unknown as Shape<Of<"pipeline">>,
    apiVersion: PIPELINE_API_VERSION,
    properties: pipelineProperties,
  },
  automl: {
    shape: automlJob as unknown as Shape<Of<"automl">>,
    apiVersion: AUTOML_API_VERSION,
    properties: automlProperties,
  },
  finetuning: {
    shape: finetuningJob as unknown as Shape<Of<"finetuning">>,
    apiVersion: FINETUNING_API_VERSION,
    properties: finetuningProperties,
  },
  distillation: {
    shape: distillationJob as unknown as Shape<Of<"distillation">>,
    apiVersion: FINETUNING_API_VERSION,
    properties: distillationProperties,
    settings: distillationSettings,
  },
  spark: {
    shape: sparkJob as unknown as Shape<Of<"spark">>,
    apiVersion: SPARK_API_VERSION,
    properties: sparkProperties,
  },
};

/** Reads a job; throws all faults of the file at once. */
export function parseJob(file: SourceFile, options: JobParseOptions = {}): JobDocument {
  const able = (options.kinds ?? JOB_KINDS).filter((kind): kind is JobDocument["kind"] => Object.hasOwn(KINDS, kind));
  const wanted = able.map((kind): DocumentKind => `${kind} job`);
  const use = able.length === 1 ? `only a ${able[0]} job can be submitted here` : "it is no job that can be submitted";
  const found = refuseOther(file, wanted, use);
  const kind = able.find((one) => found === `${one} job`) ?? "command";
  const value = readDocument(file, KINDS[kind].shape as Shape<JobDocument>, found, options);
  return { ...value, kind } as JobDocument;
}

/** Reads a job that another document holds. */
export function readJob(node: MapNode, at: Reading, kinds: readonly JobDocument["kind"][]): JobDocument | undefined {
  const found = kindOf({ node });
  const kind = kinds.find((one) => found === `${one} job`);
  if (kind === undefined) {
    const allowed = kinds.map((one) => `${one} job`);
    return at.fault(node, `${at.name} describes no job that can stand here, but: ${found}.`, { allowed });
  }
  const value = (KINDS[kind].shape as Shape<JobDocument>).read(node, at);
  return value && ({ ...value, kind } as JobDocument);
}

/** The shape of a kind of job. */
export function jobShape(kind: JobDocument["kind"]): Shape<unknown> {
  return KINDS[kind].shape as Shape<unknown>;
}

/** The REST properties of a job, with nothing that its document does not say. */
export async function jobProperties(job: JobDocument, resolver: Resolver): Promise<Record<string, unknown>> {
  const kind = KINDS[job.kind] as Kind<JobDocument>;
  const properties = await kind.properties(job, camelWriting(resolver));
  return present({
    ...properties,
    description: job.description,
    displayName: job.display_name,
    experimentName: job.experiment_name,
    isArchived: false,
    tags: job.tags ?? {},
    properties: { ...job.properties, ...kind.settings?.(job) },
  });
}

/** The write of a job: its code, environments and local inputs are uploaded and registered through the resolver first. */
export async function translateJob(job: JobDocument, resolver: Resolver, options: JobOptions): Promise<JobWrite> {
  const properties = await jobProperties(job, resolver);
  const name = typeof options.name === "string" ? options.name : options.name();
  return {
    method: "PUT",
    path: `jobs/${segment(name, "the name")}`,
    apiVersion: KINDS[job.kind].apiVersion,
    name,
    body: {
      properties: present({
        ...properties,
        displayName: options.displayName ?? job.display_name ?? name,
        experimentName: job.experiment_name ?? options.experimentName,
        tags: { ...job.tags, ...options.tags },
        properties: { ...(properties["properties"] as object), ...options.properties },
      }),
    },
  };
}
