// The steps of a pipeline: what steps of all types share (docs/facts/azureml-documents.md#2.6).
// Tests: test/lib/documents/pipelines/pipeline.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import {
  type JobInput,
  type JobOutput,
  jobInputs,
  jobOutputs,
  OUTPUT_MODE_VALUES,
  UNDECLARED,
  writeInput,
} from "../assets/io.ts";
import { gathering, includedFile } from "../language/included-file.ts";
import { type AnyField, optional, readOnly } from "../language/object.ts";
import { compute, parseReference, type Reference, resolveReference } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { text } from "../language/scalar.ts";
import {
  camelCase,
  described,
  isExpression,
  type Reading,
  type Shape,
  type Writing,
  writeValue,
} from "../language/shape.ts";
import type { MapNode, ScalarNode, YamlNode } from "../language/source.ts";
import { runDescription, runName, runProperties, stepTags } from "../language/tag-limits.ts";
import {
  type ComponentDocument,
  type ComponentOrigin,
  type ComponentType,
  putAnonymousComponent,
  readComponent,
} from "./component.ts";

/** The component of a step: a registered one, or one that is registered during the translation. */
export type ComponentUse =
  | { readonly kind: "registered"; readonly reference: Reference }
  | {
      readonly kind: "local";
      readonly of: ComponentType;
      readonly document: ComponentDocument;
      readonly origin: ComponentOrigin;
    };

/** One step. `value` has the fields that the type's shape reads. */
export interface Step {
  readonly name: string;
  readonly of: StepType;
  readonly value: StepValue;
  /** Undefined for steps that run no component (automl, built-in transfers). */
  readonly component?: ComponentUse;
}

interface StepValue {
  readonly inputs?: Readonly<Record<string, JobInput>>;
  readonly outputs?: Readonly<Record<string, JobOutput>>;
  readonly component?: ComponentUse;
  readonly compute?: string;
  readonly resources?: object;
  readonly display_name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly comment?: string;
  readonly [field: string]: unknown;
}

/** Inputs and outputs of a step as a component declares them. */
export interface DeclaredPorts {
  readonly inputs: NonNullable<ComponentDocument["inputs"]>;
  readonly outputs: NonNullable<ComponentDocument["outputs"]>;
}

/** One type of step. What its methods take is what its own shapes read, and its own component. */
export interface StepType {
  /** As `type:` says it. */
  readonly type: string;
  /** The type of component that such steps run, where they have one of their own. */
  readonly component?: ComponentType;
  /** The shape of a step over a component, if there are such. */
  readonly over?: Shape<StepValue>;
  /** The shape of a step that is written out in the pipeline, if there are such. */
  readonly inline?: Shape<StepValue>;
  /** The component that an inline step becomes; undefined where it needs none. */
  toComponent?(value: StepValue, declared: DeclaredPorts): ComponentDocument | undefined;
  /**
   * The type's own fields of the body.
   * @param component what the step runs, where that lies here
   */
  body(value: StepValue, to: Writing, component: ComponentDocument | undefined): Promise<Record<string, unknown>>;
  /** Whether it runs without a compute of its own or the pipeline's. */
  needsNoCompute?(step: Step): boolean;
}

/** Fields that steps of every type have. */
export const stepHeader = {
  name: optional(text()),
  display_name: optional(runName),
  description: optional(runDescription),
  comment: optional(text()),
  // A job says these of itself, and a step that was one still may: Azure's client drops them, for a step is of the pipeline's experiment.
  experiment_name: readOnly(),
  id: readOnly(),
  status: readOnly(),
  log_files: readOnly(),
  creation_context: readOnly(),
} satisfies Record<string, AnyField>;

/** Fields of steps that run a component on a compute. */
export const stepFields = {
  ...stepHeader,
  tags: optional(stepTags),
  properties: optional(runProperties),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  compute: optional(compute),
} satisfies Record<string, AnyField>;

/** `component:` of a step: a reference, a path, `file:path`, or a mapping. `type` is what its component must be. */
export function componentUse(type: ComponentType): Shape<ComponentUse> {
  const expects = `a ${type.type} component: azureml:<name>:<version>, a path to its YAML, or a mapping`;
  const local = (document: ComponentDocument | undefined, origin: ComponentOrigin): ComponentUse | undefined =>
    document && { kind: "local", of: type, document, origin };
  return {
    expects,
    below: { kind: "either", shapes: [type.shape] },
    read(node, at) {
      // Inside a component nothing is an expression of the pipeline.
      const inside = at.withExpressions(false);
      if (node.kind === "map") return local(readComponent(node, inside, type), "YAML.JOB");
      if (node.kind !== "scalar" || node.type !== "string" || node.text === "")
        return at.fault(node, `${at.name} is ${described(node)}; ${expects} is needed.`);
      if (/^(azureml:|\/subscriptions\/)/.test(node.text)) {
        const reference = parseReference(node.text, "components");
        if (typeof reference !== "string" && !(reference.kind === "label" && !node.text.includes("@"))) {
          at.note(node, { kind: "components", reference });
          return { kind: "registered", reference };
        }
        const reason = typeof reference === "string" ? reference : "neither a version nor a label is given";
        return at.fault(
          node,
          `${at.name} is ${described(node)}, which is no reference to a registered component: ${reason}.`,
          {
            hint: "Write azureml:<name>:<version>, azureml:<name>@latest, or azureml://registries/<registry>/components/<name>/versions/<version>.",
          },
        );
      }
      const origin = node.text.startsWith("file:") ? "YAML.JOB" : "YAML.COMPONENT";
      return local(componentFile(node, inside, type), origin);
    },
    write: (value, to) => componentId(value, to.resolver),
  };
}

/** A component that stands in a file of its own; faults in it are faults of the whole. */
function componentFile(node: ScalarNode, at: Reading, type: ComponentType): ComponentDocument | undefined {
  const included = includedFile(node, at, "a component");
  return included && gathering(at, () => readComponent(included.node, included.at, type));
}

export async function componentId(use: ComponentUse, resolver: Resolver): Promise<string> {
  if (use.kind === "registered") return await resolveReference(use.reference, "components", resolver);
  return await putAnonymousComponent(use.of, use.document, use.origin, resolver);
}

/** The origin of a step's component, in the body. */
function sourceOf(use: ComponentUse): string {
  if (use.kind === "local") return use.origin;
  return use.reference.kind === "id" && use.reference.id.startsWith("azureml://")
    ? "REMOTE.REGISTRY"
    : "REMOTE.WORKSPACE.COMPONENT";
}

/** The type of a step: its `type`, or the type that its fields imply. */
function typeOfStep(node: MapNode): string {
  const written = node.entries.get("type");
  if (written?.kind === "scalar") return written.text.toLowerCase();
  if (node.entries.has("trial")) return "sweep";
  if (node.entries.has("mini_batch_size") || node.entries.get("task")?.kind === "map") return "parallel";
  if (node.entries.has("entry")) return "spark";
  return "command";
}

/** Reads one step; `name` is its key in the pipeline. */
export function readStep(name: string, node: YamlNode, at: Reading, types: readonly StepType[]): Step | undefined {
  if (node.kind !== "map") return at.fault(node, `${at.name} is ${described(node)}; a step is a mapping of fields.`);
  const word = typeOfStep(node);
  const type = types.find((one) => one.type === word);
  if (type === undefined)
    return at
      .step("type")
      .fault(node.entries.get("type") ?? node, `${at.step("type").name} is ${JSON.stringify(word)}.`, {
        allowed: types.map((one) => one.type),
      });
  const shape = (node.entries.has("component") ? type.over : type.inline) ?? type.over ?? type.inline;
  const value = shape?.read(node, at.withExpressions(true));
  if (value === undefined) return undefined;
  return { name, of: type, value, ...(value.component === undefined ? {} : { component: value.component }) };
}

/** All shapes of a type of step, for finding paths in a pipeline. */
export function stepShapes({ over, inline }: StepType): Shape<unknown>[] {
  return [over, inline].filter((shape) => shape !== undefined);
}

/** The body of a step: free-form, under snake_case names. */
export async function stepBody(step: Step, to: Writing): Promise<Record<string, unknown>> {
  const snake: Writing = { ...to, style: "snake" };
  const { value } = step;
  const component = step.component === undefined ? {} : await overComponent(step, step.component, to.resolver);
  const local = step.component?.kind === "local" ? step.component.document : undefined;
  const own = await step.of.body(value, snake, local);
  return present({
    ...own,
    name: step.name,
    type: own["type"] ?? step.of.type,
    display_name: value.display_name,
    tags: value.tags,
    properties: value.properties,
    comment: value.comment,
    computeId:
      value.compute === undefined || step.of.type === "automl" ? undefined : computeOf(value.compute, to.resolver),
    inputs: await stepInputs(value.inputs ?? {}, to.resolver),
    outputs: stepOutputs(value.outputs ?? {}),
    ...component,
  });
}

async function overComponent(step: Step, use: ComponentUse, resolver: Resolver): Promise<Record<string, unknown>> {
  const id = await componentId(use, resolver);
  return {
    _source: sourceOf(use),
    ...(step.of.type === "sweep" ? { trial: { componentId: id } } : { componentId: id }),
  };
}

export function computeOf(compute: string, resolver: Resolver): string {
  if (isExpression(compute) || compute.startsWith("/")) return compute;
  return `${resolver.workspace.id}/computes/${segment(compute, "the name of the compute")}`;
}

async function stepInputs(
  inputs: Readonly<Record<string, JobInput>>,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(inputs)) body[name] = await writeInput(input, resolver, "snake");
  return body;
}

/** An output of which only the name is written is not in the body; `{}` is a folder. */
function stepOutputs(outputs: Readonly<Record<string, JobOutput>>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, output] of Object.entries(outputs)) {
    if (output === UNDECLARED) continue;
    const mode = output.mode === undefined ? undefined : OUTPUT_MODE_VALUES[output.mode];
    const binding =
      output.binding ??
      (isExpression(output.path) && /\{\{\s*parent\.outputs\./.test(output.path) ? output.path : undefined);
    const asset = { name: output.name, version: output.version };
    body[name] =
      binding === undefined
        ? present({
            uri: output.path,
            mode,
            job_output_type: output.type ?? "uri_folder",
            ...asset,
            description: output.description,
          })
        : present({ value: binding, type: "literal", mode, ...asset });
  }
  return body;
}

/** The fields of a value that a body has, written by their shapes. */
export async function writtenFields(
  shape: { readonly fields: Readonly<Record<string, AnyField>> },
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
  to: Writing,
): Promise<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const name of names) {
    const field = shape.fields[name];
    if (field === undefined || value[name] === undefined) continue;
    const key = to.style === "camel" ? camelCase(field.as ?? name) : to.style === "snake" ? (field.as ?? name) : name;
    body[key] = await writeValue(field.shape as Shape<unknown>, value[name], to);
  }
  return body;
}
