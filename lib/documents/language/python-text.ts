// The text that Azure's client makes of a value where the service has room for text alone: Python's str() of it. Tags, properties and
// environment variables all have it, in every document and every position; a running job sees exactly that text.
// Tests: test/lib/documents/language/overrides.test.ts
import { NOTHING_BELOW, type Shape } from "./shape.ts";
import type { YamlNode } from "./source.ts";

/** str(): a scalar as it is, a mapping or a list as Python shows it. */
function pythonText(node: YamlNode): string {
  return node.kind === "scalar" ? node.text : pythonRepr(node);
}

/** repr(): text in quotes, and what is nested likewise. */
function pythonRepr(node: YamlNode): string {
  if (node.kind === "list") return `[${node.items.map(pythonRepr).join(", ")}]`;
  if (node.kind === "map")
    return `{${[...node.entries].map(([name, value]) => `${quoted(name)}: ${pythonRepr(value)}`).join(", ")}}`;
  return node.type === "string" || node.type === "timestamp" ? quoted(node.text) : node.text;
}

/** In single quotes, unless the text itself holds one and no double quote. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is written otherwise.
    .replace(/[\u0000-\u001f\u007f-\u00a0]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

/** Anything that is not empty, as text. */
export const valueText: Shape<string> = {
  expects: "text",
  below: NOTHING_BELOW,
  read: (node, at) =>
    node.kind === "scalar" && node.type === "null"
      ? at.fault(node, `${at.name} is empty; text is needed.`)
      : pythonText(node),
  write: (value) => value,
};
