// YAML nodes as values of expressions, and back: a list or mapping that an expression hands on keeps its nodes, and so its places.
import { isMap, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { toText, type Value } from "../../expressions/evaluate.ts";
import { Version } from "../../expressions/expression.ts";
import type { Place } from "../../text/places.ts";
import type { SourceReader } from "../language/reader.ts";

export class Nodes {
  readonly #reader: SourceReader;
  readonly #origins = new WeakMap<object, Node>();

  constructor(reader: SourceReader) {
    this.#reader = reader;
  }

  /** Plain scalars are numbers, booleans or null where YAML says so; everything else is a text. */
  valueOf(node: unknown): Value {
    if (isMap(node)) {
      const value: Record<string, Value> = {};
      for (const { key, value: inner } of node.items) value[this.textOf(key)] = this.valueOf(inner);
      this.#origins.set(value, node as unknown as Node);
      return value;
    }
    if (isSeq(node)) {
      const value = node.items.map((item) => this.valueOf(item));
      this.#origins.set(value, node as unknown as Node);
      return value;
    }
    if (!isScalar(node)) return null;
    return typeof node.value === "number" || typeof node.value === "boolean" || node.value === null
      ? node.value
      : String(node.value);
  }

  /** A scalar as it is written. */
  textOf(node: unknown): string {
    if (!isScalar(node)) return "";
    const isPlain = node.type === "PLAIN" || node.type === undefined;
    return isPlain ? (node.source ?? (node.value === null ? "" : String(node.value))) : String(node.value ?? "");
  }

  /** The node that a value came from, or a new one that stands where the expression stood. */
  nodeOf(value: Value, place: Place): Node {
    if (typeof value === "object" && value !== null && !(value instanceof Version)) {
      const origin = this.#origins.get(value);
      if (origin) return origin;
      return Array.isArray(value)
        ? this.list(
            value.map((one: Value) => this.nodeOf(one, place)),
            place,
          )
        : this.mapping(
            Object.entries(value).map(([key, one]) => new Pair(this.text(key, place), this.nodeOf(one, place))),
            place,
          );
    }
    const scalar = new Scalar(value instanceof Version ? String(value) : value);
    // Booleans are written True and False.
    scalar.source = toText(value);
    if (typeof value === "string") scalar.type = "QUOTE_DOUBLE";
    return this.#reader.placed(scalar, place);
  }

  text(value: string, place: Place): Scalar {
    const scalar = new Scalar(value);
    scalar.type = "QUOTE_DOUBLE";
    return this.#reader.placed(scalar, place);
  }

  list(items: readonly unknown[], place: Place): YAMLSeq {
    const list = new YAMLSeq();
    list.items = [...items];
    return this.#reader.placed(list, place);
  }

  mapping(items: readonly Pair<unknown, unknown>[], place: Place): YAMLMap {
    const mapping = new YAMLMap();
    mapping.items = [...items];
    return this.#reader.placed(mapping, place);
  }
}
