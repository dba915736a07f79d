// Steps of a pipeline that run AutoML: the YAML's own fields, and no component.
import { type AutomlJob, automlJob, automlStepFields } from "./automl.ts";
import { object, optional } from "./object.ts";
import { jobResources } from "./run.ts";
import type { Shape } from "./shape.ts";
import { computeOf, definedOnly, type StepType, type StepValue, writtenFields } from "./step.ts";

const settings = object("an AutoML step", { resources: optional(jobResources) });

export const automlStep: StepType = {
  inline: automlJob as unknown as Shape<StepValue>,
  async body(step, to) {
    const job = step.value as unknown as AutomlJob;
    const compute = job.compute === undefined ? undefined : computeOf(job.compute, to.resolver);
    return definedOnly({
      ...(await automlStepFields(job, to)),
      ...(await writtenFields(settings, step.value, ["resources"], to)),
      description: job.description,
      compute: compute?.startsWith("/") ? `azureml:${compute}` : compute,
    });
  },
};
