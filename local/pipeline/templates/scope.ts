// The scope of `${{ }}` at one place of one file, and its evaluation there.
import { checkExpression, evaluate, type Scope, toText, type Value } from "../../expressions/evaluate.ts";
import { type Expression, ExpressionError, nodesOf, parseExpression } from "../../expressions/expression.ts";
import { nearestName } from "../../text/nearest-name.ts";
import type { Place } from "../../text/places.ts";
import type { SourceReader } from "../language/reader.ts";

export class TemplateScope {
  /** Path of the file that is being read: templates that it names lie beside it. */
  readonly file: string;
  /** Templates around this one. */
  readonly depth: number;
  readonly parameters: Readonly<Record<string, Value>>;
  /** Grows while a `variables:` block is read; shared by the scopes of that block. */
  readonly variables: Record<string, Value>;
  /** The variables of `each`. */
  readonly locals: Readonly<Record<string, Value>>;

  constructor(scope: Pick<TemplateScope, "file" | "depth" | "parameters" | "variables" | "locals">) {
    this.file = scope.file;
    this.depth = scope.depth;
    this.parameters = scope.parameters;
    this.variables = scope.variables;
    this.locals = scope.locals;
  }

  with(change: Partial<Pick<TemplateScope, "file" | "depth" | "parameters" | "variables" | "locals">>): TemplateScope {
    return new TemplateScope({ ...this, ...change });
  }

  /** For a stage or a job: what it defines is not seen outside. */
  inner(): TemplateScope {
    return this.with({ variables: { ...this.variables } });
  }

  /** The value of an expression; undefined with a fault where it has none. */
  evaluate(reader: SourceReader, text: string, place: Place): Value | undefined {
    const names: Scope["names"] = { ...this.locals, parameters: this.parameters, variables: this.variables };
    const scope: Scope = { names, functions: {} };
    try {
      const expression = parseExpression(text);
      checkExpression(expression, Object.keys(names), []);
      this.#checkParameters(expression, scope);
      return evaluate(expression, scope);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      reader.fault(place, `\${{${text}}} cannot be evaluated: ${error.message}`);
      return undefined;
    }
  }

  /** A parameter that is not there is null on the real server, in silence; here it is refused. */
  #checkParameters(expression: Expression, scope: Scope): void {
    const known = Object.keys(this.parameters);
    for (const node of nodesOf(expression)) {
      if (node.kind !== "index" || node.target.kind !== "name" || !/^parameters$/i.test(node.target.name)) continue;
      if (node.key === "*") continue;
      const key = toText(evaluate(node.key, scope));
      if (known.some((name) => name.toLowerCase() === key.toLowerCase())) continue;
      const nearest = nearestName(key, known);
      const hint = nearest === undefined ? "." : `; did you mean '${nearest}'?`;
      throw new ExpressionError(`There is no parameter '${key}'${hint}`, node.at);
    }
  }
}
