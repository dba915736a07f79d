// Proves that a version was judged: a run's record says that the job passed, and the version's files are that job's. Tags only say where
// to look, since anybody with write access can set them.
// Tests: test/tasks/PromoteModel.test.ts
import type { AssetBody } from "../assets/asset-home.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import { findVersion } from "../assets/assets.ts";
import { provenBlobsOf } from "../assets/version-places.ts";
import {
  EVIDENCE,
  type Evidence,
  evidenceFrom,
  evidenceIn,
  isAfter,
  type Judged,
  type Judgement,
  type Judges,
  newestOf,
} from "../gate/evidence.ts";
import { originOf } from "../gate/origin.ts";
import { findJob } from "../jobs/jobs.ts";
import { latestMetrics, type Metrics } from "../jobs/metrics.ts";
import { PROMOTED_BY } from "../workspace/lineage.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import { type Content, contentAt } from "./content.ts";
import { jobsNamed, liesInJob } from "./job-files.ts";

/** A promotion that a run's record confirms: the evidence that was proven then. */
interface Promotion {
  /** Id of the version that was made or found. */
  readonly target: string;
  readonly contentHash: string;
  readonly evidence: Evidence;
  readonly metrics?: Metrics | undefined;
}

/** Reads judgements and promotions; lib/task has an implementation. */
export interface Records extends Judges {
  /** Promotions of the run with this page. */
  promotionsOf(uri: string): Promise<{ readonly promotions: readonly Promotion[]; readonly unread: readonly string[] }>;
}

/** The proven evidence of a version; without one, the reason why not, as a sentence. */
export type Proof =
  | { readonly evidence: Evidence; readonly metrics: Metrics | undefined }
  | { readonly evidence: undefined; readonly why: string };

/**
 * Looks for the proof, in this order: a job of the source workspace itself, whose output the version's files are; the version's origin in the
 * workspace of the judgement, where its files are the same; and the record of the promotion that made it, with the same content.
 * Two sequential round trips to Azure for a job of the source's own workspace, up to seven for one elsewhere, and beside them three to Azure DevOps for each run.
 */
export async function proofOf(
  source: AssetStore,
  name: string,
  version: AssetBody,
  content: Promise<Content>,
  records: Records,
): Promise<Proof> {
  const tags = version.properties?.tags ?? {};
  const run = evidenceIn(tags)[EVIDENCE.run] ?? "";
  const [own, here, there, promoted] = await Promise.all([
    source.registry === undefined && source.workspace ? jobOfFiles(source.workspace, version) : undefined,
    records.here(),
    run === "" ? NOTHING : records.ofRun(run),
    tags[PROMOTED_BY] ? records.promotionsOf(tags[PROMOTED_BY]) : { promotions: [], unread: [] },
  ]);
  const judgements = [...there.judgements, ...here.judgements];
  const files = await content;
  const { judged, origin = version } = own
    ? { judged: own }
    : await judgedElsewhere(source, name, version, files, judgements);
  const mine = judged && newestOf(here.judgements, judged);
  const theirs = judged && newestOf(there.judgements, judged);
  // This run's own judgement counts before another's, but for a failure that came later.
  const found = !mine || (theirs && !theirs.passed && isAfter(theirs.time, mine)) ? theirs : mine;
  // A later run may have judged the job again: a tag is no proof that it passed, and reason enough to refuse.
  const isPast = (tags: Readonly<Record<string, string>>) =>
    mine !== undefined && found === mine && (tags[EVIDENCE.run] === mine.runUri || !isAfter(tags[EVIDENCE.time], mine));
  const failed = [version, origin]
    .map(({ properties }) => properties?.tags ?? {})
    .find((tags) => saysFailed(tags) && !isPast(tags));
  if (failed)
    return { evidence: undefined, why: `Its evaluation says failed: ${failed[EVIDENCE.run] ?? "no run is named"}.` };
  if (found && judged) {
    const metrics = await latestMetrics(judged.workspace, judged.jobName).catch(undefinedIfUnreadable);
    return { evidence: evidenceFrom(found), metrics };
  }
  const promotion = promoted.promotions.find(
    (one) => one.contentHash === files.hash && one.target.toLowerCase() === (version.id ?? "").toLowerCase(),
  );
  if (promotion && Object.keys(promotion.evidence).length > 0)
    return { evidence: promotion.evidence, metrics: promotion.metrics };
  const unread = [...here.unread, ...there.unread, ...promoted.unread];
  return { evidence: undefined, why: whyNot(tags, run, judged, unread) };
}

const saysFailed = (tags: Readonly<Record<string, string>>) => tags[EVIDENCE.result] === "failed";

const NOTHING = { judgements: [], unread: [] };

function whyNot(
  tags: Readonly<Record<string, string>>,
  run: string,
  judged: Judged | undefined,
  unread: readonly string[],
): string {
  if (unread.length > 0) return `What runs recorded could not be read: ${unread.join(" ")}`;
  const claim = run === "" ? "No run says that it was judged" : `Its tags name the run ${run}`;
  if (judged !== undefined && run === "")
    return `${claim}, and no step of this run has judged its job ${judged.jobName}.`;
  if (judged !== undefined) return `${claim}, which has not judged its job ${judged.jobName}.`;
  if (run === "" && tags[EVIDENCE.result] === undefined) return `${claim}, and it carries no evaluation.`;
  return `${claim}, and no job that a run has judged could be found whose files it holds.`;
}

/** The judged job of another workspace whose files these are, and the version there that they were found by. */
async function judgedElsewhere(
  source: AssetStore,
  name: string,
  version: AssetBody,
  content: Content,
  judgements: readonly Judgement[],
): Promise<{ readonly judged?: Judged; readonly origin?: AssetBody }> {
  const tags = version.properties?.tags;
  const origin = originOf(tags) ?? { name, version: "" };
  const tried = new Set<string>();
  for (const { workspace, jobName } of judgements.toReversed()) {
    const key = JSON.stringify([workspace, jobName]).toLowerCase();
    if (tried.has(key) || (tags?.["jobName"] ?? jobName) !== jobName) continue;
    tried.add(key);
    const opened = await openOrigin(source, workspace);
    const first =
      opened && (await findVersion(opened, "models", origin.name, origin.version).catch(undefinedIfUnreadable));
    if (!opened || !first) continue;
    const [judged, place] = await Promise.all([
      jobOfFiles(opened, first),
      provenBlobsOf(opened, "models", origin.name, first),
    ]);
    if (judged?.jobName !== jobName || place === undefined) continue;
    const same = await contentAt(place, opened.signal).catch(undefinedIfUnreadable);
    if (same?.hash === content.hash) return { judged, origin: first };
  }
  return {};
}

/** The job of a workspace that a version's files are an output of. */
async function jobOfFiles(workspace: Workspace, version: AssetBody): Promise<Judged | undefined> {
  for (const jobName of jobsNamed(version, workspace)) {
    const job = await findJob(workspace, jobName).catch(undefinedIfUnreadable);
    if (job && (await liesInJob(workspace, job, version))) return { workspace, job, jobName: job.name ?? jobName };
  }
  return undefined;
}

/** The workspace of a judgement, by the connection of the source; undefined where that may not read it. */
async function openOrigin(source: AssetStore, { name, resourceGroup, subscriptionId }: Judgement["workspace"]) {
  const { workspace, home } = source;
  const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
  if (!resourceGroup || !subscriptionId) return undefined;
  if (
    workspace &&
    same(name, workspace.name) &&
    same(resourceGroup, workspace.resourceGroup) &&
    same(subscriptionId, workspace.subscriptionId)
  )
    return workspace;
  const { azure, log, signal, provenance } = home;
  const request = { azure, log, signal, provenance, name, resourceGroup, subscriptionId };
  return openWorkspace(request).catch(undefinedIfUnreadable);
}
