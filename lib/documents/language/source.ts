// A YAML file as the user wrote it: a tree whose every node knows its line and column, so that a fault can point at it.

import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar } from "yaml";
import { type SourceLocation, TaskError } from "../../errors.ts";
import { Faults } from "./faults.ts";
import { sayPassedOver, sayUnanchored } from "./passed-over.ts";
import { keepInside } from "./path.ts";
import { Secrets } from "./secrets.ts";
import { sayMissing, shownPath } from "./shown-path.ts";
import { readYamlText } from "./text-file.ts";
import { rootOf, type UploadRoot } from "./upload-folders.ts";
import { plainScalar, type ScalarValue, stringValue } from "./value.ts";

export interface ScalarNode extends ScalarValue {
  readonly kind: "scalar";
  /** Its first character is an escape of YAML alone (`"\x3cabc>"`): no step that fills variables in wrote it, and it is meant as it stands. */
  readonly isEscaped?: true;
  readonly where: SourceLocation;
}
interface ListNode {
  readonly kind: "list";
  readonly items: readonly YamlNode[];
  readonly where: SourceLocation;
}
export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, YamlNode>;
  /** The location of each key. */
  readonly keys: ReadonlyMap<string, SourceLocation>;
  readonly where: SourceLocation;
}
export type YamlNode = ScalarNode | ListNode | MapNode;

/** A value that an input of the task gives in place of a file. */
export interface GivenInput {
  readonly input: string;
  readonly value: string;
}

/** A file that was read: its tree, and what relative paths in it start from. */
export interface SourceFile {
  /** As it is shown in faults. */
  readonly name: string;
  /** Absolute folder of the file; relative paths in the document start here. */
  readonly folder: string;
  /** The folders that paths may not leave, if any were given. */
  readonly root: UploadRoot | undefined;
  /** Whether data that jobs take may be missing: a plan may be made before the data is there. */
  readonly absentData?: boolean | undefined;
  /** Keys, passwords and tokens that stand in the file; filled, and hidden, while a document is read. Never print or record one. */
  readonly secrets: Secrets;
  readonly node: MapNode;
}

export interface SourceOptions {
  /** The folders that the file, and every path in it, must really lie in. */
  readonly root?: UploadRoot | undefined;
  /** Do not refuse a job whose local input data does not exist (yet). Off, unless a plan is made. */
  readonly absentData?: boolean | undefined;
}

/** Reads a YAML file. Throws a TaskError (kind input) when there is no such file, or no YAML mapping in it. */
export function readSource(given: string, options: SourceOptions = {}): SourceFile {
  const absolute = path.resolve(given);
  const file = shownPath(given, options.root);
  const where = { file };
  let text: string;
  try {
    if (options.root !== undefined)
      keepInside(absolute, { root: options.root, folder: rootOf(options.root), written: file, where });
    if (statSync(absolute).isDirectory())
      throw new TaskError("input", `${file} is a folder, not a YAML file.`, {
        errorCode: "AML1302",
        where,
        hint: fileIn(absolute, options.root),
      });
    text = readYamlText(absolute, file);
  } catch (error) {
    if (error instanceof TaskError) throw error;
    const reason = (error as NodeJS.ErrnoException).code;
    const sentence =
      reason === "ENOENT" || reason === "ENOTDIR"
        ? sayMissing("There is no file", given, options.root)
        : `${file} cannot be read (${reason ?? "unknown reason"}).`;
    throw new TaskError("input", sentence, {
      errorCode: "AML1305",
      where,
      hint: "Check the path; it starts at the repository's root.",
    });
  }
  return parseSource(text, { ...options, name: file, folder: path.dirname(absolute) });
}

/** The YAML files of a folder that was named in place of one of them. */
function fileIn(folder: string, root: UploadRoot | undefined): string {
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/i.test(name))
    .sort()
    .slice(0, 5)
    .map((name) => shownPath(path.join(folder, name), root));
  return `Name the file in it${files.length === 0 ? "" : `: ${files.join(", ")}`}.`;
}

/** Parses YAML text as though it stood in a file `name` of `folder`. */
export function parseSource(text: string, options: SourceOptions & { name: string; folder: string }): SourceFile {
  const node = parseTree(text, options.name);
  if (node?.kind === "map")
    return {
      name: options.name,
      folder: options.folder,
      root: options.root,
      absentData: options.absentData,
      secrets: new Secrets(typeof options.root === "object" ? options.root.hide : undefined),
      node,
    };
  const found = node === undefined ? "is empty" : `holds a ${node.kind === "list" ? "list" : "single value"}`;
  throw new TaskError("input", `${options.name} ${found}; a mapping of fields to values is needed.`, {
    errorCode: "AML1302",
    where: node?.where ?? { file: options.name, line: 1, column: 1 },
    hint: "See https://learn.microsoft.com/azure/machine-learning/reference-yaml-overview for what the file should hold.",
  });
}

/** Parses YAML text into a tree; undefined where it holds nothing. Throws every syntax error at once. */
export function parseTree(text: string, name: string): YamlNode | undefined {
  const lines = new LineCounter();
  const yaml = text.replace(/^\uFEFF/, "");
  const document = parseDocument(yaml, {
    schema: "failsafe",
    version: "1.1",
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    strict: false,
  });
  const faults = new Faults();
  const place = (offset: number): SourceLocation => {
    const { line, col } = lines.linePos(offset);
    return { file: name, line, column: col };
  };
  for (const error of document.errors) {
    const { sentence, hint } = yamlFault(error);
    faults.add(sentence, { where: place(error.pos[0]), hint });
  }
  sayPassedOver(document, yaml, place, faults);
  faults.throwIfAny();
  const start = { file: name, line: 1, column: 1 };
  const tree = new Tree(document, yaml, place, faults);
  const node = tree.node(document.contents, start);
  faults.throwIfAny();
  return node.kind === "scalar" && node.type === "null" ? undefined : node;
}

/** Walks eemeli's tree into ours, following aliases (and refusing those that would never end). */
class Tree {
  #aliases = 0;
  /** Mappings that an alias leads to are walked again; their faults are told once. */
  readonly #told = new Set<unknown>();
  private readonly document: Document;
  private readonly yaml: string;
  private readonly place: (offset: number) => SourceLocation;
  private readonly faults: Faults;

  constructor(document: Document, yaml: string, place: (offset: number) => SourceLocation, faults: Faults) {
    this.document = document;
    this.yaml = yaml;
    this.place = place;
    this.faults = faults;
  }

  node(item: unknown, parent: SourceLocation): YamlNode {
    const range = (item as { range?: readonly number[] | null } | null)?.range;
    const where = range ? this.place(range[0] ?? 0) : parent;
    if (isAlias(item)) {
      if (++this.#aliases > 1000)
        throw new TaskError("input", "The file uses more than 1,000 YAML aliases.", {
          errorCode: "AML1302",
          where,
          hint: "Write the values out.",
        });
      const target = item.resolve(this.document);
      if (target === undefined) sayUnanchored(item.source, this.document, where, this.faults);
      return { ...this.node(target ?? null, where), where };
    }
    if (isMap(item)) return this.#map(item.items, where);
    if (isSeq(item)) return { kind: "list", items: item.items.map((value) => this.node(value, where)), where };
    if (isScalar(item)) {
      const isEscaped = item.type === "QUOTE_DOUBLE" && this.yaml.startsWith('"\\x', range?.[0]);
      return { kind: "scalar", ...scalar(item), ...(isEscaped && { isEscaped }), where };
    }
    return { kind: "scalar", ...plainScalar(""), where };
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], where: SourceLocation): MapNode {
    const entries = new Map<string, YamlNode>();
    const keys = new Map<string, SourceLocation>();
    const merged: YamlNode[] = [];
    for (const { key, value } of pairs) {
      const keyNode = this.node(key, where);
      // A key is its text: an input may be called `on`, which as a value would be a boolean.
      const name = isScalar(key) ? String(key.value ?? "") : keyNode.kind === "scalar" ? keyNode.text : "";
      const node = this.node(value, keyNode.where);
      if (name === "<<") {
        merged.push(...(node.kind === "list" ? node.items : [node]));
        continue;
      }
      const before = keys.get(name);
      if (before !== undefined && !this.#told.has(key)) this.#sayTwice(name, before, keyNode.where);
      this.#told.add(key);
      entries.set(name, node);
      keys.set(name, keyNode.where);
    }
    for (const node of merged) {
      if (node.kind !== "map") continue;
      for (const [name, value] of node.entries) {
        if (entries.has(name)) continue;
        entries.set(name, value);
        keys.set(name, node.keys.get(name) ?? where);
      }
    }
    return { kind: "map", entries, keys, where };
  }

  /** Azure's client lets the last of two equal keys win without a word, and what the first said is lost (docs/parity.md). */
  #sayTwice(name: string, first: SourceLocation, where: SourceLocation): void {
    const column = first.line === where.line ? `, column ${first.column}` : "";
    this.faults.add(
      `the key ${JSON.stringify(name)} stands here a second time; the first is at line ${first.line}${column}.`,
      { where, hint: "Remove one of them, or give it another name." },
    );
  }
}

function scalar(item: Scalar): ScalarValue {
  const text = typeof item.value === "string" ? item.value : String(item.value ?? "");
  if (item.tag === "tag:yaml.org,2002:str" || item.tag === "!!str" || item.tag === "!") return stringValue(text);
  if (item.type === "PLAIN" || item.type === undefined) return plainScalar(text);
  return stringValue(text);
}

/** The tree as plain data: what PyYAML's safe_load gives (timestamps stay text). */
export function plainValue(node: YamlNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([name, value]) => [name, plainValue(value)]));
}

type Found = Document["errors"][number];

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "Indent with spaces alone.",
  BAD_ALIAS: "Quote a value that begins with `*`, or define its anchor (`&name`) above it.",
  BAD_DQ_ESCAPE: "Put text with backslashes in single quotes.",
  BLOCK_AS_IMPLICIT_KEY: "Quote a value that holds `: `.",
};
const HINT = "Check the indentation, and quote values that hold `: `, `#` or `{`.";

/** The sentence and the hint for one error of the parser; the place stands before them. */
function yamlFault({ code, message }: Found): { readonly sentence: string; readonly hint: string } {
  if (code === "MULTIPLE_DOCS")
    return {
      sentence: "a second document begins here; a file holds one.",
      hint: "Move what follows the line `---` into a file of its own.",
    };
  const end = /[.!?]$/.test(message) ? "" : ".";
  return {
    sentence: `this is no YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}${end}`,
    hint: HINTS[code] ?? HINT,
  };
}
