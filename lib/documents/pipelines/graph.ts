// The steps of a pipeline as a whole: read one by one, then joined: each inline step gets its component, and what binds to nothing is a fault.
// Tests: test/lib/documents/pipelines/components.test.ts

import { nearestName } from "../../nearest-name.ts";
import { type JobInput, refuseEmpty } from "../assets/io.ts";
import { described, type Reading, type Shape, type Writing } from "../language/shape.ts";
import type { MapNode, YamlNode } from "../language/source.ts";
import type { ComponentDocument } from "./component.ts";
import { parseBinding } from "./component-io.ts";
import { declaredInput, declaredOutput, type Port, portOf, type Scope } from "./scope.ts";
import { type ComponentUse, readStep, type Step, type StepType, stepBody, stepShapes } from "./step.ts";

export type Steps = Readonly<Record<string, Step>>;

const STEP_NAME = /^[a-z_][a-z\d_]*$/;

/**
 * `jobs:` of a pipeline, before its steps are joined.
 * @param types asked for once a pipeline is read: a step of one of these types runs a pipeline itself
 */
export function stepsOf(types: () => readonly StepType[]): Shape<Steps> {
  return {
    expects: "a mapping of names to steps",
    get below() {
      const step: Shape<unknown> = { ...anyStep, below: { kind: "either", shapes: types().flatMap(stepShapes) } };
      return { kind: "values", shape: step, declared: true } as const;
    },
    read(node, at) {
      if (node.kind !== "map")
        return at.fault(node, `${at.name} is ${described(node)}; a mapping of names to steps is needed.`);
      const read: Record<string, Step> = {};
      for (const [name, child] of node.entries) {
        const below = at.step(name);
        if (!STEP_NAME.test(name))
          below.fault(
            { where: node.keys.get(name) ?? child.where },
            `the step ${JSON.stringify(name)} has a name that Azure ML refuses.`,
            {
              hint: "Use lower-case letters, digits and underscores, and begin with a letter or an underscore.",
            },
          );
        const step = readStep(name, child, below, types());
        if (step !== undefined) read[name] = step;
      }
      return read;
    },
    write: () => undefined,
  };
}

const anyStep: Shape<unknown> = {
  expects: "a step",
  below: { kind: "nothing" },
  read: () => undefined,
  write: () => undefined,
};

/** Joins the steps: gives each inline step its component, and reports unknown bindings and missing required inputs. */
export function joinSteps(
  read: Steps,
  ports: { readonly inputs: Readonly<Record<string, Port>>; readonly outputs: Readonly<Record<string, Port>> },
  node: YamlNode | undefined,
  at: Reading,
): Steps {
  const joined: Record<string, Step> = {};
  // Later steps see earlier ones with their components, as Azure's client does.
  const scope: Scope = { ...ports, steps: new Proxy(read, { get: (all, name: string) => joined[name] ?? all[name] }) };
  for (const [name, step] of Object.entries(read)) {
    const place = node?.kind === "map" ? node.entries.get(name) : undefined;
    if (place?.kind === "map") checkBindings(step, scope, place, at.step(name));
    if (place?.kind === "map" && step.component?.kind !== "registered") checkEmpty(step, place, at.step(name));
    joined[name] = step.component === undefined ? withComponent(step, scope) : knownPorts(step, step.component);
    if (place?.kind === "map" && step.component?.kind === "local")
      checkInputs(step, step.component.document, place, at.step(name));
  }
  return joined;
}

function withComponent(step: Step, scope: Scope): Step {
  const { inputs = {}, outputs = {} } = step.value;
  const declaredInputs = mapValues(inputs, (input) => declaredInput(input, scope));
  const declaredOutputs = mapValues(outputs, (output) => declaredOutput(output, scope));
  const { component: of } = step.of;
  const document = step.of.toComponent?.(step.value, { inputs: declaredInputs, outputs: declaredOutputs });
  if (of === undefined || document === undefined) return step;
  return { ...step, component: { kind: "local", of, document, origin: "YAML.JOB" } };
}

/** Leaves out inputs that the component of a step does not declare, as Azure's client does. */
function knownPorts(step: Step, use: ComponentUse): Step {
  if (use.kind !== "local") return step;
  const known = <T>(ports: Readonly<Record<string, T>> | undefined, declared: object | undefined) =>
    Object.fromEntries(Object.entries(ports ?? {}).filter(([name]) => Object.hasOwn(declared ?? {}, name)));
  const inputs = known(step.value.inputs, use.document.inputs);
  const outputs = known(step.value.outputs, use.document.outputs);
  return { ...step, value: { ...step.value, inputs, outputs } };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

/** Faults for `${{parent...}}` that names no input, output or step of the pipeline. */
function checkBindings(step: Step, scope: Scope, node: MapNode, at: Reading): void {
  for (const { value, below, binding } of bindingsIn(node, at)) {
    const parsed = parseBinding(binding);
    if (parsed !== undefined) {
      const candidates = Object.keys(
        parsed.side === "inputs" ? scope.inputs : parsed.side === "outputs" ? scope.outputs : scope.steps,
      );
      const target = parsed.names[0] ?? "";
      if (candidates.includes(target) || candidates.includes(parsed.names.join("."))) {
        if (parsed.side === "jobs") checkPort(step, parsed.names, binding, scope, value, below);
        continue;
      }
      const noun = parsed.side === "jobs" ? "step" : parsed.side.slice(0, -1);
      below.fault(
        value,
        `"${step.name}" binds to the ${noun} ${JSON.stringify(target)} of the pipeline, but there is none of that name.`,
        {
          allowed: candidates,
          nearest: nearestName(target, candidates),
        },
      );
    }
  }
}

/** Refuses an empty text as an input of a step that is defined here. */
function checkEmpty(step: Step, node: MapNode, at: Reading): void {
  const places = node.entries.get("inputs");
  for (const [name, input] of Object.entries(step.value.inputs ?? {})) {
    if (input.kind !== "literal" || input.value.text !== "") continue;
    refuseEmpty((places?.kind === "map" ? places.entries.get(name) : undefined) ?? node, at.step("inputs").step(name));
  }
}

/** A step's output that is bound to must be declared, where what the step runs is known here. */
function checkPort(
  step: Step,
  [target = "", side = "", ...rest]: readonly string[],
  binding: string,
  scope: Scope,
  value: YamlNode,
  below: Reading,
): void {
  const bound = scope.steps[target];
  if (bound?.component?.kind !== "local" || portOf(binding, scope) !== undefined) return;
  const { inputs, outputs } = bound.component.document;
  const candidates = Object.keys((side === "inputs" ? inputs : outputs) ?? {});
  const name = rest.join(".");
  below.fault(
    value,
    `"${step.name}" binds to ${JSON.stringify(name)} of the ${side || "outputs"} of the step ${JSON.stringify(target)}, which has none of that name.`,
    { allowed: candidates, nearest: nearestName(name, candidates) },
  );
}

/** All `${{parent...}}` in a step's texts, and where each stands. What it runs has bindings of its own. */
function* bindingsIn(node: YamlNode, at: Reading): Generator<{ value: YamlNode; below: Reading; binding: string }> {
  if (node.kind === "scalar") {
    if (node.type === "string")
      for (const [binding] of node.text.matchAll(/\$\{\{\s*parent\.[^{}]*\}\}/g))
        yield { value: node, below: at, binding };
    return;
  }
  const children = node.kind === "list" ? node.items.entries() : node.entries.entries();
  for (const [name, child] of children) {
    if ((name === "component" || name === "trial") && child.kind === "map") continue;
    yield* bindingsIn(child, at.step(name));
  }
}

/** A step over a component that lies here must give what the component requires, and nothing that it does not know. */
function checkInputs(step: Step, component: ComponentDocument, node: MapNode, at: Reading): void {
  const declared = component.inputs ?? {};
  const given: Readonly<Record<string, JobInput>> = step.value.inputs ?? {};
  const swept = Object.keys((step.value["search_space"] as object | undefined) ?? {});
  const place = node.entries.get("inputs");
  for (const [name, input] of Object.entries(declared)) {
    if (input.optional || input.default !== undefined || given[name] !== undefined || swept.includes(name)) continue;
    at.step("inputs")
      .step(name)
      .fault(
        place ?? node,
        `the step "${step.name}" gives no value for the input "${name}" (${input.type}), which its component requires.`,
        {
          hint: `Add \`${name}:\` under \`inputs\`.`,
        },
      );
  }
}

export async function writeSteps(read: Steps, to: Writing): Promise<Record<string, unknown>> {
  const waiting = Object.values(read);
  const bodies = new Map<string, Record<string, unknown>>();
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      bodies.set(step.name, await stepBody(step, to));
  };
  await Promise.all(Array.from({ length: to.resolver.lanes ?? 1 }, lane));
  return Object.fromEntries(Object.keys(read).map((name) => [name, bodies.get(name)]));
}
