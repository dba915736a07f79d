// The record of a job: the request, what the service added, and its state.
import type { Stamps } from "../arm/envelope.ts";
import type {
  AutologgerSettings,
  AutoMLJob,
  CommandJob,
  DistributionConfiguration,
  JobBasePropertiesCommon,
  JobResourceConfiguration,
  NotificationSetting,
  PipelineJob,
  QueueSettings,
  SparkJob,
  SweepJob,
} from "../contract/types.gen.ts";

/** docs/facts/azureml-services.md#4.3. */
export type JobStatus =
  | "NotStarted"
  | "Starting"
  | "Preparing"
  | "Queued"
  | "Running"
  | "Finalizing"
  | "CancelRequested"
  | "Completed"
  | "Failed"
  | "Canceled";

/** A job that has one of these stays as it is. */
export function isTerminal(status: JobStatus): boolean {
  return status === "Completed" || status === "Failed" || status === "Canceled";
}

/** An input as sent: `jobInputType` "literal" has `value`, every other type has `uri`. */
export interface JobInput {
  readonly jobInputType: string;
  readonly description?: string | null;
  readonly value?: string;
  readonly uri?: string;
  readonly mode?: string | null;
}

/** An output as sent. */
export interface JobOutput {
  readonly jobOutputType: string;
  readonly description?: string | null;
  readonly uri?: string | null;
  readonly mode?: string | null;
  readonly assetName?: string | null;
  readonly assetVersion?: string | null;
}

/** The common fields of all kinds of jobs, except those that local Azure names itself. */
type Common = Pick<JobBasePropertiesCommon, "description" | "tags" | "properties" | "displayName" | "isArchived">;

/** The `properties` of a job's PUT, as far as all kinds share them; what is not named here is kept and shown all the same. */
export interface JobBody extends Common, Pick<JobBasePropertiesCommon, "secretsConfiguration"> {
  readonly jobType: string;
  readonly computeId?: string | null;
  readonly experimentName?: string | null;
  readonly inputs?: Readonly<Record<string, JobInput>> | null;
  readonly outputs?: Readonly<Record<string, JobOutput>> | null;
  readonly identity?: Readonly<Record<string, unknown>> | null;
  readonly notificationSetting?: NotificationSetting | null;
  readonly componentId?: string | null;
  readonly queueSettings?: QueueSettings | null;
  readonly [key: string]: unknown;
}

/** A body of one kind, as clients send it that keep to the published types. */
type BodyOf<Job> = JobBody & Omit<Job, "jobType" | "inputs" | "outputs" | keyof JobBasePropertiesCommon>;

/** The bodies of the kinds that local Azure looks into. */
export interface Bodies {
  readonly Pipeline: BodyOf<PipelineJob>;
  readonly Sweep: BodyOf<SweepJob>;
  readonly Spark: BodyOf<SparkJob>;
  readonly AutoML: BodyOf<AutoMLJob>;
}

/** The body as that of a kind, where it is of that kind. */
export function bodyOfKind<Kind extends keyof Bodies>(body: JobBody, kind: Kind): Bodies[Kind] | undefined {
  return body.jobType === kind ? (body as Bodies[Kind]) : undefined;
}

/** A command job's, as the contract types them. */
export interface CommandBody extends JobBody {
  readonly command: string;
  readonly environmentId: string;
  readonly codeId?: string | null;
  readonly environmentVariables?: Readonly<Record<string, string>> | null;
  readonly limits?: CommandJob["limits"];
  readonly resources?: JobResourceConfiguration | null;
  readonly distribution?: DistributionConfiguration | null;
  readonly autologgerSettings?: AutologgerSettings | null;
}

/** Why a job failed. `code` "UserError": the command or its inputs; "ServiceError": something of ours. */
export interface JobFailure {
  readonly code: "UserError" | "ServiceError";
  readonly message: string;
}

/** The job that a job belongs to. */
export interface JobParent {
  readonly kind: "step" | "trial";
  readonly name: string;
  /** The outermost job. */
  readonly root: string;
  /** The key of the step in its pipeline's `jobs`, or the trial's number. */
  readonly node: string;
}

/** Plain JSON, so that `--data` keeps it. */
export interface JobRecord<Body extends JobBody = JobBody> {
  readonly name: string;
  /** Counts upwards over the workspace: the order of creation, and history's `runNumber`. */
  readonly sequence: number;
  readonly body: Body;
  /** Its parent, and its role there: a pipeline's step, or a sweep's trial. */
  readonly parent?: JobParent;
  /** `name` of its run, where it has one apart from its id. */
  runName?: string;
  displayName: string;
  description: string | null;
  isArchived: boolean;
  tags: Record<string, string>;
  /** The user's, with the service's own added. */
  properties: Record<string, string>;
  readonly experimentName: string;
  readonly experimentId: string;
  status: JobStatus;
  /** Milliseconds since the epoch. */
  readonly created: number;
  started?: number;
  ended?: number;
  failure?: JobFailure;
  /** Why it was canceled, where it was not a person: the timeout. */
  cancelReason?: string;
  stamps: Stamps;
  /** Object id of who submitted it. */
  readonly ownerId: string;
  /** Where each output lies, by name, as a long datastore URI; known from submission on, `default` among them. */
  readonly outputUris: Record<string, string>;
  /** The job whose results this one took over instead of running. */
  reusedFrom?: string;
  /** Asset versions that the job's named outputs became. */
  readonly registered: Record<string, string>;
  /** Paths of the log files, below the run's folder in the artifact store. */
  readonly logFiles: string[];
}

/** The run's folder in the container of workspaceartifactstore, with a slash at its end. */
export function runFolder(job: string): string {
  return `ExperimentRun/dcid.${job}/`;
}
