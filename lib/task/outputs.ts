// A story's outputs as output variables.
import type { OutputField, OutputValue } from "../agent/inputs.ts";

/**
 * The variables to set: a map becomes JSON under its own name and one variable `<output>.<entry>` for each entry.
 * Outputs that are not given are left alone. @throws Error when an output is not in the contract.
 */
export function outputVariables(fields: readonly OutputField[], outputs: object): [name: string, value: string][] {
  return Object.entries(outputs as Record<string, OutputValue | undefined>).flatMap(([name, value]) => {
    if (!fields.some((field) => field.name === name)) throw new Error(`The task has no output ${name}.`);
    if (value === undefined) return [];
    if (typeof value !== "object") return [[name, String(value)]];
    const entries = Object.entries(value).map(([key, one]): [string, string] => [`${name}.${key}`, String(one)]);
    return [[name, JSON.stringify(value)], ...entries];
  });
}
