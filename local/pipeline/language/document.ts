// A pipeline as it was read: everything with its place, so that what is found wrong later can still say where.
import type { Expression } from "../../expressions/expression.ts";
import type { Place } from "../../text/places.ts";

/** A text and where it stands. */
export interface Text {
  readonly value: string;
  readonly place: Place;
}

export interface ConditionText extends Text {
  readonly expression: Expression;
}

export interface PipelineVariable {
  readonly name: string;
  /** Plain text, or `$[ ... ]` read as an expression. */
  readonly value: string;
  readonly expression?: Expression;
  readonly readOnly: boolean;
  readonly place: Place;
}

/** Names to include and to leave out, as globs. */
export interface Filter {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** `trigger:` or `pr:`. `none` where the file says so; undefined on the document where it says nothing. */
export type Trigger =
  | "none"
  | { readonly branches: Filter; readonly paths: Filter; readonly tags: Filter; readonly batch: boolean };

export interface PipelineResource {
  readonly alias: string;
  /** Name of the pipeline. */
  readonly source: string;
  readonly project?: string;
  /** Branch of the run that is taken where none triggers. */
  readonly branch?: string;
  /** Run number to take where none triggers. */
  readonly version?: string;
  readonly tags: readonly string[];
  readonly trigger:
    | "none"
    | { readonly branches: Filter; readonly tags: readonly string[]; readonly stages: readonly string[] };
  readonly place: Place;
}

/** `webhooks:` of `resources:`: an incoming webhook connection whose posts start the pipeline. */
export interface WebhookResource {
  readonly alias: string;
  /** Name of the service connection. */
  readonly connection: string;
  /** All have to fit. */
  readonly filters: readonly { readonly path: string; readonly value: string }[];
  readonly place: Place;
}

/** `legacyObject`: declared in a template by `name: default` alone. */
export type ParameterType =
  | "string"
  | "number"
  | "boolean"
  | "object"
  | "legacyObject"
  | "stringList"
  | "step"
  | "stepList"
  | "job"
  | "jobList"
  | "deployment"
  | "deploymentList"
  | "stage"
  | "stageList"
  | "environment"
  | "filePath"
  | "pool"
  | "secureFile"
  | "serviceConnection";

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly default?: ParameterValue;
  readonly values?: readonly string[];
  readonly place: Place;
}

export type ParameterValue =
  | null
  | boolean
  | number
  | string
  | readonly ParameterValue[]
  | { readonly [key: string]: ParameterValue };

interface StepCommon {
  readonly place: Place;
  readonly name?: string;
  readonly displayName?: string;
  readonly condition?: ConditionText;
  readonly enabled: boolean;
  readonly continueOnError: boolean;
  readonly timeoutInMinutes: number;
  readonly retryCountOnTaskFailure: number;
  readonly env: Readonly<Record<string, string>>;
  readonly target?: { readonly commands?: "any" | "restricted"; readonly settableVariables?: readonly string[] };
}

interface ScriptStep extends StepCommon {
  readonly kind: "script" | "bash";
  readonly script: string;
  readonly workingDirectory?: string;
  readonly failOnStderr: boolean;
}

export interface TaskStep extends StepCommon {
  readonly kind: "task";
  /** `AzureMLSubmitJob@1` */
  readonly task: Text;
  readonly inputs: readonly { readonly name: Text; readonly value: Text }[];
}

interface CheckoutStep extends StepCommon {
  readonly kind: "checkout";
  readonly repository: "self" | "none";
  readonly fetchDepth: number;
}

interface PublishStep extends StepCommon {
  readonly kind: "publish";
  readonly path: string;
  readonly artifact: string;
}

interface DownloadStep extends StepCommon {
  readonly kind: "download";
  /** `current`, `none` or the alias of a pipeline resource. */
  readonly source: Text;
  readonly artifact?: string;
  readonly patterns: readonly string[];
  readonly path?: string;
}

export type StepDocument = ScriptStep | TaskStep | CheckoutStep | PublishStep | DownloadStep;

export interface JobDocument {
  readonly kind: "job" | "deployment";
  readonly name: string;
  readonly displayName: string;
  readonly place: Place;
  readonly dependsOn: readonly Text[];
  readonly condition?: ConditionText;
  readonly continueOnError: boolean;
  readonly timeoutInMinutes: number;
  readonly cancelTimeoutInMinutes: number;
  readonly variables: readonly PipelineVariable[];
  /** Name and image as a text for the log; `server` where the job is agentless. */
  readonly pool?: string;
  readonly environment?: string;
  readonly steps: readonly StepDocument[];
  /** Of `strategy: matrix` or `parallel`: the job runs once for each. */
  readonly legs?: readonly Leg[];
  /** The leg that this is. */
  readonly leg?: string;
}

/** An agentless job: its tasks run inside Azure DevOps. */
export const isAgentless = (job: Pick<JobDocument, "pool">): boolean => job.pool === "server";

export interface Leg {
  readonly name: string;
  readonly variables: readonly PipelineVariable[];
}

export interface StageDocument {
  readonly name: string;
  readonly displayName: string;
  readonly place: Place;
  readonly dependsOn: readonly Text[];
  readonly condition?: ConditionText;
  readonly variables: readonly PipelineVariable[];
  readonly jobs: readonly JobDocument[];
  /** False where the file has no `stages:`. */
  readonly isExplicit: boolean;
}

export interface PipelineDocument {
  readonly file: string;
  /** The format of run numbers. */
  readonly name?: string;
  readonly trigger?: Trigger;
  readonly pr?: Trigger;
  /** As written; local pipelines run on no clock. */
  readonly schedules: readonly { readonly cron: string; readonly place: Place }[];
  readonly parameters: readonly Parameter[];
  readonly variables: readonly PipelineVariable[];
  readonly resources: readonly PipelineResource[];
  readonly webhooks: readonly WebhookResource[];
  readonly stages: readonly StageDocument[];
}
