// The sections of a record that every version has had: what a step did with data, jobs, gates, models and endpoints.
// Tests: test/lib/record/record.test.ts
import type { AttachmentReference, DataChange, ImageReference, JobStep } from "./evidence-sections.ts";

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
  /** Of data: the difference to the version before. Since version 2 of the record. */
  change?: DataChange;
}

export interface JobSection {
  name: string;
  status: string;
  id?: string;
  displayName?: string;
  experiment?: string;
  studioUrl?: string;
  /** Of a batch job: the endpoint and the deployment that were invoked. */
  endpoint?: string;
  deployment?: string;
  /** True: an earlier attempt's job, not one that this step submitted. */
  joined?: boolean;
  /** ISO 8601. */
  started?: string;
  finished?: string;
  metrics?: Readonly<Record<string, number>>;
  outputs?: Readonly<Record<string, string | number>>;
  /** By the input's name: id or URI of what the job really read. Since version 2 of the record, as the four that follow. */
  inputs?: Readonly<Record<string, string>>;
  /** Steps of a pipeline, those of nested pipelines too: a tree by `parent`. */
  steps?: readonly JobStep[];
  /** Attachment of the same step, as `readCurves` reads it. */
  curves?: AttachmentReference;
  /** Pictures that the job logged, each an attachment of the same step. */
  images?: readonly ImageReference[];
  cost?: CostSection;
  error?: string;
}

/** Cost of a job, before and after, at list prices. */
interface CostSection {
  /** The basis of the numbers, and their omissions. */
  label: string;
  /** As the service answers it: `USD`. */
  currency?: string;
  estimatedPerHour?: number;
  estimatedMost?: number;
  /** Of its nodes, once it has ended or was left. */
  nodeHours?: number;
  amount?: number;
  /** Parts without a price, which are not in the amount. */
  unpriced?: readonly string[];
  /** Of this run of the pipeline, jobs of other steps included, as far as their records could be read. */
  run?: { jobs: number; nodeHours: number; amount?: number; currency?: string };
}

export interface RuleSection {
  rule: string;
  passed: boolean;
  /** Where it is neither: a rule that was skipped counts as passed. */
  outcome?: "passed" | "failed" | "skipped";
  /** True: it failed because there was not enough data to say. */
  undecided?: boolean;
  /** The comparison, as a sentence. */
  detail: string;
}

export interface GateSection {
  passed: boolean;
  jobName?: string;
  /** When the service made the job, as it says it: a name may be given again. */
  jobCreated?: string;
  /** True: the step only planned, and judged nothing that counts. */
  isPlan?: boolean;
  /** `<model>:<version>`, a job's name, or absent. */
  champion?: string;
  rules: readonly RuleSection[];
  metrics?: Readonly<Record<string, number>>;
  championMetrics?: Readonly<Record<string, number>>;
  /** By metric: the run below the job that has it, in words. */
  metricRuns?: Readonly<Record<string, string>>;
  /** Why the champion is the champion, and its job. */
  championWhy?: string;
  championJob?: string;
  /** Whether both were measured on the same data, and each input that was compared. */
  sameData?: {
    verdict: "same" | "different" | "unknown";
    why: string;
    inputs: readonly {
      input: string;
      verdict: "same" | "different" | "unknown";
      job?: string;
      champion?: string;
      why?: string;
    }[];
  };
  /** Curves of the job and of its champion: attachment of the same step. Since version 2 of the record, as `images`. */
  curves?: AttachmentReference;
  images?: readonly ImageReference[];
}

/** A model version that was promoted; a later promotion reads the evidence that was proven here. */
export interface PromotionSection {
  /** Ids of both versions. */
  from: string;
  target: string;
  /** False: the target had it already. */
  created?: boolean;
  /** The target had archived it, and it is in use again. */
  restored?: boolean;
  contentHash: string;
  files?: number;
  bytes?: number;
  evidence?: Readonly<Record<string, string>>;
  metrics?: Readonly<Record<string, number>>;
  approvedBy?: string;
  /** Ids of environments and components that went along. */
  environments?: readonly string[];
  components?: readonly string[];
}

/** One share, and what was found about it. */
interface RolloutStepSection {
  /** Percent of the traffic, or of its copies. */
  share: number;
  /** ISO 8601: when it was set, and until when it was judged. */
  since: string;
  until?: string;
  /** Absent: not judged. */
  outcome?: "pass" | "fail" | "inconclusive";
  reasons?: readonly string[];
  rules?: readonly { rule: string; outcome: "pass" | "fail" | "inconclusive"; sentence: string }[];
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
  /** False: everything was as it should be, and nothing was written. */
  changed?: boolean;
  strategy?: "blueGreen" | "canary" | "shadow" | "inPlace";
  /** Shares of a canary, or of a shadow's mirror, that this step has set or judged, oldest first. */
  steps?: readonly RolloutStepSection[];
  /** Name of the settings of Azure Monitor that own its instance count. */
  autoscale?: string;
  failure?: FailureSection;
}

/** Why a deployment failed. */
interface FailureSection {
  /** Class of the failure: `quota`, `imageBuild`, `probe`, `outOfMemory`… */
  kind?: string;
  /** The service's own code. */
  code?: string;
  means?: string;
  remedy?: string;
  /** Address of Microsoft's guide. */
  guide?: string;
  /** The line of a log that names the error, and which log that is. */
  lastLine?: string;
  log?: string;
}

export interface RollbackSection {
  endpoint: string;
  /** Deployment that got all of the traffic. */
  to: string;
  /** Why it is that one, as a clause. */
  reason?: string;
  /** Deployments that lost their share, the largest first. */
  from?: readonly string[];
  /** Deployment of the rollout that was in progress. */
  ended?: string;
  /** False: nothing was changed. */
  changed?: boolean;
  /** Ids of the work items that the deployments without traffic were made for, by their tags. */
  workItems?: readonly string[];
  trafficBefore?: Readonly<Record<string, number>>;
  traffic?: Readonly<Record<string, number>>;
}

export interface InvocationSection {
  endpoint: string;
  deployment?: string;
  statusCode: number;
  latencyInMilliseconds: number;
  reply?: string;
  expectations?: readonly RuleSection[];
}

/** Checks that were made before anything was changed. */
export interface PreflightSection {
  checks: readonly PreflightCheck[];
}

interface PreflightCheck {
  /** `quota blue`, `compute cpu-cluster`, `role`. */
  id: string;
  /** `warned`: it is likely to fail or to wait. `notAsked`: it could not be looked at. */
  outcome: "passed" | "failed" | "warned" | "notAsked";
  answered: string;
  remedy?: string;
}

/** The result of a check of the setup, line by line. */
export interface SetupSection {
  checks: readonly SetupCheck[];
}

interface SetupCheck {
  /** The same in every run: `token`, `role RegisterModel`, `compute cpu-cluster`. */
  id: string;
  /** `warned`: it could not be asked, or is lacking where that may not matter. `notAsked`: what it needs has failed. */
  outcome: "passed" | "failed" | "warned" | "notAsked" | "notNeeded";
  asked: string;
  answered: string;
  remedy?: string;
}

/** The changes of a clean-up, and their numbers. */
export interface CleanUpSection {
  /** True: the step only planned, and changed nothing. */
  isPlan?: boolean;
  counts: Readonly<Record<string, number>>;
  changes: readonly CleanUpChange[];
}

interface CleanUpChange {
  kind: "endpoint" | "deployment" | "model" | "data";
  /** `fraud`, `blue of fraud`, `churn:3`. */
  name: string;
  outcome: "deleted" | "archived" | "kept" | "failed" | "left";
  why: string;
}

/** Applied resources; those that changed, or failed to, come first. Since version 2 of the record. */
export interface AppliedSection {
  /** True: the step only planned, and changed nothing. */
  isPlan?: boolean;
  /** By outcome. */
  counts: Readonly<Record<string, number>>;
  resources: readonly AppliedResource[];
}

interface AppliedResource {
  kind: string;
  /** With its version, or its endpoint: `iris:3`, `blue of iris`. */
  name: string;
  file: string;
  /** `left`: it was to be changed, and the step ended before. Of a plan: what would become of it. */
  outcome: "created" | "updated" | "unchanged" | "failed" | "left";
}

/** Versions of models that started something. Since version 2 of the record. */
export interface WatchSection {
  started: readonly StartedVersion[];
  /** The newest result of each monitor that was looked at; none where new versions were. */
  monitors?: readonly WatchedMonitor[];
  /** Why a breach started a retraining, or why not: a sentence. */
  decision?: string;
  /** The breach that started a retraining, in this run or an earlier one. */
  breach?: ActedBreach;
}

interface ActedBreach {
  monitor: string;
  /** The job that measured. */
  run: string;
  /** ISO 8601, UTC. */
  at?: string;
  /** Signals that are breached. */
  signals: readonly string[];
  /** `name:version` of the model that is live, where the breach was noted on it. */
  liveModel?: string;
}

interface WatchedMonitor {
  name: string;
  /** The job that measured; undefined where none has completed lately. */
  run?: string;
  /** ISO 8601, UTC. */
  at?: string;
  /** Signals that are breached. */
  breached: readonly string[];
  /** Absent in records of earlier releases, which took no evidence for healthy. */
  outcome?: "healthy" | "breached" | "noEvidence";
}

interface StartedVersion {
  /** `name:version` of the model. */
  version: string;
  /** As it is shown: a run's number, a release's name. */
  reference: string;
  url: string;
  /** True: an earlier run had started it. */
  before?: boolean;
}
