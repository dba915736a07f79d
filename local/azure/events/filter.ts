// Filters of an event subscription: types, subject, and advanced filters over the event's own fields (docs/facts/azureml-services.md#8.2).
import { type EventSchema, type GridEvent, inSchema } from "./messages.ts";

interface AdvancedFilter {
  readonly operatorType: string;
  /** `subject`, `data.ModelTags.stage`, ... */
  readonly key: string;
  readonly value?: unknown;
  readonly values?: readonly unknown[];
}

export interface SubscriptionFilter {
  /** With their prefix; null or absent: all. */
  readonly includedEventTypes?: readonly string[] | null;
  readonly subjectBeginsWith?: string;
  readonly subjectEndsWith?: string;
  readonly isSubjectCaseSensitive?: boolean;
  /** Whether a filter over a list asks its elements; without it a list fits no filter. */
  readonly enableAdvancedFilteringOnArrays?: boolean | null;
  readonly advancedFilters?: readonly AdvancedFilter[] | null;
}

type Test = (held: unknown, filter: AdvancedFilter) => boolean;

const texts = (filter: AdvancedFilter) => (filter.values ?? []).map((one) => String(one).toLowerCase());
const numbers = (filter: AdvancedFilter) => (filter.values ?? []).map(Number);
/** Texts compare without regard to case, which is Event Grid's documented rule (general knowledge). */
const text =
  (compare: (held: string, wanted: string) => boolean): Test =>
  (held, filter) =>
    typeof held === "string" && texts(filter).some((wanted) => compare(held.toLowerCase(), wanted));
const number =
  (compare: (held: number, filter: AdvancedFilter) => boolean): Test =>
  (held, filter) =>
    typeof held === "number" && compare(held, filter);
const ranges = (filter: AdvancedFilter) => (filter.values ?? []) as readonly (readonly [number, number])[];

/** Operators that ask for something to be there and to fit. */
const positive: Readonly<Record<string, Test>> = {
  stringin: text((held, wanted) => held === wanted),
  stringbeginswith: text((held, wanted) => held.startsWith(wanted)),
  stringendswith: text((held, wanted) => held.endsWith(wanted)),
  stringcontains: text((held, wanted) => held.includes(wanted)),
  numberin: number((held, filter) => numbers(filter).includes(held)),
  numberlessthan: number((held, filter) => held < Number(filter.value)),
  numbergreaterthan: number((held, filter) => held > Number(filter.value)),
  numberlessthanorequals: number((held, filter) => held <= Number(filter.value)),
  numbergreaterthanorequals: number((held, filter) => held >= Number(filter.value)),
  numberinrange: number((held, filter) => ranges(filter).some(([from, to]) => held >= from && held <= to)),
  boolequals: (held, filter) => typeof held === "boolean" && held === filter.value,
};

/** Operators that ask for something not to fit: what is not there fits none. */
const negative: Readonly<Record<string, keyof typeof positive>> = {
  stringnotin: "stringin",
  stringnotbeginswith: "stringbeginswith",
  stringnotendswith: "stringendswith",
  stringnotcontains: "stringcontains",
  numbernotin: "numberin",
  numbernotinrange: "numberinrange",
};

/** Names of all operators, in lower case. */
export const OPERATORS: readonly string[] = [
  ...Object.keys(positive),
  ...Object.keys(negative),
  "isnotnull",
  "isnullorundefined",
];

/** Whether a subscription gets the event. Advanced filters look at it as it is delivered, so their keys differ by schema. */
export function wants(filter: SubscriptionFilter, message: GridEvent, schema: EventSchema): boolean {
  const types = filter.includedEventTypes;
  if (types != null && !types.some((type) => type.toLowerCase() === message.type.toLowerCase())) return false;
  const fold = (value: string) => (filter.isSubjectCaseSensitive === true ? value : value.toLowerCase());
  const subject = fold(message.subject);
  if (!subject.startsWith(fold(filter.subjectBeginsWith ?? ""))) return false;
  if (!subject.endsWith(fold(filter.subjectEndsWith ?? ""))) return false;
  const wire = inSchema(message, schema);
  return (filter.advancedFilters ?? []).every((one) => fits(one, at(wire, one.key), filter));
}

function fits(filter: AdvancedFilter, held: unknown, { enableAdvancedFilteringOnArrays }: SubscriptionFilter): boolean {
  const operator = filter.operatorType.toLowerCase();
  if (operator === "isnotnull") return held !== undefined && held !== null;
  if (operator === "isnullorundefined") return held === undefined || held === null;
  const opposite = negative[operator];
  const test = positive[opposite ?? operator];
  if (test === undefined) return false;
  const fitting = Array.isArray(held)
    ? enableAdvancedFilteringOnArrays === true && held.some((one) => test(one, filter))
    : test(held, filter);
  return opposite === undefined ? fitting : !fitting;
}

/**
 * The value at `data.ModelTags.stage`; a key that holds dots itself is found as well. Case does not matter: the documentation filters
 * a run's event by `data.RunTags.…` (docs/facts/operations.md#F.4), and its sample of that event has `runTags`. Not verified against live Azure.
 */
function at(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const own = (name: string) =>
    Object.entries(value).find(([one]) => one === name) ??
    Object.entries(value).find(([one]) => one.toLowerCase() === name.toLowerCase());
  const whole = own(key);
  if (whole !== undefined) return whole[1];
  const dot = key.indexOf(".");
  return dot < 0 ? undefined : at(own(key.slice(0, dot))?.[1], key.slice(dot + 1));
}
