// Reads YAML nodes with their places. A mapping is read key by key; what nobody asked for is a fault, never skipped.
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit, type YAMLMap } from "yaml";
import { checkExpression } from "../../expressions/evaluate.ts";
import { ExpressionError, parseExpression } from "../../expressions/expression.ts";
import { nearestName } from "../../text/nearest-name.ts";
import type { Fault, Place } from "../../text/places.ts";
import { YamlText } from "../../text/yaml-text.ts";
import type { ConditionText, Text } from "./document.ts";

/** The location of a node: file and position; for a generated node, those of the expression that made it. */
type Origin = Place | YamlText;

/** Names of variable groups to the variables that they hold. */
export type VariableGroups = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Reads the files of one pipeline: the pipeline's own, and the templates that it includes. */
export class SourceReader {
  readonly file: string;
  readonly faults: Fault[] = [];
  /** The root of the pipeline's own file; undefined with a fault where it is no mapping. */
  readonly contents: YAMLMap | undefined;
  readonly #origins = new WeakMap<object, Origin>();
  /** The variables of each variable group, by its name. */
  variableGroups: VariableGroups = {};

  constructor(file: string, text: string) {
    this.file = file;
    const contents = this.parse(file, text);
    this.contents = isMap(contents) ? contents : undefined;
    if (contents !== undefined && contents !== null && !isMap(contents)) {
      this.fault(this.place(contents), "A pipeline is a mapping of keys such as trigger, stages, jobs or steps.");
    } else if (contents === null) this.fault({ file, line: 1, column: 1 }, "The pipeline is empty.");
  }

  /** The root node of a file; undefined with faults where it is no YAML. */
  parse(file: string, text: string): Node | null | undefined {
    const parsed = new YamlText(file, text, {
      // `${{ else }}` and `${{ insert }}` may stand more than once in a mapping.
      uniqueKeys: (one, other) =>
        isScalar(one) && isScalar(other) && one.value === other.value && !/^\$\{\{/.test(String(one.value)),
      strict: true,
    });
    this.faults.push(...parsed.faults);
    if (parsed.faults.length > 0) return undefined;
    visit(parsed.document, { Node: (_key, node) => void this.#origins.set(node, parsed) });
    return parsed.document.contents as Node | null;
  }

  /** Notes where a node that was made counts as standing. */
  placed<T extends object>(node: T, place: Place): T {
    this.#origins.set(node, place);
    return node;
  }

  place(node: unknown): Place {
    const origin = typeof node === "object" && node !== null ? this.#origins.get(node) : undefined;
    if (origin === undefined) return { file: this.file, line: 1, column: 1 };
    return origin instanceof YamlText ? origin.placeAt((node as Node).range?.[0] ?? 0) : origin;
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

  /** A scalar's text as it is written: numbers keep their zeros. */
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
    return { value, place };
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
}

/** A key that is refused: it exists in Azure Pipelines, and local pipelines do not support it. */
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
      const known = [...this.#asked];
      const nearest = nearestName(name, [...known, ...Object.keys(refusals)]);
      const hint = nearest === undefined ? `it knows ${known.toSorted().join(", ")}` : `did you mean '${nearest}'?`;
      this.reader.fault(place, `'${name}' is no key of ${this.what}; ${hint}`);
    }
  }
}
