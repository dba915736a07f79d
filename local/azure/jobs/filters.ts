// MLflow's search language, as far as its clients write it: `metrics.auc > 0.9 and tags."a.b" = 'x'`, and `order_by`.

/** What a clause looks at: one field of one group. */
export interface FilterSubject {
  readonly group: "metric" | "parameter" | "tag" | "attribute";
  readonly key: string;
}

export interface FilterClause extends FilterSubject {
  readonly operator: "=" | "!=" | ">" | ">=" | "<" | "<=" | "LIKE" | "ILIKE" | "IN" | "NOT IN";
  readonly value: string | number | string[];
}

export interface Ordering extends FilterSubject {
  readonly descending: boolean;
}

/** A filter or ordering that does not parse; MLflow answers INVALID_PARAMETER_VALUE. */
export class FilterError extends Error {}

const groups: Record<string, FilterSubject["group"]> = {
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
const token = /\s*(?:('(?:[^'])*'|"(?:[^"])*"|`[^`]*`)|(>=|<=|!=|=|>|<|\(|\)|,)|([^\s'"`()=<>!,]+))/y;

/** Reads `a and b and …`; an empty text has no clauses. @throws FilterError */
export function parseFilter(text: string | undefined): FilterClause[] {
  const words = tokens(text ?? "");
  const clauses: FilterClause[] = [];
  let at = 0;
  const next = () => {
    const word = words[at++];
    if (word === undefined) throw new FilterError(`Invalid filter '${text}': it ends too early.`);
    return word;
  };
  while (at < words.length) {
    if (clauses.length > 0 && next().toUpperCase() !== "AND")
      throw new FilterError(`Invalid filter '${text}': only AND joins clauses.`);
    let name = next();
    if (name.endsWith(".")) name += next(); // tags."mlflow.runName" comes as two tokens
    let operator = next().toUpperCase();
    if (operator === "NOT") operator = `NOT ${next().toUpperCase()}`;
    if (!/^(=|!=|>=?|<=?|LIKE|ILIKE|IN|NOT IN)$/.test(operator))
      throw new FilterError(`Invalid filter '${text}': no operator '${operator}'.`);
    clauses.push({
      ...subjectOf(name),
      operator: operator as FilterClause["operator"],
      value: readValue(next, operator),
    });
  }
  return clauses;
}

/** Reads `metrics.auc DESC`. @throws FilterError */
export function parseOrdering(text: string): Ordering {
  const words = tokens(text);
  let name = words.shift() ?? "";
  if (name.endsWith(".")) name += words.shift() ?? "";
  const direction = (words.shift() ?? "ASC").toUpperCase();
  if (words.length > 0 || !/^(ASC|DESC)$/.test(direction)) throw new FilterError(`Invalid order_by clause '${text}'.`);
  return { ...subjectOf(name), descending: direction === "DESC" };
}

/** Whether `actual` satisfies the clause; what is absent satisfies none. */
export function satisfies(clause: FilterClause, actual: string | number | undefined): boolean {
  if (actual === undefined) return false;
  const { operator, value } = clause;
  if (Array.isArray(value)) return value.includes(String(actual)) === (operator === "IN");
  if (operator === "LIKE" || operator === "ILIKE")
    return likePattern(String(value), operator === "ILIKE").test(String(actual));
  const [left, right] = typeof actual === "number" ? [actual, Number(value)] : [actual, String(value)];
  switch (operator) {
    case "=":
      return left === right;
    case "!=":
      return left !== right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    default:
      return left <= right;
  }
}

function readValue(next: () => string, operator: string): string | number | string[] {
  const first = next();
  if (operator.endsWith("IN")) {
    if (first !== "(") throw new FilterError(`Invalid filter: ${operator} wants a list in parentheses.`);
    const values: string[] = [];
    for (let word = next(); word !== ")"; word = next()) if (word !== ",") values.push(unquote(word));
    return values;
  }
  return /^['"]/.test(first) || Number.isNaN(Number(first)) ? unquote(first) : Number(first);
}

function subjectOf(name: string): FilterSubject {
  const dot = name.indexOf(".");
  const group = dot < 0 ? undefined : groups[name.slice(0, dot).toLowerCase()];
  if (dot < 0) return { group: "attribute", key: unquote(name) };
  if (!group) throw new FilterError(`Invalid entity type '${name.slice(0, dot)}'.`);
  return { group, key: unquote(name.slice(dot + 1)) };
}

function tokens(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  const trimmed = text.trim();
  while (token.lastIndex < trimmed.length) {
    const at = token.lastIndex;
    const match = token.exec(trimmed);
    if (!match) throw new FilterError(`Invalid filter '${text}' at character ${at + 1}.`);
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
