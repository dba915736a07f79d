// Pipeline components: a graph of steps with declared inputs and outputs, and the steps that run one.

import { jobInputs, jobOutputs } from "../assets/io.ts";
import { textTags } from "../language/document.ts";
import { object, optional, required } from "../language/object.ts";
import { bodyGuid } from "../language/python-json.ts";
import { compute } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, text } from "../language/scalar.ts";
import type { Infer, Shape } from "../language/shape.ts";
import { ANONYMOUS_COMPONENT, type ComponentDocument, type ComponentType, componentHeader } from "./component.ts";
import { parseBinding } from "./component-io.ts";
import { joinSteps, type Steps, steps, writeSteps } from "./graph.ts";
import { componentUse, type StepType, type StepValue, stepHeader } from "./step.ts";

const written = object("a pipeline component", {
  ...componentHeader,
  type: optional(enumeration(["pipeline"])),
  jobs: optional(steps, { unwritten: true }),
  // Azure's client takes these in a component, and says that they count for nothing there.
  settings: optional(object("settings", {}), { unwritten: true }),
  source_job_id: optional(text(), { unwritten: true }),
});
type PipelineComponent = Infer<typeof written>;

/** The graph is joined after all of it was read. */
const pipelineComponent: Shape<PipelineComponent> = {
  ...written,
  read(node, at) {
    const value = written.read(node, at);
    if (value === undefined || node.kind !== "map") return undefined;
    const ports = { inputs: value.inputs ?? {}, outputs: value.outputs ?? {} };
    const jobs = joinSteps(value.jobs ?? {}, ports, node.entries.get("jobs"), at.step("jobs"));
    return { ...value, jobs, inputs: inferOptional(value.inputs ?? {}, jobs) };
  },
};

type Inputs = NonNullable<ComponentDocument["inputs"]>;

/** An input that says nothing of it is optional where every step that takes it, over a component that lies here, does without it. */
function inferOptional(inputs: Inputs, jobs: Steps): Inputs {
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

export const pipelineComponentType: ComponentType = {
  shape: { ...written, read: pipelineComponent.read } as never,
  isPipeline: true,
  async write(document, to) {
    const spec = (await written.write(document as unknown as PipelineComponent, to)) as object;
    return { ...spec, jobs: await writeSteps((document as unknown as PipelineComponent).jobs ?? {}, to) };
  },
};

const step = object("a pipeline step", {
  ...stepHeader,
  type: optional(enumeration(["pipeline"])),
  component: required(componentUse("pipeline")),
  tags: optional(textTags),
  properties: optional(textTags),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  compute: optional(compute),
});

export const pipelineStep: StepType = {
  over: step as unknown as Shape<StepValue>,
  needsNoCompute: () => true,
  body: async () => ({}),
};

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
