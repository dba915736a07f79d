// Runs a task by the door that ships, on local Azure, for an agent in memory that remembers what it was told.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Agent } from "../../lib/agent/agent.ts";
import type { ConnectionDetails } from "../../lib/agent/connection.ts";
import { stepFolders } from "../../lib/agent/folders.ts";
import type { PullRequestSource } from "../../lib/agent/pull-request-access.ts";
import type { RecordsAccess } from "../../lib/agent/run-records.ts";
import type { WritesAccess } from "../../lib/agent/run-writes.ts";
import type { RunAccess } from "../../lib/agent/starts.ts";
import { LEFT } from "../../lib/agent/task-variables.ts";
import { RECORD_TYPE } from "../../lib/record/index.ts";
import { type Outcome, runPostJob, runTask } from "../../lib/task/run-task.ts";
import type { Task } from "../../lib/task/task.ts";
import { storageSuffix, vaultSuffix } from "../../local/azure/workspace/addresses.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import { memoryLog, type Opening, provenance, theCloud, watched } from "../lib/ml/world.ts";

export interface Ran<Outputs> extends Omit<Outcome<Outputs>, "error"> {
  readonly error: Error | undefined;
  readonly log: string;
  /** Output variables, by name. */
  readonly set: Readonly<Record<string, string>>;
  /** Test results that the agent was to publish: titles, and JUnit's XML. */
  readonly tests: readonly { readonly title: string; readonly xml: string }[];
  /** Secrets that the agent was to mask. */
  readonly hidden: readonly string[];
  /** What the main stage left to the post-job stage, empty where it took it back; undefined where it left nothing at all. */
  readonly left: string | undefined;
  /** Files kept with the log, by name. */
  readonly uploaded: ReadonlyMap<string, string>;
  /** Attachments of the run but for the record, as `type/name`. */
  readonly attached: ReadonlyMap<string, string>;
  /** `PUT https://…` of everything that left. */
  readonly requests: readonly string[];
}

export interface StoryOptions {
  readonly signal?: AbortSignal;
  /** Tells this step from others of the run. */
  readonly stepIdentity?: string;
  /** The pipeline run; that of all tests where absent. */
  readonly provenance?: typeof provenance;
  readonly access?: () => RunAccess;
  /** How records of runs are read; the step is part of no run where absent. */
  readonly records?: () => RecordsAccess;
  /** How the step writes on its run; the agent's own way where absent. */
  readonly writes?: () => WritesAccess;
  /** What the agent says of the run's pull request; nothing where absent. */
  readonly pullRequest?: () => PullRequestSource;
  readonly registryAlone?: boolean;
  readonly cloud?: LocalCloud;
  /** Connections by the names of their inputs; where absent, that of the cloud's first subscription. */
  readonly connections?: Readonly<Record<string, ConnectionDetails>>;
  /** Sees each request as it leaves. */
  readonly onRequest?: Opening["onRequest"];
  readonly between?: Opening["between"];
  /** Sees each line of the log as it is said. */
  readonly onLine?: (line: string) => void;
}

/** Runs a task's main stage. @param folder the working directory */
export async function runStory<Inputs, Outputs>(
  task: Task<Inputs, Outputs>,
  given: Readonly<Record<string, string>>,
  folder: string,
  options: StoryOptions = {},
): Promise<Ran<Outputs>> {
  const { agent, network, told } = await memoryAgent(given, folder, options);
  const { error, ...outcome } = await runTask(task, agent, network);
  const { log, taskVariables, ...rest } = told;
  return { ...outcome, error: error as Error | undefined, ...rest, left: taskVariables.get(LEFT), log: log.text() };
}

/** Runs a task's post-job stage with what its main stage left. @returns the log */
export async function runAfterJob<Inputs, Outputs>(
  task: Task<Inputs, Outputs>,
  given: Readonly<Record<string, string>>,
  folder: string,
  left: string,
): Promise<string> {
  const { agent, network, told } = await memoryAgent(given, folder, {});
  told.taskVariables.set(LEFT, left);
  await runPostJob(task, agent, network);
  return told.log.text();
}

async function memoryAgent(given: Readonly<Record<string, string>>, folder: string, options: StoryOptions) {
  const local = options.cloud ?? (await theCloud());
  const told = {
    log: memoryLog(),
    set: {} as Record<string, string>,
    tests: [] as { title: string; xml: string }[],
    hidden: [] as string[],
    taskVariables: new Map<string, string>(),
    uploaded: new Map<string, string>(),
    attached: new Map<string, string>(),
    requests: [] as string[],
  };
  const { log } = told;
  let note = "";
  const memory = {
    read: () => note || undefined,
    write: (text: string) => {
      note = text;
    },
  };
  const place: Record<string, string> = options.registryAlone
    ? {}
    : { resourceGroup: local.resourceGroup, workspace: local.workspace };
  const inputs: Record<string, string> = { azureSubscription: "azure-ml", ...place, ...given };
  const { clientId, secret } = local.credentials.contributor;
  const agent: Agent = {
    log: {
      ...log,
      info(line) {
        options.onLine?.(line);
        log.info(line);
      },
    },
    issue: (type, message) => void log.lines.push(`[${type}] ${message}`),
    warn: log.warn,
    signal: options.signal ?? new AbortController().signal,
    uncaught: new Promise(() => {}),
    // The job is what nothing but the step's identity is made of.
    provenance: { ...(options.provenance ?? provenance), job: options.stepIdentity ?? folder },
    proxy: { url: local.urls.proxy, bypass: [] },
    caFile: local.caFile,
    input: (name) => inputs[name],
    filePathSupplied: (name) => inputs[name] !== undefined,
    variable: () => undefined,
    folders: (allowed) =>
      stepFolders((name) => (name === "System.DefaultWorkingDirectory" ? folder : undefined), allowed),
    connection: (input) =>
      options.connections?.[input] ?? {
        id: "5e4e6ce0-0000-4000-8000-000000000001",
        scheme: "servicePrincipalSecret",
        tenantId: local.tenantId,
        clientId,
        secret,
        subscriptionId: local.subscriptionId,
        cloud: {
          environment: "AzureCloud",
          resourceManagerUrl: local.urls.arm,
          authorityUrl: local.urls.login,
          storageSuffix: storageSuffix(local.azure),
          vaultSuffix: vaultSuffix(local.azure),
        },
      },
    oidcAssertion: () => () => assert.fail("The step asked for an assertion."),
    runAccess: options.access ?? (() => assert.fail("The step asked for Azure DevOps.")),
    recordsAccess: options.records ?? (() => undefined),
    rightsAccess: () => assert.fail("The step asked for rights in Azure DevOps."),
    writesAccess: () => options.writes?.(),
    pullRequestSource: () => options.pullRequest?.(),
    setOutput(name, value) {
      told.set[name] = value;
    },
    setTaskVariable: (name, value) => void told.taskVariables.set(name, value),
    taskVariable: (name) => told.taskVariables.get(name) || undefined,
    setSecret: (value) => void told.hidden.push(value),
    attachRecord: (type, name, content) =>
      type === RECORD_TYPE
        ? undefined
        : void told.attached.set(`${type}/${name}`, Buffer.from(content).toString("utf8")),
    summary() {},
    uploadFile: (name, content) => void told.uploaded.set(name, content),
    keepPrivate(name, content) {
      const file = path.join(folder, name);
      writeFileSync(file, content, { mode: 0o600 });
      return file;
    },
    publishTests: (xml, title) => void told.tests.push({ title, xml }),
    addBuildTag() {},
    stepNonce: () => options.stepIdentity ?? folder,
    stepMemory: () => memory,
  };
  const network = watched({
    ...(options.between === undefined ? {} : { between: options.between }),
    onRequest(method, url, authorization) {
      told.requests.push(`${method} ${url}`);
      options.onRequest?.(method, url, authorization);
    },
  });
  return { agent, network, told };
}
