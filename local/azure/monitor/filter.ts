// The filter of a metrics query: `deployment eq 'green' and statusCodeClass ne '2xx'` (docs/facts/operations.md#A.2).

export interface Condition {
  /** Values of which one is met; `*` meets all. Absent: none is asked for. */
  readonly among?: readonly string[];
  /** Values that are not met. */
  readonly except: readonly string[];
  /** Beginnings of which one is met. */
  readonly beginnings: readonly string[];
}

/** Conditions by dimension, in small letters, in the order in which the filter names them. */
export type Filter = ReadonlyMap<string, Condition>;

/** The fault of a filter, as a sentence. */
export class FilterFault extends Error {}

const clausePattern = /^\s*([A-Za-z_][\w.\-/ ]*?)\s+(eq|ne|sw)\s+'((?:[^']|'')*)'\s*/i;
const joinPattern = /^(and|or)\s+/i;

/** @throws FilterFault when it is no filter, or `or` joins two different names */
export function parseFilter(text: string): Filter {
  const conditions = new Map<string, { among?: string[]; except: string[]; beginnings: string[] }>();
  let before: string | undefined;
  let join: string | undefined;
  for (let rest = text; ; ) {
    const clause = clausePattern.exec(rest);
    if (clause === null) throw new FilterFault(`there is no condition at '${rest.trim().slice(0, 40)}'`);
    const [whole, name = "", operator = "", quoted = ""] = clause;
    const dimension = name.toLowerCase();
    if (join === "or" && dimension !== before)
      throw new FilterFault(`the operator 'or' cannot separate two different names, ${before} and ${dimension}`);
    add(conditions, dimension, operator.toLowerCase(), quoted.replaceAll("''", "'"), join);
    before = dimension;
    rest = rest.slice(whole.length);
    if (rest === "") return conditions;
    const joined = joinPattern.exec(rest);
    if (joined === null) throw new FilterFault(`there is neither 'and' nor 'or' at '${rest.slice(0, 40)}'`);
    join = joined[1]?.toLowerCase();
    rest = rest.slice(joined[0].length);
  }
}

function add(
  conditions: Map<string, { among?: string[]; except: string[]; beginnings: string[] }>,
  dimension: string,
  operator: string,
  value: string,
  join: string | undefined,
): void {
  const known = conditions.get(dimension);
  const condition = known ?? { except: [], beginnings: [] };
  conditions.set(dimension, condition);
  if (operator === "ne") {
    if (known !== undefined && join === "or")
      throw new FilterFault(`'or' before 'ne' of ${dimension} would except nothing`);
    condition.except.push(value.toLowerCase());
  } else if (operator === "sw") condition.beginnings.push(value.toLowerCase());
  else {
    if (condition.among !== undefined && join !== "or")
      throw new FilterFault(`${dimension} cannot have two values at once: alternatives are joined by 'or'`);
    condition.among = [...(condition.among ?? []), value.toLowerCase()];
  }
}

/** Whether a value of the dimension is met; values are compared without case. */
export function isMet(condition: Condition, value: string): boolean {
  const lower = value.toLowerCase();
  const { among, except, beginnings } = condition;
  if (except.includes(lower)) return false;
  if (among === undefined && beginnings.length === 0) return true;
  return among?.some((one) => one === "*" || one === lower) === true || beginnings.some((one) => lower.startsWith(one));
}
