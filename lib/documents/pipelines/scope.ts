// Types inside a pipeline: what a binding such as `${{parent.jobs.train.outputs.model}}` stands for, so that an inline step gets a component with declared inputs and outputs.
// Tests: test/lib/documents/pipelines/components.test.ts

import type { JobInput, JobOutput } from "../assets/io.ts";
import type { Literal } from "../language/scalar.ts";
import { type ComponentInput, type ComponentOutput, coerceLiteral, isParameter, parseBinding } from "./component-io.ts";
import type { Step } from "./step.ts";

export interface Port {
  readonly type: string;
  readonly mode?: string | undefined;
}

/** The names that bindings of a pipeline's steps can use. */
export interface Scope {
  readonly inputs: Readonly<Record<string, Port>>;
  readonly outputs: Readonly<Record<string, Port>>;
  readonly steps: Readonly<Record<string, Step>>;
}

const LITERAL_TYPES = { string: "string", integer: "integer", float: "number", boolean: "boolean" } as const;

function literalType(literal: Literal): string {
  return LITERAL_TYPES[literal.type];
}

/** The type of a job's input. */
export function inputPort(input: JobInput): Port {
  return input.kind === "literal" ? { type: literalType(input.value) } : { type: input.type, mode: input.mode };
}

export function outputPort(output: JobOutput): Port {
  return { type: output.type ?? "uri_folder", mode: output.mode };
}

/** The target of a binding; undefined if it does not exist. */
export function portOf(binding: unknown, scope: Scope, depth = 0): Port | undefined {
  const parsed = parseBinding(binding);
  if (parsed === undefined || depth > 50) return undefined;
  const name = parsed.names.join(".");
  if (parsed.side === "inputs") return own(scope.inputs, name) ?? own(scope.inputs, parsed.names[0] ?? "");
  if (parsed.side === "outputs") return own(scope.outputs, name);
  const [stepName = "", side = "", ...rest] = parsed.names;
  const step = own(scope.steps, stepName);
  return step && stepPort(step, side, rest.join("."), scope, depth + 1);
}

/** The type that a step's own port has; its mode does not carry over. */
function stepPort(step: Step, side: string, name: string, scope: Scope, depth: number): Port | undefined {
  if (step.of.type === "automl") return { type: "mltable" };
  const document = step.component?.kind === "local" ? step.component.document : undefined;
  if (side === "outputs") {
    const declared = document?.outputs && own(document.outputs, name);
    if (declared) return { type: declared.type };
    const output = step.value.outputs && own(step.value.outputs, name);
    if (output === undefined) return document === undefined ? { type: "uri_folder" } : undefined;
    const bound = portOf(output.binding ?? output.path, scope, depth);
    return { type: bound?.type ?? output.type ?? "uri_folder" };
  }
  const declared = document?.inputs && own(document.inputs, name);
  if (declared) return { type: declared.type };
  const input = step.value.inputs && own(step.value.inputs, name);
  if (input === undefined) return document === undefined ? { type: "uri_folder" } : undefined;
  if (input.kind === "literal") return portOf(input.value.value, scope, depth) ?? inputPort(input);
  return inputPort(input);
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The declaration of an inline step's input. `written`: whether the type and mode of a mapping were given. */
export function declaredInput(input: JobInput, scope: Scope): ComponentInput {
  if (input.kind === "asset") return withMode(input.type, input.mode);
  if (input.declared !== undefined) return withMode(input.declared, input.mode);
  const bound = portOf(input.value.value, scope);
  if (bound !== undefined) return withMode(bound.type, bound.mode);
  const type = literalType(input.value);
  return { type, default: coerceLiteral(input.value, type) ?? input.value.text };
}

export function declaredOutput(output: JobOutput, scope: Scope): ComponentOutput {
  const bound = portOf(output.binding, scope);
  return bound === undefined ? withMode(output.type ?? "uri_folder", output.mode) : withMode(bound.type, bound.mode);
}

function withMode(type: string, mode: string | undefined): { type: string; mode?: string } {
  return mode === undefined || isParameter(type) ? { type } : { type, mode };
}
