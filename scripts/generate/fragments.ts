// tasks/<Name>/contract.json expanded to task.json: what several tasks share stands once, in tasks/shared.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataSourceBinding, TaskFolder, TaskInput, TaskJson } from "./task-json.ts";

type Json = Record<string, unknown>;

/** `{ "shared": "name", ... }`: the fragment of that name, with the rest laid over it as a JSON merge patch (RFC 7396): null takes a member away. */
interface Patch extends Json {
  readonly shared?: string;
}

/** An input of contract.json: a shared one by its name, a shared one with changes, or one of the task's own. */
type InputSource = string | (Patch & { readonly list?: string });

/** The parts of task.json that a task writes itself. Members of task.json that are not here come from the frame. */
export interface ContractSource extends Patch {
  readonly inputs: readonly InputSource[];
}

export interface Fragments {
  /** tasks/shared/agent.json, tasks/shared/server.json: what all tasks that run there have. */
  readonly frames: Readonly<Record<string, Json>>;
  /** tasks/shared/inputs.json. `list` names the list that editors show beside the input. */
  readonly inputs: Readonly<Record<string, Json>>;
  /** tasks/shared/lists.json: data source bindings without their target. */
  readonly lists: Readonly<Record<string, Json>>;
}

export function readFragments(root: string): Fragments {
  const read = (name: string) => JSON.parse(readFileSync(join(root, "tasks", "shared", `${name}.json`), "utf8"));
  return { frames: { agent: read("agent"), server: read("server") }, inputs: read("inputs"), lists: read("lists") };
}

/** Every task as its contract.json says, in alphabetical order. @throws Error that names a fragment that is not there */
export function expandTasks(root: string): TaskFolder[] {
  const fragments = readFragments(root);
  return readdirSync(join(root, "tasks"))
    .sort()
    .map((folder) => ({ folder, file: join(root, "tasks", folder, "contract.json") }))
    .filter(({ file }) => existsSync(file))
    .map(({ folder, file }) => {
      try {
        return { folder, json: expand(JSON.parse(readFileSync(file, "utf8")), fragments) };
      } catch (error) {
        throw new Error(`tasks/${folder}/contract.json: ${(error as Error).message}`);
      }
    });
}

/** The task.json that a contract.json stands for. @throws Error that names a fragment that is not there */
export function expand(source: ContractSource, { frames, inputs, lists }: Fragments): TaskJson {
  const { inputs: own, ...task } = source;
  const expanded = own.map((one) => patched(typeof one === "string" ? { shared: one } : one, inputs, "inputs.json"));
  const bindings = expanded.flatMap(({ name, list }) =>
    list === undefined ? [] : [{ target: name, ...fragment(lists, String(list), "lists.json") }],
  ) as DataSourceBinding[];
  return ordered(
    {
      ...patched(task, frames, "agent.json and server.json"),
      inputs: expanded.map(({ list: _list, ...input }) => ordered(input, INPUT_KEYS)) as unknown as TaskInput[],
      ...(bindings.length === 0 ? {} : { dataSourceBindings: bindings }),
    },
    TASK_KEYS,
  ) as unknown as TaskJson;
}

function patched({ shared, ...own }: Patch, from: Readonly<Record<string, Json>>, where: string): Json {
  const base = shared === undefined ? {} : fragment(from, shared, where);
  return merged(base, own);
}

function merged(base: Json, patch: Json): Json {
  const result: Json = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isObject(value)) result[key] = merged(isObject(result[key]) ? result[key] : {}, value);
    else result[key] = value;
  }
  return result;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function fragment(from: Readonly<Record<string, Json>>, name: string, where: string): Json {
  const found = from[name];
  if (found === undefined)
    throw new Error(`nothing in tasks/shared is called ${name} (${where} has ${Object.keys(from).join(", ")}).`);
  return found;
}

/** In the order in which Microsoft's own tasks have them; others follow. */
const TASK_KEYS = [
  ...["$schema", "id", "name", "friendlyName", "description", "helpMarkDown", "category", "visibility", "runsOn"],
  ...["author", "version", "minimumAgentVersion", "instanceNameFormat", "groups", "inputs", "dataSourceBindings"],
  ...["outputVariables", "execution", "postjobexecution"],
];
const INPUT_KEYS = [
  ...["name", "aliases", "type", "label", "required", "defaultValue", "visibleRule", "groupName", "helpMarkDown"],
  ...["options", "properties"],
];

function ordered(value: Json, keys: readonly string[]): Json {
  const rest = Object.keys(value).filter((key) => !keys.includes(key));
  return Object.fromEntries([...keys, ...rest].filter((key) => key in value).map((key) => [key, value[key]]));
}
