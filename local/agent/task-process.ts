// One stage of a task as a process: its environment, its Node, and what its end means (docs/facts/agent.md#1.2, #1.3, #1.7, #4).
import os from "node:os";
import path from "node:path";
import { isTrue } from "./command-area.ts";
import { takeLine } from "./command-handlers.ts";
import { isGuid, type ServiceConnection } from "./connection.ts";
import type { JobState, StageContext } from "./context.ts";
import { composeEnvironment, type SecureFile } from "./environment.ts";
import { taskHeader } from "./header.ts";
import { expandText, resolveInputs } from "./inputs.ts";
import { chooseNode, type NodeBinaries } from "./node-binary.ts";
import type { JobFolders } from "./predefined.ts";
import { type ProcessOutcome, runProcess } from "./process.ts";
import type { PluginStep, TaskStep } from "./step.ts";
import { chooseHandler, type Stage, type TaskFolder } from "./task-folder.ts";
import type { VariableStore } from "./variables.ts";

/** State of a step over its three stages. */
export interface PreparedStep {
  readonly step: TaskStep | PluginStep;
  readonly id: string;
  readonly reference: string;
  readonly displayName: string;
  readonly task: TaskFolder | undefined;
  /** The copy below `_tasks`. */
  readonly folder: string;
  readonly taskVariables: VariableStore;
}

export interface StageEnvironment {
  readonly state: JobState;
  readonly folders: JobFolders;
  readonly fileRoot: string;
  readonly hostEnvironment: Readonly<Record<string, string>>;
  readonly nodes: NodeBinaries;
  readonly secureFiles: readonly SecureFile[];
  /** Milliseconds before try number `n + 2`. */
  readonly retryDelay: (n: number) => number;
}

/** Everything that a process of this stage is given. */
export function composeStage(
  prepared: PreparedStep,
  environment: StageEnvironment,
): {
  readonly inputs: Map<string, string>;
  readonly environment: Record<string, string>;
  readonly connections: ServiceConnection[];
} {
  const { state } = environment;
  const step = prepared.step as TaskStep;
  const manifest = prepared.task!.manifest;
  const scope = { variables: state.variables, hostEnvironment: environment.hostEnvironment };
  const inputs = resolveInputs(manifest, step.inputs ?? {}, { ...scope, fileRoot: environment.fileRoot });
  const system = state.connections.get("systemvssconnection");
  const connections = system ? [system] : [];
  const files: SecureFile[] = [];
  for (const input of manifest.inputs ?? []) {
    const ids = (inputs.get(input.name) ?? "").split(",").map((id) => id.trim().toLowerCase());
    if (/^connectedService:/i.test(input.type)) {
      for (const id of ids) {
        const connection = isGuid(id) ? state.connections.get(id) : undefined;
        if (connection && !connections.includes(connection)) connections.push(connection);
      }
    } else if (/^secureFile$/i.test(input.type)) {
      files.push(...environment.secureFiles.filter((file) => ids.includes(file.id.toLowerCase())));
    }
  }
  return {
    inputs,
    connections,
    environment: composeEnvironment({
      ...scope,
      stepEnvironment: step.env ?? {},
      inputs,
      connections,
      secureFiles: files,
      taskVariables: prepared.taskVariables.all(),
      prependedPath: state.prependedPath,
    }),
  };
}

/** Resolved once for a stage; every retry starts the same process with the same environment. */
export interface StartedTask {
  readonly run: () => Promise<ProcessOutcome & { readonly failure?: string }>;
}

/** Writes the task's header, chooses handler and Node, composes the environment. Throws where the agent would fail the step. */
export function startTask(
  prepared: PreparedStep,
  stage: Stage,
  context: StageContext,
  environment: StageEnvironment,
  signals: NodeJS.Signals[],
): StartedTask {
  const { state, folders } = environment;
  const task = prepared.task!;
  for (const line of taskHeader(task)) context.writeUnmasked(line);
  const chosen = chooseHandler(task.manifest, stage);
  if (!chosen) throw new Error(`The task has no ${stage} handler.`);
  const knob = (name: string) => state.variables.get(name) ?? environment.hostEnvironment[name];
  const node = chooseNode(chosen.name, environment.nodes, knob);
  for (const warning of node.warnings) context.warn(warning);
  const composed = composeStage(prepared, environment);
  const script = path.join(prepared.folder, chosen.handler.target);
  const workingDirectory = chosen.handler.workingDirectory
    ? expandText(
        stage === "execution"
          ? chosen.handler.workingDirectory.replace(/\$\(currentdirectory\)/gi, prepared.folder)
          : chosen.handler.workingDirectory,
        {
          variables: state.variables,
          hostEnvironment: environment.hostEnvironment,
        },
      )
    : (state.variables.get("system.defaultWorkingDirectory") ?? folders.work);
  const milliseconds = (name: string, otherwise: number) => {
    const value = Number(knob(name) ?? otherwise);
    return Number.isFinite(value) && value >= 0 ? value : otherwise;
  };
  const run = async () => {
    const outcome = await runProcess({
      binary: node.binary,
      script,
      cwd: workingDirectory,
      environment: composed.environment,
      signal: context.signal,
      done: context.done,
      onLine: (line) => takeLine(context, line),
      interruptTimeout: milliseconds("PROCESS_SIGINT_TIMEOUT", 7500),
      terminateTimeout: milliseconds("PROCESS_SIGTERM_TIMEOUT", 2500),
      graceful: isTrue(knob("USE_GRACEFUL_PROCESS_SHUTDOWN")),
      onSignal: (name) => signals.push(name),
    });
    const code =
      outcome.exitCode ?? (outcome.endedBy === undefined ? undefined : 128 + os.constants.signals[outcome.endedBy]);
    if (code === undefined || code === 0) return outcome;
    return {
      ...outcome,
      exitCode: code,
      failure: `Exit code ${code} returned from process: file name '${node.binary}', arguments '"${script}"'.`,
    };
  };
  return { run };
}
