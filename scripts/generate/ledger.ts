// tasks/ledger.json: the names that are published, on which pipelines rely. A release writes it; it shrinks only with a new major
// version of a task. Until its first release a task may change at will.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { outputField } from "./contract.ts";
import { formatJson } from "./json.ts";
import { isEditable, isPicker, optionKeys, type TaskFolder, type TaskInput, type TaskJson } from "./task-json.ts";

interface Published {
  id: string;
  major: number;
  /** By name: the type, or the keys of a pick list. */
  inputs: Record<string, string | string[]>;
  required: string[];
  /** By name: the type. */
  outputs: Record<string, string>;
}
export type Ledger = Record<string, Published>;

/** Where the ledger lies in a project. */
export const LEDGER = "tasks/ledger.json";

/** The published names; empty before the first release. */
export function readLedger(root: string): Ledger {
  const file = join(root, LEDGER);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Ledger) : {};
}

/** The ledger at a release of these tasks. */
export function ledgerFile(tasks: readonly TaskFolder[]): string {
  return formatJson(Object.fromEntries(tasks.map(({ json }) => [json.name, published(json)])));
}

/** Breaking changes against the published names, as sentences. */
export function broken(ledger: Ledger, tasks: readonly TaskFolder[]): string[] {
  const faults: string[] = [];
  for (const [name, before] of Object.entries(ledger)) {
    const task = tasks.find(({ json }) => json.name === name);
    if (!task) {
      faults.push(`Task ${name} is published and gone: mark it deprecated instead.`);
      continue;
    }
    const now = published(task.json);
    const say = (sentence: string) => faults.push(`tasks/${task.folder}/contract.json: ${sentence}`);
    if (now.id !== before.id) say(`id is published as ${before.id}, and never changes.`);
    if (now.major < before.major) say(`version ${now.major} is lower than the published ${before.major}.`);
    if (now.major > before.major) continue;
    for (const [input, kind] of Object.entries(before.inputs)) {
      const other = now.inputs[input];
      const lost = Array.isArray(kind) && Array.isArray(other) ? kind.filter((key) => !other.includes(key)) : [];
      if (other === undefined) say(`input ${input} is published and gone.${REMEDY}`);
      else if (lost.length > 0) say(`input ${input} no longer takes ${lost.join(", ")}.${REMEDY}`);
      else if (!accepts(other, kind)) say(`input ${input} is published as ${kind} and is now ${other}.${REMEDY}`);
    }
    for (const input of now.required.filter((one) => !before.required.includes(one))) {
      const word =
        input in before.inputs ? "was optional and is now required" : "is new, required and without a default";
      say(`input ${input} ${word}.${REMEDY}`);
    }
    for (const [output, kind] of Object.entries(before.outputs)) {
      const other = now.outputs[output];
      if (other === undefined) say(`output ${output} is published and gone.${REMEDY}`);
      else if (other !== kind) say(`output ${output} is published as ${kind} and is now ${other}.${REMEDY}`);
    }
  }
  return faults;
}

const REMEDY = " Put it back, or raise the task's major version.";

/** Texts take what any of the narrower types took, and a connection of a type what the type narrowed by schemes took. */
const accepts = (now: string | string[], before: string | string[]): boolean =>
  String(now) === String(before) ||
  (/^connectedService:[^:]+$/.test(String(now)) && String(before).startsWith(`${now}:`)) ||
  (Array.isArray(now) && Array.isArray(before)) ||
  now === "string" ||
  now === "multiLine";

function published(json: TaskJson): Published {
  const needed = json.inputs.filter(
    (input) => input.required && (input.defaultValue ?? "") === "" && !input.visibleRule,
  );
  return {
    id: json.id,
    major: json.version.Major,
    inputs: Object.fromEntries(json.inputs.map((input) => [input.name, kindOf(input)])),
    required: needed.map((input) => input.name),
    outputs: Object.fromEntries((json.outputVariables ?? []).map((output) => [output.name, outputField(output).type])),
  };
}

/** A list that only the editor fills is a text to every pipeline. */
function kindOf(input: TaskInput): string | string[] {
  if (isPicker(input)) return "string";
  return (isEditable(input) ? undefined : optionKeys(input)) ?? input.type;
}
