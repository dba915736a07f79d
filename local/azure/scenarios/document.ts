// Reads a scenario file (YAML, or JSON, which is YAML too): from a text to rules, every fault with its line and column.
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";
import { type Document, isMap, isScalar, type Node } from "yaml";
import { nearestName } from "../../text/nearest-name.ts";
import { sayFault } from "../../text/places.ts";
import { YamlText } from "../../text/yaml-text.ts";
import { milliseconds } from "./durations.ts";
import type { Rule, ScenarioDocument, SeededMinutes } from "./rules.ts";
import { effects, file as fileSchema, type Subject, subjects } from "./schema.ts";

/** Every fault of a file, one on a line. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

type Json = Record<string, unknown>;
type Path = readonly (string | number)[];

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true });
const checkFile = ajv.compile(fileSchema);
const kinds = Object.keys(subjects) as Subject[];
const checkEffect = Object.fromEntries(kinds.map((kind) => [kind, ajv.compile(effects[kind])]));

/** @throws ScenarioError when it cannot be read, is no YAML, or says what a scenario cannot */
export function readScenarios(file: string): ScenarioDocument {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ScenarioError(`The scenario file ${file} cannot be read: ${(error as Error).message}.`);
  }
  return parseScenarios(text, file);
}

/** The same from a text; `file` is what faults call it. */
export function parseScenarios(text: string, file = "scenarios"): ScenarioDocument {
  const parsed = new YamlText(file, text);
  const { document } = parsed;
  if (parsed.faults.length > 0) throw new ScenarioError(parsed.faults.map((fault) => `${sayFault(fault)}.`).join("\n"));
  const root = (document.toJS() ?? {}) as Json;
  const faults: { readonly offset: number; readonly sentence: string }[] = [];
  const refuse = (path: Path, sentence: string, ofKey?: string) =>
    void faults.push({ offset: offsetOf(document, path, ofKey), sentence });

  const say = (errors: readonly ErrorObject[] | null | undefined, above: Path) => {
    for (const error of errors ?? []) {
      const path = [...above, ...error.instancePath.split("/").slice(1).map(plain)];
      const { sentence, key } = sentenceOf(error, path);
      refuse(path, sentence, key);
    }
  };
  if (!checkFile(root)) say(checkFile.errors, []);
  const rules = Array.isArray(root["rules"]) ? (root["rules"] as unknown[]) : [];
  const read = rules.flatMap((rule, index): Rule[] => {
    if (typeof rule !== "object" || rule === null) return [];
    const path = ["rules", index];
    const kind = kindOf(rule as Json, (sentence, key) => refuse(path, sentence, key));
    if (kind === undefined) return [];
    const then = (rule as Json)["then"];
    if (then === undefined) return [];
    const effect = withFault(then);
    const check = checkEffect[kind];
    if (check?.(effect) === false) {
      say(check.errors, [...path, "then"]);
      return [];
    }
    for (const sentence of contradictions(kind, rule as Json, effect as Json)) refuse([...path, "then"], sentence);
    const { line, column } = parsed.placeAt(offsetOf(document, path));
    return [ruleOf(kind, rule as Json, effect as Json, index, `${file}:${line}:${column}`)];
  });
  if (faults.length > 0) {
    const sorted = faults.toSorted((one, other) => one.offset - other.offset);
    const said = sorted.map(({ offset, sentence }) => sayFault({ place: parsed.placeAt(offset), message: sentence }));
    throw new ScenarioError(said.join("\n"));
  }
  const clock = (root["clock"] ?? {}) as { speed?: number; start?: string };
  return {
    clock: {
      ...(clock.speed === undefined ? {} : { speed: clock.speed }),
      ...(clock.start === undefined ? {} : { start: Date.parse(clock.start) }),
    },
    rules: read,
    ...(root["minutes"] === undefined ? {} : { minutes: (root["minutes"] as Json[]).map(seeded) }),
  };
}

/** Minutes that the schema has let pass. */
function seeded({ ago, for: span, ...rest }: Json): SeededMinutes {
  return { ...rest, ago: milliseconds(String(ago)), span: milliseconds(String(span)) } as SeededMinutes;
}

/** `fail: imageBuild` is short for a mapping with nothing but the cause. */
function withFault(then: unknown): unknown {
  const fail = (then as Json | null)?.["fail"];
  return typeof fail === "string" ? { ...(then as Json), fail: { cause: fail } } : then;
}

function kindOf(rule: Json, refuse: (sentence: string, key?: string) => void): Subject | undefined {
  const [kind, second] = kinds.filter((one) => rule[one] !== undefined);
  const choice = `one of ${kinds.join(", ")} says what a rule meets`;
  if (kind === undefined) refuse(`the rule does not say what it meets: ${choice}.`);
  if (second !== undefined) refuse(`"${second}" cannot stand beside "${kind}": ${choice}.`, second);
  return second === undefined ? kind : undefined;
}

/** Checks beyond the schema. */
function contradictions(kind: Subject, rule: Json, effect: Json): string[] {
  const found: string[] = [];
  const match = (rule[kind] ?? {}) as Json;
  if (kind === "request") {
    const ends = ["status", "drop", "expireToken"].filter((key) => effect[key] !== undefined);
    if (ends.length > 1) found.push(`"${ends[1]}" cannot stand beside "${ends[0]}": a request has one end.`);
    const orphans = ["retryAfter", "code", "message", "headers"].filter((key) => effect[key] !== undefined);
    if (effect["status"] === undefined && orphans.length > 0)
      found.push(`"${orphans[0]}" needs "status": it is a part of that answer.`);
    if (match["operation"] !== undefined && (match["plane"] ?? "arm") !== "arm")
      found.push(`"operation" names what the plane arm does; this rule is for the plane ${match["plane"]}.`);
  }
  if (kind === "scoring") {
    const ends = ["status", "modelStatus", "outOfMemory"].filter((key) => effect[key] !== undefined);
    if (ends.length > 1) found.push(`"${ends[1]}" cannot stand beside "${ends[0]}": a request has one end.`);
    if (effect["share"] !== undefined && Object.keys(effect).length === 1)
      found.push('"share" says how many requests something happens to: say what happens.');
  }
  const fail = effect["fail"] as Json | undefined;
  if (kind === "job" && fail?.["exitCode"] !== undefined && fail["cause"] !== "command")
    found.push(`"exitCode" is for the cause command; this one is ${fail["cause"]}.`);
  if (kind === "job" && effect["trials"] !== undefined && !/^automl$/i.test(String(match["type"] ?? "")))
    found.push('"trials" is for AutoML jobs, which are simulated: the rule must say "type: automl".');
  return found;
}

function ruleOf(kind: Subject, rule: Json, effect: Json, index: number, where: string): Rule {
  const durations = new Set(Object.keys(effect).filter((key) => isDuration(kind, key)));
  return {
    kind,
    name: (rule["name"] as string | undefined) ?? `rules[${index}]`,
    where,
    match: rule[kind],
    skip: (rule["skip"] as number | undefined) ?? 0,
    ...(rule["times"] === undefined ? {} : { times: rule["times"] }),
    effect: Object.fromEntries(
      Object.entries(effect).map(([key, value]) => [key, durations.has(key) ? milliseconds(String(value)) : value]),
    ),
  } as Rule;
}

function isDuration(kind: Subject, key: string): boolean {
  const properties = (effects[kind] as { properties: Record<string, { pattern?: string }> }).properties;
  return properties[key]?.pattern !== undefined;
}

/** A part of a JSON pointer. */
const plain = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

/** Where a value begins, or the key of that name in it; for what is not there, what would hold it. */
function offsetOf(document: Document, path: Path, key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = (length === 0 ? document.contents : document.getIn(path.slice(0, length), true)) as Node | null;
    if (node === null || node === undefined) continue;
    if (length === path.length && key !== undefined && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      const found = (pair?.key as Node | undefined)?.range?.[0];
      if (found !== undefined) return found;
    }
    if (node.range) return node.range[0];
  }
  return 0;
}

function sentenceOf(error: ErrorObject, path: Path): { sentence: string; key?: string } {
  const [last, list] = [path.at(-1), path.at(-2)];
  const name =
    last === undefined ? "the file" : typeof list === "string" && list === "rules" ? `${list}[${last}]` : `"${last}"`;
  const schema = error.parentSchema as { description?: string; properties?: object } | undefined;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(error.params["additionalProperty"]);
      const known = Object.keys(schema?.properties ?? {});
      const near = nearestName(key, known);
      const hint = near === undefined ? `it takes ${known.join(", ")}` : `did you mean "${near}"?`;
      return { sentence: `unknown field "${key}" in ${name}: ${hint}${hint.endsWith("?") ? "" : "."}`, key };
    }
    case "required":
      return { sentence: `${name} lacks "${error.params["missingProperty"]}".` };
    case "minProperties":
      return { sentence: `${name} must say what happens: ${schema?.description}.` };
    default:
      return { sentence: `${name} must be ${schema?.description}, and is ${JSON.stringify(error.data)}.` };
  }
}
