// A conda file as text, the way Azure's client writes it: PyYAML's dump with sorted keys. The environment's identity depends on every byte.

import type { SpecNode } from "./source.ts";
import { plainScalar, pythonFloat } from "./value.ts";

const WIDTH = 80;

/** Block-style YAML with sorted keys, as PyYAML's safe_dump(sort_keys=True) writes it. */
export function dumpSorted(node: SpecNode): string {
  if (node.kind === "scalar") return `${scalar(node, 0, 0)}\n...\n`;
  if (node.kind === "map" && node.entries.size === 0) return "{}\n";
  if (node.kind === "list" && node.items.length === 0) return "[]\n";
  return `${block(node, 0).join("\n")}\n`;
}

/** The lines of a map or list; lists stand at their key's own indentation. */
function block(node: SpecNode, indent: number): string[] {
  const pad = " ".repeat(indent);
  const lines: string[] = [];
  if (node.kind === "list") {
    for (const item of node.items) {
      if (!isBlock(item)) lines.push(`${pad}- ${flow(item, indent + 2, indent + 2)}`);
      else {
        const inner = block(item, indent + 2);
        lines.push(`${pad}- ${inner[0]?.slice(indent + 2) ?? ""}`, ...inner.slice(1));
      }
    }
  } else if (node.kind === "map") {
    for (const [name, value] of [...node.entries].sort(([left], [right]) => (left < right ? -1 : 1))) {
      const key = `${pad}${text(name, indent, indent, true)}:`;
      if (!isBlock(value)) lines.push(`${key} ${flow(value, indent + 2, key.length + 1)}`);
      else lines.push(key, ...block(value, value.kind === "list" ? indent : indent + 2));
    }
  }
  return lines;
}

function isBlock(node: SpecNode): boolean {
  return (node.kind === "list" && node.items.length > 0) || (node.kind === "map" && node.entries.size > 0);
}

function flow(node: SpecNode, indent: number, column: number): string {
  if (node.kind === "list") return "[]";
  if (node.kind === "map") return "{}";
  return scalar(node, indent, column);
}

function scalar(node: SpecNode & { kind: "scalar" }, indent: number, column: number): string {
  switch (node.type) {
    case "null":
      return "null";
    case "boolean":
      return node.value ? "true" : "false";
    case "integer":
      return node.text;
    case "float":
      return floatText(node.value as number);
    case "timestamp":
      return node.text;
    case "string":
      return text(node.text, indent, column, false);
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const written = pythonFloat(value);
  return written.includes("e") && !written.includes(".") ? written.replace("e", ".0e") : written;
}

/** Plain where that is safe, else in single quotes, else in double quotes; long text is folded at the width. */
function text(value: string, indent: number, column: number, isKey: boolean): string {
  const multiline = value.includes("\n");
  // Anything but printable ASCII and line breaks is escaped.
  const special = /[^\n\x20-\x7e]/.test(value);
  if (special || / \n|\n /.test(value)) return double(value, indent, column);
  if (value !== "" && !multiline && isPlain(value)) return isKey ? value : fold(value, indent, column, "");
  if (/\n/.test(value) && isKey) return double(value, indent, column);
  return single(value, indent, column, isKey);
}

function isPlain(value: string): boolean {
  if (plainScalar(value).type !== "string" || value === "<<" || value === "=") return false;
  if (/^[\s]|[\s]$/.test(value) || value.startsWith("---") || value.startsWith("...")) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(value)) return false;
  if (/^[-?:](\s|$)/.test(value)) return false;
  return !/: |:$| #/.test(value);
}

function single(value: string, indent: number, column: number, isKey: boolean): string {
  const quoted = value.replaceAll("'", "''");
  if (isKey) return `'${quoted}'`;
  if (!value.includes("\n")) return fold(quoted, indent, column, "'");
  // A line break inside single quotes is written as an empty line.
  return `'${quoted.replace(/\n+/g, (breaks) => `${breaks}\n${" ".repeat(indent)}`)}'`;
}

/** Breaks at single spaces once a line has passed the width. */
function fold(value: string, indent: number, column: number, quote: string): string {
  let line = column + quote.length;
  let out = quote;
  const parts = value.split(/( +)/);
  for (const [index, part] of parts.entries()) {
    const isSpace = index % 2 === 1;
    const inner = index > 1 || quote === "" || parts[0] !== "";
    if (isSpace && part === " " && line > WIDTH && inner && index < parts.length - 1) {
      out += `\n${" ".repeat(indent)}`;
      line = indent;
      continue;
    }
    out += part;
    line += part.length;
  }
  return out + quote;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
};

/** In double quotes; non-ASCII characters are escaped, as PyYAML does by default. */
function double(value: string, indent: number, column: number): string {
  let out = '"';
  let line = column + 1;
  const characters = [...value];
  for (const [index, character] of characters.entries()) {
    const code = character.codePointAt(0) ?? 0;
    const plain = code >= 0x20 && code <= 0x7e && character !== '"' && character !== "\\";
    if (character === " " && line > WIDTH && index > 0 && index < characters.length - 1) {
      const next = characters[index + 1] === " " ? "\\" : "";
      out += `\\\n${" ".repeat(indent)}${next || "\\ "}`.replace(/\\ $/, "\\ ");
      line = indent + 2;
      continue;
    }
    const written = plain ? character : escaped(character, code);
    out += written;
    line += written.length;
  }
  return `${out}"`;
}

function escaped(character: string, code: number): string {
  const short = ESCAPES[character];
  if (short !== undefined) return `\\${short}`;
  if (code <= 0xff) return `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return `\\U${code.toString(16).toUpperCase().padStart(8, "0")}`;
}
