// The language in which a document kind is declared: a shape says what may stand somewhere, reads it (gathering every fault), knows which
// paths lie below it (for overrides), and writes it into a REST body. Kinds are declared with it, not programmed.
// Tests: test/lib/documents/random.test.ts
import type { SourceLocation } from "../../errors.ts";
import { type DocumentPath, Faults, formatPath } from "./faults.ts";
import type { NamedThing, Unplaced } from "./named.ts";
import type { Resolver } from "./resolver.ts";
import type { Secrets } from "./secrets.ts";
import type { GivenInput, SourceFile, YamlNode } from "./source.ts";
import type { UploadRoot } from "./upload-folders.ts";

/** The shapes below a shape, for finding valid paths. */
export type Below =
  | { readonly kind: "nothing" }
  /** Anything may stand below: its fields are not Azure ML's to declare. */
  | { readonly kind: "free" }
  | {
      readonly kind: "fields";
      readonly fields: Readonly<Record<string, { readonly shape: Shape<unknown>; readonly presence?: string }>>;
    }
  | { readonly kind: "values"; readonly shape: Shape<unknown>; readonly declared: boolean }
  | { readonly kind: "items"; readonly shape: Shape<unknown> }
  | { readonly kind: "either"; readonly shapes: readonly Shape<unknown>[] };

export interface Shape<T> {
  /** The allowed values, for a fault: "a whole number", "a mapping". */
  readonly expects: string;
  readonly below: Below;
  /** Reads a node; reports faults through `at` and answers undefined where there was one. */
  read(node: YamlNode, at: Reading): T | undefined;
  /** The value in the REST body. */
  write(value: T, to: Writing): unknown;
}

/** The document type that a shape reads. */
export type Infer<S> = S extends Shape<infer T> ? T : never;

export const NOTHING_BELOW: Below = { kind: "nothing" };
export const FREE_BELOW: Below = { kind: "free" };

/** `${{ ... }}`: an expression that Azure ML evaluates; it is sent as it stands. */
export type Expression = `\${{${string}}}`;

export function isExpression(text: unknown): text is Expression {
  return typeof text === "string" && /^\s*\$\{\{[^{}]*\}\}\s*$/.test(text);
}

/** A place in the document while it is read: where faults go, and what relative paths start from. */
export class Reading {
  readonly faults: Faults;
  readonly path: DocumentPath;
  readonly folder: string;
  readonly root: UploadRoot | undefined;
  readonly absentData: boolean;
  /** Collects the secrets of the document. */
  readonly secrets: Secrets;
  /** Inside a pipeline's node any value may be a `${{...}}` expression. */
  readonly expressions: boolean;
  /** Collects the document's references to existing resources. */
  readonly names: NamedThing[];
  /** Files that are being included, outermost first: a file may not include itself. */
  readonly files: readonly string[];
  /** Fields at the document's top that inputs of the task gave. */
  readonly inputs: Readonly<Record<string, GivenInput>>;

  constructor(
    file: Pick<SourceFile, "folder" | "root" | "absentData" | "secrets">,
    more: {
      faults?: Faults;
      path?: DocumentPath;
      expressions?: boolean;
      files?: readonly string[];
      names?: NamedThing[];
      inputs?: Readonly<Record<string, GivenInput>> | undefined;
    } = {},
  ) {
    this.folder = file.folder;
    this.root = file.root;
    this.absentData = file.absentData ?? false;
    this.secrets = file.secrets;
    this.faults = more.faults ?? new Faults();
    this.path = more.path ?? [];
    this.expressions = more.expressions ?? false;
    this.files = more.files ?? [];
    this.names = more.names ?? [];
    this.inputs = more.inputs ?? {};
  }

  /** One step down in the same file. */
  step(name: string | number): Reading {
    return new Reading(this, { ...this, path: [...this.path, name] });
  }

  /** The same place, with expressions allowed or not. */
  withExpressions(expressions: boolean): Reading {
    return new Reading(this, { ...this, expressions });
  }

  /** The same place, for a value that another file holds. */
  inside(folder: string, file: string): Reading {
    return new Reading(
      { folder, root: this.root, absentData: this.absentData, secrets: this.secrets },
      { ...this, files: [...this.files, file] },
    );
  }

  /** The same place, gathering faults elsewhere: for trying a shape. */
  trial(): Reading {
    return new Reading(this, { ...this, faults: new Faults(), names: [] });
  }

  /** Notes what a node names. */
  note(node: YamlNode, thing: Unplaced): void {
    const { where } = node;
    const input = where.input === undefined ? {} : { input: where.input };
    this.names.push({ ...thing, where, path: this.path, ...input } as NamedThing);
  }

  /** The document path, quoted for a sentence; "the document" at its top, and `Input model` for what an input gave. */
  get name(): string {
    if (this.path.length === 0) return "the document";
    const given = this.path.length === 1 ? this.inputs[String(this.path[0])] : undefined;
    return given === undefined ? `"${formatPath(this.path)}"` : `Input ${given.input}`;
  }

  fault(
    place: { readonly where: SourceLocation },
    sentence: string,
    details: { allowed?: readonly string[]; nearest?: string | undefined; hint?: string } = {},
  ): undefined {
    this.faults.add(sentence, { where: place.where, path: this.path, ...details });
    return undefined;
  }
}

/**
 * How a body is written. `camel`: a REST resource. `snake`: a node of a pipeline job, which has REST values under snake_case keys.
 * `yaml`: a component's spec, which is the YAML itself with its references resolved.
 */
type BodyStyle = "camel" | "snake" | "yaml";

export interface Writing {
  readonly resolver: Resolver;
  readonly style: BodyStyle;
}

/** Reads a node with a shape, letting `${{...}}` through where expressions are allowed. */
export function readNode<T>(shape: Shape<T>, node: YamlNode, at: Reading): T | undefined {
  // The expression stands for a value of the shape's type, which only Azure ML will know. It stands for no mapping: a component, an
  // environment or resources are needed before the pipeline runs.
  if (at.expressions && node.kind === "scalar" && isExpression(node.value) && isValue(shape)) return node.value as T;
  return shape.read(node, at);
}

function isValue(shape: Shape<unknown>): boolean {
  return !readsExpressions(shape) && ["nothing", "free", "items"].includes(shape.below.kind);
}

/** Writes a value with a shape; an expression is written as it stands. */
export async function writeValue<T>(shape: Shape<T>, value: T, to: Writing): Promise<unknown> {
  if (isExpression(value) && !readsExpressions(shape)) return value;
  return await shape.write(value, to);
}

const OWN_EXPRESSIONS = new WeakSet<object>();

/** Marks a shape that treats `${{...}}` itself (an input's value, for one). */
export function withOwnExpressions<S extends object>(shape: S): S {
  OWN_EXPRESSIONS.add(shape);
  return shape;
}

function readsExpressions(shape: object): boolean {
  return OWN_EXPRESSIONS.has(shape);
}

/** A node's type, for "but it is ...". */
export function described(node: YamlNode): string {
  if (node.kind === "map") return "a mapping";
  if (node.kind === "list") return "a list";
  if (node.type === "null") return "empty";
  if (node.type === "boolean") return `the boolean ${String(node.value)}`;
  if (node.type === "timestamp") return `the date ${node.text}`;
  if (node.type === "string") return `the text ${JSON.stringify(shortened(node.text))}`;
  return `the number ${node.text}`;
}

/** The same where fields or names belong: a text there (`A=b`, a key) may be a secret and is not quoted. */
export const describedKind = (node: YamlNode): string =>
  node.kind !== "scalar" || node.type === "null"
    ? described(node)
    : node.type === "string"
      ? "a text"
      : `a ${WORD[node.type]}`;

const WORD = { boolean: "boolean", timestamp: "date", integer: "number", float: "number" } as const;

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** snake_case -> camelCase. */
export function camelCase(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** camelCase or PascalCase -> snake_case. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}
