// A conda file as text, the way Azure's client writes it: PyYAML's dump with sorted keys. The environment's identity depends on every byte.

import type { YamlNode } from "../language/source.ts";
import { plainScalar, pythonFloat } from "../language/value.ts";

const WIDTH = 80;

/** Block-style YAML with sorted keys, as PyYAML's safe_dump(sort_keys=True) writes it. */
export function dumpSorted(node: YamlNode): string {
  if (node.kind === "scalar") return `${scalar(node, 0, 0)}\n...\n`;
  if (node.kind === "map" && node.entries.size === 0) return "{}\n";
  if (node.kind === "list" && node.items.length === 0) return "[]\n";
  return `${block(node, 0).join("\n")}\n`;
}

/** The lines of a map or list; lists stand at their key's own indentation. */
function block(node: YamlNode, indent: number): string[] {
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

function isBlock(node: YamlNode): boolean {
  return (node.kind === "list" && node.items.length > 0) || (node.kind === "map" && node.entries.size > 0);
}

function flow(node: YamlNode, indent: number, column: number): string {
  if (node.kind === "list") return "[]";
  if (node.kind === "map") return "{}";
  return scalar(node, indent, column);
}

function scalar(node: YamlNode & { kind: "scalar" }, indent: number, column: number): string {
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
  // Anything but printable ASCII and line breaks is escaped.
  const special = /[^\n\x20-\x7e]/.test(value);
  if (special || / \n|\n /.test(value)) return double(value, indent, column, isKey);
  if (value !== "" && !value.includes("\n") && isPlain(value)) return isKey ? value : fold(value, indent, column, "");
  if (value.includes("\n") && isKey) return double(value, indent, column, isKey);
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
  return isKey ? `'${quoted}'` : fold(quoted, indent, column, "'");
}

/** Breaks at single spaces once a line has passed the width; a line break in the text becomes an empty line. */
function fold(value: string, indent: number, column: number, quote: string): string {
  const pad = " ".repeat(indent);
  let line = column + quote.length;
  let out = quote;
  const parts = value.match(/ +|\n+|[^ \n]+/g) ?? [];
  for (const [index, part] of parts.entries()) {
    const isInner = index > 0 && index < parts.length - 1;
    if (part.startsWith("\n")) {
      out += `\n${part}${pad}`;
      line = indent;
    } else if (part === " " && line > WIDTH && isInner) {
      out += `\n${pad}`;
      line = indent;
    } else {
      out += part;
      line += part.length;
    }
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

/** In double quotes; non-ASCII characters are escaped, as PyYAML does by default. A line is broken behind an escape or before a space. */
function double(value: string, indent: number, column: number, isKey: boolean): string {
  const characters = [...value];
  const last = characters.length - 1;
  let out = '"';
  let line = column + 1;
  let start = 0;
  const write = (piece: string) => {
    out += piece;
    line += piece.length;
  };
  for (let end = 0; end <= characters.length; end++) {
    const character = characters[end];
    if (character === undefined || !/^[ -~]$/.test(character) || character === '"' || character === "\\") {
      if (start < end) write(characters.slice(start, end).join(""));
      start = end;
      if (character !== undefined) {
        write(escaped(character, character.codePointAt(0) ?? 0));
        start = end + 1;
      }
    }
    const mayBreak = end > 0 && end < last && (character === " " || start >= end) && !isKey;
    if (!mayBreak || line + (end - start) <= WIDTH) continue;
    out += `${characters.slice(start, end).join("")}\\\n${" ".repeat(indent)}`;
    start = Math.max(start, end);
    line = indent;
    if (characters[start] === " ") write("\\");
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
