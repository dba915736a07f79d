// The sections that version 2 of the record brought: where things came from, who looked at them, and what proves it. All are optional.
// Tests: test/lib/record/record.test.ts

/** An attachment that the same step left on the run. */
export interface AttachmentReference {
  /** Type and name, by which Azure DevOps keeps it. */
  type: string;
  name: string;
}

export interface ImageReference extends AttachmentReference {
  /** Path below the run's artifacts, as the job logged it. */
  path: string;
  mediaType: "image/png" | "image/jpeg";
  bytes: number;
}

/** A step of a pipeline job. */
export interface JobStep {
  /** Name of its run. */
  id: string;
  /** Its display name, without those of the pipelines around it. */
  name: string;
  status: string;
  /** `id` of the pipeline that it is a step of; absent: of the job itself. */
  parent?: string;
  /** ISO 8601. */
  started?: string;
  finished?: string;
  /** True: the service took the outputs of an earlier run. */
  reused?: boolean;
  studioUrl?: string;
}

/** The difference between a version of data and the one before. */
export interface DataChange {
  /** Version that it was compared with; absent where it is the first one. */
  since?: string;
  /** Numbers of files. */
  added?: number;
  changed?: number;
  removed?: number;
  unchanged?: number;
  /** The first of them. */
  files?: readonly { path: string; change: "added" | "changed" | "removed"; bytes?: number }[];
  /** Why nothing is known of the difference, as a sentence. */
  unknown?: string;
}

type LineageKind =
  | "commit"
  | "pullRequest"
  | "workItem"
  | "run"
  | "data"
  | "environment"
  | "job"
  | "model"
  | "deployment";

/** Where something came from: what the sections of the record do not say themselves. */
export interface LineageSection {
  /** `id`: what tells it from all others of its kind, as `edges` name it. */
  nodes: readonly { kind: LineageKind; id: string; name?: string; url?: string }[];
  /** From what was used to what was made of it. */
  edges?: readonly { from: string; to: string }[];
}

export interface PullRequestSection {
  /** Its number. */
  id: string;
  provider?: "azureRepos" | "gitHub";
  url?: string;
  title?: string;
  /** The outcome of the comment. */
  comment?: "created" | "updated" | "unchanged" | "refused";
  status?: { name: string; state: string };
}

export interface WorkItemSection {
  id: string;
  type?: string;
  title?: string;
  state?: string;
  url?: string;
  /** The work of this step on it. */
  change?: "created" | "linked" | "commented" | "refused";
}

/** The evidence for the people who approve, and their decision. */
export interface EvidenceSection {
  /** In short, as markdown. */
  summary?: string;
  /** In full. */
  attachment?: AttachmentReference;
  decision?: { outcome: string; by?: string; at?: string; comment?: string };
}

/** Documents that prove what a model is made of, and who signed for it. */
export interface ProofSection {
  documents: readonly {
    kind: "bom" | "provenance" | "signature" | "certificate";
    name: string;
    /** Hexadecimal. */
    sha256?: string;
    uri?: string;
    attachment?: AttachmentReference;
  }[];
  /** Key or certificate, by its name. */
  signer?: string;
  /** Of a step that verified them. */
  outcome?: "passed" | "failed" | "notAsked";
  /** As a sentence. */
  detail?: string;
  /** `name:version` of the model, and of the data asset that has the documents. */
  model?: string;
  asset?: string;
  /** SHA-256 over the digests of the model's files. */
  digest?: string;
  files?: number;
  bytes?: number;
  /** False: the proof was there already. */
  created?: boolean;
  /** Of a verified provenance: the pipeline that built the model, and its run. */
  builder?: string;
  invocation?: string;
}

/** A metric of a monitor's signal. */
interface MonitoredMetric {
  metric: string;
  /** The feature or group; absent: of the signal as a whole. */
  of?: string;
  value?: number;
  threshold?: number;
  /** True where it breaks its threshold. */
  broken?: boolean;
}

type Health = "healthy" | "breached" | "noEvidence";

/** An earlier run of the monitor, or an earlier window of the endpoint, as the same step judged it. */
interface EarlierHealth {
  /** When the run began or the window ended; ISO 8601. */
  at: string;
  outcome: Health;
  /** Run of the monitor; absent: a window of the endpoint. */
  job?: string;
  /** Why there is no evidence, as a sentence. */
  reason?: string;
  signals?: readonly { name: string; outcome: Health; metrics?: readonly MonitoredMetric[] }[];
  deployments?: readonly { name: string; outcome: Health; numbers?: Readonly<Record<string, number>> }[];
}

/** Findings of a model's monitor, and the health of its endpoint. */
export interface MonitorSection {
  outcome: Health;
  /** Why, as sentences. */
  reasons?: readonly string[];
  /** The monitor, where one was looked at. */
  name?: string;
  /** Its run. */
  job?: string;
  studioUrl?: string;
  /** When that began; ISO 8601. */
  at?: string;
  /** `name:version` of the model that is live, where a breach was noted on it. */
  liveModel?: string;
  signals?: readonly {
    name: string;
    type?: string;
    outcome: Health;
    sentence?: string;
    /** Rows of the reference data and of the production data. */
    reference?: number;
    production?: number;
    metrics?: readonly MonitoredMetric[];
  }[];
  /** The endpoint, where one was looked at, and the window. */
  endpoint?: string;
  from?: string;
  to?: string;
  deployments?: readonly {
    name: string;
    outcome: Health;
    reasons?: readonly string[];
    numbers?: Readonly<Record<string, number>>;
  }[];
  /** Earlier results, the newest first; they decided nothing. */
  earlier?: readonly EarlierHealth[];
}
