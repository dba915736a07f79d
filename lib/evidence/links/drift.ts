// Breach of a monitor as a step's record has it, and the tags by which its bug is found. Pure.
// Tests: test/lib/evidence/links/drift.test.ts
import type { Provenance } from "../../provenance.ts";
import type { RunRecord } from "../../record/index.ts";
import { sha256 } from "../../sha256.ts";

interface Drift {
  readonly monitor: string;
  /** The job that measured. */
  readonly run: string;
  readonly signals: readonly string[];
  /** Sentences for people. */
  readonly lines: readonly string[];
  readonly pages: readonly { readonly url: string; readonly comment: string }[];
}

/** A breach that the step found, or one that it has started a retraining for; undefined where there is none. */
export function breachOf({ monitor: found, watch }: RunRecord): Drift | undefined {
  const measured = (run: string, at?: string) => `Measured by the job ${run}${at === undefined ? "" : `, ${at}`}.`;
  const noted = (model: string | undefined) => (model === undefined ? [] : [`The model ${model} is live.`]);
  const broken = found?.signals?.filter(({ outcome }) => outcome === "breached") ?? [];
  if (found?.name && found.job && broken.length > 0) {
    const { name: monitor, job: run, at, studioUrl, liveModel } = found;
    const sentences = broken.flatMap(({ sentence }) => sentence ?? []);
    return {
      ...{ monitor, run, signals: broken.map(({ name }) => name) },
      lines: [...sentences, measured(run, at), ...noted(liveModel)],
      pages: page(studioUrl, `Azure ML job ${run}`),
    };
  }
  if (watch?.breach === undefined) return undefined;
  const { monitor, run, at, signals, liveModel } = watch.breach;
  const retraining = watch.started.find(({ version }) => version === `${monitor}:${run}`);
  const started = retraining ? [`${retraining.reference} retrains for it.`] : [];
  return {
    ...{ monitor, run, signals },
    lines: [measured(run, at), ...noted(liveModel), ...started],
    pages: page(retraining?.url, `Retraining, ${retraining?.reference}`),
  };
}

/** Tags of its bug: that of the monitor, the same for all of its breaches, and that of this breach. Steps and pipelines share them. */
export function driftTags(
  { workspace }: Pick<RunRecord, "workspace">,
  { monitor, run }: Pick<Drift, "monitor" | "run">,
  { organization, project }: Pick<Provenance, "organization" | "project">,
): { readonly monitor: string; readonly breach: string } {
  const { subscriptionId, resourceGroup, name } = workspace ?? {};
  const home = [subscriptionId, resourceGroup, name].map((part) => part?.toLowerCase());
  const tag = (...of: readonly string[]) =>
    `azureml-${sha256(JSON.stringify([organization.toLowerCase(), project, ...home, ...of])).slice(0, 16)}`;
  return { monitor: tag(monitor), breach: tag(monitor, run) };
}

const page = (url: string | undefined, comment: string): Drift["pages"] =>
  url !== undefined && /^https:\/\/[^\s<>"]+$/.test(url) ? [{ url, comment: comment.slice(0, 200) }] : [];
