// The expression language of Azure Pipelines: text -> tree. No maintained package evaluates it, so the parser is our own; evaluating is in evaluate.ts.

export type Expression =
  | { readonly kind: "literal"; readonly value: null | boolean | number | string | Version; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "index"; readonly target: Expression; readonly key: Expression | "*"; readonly at: number }
  | { readonly kind: "call"; readonly name: string; readonly parameters: readonly Expression[]; readonly at: number };

/** A version literal such as 1.2.3. */
export class Version {
  readonly parts: readonly number[];
  constructor(parts: readonly number[]) {
    this.parts = parts;
  }
  static parse(text: string): Version | undefined {
    return /^\d+(\.\d+){1,3}$/.test(text) ? new Version(text.split(".").map(Number)) : undefined;
  }
  toString(): string {
    return this.parts.join(".");
  }
  compare(other: Version): number {
    for (let n = 0; n < 4; n++) {
      const difference = (this.parts[n] ?? -1) - (other.parts[n] ?? -1);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

/** An expression that cannot be read; `at` counts characters of the expression from 0. */
export class ExpressionError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.name = "ExpressionError";
    this.at = at;
  }
}

interface Token {
  readonly kind: "string" | "number" | "word" | "symbol" | "end";
  readonly text: string;
  readonly value?: number | string | Version;
  readonly at: number;
}

/** Reads one expression. Throws ExpressionError with the position of what is wrong. */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  let next = 0;
  const peek = () => tokens[next]!;
  const take = () => tokens[next++]!;
  const expect = (symbol: string) => {
    const token = take();
    if (token.text !== symbol || token.kind !== "symbol") throw unexpected(token, `'${symbol}' was expected`);
  };

  const parsePrimary = (): Expression => {
    const token = take();
    if (token.kind === "string" || token.kind === "number")
      return { kind: "literal", value: token.value!, at: token.at };
    if (token.kind !== "word") throw unexpected(token, "a value or a function was expected");
    if (peek().kind === "symbol" && peek().text === "(") return parseCall(token);
    const literal = { true: true, false: false, null: null }[token.text.toLowerCase()];
    if (literal !== undefined) return { kind: "literal", value: literal, at: token.at };
    return { kind: "name", name: token.text, at: token.at };
  };

  const parseCall = (name: Token): Expression => {
    expect("(");
    const parameters: Expression[] = [];
    if (peek().text === ")" && peek().kind === "symbol") {
      take();
      return { kind: "call", name: name.text, parameters, at: name.at };
    }
    for (;;) {
      parameters.push(parse());
      const token = take();
      if (token.kind === "symbol" && token.text === ")")
        return { kind: "call", name: name.text, parameters, at: name.at };
      if (token.kind !== "symbol" || token.text !== ",") throw unexpected(token, "',' or ')' was expected");
    }
  };

  const parse = (): Expression => {
    let result = parsePrimary();
    for (;;) {
      const token = peek();
      if (token.kind !== "symbol" || (token.text !== "." && token.text !== "[")) return result;
      take();
      if (token.text === ".") {
        const name = take();
        if (name.kind === "symbol" && name.text === "*")
          result = { kind: "index", target: result, key: "*", at: name.at };
        else if (name.kind === "word") {
          result = {
            kind: "index",
            target: result,
            key: { kind: "literal", value: name.text, at: name.at },
            at: name.at,
          };
        } else throw unexpected(name, "a name was expected");
      } else if (peek().kind === "symbol" && peek().text === "*") {
        const star = take();
        expect("]");
        result = { kind: "index", target: result, key: "*", at: star.at };
      } else {
        const key = parse();
        expect("]");
        result = { kind: "index", target: result, key, at: key.at };
      }
    }
  };

  if (peek().kind === "end") throw new ExpressionError("The expression is empty.", 0);
  const result = parse();
  const rest = take();
  if (rest.kind !== "end") throw unexpected(rest, "the expression should end here");
  return result;
}

function unexpected(token: Token, wanted: string): ExpressionError {
  const what = token.kind === "end" ? "The expression ends too early" : `Unexpected symbol: '${token.text}'`;
  return new ExpressionError(
    `${what}; ${wanted}. Located at position ${token.at + 1} within the expression.`,
    token.at,
  );
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    const string = /^'((?:[^']|'')*)'/.exec(rest);
    const isAfterDot = tokens.at(-1)?.kind === "symbol" && tokens.at(-1)?.text === ".";
    const number = isAfterDot ? null : /^-?\d+(?:\.\d+)*/.exec(rest);
    const word = /^[A-Za-z_][A-Za-z0-9_-]*/.exec(rest);
    if (string) tokens.push({ kind: "string", text: string[0], value: string[1]!.replaceAll("''", "'"), at });
    else if (number) {
      const value = number[0].split(".").length > 2 ? Version.parse(number[0]) : Number(number[0]);
      if (value === undefined) throw new ExpressionError(`'${number[0]}' is neither a number nor a version.`, at);
      tokens.push({ kind: "number", text: number[0], value, at });
    } else if (word) tokens.push({ kind: "word", text: word[0], at });
    else if (/^[()[\],.*]/.test(rest)) tokens.push({ kind: "symbol", text: rest[0]!, at });
    else if (rest.startsWith("'"))
      throw new ExpressionError(`A string that begins at position ${at + 1} does not end.`, at);
    else
      throw new ExpressionError(
        `Unexpected symbol: '${rest[0]}'. Located at position ${at + 1} within the expression.`,
        at,
      );
    at += tokens.at(-1)!.text.length;
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

/** Every node of a tree. */
export function* nodesOf(expression: Expression): Generator<Expression> {
  yield expression;
  if (expression.kind === "index") {
    yield* nodesOf(expression.target);
    if (expression.key !== "*") yield* nodesOf(expression.key);
  } else if (expression.kind === "call") for (const parameter of expression.parameters) yield* nodesOf(parameter);
}
