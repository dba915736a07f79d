// Holds PUT bodies against the published resource types of the api-version they were sent with.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { RequestHandler } from "express";
import { invalidRequest } from "./errors.ts";
import { bodyOf } from "./router.ts";

/** One entry of a types file; which fields it has depends on `$type`. References are `#/<index>`. */
interface Type {
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
}
interface Reference {
  readonly $ref: string;
}
interface Property {
  readonly type: Reference;
  /** 1 required, 2 read-only, 4 write-only. */
  readonly flags: number;
}

/** A fault of a body: where it is, as `properties.inputs.x.uri`, and what is wrong there. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

const required = 1;
/** Keys that every resource may carry at its top, whether or not its type lists them. */
const envelopeKeys = new Set([
  "id",
  "name",
  "type",
  "apiversion",
  "tags",
  "systemdata",
  "etag",
  "kind",
  "sku",
  "identity",
  "location",
]);

/** The types of one api-version. */
export class PublishedTypes {
  readonly #types: readonly Type[];

  constructor(types: readonly Type[]) {
    this.#types = types;
  }

  /** Faults of a body for a resource type such as `workspaces/jobs`; undefined when the version does not have that type. */
  faults(resourceType: string, name: string, body: Record<string, unknown>): Fault[] | undefined {
    const full = `microsoft.machinelearningservices/${resourceType}@`.toLowerCase();
    const resource = this.#types.find(
      (one) => one.$type === "ResourceType" && one.name?.toLowerCase().startsWith(full) === true,
    );
    if (resource?.body === undefined) return undefined;
    const found: Fault[] = [];
    const type = this.#at(resource.body);
    const nameType = type.properties?.["name"];
    if (nameType !== undefined) this.#check(nameType.type, name, "name", found);
    this.#members(type.properties ?? {}, undefined, body, "", found);
    return found;
  }

  #at(reference: Reference): Type {
    return this.#types[Number(reference.$ref.slice(2))] ?? { $type: "AnyType" };
  }

  #check(reference: Reference, value: unknown, where: string, found: Fault[]): void {
    if (value === null || value === undefined) return;
    const type = this.#at(reference);
    const wrong = (message: string) => void found.push({ path: where, message });
    const kind = Array.isArray(value) ? "array" : typeof value;
    switch (type.$type) {
      case "StringType":
        // Azure's own client sends a code version's hash_version as a number, and the service takes it (docs/facts/azureml-documents.md#3.1).
        if (kind === "number" && where.endsWith(".hash_version")) break;
        if (kind === "string") this.#text(type, value as string, wrong);
        else wrong(`expected a string, found ${kind}`);
        break;
      case "IntegerType":
        if (kind !== "number") wrong(`expected a number, found ${kind}`);
        break;
      case "BooleanType":
        if (kind !== "boolean") wrong(`expected true or false, found ${kind}`);
        break;
      case "StringLiteralType":
        if (value !== type.value) wrong(`expected '${type.value}', found ${JSON.stringify(value)}`);
        break;
      case "UnionType":
        this.#union(type, value, where, found);
        break;
      case "ArrayType":
        if (!Array.isArray(value)) wrong(`expected an array, found ${kind}`);
        else if (type.itemType !== undefined) {
          for (const [index, item] of value.entries()) this.#check(type.itemType, item, `${where}[${index}]`, found);
        }
        break;
      case "ObjectType":
        if (kind !== "object") wrong(`expected an object, found ${kind}`);
        else this.#members(type.properties ?? {}, type.additionalProperties, value as object, where, found);
        break;
      case "DiscriminatedObjectType":
        if (kind !== "object") wrong(`expected an object, found ${kind}`);
        else this.#branch(type, value as Record<string, unknown>, where, found);
        break;
    }
  }

  /** An object whose discriminator says which further members it has. */
  #branch(type: Type, value: Record<string, unknown>, where: string, found: Fault[]): void {
    const key = type.discriminator ?? "";
    const elements = (type.elements ?? {}) as Readonly<Record<string, Reference>>;
    const chosen = value[key];
    const element = typeof chosen === "string" ? elements[chosen] : undefined;
    if (element === undefined) {
      const allowed = Object.keys(elements).join(", ");
      found.push({
        path: where === "" ? key : `${where}.${key}`,
        message:
          chosen === undefined ? `required, one of ${allowed}` : `${JSON.stringify(chosen)} is not one of ${allowed}`,
      });
      return;
    }
    const branch = this.#at(element);
    this.#members({ ...type.baseProperties, ...branch.properties }, branch.additionalProperties, value, where, found);
  }

  #text(type: Type, value: string, wrong: (message: string) => void): void {
    if (type.minLength !== undefined && value.length < type.minLength) {
      wrong(`must have at least ${type.minLength} characters`);
    } else if (type.maxLength !== undefined && value.length > type.maxLength) {
      wrong(`must have at most ${type.maxLength} characters`);
    } else if (type.pattern !== undefined && !new RegExp(type.pattern).test(value)) {
      wrong(`'${value}' does not match the pattern ${type.pattern}`);
    }
  }

  #union(type: Type, value: unknown, where: string, found: Fault[]): void {
    const elements = (type.elements ?? []) as readonly Reference[];
    const fits = elements.some((element) => {
      const faults: Fault[] = [];
      this.#check(element, value, where, faults);
      return faults.length === 0;
    });
    if (fits) return;
    const literals = elements.map((element) => this.#at(element).value).filter((literal) => literal !== undefined);
    found.push({ path: where, message: `${JSON.stringify(value)} is not one of ${literals.join(", ")}` });
  }

  #members(
    properties: Readonly<Record<string, Property>>,
    additional: Reference | undefined,
    value: object,
    where: string,
    found: Fault[],
  ): void {
    const under = (key: string) => (where === "" ? key : `${where}.${key}`);
    const given = value as Record<string, unknown>;
    for (const [key, property] of Object.entries(properties)) {
      const isMissing = given[key] === undefined || given[key] === null;
      const isImplied = where === "" && ["id", "name", "type", "apiVersion"].includes(key);
      if ((property.flags & required) !== 0 && isMissing && !isImplied) {
        found.push({ path: under(key), message: "required, missing" });
      }
    }
    for (const [key, item] of Object.entries(given)) {
      const property = properties[key];
      if (property !== undefined) this.#check(property.type, item, under(key), found);
      else if (additional !== undefined) this.#check(additional, item, under(key), found);
      else if (where !== "" || !envelopeKeys.has(key.toLowerCase())) {
        found.push({ path: under(key), message: "unknown field" });
      }
    }
  }
}

/** Refuses PUT bodies with faults. A version without a file in `folder`, or a type that it lacks, is let through. */
export function validateBodies(folder: string): RequestHandler {
  const loaded = new Map<string, PublishedTypes | undefined>();
  const typesOf = (apiVersion: string): PublishedTypes | undefined => {
    if (!loaded.has(apiVersion)) {
      const file = path.join(folder, `${path.basename(apiVersion)}.json`);
      const types = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Type[]) : undefined;
      loaded.set(apiVersion, types === undefined ? undefined : new PublishedTypes(types));
    }
    return loaded.get(apiVersion);
  };
  return (request, _response, next) => {
    if (request.method !== "PUT") return next();
    const segments = /\/providers\/Microsoft\.MachineLearningServices\/(.+)$/i.exec(request.path)?.[1]?.split("/");
    const types = typesOf(String(request.query["api-version"]));
    if (segments === undefined || segments.length % 2 === 1 || types === undefined) return next();
    const resourceType = segments.filter((_, index) => index % 2 === 0).join("/");
    const name = decodeURIComponent(segments.at(-1) ?? "");
    const faults = types.faults(resourceType, name, bodyOf(request)) ?? [];
    if (faults.length > 0) throw refusal(faults);
    next();
  };
}

/** A 400 of local Azure's own wording: what live Azure says differs by service and is in no recording. */
function refusal(faults: readonly Fault[]): Error {
  const told = faults.slice(0, 10).map((fault) => `${fault.path}: ${fault.message}`);
  const more = faults.length > told.length ? `; and ${faults.length - told.length} more` : "";
  return invalidRequest(
    "InvalidRequestContent",
    `The request content was invalid: ${told.join("; ")}${more}.`,
    faults[0]?.path,
  );
}
