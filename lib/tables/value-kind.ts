// Kinds of values: what a text of a CSV file stands for, and what the values of typed formats are.
// Tests: test/lib/tables/profile.test.ts
import type { Value } from "./table.ts";

export const KINDS = ["integer", "number", "boolean", "time", "text"] as const;
export type ValueKind = (typeof KINDS)[number];

const INTEGER = 0;
const NUMBER = 1;
const BOOLEAN = 2;
const TIME = 3;
const TEXT = 4;

/** A value as it is counted; `number` holds numbers, and times as milliseconds since 1970. */
export interface Read {
  /** Index in KINDS. */
  kind: number;
  number: number;
}

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s?(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

/** The kind of a value that is not missing. */
export function readValue(value: Exclude<Value, null>, into: Read): void {
  if (typeof value === "string") readText(value, into);
  else if (typeof value === "number") set(into, Number.isInteger(value) ? INTEGER : NUMBER, value);
  else if (typeof value === "bigint") set(into, INTEGER, Number(value));
  else if (typeof value === "boolean") set(into, BOOLEAN, value ? 1 : 0);
  else set(into, TIME, value.getTime());
}

function set(into: Read, kind: number, number: number): void {
  into.kind = kind;
  into.number = number;
}

function readText(text: string, into: Read): void {
  const first = text.charCodeAt(0);
  // A digit, a sign, a point, or a space before one of them.
  if ((first >= 48 && first <= 57) || first === 45 || first === 43 || first === 46 || first === 32) {
    const number = Number(text);
    // `Number` takes 0x10 and the empty text for numbers, which no CSV means.
    if (!Number.isNaN(number) && !/^\s*$|0[xob]/i.test(text)) {
      set(into, Number.isInteger(number) && !/[.eE]/.test(text) ? INTEGER : NUMBER, number);
      return;
    }
    if (first >= 48 && first <= 57) {
      const time = timeOf(text);
      if (time !== undefined) {
        set(into, TIME, time);
        return;
      }
    }
  } else if (first === 116 || first === 84 || first === 102 || first === 70) {
    const isTrue = /^true$/i.test(text);
    if (isTrue || /^false$/i.test(text)) {
      set(into, BOOLEAN, isTrue ? 1 : 0);
      return;
    }
  }
  set(into, TEXT, Number.NaN);
}

/** ISO 8601; UTC where it names no zone. */
function timeOf(text: string): number | undefined {
  const [, day, clock, zone] = ISO.exec(text) ?? [];
  if (day === undefined) return undefined;
  const offset = zone === undefined || /^(Z|UTC)$/i.test(zone) ? "Z" : zone.replace(/^([+-]\d{2}):?(\d{2})$/, "$1:$2");
  const time = Date.parse(clock === undefined ? `${day}T00:00:00Z` : `${day}T${clock.replace(",", ".")}${offset}`);
  return Number.isNaN(time) ? undefined : time;
}
