// dataSourceBindings of task.json: the lists that editors show beside an input. Azure DevOps checks none of this before a user looks.
import { type DataSourceBinding, isPicker, type TaskJson } from "./task-json.ts";

const PAGING = ["initialContextTemplate", "callbackRequiredTemplate", "callbackContextTemplate"] as const;

/** Faults of a task's lists, as sentences. */
export function faultsOfBindings(json: TaskJson): string[] {
  const faults: string[] = [];
  const inputs = new Map(json.inputs.map((input) => [input.name, input]));
  const bindings = json.dataSourceBindings ?? [];
  for (const input of json.inputs.filter(isPicker)) {
    const lists = bindings.filter(({ target }) => target === input.name).length;
    if (lists !== 1) faults.push(`input ${input.name} is an open pick list and has ${lists} data source bindings.`);
  }
  for (const binding of bindings) {
    const say = (sentence: string) => faults.push(`the list of input ${binding.target} ${sentence}`);
    const target = inputs.get(binding.target);
    if (target === undefined) say("belongs to no input.");
    else if (!isPicker(target)) say("needs a pickList with EditableOptions: the list may be unavailable.");
    const connection = inputs.get(/^\$\((\w+)\)$/.exec(binding.endpointId)?.[1] ?? "");
    if (!connection?.type.startsWith("connectedService:")) say(`has endpointId ${binding.endpointId}, no connection.`);
    // Other hosts are trusted by nobody (docs/facts/extension.md#5.2).
    if (!binding.endpointUrl.startsWith("{{{endpoint.url}}}")) say("does not ask the connection's own host.");
    for (const [name, value] of Object.entries(binding.parameters ?? {})) {
      if (!inputs.has(/^\$\((\w+)\)$/.exec(value)?.[1] ?? "")) say(`has parameter ${name} of ${value}, no input.`);
    }
    const context = contextOf(binding);
    const known = new Set([...Object.keys(binding.parameters ?? {}), ...context]);
    for (const name of namesIn(binding.endpointUrl))
      if (!known.has(name)) say(`asks for ${name}, which no parameter gives.`);
    const paging = PAGING.filter((key) => binding[key] !== undefined).length;
    if (paging !== PAGING.length) say("does not page: Azure cuts long lists.");
    else
      for (const name of context)
        if (!namesIn(binding.endpointUrl).has(name)) say(`never sends ${name} for another page.`);
    for (const key of ["endpointUrl", "resultTemplate"] as const) {
      // Two braces would write a slash as an entity (docs/facts/extension.md#9, trap 15).
      if (/(?<!\{)\{\{(?![{#/]|else\b)/.test(binding[key] ?? ""))
        say(`has a value in two braces in its ${key}: use three.`);
    }
  }
  return faults;
}

/** The names that the first page's context brings. */
function contextOf(binding: DataSourceBinding): string[] {
  try {
    return Object.keys(JSON.parse(binding.initialContextTemplate ?? "{}"));
  } catch {
    return [];
  }
}

/** Names that a template reads, other than the connection's own. */
function namesIn(template: string): Set<string> {
  const found = [...template.matchAll(/\{\{\{?(?:#if )?([A-Za-z][\w.]*)\}?\}\}/g)].map((match) => match[1] ?? "");
  return new Set(found.filter((name) => name !== "else" && !name.startsWith("endpoint.")));
}
