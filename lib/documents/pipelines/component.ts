// Component YAML: its shape, and its registration under its name or anonymously inside a pipeline (docs/facts/azureml-documents.md#2.7).

import { segment } from "../../segment.ts";
import { type AssetWrite, type ParseOptions, present, readDocument, tags } from "../language/document.ts";
import { type Fields, map, type ObjectShape, optional, readOnly } from "../language/object.ts";
import { bodyGuid } from "../language/python-json.ts";
import type { Resolver } from "../language/resolver.ts";
import { boolean, type Literal, literal, nameText, text, version } from "../language/scalar.ts";
import type { Reading, Shape, Writing } from "../language/shape.ts";
import type { MapNode, SourceFile } from "../language/source.ts";
import { type ComponentInputs, type ComponentOutputs, componentInputs, componentOutputs } from "./component-io.ts";

const COMPONENT_API_VERSION = "2024-01-01-preview";
export const ANONYMOUS_COMPONENT = "azureml_anonymous";

/** Where a component was written; a pipeline's node says so of its own, too. */
export type ComponentOrigin = "YAML.COMPONENT" | "YAML.JOB" | "CLASS";

export interface ComponentDocument {
  readonly type: string;
  readonly $schema?: string;
  readonly name?: string;
  readonly version?: string;
  readonly display_name?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, Literal>>;
  readonly is_deterministic?: boolean;
  readonly inputs?: ComponentInputs;
  readonly outputs?: ComponentOutputs;
}

/** A component's spec has its properties as they are written; as a resource it has them as text. */
const ownValue: Shape<Literal> = { ...literal, write: (value) => value.value };

/** What components of all types say of themselves. */
export const componentHeader = {
  $schema: optional(text()),
  name: optional(nameText()),
  version: optional(version),
  display_name: optional(text()),
  description: optional(text()),
  tags: optional(tags),
  properties: optional(map(ownValue)),
  is_deterministic: optional(boolean),
  inputs: optional(componentInputs),
  outputs: optional(componentOutputs),
  id: readOnly(),
  latest_version: readOnly(),
  creation_context: readOnly(),
  auto_delete_setting: readOnly(),
  intellectual_property: readOnly(),
};

/** One type of component. */
export interface ComponentType {
  readonly shape: ObjectShape<Fields>;
  /** The spec, where it is not simply what the shape writes. */
  write?(document: ComponentDocument, to: Writing): Promise<Record<string, unknown>>;
  /** What is sent of the spec after its hash was taken. */
  sent?(spec: Record<string, unknown>): Record<string, unknown>;
  /** A pipeline's spec says more than its shape, and its version is not archived or hashed as the others' are. */
  readonly isPipeline?: boolean;
}

const TYPES = new Map<string, ComponentType>();

/** Adds a type; each type's file does so for itself. */
export function defineComponent(name: string, type: ComponentType): void {
  TYPES.set(name, type);
}

export function componentType(name: string): ComponentType | undefined {
  return TYPES.get(name);
}

const COMPONENT_NAME = /^[a-z][a-z\d_]*$/;

/** Reads a component; `type` is what is expected of it, `undefined` whatever it says of itself. */
export function readComponent(
  node: MapNode,
  at: Reading,
  expected: string | undefined,
  isNamed: boolean,
): ComponentDocument | undefined {
  const written = node.entries.get("type");
  const own = written?.kind === "scalar" ? written.text.toLowerCase() : undefined;
  const name = own ?? expected ?? "command";
  const type = TYPES.get(name);
  if (type === undefined || (expected !== undefined && own !== undefined && own !== expected)) {
    const allowed = expected === undefined ? [...TYPES.keys()] : [expected];
    return at.step("type").fault(written ?? node, `the component's type is ${JSON.stringify(name)}.`, { allowed });
  }
  const value = type.shape.read(node, at) as ComponentDocument | undefined;
  checkComponentName(node, at, isNamed);
  return value && { ...value, type: name };
}

function checkComponentName(node: MapNode, at: Reading, isNamed: boolean): void {
  const place = node.entries.get("name");
  if (place === undefined) {
    if (isNamed) at.fault(node, 'a component needs the field "name".', { hint: "Add `name:`." });
    return;
  }
  if (!isNamed || place.kind !== "scalar" || COMPONENT_NAME.test(place.text)) return;
  at.step("name").fault(
    place,
    `the component's name is ${JSON.stringify(place.text)}, which Azure ML refuses: it has lower-case letters, digits and underscores, and begins with a letter.`,
    {
      hint: `Write ${place.text.toLowerCase().replace(/[^a-z\d_]+/g, "_")}, for example.`,
    },
  );
}

const documentShape: Shape<ComponentDocument> = {
  expects: "a component",
  get below() {
    return {
      kind: "either",
      shapes: [...TYPES.values()].map((type) => type.shape as unknown as Shape<unknown>),
    } as const;
  },
  read(node, at) {
    if (node.kind !== "map") return at.fault(node, "a component is a mapping.");
    return readComponent(node, at, undefined, true);
  },
  write: () => undefined,
};

export function parseComponent(file: SourceFile, options: ParseOptions = {}): ComponentDocument {
  return readDocument(file, documentShape, "component", options);
}

/** The write of a component under its name. */
export async function translateComponent(document: ComponentDocument, resolver: Resolver): Promise<AssetWrite> {
  const name = document.name ?? ANONYMOUS_COMPONENT;
  const chosen = document.version ?? (await resolver.nextVersion("components", name));
  const spec = await componentSpec(document, resolver);
  const isPipeline = TYPES.get(document.type)?.isPipeline ?? false;
  const hash = isPipeline ? {} : { client_component_hash: bodyGuid(spec, ["version"]) };
  const body = componentBody(document, spec, {
    isAnonymous: false,
    origin: "YAML.COMPONENT",
    properties: hash,
    isPipeline,
  });
  return {
    method: "PUT",
    path: `components/${segment(name, "the name")}/versions/${segment(chosen, "the version")}`,
    apiVersion: COMPONENT_API_VERSION,
    name,
    version: chosen,
    body,
  };
}

/** Registers an anonymous component inside a pipeline and returns its id. */
export async function putAnonymousComponent(
  document: ComponentDocument,
  origin: ComponentOrigin,
  resolver: Resolver,
): Promise<string> {
  const named = { ...document, name: ANONYMOUS_COMPONENT, version: "1" };
  const spec = await componentSpec(named, resolver);
  const isPipeline = TYPES.get(document.type)?.isPipeline ?? false;
  const body = componentBody(document, spec, { isAnonymous: true, origin, properties: {}, isPipeline });
  // The service answers with an id of its own; this one is what Azure's client makes, so that the same component is found again.
  const version = bodyGuid(spec, ["name", "id", "version", "_source"]);
  return await resolver.put("components", ANONYMOUS_COMPONENT, version, body);
}

function textsOf(values: ComponentDocument["properties"]): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, { text }]) => [name, text]));
}

/** `componentSpec`: the YAML in its own names, with references resolved and values as text. */
async function componentSpec(document: ComponentDocument, resolver: Resolver): Promise<Record<string, unknown>> {
  const type = TYPES.get(document.type);
  if (type === undefined) throw new Error(`There are no components of the type ${document.type}.`);
  const to: Writing = { resolver, style: "yaml" };
  const written = (await (type.write ?? type.shape.write)(document as never, to)) as Record<string, unknown>;
  const deterministic = type.isPipeline ? {} : { is_deterministic: document.is_deterministic ?? true };
  return withoutEmpty({ ...written, ...deterministic, type: document.type });
}

/** The spec has no empty mappings and lists. */
function withoutEmpty(spec: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown) =>
    value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => !isEmpty(value)));
}

interface BodyOptions {
  readonly isAnonymous: boolean;
  readonly origin: ComponentOrigin;
  readonly properties: Readonly<Record<string, string>>;
  readonly isPipeline: boolean;
}

function componentBody(
  document: ComponentDocument,
  spec: Record<string, unknown>,
  options: BodyOptions,
): Record<string, unknown> {
  const sent = TYPES.get(document.type)?.sent?.(spec) ?? spec;
  return {
    properties: present({
      description: document.description,
      tags: document.tags ?? {},
      properties: { ...textsOf(document.properties), ...options.properties },
      isAnonymous: options.isAnonymous,
      isArchived: options.isPipeline ? undefined : false,
      componentSpec: { ...sent, _source: options.origin },
    }),
  };
}
