// `name=value` lines of an input.
import { TaskError, throwFaults } from "../errors.ts";

/**
 * The pairs of a multi-line input, one `name=value` a line; empty lines and lines that start with `#` do not count.
 * A name that comes twice, an empty name or a line without `=` is a fault.
 * @throws TaskErrors kind `input` that name the input and every line at fault.
 */
export function readPairs(text: string | undefined, inputName: string): Record<string, string> {
  const pairs = new Map<string, string>();
  const faults: TaskError[] = [];
  const fault = (message: string) =>
    faults.push(new TaskError("input", message, { errorCode: "AML1314", hint: "Write one name=value a line." }));
  for (const [index, line] of (text ?? "").split(/\r\n|\r|\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const equals = trimmed.indexOf("=");
    const name = trimmed.slice(0, equals).trim();
    if (equals < 0 || name === "") fault(`Input ${inputName}, line ${index + 1}: no name=value.`);
    else if (pairs.has(name)) fault(`Input ${inputName}, line ${index + 1}: ${name} is there twice.`);
    else pairs.set(name, trimmed.slice(equals + 1).trim());
  }
  throwFaults(faults);
  return Object.fromEntries(pairs);
}
