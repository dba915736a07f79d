// Jobs of every kind: which one a file describes, and its write.
// Tests: test/lib/documents/unreadable.test.ts, test/lib/documents/secrets-in-faults.test.ts
import type { JobKind, JobWrite } from "./jobs/define-job.ts";
import { JOB_KINDS } from "./kinds.gen.ts";
import type { WriteOptions } from "./language/define-kind.ts";
import type { ParseOptions } from "./language/document.ts";
import { refuseOther } from "./language/kind.ts";
import type { Resolver } from "./language/resolver.ts";
import type { SourceFile } from "./language/source.ts";

/** A job as its YAML says it; `kind` tells which fields it has. */
export type JobDocument = ReturnType<(typeof JOB_KINDS)[number]["parse"]>;

export interface JobParseOptions extends ParseOptions {
  /** Kinds that the caller can submit; any other is refused by name. All that are known, if not given. */
  readonly kinds?: readonly JobDocument["kind"][];
}

/** Reads a job; throws all faults of the file at once. */
export function parseJob(file: SourceFile, options: JobParseOptions = {}): JobDocument {
  const able = JOB_KINDS.filter(({ job }) => options.kinds?.includes(job) ?? true);
  const wanted = able.map(({ name }) => name);
  const use = able.length === 1 ? `only a ${wanted[0]} can be submitted here` : "it is no job that can be submitted";
  const found = refuseOther(file, wanted, use);
  // What is of no kind that is known is read as a command: its faults say most.
  const kind = able.find(({ name }) => name === found) ?? JOB_KINDS[0];
  return kind.parse(file, options);
}

/** The write of a job. */
export async function translateJob(job: JobDocument, resolver: Resolver, options: WriteOptions): Promise<JobWrite> {
  const kinds: readonly JobKind[] = JOB_KINDS;
  const kind = kinds.find((one) => one.job === job.kind);
  if (kind === undefined) throw new Error(`There are no ${job.kind} jobs.`);
  return await kind.translate(job, resolver, options);
}
