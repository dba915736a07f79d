// A packaged task: its task.json, the handler that the agent would choose, and its copy below <work>/_tasks (docs/facts/agent.md#1.1, #1.3).
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import path from "node:path";

export type Stage = "prejob" | "execution" | "postjob";

export interface TaskInput {
  readonly name: string;
  readonly type: string;
  readonly aliases?: readonly string[];
  readonly defaultValue?: string | boolean | number;
  readonly required?: boolean | string;
  readonly visibleRule?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Handler {
  readonly target: string;
  readonly workingDirectory?: string;
}

/** The part of task.json that the agent reads. */
export interface TaskManifest {
  readonly id: string;
  readonly name: string;
  readonly friendlyName?: string;
  readonly description?: string;
  readonly author?: string;
  readonly helpMarkDown?: string;
  readonly helpUrl?: string;
  readonly version: {
    readonly Major: number | string;
    readonly Minor: number | string;
    readonly Patch: number | string;
  };
  readonly runsOn?: readonly string[];
  readonly inputs?: readonly TaskInput[];
  readonly outputVariables?: readonly { readonly name: string }[];
  readonly restrictions?: {
    readonly commands?: { readonly mode?: string };
    readonly settableVariables?: { readonly allowed?: readonly string[] };
  };
  readonly prejobexecution?: Readonly<Record<string, Handler>>;
  readonly execution?: Readonly<Record<string, Handler>>;
  readonly postjobexecution?: Readonly<Record<string, Handler>>;
}

export interface TaskFolder {
  /** Where the packaged task lies. */
  readonly folder: string;
  readonly manifest: TaskManifest;
  /** major.minor.patch */
  readonly version: string;
}

export type NodeHandlerName = "Node24" | "Node20_1" | "Node16" | "Node10" | "Node";

/** Node handlers that the agent knows, best first. `Node20` without `_1` is not among them. */
const HANDLER_ORDER: readonly NodeHandlerName[] = ["Node24", "Node20_1", "Node16", "Node10", "Node"];

const STAGE_KEYS: Readonly<Record<Stage, string>> = {
  prejob: "prejobexecution",
  execution: "execution",
  postjob: "postjobexecution",
};

/** Reads `<folder>/task.json`. Throws an Error that names the file where it is missing or not JSON. */
export function readTaskFolder(folder: string): TaskFolder {
  const file = path.join(folder, "task.json");
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new Error(`No packaged task in ${folder}: ${file} cannot be read (${(error as Error).message}).`);
  }
  const manifest = withKnownKeys(raw) as unknown as TaskManifest;
  const { Major, Minor, Patch } = manifest.version;
  return { folder: path.resolve(folder), manifest, version: `${Major}.${Minor}.${Patch}` };
}

/** The agent's reader takes property names in any case. */
function withKnownKeys(raw: Record<string, unknown>): Record<string, unknown> {
  const known = ["id", "name", "friendlyName", "description", "author", "helpMarkDown", "helpUrl", "version", "runsOn"];
  known.push("inputs", "outputVariables", "restrictions", ...Object.values(STAGE_KEYS));
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    result[known.find((name) => name.toLowerCase() === key.toLowerCase()) ?? key] = value;
  }
  return result;
}

/** The handler of a stage, or undefined where the task has none for it (then the stage does not exist). Throws where it has only handlers that this system cannot run. */
export function chooseHandler(
  manifest: TaskManifest,
  stage: Stage,
): { readonly name: NodeHandlerName; readonly handler: Handler } | undefined {
  const handlers = manifest[STAGE_KEYS[stage] as "execution"];
  if (!handlers || Object.keys(handlers).length === 0) return undefined;
  for (const name of HANDLER_ORDER) {
    const key = Object.keys(handlers).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    const handler = key === undefined ? undefined : handlers[key];
    if (handler?.target) return { name, handler };
  }
  throw new Error(
    "The current operating system is not capable of running this task. That typically means the task was written for Windows only. For example, written for Windows Desktop PowerShell.",
  );
}

/** Brings a file or folder to a place that is free. Links are followed: a package holds files, never links. */
type Bring = (from: string, to: string) => void;

export const copy: Bring = (from, to) => cpSync(from, to, { recursive: true, dereference: true });

/** Hard links, which cost a twentieth of copies on a file system with a journal; copies where it refuses links. */
export const link: Bring = (from, to) => {
  if (statSync(from).isDirectory()) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) link(path.join(from, name), path.join(to, name));
    return;
  }
  try {
    linkSync(realpathSync(from), to);
  } catch (error) {
    // Another file system, one without links, one that is full of them, or a file of somebody else's.
    if (!["EXDEV", "ENOTSUP", "EPERM", "EMLINK"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    copy(from, to);
  }
};

/** Copies a packaged task to `<work>/_tasks/<Name>_<guid>/<version>`, so that nothing beside it can be reached; returns that folder. */
export function installTask(
  task: TaskFolder,
  workFolder: string,
  files?: readonly string[],
  bring: Bring = copy,
): string {
  const target = path.join(
    workFolder,
    "_tasks",
    `${task.manifest.name}_${task.manifest.id.toLowerCase()}`,
    task.version.replaceAll("+", "_"),
  );
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const file of files ?? packagedFiles(task)) {
    const from = path.join(task.folder, file);
    if (!existsSync(from)) continue;
    mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
    bring(from, path.join(target, file));
  }
  return target;
}

/** The content of a package: task.json, icon.png, and for each target its folder, or the file alone where it lies beside task.json. */
function packagedFiles(task: TaskFolder): string[] {
  const files = new Set(["task.json", "icon.png"]);
  for (const stage of Object.values(STAGE_KEYS)) {
    for (const handler of Object.values(task.manifest[stage as "execution"] ?? {})) {
      if (typeof handler?.target !== "string") continue;
      const folder = path.dirname(path.normalize(handler.target));
      files.add(folder === "." ? handler.target : folder.split(path.sep)[0]!);
    }
  }
  return [...files];
}
