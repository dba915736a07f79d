// What a run leaves: one record a step, attached to the pipeline run and read again by the results tab.

/** Attachment type of records. */
export const RECORD_TYPE = "azureml-record";
export const RECORD_VERSION = 1;

/** One step's record. A section is there when the step had to do with it. */
export interface RunRecord {
  version: typeof RECORD_VERSION;
  task: { name: string; friendlyName: string; version: string };
  result: "succeeded" | "succeededWithIssues" | "failed" | "canceled";
  /** ISO 8601, UTC. */
  started: string;
  finished?: string;
  run?: RunSection;
  workspace?: WorkspaceSection;
  data?: AssetSection;
  job?: JobSection;
  gate?: GateSection;
  model?: AssetSection;
  deployment?: DeploymentSection;
  invocation?: InvocationSection;
  /** Why it failed, in the words of the log. */
  error?: { message: string; hint?: string; requestId?: string };
}

export interface RunSection {
  kind: string;
  project?: string;
  definition?: string;
  id?: string;
  number?: string;
  uri?: string;
  stage?: string;
  job?: string;
  step?: string;
  attempt?: number;
  repository?: string;
  branch?: string;
  commit?: string;
}

export interface WorkspaceSection {
  name: string;
  resourceGroup?: string;
  subscriptionId?: string;
  location?: string;
}

export interface AssetSection {
  name: string;
  version: string;
  id?: string;
  type?: string;
  path?: string;
  /** False: the version was there already. */
  created?: boolean;
  /** Job that made it. */
  jobName?: string;
  studioUrl?: string;
}

export interface JobSection {
  name: string;
  status: string;
  id?: string;
  displayName?: string;
  experiment?: string;
  studioUrl?: string;
  /** True: an earlier attempt's job, not one that this step submitted. */
  joined?: boolean;
  /** ISO 8601. */
  started?: string;
  finished?: string;
  metrics?: Readonly<Record<string, number>>;
  outputs?: Readonly<Record<string, string | number>>;
  error?: string;
}

export interface RuleSection {
  rule: string;
  passed: boolean;
  /** What was compared with what, as a sentence. */
  detail: string;
}

export interface GateSection {
  passed: boolean;
  jobName?: string;
  /** `<model>:<version>`, a job's name, or absent. */
  champion?: string;
  rules: readonly RuleSection[];
  metrics?: Readonly<Record<string, number>>;
  championMetrics?: Readonly<Record<string, number>>;
}

export interface DeploymentSection {
  endpoint: string;
  name: string;
  model?: string;
  scoringUri?: string;
  state?: string;
  /** Percent by deployment, before and after. */
  trafficBefore?: Readonly<Record<string, number>>;
  traffic?: Readonly<Record<string, number>>;
  studioUrl?: string;
}

export interface InvocationSection {
  endpoint: string;
  deployment?: string;
  statusCode: number;
  latencyInMilliseconds: number;
  reply?: string;
  expectations?: readonly RuleSection[];
}
