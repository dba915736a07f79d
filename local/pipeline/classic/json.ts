// Reads an exported JSON file with the place of every value; a key that nobody knows is a fault, never skipped.
import { isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import { nearestName } from "../../text/nearest-name.ts";
import type { Fault, Place } from "../../text/places.ts";
import { YamlText } from "../../text/yaml-text.ts";
import { PipelineError } from "../language/faults.ts";

/** A JSON file. JSON is YAML too, and that parser says where things are. */
export class JsonSource {
  readonly file: string;
  readonly faults: Fault[] = [];
  readonly root: JsonValue;
  readonly #parsed: YamlText;

  /** @throws PipelineError where the text is no JSON object */
  constructor(file: string, text: string) {
    this.file = file;
    this.#parsed = new YamlText(file, text, { schema: "json" });
    this.faults.push(...this.#parsed.faults);
    const { contents } = this.#parsed.document;
    if (this.faults.length === 0 && !isMap(contents))
      this.fault(this.placeAt(0), "A release definition is a JSON object.");
    if (this.faults.length > 0) throw new PipelineError(this.faults);
    this.root = new JsonValue(this, contents, "the release definition");
  }

  placeAt(offset: number): Place {
    return this.#parsed.placeAt(offset);
  }

  fault(place: Place, message: string): void {
    this.faults.push({ place, message });
  }
}

/** A value of the file, and what it is called in sentences. */
export class JsonValue {
  readonly #source: JsonSource;
  readonly #node: unknown;
  readonly what: string;
  readonly #asked = new Set<string>();
  readonly #around: Place | undefined;

  /** @param around where it would stand, for a value that is not there */
  constructor(source: JsonSource, node: unknown, what: string, around?: Place) {
    this.#source = source;
    this.#node = node;
    this.what = what;
    this.#around = around;
  }

  get place(): Place {
    const range = (this.#node as Node | null | undefined)?.range;
    return range ? this.#source.placeAt(range[0]) : (this.#around ?? this.#source.placeAt(0));
  }

  /** Absent and null are the same. */
  get isMissing(): boolean {
    return (
      this.#node === undefined || this.#node === null || (isScalar(this.#node) && (this.#node.value ?? null) === null)
    );
  }

  /** The value as plain JSON. */
  get plain(): unknown {
    return this.isMissing ? undefined : JSON.parse(JSON.stringify(this.#node));
  }

  fault(message: string): void {
    this.#source.fault(this.place, message);
  }

  /** The value of a key; the key counts as known from then on. */
  at(key: string): JsonValue {
    this.#asked.add(key);
    const node = isMap(this.#node) ? this.#node.get(key, true) : undefined;
    return new JsonValue(this.#source, node, `${key} of ${this.what}`, this.place);
  }

  get text(): string | undefined {
    if (this.isMissing) return undefined;
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
    this.fault(`${this.what} must be a text.`);
    return undefined;
  }

  get number(): number | undefined {
    const { text } = this;
    if (text === undefined || /^-?\d+(\.\d+)?$/.test(text)) return text === undefined ? undefined : Number(text);
    this.fault(`${this.what} must be a number, not '${text}'.`);
    return undefined;
  }

  get boolean(): boolean | undefined {
    const { text } = this;
    if (text === undefined || /^(true|false)$/i.test(text))
      return text === undefined ? undefined : /^true$/i.test(text);
    this.fault(`${this.what} must be true or false, not '${text}'.`);
    return undefined;
  }

  get items(): JsonValue[] {
    if (this.isMissing) return [];
    if (isSeq(this.#node))
      return this.#node.items.map((node) => new JsonValue(this.#source, node, `an entry of ${this.what}`));
    this.fault(`${this.what} must be a list.`);
    return [];
  }

  get entries(): [name: string, value: JsonValue][] {
    if (this.isMissing) return [];
    if (!isMap(this.#node)) {
      this.fault(`${this.what} must be an object.`);
      return [];
    }
    return (this.#node.items as Pair<unknown, unknown>[]).map(({ key, value }) => {
      const name = String(isScalar(key) ? key.value : key);
      return [name, new JsonValue(this.#source, value, `${name} of ${this.what}`)];
    });
  }

  /** Texts by name. */
  get texts(): Record<string, string> {
    return Object.fromEntries(this.entries.map(([name, value]) => [name, value.text ?? ""]));
  }

  /** Every key that was not asked for, and is not among those that say nothing to a runner, is a fault. */
  finish(silent: readonly string[]): void {
    for (const [name, value] of this.entries) {
      if (this.#asked.has(name) || silent.includes(name)) continue;
      const nearest = nearestName(name, [...this.#asked, ...silent]);
      value.fault(
        `'${name}' is no known key of ${this.what}${nearest === undefined ? "." : `; did you mean '${nearest}'?`}`,
      );
    }
  }
}
