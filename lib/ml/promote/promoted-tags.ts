// Tags and properties of a promoted version: those of its source, where it came from, and the evidence that was proven.
// Tests: test/lib/ml/promote/promoted-tags.test.ts
import { isEvidence } from "../../documents/assets/evidence-names.ts";
import type { Provenance } from "../../provenance.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { type Evidence, withEvidence } from "../gate/evidence.ts";
import type { Metrics } from "../jobs/metrics.ts";
import {
  APPROVED_BY,
  DECISION,
  DRIFT,
  DRIFT_AT,
  DRIFT_MONITOR,
  DRIFT_RUN,
  ORIGIN,
  ORIGIN_METRICS,
  PROMOTED_BY,
  PROMOTED_CONTENT,
  PROMOTED_FROM,
  SHARED_FROM,
} from "../workspace/lineage.ts";

type Tags = Readonly<Record<string, string>>;

/** The statements of a promotion on its target. */
export interface Marks {
  /** Id of the source's version. */
  readonly from: string;
  /** Whether the source is a workspace, in which the model's job is. */
  readonly isWorkspace: boolean;
  readonly contentHash: string;
  /** Undefined: none was proven, and none is carried. */
  readonly evidence: Evidence | undefined;
  readonly metrics: Metrics | undefined;
  readonly approvedBy: string | undefined;
  /** The user's own. */
  readonly tags: Tags;
  readonly provenance: Provenance;
}

/** Longest value of the tag and of the property with metrics, in characters. Limits of the service are not known; resource tags of Azure have 256. */
const LONGEST_TAG = 256;
const LONGEST_PROPERTY = 4_000;

const OWN = new Set([APPROVED_BY, ORIGIN_METRICS, PROMOTED_BY, PROMOTED_CONTENT, PROMOTED_FROM]);

/** Findings of a monitor where the source was live: they say nothing of where the copy will be. */
const FOUND_LIVE = new Set([DRIFT, DRIFT_AT, DRIFT_MONITOR, DRIFT_RUN]);

const staysBehind = (name: string) => isEvidence(name) || OWN.has(name) || DECISION.has(name) || FOUND_LIVE.has(name);

/** Tags of a version that is made. An approval was given to the source, and is not copied. */
export function tagsOfNew(source: AssetBody, marks: Marks): Record<string, string> {
  return { ...carried(source), ...withEvidence(marks.tags, marks.evidence ?? {}), ...marksOf(source, marks) };
}

/**
 * Tags of a version that is there with the same content: others' tags stay, those of the user and the proven evidence count. The marks of
 * the run that promoted it first stay where it came from the same source.
 */
export function tagsOfKnown(there: AssetBody, source: AssetBody, marks: Marks): Record<string, string> {
  const has = { ...there.properties?.tags };
  const begun = has[PROMOTED_FROM] === marks.from ? has : { ...carried(source), ...has, ...marksOf(source, marks) };
  const approved = marks.approvedBy === undefined ? {} : { [APPROVED_BY]: marks.approvedBy };
  const all = { ...begun, ...marks.tags, ...approved };
  return marks.evidence === undefined ? all : withEvidence(all, marks.evidence);
}

/**
 * A tag of the source that must not be on its copy: an approval, or a judgement other than the proven one. Undefined where it has none.
 * Whether publish keeps tags is not known (docs/facts/operations.md#C.5), and what it keeps would count before it could be taken away.
 */
export function unprovenIn(source: AssetBody, { evidence = {} }: Pick<Marks, "evidence">): string | undefined {
  const tags = Object.entries(source.properties?.tags ?? {});
  return tags.find(([name, value]) => isEvidence(name) && value !== "" && evidence[name] !== value)?.[0];
}

/** Properties of a version that is made; they cannot be changed later. */
export function propertiesOfNew(source: AssetBody, { metrics }: Marks): Record<string, string> {
  const { [ORIGIN_METRICS]: carriedMetrics, ...own } = source.properties?.properties ?? {};
  const text = metrics === undefined ? (carriedMetrics ?? "") : metricsText(metrics, LONGEST_PROPERTY);
  return { ...own, ...(text === "" ? {} : { [ORIGIN_METRICS]: text }) };
}

/** The tags of the source that go along: its lineage, and what users said of it. */
function carried(source: AssetBody): Record<string, string> {
  const jobName = source.properties?.["jobName"];
  const tags = Object.entries(source.properties?.tags ?? {}).filter(([name]) => !staysBehind(name));
  return { ...(typeof jobName === "string" && jobName !== "" ? { jobName } : {}), ...Object.fromEntries(tags) };
}

function marksOf(source: AssetBody, marks: Marks): Record<string, string> {
  const { from, isWorkspace, contentHash, metrics, approvedBy, provenance } = marks;
  const tags = source.properties?.tags ?? {};
  const isFirst = isWorkspace && tags[ORIGIN] === undefined && tags[SHARED_FROM] === undefined;
  const all = {
    [PROMOTED_FROM]: from,
    [PROMOTED_BY]: provenance.runUri,
    [PROMOTED_CONTENT]: contentHash,
    [APPROVED_BY]: approvedBy ?? "",
    [ORIGIN]: isFirst ? from : "",
    [ORIGIN_METRICS]: metrics === undefined ? (tags[ORIGIN_METRICS] ?? "") : metricsText(metrics, LONGEST_TAG),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** As many metrics as fit, by name, as JSON; empty where none does. */
function metricsText(metrics: Metrics, longest: number): string {
  const kept: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics).sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (!Number.isFinite(value)) continue;
    if (JSON.stringify({ ...kept, [name]: value }).length > longest) break;
    kept[name] = value;
  }
  return Object.keys(kept).length === 0 ? "" : JSON.stringify(kept);
}
