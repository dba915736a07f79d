// A kind of job as one object: what jobs of all kinds say about themselves, and the body that all of them share (docs/facts/azureml-documents.md#2.2).
// Tests: test/lib/documents/jobs/command.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { defineKind, type Kind } from "../language/define-kind.ts";
import { camelWriting, type Write } from "../language/document.ts";
import { JOB_ADVICE } from "../language/kind.ts";
import { optional, readOnly } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { text } from "../language/scalar.ts";
import type { Shape, Writing } from "../language/shape.ts";
import { runDescription, runName, runProperties, runTags } from "../language/tag-limits.ts";

/** Fields of jobs of all kinds. */
export const jobHeader = {
  name: optional(
    text({
      pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$/,
      rule: "a job's name has letters, digits, dashes, underscores and dots",
    }),
  ),
  display_name: optional(runName),
  experiment_name: optional(text()),
  description: optional(runDescription),
  tags: optional(runTags),
  properties: optional(runProperties),
  id: readOnly(),
  status: readOnly(),
  log_files: readOnly(),
  creation_context: readOnly(),
};

export interface JobHeader {
  readonly name?: string;
  readonly display_name?: string;
  readonly experiment_name?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

/** The write of a job. */
export interface JobWrite extends Write {
  readonly name: string;
}

/** A kind of job; its documents say which one they are of. */
export interface JobKind<N extends string = string, T extends JobHeader = JobHeader>
  extends Kind<T & { readonly kind: N }, JobWrite> {
  readonly job: N;
  readonly shape: Shape<T & { readonly kind: N }>;
  /** The REST properties of a job, with nothing that its document does not say. */
  properties(job: T, resolver: Resolver): Promise<Record<string, unknown>>;
}

interface JobDeclaration<N extends string, T extends JobHeader>
  extends Pick<JobKind<N, T>, "job" | "name" | "order" | "schemas" | "types" | "fields"> {
  readonly shape: Shape<T>;
  /** At which its jobs are written. */
  readonly apiVersion: string;
  /** The fields of the body that only this kind has. */
  properties(job: T, to: Writing): Promise<Record<string, unknown>>;
  /** Additions to the job's `properties`. */
  settings?(job: T): Record<string, string>;
}

export function defineJob<const N extends string, T extends JobHeader>(declared: JobDeclaration<N, T>): JobKind<N, T> {
  const { apiVersion, properties: own, settings, ...kind } = declared;
  const shape: JobKind<N, T>["shape"] = {
    ...declared.shape,
    read(node, at) {
      const value = declared.shape.read(node, at);
      return value && { ...value, kind: declared.job };
    },
  };
  const properties = async (job: T, resolver: Resolver) =>
    present({
      ...(await own(job, camelWriting(resolver))),
      description: job.description,
      displayName: job.display_name,
      experimentName: job.experiment_name,
      isArchived: false,
      tags: job.tags ?? {},
      properties: { ...job.properties, ...settings?.(job) },
    });
  return {
    ...defineKind({
      ...kind,
      advice: JOB_ADVICE,
      shape,
      apiVersion,
      async write(job, resolver, options) {
        const body = await properties(job, resolver);
        const chosen = options.name ?? job.name;
        if (chosen === undefined) throw new Error("The job has no name.");
        const name = typeof chosen === "string" ? chosen : chosen();
        return {
          path: `jobs/${segment(name, "the name")}`,
          name,
          body: {
            properties: present({
              ...body,
              displayName: options.displayName ?? job.display_name ?? name,
              experimentName: job.experiment_name ?? options.experimentName,
              tags: { ...job.tags, ...options.tags },
              properties: { ...(body["properties"] as object), ...options.properties },
            }),
          },
        };
      },
    }),
    job: declared.job,
    shape,
    properties,
  };
}
