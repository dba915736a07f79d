// Sweep jobs: one command tried with many values (docs/facts/azureml-documents.md#2.5).
// Tests: test/lib/documents/jobs/jobs.test.ts

import { isObject, present } from "../../plain-objects.ts";
import { environmentUse } from "../assets/environment.ts";
import { checkNames, checkPlaceholders, jobInputs, jobOutputs } from "../assets/io.ts";
import { byType } from "../language/by-type.ts";

import { list, map, object, optional, required } from "../language/object.ts";
import { code, compute } from "../language/reference.ts";
import {
  anything,
  duration,
  enumeration,
  integer,
  isoDuration,
  type Literal,
  literal,
  literalAs,
  number,
  text,
} from "../language/scalar.ts";
import { described, type Infer, type Reading, type Shape, type Writing } from "../language/shape.ts";
import type { MapNode, YamlNode } from "../language/source.ts";
import { doubleBrackets } from "./command.ts";
import { defineJob, jobHeader } from "./define-job.ts";
import {
  distribution,
  environmentVariables,
  jobIdentity,
  jobResources,
  queueSettings,
  services,
} from "./run-settings.ts";

export interface Distribution {
  readonly type: string;
}

const range = (name: "uniform" | "loguniform") => ({
  type: required(enumeration([name])),
  min_value: required(number),
  max_value: required(number),
});
const quantised = (name: "quniform" | "qloguniform") => ({
  type: required(enumeration([name])),
  min_value: required(number),
  max_value: required(number),
  q: required(number),
});
const bell = (name: "normal" | "lognormal") => ({
  type: required(enumeration([name])),
  mu: required(number),
  sigma: required(number),
});
const quantisedBell = (name: "qnormal" | "qlognormal") => ({
  type: required(enumeration([name])),
  mu: required(number),
  sigma: required(number),
  q: required(number),
});

/** A value of a choice may be a mapping whose entries are distributions themselves. */
const choiceValue: Shape<unknown> = {
  expects: "a value, or a mapping of values",
  below: { kind: "free" },
  read: (node, at) => (node.kind === "map" ? map(nested).read(node, at) : anything.read(node, at)),
  write: (value, to) => (isObject(value) ? map(nested).write(value, to) : value),
};

const nested: Shape<unknown> = {
  expects: "a value or a distribution",
  below: { kind: "free" },
  read: (node, at) => (node.kind === "map" ? searchSpaceEntry.read(node, at) : anything.read(node, at)),
  write: (value, to) => (isDistribution(value) ? searchSpaceEntry.write(value, to) : value),
};

function isDistribution(value: unknown): value is Distribution {
  return isObject(value) && typeof value["type"] === "string";
}

/** One parameter's distribution; REST has it as a list: ["uniform", [0.1, 0.9]]. */
const distributions: Readonly<Record<string, Shape<Distribution>>> = Object.fromEntries(
  Object.entries({
    choice: { type: required(enumeration(["choice"])), values: required(list(choiceValue)) },
    uniform: range("uniform"),
    loguniform: range("loguniform"),
    quniform: quantised("quniform"),
    qloguniform: quantised("qloguniform"),
    normal: bell("normal"),
    lognormal: bell("lognormal"),
    qnormal: quantisedBell("qnormal"),
    qlognormal: quantisedBell("qlognormal"),
    randint: { type: required(enumeration(["randint"])), upper: required(integer()) },
  }).map(([name, fields]) => [
    name,
    object(`a ${name} distribution`, fields, {
      finish(body, _value, to) {
        if (to.style !== "camel") return body;
        const { type, values, ...rest } = body;
        return [type, values === undefined ? Object.values(rest) : [values]];
      },
    }),
  ]),
);

export const searchSpaceEntry: Shape<Distribution> = byType<Distribution>("a distribution of values", distributions);
export const searchSpace = map(searchSpaceEntry, { declared: false });

export interface Sampling {
  readonly type: string;
  /** Written as a bare word. */
  readonly short?: boolean;
}
/** The published type has the base as text; a pipeline's step has it as it stands in the YAML. */
const logbase: Shape<Literal> = {
  ...literal,
  expects: "a number, or e",
  write: (value, to) => (to.style === "camel" ? literalAs(value, "number") : value.value),
};

const samplings: Readonly<Record<string, Shape<Sampling>>> = {
  random: object("random sampling", {
    type: required(enumeration(["random"], { rest: { random: "Random" } }), { as: "sampling_algorithm_type" }),
    seed: optional(integer()),
    rule: optional(enumeration(["random", "sobol"], { rest: { random: "random", sobol: "sobol" } })),
    logbase: optional(logbase),
  }),
  grid: object("grid sampling", {
    type: required(enumeration(["grid"], { rest: { grid: "Grid" } }), { as: "sampling_algorithm_type" }),
  }),
  bayesian: object("Bayesian sampling", {
    type: required(enumeration(["bayesian"], { rest: { bayesian: "Bayesian" } }), { as: "sampling_algorithm_type" }),
  }),
};
const samplingByType = byType<Sampling>("a sampling algorithm", samplings);

/** `random`, or a mapping with type and settings. */
export const samplingAlgorithm: Shape<Sampling> = {
  expects: "random, grid or bayesian",
  below: samplingByType.below,
  read(node: YamlNode, at: Reading) {
    if (node.kind === "map") return samplingByType.read(node, at);
    const type = enumeration(["random", "grid", "bayesian"]).read(node, at);
    return type && { type, short: true };
  },
  write(value, to) {
    if (value.short && to.style !== "camel") return value.type;
    const { short: _short, ...rest } = value;
    return samplingByType.write(rest, to);
  },
};

export interface Policy {
  readonly type: string;
}
const policyFields = {
  evaluation_interval: optional(integer(), { nullable: true }),
  delay_evaluation: optional(integer(), { nullable: true }),
};
const policyType = <const N extends string>(name: N, rest: string) =>
  required(enumeration([name], { fold: "snake", rest: { [name]: rest } }), { as: "policy_type" });
const noBandit = { slackAmount: 0, slackFactor: 0 };

/** Early termination of trials. Intervals that are not given count as 0. */
export const earlyTermination: Shape<Policy> = byType<Policy>(
  "an early termination policy",
  {
    bandit: object(
      "a bandit policy",
      {
        type: policyType("bandit", "Bandit"),
        slack_factor: optional(number, { nullable: true }),
        slack_amount: optional(number, { nullable: true }),
        ...policyFields,
      },
      { finish: (body, _value, to) => withDefaults(body, to, noBandit) },
    ),
    median_stopping: object(
      "a median stopping policy",
      { type: policyType("median_stopping", "MedianStopping"), ...policyFields },
      { finish: (body, _value, to) => withDefaults(body, to, { evaluationInterval: 1 }) },
    ),
    truncation_selection: object(
      "a truncation selection policy",
      {
        type: policyType("truncation_selection", "TruncationSelection"),
        truncation_percentage: required(integer()),
        ...policyFields,
      },
      { finish: (body, _value, to) => withDefaults(body, to, {}) },
    ),
  },
  { fold: (word) => word.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase() },
);

function withDefaults(
  body: Record<string, unknown>,
  to: Writing,
  own: Record<string, number>,
): Record<string, unknown> {
  if (to.style === "camel") return { delayEvaluation: 0, evaluationInterval: 0, ...own, ...body };
  const intervals = { delay_evaluation: 0, evaluation_interval: own["evaluationInterval"] ?? 0 };
  // A sweep step says nothing of a slack that is not given; AutoML's settings do.
  const slack = to.style === "yaml" && "slackFactor" in own ? { slack_factor: 0, slack_amount: 0 } : {};
  return { ...intervals, ...slack, ...body };
}

export const objective = object("an objective", {
  goal: required(enumeration(["minimize", "maximize"], { fold: "snake" })),
  primary_metric: required(text()),
});

/** Azure reads less than 60 seconds as days here (a fault of the service), so that Azure's client sends at least a minute. */
const atLeastAMinute: Shape<number> = {
  ...duration(),
  write(value, to) {
    const seconds = value === 0 ? 0 : Math.max(60, value);
    return to.style === "camel" ? isoDuration(seconds) : seconds;
  },
};

export const sweepLimits = object(
  "the limits of a sweep",
  {
    max_total_trials: required(integer()),
    max_concurrent_trials: optional(integer()),
    timeout: optional(atLeastAMinute),
    trial_timeout: optional(atLeastAMinute),
  },
  { finish: (body, _value, to) => (to.style === "camel" ? { jobLimitsType: "Sweep", ...body } : body) },
);

const trial = object("a trial", {
  command: required(text()),
  code: optional(code, { as: "code_id" }),
  environment: required(environmentUse, { as: "environment_id" }),
  environment_variables: optional(environmentVariables),
  resources: optional(jobResources),
  distribution: optional(distribution),
  queue_settings: optional(queueSettings),
});

/** The trial may stand in a file of its own, or be a reference to a component, which only a pipeline's sweep node takes. */
const trialUse: Shape<Infer<typeof trial>> = {
  ...trial,
  read(node, at) {
    if (node.kind === "map") return trial.read(node, at);
    return at.fault(
      node,
      `${at.name} is ${described(node)}; the trial of a sweep job is a mapping with command and environment.`,
      {
        hint: "Write the command under `trial:`. A component can be the trial of a sweep step in a pipeline.",
      },
    );
  },
};

const shape = object(
  "a sweep job",
  {
    ...jobHeader,
    type: required(enumeration(["sweep"])),
    trial: required(trialUse),
    search_space: optional(searchSpace),
    sampling_algorithm: optional(samplingAlgorithm),
    objective: required(objective),
    limits: required(sweepLimits),
    early_termination: optional(earlyTermination),
    inputs: optional(jobInputs),
    outputs: optional(jobOutputs),
    compute: optional(compute, { as: "compute_id" }),
    queue_settings: optional(queueSettings),
    resources: optional(jobResources),
    identity: optional(jobIdentity),
    services: optional(services),
  },
  { check: checkSweep },
);
type SweepJob = Infer<typeof shape>;

function checkSweep(
  value: { trial: { command: string }; inputs?: object; outputs?: object; search_space?: object },
  node: MapNode,
  at: Reading,
): void {
  checkNames(node.entries.get("inputs"), at.step("inputs"), "input");
  checkNames(node.entries.get("outputs"), at.step("outputs"), "output");
  checkNames(node.entries.get("search_space"), at.step("search_space"), "parameter");
  const trialNode = node.entries.get("trial");
  const place = trialNode?.kind === "map" ? trialNode.entries.get("command") : undefined;
  if (place === undefined) return;
  const declared = { inputs: Object.keys(value.inputs ?? {}), outputs: Object.keys(value.outputs ?? {}) };
  checkPlaceholders(doubleBrackets(value.trial.command), place, declared, at.step("trial").step("command"));
}

/** The trial's resources count for the job where it has none. */
async function properties(document: SweepJob, to: Writing): Promise<Record<string, unknown>> {
  const { name: _name, services: _services, ...rest } = document;
  const body = (await shape.write(rest as SweepJob, to)) as Record<string, unknown>;
  const { type: _type, trial: trialBody, ...job } = body;
  const { queueSettings: ownQueue, ...trialRest } = trialBody as Record<string, unknown>;
  const written = {
    ...trialRest,
    command: doubleBrackets(document.trial.command),
    environmentVariables: document.trial.environment_variables ?? {},
  };
  return {
    samplingAlgorithm: { samplingAlgorithmType: "Random" },
    ...job,
    ...present({
      queueSettings: job["queueSettings"] ?? ownQueue,
      resources: job["resources"] ?? trialRest["resources"],
    }),
    jobType: "Sweep",
    searchSpace: job["searchSpace"] ?? {},
    trial: written,
  };
}

export const sweepJobKind = defineJob({
  job: "sweep",
  name: "sweep job",
  order: 210,
  schemas: ["sweepjob"],
  types: ["sweep"],
  fields: [{ has: ["trial", "search_space"] }],
  shape,
  apiVersion: "2024-01-01-preview",
  properties,
});
