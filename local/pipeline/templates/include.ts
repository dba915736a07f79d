// Templates of the same repository: found by path, given their parameters, put where they are included or extended.
import path from "node:path/posix";
import { isMap, isScalar, isSeq, Pair, type YAMLMap } from "yaml";
import type { Place } from "../../text/places.ts";
import type { SourceReader } from "../language/reader.ts";
import { ARGUMENTS, BODIES, type Context, PLAIN, ROOT, VARIABLES } from "./context.ts";
import { Expander } from "./expand.ts";
import { bindParameters, type Given, readParameters } from "./parameters.ts";
import type { TemplateScope } from "./scope.ts";
import { hasExpression } from "./text.ts";

/** Text of a file of the repository, by its path from the root; undefined where there is none. */
export type TemplateFiles = (path: string) => string | undefined;

/** Limits of Azure Pipelines (process/templates, "Imposed limits"). */
const MOST_FILES = 100;
const DEEPEST = 20;

/** Keys that Azure Pipelines reads before any template: no expression is replaced in them. */
const LITERAL = ["trigger", "pr", "schedules", "resources", "parameters"];
const BODY_KEYS = ["stages", "jobs", "steps"] as const;

interface Template {
  readonly file: string;
  readonly root: YAMLMap;
  readonly scope: TemplateScope;
}

export class Templates {
  readonly #reader: SourceReader;
  readonly #files: TemplateFiles;
  readonly expander: Expander;
  readonly #roots = new Map<string, YAMLMap | undefined>();

  constructor(reader: SourceReader, files: TemplateFiles) {
    this.#reader = reader;
    this.#files = files;
    this.expander = new Expander(reader, () => (item, context, scope) => this.#include(item, context, scope));
  }

  /** A pipeline, or a template that one extends, with everything replaced and `extends` followed. */
  root(node: YAMLMap, scope: TemplateScope): Pair<unknown, unknown>[] {
    const literal = node.items.filter(({ key }) => LITERAL.includes(this.#text(key)));
    for (const { key, value } of literal) this.#refuseExpressions(value, this.#text(key));
    const open = this.expander.nodes.mapping(
      node.items
        .filter((pair) => !literal.includes(pair) && this.#text(pair.key) !== "extends")
        .map(({ key, value }) => new Pair(key, value)),
      this.#reader.place(node),
    );
    const inner = scope.inner();
    // `variables:` first, so that all other keys know them.
    const variables = open.items.find(({ key }) => this.#text(key) === "variables");
    if (variables) variables.value = this.expander.node(variables.value, VARIABLES, inner);
    const pairs = [...literal, ...this.expander.pairs(open, { ...ROOT, definesVariables: false }, inner)];
    if (!node.has("extends")) return pairs;
    const body = BODY_KEYS.find((key) => node.has(key));
    if (body)
      this.#reader.fault(
        this.#reader.place(node.get(body, true)),
        `What extends a template has no ${body} of its own.`,
      );
    return merge(pairs, this.#extend(node, inner), (one, other) => this.#join(one, other));
  }

  #extend(node: YAMLMap, scope: TemplateScope): Pair<unknown, unknown>[] {
    const item = this.expander.reader.mapping(node.get("extends", true), "extends")?.node;
    if (!item) return [];
    const template = this.#open(item, scope, [...BODY_KEYS, "extends", "resources", "variables"]);
    if (!template) return [];
    const { root } = template;
    const bodies = [...BODY_KEYS, "extends"].filter((key) => root.has(key));
    if (bodies.length !== 1)
      this.#reader.fault(
        this.#reader.place(root),
        bodies.length === 0
          ? "A template that a pipeline extends needs stages, jobs or steps."
          : `A template has either ${bodies.join(" or ")}.`,
      );
    const pairs = this.root(root, template.scope);
    return pairs.filter(({ key }) => this.#text(key) !== "parameters");
  }

  /** The items that `- template: PATH` stands for. */
  #include(item: YAMLMap, context: Context, scope: TemplateScope): unknown[] {
    const what = context.includes!;
    const template = this.#open(item, scope, [what]);
    if (!template) return [];
    const body = template.root.get(what, true);
    if (body === undefined) {
      this.#reader.fault(
        this.#reader.place(item),
        `The template ${template.file} is included among ${what}, and has no ${what}.`,
      );
      return [];
    }
    const node = this.expander.node(body, BODIES[what], template.scope);
    if (isSeq(node)) return node.items;
    if (what === "variables" && isMap(node)) return this.#asList(node);
    if (isScalar(node) && node.value === null) return [];
    this.#reader.fault(this.#reader.place(body), `${what} must be a list.`);
    return [];
  }

  /** The file that `template:` names, and the scope of its own: its parameters with the values that are given here. */
  #open(item: YAMLMap, scope: TemplateScope, keys: readonly string[]): Template | undefined {
    const { nodes } = this.expander;
    const place = this.#reader.place(item);
    const mapping = this.#reader.mapping(item, "a template reference");
    const name = nodes.textOf(this.expander.node(mapping?.take("template"), PLAIN, scope));
    const values = mapping?.take("parameters");
    mapping?.finish();
    const namePlace = this.#reader.place(item.get("template", true));
    const file = this.#resolve(name, scope.file, namePlace);
    const root = file === undefined ? undefined : this.#load(file, namePlace);
    if (file === undefined || !root) return undefined;
    if (scope.depth + 1 > DEEPEST) {
      this.#reader.fault(place, `Templates are nested more than ${DEEPEST} deep here: ${file} includes itself.`);
      return undefined;
    }
    for (const { key } of root.items) {
      const text = this.#text(key);
      if ([...keys, "parameters"].includes(text)) continue;
      this.#reader.fault(
        this.#reader.place(key),
        text === "trigger"
          ? "A trigger in a template is not built in the local pipeline: the pipeline itself has it."
          : `'${text}' is no key of this template, which is to hold ${keys.join(", ")}.`,
      );
    }
    const declared = readParameters(this.#reader, nodes, root.get("parameters", true), "template");
    const given = this.#given(values, declared, scope);
    const parameters = bindParameters(this.#reader, nodes, declared, given, {
      unknown: (one) => `The template ${file} has no parameter '${one}'`,
      place,
    });
    const { variables } = scope;
    return { file, root, scope: scope.with({ file, depth: scope.depth + 1, parameters, variables, locals: {} }) };
  }

  /** Arguments, replaced in the scope of the file that gives them. */
  #given(values: unknown, declared: readonly { name: string; type: string }[], scope: TemplateScope): Given[] {
    if (values === undefined || values === null || (isScalar(values) && values.value === null)) return [];
    const mapping = this.#reader.mapping(values, "parameters");
    if (!mapping) return [];
    const typeOf = (name: string) => declared.find((one) => one.name.toLowerCase() === name.toLowerCase())?.type ?? "";
    const context: Context = { ...PLAIN, child: (name) => ARGUMENTS[typeOf(name)] ?? PLAIN, item: PLAIN };
    return this.expander.pairs(mapping.node, context, scope).map(({ key, value }) => ({
      name: this.#text(key),
      place: this.#reader.place(value ?? key),
      node: value,
    }));
  }

  #resolve(name: string, from: string, place: Place): string | undefined {
    const [, file = "", repository] = /^(.*?)(?:@([^@/]*))?$/s.exec(name) ?? [];
    if (repository !== undefined && repository !== "self") {
      this.#reader.fault(
        place,
        `The template '${file}' lies in the repository '${repository}': other repositories are not built in the local pipeline.`,
      );
      return undefined;
    }
    if (file === "") {
      this.#reader.fault(place, "template needs the path of a YAML file.");
      return undefined;
    }
    // A path that begins with a slash starts at the root of the repository, any other one beside the file that names it.
    const resolved = path.normalize(file.startsWith("/") ? file.slice(1) : path.join(path.dirname(from), file));
    if (!resolved.startsWith("../")) return resolved;
    this.#reader.fault(place, `The template '${name}' lies outside the repository.`);
    return undefined;
  }

  #load(file: string, place: Place): YAMLMap | undefined {
    if (this.#roots.has(file)) return this.#roots.get(file);
    if (this.#roots.size >= MOST_FILES) {
      this.#reader.fault(place, `A pipeline has at most ${MOST_FILES} template files.`);
      return undefined;
    }
    const text = this.#files(file);
    if (text === undefined) this.#reader.fault(place, `File /${file} was not found in the repository.`);
    const contents = text === undefined ? undefined : this.#reader.parse(file, text);
    const root = isMap(contents) ? contents : undefined;
    if (contents !== undefined && !root)
      this.#reader.fault({ file, line: 1, column: 1 }, "A template is a mapping of parameters and what it brings.");
    this.#roots.set(file, root);
    return root;
  }

  #refuseExpressions(node: unknown, key: string): void {
    if (isMap(node))
      for (const pair of node.items) for (const one of [pair.key, pair.value]) this.#refuseExpressions(one, key);
    else if (isSeq(node)) for (const one of node.items) this.#refuseExpressions(one, key);
    // Those of parameters say more where they are read.
    else if (key !== "parameters" && hasExpression(this.#text(node)))
      this.#reader.fault(this.#reader.place(node), `Azure Pipelines replaces no template expressions in ${key}.`);
  }

  /** `resources` and `variables` of a pipeline and of the template that it extends. */
  #join(own: Pair<unknown, unknown>, other: Pair<unknown, unknown>): Pair<unknown, unknown> {
    const key = this.#text(own.key);
    const place = this.#reader.place(own.value);
    if (key === "variables") {
      const items = [own.value, other.value].flatMap((one) =>
        isMap(one) ? this.#asList(one) : isSeq(one) ? one.items : [],
      );
      return new Pair(own.key, this.expander.nodes.list(items, place));
    }
    if (key === "resources" && isMap(own.value) && isMap(other.value)) {
      const pairs = merge([...own.value.items], [...other.value.items], (one, two) => {
        const items = [one.value, two.value].flatMap((list) => (isSeq(list) ? list.items : []));
        return new Pair(one.key, this.expander.nodes.list(items, place));
      });
      return new Pair(own.key, this.expander.nodes.mapping(pairs, place));
    }
    this.#reader.fault(
      this.#reader.place(other.key),
      `'${key}' stands in the pipeline and in the template that it extends.`,
    );
    return own;
  }

  /** `{a: b}` as `[{name: a, value: b}]`. */
  #asList(node: YAMLMap): unknown[] {
    const { nodes } = this.expander;
    return node.items.map(({ key, value }) => {
      const place = this.#reader.place(key);
      return nodes.mapping(
        [new Pair(nodes.text("name", place), key), new Pair(nodes.text("value", place), value)],
        place,
      );
    });
  }

  #text(node: unknown): string {
    return this.expander.nodes.textOf(node);
  }
}

function merge(
  own: Pair<unknown, unknown>[],
  others: Pair<unknown, unknown>[],
  join: (own: Pair<unknown, unknown>, other: Pair<unknown, unknown>) => Pair<unknown, unknown>,
): Pair<unknown, unknown>[] {
  const name = ({ key }: Pair<unknown, unknown>) => (isScalar(key) ? String(key.value) : "");
  const result = [...own];
  for (const other of others) {
    const at = result.findIndex((pair) => name(pair) === name(other));
    if (at < 0) result.push(other);
    else result[at] = join(result[at]!, other);
  }
  return result;
}
