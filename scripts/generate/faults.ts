// Validation of task.json, of each task and of all together.
import { faultsOfBindings } from "./bindings.ts";
import { formFaults } from "./forms.ts";
import { faultsOfServerTask } from "./server-task.ts";
import {
  defaultOf,
  isEditable,
  maximumOf,
  optionKeys,
  parseVisibleRule,
  runsOnAgent,
  type TaskFolder,
  type TaskInput,
} from "./task-json.ts";

/** Everything wrong with the tasks, as sentences; empty when nothing is. */
export function faultsOf(tasks: readonly TaskFolder[]): string[] {
  return [...tasks.flatMap(faultsOfTask), ...differences(tasks), ...repeated(tasks)];
}

const INPUT_TYPES = /^(string|multiLine|boolean|int|pickList|filePath|connectedService:[\w:,-]+)$/;

function faultsOfTask({ folder, json }: TaskFolder): string[] {
  const faults: string[] = [];
  const say = (sentence: string) => faults.push(`tasks/${folder}/contract.json: ${sentence}`);
  if (json.name !== `AzureML${folder}`) say(`name is ${json.name}, and must be AzureML${folder}.`);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(json.id)) say(`id ${json.id} is no lower-case GUID.`);
  if (json.friendlyName.length > 40) say(`friendlyName has ${json.friendlyName.length} characters; 40 are allowed.`);
  if (!json.instanceNameFormat) say("instanceNameFormat is missing.");
  if (runsOnAgent(json)) {
    for (const handlers of [json.execution, json.postjobexecution ?? {}] as Record<string, { target?: string }>[]) {
      const names = Object.keys(handlers);
      if (names.some((name) => name !== "Node20_1" && name !== "Node24"))
        say(`handlers are ${names}: only Node20_1 and Node24 are known.`);
      if (new Set(Object.values(handlers).map((handler) => handler.target)).size > 1)
        say("handlers name different targets.");
    }
  } else for (const fault of faultsOfServerTask(json)) say(fault);
  const groups = new Set((json.groups ?? []).map((group) => group.name));
  const names = new Set<string>();
  for (const input of json.inputs) {
    const here = `input ${input.name}`;
    if (names.has(input.name.toLowerCase())) say(`${here} is there twice.`);
    names.add(input.name.toLowerCase());
    if (!/^[a-z][A-Za-z0-9]*$/.test(input.name))
      say(`${here}: a name starts with a small letter and has letters and digits only.`);
    if (!INPUT_TYPES.test(input.type)) say(`${here}: type ${input.type} is not understood.`);
    if (!input.label) say(`${here} has no label.`);
    if (!input.helpMarkDown || input.helpMarkDown.length < 20) say(`${here} has no help.`);
    if (input.groupName !== undefined && !groups.has(input.groupName))
      say(`${here}: group ${input.groupName} does not exist.`);
    if (input.type.startsWith("connectedService:AzureRM") && input.properties?.["EndpointFilterRule"] !== "") {
      say(`${here}: without EndpointFilterRule "" connections with the scope of a workspace are hidden.`);
    }
    const maximum = maximumOf(input);
    if (maximum !== undefined && (input.type !== "int" || !Number.isInteger(maximum)))
      say(`${here}: Maximum is for whole numbers.`);
    const keys = optionKeys(input);
    const preset = defaultOf(input);
    if (keys && !isEditable(input) && preset !== undefined && !keys.includes(preset))
      say(`${here}: default ${preset} is no option.`);
    if (input.visibleRule !== undefined) {
      for (const [name, , value] of parseVisibleRule(input.visibleRule).flat()) {
        const other = json.inputs.find((one) => one.name === name);
        if (!other) say(`${here}: its visibleRule names ${name}, which is no input.`);
        else if (other.visibleRule !== undefined)
          say(`${here}: its visibleRule names ${name}, which has one of its own.`);
        // Azure DevOps' own words for it: such inputs "must belong to same group as they are dependent inputs" (docs/facts/extension.md#2.3).
        else if (other.groupName !== input.groupName)
          say(
            `${here}: its visibleRule names ${name}, which stands in the group ${other.groupName ?? "of main inputs"} and not in ${input.groupName ?? "that of main inputs"}.`,
          );
        else if (optionKeys(other)?.includes(value) === false)
          say(`${here}: its visibleRule compares ${name} with ${value}, which is no option.`);
      }
    }
  }
  for (const fault of formFaults(json)) say(fault);
  faultsOfBindings(json).forEach(say);
  for (const output of json.outputVariables ?? []) {
    if (!output.description) say(`output ${output.name} has no description.`);
  }
  return faults;
}

/** Inputs whose list depends on the task: a name of models or of data, an online or a batch endpoint. */
const BY_NOUN = new Set(["name", "version", "endpointName", "deploymentName"]);

/** Inputs of one name say the same in every task. Required, default, rule and group may differ. */
function differences(tasks: readonly TaskFolder[]): string[] {
  const seen = new Map<string, { folder: string; input: TaskInput }>();
  const lists = new Map<string, { folder: string; text: string }>();
  const faults: string[] = [];
  for (const { folder, json } of tasks) {
    for (const binding of json.dataSourceBindings ?? []) {
      const text = JSON.stringify(binding);
      const first = lists.get(binding.target);
      if (!first) lists.set(binding.target, { folder, text });
      else if (first.text !== text && !BY_NOUN.has(binding.target)) {
        faults.push(
          `tasks/${folder}/contract.json: the list of input ${binding.target} is another than in ${first.folder}.`,
        );
      }
    }
  }
  for (const { folder, json } of tasks) {
    for (const input of json.inputs) {
      // Who signs in with a connection, and by what, differs between agent and server.
      const place = input.type.startsWith("connectedService:") && !runsOnAgent(json) ? " on the server" : "";
      const first = seen.get(input.name + place);
      if (!first) seen.set(input.name + place, { folder, input });
      else {
        for (const key of ["label", "type", "helpMarkDown"] as const) {
          if (first.input[key] !== input[key]) {
            faults.push(
              `tasks/${folder}/contract.json: input ${input.name} has another ${key} than in ${first.folder}.`,
            );
          }
        }
      }
    }
  }
  return faults;
}

function repeated(tasks: readonly TaskFolder[]): string[] {
  const seen = new Map<string, string>();
  return tasks.flatMap(({ folder, json }) => {
    const first = seen.get(json.id);
    seen.set(json.id, folder);
    return first === undefined ? [] : [`tasks/${folder}/contract.json: id ${json.id} is ${first}'s.`];
  });
}
