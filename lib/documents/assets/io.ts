// Inputs and outputs of jobs: literals, data and models, with their modes (docs/facts/azureml-documents.md#2.4).
// Tests: test/lib/documents/assets/assets.test.ts
import { existsSync, statSync } from "node:fs";
import { namedByUri } from "../language/named.ts";
import { map, object, optional } from "../language/object.ts";
import { absolutePath } from "../language/path.ts";
import { datastore, parseReference, type Reference, readLocalPath, resolveReference } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, type Literal, literal, looseText, nameText, text, version } from "../language/scalar.ts";
import { described, isExpression, type Reading, type Shape, withOwnExpressions } from "../language/shape.ts";
import type { MapNode, ScalarNode, YamlNode } from "../language/source.ts";

export const DATA_TYPES = ["uri_file", "uri_folder", "mltable"] as const;
export const MODEL_TYPES = ["custom_model", "mlflow_model", "triton_model"] as const;
export const ASSET_TYPES = [...DATA_TYPES, ...MODEL_TYPES] as const;
type AssetType = (typeof ASSET_TYPES)[number];

const INPUT_MODES = ["ro_mount", "rw_mount", "mount", "download", "direct", "eval_mount", "eval_download"] as const;
const OUTPUT_MODES = ["rw_mount", "mount", "upload", "direct"] as const;
type InputMode = (typeof INPUT_MODES)[number];
export type OutputMode = (typeof OUTPUT_MODES)[number];
const INPUT_MODE_VALUES: Record<InputMode, string> = {
  ro_mount: "ReadOnlyMount",
  mount: "ReadOnlyMount",
  rw_mount: "ReadWriteMount",
  download: "Download",
  direct: "Direct",
  eval_mount: "EvalMount",
  eval_download: "EvalDownload",
};
export const OUTPUT_MODE_VALUES: Record<OutputMode, string> = {
  rw_mount: "ReadWriteMount",
  mount: "ReadWriteMount",
  upload: "Upload",
  direct: "Direct",
};

/** The location of data: on this machine, at a URI that is sent unchanged, or in a registered asset. */
export type Location =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "uri"; readonly uri: string }
  | { readonly kind: "data" | "models"; readonly reference: Reference };

/** `kind`: which assets `azureml:name:version` means there. */
export function readLocation(
  node: ScalarNode,
  at: Reading,
  kind: "data" | "models",
  { mayBeAbsent = false, isModel = false }: { mayBeAbsent?: boolean; isModel?: boolean } = {},
): Location | undefined {
  const written = node.text;
  if (/^runs:\//.test(written) && !isModel)
    return at.fault(node, `${at.name} is ${described(node)}: only a model is made of a run's files in this way.`, {
      hint: `Write azureml://jobs/<job>/outputs/artifacts/paths/<path>.`,
    });
  if (isExpression(written) || /^(?!file:)[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(written) || /^runs:\//.test(written))
    return atUri(written, node, at, isModel);
  if (/^azureml:/.test(written) || /^\/subscriptions\//i.test(written)) {
    const long = /^azureml:(azureml:\/\/.*)$/.exec(written);
    if (long?.[1]) return atUri(long[1], node, at, isModel);
    if (/^(azureml:)?\/subscriptions\//i.test(written)) {
      const id = written.replace(/^azureml:/, "");
      const owner = ([kind, "data", "models"] as const).find((one) => typeof parseReference(id, one) !== "string");
      if (owner === undefined) return { kind: "uri", uri: id };
      const reference = { kind: "id", id } as const;
      at.note(node, { kind: owner, reference });
      return { kind: owner, reference };
    }
    const reference = parseReference(written, kind);
    if (typeof reference !== "string") {
      at.note(node, { kind, reference });
      return { kind, reference };
    }
    return at.fault(
      node,
      `${at.name} is ${described(node)}, which is no reference to registered ${kind}: ${reference}.`,
      {
        hint: "Write azureml:<name>:<version> or azureml:<name>@latest.",
      },
    );
  }
  const path = mayBeAbsent ? absolutePath(written, at.folder) : undefined;
  if (path !== undefined && !existsSync(path)) return { kind: "local", path };
  const checked = readLocalPath(node, at);
  return checked === undefined ? undefined : { kind: "local", path: checked };
}

/** An address is sent as it stands; the datastore or the job that it lies in must be there. */
function atUri(uri: string, node: ScalarNode, at: Reading, isModel: boolean): Location {
  noteUri(uri, node, at, isModel);
  return { kind: "uri", uri };
}

/** Notes what an address names. */
function noteUri(uri: string, node: YamlNode, at: Reading, isModel = false): void {
  const named = isExpression(uri) ? undefined : namedByUri(uri);
  if (named !== undefined) at.note(node, isModel && named.kind === "jobs" ? { ...named, isModel } : named);
}

/** An address, as text. */
export const uriText: Shape<string> = {
  ...text(),
  read(node, at) {
    const uri = text().read(node, at);
    if (uri !== undefined) noteUri(uri, node, at);
    return uri;
  },
};

export interface AssetInput {
  readonly kind: "asset";
  readonly type: AssetType;
  readonly mode?: InputMode;
  readonly location?: Location;
  readonly datastore?: string;
}
interface LiteralInput {
  readonly kind: "literal";
  readonly value: Literal;
  readonly mode?: InputMode;
  /** The type of a mapping whose path is a binding. */
  readonly declared?: AssetType;
}
export type JobInput = AssetInput | LiteralInput;

const inputFields = object(
  "an input",
  {
    type: optional(enumeration(ASSET_TYPES)),
    path: optional(looseText),
    mode: optional(enumeration(INPUT_MODES)),
    datastore: optional(datastore),
    value: optional(literal),
  },
  {
    hints: {
      path_on_compute:
        "Azure ML chooses where an input lies on the compute: use the path that ${{inputs.<name>}} stands for in the command.",
    },
  },
);

/** One input: a literal, `{value: ...}`, or `{type, path, mode}`. */
export const jobInput: Shape<JobInput> = withOwnExpressions({
  expects: "a literal, or a mapping with type and path",
  below: inputFields.below,
  read(node: YamlNode, at: Reading): JobInput | undefined {
    if (node.kind === "scalar") {
      const value = literal.read(node, at);
      return value === undefined ? undefined : given(value, node, at);
    }
    const fields = inputFields.read(node, at);
    if (fields === undefined || node.kind !== "map") return undefined;
    if (fields.value !== undefined) return given(fields.value, node.entries.get("value") ?? node, at);
    return readAsset(node, fields, at);
  },
  write: (value: JobInput, to) => writeInput(value, to.resolver, to.style === "camel" ? "camel" : "snake"),
});

/**
 * Azure ML takes no empty text ("The Value field is required", reported in Azure/azure-sdk-for-python#41834). In a step over a
 * registered component, which alone knows what it takes, it is sent; `refuseEmpty` is asked for the other steps.
 */
function given(value: Literal, node: YamlNode, at: Reading): LiteralInput | undefined {
  if (value.text !== "" || at.expressions) return { kind: "literal", value };
  return refuseEmpty(node, at);
}

export function refuseEmpty(node: YamlNode, at: Reading): undefined {
  return at.fault(node, `${at.name} is empty text, which Azure ML does not take as a value.`, {
    hint: "Leave the input out, and make it optional in its component (`optional: true`, with $[[ ]] around it in the command).",
  });
}

type InputFields = {
  readonly type?: AssetType;
  readonly path?: string;
  readonly mode?: InputMode;
  readonly datastore?: string;
};

function readAsset(node: MapNode, fields: InputFields, at: Reading): JobInput | undefined {
  const type = fields.type ?? "uri_folder";
  const mode = fields.mode === undefined ? {} : { mode: fields.mode };
  const pathNode = node.entries.get("path");
  if (fields.path === undefined || pathNode?.kind !== "scalar")
    return at.fault(node, `${at.name} has no path; an input of type ${type} needs one.`, {
      hint: "Add `path:` with a local path, azureml:<name>:<version> or a URI.",
    });
  if (isExpression(fields.path))
    return {
      kind: "literal",
      value: { type: "string", value: fields.path, text: fields.path },
      declared: type,
      ...mode,
    };
  const below = at.step("path");
  const location = readLocation(pathNode, below, isModelType(type) ? "models" : "data", {
    mayBeAbsent: at.absentData,
  });
  if (location === undefined) return undefined;
  if (location.kind === "local" && !kindFits(location.path, type)) {
    const found = type === "uri_file" ? "a folder" : "a file";
    return below.fault(pathNode, `${below.name} is ${found}, but the input's type is ${type}.`, {
      hint: type === "uri_file" ? "Write `type: uri_folder`." : "Write `type: uri_file`.",
    });
  }
  return {
    kind: "asset",
    type,
    location,
    ...mode,
    ...(fields.datastore === undefined ? {} : { datastore: fields.datastore }),
  };
}

function isModelType(type: string): boolean {
  return (MODEL_TYPES as readonly string[]).includes(type);
}

/** A uri_file is a file, a uri_folder and an mltable are folders; models may be either. */
function kindFits(path: string, type: AssetType): boolean {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) return true;
  if (type === "uri_file") return !isFolder;
  return type === "uri_folder" || type === "mltable" ? isFolder : true;
}

/** The REST body of an input; snake_case inside a pipeline's nodes. */
export async function writeInput(
  input: JobInput,
  resolver: Resolver,
  style: "camel" | "snake",
): Promise<Record<string, unknown>> {
  const typeKey = style === "camel" ? "jobInputType" : "job_input_type";
  const mode = input.mode === undefined ? {} : { mode: INPUT_MODE_VALUES[input.mode] };
  if (input.kind === "literal") {
    return style === "camel"
      ? { [typeKey]: "literal", value: input.value.text }
      : { [typeKey]: "literal", value: input.value.text, ...mode };
  }
  const uri =
    input.location === undefined
      ? {}
      : { uri: await locationUri(input.location, input.type, resolver, input.datastore) };
  return { [typeKey]: input.type, ...uri, ...mode };
}

/** The URI that a body holds for a location; a local path is brought to a datastore first. */
export async function locationUri(
  location: Location,
  type: string,
  resolver: Resolver,
  datastore?: string,
): Promise<string> {
  if (location.kind === "uri") return location.uri;
  if (location.kind !== "local") return await resolveReference(location.reference, location.kind, resolver);
  const uploaded = await resolver.upload(location.path, datastore);
  const bare = uploaded.uri.replace(/\/+$/, "");
  return type === "uri_folder" ? `${bare}/` : bare;
}

export const jobInputs = map(jobInput, { declared: true, title: "inputs" });

const outputFields = object("an output", {
  type: optional(enumeration(ASSET_TYPES), { as: "job_output_type" }),
  path: optional(uriText, { as: "uri" }),
  mode: optional(enumeration(OUTPUT_MODES, { rest: OUTPUT_MODE_VALUES })),
  name: optional(nameText(), { as: "asset_name" }),
  version: optional(version, { as: "asset_version" }),
  description: optional(text()),
});

export interface JobOutput {
  readonly type?: AssetType;
  readonly path?: string;
  readonly mode?: OutputMode;
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
  /** A binding such as ${{parent.outputs.model}} in place of a declaration. */
  readonly binding?: string;
}

/** An output of which nothing is written but its name. */
export const UNDECLARED: JobOutput = {};

/** One output: `{type, path, mode, name, version}`, or nothing at all (a uri_folder). */
export const jobOutput: Shape<JobOutput> = withOwnExpressions({
  expects: "a mapping with type and path",
  below: outputFields.below,
  read(node: YamlNode, at: Reading): JobOutput | undefined {
    if (node.kind === "scalar" && node.type === "null") return UNDECLARED;
    if (node.kind === "scalar" && isExpression(node.value)) return { binding: node.value };
    return outputFields.read(node, at);
  },
  async write(value: JobOutput, to) {
    const body = (await outputFields.write(value, to)) as Record<string, unknown>;
    const typeKey = to.style === "camel" ? "jobOutputType" : "job_output_type";
    return { ...body, [typeKey]: value.type ?? "uri_folder" };
  },
});

export const jobOutputs: Shape<Readonly<Record<string, JobOutput>>> = {
  ...map(jobOutput, { declared: true }),
  read(node, at) {
    if (node.kind !== "map") return at.fault(node, `${at.name} is ${described(node)}; a mapping of outputs is needed.`);
    const value: Record<string, JobOutput> = {};
    for (const [name, child] of node.entries) {
      const output = jobOutput.read(child, at.step(name));
      if (output !== undefined) value[name] = output;
    }
    return value;
  },
};

const NAME = /^[a-zA-Z_]+[a-zA-Z0-9_]*$/;

/** Names of inputs and outputs are letters, digits and underscores. */
export function checkNames(node: YamlNode | undefined, at: Reading, noun: string, pattern = NAME): void {
  if (node?.kind !== "map") return;
  for (const name of node.entries.keys()) {
    if (pattern.test(name)) continue;
    const where = node.keys.get(name) ?? node.where;
    at.step(name).fault({ where }, `the ${noun} "${name}" has a name that Azure ML refuses.`, {
      hint: "Use letters, digits and underscores, and begin with a letter or an underscore.",
    });
  }
}

/** Faults for `${{inputs.x}}` and `${{outputs.x}}` in a command line that names nothing declared. */
export function checkPlaceholders(
  line: string,
  place: YamlNode,
  declared: { inputs: readonly string[]; outputs: readonly string[] },
  at: Reading,
): void {
  const optionalParts = new Set(
    [...line.matchAll(/\[[\w.\s-]*\$\{\{\s*inputs\.([\w.-]+)\s*\}\}\]/g)].map((match) => match[1]),
  );
  for (const [, side, name = ""] of line.matchAll(/\$\{\{\s*(inputs|outputs)\.([\w.-]+)\s*\}\}/g)) {
    const names = side === "inputs" ? declared.inputs : declared.outputs;
    // `${{inputs.folder.path}}` means a property of the input `folder`.
    const base = name.split(".")[0] ?? name;
    if (names.includes(name) || names.includes(base) || (side === "inputs" && optionalParts.has(name))) continue;
    at.fault(
      place,
      `${at.name} uses \${{${side}.${name}}}, but there is no such ${side === "inputs" ? "input" : "output"}.`,
      {
        allowed: names,
        hint: `Declare \`${base}\` under ${side}, or correct the name.`,
      },
    );
  }
}
