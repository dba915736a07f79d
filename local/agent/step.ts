// A step of a job, and its outcome.
import type { JobFolders } from "./predefined.ts";
import type { TaskResult } from "./results.ts";
import type { Stage } from "./task-folder.ts";

/** Agent.JobStatus. */
export type JobStatus = "Succeeded" | "SucceededWithIssues" | "Failed" | "Canceled";

/** A step's condition over the job so far. It may throw: then the step fails. */
export interface Condition {
  /** As the user wrote it, for the log. */
  readonly text: string;
  evaluate(status: JobStatus): boolean;
}

export const succeeded: Condition = {
  text: "succeeded()",
  evaluate: (status) => status === "Succeeded" || status === "SucceededWithIssues",
};
export const always: Condition = { text: "always()", evaluate: () => true };

interface StepCommon {
  /** `name:` of YAML; outputs are known by it. Without it the job makes one from the task's name. */
  readonly name?: string;
  readonly displayName?: string;
  readonly condition?: Condition;
  readonly continueOnError?: boolean;
  /** Minutes; fractions are taken. 0 or absent: no limit of its own. */
  readonly timeoutInMinutes?: number;
  /** At most 10. */
  readonly retryCountOnTaskFailure?: number;
}

/** A step that runs a packaged task. */
export interface TaskStep extends StepCommon {
  readonly taskFolder: string;
  /** Files of the package relative to its folder; absent: task.json, icon.png and the folders of its targets. */
  readonly files?: readonly string[];
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** YAML `target:`; merged with task.json's restrictions. */
  readonly target?: { readonly commands?: "any" | "restricted"; readonly settableVariables?: readonly string[] };
}

/** A step that the agent does itself: checkout, publish, download. */
export interface PluginStep extends StepCommon {
  readonly displayName: string;
  readonly plugin: (context: PluginContext) => Promise<void>;
}

export type Step = TaskStep | PluginStep;

export interface PluginContext {
  readonly folders: JobFolders;
  readonly signal: AbortSignal;
  /** One line, taken as a task's: commands in it are executed, secrets masked. */
  line(text: string): void;
  variable(name: string): string | undefined;
}

export interface Issue {
  readonly type: "error" | "warning";
  readonly message: string;
  readonly sourcePath?: string;
  readonly line?: number;
  readonly column?: number;
  readonly code?: string;
}

export interface Attachment {
  readonly type: string;
  readonly name: string;
  /** The bytes as they were when the upload queue read them. */
  readonly content: Buffer;
}

export interface OutputVariable {
  readonly value: string;
  readonly secret: boolean;
}

/** The outcome of one stage of a step. */
export interface StageOutcome {
  readonly stage: Stage;
  readonly name: string;
  readonly displayName: string;
  readonly recordId: string;
  readonly result: TaskResult;
  readonly issues: readonly Issue[];
  /** By plain name: `$(<name>.<key>)` for later steps. */
  readonly outputs: Readonly<Record<string, OutputVariable>>;
  /** Everything that `##vso[task.setvariable]` set, plain ones by name, outputs by `<step>.<name>`. */
  readonly variables: Readonly<Record<string, OutputVariable>>;
  /** Log lines, masked. */
  readonly lines: readonly string[];
  readonly attachments: readonly Attachment[];
  /** Of the last try; undefined where no process ran, or none ended by itself. */
  readonly exitCode: number | undefined;
  readonly attempts: number;
  /** The signals sent to the process, in order. */
  readonly signals: readonly NodeJS.Signals[];
  readonly timedOut: boolean;
  readonly progress: number;
  readonly startedAt: Date;
  readonly milliseconds: number;
  /** Of `milliseconds`, those in which a process of the task ran, over all tries. */
  readonly processMilliseconds: number;
}

export interface JobOutcome {
  readonly result: TaskResult;
  readonly stages: readonly StageOutcome[];
  /** The lines of the whole job, with the agent's own first and last ones. */
  readonly lines: readonly string[];
  /** `<step>.<name>` -> value. */
  readonly outputs: Readonly<Record<string, OutputVariable>>;
  readonly attachments: readonly Attachment[];
}
