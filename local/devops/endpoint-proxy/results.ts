// Applies a data source's result selector and template to an answer.
import { query } from "json-p3";
import { render } from "../outbound/templates.ts";

/** A selector that cannot be used, or an answer that it cannot be used on. */
export class SelectorError extends Error {}

/**
 * The elements that a selector takes out of an answer.
 * @param selector `jsonpath:…`, `plaintext` or `none`; empty: the whole answer
 * @throws SelectorError
 */
export function select(selector: string, answer: string): unknown[] {
  const [, kind = "", path = ""] = /^(\w*):?(.*)$/s.exec(selector.trim()) ?? [];
  switch (kind.toLowerCase()) {
    case "":
    case "plaintext":
      return [answer];
    case "none":
      return [];
    case "jsonpath":
      try {
        return query(path, parsed(answer) as Parameters<typeof query>[1]).values();
      } catch (error) {
        if (error instanceof SelectorError) throw error;
        throw new SelectorError(`The selector '${selector}' is no JSONPath: ${(error as Error).message}`);
      }
    default:
      throw new SelectorError(`local Azure DevOps has not built the selector '${selector}'.`);
  }
}

/** The answer as JSON. @throws SelectorError */
export function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    throw new SelectorError("The response is not JSON, and the selector is a JSONPath.");
  }
}

/**
 * Each element as its template writes it; without one, as it is. A text is `{{{defaultResultKey}}}`. Equal results are one
 * (docs/facts/extension.md#4.4).
 */
export function write(template: string | undefined, elements: readonly unknown[]): string[] {
  const results = elements.map((element) => {
    const isObject = typeof element === "object" && element !== null;
    if (template) return render(template, isObject ? element : { defaultResultKey: element });
    return isObject ? JSON.stringify(element, undefined, 2) : String(element ?? "");
  });
  return [...new Set(results)];
}
