// The editor's side of a pick list: a binding of task.json and what stands in the other inputs become requests to the proxy, page after page.
import type { ProxyRequest, ProxyResult } from "./proxy.ts";

/** A dataSourceBinding of task.json (docs/facts/extension.md#2.4). */
export interface Binding {
  readonly target: string;
  readonly endpointId: string;
  readonly dataSourceName?: string;
  readonly endpointUrl?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly resultSelector?: string;
  readonly resultTemplate?: string;
  readonly initialContextTemplate?: string;
  readonly callbackContextTemplate?: string;
  readonly callbackRequiredTemplate?: string;
}

interface Choice {
  readonly Value: string;
  readonly DisplayValue: string;
}

export interface Choices {
  readonly choices: readonly Choice[];
  readonly pages: number;
  /** There was more than editors ask for. */
  readonly isCut: boolean;
}

/** Further pages that an editor asks for (docs/facts/extension.md#2.4). */
const MOST_CALLBACKS = 5;

/**
 * Fills a pick list.
 * @param inputs what stands in the other inputs; connections by their id
 * @param post sends one request to `serviceendpoint/endpointproxy`
 * @throws Error with the proxy's message, or where a result is no choice
 */
export async function fillPickList(
  binding: Binding,
  inputs: Readonly<Record<string, string>>,
  post: (request: ProxyRequest, endpointId: string) => Promise<Partial<ProxyResult>>,
): Promise<Choices> {
  const filled = (text: string) => text.replace(/\$\((\w+)\)/g, (_whole, name: string) => inputs[name] ?? "");
  const endpointId = filled(binding.endpointId);
  const given = Object.entries(binding.parameters ?? {}).map(([name, value]) => [name, filled(value)]);
  let parameters: Record<string, string> = Object.fromEntries(given);
  const choices: Choice[] = [];
  for (let pages = 1; ; pages++) {
    const answer = await post(requestOf(binding, parameters, filled), endpointId);
    if (answer.errorMessage) throw new Error(answer.errorMessage);
    choices.push(...(answer.result ?? []).map(choiceOf));
    if (answer.callbackRequired !== true) return { choices, pages, isCut: false };
    if (pages > MOST_CALLBACKS) return { choices, pages, isCut: true };
    parameters = { ...parameters, ...answer.callbackContextParameters };
  }
}

function requestOf(
  binding: Binding,
  parameters: Record<string, string>,
  filled: (text: string) => string,
): ProxyRequest {
  const { dataSourceName, endpointUrl, resultSelector, initialContextTemplate } = binding;
  const { resultTemplate, callbackContextTemplate, callbackRequiredTemplate } = binding;
  const details = { dataSourceName, resultSelector, initialContextTemplate };
  const transform = { resultTemplate, callbackContextTemplate, callbackRequiredTemplate };
  return {
    dataSourceDetails: {
      ...definedOf(details),
      ...(endpointUrl === undefined ? {} : { dataSourceUrl: filled(endpointUrl) }),
      parameters,
    },
    resultTransformationDetails: definedOf(transform),
  };
}

const definedOf = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** A text is its own name; anything else has to be a choice. */
function choiceOf(text: string): Choice {
  if (!text.trim().startsWith("{")) return { Value: text, DisplayValue: text };
  const { Value, DisplayValue } = JSON.parse(text) as Partial<Choice>;
  if (typeof Value !== "string" || typeof DisplayValue !== "string") throw new Error(`No choice: ${text}`);
  return { Value, DisplayValue };
}
