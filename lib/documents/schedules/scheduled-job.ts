// The job that a schedule submits: one that Azure ML has, one in a file, one written out; the first two with changes (docs/facts/azureml-documents.md#2.12).
// Tests: test/lib/documents/schedules/schedule.test.ts

import { commandJobKind } from "../jobs/command.ts";
import type { JobKind } from "../jobs/define-job.ts";
import { sparkJobKind } from "../jobs/spark.ts";
import { gathering, includedFile } from "../language/included-file.ts";
import { kindOf } from "../language/kind.ts";
import { mergeNodes } from "../language/overrides.ts";
import type { Resolver } from "../language/resolver.ts";
import { described, type Reading, type Shape } from "../language/shape.ts";
import type { MapNode, ScalarNode, YamlNode } from "../language/source.ts";
import { type PipelineJob, pipelineChanges, pipelineJobKind } from "../pipelines/pipeline.ts";

/** Kinds of jobs that the service schedules. */
const SCHEDULED: readonly JobKind[] = [pipelineJobKind, commandJobKind, sparkJobKind];

export type ScheduledJob =
  | { readonly kind: "registered"; readonly id: string; readonly changes?: PipelineJob }
  | { readonly kind: "job"; readonly of: JobKind; readonly job: ReturnType<JobKind["parse"]> };

const EXPECTS = "azureml:<job>, a path to the YAML of a job, or a mapping with `job`";

export const scheduledJob: Shape<ScheduledJob> = {
  expects: EXPECTS,
  below: { kind: "either", shapes: [...SCHEDULED.map(({ shape }) => shape), pipelineChanges] },
  read(node, at) {
    if (node.kind === "scalar" && node.type === "string") return readNamed(node, at, undefined);
    if (node.kind !== "map") return at.fault(node, `${at.name} is ${described(node)}; ${EXPECTS} is needed.`);
    const job = node.entries.get("job");
    if (job === undefined) return readJob(node, at);
    if (job.kind === "scalar" && job.type === "string") return readNamed(job, at.step("job"), without(node, "job"), at);
    return at.step("job").fault(job, `"job" is ${described(job)}; azureml:<job> or a path to a YAML file is needed.`);
  },
  write: (value, to) => scheduledJobBody(value, to.resolver),
};

/** A job that is written out. */
function readJob(node: MapNode, at: Reading): ScheduledJob | undefined {
  const found = kindOf({ node });
  const of = SCHEDULED.find(({ name }) => name === found);
  if (of === undefined)
    return at.fault(node, `${at.name} describes no job that can stand here, but: ${found}.`, {
      allowed: SCHEDULED.map(({ name }) => name),
    });
  const job = of.shape.read(node, at);
  return job && { kind: "job", of, job };
}

/** A job by its name or its file. `changes` are read at the place `above`. */
function readNamed(
  node: ScalarNode,
  at: Reading,
  changes: MapNode | undefined,
  above: Reading = at,
): ScheduledJob | undefined {
  const id = /^azureml:(.+)$/.exec(node.text)?.[1] ?? (/^\/subscriptions\//i.test(node.text) ? node.text : undefined);
  if (id !== undefined) {
    at.note(node, { kind: "jobs", name: id });
    return readRegistered(id, node, changes, above);
  }
  const included = includedFile(node, at, "a job");
  if (included === undefined) return undefined;
  const merged = changes === undefined ? included.node : mergeNodes(included.node, changes);
  return gathering(at, () => readJob(merged, included.at));
}

function readRegistered(
  id: string,
  node: ScalarNode,
  changes: MapNode | undefined,
  at: Reading,
): ScheduledJob | undefined {
  if (changes === undefined || changes.entries.size === 0) return { kind: "registered", id };
  const type = changes.entries.get("type");
  if (type?.kind !== "scalar" || type.text.toLowerCase() !== "pipeline")
    return at.fault(
      type ?? node,
      `${at.name} changes a job that Azure ML has; only a pipeline's can be changed here.`,
      {
        hint: "Write `type: pipeline` if it is one.",
      },
    );
  const read = pipelineChanges.read(changes, at) as PipelineJob | undefined;
  return read && { kind: "registered", id, changes: read };
}

function without(node: MapNode, name: string): MapNode {
  const entries = new Map<string, YamlNode>(node.entries);
  entries.delete(name);
  return { ...node, entries };
}

/** `jobDefinition`. The service names the experiment after the schedule unless the job names one. */
async function scheduledJobBody(value: ScheduledJob, resolver: Resolver): Promise<Record<string, unknown>> {
  if (value.kind === "job") return await value.of.properties(value.job, resolver);
  if (value.changes === undefined)
    return { jobType: "Pipeline", sourceJobId: value.id, experimentName: "", isArchived: false };
  return { ...(await pipelineJobKind.properties(value.changes, resolver)), sourceJobId: value.id };
}
