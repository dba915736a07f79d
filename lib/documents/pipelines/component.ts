// Components of all types: the fields that they share, their spec, and their anonymous registration inside a pipeline (docs/facts/azureml-documents.md#2.7).
// Tests: test/lib/documents/pipelines/components.test.ts

import { present } from "../../plain-objects.ts";
import { tags } from "../language/document.ts";
import { map, optional, readOnly } from "../language/object.ts";
import { bodyGuid } from "../language/python-json.ts";
import type { Resolver } from "../language/resolver.ts";
import { boolean, type Literal, literal, nameText, text, version } from "../language/scalar.ts";
import type { Infer, Reading, Shape, Writing } from "../language/shape.ts";
import type { MapNode, YamlNode } from "../language/source.ts";
import { includedCode, type WithIncludes } from "./additional-includes.ts";
import { type ComponentInputs, type ComponentOutputs, componentInputs, componentOutputs } from "./component-io.ts";

export const ANONYMOUS_COMPONENT = "azureml_anonymous";

/** The origin of a component's definition; a pipeline's node has one, too. */
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

/** Fields of components of all types. */
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
export interface ComponentType<T extends ComponentDocument = ComponentDocument> {
  readonly type: string;
  readonly shape: Shape<Omit<T, "type">>;
  /** The spec, where it is not simply what the shape writes. */
  write?(document: T, to: Writing): Promise<object>;
  /** The part of the spec that is sent after its hash was computed. */
  sent?(spec: Record<string, unknown>): Record<string, unknown>;
  /** A pipeline's spec says more than its shape, and its version is not archived or hashed as the others' are. */
  readonly isPipeline?: boolean;
}

/** A component as a shape reads it, with its type. */
export type ComponentOf<S> = Infer<S> & ComponentDocument;

const COMPONENT_NAME = /^[a-z][a-z\d_]*$/;

/** Reads a component of a type. */
export function readComponent(
  node: MapNode,
  at: Reading,
  type: ComponentType,
  isNamed = false,
): ComponentDocument | undefined {
  const written = node.entries.get("type");
  const own = writtenType(node);
  if (own !== undefined && own !== type.type) return otherType(own, [type.type], written ?? node, at);
  const value = type.shape.read(node, at);
  checkComponentName(node, at, isNamed);
  return value && { ...value, type: type.type };
}

/** The `type` that a component says itself. */
export function writtenType(node: MapNode): string | undefined {
  const written = node.entries.get("type");
  return written?.kind === "scalar" ? written.text.toLowerCase() : undefined;
}

export function otherType(type: string, allowed: readonly string[], place: YamlNode, at: Reading): undefined {
  return at.step("type").fault(place, `the component's type is ${JSON.stringify(type)}.`, { allowed });
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

/** Registers an anonymous component inside a pipeline and returns its id. */
export async function putAnonymousComponent(
  type: ComponentType,
  document: ComponentDocument,
  origin: ComponentOrigin,
  resolver: Resolver,
): Promise<string> {
  const named = { ...document, name: ANONYMOUS_COMPONENT, version: "1" };
  const spec = await componentSpec(type, named, resolver);
  const body = componentBody(type, document, spec, { isAnonymous: true, origin, properties: {} });
  // The service answers with an id of its own; this one is what Azure's client makes, so that the same component is found again.
  const version = bodyGuid(spec, ["name", "id", "version", "_source"]);
  return await resolver.put("components", ANONYMOUS_COMPONENT, version, body);
}

function textsOf(values: ComponentDocument["properties"]): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, { text }]) => [name, text]));
}

/** `componentSpec`: the YAML in its own names, with references resolved and values as text. */
export async function componentSpec(
  type: ComponentType,
  document: ComponentDocument,
  resolver: Resolver,
): Promise<Record<string, unknown>> {
  const to: Writing = { resolver, style: "yaml" };
  const written = (await (type.write?.(document, to) ?? type.shape.write(document, to))) as object;
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
}

export function componentBody(
  type: ComponentType,
  document: ComponentDocument,
  spec: Record<string, unknown>,
  options: BodyOptions,
): Record<string, unknown> {
  const sent = type.sent?.(spec) ?? spec;
  return {
    properties: present({
      description: document.description,
      tags: document.tags ?? {},
      properties: { ...textsOf(document.properties), ...options.properties },
      isAnonymous: options.isAnonymous,
      isArchived: type.isPipeline ? undefined : false,
      componentSpec: { ...sent, _source: options.origin },
    }),
  };
}

/** A type of component that brings code, which is sent as one asset with the additional includes in it. */
export function typeWithCode<T extends ComponentDocument & WithIncludes>(
  type: string,
  shape: ComponentType<T>["shape"],
): ComponentType<T> {
  return {
    type,
    shape,
    async write(document, to) {
      const { code: _own, ...rest } = document;
      const included = await includedCode(document, to.resolver);
      const spec = (await shape.write(included.code === undefined ? document : (rest as T), to)) as object;
      return { ...spec, ...included };
    },
  };
}
