// The search language of Azure ML's MLflow: `metrics.auc > 0.9 and tags."a.b" = 'x'`, and `order_by`. It is smaller than MLflow's own.
// What it does not know is refused: a filter that matched nothing in silence would open gates.

/** The subject of a clause: one field of one group. An attribute's key is the name it has in `Searched`, whatever alias was written. */
export interface FilterSubject {
  readonly group: "metric" | "parameter" | "tag" | "attribute";
  readonly key: string;
}

type Operator = "=" | "!=" | ">" | ">=" | "<" | "<=" | "LIKE" | "ILIKE" | "IN" | "NOT IN";

export interface FilterClause extends FilterSubject {
  readonly operator: Operator;
  readonly value: string | number | string[];
}

export interface Ordering extends FilterSubject {
  readonly descending: boolean;
}

/** `choice` has one of the values of `choices`, in any case; an `id` may be asked for by a list. */
type AttributeKind = "text" | "id" | "number" | "choice";

/** The searchable fields of a kind, and their comparisons. */
export interface Searched {
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** Other names of attributes. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The values of attributes of kind `choice`. */
  readonly choices?: readonly string[];
  /** Operators of the other groups; a group that is absent cannot be searched. */
  readonly groups: Readonly<Partial<Record<"metric" | "parameter" | "tag", readonly Operator[]>>>;
  /** Attributes that lists can be ordered by. */
  readonly orders: readonly string[];
}

/** A filter or ordering that the service does not take; answered with INVALID_PARAMETER_VALUE. */
export class FilterError extends Error {}

const numeric: readonly Operator[] = ["=", "!=", ">", ">=", "<", "<="];
const textual: readonly Operator[] = ["=", "!=", "LIKE", "ILIKE"];
const ofAttribute: Readonly<Record<AttributeKind, readonly Operator[]>> = {
  text: textual,
  id: [...textual, "IN", "NOT IN"],
  number: numeric,
  choice: ["=", "!="],
};
const groups: Readonly<Record<string, FilterSubject["group"]>> = {
  metric: "metric",
  metrics: "metric",
  param: "parameter",
  params: "parameter",
  parameter: "parameter",
  parameters: "parameter",
  tag: "tag",
  tags: "tag",
  attribute: "attribute",
  attributes: "attribute",
  attr: "attribute",
  run: "attribute",
};
/** As the service names them in its refusals; "Tag" is from a public report, the others are inferred. */
const typeNames = { metric: "Metric", parameter: "Parameter", tag: "Tag", attribute: "Attribute" } as const;
const token = /\s*(?:('[^']*'|"[^"]*"|`[^`]*`)|(>=|<=|!=|=|>|<|\(|\)|,)|([^\s'"`()=<>!,]+))/y;

/** Reads `a and b and …`; an empty text has no clauses. @throws FilterError */
export function parseFilter(text: string | undefined, searched: Searched): FilterClause[] {
  const filter = text ?? "";
  const words = tokens(filter);
  const clauses: FilterClause[] = [];
  let at = 0;
  const next = () => {
    const word = words[at++];
    if (word === undefined) throw unsupported(filter);
    return word;
  };
  while (at < words.length) {
    if (clauses.length > 0 && next().toUpperCase() !== "AND") throw unsupported(filter);
    let name = next();
    if (name.endsWith(".")) name += next(); // tags."mlflow.runName" comes as two tokens
    let operator = next().toUpperCase();
    if (operator === "NOT") operator = `NOT ${next().toUpperCase()}`;
    if (!/^(=|!=|>=?|<=?|LIKE|ILIKE|IN|NOT IN)$/.test(operator)) throw unsupported(filter);
    const subject = subjectOf(name, searched, filter);
    allow(subject, operator as Operator, searched, filter);
    clauses.push({
      ...subject,
      operator: operator as Operator,
      value: readValue(next, operator as Operator, subject, searched, filter),
    });
  }
  return clauses;
}

/** Reads `start_time DESC`; only attributes order lists. @throws FilterError */
export function parseOrdering(text: string, searched: Searched): Ordering {
  const words = tokens(text);
  let name = words.shift() ?? "";
  if (name.endsWith(".")) name += words.shift() ?? "";
  const direction = (words.shift() ?? "ASC").toUpperCase();
  if (name === "" || words.length > 0 || !/^(ASC|DESC)$/.test(direction))
    throw new FilterError(`Invalid order_by clause '${text}'.`);
  const subject = subjectOf(name, searched, text);
  if (subject.group !== "attribute")
    throw new FilterError(
      `Ordering by key type '${typeNames[subject.group]}' is not supported. Provided order_by: ${text}`,
    );
  if (!searched.orders.includes(subject.key))
    throw new FilterError(
      `Invalid order_by key '${subject.key}' specified. Valid keys are '${searched.orders.join("', '")}'.`,
    );
  return { ...subject, descending: direction === "DESC" };
}

/** Whether `actual` satisfies the clause; what is absent satisfies none. */
export function satisfies(clause: FilterClause, actual: string | number | undefined): boolean {
  if (actual === undefined) return false;
  const { operator, value } = clause;
  if (Array.isArray(value)) return value.includes(String(actual)) === (operator === "IN");
  if (operator === "LIKE" || operator === "ILIKE")
    return likePattern(String(value), operator === "ILIKE").test(String(actual));
  switch (operator) {
    case "=":
      return actual === value;
    case "!=":
      return actual !== value;
    case ">":
      return actual > value;
    case ">=":
      return actual >= value;
    case "<":
      return actual < value;
    default:
      return actual <= value;
  }
}

/** Orders a list in place: by the first ordering, then by the next one. What is absent comes last, either way. */
export function order<T>(
  found: T[],
  orderings: readonly Ordering[],
  field: (one: T, subject: FilterSubject) => string | number | undefined,
): void {
  for (const ordering of orderings.toReversed()) {
    found.sort((one, other) => {
      const [left, right] = [field(one, ordering), field(other, ordering)];
      if (left === right) return 0;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      return (left < right ? -1 : 1) * (ordering.descending ? -1 : 1);
    });
  }
}

/** The service's words, from a public report about registered models; for other lists they are inferred. */
function unsupported(filter: string): FilterError {
  return new FilterError(
    `Currently unsupported filter string format (we currently do not support OR). Provided filter string: ${filter}`,
  );
}

function subjectOf(name: string, searched: Searched, filter: string): FilterSubject {
  const dot = name.indexOf(".");
  const group = dot < 0 ? "attribute" : groups[name.slice(0, dot).toLowerCase()];
  if (group === undefined) throw new FilterError(`Invalid entity type '${name.slice(0, dot)}'.`);
  const written = dot < 0 ? name : name.slice(dot + 1);
  if (written === "") throw unsupported(filter);
  // The documentation of the service's search has no check mark for names of metrics that need quotes.
  if (group === "metric" && unquote(written) !== written)
    throw new FilterError(`Quoted names are not supported for key type 'Metric': ${written}`);
  if (group !== "attribute") {
    // Where nothing else can be searched, the service does not read such a filter at all.
    if (searched.groups[group] === undefined) throw unsupported(filter);
    return { group, key: unquote(written) };
  }
  const asked = unquote(written);
  const key = searched.aliases?.[asked] ?? asked;
  if (!Object.hasOwn(searched.attributes, key)) {
    const known = Object.keys(searched.attributes).join("', '");
    throw new FilterError(`Invalid attribute key '${asked}' specified. Valid keys are '${known}'.`);
  }
  return { group, key };
}

function allow({ group, key }: FilterSubject, operator: Operator, searched: Searched, filter: string): void {
  const allowed = group === "attribute" ? ofAttribute[searched.attributes[key]!] : searched.groups[group];
  if (allowed === undefined) throw unsupported(filter);
  if (!allowed.includes(operator))
    throw new FilterError(
      group === "attribute"
        ? `Operator '${operator}' not supported for attribute '${key}'.`
        : `Operator '${operator}' not supported for key type '${typeNames[group]}'.`,
    );
}

function readValue(
  next: () => string,
  operator: Operator,
  { group, key }: FilterSubject,
  searched: Searched,
  filter: string,
): string | number | string[] {
  const first = next();
  if (operator === "IN" || operator === "NOT IN") {
    if (first !== "(") throw unsupported(filter);
    const values: string[] = [];
    for (let word = next(); word !== ")"; word = next()) {
      if (word === ",") continue;
      if (!/^['"]/.test(word)) throw unsupported(filter);
      values.push(unquote(word));
    }
    if (values.length === 0) throw unsupported(filter);
    return values;
  }
  const kind = group === "attribute" ? searched.attributes[key] : group === "metric" ? "number" : "text";
  const isQuoted = /^['"]/.test(first);
  if (kind === "number") {
    // Attributes' values are documented as texts, and MLflow writes them as numbers: both are read.
    const number = isQuoted && group === "metric" ? Number.NaN : Number(unquote(first));
    if (unquote(first).trim() === "" || !Number.isFinite(number))
      throw new FilterError(
        `Invalid filter string: expected a number for '${key}', got ${first}. Provided filter string: ${filter}`,
      );
    return number;
  }
  if (!isQuoted)
    throw new FilterError(
      `Invalid filter string: expected a quoted string value for '${key}', got ${first}. Provided filter string: ${filter}`,
    );
  if (kind !== "choice") return unquote(first);
  const chosen = searched.choices?.find((one) => one.toLowerCase() === unquote(first).toLowerCase());
  if (chosen === undefined)
    throw new FilterError(
      `Invalid value ${first} for '${key}'. Valid values are '${(searched.choices ?? []).join("', '")}'.`,
    );
  return chosen;
}

function tokens(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  const trimmed = text.trim();
  while (token.lastIndex < trimmed.length) {
    const match = token.exec(trimmed);
    if (!match) throw unsupported(text);
    found.push(match[1] ?? match[2] ?? match[3]!);
  }
  return found;
}

function unquote(word: string): string {
  return /^(['"`]).*\1$/s.test(word) ? word.slice(1, -1) : word;
}

function likePattern(pattern: string, ignoreCase: boolean): RegExp {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("%", "[\\s\\S]*")
    .replaceAll("_", "[\\s\\S]");
  return new RegExp(`^${source}$`, ignoreCase ? "i" : "");
}
