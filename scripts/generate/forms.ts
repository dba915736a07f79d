// Faults of a task's form in the classic editor: names of steps that end in nothing, labels and choices that are no words, options for
// experts among the main inputs.
// Tests: test/scripts/forms.test.ts
import { defaultOf, type TaskInput, type TaskJson } from "./task-json.ts";

/** The collapsed group of inputs that most people never need. */
const ADVANCED = "advanced";
/** Inputs that stand there in every task, unless they are what the task is about (a clean-up plans by default). */
const FOR_EXPERTS = new Set(["plan", "allowedFolders"]);

/** Everything wrong with the form, as sentences. */
export function formFaults(task: TaskJson): string[] {
  const groups = (task.groups ?? []).flatMap(({ name, displayName, isExpanded }) => [
    ...capitalised(`group ${name}`, displayName),
    ...(name === ADVANCED && isExpanded !== false ? [`group ${name} must be collapsed.`] : []),
    ...(task.inputs.some(({ groupName }) => groupName === name) ? [] : [`group ${name} has no input.`]),
  ]);
  return [...stepName(task), ...groups, ...task.inputs.flatMap(inputFaults)];
}

/** The editor fills a step's name from inputs: one that may be empty or hidden leaves "Deploy endpoint ". */
function stepName({ instanceNameFormat = "", inputs }: TaskJson): string[] {
  return [...instanceNameFormat.matchAll(/\$\((\w+)\)/g)].flatMap(([, name]) => {
    const input = inputs.find((one) => one.name === name);
    if (input === undefined) return [`instanceNameFormat names ${name}, which is no input.`];
    const isSure = input.visibleRule === undefined && (input.required === true || defaultOf(input) !== undefined);
    return isSure ? [] : [`instanceNameFormat names ${name}, which may be empty or hidden.`];
  });
}

function inputFaults(input: TaskInput): string[] {
  const { name, label, options = {}, groupName } = input;
  const here = `input ${name}`;
  const choices = Object.entries(options).flatMap(([key, text]) => [
    ...capitalised(`${here}, option ${key}`, text),
    ...(text === key && /[a-z][A-Z_]|_/.test(key) ? [`${here}: the option ${key} is no words.`] : []),
  ]);
  const isExposed = FOR_EXPERTS.has(name) && defaultOf(input) !== "true" && groupName !== ADVANCED;
  return [
    ...capitalised(here, label),
    ...choices,
    ...(isExposed ? [`${here} stands in the group ${groupName ?? "of main inputs"}, and not in ${ADVANCED}.`] : []),
  ];
}

const capitalised = (what: string, text: string): string[] =>
  /^\p{Ll}/u.test(text) ? [`${what}: ${JSON.stringify(text)} does not begin with a capital letter.`] : [];
