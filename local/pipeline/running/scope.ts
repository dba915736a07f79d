// The scope of conditions and runtime expressions of stages and jobs: results and outputs of what ran before.
import type { JobStatus, OutputVariable, TaskResult } from "../../agent/index.ts";
import type { Scope, Value } from "../../expressions/evaluate.ts";

/** A stage or a job that has ended. */
export interface Ended {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly result: TaskResult;
  /** Of a job: `step.variable`; of a stage: `job.step.variable`. */
  readonly outputs: Readonly<Record<string, OutputVariable>>;
  /** Of a stage only. */
  readonly jobs?: readonly Ended[];
}

const isGood = (result: TaskResult | undefined) => result === "Succeeded" || result === "SucceededWithIssues";

/** Everything that `names` depend on, themselves included. */
function withAncestors(names: readonly string[], ended: ReadonlyMap<string, Ended>): Ended[] {
  const found = new Map<string, Ended>();
  const visit = (name: string) => {
    const one = ended.get(name.toLowerCase());
    if (!one || found.has(name.toLowerCase())) return;
    found.set(name.toLowerCase(), one);
    for (const next of one.dependsOn) visit(next);
  };
  for (const name of names) visit(name);
  return [...found.values()];
}

/** Status functions of a stage or job: over all that it depends on, or over those that it names. */
export function dependencyFunctions(
  dependsOn: readonly string[],
  ended: ReadonlyMap<string, Ended>,
  isCanceled: boolean,
): Scope["functions"] {
  const asked = (names: readonly Value[]) => {
    if (names.length === 0) return withAncestors(dependsOn, ended).map(({ result }) => result);
    return names.map((name) => ended.get(String(name).toLowerCase())?.result);
  };
  return {
    succeeded: (names) => !isCanceled && asked(names).every(isGood),
    failed: (names) => asked(names).some((result) => result === "Failed"),
    canceled: () => isCanceled,
    always: () => true,
    succeededOrFailed: (names) =>
      !isCanceled && asked(names).every((result) => isGood(result) || result === "Failed" || names.length === 0),
  };
}

/** Status functions of a step: over its job so far. */
export function stepFunctions(status: JobStatus): Scope["functions"] {
  return {
    succeeded: () => isGood(status),
    failed: () => status === "Failed",
    canceled: () => status === "Canceled",
    always: () => true,
    succeededOrFailed: () => status !== "Canceled",
  };
}

function describe(one: Ended): Value {
  return {
    result: one.result,
    outputs: Object.fromEntries(Object.entries(one.outputs).map(([name, { value }]) => [name, value])),
  };
}

/** `dependencies`: the direct ones, by name. */
export function dependencies(dependsOn: readonly string[], ended: ReadonlyMap<string, Ended>): Value {
  const entries = dependsOn.flatMap((name) => {
    const one = ended.get(name.toLowerCase());
    return one ? [[one.name, describe(one)] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** `stageDependencies`: stage -> job -> result and outputs. */
export function stageDependencies(dependsOn: readonly string[], stages: ReadonlyMap<string, Ended>): Value {
  const entries = dependsOn.flatMap((name) => {
    const stage = stages.get(name.toLowerCase());
    return stage
      ? [[stage.name, Object.fromEntries((stage.jobs ?? []).map((job) => [job.name, describe(job)]))] as const]
      : [];
  });
  return Object.fromEntries(entries);
}
