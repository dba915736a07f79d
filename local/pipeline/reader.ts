// Reads YAML nodes with their places. A mapping is read key by key; what nobody asked for is a fault, never skipped.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { ConditionText, ParameterValue, Text } from "./document.ts";
import { checkExpression, evaluate, type Scope, toText, type Value } from "./evaluate.ts";
import { ExpressionError, nodesOf, parseExpression } from "./expression.ts";
import { type Fault, nearestName, type Place } from "./faults.ts";

export class SourceReader {
  readonly file: string;
  readonly faults: Fault[] = [];
  readonly document: Document.Parsed;
  readonly #lines = new LineCounter();
  /** What `${{ }}` may speak of; filled as the file is read. */
  readonly template: { parameters: Record<string, Value>; variables: Record<string, Value> } = {
    parameters: {},
    variables: {},
  };

  constructor(file: string, text: string) {
    this.file = file;
    this.document = parseDocument(text, {
      lineCounter: this.#lines,
      uniqueKeys: true,
      prettyErrors: false,
      strict: true,
    });
    for (const error of this.document.errors) this.fault(this.placeAt(error.pos[0]), error.message);
    if (this.faults.length === 0 && this.document.contents !== null && !isMap(this.document.contents)) {
      this.fault(
        this.place(this.document.contents),
        "A pipeline is a mapping of keys such as trigger, stages, jobs or steps.",
      );
    }
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  place(node: unknown): Place {
    const range = (node as Node | null | undefined)?.range;
    return this.placeAt(range ? range[0] : 0);
  }

  fault(place: Place, message: string): void {
    this.faults.push({ place, message });
  }

  /** The root, or a mapping below; undefined with a fault where the node is something else. */
  mapping(node: unknown, what: string): Mapping | undefined {
    if (isMap(node)) return new Mapping(this, node, what);
    this.wrong(node, what, "a mapping");
    return undefined;
  }

  /** The nodes of a sequence; a fault where the node is something else. */
  sequence(node: unknown, what: string): Node[] {
    if (isSeq(node)) return node.items as Node[];
    this.wrong(node, what, "a list");
    return [];
  }

  wrong(node: unknown, what: string, wanted: string): void {
    const message = isAlias(node) ? "Azure Pipelines has no YAML anchors and aliases." : `${what} must be ${wanted}.`;
    this.fault(this.place(node), message);
  }

  /** A scalar's text as it is written: numbers keep their zeros, `${{ }}` is replaced. */
  text(node: unknown, what: string): Text {
    const place = this.place(node);
    if (node === null || node === undefined) return { value: "", place };
    if (!isScalar(node)) {
      this.wrong(node, what, "a text");
      return { value: "", place };
    }
    if ((node as { anchor?: string }).anchor) this.fault(place, "Azure Pipelines has no YAML anchors and aliases.");
    const isPlain = node.type === "PLAIN" || node.type === undefined;
    const value = isPlain ? (node.source ?? (node.value === null ? "" : String(node.value))) : String(node.value ?? "");
    return { value: this.substitute(value, place), place };
  }

  /** Replaces every `${{ expression }}` of a text. */
  substitute(text: string, place: Place): string {
    if (!text.includes("${{")) return text;
    return text.replace(/\$\{\{(.*?)\}\}/gs, (_match, inner: string) => {
      const value = this.evaluateTemplate(inner, place);
      return value === undefined ? "" : toText(value);
    });
  }

  evaluateTemplate(text: string, place: Place): Value | undefined {
    const scope: Scope = { names: this.template, functions: {} };
    try {
      const expression = parseExpression(text);
      checkExpression(expression, Object.keys(this.template), []);
      for (const node of nodesOf(expression)) {
        if (node.kind !== "index" || node.target.kind !== "name" || !/^parameters$/i.test(node.target.name)) continue;
        const key = node.key === "*" ? "*" : toText(evaluate(node.key, scope));
        const known = Object.keys(this.template.parameters);
        if (key !== "*" && !known.some((name) => name.toLowerCase() === key.toLowerCase())) {
          const nearest = nearestName(key, known);
          throw new ExpressionError(
            `There is no parameter '${key}'${nearest === undefined ? "." : `; did you mean '${nearest}'?`}`,
            0,
          );
        }
      }
      return evaluate(expression, scope);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.fault(place, `\${{${text}}} cannot be evaluated: ${error.message}`);
      return undefined;
    }
  }

  boolean(node: unknown, what: string): boolean {
    const { value, place } = this.text(node, what);
    if (/^(true|yes|on)$/i.test(value)) return true;
    if (!/^(false|no|off)$/i.test(value)) this.fault(place, `${what} must be true or false, not '${value}'.`);
    return false;
  }

  /** A number that is not negative. */
  number(node: unknown, what: string): number {
    const { value, place } = this.text(node, what);
    if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
    this.fault(place, `${what} must be a number, not '${value}'.`);
    return 0;
  }

  /** One text or a list of texts. */
  texts(node: unknown, what: string): Text[] {
    return isSeq(node) ? (node.items as Node[]).map((item) => this.text(item, what)) : [this.text(node, what)];
  }

  condition(node: unknown, names: readonly string[], functions: readonly string[]): ConditionText | undefined {
    const { value, place } = this.text(node, "condition");
    try {
      const expression = parseExpression(value);
      checkExpression(expression, names, functions);
      return { value, place, expression };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.fault(place, `The condition '${value}' cannot be read: ${error.message}`);
      return undefined;
    }
  }

  /** Any YAML value, for parameters of type object. */
  value(node: unknown): ParameterValue {
    return (node as Node).toJS(this.document) as ParameterValue;
  }
}

/** What is known of a key that is refused: it exists in Azure Pipelines, and local pipelines do not have it. */
export type Refusals = Readonly<Record<string, string>>;

export class Mapping {
  readonly reader: SourceReader;
  readonly node: YAMLMap;
  readonly what: string;
  readonly place: Place;
  readonly #asked = new Set<string>();

  constructor(reader: SourceReader, node: YAMLMap, what: string) {
    this.reader = reader;
    this.node = node;
    this.what = what;
    this.place = reader.place(node);
    for (const { key } of node.items as Pair<unknown, unknown>[]) {
      if (isScalar(key) && /^\$\{\{/.test(String(key.value))) {
        reader.fault(
          reader.place(key),
          `Template expressions as keys ('${key.value}') are not built in the local pipeline.`,
        );
        this.#asked.add(String(key.value));
      }
    }
  }

  has(key: string): boolean {
    return this.node.has(key);
  }

  /** The node under a key; undefined where the key is absent. The key counts as known. */
  take(key: string): unknown {
    this.#asked.add(key);
    return this.node.has(key) ? (this.node.get(key, true) ?? null) : undefined;
  }

  /** Reads what is under a key, where the key is there. */
  read<T>(key: string, how: (node: unknown, what: string) => T): T | undefined {
    const node = this.take(key);
    return node === undefined ? undefined : how(node, key);
  }

  text(key: string): string | undefined {
    return this.read(key, (node, what) => this.reader.text(node, what).value);
  }

  boolean(key: string): boolean | undefined {
    return this.read(key, (node, what) => this.reader.boolean(node, what));
  }

  number(key: string): number | undefined {
    return this.read(key, (node, what) => this.reader.number(node, what));
  }

  keyPlace(key: string): Place {
    const pair = (this.node.items as Pair<unknown, unknown>[]).find(
      (item) => isScalar(item.key) && item.key.value === key,
    );
    return pair ? this.reader.place(pair.key) : this.place;
  }

  /** All pairs, for mappings whose keys are names. */
  entries(): { readonly name: Text; readonly node: unknown }[] {
    return (this.node.items as Pair<unknown, unknown>[]).map(({ key, value }) => {
      const name = this.reader.text(key, `a key of ${this.what}`);
      this.#asked.add(name.value);
      return { name, node: value };
    });
  }

  /** Called when all known keys were read: every other one is a fault, with the nearest known name. */
  finish(refusals: Refusals = {}): void {
    for (const { key } of this.node.items as Pair<unknown, unknown>[]) {
      const name = isScalar(key) ? String(key.value) : "";
      if (this.#asked.has(name)) continue;
      const place = this.reader.place(key);
      const refusal = Object.hasOwn(refusals, name) ? refusals[name] : undefined;
      if (refusal !== undefined) {
        this.reader.fault(place, `'${name}' of ${this.what} is not built in the local pipeline: ${refusal}`);
        continue;
      }
      const known = [...this.#asked].filter((one) => !one.startsWith("${{"));
      const nearest = nearestName(name, [...known, ...Object.keys(refusals)]);
      const hint = nearest === undefined ? `it knows ${known.toSorted().join(", ")}` : `did you mean '${nearest}'?`;
      this.reader.fault(place, `'${name}' is no key of ${this.what}; ${hint}`);
    }
  }
}
