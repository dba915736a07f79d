// Shapes that hold others: an object with closed fields, a map, a list, and a choice between shapes.
// Tests: test/lib/documents/kinds.test.ts, test/lib/documents/random.test.ts
import { nearestName } from "../../nearest-name.ts";
import { formatPath } from "./faults.ts";
import {
  type Below,
  camelCase,
  described,
  describedKind,
  NOTHING_BELOW,
  type Reading,
  readNode,
  type Shape,
  type Writing,
  writeValue,
} from "./shape.ts";
import type { MapNode, YamlNode } from "./source.ts";

export interface FieldOptions {
  /** The body's name in snake_case, where it is not the field's own (`camel` and `snake` bodies). */
  readonly as?: string;
  /** The name in `camel` bodies, where the published types have another than camel case makes of it. */
  readonly camel?: string;
  /** Put the written fields of the value into the body that holds it. */
  readonly flatten?: boolean;
  /** The kind's own translation writes it. */
  readonly unwritten?: boolean;
  /** `field:` with nothing after it counts as absent. */
  readonly nullable?: boolean;
  /** The default of an absent field, if it depends on the document's folder. */
  readonly absent?: (at: Reading) => unknown;
}
export interface RequiredField<T> extends FieldOptions {
  readonly presence: "required";
  readonly shape: Shape<T>;
}
export interface OptionalField<T> extends FieldOptions {
  readonly presence: "optional";
  readonly shape: Shape<T>;
}
/** Fields that the service fills in: an exported YAML may have them; they are dropped without a message. */
export interface ReadOnlyField extends FieldOptions {
  readonly presence: "readOnly";
  readonly shape: Shape<unknown>;
}
export type AnyField = RequiredField<unknown> | OptionalField<unknown> | ReadOnlyField;
export type Fields = Readonly<Record<string, AnyField>>;

type RequiredNames<F> = { [K in keyof F]: F[K] extends RequiredField<infer _> ? K : never }[keyof F];
type OptionalNames<F> = { [K in keyof F]: F[K] extends OptionalField<infer _> ? K : never }[keyof F];
type FieldValue<G> = G extends { readonly shape: Shape<infer T> } ? T : never;
type Flat<T> = { [K in keyof T]: T[K] };
export type ObjectOf<F> = Flat<
  { readonly [K in RequiredNames<F>]: FieldValue<F[K]> } & { readonly [K in OptionalNames<F>]?: FieldValue<F[K]> }
>;

export function required<T>(shape: Shape<T>, options: FieldOptions = {}): RequiredField<T> {
  return { ...options, presence: "required", shape };
}

export function optional<T>(shape: Shape<T>, options: FieldOptions = {}): OptionalField<T> {
  return { ...options, presence: "optional", shape };
}

export function readOnly(): ReadOnlyField {
  return { presence: "readOnly", shape: anyNode };
}

const anyNode: Shape<unknown> = {
  expects: "anything",
  below: NOTHING_BELOW,
  read: () => undefined,
  write: () => undefined,
};

export interface ObjectShape<F extends Fields> extends Shape<ObjectOf<F>> {
  readonly fields: F;
  /** Its name in faults: "a command job". */
  readonly title: string;
}

export interface ObjectOptions<T> {
  /** Faults that only the whole object shows. */
  readonly check?: (value: T, node: MapNode, at: Reading) => void;
  /** Changes the written body. */
  readonly finish?: (body: Record<string, unknown>, value: T, to: Writing) => unknown;
  /** A whole other YAML file may stand in its place, named by `file:path` or by a bare path. */
  readonly hints?: Readonly<Record<string, string>>;
}

/** An object whose fields are all known. An unknown field is a fault that names the nearest one. */
export function object<F extends Fields>(
  title: string,
  fields: F,
  options: ObjectOptions<ObjectOf<F>> = {},
): ObjectShape<F> {
  const entries = Object.entries(fields as Record<string, AnyField>);
  const below: Below = { kind: "fields", fields: fields as Record<string, { shape: Shape<unknown> }> };
  return {
    title,
    fields,
    below,
    expects: `a mapping (${title})`,
    read(node, at) {
      if (node.kind !== "map") return mappingExpected(node, at, title, Object.keys(fields));
      const value: Record<string, unknown> = {};
      const before = at.faults.list.length;
      for (const [name, child] of node.entries) readField(name, child, node, at, title, fields, value, options.hints);
      for (const [name, field] of entries) {
        if (field.absent !== undefined && value[name] === undefined) value[name] = field.absent(at);
        if (field.presence === "required" && !node.entries.has(name))
          at.fault(node, `${title} needs the field "${formatPath([...at.path, name])}" (${field.shape.expects}).`, {
            hint: `Add \`${name}:\`.`,
          });
      }
      if (at.faults.list.length > before) return undefined;
      options.check?.(value as ObjectOf<F>, node, at);
      return at.faults.list.length > before ? undefined : (value as ObjectOf<F>);
    },
    async write(value, to) {
      const body = await writeFields(entries, value as Record<string, unknown>, to);
      return (await options.finish?.(body, value, to)) ?? body;
    },
  };
}

function readField(
  name: string,
  child: YamlNode,
  parent: MapNode,
  at: Reading,
  title: string,
  fields: Fields,
  value: Record<string, unknown>,
  hints: Readonly<Record<string, string>> | undefined,
): void {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  const below = at.step(name);
  if (field === undefined) {
    if (name === "$schema") return;
    const allowed = Object.keys(fields).filter((key) => fields[key]?.presence !== "readOnly");
    const hint = hints?.[name];
    below.fault({ where: parent.keys.get(name) ?? child.where }, `${title} has no field "${formatPath(below.path)}".`, {
      allowed,
      nearest: nearestName(name, allowed),
      ...(hint === undefined ? {} : { hint }),
    });
    return;
  }
  if (field.presence === "readOnly") return;
  if (child.kind === "scalar" && child.type === "null") {
    if (!field.nullable)
      below.fault(child, `"${formatPath(below.path)}" is empty; ${field.shape.expects} is needed.`, {
        hint: `Give \`${name}\` a value, or remove the line.`,
      });
    return;
  }
  const read = readNode(field.shape as Shape<unknown>, child, below);
  if (read !== undefined) value[name] = read;
}

async function writeFields(
  fields: readonly (readonly [string, AnyField])[],
  value: Record<string, unknown>,
  to: Writing,
): Promise<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const [name, field] of fields) {
    if (field.presence === "readOnly" || field.unwritten || value[name] === undefined) continue;
    const written = await writeValue(field.shape as Shape<unknown>, value[name], to);
    if (written === undefined) continue;
    if (field.flatten && typeof written === "object" && written !== null) Object.assign(body, written);
    else body[bodyName(name, field, to)] = written;
  }
  return body;
}

function bodyName(name: string, field: FieldOptions, to: Writing): string {
  if (to.style === "yaml") return name;
  return to.style === "snake" ? (field.as ?? name) : (field.camel ?? camelCase(field.as ?? name));
}

function mappingExpected(node: YamlNode, at: Reading, title: string, allowed: readonly string[]): undefined {
  return at.fault(node, `${at.name} is ${describedKind(node)}; ${title} is a mapping of fields.`, { allowed });
}

/** A map from names of the user's choice to values. `declared`: an override may change entries, not add any. */
export function map<T>(
  shape: Shape<T>,
  options: { declared?: boolean; nullable?: boolean; title?: string } = {},
): Shape<Readonly<Record<string, T>>> {
  return {
    expects: `a mapping of names to ${shape.expects}`,
    below: { kind: "values", shape: shape as Shape<unknown>, declared: options.declared ?? false },
    read(node, at) {
      if (node.kind !== "map")
        return at.fault(
          node,
          `${at.name} is ${describedKind(node)}; a mapping of names to ${shape.expects} is needed.`,
        );
      const value: Record<string, T> = {};
      let sound = true;
      for (const [name, child] of node.entries) {
        const below = at.step(name);
        if (child.kind === "scalar" && child.type === "null") {
          if (options.nullable) continue;
          sound = false;
          below.fault(child, `"${formatPath(below.path)}" is empty; ${shape.expects} is needed.`);
          continue;
        }
        const read = readNode(shape, child, below);
        if (read === undefined) sound = false;
        else define(value, name, read);
      }
      return sound ? value : undefined;
    },
    async write(value, to) {
      const body: Record<string, unknown> = {};
      for (const [name, item] of Object.entries(value)) define(body, name, await writeValue(shape, item, to));
      return body;
    },
  };
}

/** Sets an own property, `__proto__` included. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    expects: `a list of ${shape.expects}`,
    below: { kind: "items", shape: shape as Shape<unknown> },
    read(node, at) {
      if (node.kind !== "list") return at.fault(node, `${at.name} is ${described(node)}; a list is needed.`);
      const items = node.items.map((item, index) => readNode(shape, item, at.step(index)));
      return items.includes(undefined) ? undefined : (items as T[]);
    },
    async write(value, to) {
      const items: unknown[] = [];
      for (const item of value) items.push(await writeValue(shape, item, to));
      return items;
    },
  };
}
