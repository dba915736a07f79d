// Bindings between a pipeline's steps: values, and the expressions that bind them.
import type { JobInput, JobOutput } from "../../records/job.ts";
import type { Component, Json } from "../../workspace/components.ts";

/** A literal's text, or an asset's place. */
export type Value =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "asset"; readonly uri: string; readonly type: string; readonly mode?: string | undefined };

/** Scope of expressions in a graph. */
export interface Scope {
  /** The graph's own inputs; one that is optional and was not given is absent. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Outputs of steps that have completed, by step. */
  readonly steps: ReadonlyMap<string, ReadonlyMap<string, Value>>;
}

const expression = /\$\{\{\s*parent\.(?:(inputs)\.([\w.-]+)|jobs\.([\w-]+)\.(outputs|inputs)\.([\w-]+))\s*\}\}/g;
const whole = new RegExp(`^\\s*${expression.source}\\s*$`);

/** Steps whose outputs this value waits for. */
export function stepsNamed(value: unknown): string[] {
  if (typeof value === "string")
    return [...value.matchAll(expression)].flatMap((found) => (found[3] ? [found[3]] : []));
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stepsNamed);
}

function named(found: RegExpMatchArray, scope: Scope): Value | undefined {
  if (found[1]) return scope.inputs.get(found[2] ?? "");
  return scope.steps.get(found[3] ?? "")?.get(found[5] ?? "");
}

/** Puts the text of literals and the place of assets in for every expression; `null` stands for what was not given. */
export function fill(text: string, scope: Scope): string {
  return text.replace(expression, (...match) => {
    const value = named(match as unknown as RegExpMatchArray, scope);
    return value === undefined ? "" : value.kind === "literal" ? value.text : value.uri;
  });
}

/** `fill` in every text of a value. */
export function fillAll<T>(value: T, scope: Scope): T {
  if (typeof value === "string") return fill(value, scope) as T;
  if (Array.isArray(value)) return value.map((one) => fillAll(one, scope)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillAll(one, scope)])) as T;
}

/** An input as a step or a job gives it, in either casing, or bare; undefined when it was not given. */
export function readInput(given: unknown, scope: Scope): Value | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "object") return readText(String(given), scope);
  const input = given as Json;
  const type = String(input["job_input_type"] ?? input["jobInputType"] ?? input["type"] ?? "literal");
  const mode = typeof input["mode"] === "string" ? input["mode"] : undefined;
  if (typeof input["uri"] === "string") return { kind: "asset", uri: fill(input["uri"], scope), type, mode };
  const value = readText(String(input["value"] ?? ""), scope);
  return value?.kind === "asset" && mode !== undefined ? { ...value, mode } : value;
}

function readText(text: string, scope: Scope): Value | undefined {
  const found = whole.exec(text);
  return found === null ? { kind: "literal", text: fill(text, scope) } : named(found, scope);
}

/** Values of a component's inputs: what the step gives, else the declared default. */
export function inputsOf(component: Component, given: unknown, scope: Scope): Map<string, Value> {
  const values = new Map<string, Value>();
  const own = (given ?? {}) as Json;
  for (const [name, declared] of Object.entries(component.inputs)) {
    const value = readInput(own[name], scope) ?? ofDefault(declared.default);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** Whatever a graph's own inputs are, by name. */
export function inputsGiven(given: unknown): Map<string, Value> {
  const nothing: Scope = { inputs: new Map(), steps: new Map() };
  const found = Object.entries((given ?? {}) as Json).map(([name, one]) => [name, readInput(one, nothing)] as const);
  return new Map(found.filter((pair): pair is readonly [string, Value] => pair[1] !== undefined));
}

function ofDefault(value: unknown): Value | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return { kind: "literal", text: value ? "True" : "False" };
  return { kind: "literal", text: String(value) };
}

/** As a job's body has it. */
export function jobInput(value: Value): JobInput {
  if (value.kind === "literal") return { jobInputType: "literal", value: value.text };
  return { jobInputType: value.type, uri: value.uri, ...(value.mode === undefined ? {} : { mode: value.mode }) };
}

/** A step's declaration of one of its outputs: that it is the graph's output of that name, or where it goes. */
export interface OutputWish {
  readonly graphOutput?: string;
  readonly output: JobOutput;
}

const graphOutput = /^\s*\$\{\{\s*parent\.outputs\.([\w-]+)\s*\}\}\s*$/;

export function outputWish(given: unknown, declaredType: string): OutputWish {
  const wish = (given ?? {}) as Json;
  const text = (...keys: string[]) => keys.map((key) => wish[key]).find((one) => typeof one === "string" && one !== "");
  const bound = graphOutput.exec(String(wish["value"] ?? wish["path"] ?? ""))?.[1];
  const kind = text("job_output_type", "jobOutputType");
  const uri = text("uri") as string | undefined;
  const assetName = text("name", "asset_name", "assetName") as string | undefined;
  const assetVersion = text("version", "asset_version", "assetVersion") as string | undefined;
  const mode = text("mode") as string | undefined;
  return {
    ...(bound === undefined ? {} : { graphOutput: bound }),
    output: {
      jobOutputType: typeof kind === "string" ? kind : declaredType,
      ...(uri === undefined ? {} : { uri }),
      ...(assetName === undefined ? {} : { assetName }),
      ...(assetVersion === undefined ? {} : { assetVersion }),
      ...(mode === undefined ? {} : { mode }),
    },
  };
}
