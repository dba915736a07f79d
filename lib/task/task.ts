// A task: a contract, how its workspace is opened, and its story.
import type { StepFolders } from "../agent/folders.ts";
import type { Contract } from "../agent/inputs.ts";
import type { Provenance } from "../agent/provenance.ts";
import type { RightsAccess } from "../agent/rights.ts";
import type { RecordsAccess } from "../agent/run-records.ts";
import type { WritesAccess } from "../agent/run-writes.ts";
import type { RunAccess } from "../agent/starts.ts";
import type { AzureMl } from "../azure/index.ts";
import type { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { TestReport } from "../record/junit.ts";
import type { RunRecord } from "../record/record.ts";

/** A service connection as far as it may be told. */
interface OpenConnection {
  readonly name?: string | undefined;
  readonly scheme: string;
  readonly tenantId: string;
  readonly clientId?: string | undefined;
  /** The cloud that it names, whatever its addresses are. */
  readonly environment: string;
}

/** The request of an opener: a signed-in client of the subscription, and the workspace's names. */
export interface WorkspaceRequest {
  readonly azure: AzureMl;
  readonly subscriptionId: string;
  /** Of the workspace; empty, as its name, where a registry is named and no workspace. */
  readonly resourceGroup: string;
  readonly name: string;
  readonly registry?: string | undefined;
  /** The service connection, without what is secret in it. */
  readonly connection: OpenConnection;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly provenance: Provenance;
}

/** Opens what stories call `workspace`; lib/ml has one. Handed in by the story's file, because lib/task may not know lib/ml. */
export type OpenWorkspace<Workspace> = (request: WorkspaceRequest) => Promise<Workspace>;

interface StoryFolders extends StepFolders {
  /** Told of each secret in a file of these folders as it is read: from then on it is in nothing that the step writes or leaves behind. */
  readonly hide: (secret: string) => void;
}

/** Small services of the pipeline, bound to this step. */
export interface StoryRun<Outputs> {
  readonly provenance: Provenance;
  /**
   * The same for every attempt of this step in this pipeline run, and for no other step:
   * `<organization>/<project>/build/<id>/<stage>/<job>/<step>`.
   */
  readonly stepIdentity: string;
  /** Random, and the same where the agent runs this step again in place: known to nobody outside of the agent's job. */
  stepNonce(): string;
  /** Folder that relative paths in inputs mean. */
  readonly workingDirectory: string;
  /**
   * The folders that files may be uploaded from and downloaded to, by their real paths; the first is `workingDirectory`.
   * @param allowed the input allowedFolders, where the task has it
   */
  folders(allowed?: string): StoryFolders;
  /** Sets output variables at once, so that they are there even if the story fails or is cancelled later. */
  setOutputs(outputs: Partial<Outputs>): void;
  /** The step succeeds with issues, for this reason, unless it fails. */
  succeedWithIssues(reason: string): void;
  /** Remembers a value for this step's post-job stage. */
  setTaskVariable(name: string, value: string): void;
  taskVariable(name: string): string | undefined;
  /** For `publishTestsOn` and `tagRun`. Undefined where this is part of no run. */
  writes(): WritesAccess | undefined;
  /** By the agent, which fails the step where Azure DevOps refuses: for `publishTestsOn` and `tagRun` where there is nothing better. */
  publishTests(report: TestReport): void;
  addBuildTag(tag: string): void;
  /** For `openStarter`. @throws TaskError where this is no run of a pipeline */
  access(): RunAccess;
  /** For `openJudgements`. Undefined where this is part of no run and no release. */
  records(): RecordsAccess | undefined;
  /** For `openRights`. @throws TaskError where the agent says no project */
  rights(): RightsAccess;
  /** Keeps a file with the log of the run; where it cannot, that is a warning. */
  uploadFile(name: string, content: string): void | Promise<void>;
  /** An absolute path in the agent's temporary folder. */
  tempFile(name: string): string;
}

export interface StoryContext<Inputs, Outputs, Workspace> {
  readonly inputs: Inputs;
  readonly workspace: Workspace;
  readonly log: Log;
  /** Aborted with a TaskError kind `canceled` when the pipeline is cancelled. */
  readonly signal: AbortSignal;
  /** Filled in by the story; attached to the run whether the story succeeds or fails. */
  readonly record: RunRecord;
  readonly run: StoryRun<Outputs>;
}

export type Story<Inputs, Outputs, Workspace> = (context: StoryContext<Inputs, Outputs, Workspace>) => Promise<Outputs>;

/** The post-job stage: it runs after the job's last step, even after a cancel, if the main stage set this task variable. */
interface PostJob<Inputs, Outputs, Workspace> {
  readonly taskVariable: string;
  readonly story: (context: StoryContext<Inputs, Outputs, Workspace>, value: string) => Promise<void>;
}

export interface Task<Inputs, Outputs, Workspace> {
  readonly contract: Contract<Inputs, Outputs>;
  readonly openWorkspace: OpenWorkspace<Workspace>;
  readonly story: Story<Inputs, Outputs, Workspace>;
  readonly postJob?: PostJob<Inputs, Outputs, Workspace>;
  /** The story knows its outputs without a write, so that a dry run sets them as well. */
  readonly outputsOfDryRun?: boolean;
  /** The story's substitute for a workspace when the connection cannot be used; without it the task fails then. */
  readonly withoutConnection?: (fault: TaskError) => Workspace;
}

/** A story reads no input by name, sets no result and catches nothing to log it: `runOnAgent` does. */
export function defineTask<Inputs, Outputs, Workspace>(
  contract: Contract<Inputs, Outputs>,
  openWorkspace: OpenWorkspace<Workspace>,
  story: Story<Inputs, Outputs, Workspace>,
  options: Pick<Task<Inputs, Outputs, Workspace>, "postJob" | "outputsOfDryRun" | "withoutConnection"> = {},
): Task<Inputs, Outputs, Workspace> {
  return { contract, openWorkspace, story, ...options };
}
