// A contract in Azure's published form of resource types: one file for each api-version, in which types name each other by index.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Contract, type Operation, type Operations, remembered } from "./contract.ts";
import type { Member, Shape } from "./shape.ts";

/** One entry of a types file; which fields it has depends on `$type`. References are `#/<index>`. */
export interface ResourceTypeEntry {
  readonly $type: string;
  readonly name?: string;
  readonly value?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly body?: Reference;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly additionalProperties?: Reference;
  readonly discriminator?: string;
  readonly baseProperties?: Readonly<Record<string, Property>>;
  readonly elements?: Readonly<Record<string, Reference>> | readonly Reference[];
  readonly itemType?: Reference;
  readonly resourceType?: string;
  readonly input?: Reference;
  readonly output?: Reference;
}
interface Reference {
  readonly $ref: string;
}
interface Property {
  readonly type: Reference;
  /** 1 required, 2 read-only, 4 write-only. */
  readonly flags: number;
}

const REQUIRED = 1;
const READ_ONLY = 2;

/** @param folder holds `<api-version>.json` files */
export function contractIn(folder: string): Contract {
  return {
    versions: readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => path.basename(file, ".json"))
      .sort(),
    operations: remembered((apiVersion) => {
      const file = path.join(folder, `${path.basename(apiVersion)}.json`);
      return existsSync(file) ? operationsIn(JSON.parse(readFileSync(file, "utf8"))) : undefined;
    }),
  };
}

/** The operations that resources and their functions have: a resource is written and read in one form. */
export function operationsIn(entries: readonly ResourceTypeEntry[]): Operations {
  const types = new Types(entries);
  const found = new Map<string, Operation>();
  for (const entry of entries) {
    if (entry.$type === "ResourceType" && entry.body !== undefined) {
      const at = pathOf(entry.name ?? "");
      const shape = types.resource(entry.body);
      const name = types.nameOf(entry.body);
      found.set(`put ${at}`, { body: shape, answer: shape, name });
      found.set(`get ${at}`, { answer: shape });
    }
    if (entry.$type === "ResourceFunctionType") {
      const at = `${pathOf(entry.resourceType ?? "")}/${entry.name?.toLowerCase()}`;
      found.set(`post ${at}`, { body: types.maybe(entry.input), answer: types.maybe(entry.output) });
    }
  }
  return found;
}

/** `Microsoft.MachineLearningServices/workspaces/jobs@2025-12-01` is at `workspaces/{}/jobs/{}`. */
function pathOf(name: string): string {
  const [, ...nouns] = (name.split("@")[0] ?? "").toLowerCase().split("/");
  return nouns.map((noun) => `${noun}/{}`).join("/");
}

class Types {
  readonly #entries: readonly ResourceTypeEntry[];
  readonly #made = new Map<string, Shape>();

  constructor(entries: readonly ResourceTypeEntry[]) {
    this.#entries = entries;
  }

  maybe(reference: Reference | undefined): Shape | undefined {
    return reference === undefined ? undefined : this.of(reference);
  }

  /** A resource's own members only: other keys at its top are the envelope's. */
  resource(reference: Reference): Shape {
    const shape = this.of(reference);
    return shape.kind === "object" && shape.kinds === undefined ? { ...shape, additional: undefined } : shape;
  }

  nameOf(reference: Reference): Shape | undefined {
    return this.maybe(this.#at(reference).properties?.["name"]?.type);
  }

  of(reference: Reference): Shape {
    const known = this.#made.get(reference.$ref);
    if (known !== undefined) return known;
    const members = new Map<string, Member>();
    const shapes = new Map<string, Shape>();
    const entry = this.#at(reference);
    const keep = <T extends Shape>(shape: T): T => {
      this.#made.set(reference.$ref, shape);
      return shape;
    };
    switch (entry.$type) {
      case "StringType":
        return keep({ kind: "text", ...lengths(entry) });
      case "IntegerType":
        return keep({ kind: "number" });
      case "BooleanType":
        return keep({ kind: "boolean" });
      case "StringLiteralType":
        return keep({ kind: "choice", values: [entry.value ?? ""] });
      case "UnionType":
        return keep({ kind: "either", shapes: list(entry).map((one) => this.of(one)) });
      case "ArrayType":
        return keep({ kind: "list", of: this.maybe(entry.itemType) ?? { kind: "any" } });
      case "ObjectType": {
        const additional = this.maybe(entry.additionalProperties);
        const shape = keep({ kind: "object", members, additional });
        this.#fill(members, entry.properties);
        return shape;
      }
      case "DiscriminatedObjectType": {
        const shape = keep({ kind: "object", members, kinds: { by: entry.discriminator ?? "", shapes } });
        for (const [value, one] of Object.entries(entry.elements ?? {})) shapes.set(value, this.#kind(entry, one));
        return shape;
      }
      default:
        return keep({ kind: "any" });
    }
  }

  /** One kind of a discriminated object, with what all of its kinds have. */
  #kind(base: ResourceTypeEntry, reference: Reference): Shape {
    const entry = this.#at(reference);
    const members = new Map<string, Member>();
    this.#fill(members, base.baseProperties);
    this.#fill(members, entry.properties);
    return { kind: "object", members, additional: this.maybe(entry.additionalProperties) };
  }

  #at({ $ref }: Reference): ResourceTypeEntry {
    return this.#entries[Number($ref.slice(2))] ?? { $type: "AnyType" };
  }

  #fill(members: Map<string, Member>, properties: Readonly<Record<string, Property>> = {}): void {
    for (const [key, { type, flags }] of Object.entries(properties))
      members.set(key, {
        shape: this.of(type),
        required: (flags & REQUIRED) !== 0,
        readOnly: (flags & READ_ONLY) !== 0,
      });
  }
}

const list = ({ elements }: ResourceTypeEntry): readonly Reference[] => (Array.isArray(elements) ? elements : []);

const lengths = ({ pattern, minLength, maxLength }: ResourceTypeEntry) => ({ pattern, minLength, maxLength });
