// Types of task.json, and its reader.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Condition } from "../../lib/agent/inputs.ts";

export interface TaskInput {
  name: string;
  aliases?: string[];
  type: string;
  label: string;
  helpMarkDown?: string;
  required?: boolean;
  defaultValue?: string | boolean;
  options?: Record<string, string>;
  visibleRule?: string;
  groupName?: string;
  properties?: Record<string, string>;
}

/** A list that editors show beside an input (docs/facts/extension.md#2.4). */
export interface DataSourceBinding {
  target: string;
  endpointId: string;
  endpointUrl: string;
  /** `{{{name}}}` of the templates, from other inputs: `$(input)`. */
  parameters?: Record<string, string>;
  resultSelector: string;
  resultTemplate?: string;
  initialContextTemplate?: string;
  callbackRequiredTemplate?: string;
  callbackContextTemplate?: string;
}

export interface TaskJson {
  id: string;
  name: string;
  friendlyName: string;
  description: string;
  helpMarkDown?: string;
  helpUrl?: string;
  category: string;
  visibility: string[];
  runsOn: string[];
  author: string;
  version: { Major: number; Minor: number; Patch: number };
  minimumAgentVersion?: string;
  instanceNameFormat?: string;
  groups?: { name: string; displayName: string; isExpanded?: boolean }[];
  inputs: TaskInput[];
  dataSourceBindings?: DataSourceBinding[];
  outputVariables?: { name: string; description: string }[];
  execution: Record<string, unknown>;
  postjobexecution?: Record<string, { target: string }>;
}

export interface TaskFolder {
  readonly folder: string;
  readonly json: TaskJson;
}

/** Every folder below `root`/tasks that has a task.json, in alphabetical order. */
export function readTasks(root: string): TaskFolder[] {
  return readdirSync(join(root, "tasks"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .flatMap((folder) => {
      let text: string;
      try {
        text = readFileSync(join(root, "tasks", folder, "task.json"), "utf8");
      } catch {
        return [];
      }
      return [{ folder, json: JSON.parse(text) as TaskJson }];
    });
}

/** Runs on an agent, so that it has a contract and a bundle; the others run on the server. */
export const runsOnAgent = (task: TaskJson): boolean => "Node20_1" in task.execution;

/** The anchor of a group of inputs on a task's page. */
export const groupAnchor = (group: string | undefined): string => (group === undefined ? "inputs" : `group-${group}`);

/** The keys of a pick list, or undefined where another type of input is, or a list that is only filled in the editor. */
export const optionKeys = (input: TaskInput): string[] | undefined =>
  (input.type === "pickList" || input.type === "radio") && !isPicker(input)
    ? Object.keys(input.options ?? {})
    : undefined;

/** `properties` are for editors, who leave alone what they do not know: the largest number that an input may be. */
export function maximumOf(input: TaskInput): number | undefined {
  const text = input.properties?.["Maximum"];
  return text === undefined ? undefined : Number(text);
}

export const isEditable = (input: TaskInput): boolean => /^true$/i.test(input.properties?.["EditableOptions"] ?? "");

/** A text that the editor helps to find by a list from Azure. For the task, and for pipelines, it is a text. */
export const isPicker = (input: TaskInput): boolean =>
  input.type === "pickList" && isEditable(input) && input.options === undefined;

export const defaultOf = (input: TaskInput): string | undefined =>
  input.defaultValue === undefined || input.defaultValue === "" ? undefined : String(input.defaultValue);

/** `a = v && b != w || c == x` as an or of ands. The agent ignores visible rules (docs/facts/agent.md#1.6): our reader does not. */
export function parseVisibleRule(rule: string): Condition[][] {
  return rule.split("||").map((group) =>
    group.split("&&").map((text): Condition => {
      const match = /^\s*(\w+)\s*(==|!=|=)\s*(.*?)\s*$/.exec(text);
      if (!match) throw new Error(`visibleRule "${rule}": only =, ==, !=, && and || are understood.`);
      return [match[1] ?? "", match[2] === "!=" ? "!=" : "=", match[3] ?? ""];
    }),
  );
}
