// A release definition against what there is: tasks by their ids, connections, and how each artifact is brought.
import { readTaskFolder, type ServiceConnection, type TaskFolder } from "../../agent/index.ts";
import type { ReleaseArtifact } from "../../devops/state/releases.ts";
import type { Fault } from "../../text/places.ts";
import type { JobDocument, PipelineDocument, TaskStep } from "../language/document.ts";
import { PipelineError } from "../language/faults.ts";
import { type BoundTask, bindTasks } from "../running/bind-tasks.ts";
import type { EnvironmentDocument, ReleaseDocument, WorkflowTask } from "./document.ts";

/** The download task of a contributed artifact type (docs/facts/extension.md#6.1). */
export interface ArtifactType {
  readonly downloadTaskId?: string;
  /** Task input -> template over the artifact's inputs; only `{{{input}}}` and plain text. */
  readonly taskInputMapping?: Readonly<Record<string, string>>;
}

export interface ReleaseWorld {
  /** `Name@major` -> packaged folder. */
  readonly tasks: ReadonlyMap<string, string>;
  /** By name. */
  readonly connections: Readonly<Record<string, ServiceConnection>>;
  /** By the name of the type. */
  readonly artifactTypes: ReadonlyMap<string, ArtifactType>;
}

export interface BoundDefinition {
  readonly tasks: ReadonlyMap<WorkflowTask, BoundTask>;
  /** As steps of a pipeline. */
  readonly steps: ReadonlyMap<WorkflowTask, TaskStep>;
}

/** Binds every enabled task. @throws PipelineError with all faults */
export function bindDefinition(document: ReleaseDocument, world: ReleaseWorld): BoundDefinition {
  const folders = new Map([...world.tasks].map(([key, folder]) => [key, readTaskFolder(folder)] as const));
  const faults: Fault[] = [];
  const steps = new Map<WorkflowTask, TaskStep>();
  const job = (environment: EnvironmentDocument, phase: Work): JobDocument =>
    ({
      kind: "job",
      name: `${environment.name}.${phase.name}`,
      ...(phase.runsOnServer ? { pool: "server" } : {}),
      variables: [],
      steps: phase.tasks
        .filter(({ enabled }) => enabled)
        .flatMap((task) => {
          const key = keyOf(task, folders);
          if (key === undefined) {
            faults.push({ place: task.place, message: unknownTask(task, folders) });
            return [];
          }
          const step = taskStep(task, key);
          steps.set(task, step);
          return [step];
        }),
    }) as unknown as JobDocument;
  const pipeline = {
    variables: [],
    stages: document.environments.map((environment) => ({
      name: environment.name,
      variables: [],
      jobs: [...gatesOf(environment), ...environment.phases].map((phase) => job(environment, phase)),
    })),
  } as unknown as PipelineDocument;
  let bound = new Map<TaskStep, BoundTask>();
  try {
    bound = bindTasks(pipeline, { tasks: world.tasks, connections: world.connections });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    faults.push(...error.faults);
  }
  for (const task of document.environments.flatMap(({ gates }) => gates?.tasks ?? [])) {
    const { runsOn } = bound.get(steps.get(task)!)?.task.manifest ?? {};
    if (runsOn && !runsOn.includes("ServerGate"))
      faults.push({
        place: task.place,
        message: `The task '${task.displayName}' is no gate (runsOn: ${runsOn.join(", ")}).`,
      });
  }
  for (const { type, alias, place, definitionReference } of document.artifacts) {
    const fault = (message: string) => faults.push({ place, message: `The artifact ${alias}: ${message}` });
    if (type === "Git" || type === "Build") continue;
    const known = world.artifactTypes.get(type);
    if (known === undefined) {
      const there = ["Git", "Build", ...world.artifactTypes.keys()].join(", ");
      fault(`there is no artifact type '${type}'; there is ${there}.`);
    } else if (known.downloadTaskId !== undefined && taskById(known.downloadTaskId, folders) === undefined) {
      fault(`the download task ${known.downloadTaskId} of the type ${type} is not there.`);
    }
    const connection = definitionReference["connection"];
    if (known !== undefined && connectionOf(connection?.id ?? "", world) === undefined)
      fault(`its service connection ${connection?.name || connection?.id || ""} does not exist.`);
  }
  if (faults.length > 0) throw new PipelineError(faults);
  return { tasks: new Map([...steps].map(([task, step]) => [task, bound.get(step)!])), steps };
}

/** Tasks that run together: a phase, or the gates before a stage. */
interface Work {
  readonly name: string;
  readonly runsOnServer: boolean;
  readonly tasks: readonly WorkflowTask[];
}

const gatesOf = ({ gates }: EnvironmentDocument): Work[] =>
  gates === undefined ? [] : [{ name: "Gates", runsOnServer: true, tasks: gates.tasks }];

/** The step that Azure DevOps puts before those of a job to bring an artifact of a contributed type (docs/facts/extension.md#6.4). */
export function bindDownload(artifact: ReleaseArtifact, world: ReleaseWorld): BoundTask | undefined {
  const { downloadTaskId, taskInputMapping = {} } = world.artifactTypes.get(artifact.type) ?? {};
  if (downloadTaskId === undefined) return undefined;
  const folders = new Map([...world.tasks].map(([key, folder]) => [key, readTaskFolder(folder)] as const));
  const task = taskById(downloadTaskId, folders)!;
  const own = Object.fromEntries(
    Object.entries(artifact.definitionReference).map(([name, reference]) => [name, reference.id]),
  );
  const mapped = Object.fromEntries(
    Object.entries(taskInputMapping).map(([input, template]) => [
      input,
      template.replace(/\{\{\{?\s*(\w+)\s*\}?\}\}/g, (_whole, name: string) => own[name] ?? ""),
    ]),
  );
  const connection = connectionOf(own["connection"] ?? "", world);
  // "The input names in the artifact & task inputs have to match", or are mapped (artifactextension.md): nothing else is given here.
  const declared = new Set((task.manifest.inputs ?? []).map(({ name }) => name.toLowerCase()));
  const matching = Object.entries(own).filter(([name]) => declared.has(name.toLowerCase()));
  return {
    task,
    inputs: {
      ...Object.fromEntries(matching),
      ...mapped,
      ...(connection === undefined ? {} : { connection: connection.id }),
      downloadPath: `$(System.ArtifactsDirectory)/${artifact.alias}`,
    },
    connectionIds: connection === undefined ? [] : [connection.id],
  };
}

function connectionOf(idOrName: string, world: ReleaseWorld): ServiceConnection | undefined {
  const wanted = idOrName.toLowerCase();
  return Object.entries(world.connections).find(([name, { id }]) =>
    [name, id].some((one) => one.toLowerCase() === wanted),
  )?.[1];
}

function taskById(id: string, folders: ReadonlyMap<string, TaskFolder>): TaskFolder | undefined {
  return [...folders.values()].find(({ manifest }) => manifest.id.toLowerCase() === id.toLowerCase());
}

/** `Name@major` of the task with that id whose major version the definition takes (`1.*`). */
function keyOf(task: WorkflowTask, folders: ReadonlyMap<string, TaskFolder>): string | undefined {
  return [...folders].find(
    ([, { manifest }]) =>
      manifest.id.toLowerCase() === task.taskId && String(manifest.version.Major) === task.version.split(".")[0],
  )?.[0];
}

function unknownTask({ taskId, version, displayName }: WorkflowTask, folders: ReadonlyMap<string, TaskFolder>): string {
  const there = [...folders].map(([key, { manifest }]) => `${key} (${manifest.id})`).toSorted();
  return `A task is missing: there is no task ${taskId} in version ${version} (${displayName}); there is ${there.join(", ") || "none"}.`;
}

function taskStep(task: WorkflowTask, key: string): TaskStep {
  return {
    kind: "task",
    task: { value: key, place: task.place },
    inputs: Object.entries(task.inputs).map(([name, value]) => ({
      name: { value: name, place: value.place },
      value,
    })),
    ...(task.refName === undefined ? {} : { name: task.refName }),
    displayName: task.displayName,
    place: task.place,
    enabled: true,
    continueOnError: task.continueOnError,
    timeoutInMinutes: task.timeoutInMinutes,
    retryCountOnTaskFailure: task.retryCountOnTaskFailure,
    env: task.environment,
  };
}
