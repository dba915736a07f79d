// The shape of a body, into which every source of published types is brought, and the faults of a body against it.

/** A place in a body and what is published of it. */
export type Shape =
  | { readonly kind: "any" | "number" | "boolean" }
  | Text
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | { readonly kind: "either"; readonly shapes: readonly Shape[] }
  | { readonly kind: "list"; readonly of: Shape }
  | ObjectShape;

interface Text {
  readonly kind: "text";
  readonly pattern?: string | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
}

export interface ObjectShape {
  readonly kind: "object";
  readonly members: ReadonlyMap<string, Member>;
  /** Of members that are not named; undefined: there are no others. */
  readonly additional?: Shape | undefined;
  /** Which member tells the object's kind, and each kind's whole shape. */
  readonly kinds?: { readonly by: string; readonly shapes: ReadonlyMap<string, Shape> } | undefined;
}

export interface Member {
  readonly shape: Shape;
  readonly required: boolean;
  readonly readOnly: boolean;
}

/** A fault of a body: where it is, as `properties.inputs.x.uri`, and what is wrong there. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/**
 * `request`: what may be left out is left out, and what the service alone sets is ignored, as the service does.
 * `strict request`: what the service alone sets is a fault. `answer`: whatever is there has to fit, and nothing is missed.
 */
export type Role = "request" | "strict request" | "answer";

/** A resource stands at the top, or in a page of resources. */
const isResource = (where: string): boolean => where === "" || /^value\[\d+\]$/.test(where);
/** Keys that every resource may carry at its top, whether or not its type lists them. */
const ENVELOPE = [
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
];

/** @returns nothing where the value fits; an absent one and null always do */
export function faultsOf(shape: Shape, value: unknown, role: Role, where = ""): Fault[] {
  if (value === null || value === undefined) return [];
  const kind = Array.isArray(value) ? "array" : typeof value;
  const wrong = (message: string): Fault[] => [{ path: where, message }];
  switch (shape.kind) {
    case "any":
      return [];
    case "text":
      // Azure's own client sends a code version's hash_version as a number, and the service takes it (docs/facts/azureml-documents.md#3.1).
      if (kind === "number" && where.endsWith(".hash_version")) return [];
      return kind === "string"
        ? textFaults(shape, value as string).flatMap(wrong)
        : wrong(`expected a string, found ${kind}`);
    case "number":
      return kind === "number" ? [] : wrong(`expected a number, found ${kind}`);
    case "boolean":
      return kind === "boolean" ? [] : wrong(`expected true or false, found ${kind}`);
    case "choice":
      // The service takes a value whatever its case: schedules by the "week", jobs that "maximize" (recorded 2023).
      return shape.values.some((one) => one.toLowerCase() === String(value).toLowerCase())
        ? []
        : wrong(`${JSON.stringify(value)} is not one of ${shape.values.join(", ")}`);
    case "either":
      return shape.shapes.some((one) => faultsOf(one, value, role, where).length === 0)
        ? []
        : wrong(`${JSON.stringify(value)} is not one of ${shape.shapes.flatMap(valuesOf).join(", ")}`);
    case "list":
      if (!Array.isArray(value)) return wrong(`expected an array, found ${kind}`);
      return value.flatMap((item, index) => faultsOf(shape.of, item, role, `${where}[${index}]`));
    case "object":
      if (kind !== "object") return wrong(`expected an object, found ${kind}`);
      return objectFaults(shape, value as Readonly<Record<string, unknown>>, role, where);
  }
}

const valuesOf = (shape: Shape): readonly string[] => (shape.kind === "choice" ? shape.values : [shape.kind]);

function textFaults({ pattern, minLength, maxLength }: Text, value: string): string[] {
  if (minLength !== undefined && value.length < minLength) return [`must have at least ${minLength} characters`];
  if (maxLength !== undefined && value.length > maxLength) return [`must have at most ${maxLength} characters`];
  if (pattern !== undefined && !new RegExp(pattern).test(value))
    return [`'${value}' does not match the pattern ${pattern}`];
  return [];
}

function objectFaults(
  shape: ObjectShape,
  value: Readonly<Record<string, unknown>>,
  role: Role,
  where: string,
): Fault[] {
  const under = (key: string) => (where === "" ? key : `${where}.${key}`);
  if (shape.kinds !== undefined) {
    const { by, shapes } = shape.kinds;
    const chosen = value[by];
    const whole = typeof chosen === "string" ? shapes.get(chosen) : undefined;
    if (whole !== undefined) return faultsOf(whole, value, role, where);
    const allowed = [...shapes.keys()].join(", ");
    const message =
      chosen === undefined ? `required, one of ${allowed}` : `${JSON.stringify(chosen)} is not one of ${allowed}`;
    return [{ path: under(by), message }];
  }
  const missing = role === "answer" ? [] : missingMembers(shape, value, where === "");
  return [
    ...missing.map((key) => ({ path: under(key), message: "required, missing" })),
    ...Object.entries(value).flatMap(([key, item]) => {
      const member = shape.members.get(key);
      const isSet = item !== null && item !== undefined;
      if (member?.readOnly && role === "strict request" && where !== "" && isSet)
        return [{ path: under(key), message: "read-only, sent" }];
      const known = member?.shape ?? shape.additional;
      if (known !== undefined) return faultsOf(known, item, role, under(key));
      if (isResource(where) && ENVELOPE.includes(key.toLowerCase())) return [];
      return [{ path: under(key), message: "unknown field" }];
    }),
  ];
}

/** At the top, a resource's address says what it is. */
function missingMembers({ members }: ObjectShape, value: Readonly<Record<string, unknown>>, isTop: boolean): string[] {
  return [...members]
    .filter(([key, { required }]) => required && (value[key] === undefined || value[key] === null))
    .map(([key]) => key)
    .filter((key) => !(isTop && ["id", "name", "type", "apiVersion"].includes(key)));
}
