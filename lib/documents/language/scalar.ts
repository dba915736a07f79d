// Shapes of single values, with the coercions of Azure's client (docs/facts/azureml-documents.md#2.1): a number may be written as text (as `--set` does), text may not be written as a number.
// Tests: test/lib/documents/random.test.ts

import { nearestName } from "../../nearest-name.ts";
import { SEGMENT_RULE, segmentFault } from "../../segment.ts";
import { DocumentFault } from "./faults.ts";
import {
  described,
  describedKind,
  FREE_BELOW,
  isExpression,
  NOTHING_BELOW,
  type Reading,
  type Shape,
  snakeCase,
  withOwnExpressions,
} from "./shape.ts";
import { plainValue, type ScalarNode, type YamlNode } from "./source.ts";
import { pythonFloat } from "./value.ts";

function scalarShape<T>(
  expects: string,
  read: (node: ScalarNode, at: Reading) => T | undefined,
  write?: (value: T) => unknown,
): Shape<T> {
  return {
    expects,
    below: NOTHING_BELOW,
    read(node, at) {
      if (node.kind !== "scalar" || node.type === "null") return wrong(node, at, expects);
      return read(node, at);
    },
    write: write ?? ((value) => value),
  };
}

function wrong(node: YamlNode, at: Reading, expects: string, hint?: string): undefined {
  return at.fault(node, `${at.name} is ${described(node)}; ${expects} is needed.`, hint === undefined ? {} : { hint });
}

/** Text. A number, boolean or date must be quoted. */
export function text(options: { pattern?: RegExp; rule?: string } = {}): Shape<string> {
  const expects = "text";
  return scalarShape(expects, (node, at) => {
    if (node.type !== "string") return wrong(node, at, expects, `Put it in quotes: "${node.text}".`);
    if (options.pattern && !options.pattern.test(node.text))
      return at.fault(node, `${at.name} is ${described(node)}; ${options.rule ?? "Azure ML does not take it"}.`);
    return node.text;
  });
}

/** Text that may be a secret, which no fault quotes: a variable's. A number, boolean or date must be quoted. */
export const variableText: Shape<string> = scalarShape("text", (node, at) => {
  if (node.type === "string") return node.text;
  return at.fault(node, `${at.name} is ${describedKind(node)}; text is needed.`, { hint: "Put the value in quotes." });
});

/** Text that may be written as a number or boolean: it is taken as Python's str() would write it. */
export const looseText: Shape<string> = scalarShape("text", (node) => node.text);

/** A name that becomes a part of an address: it leads to the resource of that name and to no other (lib/segment.ts). */
export function nameText(options: { pattern?: RegExp; rule?: string } = {}): Shape<string> {
  const plain = text(options);
  return {
    ...plain,
    read: (node, at) => {
      const value = plain.read(node, at);
      return value === undefined ? undefined : asSegment(value, node, at);
    },
  };
}

/** Reports what cannot be a part of an address. */
export function asSegment(value: string, node: YamlNode, at: Reading): string | undefined {
  const fault = segmentFault(value);
  if (fault === undefined) return value;
  return at.fault(node, `${at.name} is ${described(node)}, which ${fault}.`, { hint: SEGMENT_RULE });
}

/** A version: text or a number; `1.0` stays "1.0". */
export const version: Shape<string> = scalarShape("a version", (node, at) => {
  if (node.type === "boolean" || node.type === "timestamp")
    return wrong(node, at, "a version", "Put the version in quotes.");
  return asSegment(node.text, node, at);
});

/** A whole number, or text that holds one. */
export function integer(options: { minimum?: number; maximum?: number } = {}): Shape<number> {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = options;
  const expects = "a whole number";
  return scalarShape(expects, (node, at) => {
    // Text is a whole number in digits alone: "1e2" and "5.0" are none, as Azure's client reads them.
    const isText = node.type === "string" && !/^\s*[-+]?\d[\d_]*\s*$/.test(node.text);
    const value = isText ? undefined : numberOf(node);
    if (value === undefined || !Number.isInteger(value)) return wrong(node, at, expects);
    if (value < minimum || value > maximum) {
      const bounds = Number.isFinite(maximum) ? `between ${minimum} and ${maximum}` : `of at least ${minimum}`;
      return wrong(node, at, `a whole number ${bounds}`);
    }
    return value;
  });
}

/** A number, or text that holds one. */
export const number: Shape<number> = scalarShape("a number", (node, at) => {
  const value = numberOf(node);
  return value === undefined ? wrong(node, at, "a number") : value;
});

function numberOf(node: ScalarNode): number | undefined {
  if (node.type === "integer" || node.type === "float") return node.value as number;
  if (node.type !== "string" || !/^\s*[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(node.text)) return undefined;
  return Number(node.text.replaceAll("_", ""));
}

const TRUTHY = /^(?:t|true|on|y|yes|1)$/i;
const FALSY = /^(?:f|false|off|n|no|0)$/i;

/** true or false, also as the text or number that Azure's client takes for one. */
export const boolean: Shape<boolean> = scalarShape("true or false", (node, at) => {
  if (node.type === "boolean") return node.value as boolean;
  if (TRUTHY.test(node.text)) return true;
  if (FALSY.test(node.text)) return false;
  return wrong(node, at, "true or false");
});

export interface EnumerationOptions {
  /** `lower`: case does not matter; `snake`: PascalCase and camelCase are the same as snake_case; `exact`: as it stands. */
  readonly fold?: "lower" | "snake" | "exact";
  /** The value in REST bodies. */
  readonly rest?: Readonly<Record<string, string>>;
}

/** One of a few words. */
export function enumeration<const V extends string>(values: readonly V[], options: EnumerationOptions = {}): Shape<V> {
  const fold = { lower: (word: string) => word.toLowerCase(), snake: snakeCase, exact: (word: string) => word }[
    options.fold ?? "lower"
  ];
  return {
    expects: values.length === 1 ? `"${values[0]}"` : `one of ${values.join(", ")}`,
    below: NOTHING_BELOW,
    read(node, at) {
      // YAML 1.1 reads an unquoted `off` or `yes` as a boolean; the word was meant.
      const word = node.kind === "scalar" && node.type !== "null" ? node.text : undefined;
      const value =
        word === undefined
          ? undefined
          : values.find((candidate) => fold(candidate) === fold(word) || matchesLower(candidate, word, options));
      if (value !== undefined) return value;
      if (word === undefined)
        return at.fault(node, `${at.name} is ${described(node)}; a word is needed.`, { allowed: values });
      return at.fault(node, `${at.name} is ${described(node)}.`, {
        allowed: values,
        nearest: nearestName(word, values),
      });
    },
    write: (value, to) => (to.style === "yaml" ? value : (options.rest?.[value] ?? value)),
  };
}

/**
 * The same words where none of them may be an expression, for the word is sent as another value (`low` as 1), which Azure ML does not make
 * of what the expression will be. Azure's client refuses it too.
 */
export function ownWord<V extends string>(words: Shape<V>): Shape<V> {
  return withOwnExpressions({
    ...words,
    read(node: YamlNode, at: Reading) {
      if (!at.expressions || node.kind !== "scalar" || !isExpression(node.value)) return words.read(node, at);
      return at.fault(node, `${at.name} is ${described(node)}; ${words.expects} is needed.`, {
        hint: "Write the word itself: Azure ML takes no expression here, because each word stands for another value.",
      });
    },
  });
}

/** PascalCase words of one name ("PyTorch") fold to two words in snake_case; without regard to case they are the same. */
function matchesLower(candidate: string, word: string, options: EnumerationOptions): boolean {
  return options.fold !== "exact" && candidate.toLowerCase() === word.toLowerCase();
}

/** A span of time, written as a whole number of seconds (or of `unit` seconds); REST has it as an ISO-8601 duration. */
export function duration(unit: 1 | 0.001 | 60 = 1): Shape<number> {
  const whole = integer();
  const name = unit === 1 ? "seconds" : unit === 60 ? "minutes" : "milliseconds";
  return {
    ...whole,
    expects: `a whole number of ${name}`,
    write: (value, to) => (to.style === "yaml" ? value : isoDuration(value * unit)),
  };
}

/** Seconds as an ISO-8601 duration: 5400 -> PT1H30M, 0.5 -> PT0.5S, 0 -> P0D. */
export function isoDuration(seconds: number): string {
  const micro = Math.round(Math.abs(seconds) * 1e6);
  const days = Math.floor(micro / 86_400e6);
  const hours = Math.floor((micro % 86_400e6) / 3_600e6);
  const minutes = Math.floor((micro % 3_600e6) / 60e6);
  const rest = (micro % 60e6) / 1e6;
  const time = `${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${rest ? `${Number(rest.toFixed(6))}S` : ""}`;
  const text = `${days ? `${days}D` : ""}${time ? `T${time}` : ""}`;
  return `${seconds < 0 && text ? "-" : ""}P${text || "0D"}`;
}

/** A plain value and the text that Python's str() makes of it, which is what Azure ML gets for literals. */
export interface Literal {
  readonly type: "string" | "integer" | "float" | "boolean";
  readonly value: string | number | boolean;
  readonly text: string;
}

/** An expression of a pipeline is its text here, so that whoever writes a literal writes the expression too. */
export const literal: Shape<Literal> = withOwnExpressions(
  scalarShape(
    "text, a number or a boolean",
    (node) => {
      if (node.type === "timestamp") return { type: "string", value: node.text, text: node.text };
      return { type: node.type as Literal["type"], value: node.value as Literal["value"], text: node.text };
    },
    (value) => value.text,
  ),
);

/** A literal as a parameter of a declared type takes it: a `number` holds floats, so 3 becomes "3.0". */
export function literalAs(value: Literal, type: string | undefined): string {
  if (type === "number" && value.type === "integer") return pythonFloat(value.value as number);
  return value.text;
}

/** Anything at all, as plain data. */
export const anything: Shape<unknown> = {
  expects: "a value",
  below: FREE_BELOW,
  read: (node) => plainValue(node),
  write: (value) => value,
};

/**
 * Variables as pipelines and their replacing steps write them: `$(key)`, `$[variables.key]`, `${KEY}`, `${{ variables['key'] }}`, `{{ key }}`,
 * `#{key}#`, `__KEY__`, `<password>`. A SAS token may begin with a question mark.
 */
const VARIABLE =
  /^\??(<[\w .-]+>|\$\([\w .-]+\)|\$\[[\w .'"[\]-]+\]|\$\{+[\w .'"[\]-]+\}+|\{\{[\w .-]+\}\}|#\{[\w .-]+\}#?|__\w+__)$/;

/** Words and rows of x or signs that stand for a secret in examples; they are not masked, for a log may hold them anywhere. */
const PLACEHOLDER =
  /^([^a-wyz0-9]*|changeme|(example|dummy|your|my|replace|some)([-_ ]?(api|access|account|admin|secret|user|key|pass|password|token|pat|value|here|me))*)$/i;

/** Refuses a variable by its form alone: a password may look like one. */
function unfilled(node: ScalarNode, at: Reading): DocumentFault {
  const [, opening = "", closing = ""] = /^\??([<$#{([_]+)(?:.*?)([^\w .-]*|__)$/.exec(node.text) ?? [];
  const escaped = `"\\x${node.text.charCodeAt(0).toString(16)}..."`;
  return new DocumentFault(
    `${at.name} is still a variable of the form ${opening}...${closing}, and no secret: nobody has filled it in.`,
    {
      errorCode: "AML1802",
      where: node.where,
      path: at.path,
      hint: `Azure Pipelines replaces no variables in files. Let a step before this one write the secret into the file, from a variable that it maps into its environment. A secret that looks like this is taken where it stands in double quotes and its first character is escaped: ${escaped}.`,
    },
  );
}

/** A key, password or token. It is noted, so that it can be kept out of logs, plans and records; no fault shows it. */
export const secretText: Shape<string> = {
  expects: "text",
  below: NOTHING_BELOW,
  read(node, at) {
    if (node.kind !== "scalar" || node.type === "null") return at.fault(node, `${at.name} is no text.`);
    if (VARIABLE.test(node.text) && !node.isEscaped) at.secrets.unfilled.push(unfilled(node, at));
    if (!PLACEHOLDER.test(node.text)) at.secrets.add(node.text);
    if (node.type !== "string") return at.fault(node, `${at.name} is no text.`, { hint: "Put the value in quotes." });
    return node.text;
  },
  write: (value) => value,
};
