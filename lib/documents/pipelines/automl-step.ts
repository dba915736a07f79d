// Steps of a pipeline that run AutoML: the YAML's own fields, and no component.
import { type AutomlJob, automlJob, automlStepFields } from "../jobs/automl.ts";
import { environmentVariables, jobIdentity, jobResources, queueSettings } from "../jobs/run.ts";
import { object, optional } from "../language/object.ts";
import type { Shape } from "../language/shape.ts";
import { computeOf, definedOnly, type StepType, type StepValue, writtenFields } from "./step.ts";

/** What a step has as its YAML has it, beside the fields of its task; its resources have the names of the service. */
const settings = object("an AutoML step", {
  resources: optional(jobResources),
  queue_settings: optional(queueSettings),
  identity: optional(jobIdentity),
  environment_variables: optional(environmentVariables),
});
const AS_WRITTEN = ["queue_settings", "identity", "environment_variables"];

/** A job's own services have no place in a step. */
const inline: Shape<AutomlJob> = {
  ...automlJob,
  read(node, at) {
    const place = node.kind === "map" ? node.keys.get("services") : undefined;
    if (place !== undefined)
      return at
        .step("services")
        .fault({ where: place }, "an AutoML step has no services.", { hint: "Remove `services:`." });
    return automlJob.read(node, at);
  },
};

export const automlStep: StepType = {
  inline: inline as unknown as Shape<StepValue>,
  async body(step, to) {
    const job = step.value as unknown as AutomlJob;
    const compute = job.compute === undefined ? undefined : computeOf(job.compute, to.resolver);
    return definedOnly({
      ...(await automlStepFields(job, to)),
      ...(await writtenFields(settings, step.value, ["resources"], to)),
      ...(await writtenFields(settings, step.value, AS_WRITTEN, { ...to, style: "yaml" })),
      description: job.description,
      compute: compute?.startsWith("/") ? `azureml:${compute}` : compute,
    });
  },
};
