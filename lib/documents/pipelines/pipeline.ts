// Pipeline jobs: steps joined by bindings (docs/facts/azureml-documents.md#2.6).

import { present } from "../../plain-objects.ts";
import { checkNames, jobInputs, jobOutputs } from "../assets/io.ts";
import { defineJob, jobHeader } from "../jobs/define-job.ts";
import { jobIdentity, services } from "../jobs/run-settings.ts";
import { type ObjectOf, object, optional } from "../language/object.ts";
import { compute, computeId, datastoreId, datastoreReference } from "../language/reference.ts";
import { boolean, enumeration } from "../language/scalar.ts";
import type { Reading, Shape, Writing } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { joinSteps, type Steps, writeSteps } from "./graph.ts";
import { lacksCompute, pipelineComponent, steps } from "./pipeline-step.ts";
import { inputPort, outputPort } from "./scope.ts";
import { componentId, componentUse } from "./step.ts";

/** At which pipelines are written, those too that a data import becomes. */
export const PIPELINE_API_VERSION = "2024-01-01-preview";

const settings = object("settings", {
  default_datastore: optional(datastoreReference),
  default_compute: optional(compute),
  continue_on_step_failure: optional(boolean),
  force_rerun: optional(boolean),
});

const fields = {
  ...jobHeader,
  type: optional(enumeration(["pipeline"])),
  jobs: optional(steps, { unwritten: true }),
  component: optional(componentUse(pipelineComponent), { unwritten: true }),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  settings: optional(settings, { unwritten: true, nullable: true }),
  compute: optional(compute, { as: "compute_id" }),
  identity: optional(jobIdentity),
  services: optional(services),
};
const written = object("a pipeline job", fields);
export type PipelineJob = ObjectOf<typeof fields>;

const { jobs: _jobs, component: _component, services: _services, ...changeable } = fields;
/** The mutable fields of an existing pipeline job. */
export const pipelineChanges = object("changes to a pipeline job", changeable);

/** A single input of a pipeline, or several that are named `group.item`. */
const INPUT_NAME = /^[a-zA-Z_]+[a-zA-Z0-9_]*(\.[a-zA-Z_]+[a-zA-Z0-9_]*)*$/;

/** The graph is joined after all of it was read. */
const shape: Shape<PipelineJob> = {
  ...written,
  read(node, at) {
    const value = written.read(node, at);
    if (value === undefined || node.kind !== "map") return undefined;
    const before = at.faults.list.length;
    const ports = {
      inputs: Object.fromEntries(Object.entries(value.inputs ?? {}).map(([name, input]) => [name, inputPort(input)])),
      outputs: Object.fromEntries(
        Object.entries(value.outputs ?? {}).map(([name, output]) => [name, outputPort(output)]),
      ),
    };
    const jobs = value.jobs && joinSteps(value.jobs, ports, node.entries.get("jobs"), at.step("jobs"));
    const joined = { ...value, ...(jobs === undefined ? {} : { jobs }) };
    check(joined, node, at);
    return at.faults.list.length > before ? undefined : joined;
  },
};

function check(value: PipelineJob, node: MapNode, at: Reading): void {
  checkNames(node.entries.get("inputs"), at.step("inputs"), "input", INPUT_NAME);
  checkNames(node.entries.get("outputs"), at.step("outputs"), "output");
  if (value.component !== undefined && value.jobs !== undefined)
    at.fault(node.entries.get("component") ?? node, "a pipeline job has either jobs or a component, not both.", {
      hint: "Remove one of them.",
    });
  if (value.component === undefined && value.jobs === undefined)
    at.fault(node, 'a pipeline job needs the field "jobs" (a mapping of names to steps).', { hint: "Add `jobs:`." });
  if (value.compute === undefined && value.settings?.default_compute === undefined)
    checkComputes(value.jobs ?? {}, node, at);
}

/** Without a compute for all, each step must name its own. */
function checkComputes(jobs: Steps, node: MapNode, at: Reading): void {
  const places = node.entries.get("jobs");
  for (const [name, step] of Object.entries(jobs)) {
    if (!lacksCompute(step)) continue;
    const place = places?.kind === "map" ? places.entries.get(name) : undefined;
    at.step("jobs")
      .step(name)
      .fault(place ?? node, `the step "${name}" has no compute, and the pipeline has none for all.`, {
        hint: "Add `settings: {default_compute: azureml:<name>}`, or `compute:` to the step. `azureml:serverless` needs no cluster.",
      });
  }
}

async function properties(job: PipelineJob, to: Writing): Promise<Record<string, unknown>> {
  const { name: _name, ...rest } = job;
  const body = (await written.write(rest as PipelineJob, to)) as Record<string, unknown>;
  const { type: _type, ...own } = body;
  const component = job.component === undefined ? undefined : await componentId(job.component, to.resolver);
  return present({
    ...own,
    jobType: "Pipeline",
    inputs: own["inputs"] ?? {},
    componentId: component,
    jobs: await writeSteps(job.jobs ?? {}, to),
    settings: settingsBody(job, to),
  });
}

function settingsBody(job: PipelineJob, to: Writing): Record<string, unknown> {
  const given = job.settings;
  return present({
    default_compute: given?.default_compute && computeId(given.default_compute, to.resolver),
    default_datastore: given?.default_datastore && datastoreId(given.default_datastore, to.resolver),
    continue_on_step_failure: given?.continue_on_step_failure,
    force_rerun: given?.force_rerun,
    _source: job.component === undefined ? "YAML.JOB" : "REMOTE.WORKSPACE.JOB",
  });
}

export const pipelineJobKind = defineJob({
  job: "pipeline",
  name: "pipeline job",
  order: 220,
  schemas: ["pipelinejob"],
  types: ["pipeline"],
  fields: [{ has: ["jobs"] }],
  shape,
  apiVersion: PIPELINE_API_VERSION,
  properties,
});
