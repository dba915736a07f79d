// Substitution in a server task's request: `$(input)`, `$(system.X)`, `$(endpoint.url)`, mustache, TaskInputs[…].
import { expandMacros } from "../../agent/macros.ts";
import { evaluate, toText } from "../../expressions/evaluate.ts";
import { parseExpression } from "../../expressions/expression.ts";
import { render, TemplateError } from "../outbound/templates.ts";
import type { Connection } from "../state/connections.ts";
import type { ServerTaskManifest } from "./manifest.ts";

/** Values for substitution in a server task, by names in any case. */
export class TaskValues {
  private readonly inputs = new Map<string, { readonly name: string; readonly value: string }>();
  private readonly outputs = new Map<string, { readonly name: string; readonly value: string }>();
  private readonly variable: (name: string) => string | undefined;

  /**
   * @param given inputs of the step by name; declared defaults stand where nothing is given, and `$(variable)` is expanded
   * @param variable the variables of the job, `system.*` among them
   */
  constructor(
    manifest: ServerTaskManifest,
    given: Readonly<Record<string, string>>,
    variable: (name: string) => string | undefined,
  ) {
    this.variable = variable;
    for (const { name, defaultValue } of manifest.inputs ?? []) this.setInput(name, String(defaultValue ?? ""));
    for (const [name, value] of Object.entries(given)) this.setInput(name, value);
  }

  private setInput(name: string, value: string): void {
    const key = name.trim().toLowerCase();
    const known = this.inputs.get(key)?.name ?? name.trim();
    this.inputs.set(key, { name: known, value: expandMacros(value.trim(), this.variable) });
  }

  input(name: string): string | undefined {
    return this.inputs.get(name.toLowerCase())?.value;
  }

  allInputs(): Record<string, string> {
    return Object.fromEntries([...this.inputs.values()].map(({ name, value }) => [name, value]));
  }

  /** Variables that earlier sections and evaluations left stand before those of the job. */
  variableOf(name: string): string | undefined {
    return this.outputs.get(name.toLowerCase())?.value ?? this.variable(name);
  }

  keep(name: string, value: string): void {
    this.outputs.set(name.toLowerCase(), { name, value });
  }

  /** The values passed to `keep`, the latest of each name. */
  outputsSoFar(): (readonly [name: string, value: string])[] {
    return [...this.outputs.values()].map(({ name, value }) => [name, value] as const);
  }
}

/** Parts of a connection's authorization that requests may show; keys and passwords are not among them. */
const OPEN_PARAMETERS = new Set(["serviceprincipalid", "tenantid", "username"]);

/** Parts of a connection that requests may use: its URL, its data, and the open parts of its authorization. */
function shownOf(connection: Connection | undefined): Record<string, string> {
  if (connection === undefined) return {};
  const parameters = Object.entries(connection.authorization.parameters).filter(([key]) =>
    OPEN_PARAMETERS.has(key.toLowerCase()),
  );
  return { ...Object.fromEntries(parameters), ...connection.data, url: connection.url, id: connection.id };
}

/**
 * Fills a text in: `$(…)` first, so that `{{#equals '$(filter)' 'none' 1}}` compares the value, then mustache over inputs
 * and the endpoint's data. A `$(endpoint.…)` that the connection does not have is an error, also in a branch that mustache
 * would leave out: the server's own words (microsoft/azure-pipelines-tasks#7891, of TFS 2018). Any other `$(…)` that nobody
 * knows stays as it is.
 * @throws TemplateError
 */
export function fillIn(text: string, values: TaskValues, connection: Connection | undefined): string {
  const shown = shownOf(connection);
  const expanded = expandMacros(text, (name) => {
    const endpoint = /^endpoint\.(.+)$/i.exec(name)?.[1];
    if (endpoint === undefined) return values.input(name) ?? values.variableOf(name);
    const known = Object.entries(shown).find(([key]) => key.toLowerCase() === endpoint.toLowerCase());
    if (known === undefined && connection !== undefined)
      throw new TemplateError(`Variable with name ${endpoint} could not be found for the given endpoint.`);
    return known?.[1];
  });
  if (!expanded.includes("{{")) return expanded;
  return render(expanded, { ...shown, ...values.allInputs(), endpoint: shown });
}

/** The id of the endpoint that a request names: `$(input)`, or `TaskInputs[TaskInputs['selector']]`. Empty where it names none. */
export function endpointId(text: string, values: TaskValues): string {
  if (!/^\s*TaskInputs\s*\[/i.test(text))
    return expandMacros(text, (name) => values.input(name) ?? values.variableOf(name));
  const inputs = (key: string) => values.input(key) ?? null;
  return toText(evaluate(parseExpression(text), { names: { TaskInputs: inputs }, functions: {} }));
}
