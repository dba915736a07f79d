// The record of a step, attached to the pipeline run and read again by later steps and by the results tab.
import type { ComparisonSection } from "./comparison.ts";
import type { DataCheckSection } from "./data-check.ts";
import type {
  EvidenceSection,
  LineageSection,
  MonitorSection,
  ProofSection,
  PullRequestSection,
  WorkItemSection,
} from "./evidence-sections.ts";
import { fitted } from "./limits.ts";
import { redact } from "./redact.ts";
import { recordShape } from "./schema.ts";
import type {
  AppliedSection,
  AssetSection,
  CleanUpSection,
  DeploymentSection,
  GateSection,
  InvocationSection,
  JobSection,
  PreflightSection,
  PromotionSection,
  RollbackSection,
  RunSection,
  SetupSection,
  WatchSection,
  WorkspaceSection,
} from "./sections.ts";
import { keepKnown } from "./shape.ts";
import { renamedFields } from "./version-one.ts";

/** Attachment type of records. */
export const RECORD_TYPE = "azureml-record";
/** Version of the records that this code writes; it reads this one and those before it. */
export const RECORD_VERSION = 2;

/** One step's record. A section is there when the step had to do with it. */
export interface RunRecord {
  version: 1 | typeof RECORD_VERSION;
  task: { name: string; friendlyName: string; version: string };
  result: "succeeded" | "succeededWithIssues" | "failed" | "canceled";
  /** ISO 8601, UTC. */
  started: string;
  finished?: string;
  run?: RunSection;
  workspace?: WorkspaceSection;
  data?: AssetSection;
  dataCheck?: DataCheckSection;
  job?: JobSection;
  gate?: GateSection;
  comparison?: ComparisonSection;
  model?: AssetSection;
  promotion?: PromotionSection;
  deployment?: DeploymentSection;
  rollback?: RollbackSection;
  invocation?: InvocationSection;
  monitor?: MonitorSection;
  setup?: SetupSection;
  preflight?: PreflightSection;
  cleanUp?: CleanUpSection;
  applied?: AppliedSection;
  watch?: WatchSection;
  lineage?: LineageSection;
  pullRequest?: PullRequestSection;
  workItems?: readonly WorkItemSection[];
  evidence?: EvidenceSection;
  proof?: ProofSection;
  /** Numbers of entries that were left out so that the record keeps its size, by their list: `gate.rules`. The writer's own. */
  omitted?: Readonly<Record<string, number>>;
  /** Why it failed, in the words of the log. */
  error?: { message: string; hint?: string; requestId?: string; code?: string };
}

/** The most that a record weighs, in characters of its JSON: below 1,000,000 bytes whatever the characters are. */
export const RECORD_LIMIT = 300_000;
/** Longer than any record of any version, in characters: it is not read. */
const LONGEST_READ = 1_000_000;

/** The record as JSON: known fields only, redacted, each text cut to its length, the whole below RECORD_LIMIT. */
export function writeRecord(record: RunRecord): string {
  const omitted: Record<string, number> = {};
  const onLeftOut = (path: string, entries: number) => {
    omitted[path] = (omitted[path] ?? 0) + entries;
  };
  const clean = keepKnown(recordShape, record, { text: redact, onLeftOut }) as RunRecord | undefined;
  if (clean === undefined) throw new Error("The record lacks its task, result or start.");
  return fitted(clean, omitted, RECORD_LIMIT);
}

/** A record, or the reason why a text is none that this code can read, as a sentence. */
export type ReadRecord =
  | { readonly record: RunRecord; readonly fault?: undefined }
  | { readonly record?: undefined; readonly fault: string };

/**
 * Reads a record of version 1 or 2. Unknown fields are left out, fields of the wrong kind too, and every list and text ends at
 * its limit. A record of version 1 stays one. A later version is refused: what it says of a judgement is not known here.
 */
export function readRecord(json: string): ReadRecord {
  if (json.length > LONGEST_READ)
    return { fault: `This is no record of this extension: it has more than ${LONGEST_READ} characters.` };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { fault: "This is no record of this extension: it is not JSON." };
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === "number" && Number.isFinite(version) && version > RECORD_VERSION)
    return {
      fault: `The record has version ${version}, and this extension reads versions 1 to ${RECORD_VERSION}: a newer version of the extension wrote it. Update the extension, or open the run where it is newer.`,
    };
  const record = keepKnown(recordShape, renamedFields(value)) as RunRecord | undefined;
  if (record === undefined || (record.version !== 1 && record.version !== RECORD_VERSION))
    return { fault: "This is no record of this extension: version, task, result or start are missing." };
  return { record };
}
