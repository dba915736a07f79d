// Pipelines in pipelines: components that are graphs of steps, the steps that run one, and with them all types of step that there are.
// Tests: test/lib/documents/pipelines/pipeline.test.ts

import { object, optional, required } from "../language/object.ts";
import { bodyGuid } from "../language/python-json.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, text } from "../language/scalar.ts";
import { automlStep } from "./automl-step.ts";
import { commandStep } from "./command-step.ts";
import { ANONYMOUS_COMPONENT, type ComponentOf, type ComponentType, componentHeader } from "./component.ts";
import { parseBinding } from "./component-io.ts";
import { joinSteps, type Steps, stepsOf, writeSteps } from "./graph.ts";
import { parallelStep } from "./parallel-step.ts";
import { sparkStep } from "./spark-step.ts";
import { componentUse, type DeclaredPorts, type Step, type StepType, stepFields } from "./step.ts";
import { sweepStep } from "./sweep-step.ts";
import { importStep, transferStep } from "./transfer-step.ts";

/** `jobs:` of a pipeline job or component. */
export const steps = stepsOf(() => STEP_TYPES);

const written = object("a pipeline component", {
  ...componentHeader,
  type: optional(enumeration(["pipeline"])),
  jobs: optional(steps, { unwritten: true }),
  // Azure's client takes these in a component, and says that they count for nothing there.
  settings: optional(object("settings", {}), { unwritten: true }),
  source_job_id: optional(text(), { unwritten: true }),
});
type PipelineComponent = ComponentOf<typeof written>;

/** The graph is joined after all of it was read. */
const shape: ComponentType<PipelineComponent>["shape"] = {
  ...written,
  read(node, at) {
    const value = written.read(node, at);
    if (value === undefined || node.kind !== "map") return undefined;
    const ports = { inputs: value.inputs ?? {}, outputs: value.outputs ?? {} };
    const jobs = joinSteps(value.jobs ?? {}, ports, node.entries.get("jobs"), at.step("jobs"));
    return { ...value, jobs, inputs: inferOptional(value.inputs ?? {}, jobs) };
  },
};

/** An input that says nothing of it is optional where every step that takes it, over a component that lies here, does without it. */
function inferOptional(inputs: DeclaredPorts["inputs"], jobs: Steps): DeclaredPorts["inputs"] {
  const uses = new Map<string, boolean[]>();
  for (const step of Object.values(jobs)) {
    if (step.component?.kind !== "local") continue;
    const declared = step.component.document.inputs ?? {};
    for (const [name, input] of Object.entries(step.value.inputs ?? {})) {
      const bound = input.kind === "literal" ? parseBinding(input.value.value) : undefined;
      const target = bound?.side === "inputs" ? bound.names.join(".") : undefined;
      if (target !== undefined)
        uses.set(target, [
          ...(uses.get(target) ?? []),
          declared[name] === undefined || declared[name].optional === true,
        ]);
    }
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const does = uses.get(name);
      return [
        name,
        input.optional === undefined && does?.every((without) => without) ? { ...input, optional: true } : input,
      ];
    }),
  );
}

export const pipelineComponent: ComponentType<PipelineComponent> = {
  type: "pipeline",
  shape,
  isPipeline: true,
  write: async (document, to) => ({
    ...((await written.write(document, to)) as object),
    jobs: await writeSteps(document.jobs ?? {}, to),
  }),
};

const step = object("a pipeline step", {
  ...stepFields,
  type: optional(enumeration(["pipeline"])),
  component: required(componentUse(pipelineComponent)),
});

const pipelineStep: StepType = {
  type: "pipeline",
  component: pipelineComponent,
  over: step,
  needsNoCompute: () => true,
  body: async () => ({}),
};

/** In this order they are named to people. */
export const STEP_TYPES: readonly StepType[] = [
  commandStep,
  pipelineStep,
  parallelStep,
  sweepStep,
  sparkStep,
  automlStep,
  transferStep,
  importStep,
];

/** Whether a step needs a compute that is named neither by it nor, in a pipeline that lies here, by its steps. */
export function lacksCompute(step: Step): boolean {
  if (step.component?.kind === "local" && step.of === pipelineStep) {
    const { jobs } = step.component.document as PipelineComponent;
    return Object.values(jobs ?? {}).some(lacksCompute);
  }
  return step.value.compute === undefined && !step.of.needsNoCompute?.(step);
}

/**
 * Registers the component that a pipeline job was made of, and answers its id. Azure's client gives all of them the version 1, so that
 * the second deployment would run the first one's job; here the job's name makes the version.
 */
export async function putJobComponent(job: string, resolver: Resolver): Promise<string> {
  const version = bodyGuid({ source_job_id: job }, []);
  return await resolver.put("components", ANONYMOUS_COMPONENT, version, {
    properties: {
      properties: {},
      tags: {},
      isAnonymous: true,
      componentSpec: {
        name: ANONYMOUS_COMPONENT,
        version,
        type: "pipeline",
        jobs: {},
        source_job_id: job,
        sourceJobId: job,
        _source: "CLASS",
      },
    },
  });
}
