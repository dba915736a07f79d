// A story's outputs as output variables.
import type { OutputField, OutputValue } from "../agent/inputs.ts";

/**
 * Longest value that is set. Every variable is handed to every later step in its environment: Linux refuses to start a
 * process with an entry of 128 KB, and the agent warns from 32,766 characters on (docs/facts/agent.md#1.3).
 */
export const LONGEST_OUTPUT = 30_000;

/**
 * The variables to set: a map becomes JSON under its own name and one variable `<output>.<entry>` for each entry.
 * Outputs that are not given are left alone; a text that is too long is cut, and `warn` told of it. A macro `$(name)` in a value, which
 * may be text of others, is defused: the agent would expand it in each later step (docs/facts/agent.md#1.5).
 * @throws Error when an output is not in the contract.
 */
export function outputVariables(
  fields: readonly OutputField[],
  outputs: object,
  warn: (line: string) => void,
): [name: string, value: string][] {
  const variables = Object.entries(outputs as Record<string, OutputValue | undefined>).flatMap(([name, value]) => {
    if (!fields.some((field) => field.name === name)) throw new Error(`The task has no output ${name}.`);
    if (value === undefined) return [];
    if (typeof value !== "object") return [[name, String(value)] as const];
    const entries = Object.entries(value).map(([key, one]) => [`${name}.${key}`, String(one)] as const);
    return [[name, JSON.stringify(value).replaceAll("$(", "\\u0024(")] as const, ...entries];
  });
  return variables.map(([name, text]) => {
    // A space without width ends the macro and shows nothing.
    const value = text.replaceAll("$(", "$\u200b(");
    if (value.length <= LONGEST_OUTPUT) return [name, value];
    warn(`Output variable ${name} has ${value.length} characters; only the first ${LONGEST_OUTPUT} are set.`);
    return [name, value.slice(0, LONGEST_OUTPUT)];
  });
}
