// A task: a contract, and the story that it promises.
// Tests: test/tasks/stories.test.ts
import type { StepFolders } from "../agent/folders.ts";
import type { Contract } from "../agent/inputs.ts";
import type { PullRequestSource } from "../agent/pull-request-access.ts";
import type { RightsAccess } from "../agent/rights.ts";
import type { RecordsAccess } from "../agent/run-records.ts";
import type { WritesAccess } from "../agent/run-writes.ts";
import type { RunAccess } from "../agent/starts.ts";
import type { StepMemory } from "../agent/step-memory.ts";
import type { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Provenance } from "../provenance.ts";
import type { TestReport } from "../record/junit.ts";
import type { RunRecord } from "../record/record.ts";
import type { Connected } from "./azure.ts";

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
  /** A note of the step to itself, which is there again where the agent runs it again in place. */
  stepMemory(): StepMemory;
  /**
   * The folders that files may be uploaded from and downloaded to, by their real paths; relative paths in inputs begin at the first.
   * @param allowed the input allowedFolders, where the task has it
   */
  folders(allowed?: string): StoryFolders;
  /** Sets output variables at once, so that they are there even if the story fails or is cancelled later. */
  setOutputs(outputs: Partial<Outputs>): void;
  /** The step succeeds with issues, for this reason, unless it fails. */
  succeedWithIssues(reason: string): void;
  /**
   * Shows people outside of the run the step's result as soon as it is certain, beside what the step still writes. The views' end shows what
   * is different then.
   * @param failure the error that the story is going to throw
   */
  showResult(failure?: TaskError): void;
  /** What the post-job stage has to take back if this step is stopped now; without a value nothing. */
  leave(left?: string): void;
  /** Keeps a text for the post-job stage in a private file, which ends with the job: what no log and no mark should hold. @returns its path */
  keepPrivate(name: string, content: string): string;
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
  /** For `openOnPullRequest`. Undefined where the job has no token. */
  pullRequest(): PullRequestSource | undefined;
  /** Attaches a file to the run for the results tab; where it cannot, that is a warning. */
  attach(type: string, name: string, content: string | Uint8Array): Promise<void>;
  /** Shows markdown on the run's Extensions tab, beside the record's own page; where it cannot, that is a warning. */
  summary(name: string, markdown: string): void | Promise<void>;
  /** Keeps a file with the log of the run; where it cannot, that is a warning. */
  uploadFile(name: string, content: string): void | Promise<void>;
}

/**
 * Opens where a story works: `openWorkspace` and `openAssetStore` of lib/ml are what it is given.
 * @param otherwise what there is where the connection cannot be used at all; without it the task fails then
 */
export type Open = <Place extends object>(
  opener: (request: Connected) => Promise<Place>,
  otherwise?: (fault: TaskError) => Place,
) => Promise<Place>;

export interface StoryContext<Inputs, Outputs> {
  readonly inputs: Inputs;
  readonly open: Open;
  /** The same for the other place of a task that works in two: by the inputs whose names begin with `target`. */
  readonly openTarget: Open;
  readonly log: Log;
  /** Aborted with a TaskError kind `canceled` when the pipeline is cancelled. */
  readonly signal: AbortSignal;
  /** Filled in by the story; attached to the run whether the story succeeds or fails. */
  readonly record: RunRecord;
  readonly run: StoryRun<Outputs>;
}

export type Story<Inputs, Outputs> = (context: StoryContext<Inputs, Outputs>) => Promise<Outputs>;

/** The part of a story's context that a view is opened with. */
export interface ViewContext<Inputs> {
  readonly inputs: Inputs;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly run: Pick<StoryRun<never>, "provenance" | "writes" | "records" | "pullRequest">;
}

/** A view of the step outside of its run, such as work items: begun with the story, so that its reads run beside it. */
export interface StepView {
  /** Awaited while the story opens its workspace: what the story's writes carry is known then. Never rejects. */
  readonly ready?: Promise<unknown>;
  /** Called where the story knows its result before it ends. Never throws: `end` says what failed. */
  ahead?(clean: RunRecord): void;
  /**
   * Called once the result is in the record, also that of a failure; not after a cancel. A failure in it is a warning.
   * @param record a view may add what it did
   * @param clean the same, redacted and without the secrets that files held: what is shown to people outside of the run
   */
  end(record: RunRecord, clean: RunRecord): Promise<void>;
  /** Called after a cancel in place of `end`, when the agent soon ends the process. */
  canceled?(clean: RunRecord): Promise<void>;
}

export interface TaskOptions<Inputs, Outputs> {
  /** Undefined where the inputs ask for no view. */
  readonly view?: (context: ViewContext<Inputs>) => StepView | undefined;
  /** Runs after the job's last step, even after a cancel, if the main stage left something to take back. */
  readonly postJob?: (context: StoryContext<Inputs, Outputs>, left: string) => Promise<void>;
  /** The story knows its outputs without a write, so that a dry run sets them as well. */
  readonly outputsOfDryRun?: boolean;
}

export interface Task<Inputs, Outputs> extends TaskOptions<Inputs, Outputs> {
  readonly contract: Contract<Inputs, Outputs>;
  readonly story: Story<Inputs, Outputs>;
}

/** A task of whatever contract. */
// biome-ignore lint/suspicious/noExplicitAny: inputs and outputs of a contract are known to its story alone.
export type AnyTask = Task<any, any>;

/** A story reads no input by name, sets no result and catches nothing to log it: `runTask` does. */
export const defineTask = <Inputs, Outputs>(
  contract: Contract<Inputs, Outputs>,
  story: Story<Inputs, Outputs>,
  options: TaskOptions<Inputs, Outputs> = {},
): Task<Inputs, Outputs> => ({ contract, story, ...options });
