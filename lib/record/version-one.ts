// Renames fields of records of version 1 to what they are called since: their `todo` is a `remedy`.
// Tests: test/lib/record/record.test.ts
import { isObject } from "./shape.ts";

/** Sections of a record of version 1 that had the field, with the list or the section that it stood in. */
const PLACES: readonly (readonly [section: string, within: string])[] = [
  ["deployment", "failure"],
  ["setup", "checks"],
  ["preflight", "checks"],
];

/** A record as it was read, of whatever form; anything else than a record of version 1 comes back as it is. */
export function renamedFields(record: unknown): unknown {
  if (!isObject(record) || record["version"] !== 1) return record;
  const sections = PLACES.flatMap(([name, within]) => {
    const section = record[name];
    if (!isObject(section)) return [];
    const held = section[within];
    return [[name, { ...section, [within]: Array.isArray(held) ? held.map(renamed) : renamed(held) }] as const];
  });
  return { ...record, ...Object.fromEntries(sections) };
}

function renamed(value: unknown): unknown {
  if (!isObject(value) || !("todo" in value)) return value;
  const { todo, ...rest } = value;
  return { remedy: todo, ...rest };
}
