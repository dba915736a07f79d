// Comparisons of two models on the same rows that earlier steps of the run made (AzureMLCompareModels), and the one that a rule means. Pure.
// Tests: test/lib/ml/gate/compared-models.test.ts
import { some } from "../jobs/run-tree.ts";

/** A comparison as its step left it in the record. */
export interface ComparedModels {
  readonly passed: boolean;
  readonly outcome: string;
  readonly challenger: string;
  /** The job that made the challenger, as the service itself says; absent where it does not. */
  readonly challengerJob?: string;
  readonly champion?: string;
  readonly championJob?: string;
  readonly data: string;
  readonly metric: string;
  readonly confidence?: number;
  readonly rows?: number;
  readonly championValue?: number;
  readonly challengerValue?: number;
  readonly difference?: number;
  readonly low?: number;
  readonly high?: number;
  readonly pValue?: number;
  readonly detail: string;
  /** Sentences about later steps that were to compare models and left no verdict. */
  readonly outdatedBy?: readonly string[];
}

/** Comparisons of this run in this workspace, the newest last. */
export interface HeardComparisons {
  readonly comparisons: readonly ComparedModels[];
  /** Sentences about what could not be read. */
  readonly unread: readonly string[];
}

export interface ComparisonsOfRun extends HeardComparisons {
  readonly jobName: string;
  /** The gate's champion, where it has one. */
  readonly champion?: {
    /** `<model>:<version>`, or a job's name. */
    readonly name: string;
    /** The job that made it, in the gate's own workspace. */
    readonly jobName: string | undefined;
    /** The registry, or the other workspace, that has it; the gate's own workspace where both are absent. */
    readonly registry?: string;
    readonly workspace?: string;
  };
}

/**
 * The comparison that a rule means: of the judged job with the gate's champion, the newest one of each metric and data.
 * @returns the sentence why there is none, or none alone
 */
export function comparisonFor(
  heard: ComparisonsOfRun | undefined,
  metric: string | undefined,
): ComparedModels | string {
  if (heard === undefined) return "No comparison of models could be looked for.";
  const { comparisons, unread, jobName, champion } = heard;
  // What did not arrive may be a later comparison that did not pass.
  if (unread.length > 0) return `Which comparisons this run has made is not known. ${unread.join(" ")}`;
  const byMetric = metric === undefined ? "" : ` by ${metric}`;
  const asked = comparisons.filter((one) => metric === undefined || one.metric === metric);
  if (asked.length === 0)
    return `No earlier step of this run has compared models${byMetric}, as AzureMLCompareModels does.`;
  const mine = asked.filter(({ challengerJob }) => challengerJob === jobName);
  if (mine.length === 0) {
    const others = some([...new Set(asked.map((one) => `${one.challenger} (${madeBy(one)})`))]);
    return `No comparison of this run${byMetric} is of the job ${jobName}; there is ${others}. Compare job:${jobName}/<output>.`;
  }
  const same = mine.filter((one) => champion === undefined || isChampion(one, champion));
  const [first] = mine;
  if (same.length === 0)
    return `The comparison was with ${first?.champion ?? "no champion"}, and the champion is ${champion && calledIn(champion)}.`;
  const newest = new Map(same.map((one) => [`${one.metric} ${one.data}`, one]));
  const [only, ...more] = newest.values();
  // It may have been about the same models, and the verdict of an older step says nothing of that.
  const outdated = [...new Set(same.at(-1)?.outdatedBy)];
  if (outdated.length > 0)
    return `Which comparison of this run counts is not known. ${outdated.join(" ")} Let it pass, or compare in a step after it.`;
  if (only !== undefined && more.length === 0) return only;
  const all = some([...newest.values()].map((one) => `by ${one.metric} on ${one.data}`));
  return metric === undefined
    ? `This run has compared the job several times: ${all}. Name the metric: comparison.${only?.metric}.passed.`
    : `This run has compared the job by ${metric} several times: ${all}, and which one counts is not known.`;
}

const madeBy = ({ challengerJob }: ComparedModels) =>
  challengerJob === undefined ? "which job made it is not known" : `made by the job ${challengerJob}`;

type GateChampion = NonNullable<ComparisonsOfRun["champion"]>;

/**
 * Whether a comparison was with this champion: by its name in its own place, or by the job that made it. A registry, this workspace and another one may
 * each have a model of one name and version.
 */
function isChampion(one: ComparedModels, champion: GateChampion): boolean {
  const { name, jobName, registry, workspace } = champion;
  if (one.champion === undefined || workspace !== undefined) return false;
  const [, of, its = ""] = /^(?:([^/]+)\/)?([^/]+)$/.exec(one.champion) ?? [];
  const isNamed = its === name && of?.toLowerCase() === registry?.toLowerCase();
  return isNamed || (jobName !== undefined && one.championJob === jobName);
}

/** As a comparison calls it: `house:3`, or `shared/house:3` of a registry. */
function calledIn({ name, registry, workspace }: GateChampion): string {
  if (workspace !== undefined) return `${name} of the workspace ${workspace}`;
  return registry === undefined ? name : `${registry}/${name}`;
}
