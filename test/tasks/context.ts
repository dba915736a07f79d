// The context of a story under test, with services that record what they were asked.

import assert from "node:assert/strict";
import { stepFolders } from "../../lib/agent/folders.ts";
import type { RecordsAccess } from "../../lib/agent/run-records.ts";
import type { WritesAccess } from "../../lib/agent/run-writes.ts";
import type { RunAccess } from "../../lib/agent/starts.ts";
import type { RunRecord, TestReport } from "../../lib/record/index.ts";
import {
  dryRunContext,
  dryRunLog,
  isDryRun,
  type StoryContext,
  sayWithheldWrites,
  type Task,
} from "../../lib/task/index.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import { memoryLog, type Opening, openAzure, provenance, theCloud } from "../lib/ml/world.ts";

export interface Ran<Outputs> {
  readonly outputs: Outputs | undefined;
  readonly error: Error | undefined;
  readonly record: RunRecord;
  readonly log: string;
  readonly set: Record<string, unknown>;
  readonly issues: string[];
  readonly tests: TestReport[];
  /** Secrets that the story asked to hide. */
  readonly hidden: string[];
  readonly taskVariables: Map<string, string>;
  /** Files kept with the log, by name. */
  readonly uploaded: Map<string, string>;
  /** `PUT https://…` of everything that left. */
  readonly requests: string[];
}

/** Runs a task's story the way the agent's door would, over its real contract, on local Azure. */
export async function runStory<Inputs, Outputs, Workspace extends { readonly location: string }>(
  task: Task<Inputs, Outputs, Workspace>,
  given: Record<string, string>,
  folder: string,
  more: {
    signal?: AbortSignal;
    stepIdentity?: string;
    /** The pipeline run; that of all tests where absent. */
    provenance?: typeof provenance;
    access?: () => RunAccess;
    /** How records of runs are read; the story runs outside of a pipeline where absent. */
    records?: () => RecordsAccess;
    /** How the story writes on its run; the agent's own way where absent. */
    writes?: () => WritesAccess;
    registryAlone?: boolean;
    cloud?: LocalCloud;
    /** Sees each request as it leaves. */
    onRequest?: Opening["onRequest"];
    between?: Opening["between"];
    /** Sees each line of the log as it is said. */
    onLine?: (line: string) => void;
  } = {},
): Promise<Ran<Outputs>> {
  const local = more.cloud ?? (await theCloud());
  const remembering = memoryLog();
  const log: typeof remembering = {
    ...remembering,
    info(line) {
      more.onLine?.(line);
      remembering.info(line);
    },
  };
  const ran = {
    hidden: [] as string[],
    set: {} as Record<string, unknown>,
    issues: [] as string[],
    tests: [] as TestReport[],
    taskVariables: new Map<string, string>(),
    uploaded: new Map<string, string>(),
    requests: [] as string[],
  };
  const record = { task: task.contract.task } as unknown as RunRecord;
  const finished = (outcome: Partial<Ran<Outputs>>): Ran<Outputs> => ({
    outputs: undefined,
    error: undefined,
    record,
    log: log.text(),
    ...ran,
    ...outcome,
  });
  try {
    const inputs = task.contract.read({
      input: (name) => ({ azureSubscription: "azure-ml", ...given })[name],
      filePathSupplied: (name) => given[name] !== undefined,
    });
    const signal = more.signal ?? new AbortController().signal;
    const sent: Opening = {
      cloud: local,
      onRequest: (method, url, authorization) => {
        ran.requests.push(`${method} ${url}`);
        more.onRequest?.(method, url, authorization);
      },
      ...(more.between === undefined ? {} : { between: more.between }),
    };
    const azure = await openAzure({ ...sent, dryRun: isDryRun(inputs) }, log);
    const withheld = azure.dryRun;
    const storyLog = withheld ? dryRunLog(log, withheld) : log;
    const workspace = await task.openWorkspace({
      azure,
      subscriptionId: local.subscriptionId,
      resourceGroup: local.resourceGroup,
      name: more.registryAlone ? "" : local.workspace,
      registry: given["registry"],
      connection: { scheme: "servicePrincipalSecret", tenantId: local.tenantId, environment: "AzureStack" },
      log: storyLog,
      signal,
      provenance: more.provenance ?? provenance,
    });
    const context: StoryContext<Inputs, Outputs, Workspace> = {
      inputs,
      workspace,
      log: storyLog,
      signal,
      record,
      run: {
        provenance: more.provenance ?? provenance,
        stepIdentity: more.stepIdentity ?? folder,
        stepNonce: () => more.stepIdentity ?? folder,
        workingDirectory: folder,
        folders: (allowed) => ({
          ...stepFolders((name) => (name === "System.DefaultWorkingDirectory" ? folder : undefined), allowed),
          hide: (secret) => void ran.hidden.push(secret),
        }),
        setOutputs: (outputs) => void Object.assign(ran.set, outputs),
        succeedWithIssues: (reason) => void ran.issues.push(reason),
        setTaskVariable: (name, value) => void ran.taskVariables.set(name, value),
        taskVariable: (name) => ran.taskVariables.get(name),
        writes: () => more.writes?.(),
        publishTests: (report) => void ran.tests.push(report),
        addBuildTag: () => {},
        access: more.access ?? (() => assert.fail("The story asked for Azure DevOps.")),
        records: more.records ?? (() => undefined),
        rights: () => assert.fail("The story asked for rights in Azure DevOps."),
        uploadFile: (name, content) => void ran.uploaded.set(name, content),
        tempFile: (name) => `${folder}/${name}`,
      },
    };
    const outputs = await task.story(withheld ? dryRunContext(context, task.outputsOfDryRun) : context);
    if (withheld) sayWithheldWrites(log, withheld, { secrets: new Set(ran.hidden), outputs: task.outputsOfDryRun });
    return finished(withheld && !task.outputsOfDryRun ? {} : { outputs });
  } catch (error) {
    return finished({ error: error as Error });
  }
}
