// AutoML in pipelines: components, which name a task, and steps, which have the YAML's own fields and no component.
// Tests: test/lib/documents/pipelines/pipeline.test.ts
import { present } from "../../plain-objects.ts";
import { AUTOML_TASKS, type AutomlJob, automlJob, automlStepFields } from "../jobs/automl.ts";
import { environmentVariables, jobIdentity, jobResources, queueSettings } from "../jobs/run-settings.ts";
import { object, optional, required } from "../language/object.ts";
import { enumeration } from "../language/scalar.ts";
import type { Shape } from "../language/shape.ts";
import { type ComponentOf, type ComponentType, componentHeader } from "./component.ts";
import { computeOf, type StepType, writtenFields } from "./step.ts";

const component = object("an AutoML component", {
  ...componentHeader,
  type: required(enumeration(["automl"])),
  task: required(enumeration(AUTOML_TASKS, { fold: "snake" })),
});
const automlComponent: ComponentType<ComponentOf<typeof component>> = { type: "automl", shape: component };

/** Fields of a step that are sent as in its YAML, in addition to those of its task; its resources have the names of the service. */
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
  type: "automl",
  component: automlComponent,
  inline,
  async body(job: AutomlJob, to) {
    const compute = job.compute === undefined ? undefined : computeOf(job.compute, to.resolver);
    return present({
      ...(await automlStepFields(job, to)),
      ...(await writtenFields(settings, job, ["resources"], to)),
      ...(await writtenFields(settings, job, AS_WRITTEN, { ...to, style: "yaml" })),
      description: job.description,
      compute: compute?.startsWith("/") ? `azureml:${compute}` : compute,
    });
  },
};
