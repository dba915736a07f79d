// Checks before anything starts: which pipelines can be run here, what runs otherwise than in Azure DevOps, and which
// connections and workspaces they name.
import { isMap, isSeq, parseDocument } from "yaml";
import type { ServiceConnection } from "../../connections.ts";
import { type PipelineDefinition, PipelineError, type RunReason, readPipeline } from "../../pipeline/index.ts";
import { isAgentless, type PipelineDocument } from "../../pipeline/language/document.ts";
import { type AskedConnection, askedConnections } from "../../pipeline/running/asked-connections.ts";
import { bindTasks } from "../../pipeline/running/bind-tasks.ts";
import { git } from "../../pipeline/running/plugins.ts";
import { filesOfCommit } from "../../pipeline/templates/index.ts";
import { type Fault, type Place, sayFault } from "../../text/places.ts";
import type { Settings } from "./settings.ts";
import { SETTINGS_FILE } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Given {
  readonly tasks: ReadonlyMap<string, string>;
  readonly leaveOut: ReadonlySet<string>;
  /** `--set`: parameters of the pipelines that declare them, variables of the others. */
  readonly values: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly reason: RunReason;
  /** Build.SourceBranch. */
  readonly ref: string;
}

export interface Checked {
  readonly definition: PipelineDefinition;
  readonly document: PipelineDocument;
  /** The names that the pipeline declares, and the values that it is given. */
  readonly declared: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly asked: readonly AskedConnection[];
  readonly notes: readonly string[];
}

/** Reads a pipeline with its templates and binds its tasks, as a run does. @throws PipelineError with every fault and its place */
export async function check(snapshot: Snapshot, definition: PipelineDefinition, given: Given): Promise<Checked> {
  const text = await git(snapshot.path, "show", `${snapshot.commit}:${definition.file}`);
  const read = (parameters: Readonly<Record<string, string>>) =>
    readPipeline(definition.file, text, parameters, {
      files: filesOfCommit(snapshot.path, snapshot.commit),
      variableGroups: given.settings.variableGroups,
      predefined: {
        "Build.Reason": given.reason.replace(/^./, (first) => first.toUpperCase()),
        "Build.SourceBranch": given.ref,
        "Build.SourceBranchName": given.ref.split("/").at(-1) ?? "",
        "Build.SourceVersion": snapshot.commit,
        "Build.Repository.Name": snapshot.name,
        "Build.DefinitionName": definition.name,
      },
    });
  const declared = declaredParameters(text);
  const parameters = Object.fromEntries(
    Object.entries(given.values).flatMap(([name, value]) => {
      const own = declared.find((one) => one.toLowerCase() === name.toLowerCase());
      return own === undefined ? [] : [[own, value]];
    }),
  );
  const document = read(parameters);
  const asked = askedConnections(document, given.tasks, { ...given.settings.variables, ...given.values });
  const faults: Fault[] = otherTypes(asked);
  try {
    bindTasks(document, { tasks: given.tasks, leftOut: given.leaveOut, connections: standIns(asked) });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const hidden = new Set(faults.map(({ place }) => place));
    faults.push(...error.faults.filter(({ place }) => !hidden.has(place)).map(withAdvice));
  }
  if (faults.length > 0) throw new PipelineError(faults);
  return { definition, document, declared, parameters, asked, notes: notesOf(document, given) };
}

/** Names of the parameters that a file declares: it is read with their values, which only those get. */
function declaredParameters(text: string): string[] {
  const { contents } = parseDocument(text, { logLevel: "silent", uniqueKeys: false });
  const list = isMap(contents) ? contents.get("parameters", true) : undefined;
  return isSeq(list) ? list.items.flatMap((one) => (isMap(one) && one.has("name") ? String(one.get("name")) : [])) : [];
}

/** Types of connections that this cloud has, as inputs of tasks name them. */
const TYPES: readonly string[] = ["azurerm", "azureml-workspace"];

function otherTypes(asked: readonly AskedConnection[]): Fault[] {
  return asked
    .filter(({ type }) => !TYPES.includes(type))
    .map(({ name, type, place, task }) => ({
      place,
      message: `The connection '${name}' of ${task} is of type ${type}; a local run has connections to Azure and Azure Machine Learning only.`,
    }));
}

/** One connection for each name, of the type that its input takes: enough to bind the tasks. */
function standIns(asked: readonly AskedConnection[]): Record<string, ServiceConnection> {
  return Object.fromEntries(
    asked.map(({ name, type }) => [
      name,
      {
        ...{ id: name, name, url: "https://localhost/", parameters: {}, data: {} },
        ...(type === "azureml-workspace"
          ? ({ type: "azureml-workspace", scheme: "None" } as const)
          : ({ type: "azurerm", scheme: "ServicePrincipal" } as const)),
      },
    ]),
  );
}

function withAdvice({ place, message }: Fault): Fault {
  const missing = /^A task is missing: the local pipeline has no task '([^']+)'/.exec(message)?.[1];
  if (missing === undefined) return { place, message };
  const advice = /^AzureML/i.test(missing)
    ? "give the extension with --vsix FILE, or put its .vsix into the folder"
    : `--leave-out ${missing} runs the pipeline without its steps; --vsix FILE brings the tasks of an extension`;
  return { place, message: `${message.replace(/\.$/, "")} (${advice}).` };
}

/** Where the run differs from one in Azure DevOps, one sentence each, with its place. */
function notesOf(document: PipelineDocument, given: Given): string[] {
  const notes = new Map<string, Place>();
  const note = (place: Place, sentence: string) => notes.has(sentence) || notes.set(sentence, place);
  const approved = new Set(given.settings.approve.map((name) => name.toLowerCase()));
  for (const { jobs } of document.stages) {
    for (const job of jobs) {
      if (job.pool !== undefined && !isAgentless(job) && !OWN_POOL[process.platform]?.test(job.pool))
        note(
          job.place,
          `the pool ${job.pool} is not here: its jobs run on this machine, with what is installed on it.`,
        );
      if (job.environment !== undefined && !approved.has(job.environment.toLowerCase()))
        note(
          job.place,
          `nobody is asked to approve a deployment to ${job.environment}: the checks of an environment lie in Azure DevOps (--approve ${job.environment} records an approval).`,
        );
      for (const step of job.steps)
        if (step.kind === "task" && given.leaveOut.has(step.task.value.toLowerCase()))
          note(step.task.place, `steps of ${step.task.value} are left out.`);
    }
  }
  for (const { place, connection } of document.webhooks)
    note(place, `nothing posts to the incoming webhook ${connection} here.`);
  return [...notes].map(([message, place]) => sayFault({ place, message }));
}

/** Pools whose jobs this machine runs as it stands; other pools are said. */
const OWN_POOL: Partial<Record<NodeJS.Platform, RegExp>> = {
  linux: /^(Azure Pipelines )?ubuntu-/i,
  darwin: /^(Azure Pipelines )?macos-/i,
  win32: /^(Azure Pipelines )?windows-/i,
};

/** A workspace of the local cloud, and the connections that lead to it. */
export interface Target {
  readonly subscription?: string;
  readonly resourceGroup?: string;
  readonly workspace?: string;
}

export interface WantedConnection extends Target {
  readonly name: string;
  readonly type: string;
  /** Whether a step leaves the workspace to the connection. */
  readonly namesWorkspace: boolean;
}

/**
 * The connections of all pipelines with the workspace of each: as the settings say, else as the steps that use it do.
 * @throws PipelineError where steps of one connection name two workspaces, and the settings do not say which it has
 */
export function wantedConnections(checked: readonly Checked[], settings: Settings): WantedConnection[] {
  const faults: Fault[] = [];
  const wanted = new Map<string, WantedConnection>();
  for (const one of checked.flatMap(({ asked }) => asked)) {
    const key = one.name.toLowerCase();
    const said = Object.entries(settings.connections).find(([name]) => name.toLowerCase() === key)?.[1];
    const before = wanted.get(key);
    const { resourceGroup, workspace } = one;
    for (const [field, mine] of Object.entries({ resourceGroup, workspace })) {
      const there = said?.[field as keyof Target] ?? before?.[field as keyof Target];
      if (mine === undefined || there === undefined || mine.toLowerCase() === there.toLowerCase()) continue;
      const message = `The connection '${one.name}' has the ${field} ${there}, and this step names ${mine}: a local connection reaches one workspace (${SETTINGS_FILE} says which; --set gives variables other values).`;
      faults.push({ place: one.place, message });
    }
    const target = {
      ...(said?.subscription === undefined ? {} : { subscription: said.subscription }),
      ...definedOf("resourceGroup", said?.resourceGroup ?? before?.resourceGroup ?? resourceGroup),
      ...definedOf("workspace", said?.workspace ?? before?.workspace ?? workspace),
    };
    const namesWorkspace = (before?.namesWorkspace ?? false) || (one.takesWorkspace && workspace === undefined);
    wanted.set(key, { name: one.name, type: one.type, ...target, namesWorkspace });
  }
  if (faults.length > 0) throw new PipelineError(faults);
  return [...wanted.values()];
}

const definedOf = (key: keyof Target, value: string | undefined): Target =>
  value === undefined ? {} : { [key]: value };
