// Plain objects, as JSON and YAML have them.
// Tests: test/lib/azure/answers.test.ts

/** Whether a value is an object that maps names to values: no list, and not null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object without the entries that are undefined. */
export function present(body: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
