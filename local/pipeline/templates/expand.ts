// Expands the nodes of one file in one scope: `${{ }}` in texts, if, elseif, else, each and insert in lists and mappings.
import { isMap, isScalar, isSeq, type Node, Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { toBoolean, toText, type Value } from "../../expressions/evaluate.ts";
import { Version } from "../../expressions/expression.ts";
import type { Place } from "../../text/places.ts";
import type { SourceReader } from "../language/reader.ts";
import { type Context, VARIABLES } from "./context.ts";
import { Nodes } from "./nodes.ts";
import type { TemplateScope } from "./scope.ts";
import { type Directive, directiveOf, hasExpression, piecesOf, soleExpression, UnclosedExpression } from "./text.ts";

/** Whether a branch of the if before was taken; absent where no if stands before. */
interface Chain {
  taken?: boolean;
}

type Pairs = Pair<unknown, unknown>[];

export class Expander {
  readonly reader: SourceReader;
  readonly nodes: Nodes;
  /** The nodes of the template that an item of a list includes. */
  readonly include: (item: YAMLMap, context: Context, scope: TemplateScope) => unknown[];

  constructor(reader: SourceReader, include: (expander: Expander) => Expander["include"]) {
    this.reader = reader;
    this.nodes = new Nodes(reader);
    this.include = include(this);
  }

  node(node: unknown, context: Context, scope: TemplateScope): unknown {
    if (isMap(node)) return this.mapping(node, context, scope);
    if (isSeq(node)) return this.nodes.list(this.list(node, context, scope), this.reader.place(node));
    return isScalar(node) ? this.#scalar(node, scope) : node;
  }

  mapping(node: YAMLMap, context: Context, scope: TemplateScope): YAMLMap {
    return this.nodes.mapping(this.pairs(node, context, scope), this.reader.place(node));
  }

  /** The members of a mapping, those of its branches, loops and insertions among them. */
  pairs(node: YAMLMap, context: Context, outer: TemplateScope): Pairs {
    const scope = context.definesVariables ? outer.inner() : outer;
    const early = context.definesVariables ? this.#variables(node, context, scope) : undefined;
    const result: Pairs = [];
    const add = (pair: Pair<unknown, unknown>) => {
      const name = this.nodes.textOf(pair.key);
      if (result.some(({ key }) => this.nodes.textOf(key) === name))
        this.reader.fault(this.reader.place(pair.key), `'${name}' is already defined.`);
      else result.push(pair);
    };
    const merge = (value: unknown, inner: TemplateScope, what: string) => {
      const found = isMap(value) ? this.pairs(value, { ...context, definesVariables: false }, inner) : undefined;
      const handed = found ?? this.#handedPairs(value, inner);
      if (handed) handed.forEach(add);
      else this.reader.fault(this.reader.place(value), `${what} stands in a mapping, so that it must hold a mapping.`);
    };
    const chain: Chain = {};
    for (const { key, value } of node.items) {
      const directive = this.#directive(key);
      if (!directive) {
        delete chain.taken;
        const name = this.#scalar(key, scope);
        const text = this.nodes.textOf(name);
        const child = text === "variables" && early !== undefined ? early : undefined;
        add(new Pair(name, child ?? this.node(value, context.child(text), scope)));
        if (context === VARIABLES) this.#define(scope, text, result.at(-1)!.value);
        continue;
      }
      this.#follow(directive, key, chain, scope, (inner) => merge(value, inner, this.nodes.textOf(key)));
      if (context === VARIABLES)
        for (const pair of result) this.#define(scope, this.nodes.textOf(pair.key), pair.value);
    }
    return result;
  }

  /** The items of a list, those of its branches, loops, insertions and templates among them. */
  list(node: YAMLSeq, context: Context, scope: TemplateScope): unknown[] {
    const result: unknown[] = [];
    const chain: Chain = {};
    for (const item of node.items) this.#item(item, context, scope, chain, result);
    return result;
  }

  #item(item: unknown, context: Context, scope: TemplateScope, chain: Chain, result: unknown[]): void {
    if (isScalar(item)) {
      delete chain.taken;
      const expression = this.#sole(item);
      if (expression === undefined) result.push(this.#scalar(item, scope));
      else this.#splice(scope.evaluate(this.reader, expression, this.reader.place(item)), item, result);
      return;
    }
    if (!isMap(item)) {
      delete chain.taken;
      result.push(this.node(item, context.item, scope));
      return;
    }
    const directives = item.items.map(({ key }) => this.#directive(key));
    if (item.items.length > 0 && directives.every((one) => one !== undefined)) {
      for (const [index, { key, value }] of item.items.entries()) {
        this.#follow(directives[index]!, key, chain, scope, (inner) => this.#branch(value, context, inner, result));
      }
      return;
    }
    delete chain.taken;
    if (context.includes !== undefined && item.has("template")) {
      const included = this.include(item, context, scope);
      result.push(...included);
    } else result.push(this.mapping(item, context.item, scope));
    if (context === VARIABLES) this.#defineItem(result.at(-1), scope);
  }

  /** The body of if, each or insert in a list: a list that becomes part of it, or one item. */
  #branch(value: unknown, context: Context, scope: TemplateScope, result: unknown[]): void {
    if (isSeq(value)) result.push(...this.list(value, context, scope));
    else if (!(isScalar(value) && value.value === null) && value !== null)
      this.#item(value, context, scope, {}, result);
  }

  #splice(value: Value | undefined, item: unknown, result: unknown[]): void {
    if (value === undefined || value === null) return;
    const node = this.nodes.nodeOf(value, this.reader.place(item));
    if (isSeq(node)) result.push(...node.items);
    else result.push(node);
  }

  /** Runs `then` as often as the directive says, in the scope that it makes. */
  #follow(
    directive: Directive,
    key: unknown,
    chain: Chain,
    scope: TemplateScope,
    then: (scope: TemplateScope) => void,
  ): void {
    const place = this.reader.place(key);
    if (directive.kind === "if") chain.taken = false;
    if (directive.kind === "elseif" || directive.kind === "else") {
      if (chain.taken === undefined) {
        this.reader.fault(place, `\${{ ${directive.kind} }} needs an \${{ if }} right before it.`);
        return;
      }
    } else if (directive.kind !== "if") delete chain.taken;
    switch (directive.kind) {
      case "if":
      case "elseif": {
        if (chain.taken) return;
        const value = scope.evaluate(this.reader, directive.expression, place);
        // A condition that cannot be evaluated is already reported: its branch is skipped.
        chain.taken = value === undefined || toBoolean(value);
        if (value !== undefined && chain.taken) then(scope);
        return;
      }
      case "else":
        if (!chain.taken) then(scope);
        delete chain.taken;
        return;
      case "insert":
        then(scope);
        return;
      case "each": {
        const value = scope.evaluate(this.reader, directive.expression, place);
        for (const one of this.#elements(value, place))
          then(scope.with({ locals: { ...scope.locals, [directive.name]: one } }));
      }
    }
  }

  #elements(value: Value | undefined, place: Place): readonly Value[] {
    if (value === undefined || value === null || value === "") return [];
    if (Array.isArray(value)) return value;
    if (typeof value === "object" && !(value instanceof Version))
      return Object.entries(value).map(([key, inner]) => ({ key, value: inner as Value }));
    this.reader.fault(place, `\${{ each }} needs a list or a mapping, not '${toText(value)}'.`);
    return [];
  }

  /** The members of a mapping that an expression hands on; undefined where it is none. */
  #handedPairs(value: unknown, scope: TemplateScope): Pairs | undefined {
    if (value === null || (isScalar(value) && value.value === null)) return [];
    const expression = isScalar(value) ? this.#sole(value) : undefined;
    if (expression === undefined) return undefined;
    const found = scope.evaluate(this.reader, expression, this.reader.place(value));
    // Said already, where it has no value.
    if (found === undefined || found === null) return [];
    const node = this.nodes.nodeOf(found, this.reader.place(value));
    return isMap(node) ? (node.items as Pairs) : undefined;
  }

  #variables(node: YAMLMap, context: Context, scope: TemplateScope): unknown {
    const value = node.has("variables") ? node.get("variables", true) : undefined;
    return value === undefined ? undefined : this.node(value, context.child("variables"), scope);
  }

  #defineItem(item: unknown, scope: TemplateScope): void {
    if (!isMap(item) || !item.has("name")) return;
    this.#define(scope, this.nodes.textOf(item.get("name", true)), item.get("value", true));
  }

  #define(scope: TemplateScope, name: string, value: unknown): void {
    const known = Object.keys(scope.variables).find((one) => one.toLowerCase() === name.toLowerCase());
    scope.variables[known ?? name] = this.nodes.textOf(value);
  }

  #directive(key: unknown): Directive | undefined {
    const text = isScalar(key) ? String(key.value) : "";
    if (!hasExpression(text)) return undefined;
    return this.#closed(() => directiveOf(text));
  }

  #sole(scalar: unknown): string | undefined {
    return this.#closed(() => soleExpression(this.nodes.textOf(scalar)));
  }

  #closed<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UnclosedExpression)) throw error;
      return undefined;
    }
  }

  /** A text with its expressions replaced; one that is nothing but an expression becomes whatever that is. */
  #scalar(node: unknown, scope: TemplateScope): unknown {
    const text = this.nodes.textOf(node);
    if (!hasExpression(text)) return node;
    const place = this.reader.place(node);
    try {
      const sole = soleExpression(text);
      if (sole !== undefined) {
        const value = scope.evaluate(this.reader, sole, place);
        return this.nodes.nodeOf(value === undefined ? "" : value, place) as Node;
      }
      const parts = piecesOf(text).map((piece) => {
        if (piece.kind === "text") return piece.text;
        const value = scope.evaluate(this.reader, piece.text, place);
        if (typeof value === "object" && value !== null && !(value instanceof Version))
          this.reader.fault(place, `\${{${piece.text}}} is a list or a mapping, and stands inside a text.`);
        return value === undefined ? "" : toText(value);
      });
      return this.nodes.text(parts.join(""), place);
    } catch (error) {
      if (!(error instanceof UnclosedExpression)) throw error;
      this.reader.fault(place, error.message);
      return node;
    }
  }
}
