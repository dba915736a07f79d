// Steps that try a command component with many values.
// Tests: test/lib/documents/pipelines/pipeline.test.ts

import { jobIdentity, jobResources, queueSettings } from "../jobs/run-settings.ts";
import { earlyTermination, objective, samplingAlgorithm, searchSpace, sweepLimits } from "../jobs/sweep.ts";
import { object, optional, required } from "../language/object.ts";
import { enumeration } from "../language/scalar.ts";
import { commandComponent } from "./command-step.ts";
import { componentUse, type StepType, stepFields, writtenFields } from "./step.ts";

const shape = object("a sweep step", {
  ...stepFields,
  type: optional(enumeration(["sweep"])),
  trial: required(componentUse(commandComponent)),
  sampling_algorithm: optional(samplingAlgorithm),
  search_space: optional(searchSpace),
  objective: required(objective),
  limits: required(sweepLimits),
  early_termination: optional(earlyTermination),
  queue_settings: optional(queueSettings),
  resources: optional(jobResources),
  identity: optional(jobIdentity),
});

export const sweepStep: StepType = {
  type: "sweep",
  inline: {
    ...shape,
    read(node, at) {
      const value = shape.read(node, at);
      return value && { ...value, component: value.trial };
    },
  },
  async body(value, to) {
    // The service reads a sweep step as it stands in YAML, but for the policy.
    const raw = ["limits", "sampling_algorithm", "objective", "search_space", "queue_settings", "resources"];
    return {
      ...(await writtenFields(shape, value, raw, { ...to, style: "yaml" })),
      ...(await writtenFields(shape, value, ["early_termination"], to)),
    };
  },
};
