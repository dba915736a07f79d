// The published types of all api-versions in one schema: each definition once for all versions that have it alike.
import type { ClientOperation, ClientProperty, GeneratedClient } from "./client.ts";

/** A property of an object: its type alone, or with what else is said of it. */
export type Property =
  | string
  | {
      readonly type: string;
      readonly required?: true;
      readonly readOnly?: true;
      readonly pattern?: string;
      readonly minLength?: number;
      readonly maxLength?: number;
    };

/** An object or an enumeration, as some api-versions have it. */
export interface Definition {
  readonly enum?: readonly string[];
  /** The definition whose properties it has besides its own. */
  readonly base?: string;
  readonly properties?: Readonly<Record<string, Property>>;
  /** Type of every property that is not named. */
  readonly additional?: string;
  /** The property that tells which of `subtypes` an object is. */
  readonly discriminator?: string;
  readonly subtypes?: Readonly<Record<string, string>>;
}

/** Request and response of one operation, in some api-versions. `[X]` is a page of X. */
interface Operation {
  readonly body?: string;
  readonly answer?: string;
  /** The pattern of the name in the last segment of the path. */
  readonly namePattern?: string;
}

/** `in`: which of the schema's versions, by their place in its list. */
type Variants<T> = readonly (T & { readonly in: readonly number[] })[];

export interface Schema {
  readonly source: readonly string[];
  readonly versions: readonly string[];
  /** By method and path below the provider, each name a `{}`: `PUT workspaces/{}/jobs/{}`. */
  readonly operations: Readonly<Record<string, Variants<Operation>>>;
  readonly definitions: Readonly<Record<string, Variants<Definition>>>;
}

interface OneVersion {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly definitions: ReadonlyMap<string, Definition>;
}

/**
 * @param clients one for each api-version, oldest first
 * @param isWanted whether an operation at a path such as `workspaces/{}/jobs/{}` is kept
 */
export function schemaOf(
  clients: readonly GeneratedClient[],
  source: readonly string[],
  isWanted: (method: string, path: string) => boolean,
): Schema {
  const versions = clients.map(({ apiVersion }) => apiVersion);
  const each: OneVersion[] = [];
  for (const client of clients) {
    const version = oneVersion(client, isWanted);
    each.push(client.statesRules ? version : withRulesOf(each.at(-1), version));
  }
  return {
    source,
    versions,
    operations: variants(each.map(({ operations }) => operations)),
    definitions: variants(each.map(({ definitions }) => definitions)),
  };
}

/**
 * A newer generator leaves out what texts have to look like, and members that are not named: these are those of the version
 * before, which the published types of that version confirm.
 */
function withRulesOf(before: OneVersion | undefined, { operations, definitions }: OneVersion): OneVersion {
  const ruled = (property: Property, former: Property | undefined): Property => {
    const { type, ...said } = typeof property === "string" ? { type: property } : property;
    if (typeof former !== "object" || former.type !== type) return property;
    const { pattern, minLength, maxLength } = former;
    const rules = Object.entries({ pattern, minLength, maxLength }).filter(([, rule]) => rule !== undefined);
    return rules.length === 0 ? property : { type, ...said, ...Object.fromEntries(rules) };
  };
  const definition = (one: Definition, former: Definition | undefined): Definition => ({
    ...one,
    ...(former?.additional === undefined ? {} : { additional: former.additional }),
    ...(one.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(one.properties).map(([key, property]) => [key, ruled(property, former?.properties?.[key])]),
          ),
        }),
  });
  return {
    operations: new Map(
      [...operations].map(([key, one]) => {
        const namePattern = before?.operations.get(key)?.namePattern;
        return [key, { ...one, ...(namePattern === undefined ? {} : { namePattern }) }];
      }),
    ),
    definitions: new Map([...definitions].map(([name, one]) => [name, definition(one, before?.definitions.get(name))])),
  };
}

/** Each name with its different values, and where each of them holds. */
function variants<T extends object>(versions: readonly ReadonlyMap<string, T>[]): Record<string, Variants<T>> {
  const names = [...new Set(versions.flatMap((version) => [...version.keys()]))].sort();
  return Object.fromEntries(
    names.map((name) => {
      const values = new Map<string, { in: number[]; value: T }>();
      for (const [index, version] of versions.entries()) {
        const value = version.get(name);
        if (value === undefined) continue;
        const text = JSON.stringify(value);
        const known = values.get(text);
        if (known === undefined) values.set(text, { in: [index], value });
        else known.in.push(index);
      }
      return [name, [...values.values()].map(({ in: where, value }) => ({ in: where, ...value }))];
    }),
  );
}

function oneVersion(client: GeneratedClient, isWanted: (method: string, path: string) => boolean): OneVersion {
  const models = new Map<string, Definition>();
  const add = (name: string, definition: Definition): string => {
    models.set(name, definition);
    return name;
  };
  for (const [name, values] of Object.entries(client.enums)) add(name, { enum: values });
  for (const name of Object.keys(client.models)) add(name, definitionOf(client, name, add));

  const operations = new Map<string, Operation>();
  for (const one of client.operations) {
    if (isWanted(one.method, one.path)) operations.set(`${one.method} ${one.path}`, operationOf(client, one));
  }
  // The answer to a write that is waited for is read as the resource, which a newer generator does not say of the write.
  for (const [key, operation] of operations) {
    const read = operations.get(key.replace(/^(PUT|PATCH) /, "GET "))?.answer;
    if (operation.answer === undefined && key.startsWith("PUT ") && read !== undefined)
      operations.set(key, { ...operation, answer: read });
  }
  const used = new Map<string, Definition>();
  const follow = (type: string): void => {
    const name = type.replace(/[[\]{}]/g, "");
    const definition = models.get(name);
    if (definition === undefined || used.has(name)) return;
    used.set(name, definition);
    if (definition.base !== undefined) follow(definition.base);
    if (definition.additional !== undefined) follow(definition.additional);
    for (const subtype of Object.values(definition.subtypes ?? {})) follow(subtype);
    for (const property of Object.values(definition.properties ?? {}))
      follow(typeof property === "string" ? property : property.type);
  };
  for (const { body, answer } of operations.values()) for (const type of [body, answer]) if (type) follow(type);
  return { operations, definitions: used };
}

/** Pages are named by what they hold; `nextLink` is the same in all of them. */
function operationOf(client: GeneratedClient, { method, body, answer, namePattern }: ClientOperation): Operation {
  const properties = answer === undefined ? undefined : client.models[answer]?.properties;
  const page = properties?.["nextLink"] === undefined ? undefined : properties["value"]?.type;
  return {
    ...(body === undefined ? {} : { body }),
    ...(answer === undefined ? {} : { answer: page ?? answer }),
    ...(namePattern !== undefined && method === "PUT" ? { namePattern } : {}),
  };
}

/** @param add keeps an object that a property holds and that has no name of its own; returns the name it is given */
function definitionOf(
  client: GeneratedClient,
  name: string,
  add: (name: string, definition: Definition) => string,
): Definition {
  const model = client.models[name]!;
  const bases = model.bases.filter((base) => client.models[base] !== undefined);
  const [base] = bases;
  const inherited = base === undefined ? {} : allProperties(client, base);
  const all = allProperties(client, name);
  const chosenBy = base === undefined ? undefined : discriminatorOf(client, base);
  const own = Object.entries(all)
    .filter(([key, property]) => key !== chosenBy && JSON.stringify(property) !== JSON.stringify(inherited[key]))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, property]) => {
      const said = model.discriminator === key ? { ...property, type: discriminatorType(client, name, key) } : property;
      return [key, propertyOf(said, `${name}_${key}`, add)];
    });
  return {
    ...(base === undefined ? {} : { base }),
    ...(own.length === 0 ? {} : { properties: Object.fromEntries(own) }),
    ...(model.additional === undefined ? {} : { additional: model.additional }),
    ...(model.subtypes === undefined
      ? {}
      : { discriminator: model.discriminator!, subtypes: Object.fromEntries(Object.entries(model.subtypes).sort()) }),
  };
}

function propertyOf(
  { inner, type = "any", ...said }: ClientProperty,
  name: string,
  add: (name: string, definition: Definition) => string,
): Property {
  if (inner !== undefined) {
    const properties = Object.entries(inner.properties)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, property]) => [key, propertyOf(property, `${name}_${key}`, add)]);
    return add(name, { properties: Object.fromEntries(properties) });
  }
  return Object.keys(said).length === 0 ? type : { type, ...said };
}

/** A model's properties and those of all its bases; what is nearer wins. */
function allProperties(client: GeneratedClient, name: string): Record<string, ClientProperty> {
  const model = client.models[name];
  if (model === undefined) return {};
  const inherited = [...model.bases].reverse().map((base) => allProperties(client, base));
  return Object.assign({}, ...inherited, model.properties);
}

/** The enumeration of a discriminator's values: a newer generator says it of the subtypes, each of which has one of them. */
function discriminatorType(client: GeneratedClient, name: string, key: string): string {
  const model = client.models[name]!;
  const [subtype = ""] = Object.values(model.subtypes ?? {});
  const own = model.properties[key]?.type ?? "string";
  return own === "string" ? (client.models[subtype]?.properties[key]?.type ?? own) : own;
}

function discriminatorOf(client: GeneratedClient, name: string): string | undefined {
  const model = client.models[name];
  if (model === undefined) return undefined;
  return model.discriminator ?? model.bases.map((base) => discriminatorOf(client, base)).find((one) => one);
}
