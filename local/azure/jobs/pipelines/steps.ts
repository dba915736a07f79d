// A step made into the job that it is: its component's command, its own settings, and what flows in and out.

import type { CommandBody, JobBody, JobInput, JobOutput } from "../../records/job.ts";
import { bareId, type Component, type Json } from "../../workspace/components.ts";
import { parallelCommand } from "../parallel/command.ts";
import { fill, fillAll, inputsOf, jobInput, outputWish, readInput, type Scope, type Value } from "./bindings.ts";
import type { Step } from "./graph.ts";

/** Context of a step from the graph around it. */
export interface Surroundings {
  readonly scope: Scope;
  readonly experimentName: string;
  /** `settings` of the pipeline, as sent. */
  readonly settings: Json;
  readonly computeId: string | undefined;
  /** The graph's own outputs, as declared. */
  readonly outputs: Readonly<Record<string, JobOutput>>;
}

/** A step, ready to be submitted. */
export interface StepJob {
  readonly body: JobBody;
  /** Maps its outputs to outputs of the graph. */
  readonly graphOutputs: ReadonlyMap<string, string>;
}

/** The job that a step is. Its `jobType` may be one that only a step has: Parallel is a command, DataTransfer is simulated. */
export function stepJob(step: Step, around: Surroundings): StepJob {
  // A batch deployment's only step is a command already.
  const ready = step.given["command"];
  if (typeof ready === "object" && ready !== null) {
    const body = { ...(ready as JobBody), displayName: step.name, experimentName: around.experimentName };
    return { body, graphOutputs: new Map() };
  }
  const graphOutputs = new Map<string, string>();
  const outputs = outputsOf(step, around, graphOutputs);
  const { component, given } = step;
  const values =
    component === undefined
      ? givenInputs(given["inputs"], around.scope)
      : inputsOf(component, given["inputs"], around.scope);
  const common = {
    displayName: String(given["display_name"] ?? step.name),
    experimentName: around.experimentName,
    computeId: computeOf(given, around),
    inputs: mapped(values, jobInput),
    outputs,
    ...(component === undefined ? {} : { componentId: component.id }),
    ...(given["identity"] ? { identity: camel(given["identity"] as Json) } : {}),
    ...(given["tags"] ? { tags: given["tags"] } : {}),
  };
  return { body: bodyOf(step, around, common), graphOutputs };
}

function bodyOf(step: Step, around: Surroundings, common: Omit<JobBody, "jobType">): JobBody {
  const { given, component } = step;
  const filled = (key: string) => fillAll(given[key], around.scope);
  const filledAll = () => fillAll(given, around.scope);
  switch (step.type) {
    case "command":
      return { ...common, ...commandOf(component, given, around.scope) } as CommandBody;
    case "parallel":
      return {
        ...common,
        ...commandOf(
          component,
          given,
          around.scope,
          parallelCommand({ ...component?.definition, ...fillAll(given, around.scope) }),
        ),
      } as CommandBody;
    case "pipeline":
      return { ...common, jobType: "Pipeline", jobs: component?.definition["jobs"] ?? {}, settings: around.settings };
    case "sweep":
      return {
        ...common,
        jobType: "Sweep",
        searchSpace: searchSpace((given["search_space"] ?? {}) as Json),
        samplingAlgorithm: sampling(filled("sampling_algorithm")),
        objective: camel((filled("objective") ?? {}) as Json),
        limits: { jobLimitsType: "Sweep", ...limitsOf((filled("limits") ?? {}) as Json) },
        earlyTermination: given["early_termination"] ? earlyTermination(filled("early_termination") as Json) : null,
        trial: commandOf(component, given, around.scope),
      };
    default:
      return { ...common, ...without(filledAll(), ["inputs", "outputs"]), jobType: simulatedType(step.type) };
  }
}

function without(given: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(given).filter(([key]) => !keys.includes(key)));
}

function simulatedType(type: string): string {
  const names: Record<string, string> = {
    spark: "Spark",
    automl: "AutoML",
    finetuning: "FineTuning",
    import: "Import",
  };
  return names[type] ?? type;
}

/** Command, code, environment and settings of a command job. @param line another command than the component's own */
function commandOf(component: Component | undefined, given: Json, scope: Scope, line?: string): Json {
  const definition: Json = component?.definition ?? {};
  const task = (given["task"] ?? definition["task"] ?? {}) as Json;
  const own = (key: string) => fillAll(given[key], scope) ?? definition[key];
  const limits = own("limits") as Json | undefined;
  const resources = own("resources") as Json | undefined;
  const distribution = own("distribution") as Json | undefined;
  const codeId = bareId(definition["code"] ?? task["code"]);
  return {
    jobType: "Command",
    command: line ?? String(definition["command"] ?? ""),
    ...(codeId === undefined ? {} : { codeId }),
    environmentId: bareId(given["environment"] ?? definition["environment"] ?? task["environment"]) ?? "",
    environmentVariables: (own("environment_variables") ?? {}) as Json,
    ...(limits === undefined ? {} : { limits: { jobLimitsType: "Command", ...limitsOf(limits) } }),
    ...(resources === undefined ? {} : { resources: camel(resources) }),
    ...(distribution === undefined ? {} : { distribution: distributionOf(distribution) }),
  };
}

function outputsOf(step: Step, around: Surroundings, graphOutputs: Map<string, string>): Record<string, JobOutput> {
  const given = (step.given["outputs"] ?? {}) as Json;
  const declared = step.component?.outputs ?? {};
  const names = new Set([...Object.keys(declared), ...Object.keys(given)]);
  const outputs: Record<string, JobOutput> = {};
  for (const name of names) {
    const wish = outputWish(given[name], assetType(declared[name]?.type));
    const bound = wish.graphOutput === undefined ? undefined : around.outputs[wish.graphOutput];
    if (wish.graphOutput !== undefined) graphOutputs.set(name, wish.graphOutput);
    const uri = bound?.uri ?? wish.output.uri;
    outputs[name] = {
      ...wish.output,
      ...(uri === undefined || uri === null ? {} : { uri: fill(uri, around.scope) }),
      ...(bound?.mode ? { mode: bound.mode } : {}),
    };
  }
  return outputs;
}

/** `path` is an old word for a folder. */
function assetType(declared: string | undefined): string {
  return declared === undefined || !/^(uri_file|uri_folder|mltable|.*_model)$/.test(declared) ? "uri_folder" : declared;
}

function computeOf(given: Json, around: Surroundings): string | null {
  const own = given["computeId"] ?? given["compute"];
  const text = typeof own === "string" ? fill(own, around.scope) : around.computeId;
  const name = (text ?? "").replace(/^azureml:/, "");
  return name === "" ? null : name;
}

function givenInputs(given: unknown, scope: Scope): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [name, one] of Object.entries((given ?? {}) as Json)) {
    const value = readInput(one, scope);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** `["uniform", [0.1, 1]]` for what a step writes as `{type: uniform, min_value: 0.1, max_value: 1}` (docs/facts/azureml-documents.md#2.5, #2.6). */
function searchSpace(given: Json): Json {
  const order: Record<string, readonly string[]> = {
    uniform: ["min_value", "max_value"],
    loguniform: ["min_value", "max_value"],
    quniform: ["min_value", "max_value", "q"],
    qloguniform: ["min_value", "max_value", "q"],
    normal: ["mu", "sigma"],
    lognormal: ["mu", "sigma"],
    qnormal: ["mu", "sigma", "q"],
    qlognormal: ["mu", "sigma", "q"],
    randint: ["upper"],
    choice: ["values"],
  };
  const entries = Object.entries(given).map(([name, one]) => {
    if (Array.isArray(one)) return [name, one];
    const space = one as Json;
    const type = String(space["type"]);
    return [name, [type, (order[type] ?? []).map((key) => space[key])]];
  });
  return Object.fromEntries(entries);
}

function sampling(given: unknown): Json {
  if (typeof given === "string") return { samplingAlgorithmType: capital(given) };
  const { type, ...others } = (given ?? { type: "random" }) as Json;
  return { samplingAlgorithmType: capital(String(type ?? "random")), ...others };
}

function earlyTermination(given: Json): Json {
  const { type, policy_type, ...others } = given;
  const names: Record<string, string> = {
    bandit: "Bandit",
    median_stopping: "MedianStopping",
    truncation_selection: "TruncationSelection",
  };
  const name = String(type ?? policy_type ?? "");
  return { policyType: names[name] ?? name, ...camel(others) };
}

/** Seconds become a duration. */
function limitsOf(given: Json): Json {
  const { job_limits_type: _type, jobLimitsType: _kind, ...others } = given;
  const seconds = (value: unknown) => (typeof value === "number" ? `PT${value}S` : value);
  const entries = Object.entries(camel(others)).map(([key, value]) => [
    key,
    /timeout$/i.test(key) ? seconds(value) : value,
  ]);
  return Object.fromEntries(entries);
}

function distributionOf(given: Json): Json {
  const { type, ...others } = given;
  const shown = camel(others);
  return { ...shown, distributionType: shown["distributionType"] ?? capital(String(type ?? "")) };
}

/** The keys of an object in the management plane's casing. */
function camel(given: Json): Json {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

function capital(text: string): string {
  return text === "" ? text : `${text[0]?.toUpperCase()}${text.slice(1)}`;
}

function mapped(values: ReadonlyMap<string, Value>, change: (value: Value) => JobInput): Record<string, JobInput> {
  return Object.fromEntries([...values].map(([name, value]) => [name, change(value)]));
}
