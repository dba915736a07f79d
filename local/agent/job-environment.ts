// The job's settings from the caller, and the variables that all its stages share (docs/facts/agent.md#1.4).
import { connectionSecrets, type ServiceConnection } from "./connection.ts";
import type { JobState } from "./context.ts";
import { hostEnvironment, type SecureFile } from "./environment.ts";
import { expandText } from "./inputs.ts";
import { Masker } from "./masker.ts";
import { type AgentNetwork, networkVariables } from "./network.ts";
import { machineNodes, type NodeBinaries } from "./node-binary.ts";
import { jobFolders, predefinedVariables, type RunIdentity } from "./predefined.ts";
import { type AgentServer, RecordingServer } from "./server-interface.ts";
import type { StageEnvironment } from "./task-process.ts";
import { type VariableSpec, VariableStore } from "./variables.ts";

export interface JobOptions {
  /** `<work>`: everything of the job lies below it. Keep it outside any folder with a node_modules. */
  readonly workFolder: string;
  readonly run?: RunIdentity;
  /** The pipeline's own variables; they win over the predefined ones. */
  readonly variables?: Readonly<Record<string, VariableSpec>>;
  readonly connections?: readonly ServiceConnection[];
  readonly secureFiles?: readonly SecureFile[];
  readonly network?: AgentNetwork;
  readonly server?: AgentServer;
  /** Cancels the job. */
  readonly signal?: AbortSignal;
  /** Minutes that the steps of a cancelled job still have; 5 where absent. */
  readonly cancelTimeoutInMinutes?: number;
  readonly nodes?: NodeBinaries;
  readonly hostEnvironment?: Readonly<Record<string, string>>;
  /** Every log line as it is written, masked. `step` is undefined for the agent's own lines. */
  readonly onLine?: (line: string, step: string | undefined) => void;
  /** Milliseconds before retry `n`, counted from 0; (n+1)² seconds where absent. */
  readonly retryDelay?: (n: number) => number;
  /** A pull request from a fork whose job gets no secrets: steps that name a connection are skipped. */
  readonly restrictsForkSecrets?: boolean;
  /**
   * A task's files in the job are hard links to those of its package, where the file system has them, and not copies: for packages that no
   * step writes to.
   */
  readonly linksTasks?: boolean;
}

/** @param lookupId what every process of the job carries in its environment */
export function environmentFor(options: JobOptions, lookupId: string): StageEnvironment {
  const folders = jobFolders(options.workFolder);
  const host = options.hostEnvironment ?? hostEnvironment();
  const masker = new Masker(Number(host["AZP_IGNORE_SECRETS_SHORTER_THAN"] ?? 0) || 0);
  const run = options.run ?? {};
  const variables = new VariableStore(masker, {
    ...predefinedVariables(run, folders, lookupId),
    ...networkVariables(options.network ?? {}),
    ...options.variables,
  });
  const connections = new Map<string, ServiceConnection>();
  for (const connection of options.connections ?? []) {
    for (const secret of connectionSecrets(connection)) masker.add(secret);
    const data = Object.fromEntries(
      Object.entries(connection.data).map(([key, value]) => [
        key,
        expandText(value, { variables, hostEnvironment: host }),
      ]),
    );
    connections.set(connection.id.toLowerCase(), { ...connection, data });
  }
  for (const file of options.secureFiles ?? []) masker.add(file.ticket);
  const state: JobState = {
    host: run.host ?? "build",
    workFolder: folders.work,
    variables,
    masker,
    connections,
    prependedPath: [],
    server: options.server ?? new RecordingServer(),
  };
  return {
    state,
    folders,
    fileRoot: state.host === "release" ? folders.staging : folders.sources,
    hostEnvironment: host,
    nodes: options.nodes ?? machineNodes(),
    secureFiles: options.secureFiles ?? [],
    retryDelay: options.retryDelay ?? ((n) => (n + 1) ** 2 * 1000),
  };
}
