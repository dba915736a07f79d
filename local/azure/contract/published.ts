// The contracts that lie in the repository: published.gen.json of Azure ML and insights.gen.json of Azure Monitor, which
// `npm run contract` generates from Azure's own clients.
import { readFileSync } from "node:fs";
import { type Contract, type Operation, type Operations, remembered } from "./contract.ts";
import type { Member, ObjectShape, Shape } from "./shape.ts";

interface Property {
  readonly type: string;
  readonly required?: boolean;
  readonly readOnly?: boolean;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}
interface Definition {
  readonly enum?: readonly string[];
  readonly base?: string;
  readonly properties?: Readonly<Record<string, string | Property>>;
  readonly additional?: string;
  readonly discriminator?: string;
  readonly subtypes?: Readonly<Record<string, string>>;
}
interface Published {
  readonly body?: string;
  readonly answer?: string;
  readonly namePattern?: string;
}
type Variants<T> = readonly (T & { readonly in: readonly number[] })[];
interface Schema {
  readonly versions: readonly string[];
  readonly operations: Readonly<Record<string, Variants<Published>>>;
  readonly definitions: Readonly<Record<string, Variants<Definition>>>;
}

/** The committed contract of Azure ML; read once. */
export const publishedContract = (): Contract => read("published.gen.json");

/** The committed contract of Azure Monitor: metrics, metric alerts and autoscale settings. */
export const insightsContract = (): Contract => read("insights.gen.json");

const read = remembered((file): Contract => {
  const schema = JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as Schema;
  return {
    versions: schema.versions,
    operations: remembered((apiVersion) => {
      const index = schema.versions.indexOf(apiVersion);
      return index < 0 ? undefined : operationsOf(schema, index);
    }),
  };
});

function operationsOf(schema: Schema, index: number): Operations {
  const shapes = new Shapes(schema, index);
  const found = new Map<string, Operation>();
  for (const [key, variants] of Object.entries(schema.operations)) {
    const one = variants.find((variant) => variant.in.includes(index));
    if (one === undefined) continue;
    found.set(key.toLowerCase(), {
      body: one.body === undefined ? undefined : shapes.of(one.body),
      answer: one.answer === undefined ? undefined : answerOf(shapes.of(one.answer)),
      name: one.namePattern === undefined ? undefined : { kind: "text", pattern: one.namePattern },
    });
  }
  return found;
}

/** A list is answered in pages. */
function answerOf(shape: Shape): Shape {
  if (shape.kind !== "list") return shape;
  const member = (of: Shape): Member => ({ shape: of, required: false, readOnly: false });
  return {
    kind: "object",
    members: new Map([
      ["value", member(shape)],
      ["nextLink", member({ kind: "text" })],
    ]),
  };
}

/** The definitions of one version as shapes; each is made once, since they name each other in circles. */
class Shapes {
  readonly #schema: Schema;
  readonly #index: number;
  readonly #named = new Map<string, Shape>();

  constructor(schema: Schema, index: number) {
    this.#schema = schema;
    this.#index = index;
  }

  of(type: string): Shape {
    if (type.startsWith("[")) return { kind: "list", of: this.of(type.slice(1, -1)) };
    if (type.startsWith("{")) return { kind: "object", members: new Map(), additional: this.of(type.slice(1, -1)) };
    switch (type) {
      case "string":
        return { kind: "text" };
      case "integer":
      case "number":
        return { kind: "number" };
      case "boolean":
        return { kind: "boolean" };
      case "any":
        return { kind: "any" };
      default:
        return this.#named.get(type) ?? this.#define(type);
    }
  }

  #definition(name: string): Definition {
    const found = this.#schema.definitions[name]?.find((variant) => variant.in.includes(this.#index));
    if (found === undefined)
      throw new Error(`The published types have no ${name} in ${this.#schema.versions[this.#index]}`);
    return found;
  }

  #define(name: string): Shape {
    const { enum: values, discriminator, subtypes } = this.#definition(name);
    const members = new Map<string, Member>();
    const shapes = new Map<string, Shape>();
    const shape: Shape =
      values !== undefined
        ? { kind: "choice", values }
        : ({
            kind: "object",
            members,
            additional: this.#additional(name),
            ...(discriminator === undefined ? {} : { kinds: { by: discriminator, shapes } }),
          } satisfies ObjectShape);
    this.#named.set(name, shape);
    if (values === undefined) this.#fill(name, members);
    for (const [value, subtype] of Object.entries(subtypes ?? {})) shapes.set(value, this.of(subtype));
    return shape;
  }

  /** Where a definition is one kind of its base, the discriminator has one value. */
  #tellKind(name: string, { discriminator, subtypes = {} }: Definition, members: Map<string, Member>): void {
    const values = Object.keys(subtypes).filter((value) => subtypes[value] === name);
    if (discriminator === undefined || values.length === 0) return;
    members.set(discriminator, { shape: { kind: "choice", values }, required: true, readOnly: false });
  }

  #additional(name: string): Shape | undefined {
    const { base, additional } = this.#definition(name);
    if (additional !== undefined) return this.of(additional);
    return base === undefined ? undefined : this.#additional(base);
  }

  #fill(name: string, members: Map<string, Member>): void {
    const { base, properties = {} } = this.#definition(name);
    if (base !== undefined) {
      this.#fill(base, members);
      this.#tellKind(name, this.#definition(base), members);
    }
    for (const [key, property] of Object.entries(properties)) {
      const { type, required, readOnly, ...text } = typeof property === "string" ? { type: property } : property;
      const shape = type === "string" ? ({ kind: "text", ...text } satisfies Shape) : this.of(type);
      members.set(key, { shape, required: required === true, readOnly: readOnly === true });
    }
  }
}
