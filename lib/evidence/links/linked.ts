// Links of a step, taken from its record: pages, sentences for work items, tags and properties of the run, and the status of its commit. Pure.
// Tests: test/lib/evidence/links/linked.test.ts
import type { Provenance } from "../../provenance.ts";
import type { RunRecord } from "../../record/index.ts";
import { cut } from "../../remote-text.ts";
import { breachOf } from "./drift.ts";

/** A page that work items link to. */
interface Page {
  readonly url: string;
  readonly comment: string;
}

/** A sentence that a work item gets once for each run. */
export interface Sentence {
  /** The beginning, by which it is found again; the rest has the time. */
  readonly start: string;
  readonly rest: string;
}

/** A status of the commit that a run was made from. */
interface CommitStatus {
  readonly name: string;
  readonly state: "succeeded" | "failed";
  readonly description: string;
}

export interface Linked {
  readonly pages: readonly Page[];
  readonly sentences: readonly Sentence[];
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly statuses: readonly CommitStatus[];
}

/** Characters of a tag of a run, of a status' description and of a link's comment. */
const LONGEST_TAG = 200;
const LONGEST_DESCRIPTION = 200;

/** Everything of a record that is worth a link; empty for a step that made, judged and changed nothing. */
export function linkedOf(record: RunRecord, provenance: Pick<Provenance, "definition">): Linked {
  const { job, model, gate, deployment, rollback, result } = record;
  const name = model && `${model.name}:${model.version}`;
  const isDone = result === "succeeded" || result === "succeededWithIssues";
  const served = shortModel(deployment?.model);
  const isLive = deployment !== undefined && isDone && deployment.traffic?.[deployment.name] === 100;
  const isRolledBack = rollback !== undefined && isDone && rollback.changed === true;
  const hasFailed = deployment !== undefined && result === "failed";
  const drift = breachOf(record);
  const description = (text: string) => cut(text, LONGEST_DESCRIPTION);
  return {
    pages: [
      ...page(job?.studioUrl, `Azure ML job ${job?.displayName ?? job?.name} (${job?.status})${reads(job)}`),
      ...page(model?.studioUrl, `Azure ML model ${name}`),
      ...page(deployment?.studioUrl, `Azure ML endpoint ${deployment?.endpoint}`),
    ],
    sentences: [
      ...(isLive && deployment.changed !== false
        ? [
            {
              start: `Model ${served ?? "of no name"} is live on ${deployment.endpoint}`,
              rest: `since ${minute(record.finished)} (deployment ${deployment.name})`,
            },
          ]
        : []),
      ...(hasFailed
        ? [
            {
              start: `The rollout of model ${served ?? "of no name"} on ${deployment.endpoint} failed`,
              rest: `at ${minute(record.finished)}: ${record.error?.message ?? "see the run"} The traffic is ${sayShares(deployment.traffic)}${sameShares(deployment.traffic, deployment.trafficBefore) ? ", as before" : ""}`,
            },
          ]
        : []),
      ...(isRolledBack
        ? [
            {
              start: `${rollback.endpoint} was rolled back to ${rollback.to}`,
              rest: `at ${minute(record.finished)}; ${(rollback.from ?? []).join(", ") || "no deployment"} lost its traffic`,
            },
          ]
        : []),
    ],
    tags: [
      ...(isDone && name ? [`azureml:model=${name}`] : []),
      ...(isLive ? [`azureml:live=${deployment.endpoint}`] : []),
      ...(isRolledBack ? [`azureml:rolledBack=${rollback.endpoint}`] : []),
      ...(gate ? [`azureml:gate=${gate.passed ? "passed" : "failed"}`] : []),
      ...(drift ? [`azureml:drift=${drift.monitor}`] : []),
    ].map(withoutCommas),
    properties: {
      ...(job ? { [`AzureML.Job.${job.name}`]: job.status } : {}),
      ...dataOf(record),
      ...(isDone && model ? { [`AzureML.Model.${model.name}`]: model.version } : {}),
      ...(isDone && deployment ? { [`AzureML.Deployment.${deployment.endpoint}`]: deployment.name } : {}),
      ...(isLive && served ? { [`AzureML.Live.${deployment.endpoint}`]: served } : {}),
      ...(isRolledBack ? { [`AzureML.RolledBack.${rollback.endpoint}`]: rollback.to } : {}),
      ...(drift ? { [`AzureML.Drift.${drift.monitor}`]: drift.run } : {}),
    },
    statuses: [
      ...(gate
        ? [
            {
              name: `gate/${provenance.definition}`,
              state: gate.passed ? ("succeeded" as const) : ("failed" as const),
              description: description(
                `${gate.jobName ?? "The job"} ${gate.passed ? "passes" : "does not pass"} its gate`,
              ),
            },
          ]
        : []),
      ...(isDone && model
        ? [
            {
              name: `model/${model.name}`,
              state: "succeeded" as const,
              description: description(`Registered as ${name}`),
            },
          ]
        : []),
      ...(isLive
        ? [
            {
              name: `live/${deployment.endpoint}`,
              state: "succeeded" as const,
              description: description(`${served ?? "It"} is live on ${deployment.endpoint}`),
            },
          ]
        : []),
      ...(hasFailed
        ? [
            {
              name: `live/${deployment.endpoint}`,
              state: "failed" as const,
              description: description(`The rollout of ${served ?? "the model"} failed`),
            },
          ]
        : []),
    ],
  };
}

const page = (url: string | undefined, comment: string): Page[] =>
  url !== undefined && /^https:\/\/[^\s<>"]+$/.test(url) ? [{ url, comment: cut(comment, 200) }] : [];

const reads = (job: RunRecord["job"]): string => {
  const names = Object.values(job?.inputs ?? {});
  return names.length === 0 ? "" : `, reads ${names.join(", ")}`;
};

/** Versions of data that the step registered or its job read. */
function dataOf({ data, job }: RunRecord): Record<string, string> {
  const read = Object.values(job?.inputs ?? {}).flatMap((input) => {
    const [, name, version] = /^(?:[^/]+\/)?([^/:]+):([^/:]+)$/.exec(input) ?? [];
    return name && version ? [[name, version] as const] : [];
  });
  const all = [...read, ...(data ? [[data.name, data.version] as const] : [])];
  return Object.fromEntries(all.map(([name, version]) => [`AzureML.Data.${name}`, version]));
}

/** `name:version` of an ARM id, an `azureml://` address or `azureml:name:version`. */
export function shortModel(model: string | undefined): string | undefined {
  const [, name, version] = /\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(model ?? "") ?? [];
  if (name && version) return `${name}:${version}`;
  return model?.replace(/^azureml:(?!\/\/)/, "");
}

/** Searches of runs separate tags by commas (docs/facts/evidence.md#D.4). */
const withoutCommas = (tag: string): string => cut(tag, LONGEST_TAG).replaceAll(",", "_");

/** `2026-11-27 13:45 UTC`. */
const minute = (time: string | undefined): string => (time ? `${time.slice(0, 16).replace("T", " ")} UTC` : "now");

const sayShares = (traffic: Readonly<Record<string, number>> | undefined): string =>
  Object.entries(traffic ?? {})
    .map(([name, percent]) => `${name} ${percent} %`)
    .join(", ") || "none";

const sameShares = (
  one: Readonly<Record<string, number>> | undefined,
  other: Readonly<Record<string, number>> | undefined,
): boolean => other !== undefined && sayShares(one) === sayShares(other);
