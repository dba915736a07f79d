// Invocations of batch endpoints: the inputs, outputs and settings that `az ml batch-endpoint invoke --file` takes, as YAML and as the body
// of the POST (docs/facts/azureml-services.md#6.4).
// Tests: test/lib/documents/endpoints/batch-invocation.test.ts
import { present } from "../../plain-objects.ts";
import {
  ASSET_TYPES,
  checkNames,
  type JobInput,
  jobInput,
  locationUri,
  OUTPUT_MODE_VALUES,
  uriText,
} from "../assets/io.ts";
import { camelWriting, type ParseOptions } from "../language/document.ts";
import { withNames } from "../language/named.ts";
import { map, object, optional } from "../language/object.ts";
import { mergeNodes, overrideNode } from "../language/overrides.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, integer, type Literal, literal, nameText, text } from "../language/scalar.ts";
import { type Infer, Reading, type Shape } from "../language/shape.ts";
import type { MapNode, ScalarNode, SourceFile, YamlNode } from "../language/source.ts";
import { runTags } from "../language/tag-limits.ts";
import { stringValue } from "../language/value.ts";
import { batchRetrySettings } from "./batch-deployment.ts";

/** Types of an input that is a value of its own. */
const LITERAL_TYPES = ["string", "integer", "number", "float", "boolean"] as const;

/** Names of types in the body: those of the data plane, which are not the resource manager's. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  uri_file: "UriFile",
  uri_folder: "UriFolder",
  mltable: "MLTable",
  custom_model: "CustomModel",
  mlflow_model: "MLFlowModel",
  triton_model: "TritonModel",
};

const typedLiteral = object(
  "an input",
  { type: optional(enumeration(LITERAL_TYPES)), default: optional(literal), value: optional(literal) },
  {
    check(value, node, at) {
      if ((value.default === undefined) === (value.value === undefined))
        at.fault(node, `${at.name} has no value; an input of type ${value.type ?? "string"} needs one.`, {
          hint: "Write it as `default:`, or as the input itself.",
        });
    },
  },
);

/** One input: a value, `{type: string, default: ...}`, or `{type, path}`. */
const invocationInput: Shape<JobInput> = {
  ...jobInput,
  expects: "a value, or a mapping with type and path",
  below: { kind: "either", shapes: [jobInput as Shape<unknown>, typedLiteral as Shape<unknown>] },
  read(node, at) {
    if (node.kind !== "map" || !isLiteral(node)) return jobInput.read(node, at);
    const fields = typedLiteral.read(node, at);
    const value = fields?.default ?? fields?.value;
    if (fields === undefined || value === undefined) return undefined;
    return jobInput.read(ofType(value, fields.type, node), at);
  },
};

function isLiteral(node: MapNode): boolean {
  const type = node.entries.get("type");
  const word = type?.kind === "scalar" ? type.text.toLowerCase() : undefined;
  return (LITERAL_TYPES as readonly (string | undefined)[]).includes(word) || node.entries.has("default");
}

/** The value as text where the type says so: `type: string, default: 5` is the text 5. */
function ofType(value: Literal, type: string | undefined, node: MapNode): ScalarNode {
  const { where } = node;
  return type === "string"
    ? { kind: "scalar", ...stringValue(value.text), where }
    : { kind: "scalar", ...value, where };
}

const invocationOutput = object("an output", {
  type: optional(enumeration(ASSET_TYPES)),
  path: optional(uriText),
  mode: optional(enumeration(["rw_mount", "mount", "upload", "direct"], { rest: OUTPUT_MODE_VALUES })),
});

const JOB_NAME = "Azure ML names the job of an invocation itself: the output jobName has its name.";

const shape = object(
  "an invocation",
  {
    endpoint: optional(nameText()),
    deployment: optional(nameText()),
    inputs: optional(map(invocationInput, { title: "inputs" }), { nullable: true }),
    outputs: optional(map(invocationOutput, { title: "outputs" }), { nullable: true }),
    experiment_name: optional(text()),
    mini_batch_size: optional(integer({ minimum: 1 })),
    instance_count: optional(integer({ minimum: 1 })),
    error_threshold: optional(integer({ minimum: -1 })),
    output_file_name: optional(text()),
    retry_settings: optional(batchRetrySettings),
    tags: optional(runTags),
  },
  {
    check(_value, node, at) {
      checkNames(node.entries.get("inputs"), at.step("inputs"), "input");
      checkNames(node.entries.get("outputs"), at.step("outputs"), "output");
    },
    hints: {
      job_name: JOB_NAME,
      name: JOB_NAME,
      mini_batch_error_threshold: "A batch deployment counts failed files: `error_threshold`.",
      compute: "The deployment says where it runs; `instance_count` says on how many machines.",
    },
  },
);

/** Inputs, outputs and settings with which an endpoint is invoked. */
export type BatchInvocation = Infer<typeof shape>;

/** Inputs and outputs that the task's own inputs give, laid over those of the file: value by name. */
export interface GivenInvocation {
  readonly inputs?: Readonly<Record<string, GivenData>>;
  readonly outputs?: Readonly<Record<string, GivenData>>;
  /** Text by name; each is a literal input. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Settings at the top, as text. */
  readonly settings?: Readonly<Record<string, { readonly input: string; readonly value: string | undefined }>>;
}
interface GivenData {
  /** The input of the task that says it. */
  readonly input: string;
  readonly path: string;
  readonly type: string;
}

/**
 * Reads an invocation; throws all of its faults at once.
 * @param file as `az ml batch-endpoint invoke --file` takes it; one that holds nothing where the task's inputs say it all
 */
export function parseBatchInvocation(
  file: SourceFile,
  given: GivenInvocation = {},
  options: ParseOptions = {},
): BatchInvocation {
  const settings = Object.entries(given.settings ?? {}).flatMap(([field, { input, value }]) =>
    value === undefined ? [] : [[field, { input, value }] as const],
  );
  const inputs = Object.fromEntries(settings);
  const at = new Reading(file, { inputs });
  const node = overrideNode(withGiven(file, given), shape, { ...options.overrides, inputs }, at.faults);
  const value = shape.read(node, at);
  at.faults.throwIfAny();
  if (value === undefined) throw new Error(`${file.name} was not read, and no fault says why.`);
  return withNames(value, at.names);
}

/** Names of the inputs of an invocation file that are data, and no values of their own. */
export function dataInputsOf({ node }: SourceFile): string[] {
  const inputs = node.entries.get("inputs");
  if (inputs?.kind !== "map") return [];
  return [...inputs.entries].flatMap(([name, input]) => (input.kind === "map" && !isLiteral(input) ? [name] : []));
}

function withGiven(file: SourceFile, { inputs = {}, outputs = {}, parameters = {} }: GivenInvocation): SourceFile {
  const scalar = (text: string, input: string): ScalarNode => ({
    kind: "scalar",
    ...stringValue(text),
    where: { file: "the task's inputs", input },
  });
  const mapping = (entries: readonly (readonly [string, YamlNode])[]): MapNode => ({
    kind: "map",
    entries: new Map(entries),
    keys: new Map(entries.map(([name, { where }]) => [name, where])),
    where: entries[0]?.[1].where ?? file.node.where,
  });
  const data = (of: Readonly<Record<string, GivenData>>) =>
    Object.entries(of).map(([name, { input, path, type }]) => {
      const fields = mapping([
        ["type", scalar(type, input)],
        ["path", scalar(path, input)],
      ]);
      return [name, fields] as const;
    });
  const texts = Object.entries(parameters).map(([name, value]) => [name, scalar(value, "parameters")] as const);
  const given = [
    ["inputs", [...data(inputs), ...texts]],
    ["outputs", data(outputs)],
  ] as const;
  const over = mapping(
    given.flatMap(([field, entries]) => (entries.length === 0 ? [] : [[field, mapping(entries)] as const])),
  );
  return over.entries.size === 0 ? file : { ...file, node: mergeNodes(file.node, over) };
}

/** Whether an input is a value of its own, and no data. */
export const isLiteralInput = (input: JobInput): boolean => input.kind === "literal";

/** The `properties` of the POST that invokes a batch endpoint; local data is uploaded first. */
export async function batchInvocationBody(
  invocation: BatchInvocation,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  const to = camelWriting(resolver);
  const inputs = await Promise.all(
    Object.entries(invocation.inputs ?? {}).map(
      async ([name, input]) => [name, await inputBody(input, resolver)] as const,
    ),
  );
  const outputs = Object.entries(invocation.outputs ?? {}).map(([name, { type = "uri_folder", path, mode }]) => [
    name,
    present({ jobOutputType: TYPE_NAMES[type], mode: mode && OUTPUT_MODE_VALUES[mode], uri: path }),
  ]);
  const { instance_count: instances, experiment_name: experiment, retry_settings: retries } = invocation;
  return present({
    inputData: inputs.length === 0 ? undefined : Object.fromEntries(inputs),
    outputData: outputs.length === 0 ? undefined : Object.fromEntries(outputs),
    compute: instances === undefined ? undefined : { instanceCount: instances },
    errorThreshold: invocation.error_threshold,
    miniBatchSize: invocation.mini_batch_size,
    outputFileName: invocation.output_file_name,
    retrySettings: retries && (await batchRetrySettings.write(retries, to)),
    properties: experiment === undefined ? undefined : { experimentName: experiment },
    tags: invocation.tags,
  });
}

async function inputBody(input: JobInput, resolver: Resolver): Promise<Record<string, unknown>> {
  if (input.kind === "literal") return { jobInputType: "Literal", value: input.value.value };
  const uri = input.location && (await locationUri(input.location, input.type, resolver, input.datastore));
  return present({ jobInputType: TYPE_NAMES[input.type], uri });
}
