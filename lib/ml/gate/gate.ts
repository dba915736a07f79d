// The gate: a job's metrics against rules and a champion. Fails closed: what cannot be found is a failure that says so.
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Clock } from "../../poll.ts";
import type { FoundMetrics } from "../jobs/found-metrics.ts";
import { type Metrics, metricHistory } from "../jobs/metrics.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Champion, type ChampionChoice, findChampion } from "./champion.ts";
import type { ComparisonsOfRun, HeardComparisons } from "./compared-models.ts";
import { metricsAtTheEnd, metricsOfChampion } from "./job-metrics.ts";
import { championRun, loadTerms, requireSources, runOf, sayIdle, type TermSources } from "./load-terms.ts";
import { measuredOnSame, type parseMeasuredOn } from "./measured-data.ts";
import { judge, type Rule, type RuleResult } from "./rules.ts";
import type { SameData } from "./same-data.ts";
import { namesIn, notChosen, slicesNotCarried, wantedOf } from "./wanted-metrics.ts";

export interface GateOptions {
  readonly jobName: string;
  readonly rules: readonly Rule[];
  readonly champion: ChampionChoice;
  /** The verdict on rules that name the champion when there is none. */
  readonly missingChampion: "fail" | "skip";
  readonly includeChildRuns: boolean;
  /** The step whose metrics count, by its name, path or run id; found by themselves where absent. */
  readonly metricsFrom?: string | undefined;
  /** Fate of rules that compare with a champion which was measured on other data; `ignore` looks at no data. */
  readonly sameData?: "require" | "warn" | "ignore";
  /** Inputs with the data that metrics are measured on; all with data where empty. */
  readonly measuredOn?: ReturnType<typeof parseMeasuredOn>;
  /** Results by fold, seed or row, and reports, that rules speak of. */
  readonly sources?: TermSources;
  /** Comparisons of models that earlier steps of this run made; asked for where a rule speaks of one. */
  readonly comparisons?: () => Promise<HeardComparisons>;
  /** Milliseconds to wait for the job to end and for metrics that rules name. */
  readonly patience: number;
  readonly clock?: Clock;
}

/** The record's section on a judgement. */
export interface GateResult {
  readonly passed: boolean;
  readonly jobName: string;
  /** `<model>:<version>` or a job's name; absent where there is none. */
  readonly champion?: string;
  readonly rules: readonly (RuleResult & { readonly passed: boolean })[];
  readonly metrics: Metrics;
  readonly championMetrics?: Metrics;
  /** By metric: the run that has it, in words, where that is not the job itself. */
  readonly metricRuns?: Readonly<Record<string, string>>;
  /** The one run that has all metrics that rules name, where that is not the job itself. */
  readonly measuredRun?: string;
  /** Why the champion is the champion, where there is one. */
  readonly championWhy?: string;
  /** Whether both were measured on the same data, where a rule compares them. */
  readonly sameData?: SameData;
  /** The job of the champion, where that is one of this workspace. */
  readonly championJob?: string;
  /** When the service made the job. */
  readonly jobCreated?: string;
  /** True: a dry run, whose judgement does not count. */
  readonly isPlan?: true;
}

/**
 * Evaluates a job, and logs each rule's verdict. Sequential round trips: the job and its metrics side by side with the
 * champion's (one; two or three for the champion, then one for its metrics), one more where a rule asks for history, and
 * as many as it takes to wait.
 */
export async function evaluateGate(workspace: Workspace, options: GateOptions): Promise<GateResult> {
  const sources = options.sources ?? { results: [], reports: [] };
  requireSources(options.rules, sources);
  sayIdle(workspace.log, options.rules, sources);
  const wanted = wantedOf(options, ["metrics", "history"]);
  const [{ found, job }, { champion, theirs }] = await Promise.all([
    metricsAtTheEnd(workspace, { ...options, wanted }),
    championOf(workspace, options),
  ]);
  const { metrics } = found;
  const championMetrics = theirs?.metrics;
  const jobCreated = job.systemData?.createdAt;
  const [history, sameData, comparisons, terms] = await Promise.all([
    histories(workspace, options, found),
    dataOf(workspace, options, found, champion, theirs),
    comparisonsOf(options, champion),
    loadTerms(
      options.rules,
      sources,
      (metric) => ({ workspace, runId: runOf(found, metric, options.jobName) }),
      (metric) => championRun(workspace, champion, theirs, metric),
    ),
  ]);
  const facts = {
    ...{ metrics, history, ...terms, ...comparisons },
    ...(championMetrics ? { champion: championMetrics } : {}),
  };
  const rules = options.rules.map((rule) => {
    const result =
      verdict(rule, champion, championMetrics, options.missingChampion) ??
      notChosen(rule, found, theirs, called(champion)) ??
      onData(rule, judge(rule, facts, called(champion)), sameData, options);
    return { ...result, passed: result.outcome !== "failed" };
  });
  sayRuns(workspace, found, wanted.names, "The metric");
  if (theirs) sayRuns(workspace, theirs, wantedOf(options, ["champion"]).names, "The champion's metric");
  workspace.log.info(`Champion: ${champion?.found ? sayChampion(champion) : "none"}.`);
  if (sameData?.verdict === "different" && options.sameData !== "require") workspace.log.warn(sameData.why);
  else if (sameData !== undefined) workspace.log.info(sameData.why);
  for (const { outcome, rule, detail } of rules) {
    workspace.log.info(`${outcome.toUpperCase()}  ${rule}  ${detail}`);
  }
  return {
    passed: rules.every((rule) => rule.passed),
    jobName: options.jobName,
    rules,
    metrics,
    ...(champion?.found ? { champion: champion.name } : {}),
    ...(championMetrics ? { championMetrics } : {}),
    ...runsOf(found, wanted.names),
    ...(champion?.found ? { championWhy: champion.why } : {}),
    ...(sameData === undefined ? {} : { sameData }),
    ...(champion?.found && champion.jobName && !champion.workspace ? { championJob: champion.jobName } : {}),
    ...(jobCreated === undefined ? {} : { jobCreated }),
    ...(workspace.azure.dryRun ? { isPlan: true } : {}),
  };
}

/** Comparisons that rules speak of, with what they have to be of. No round trip where none does. */
async function comparisonsOf(
  { rules, comparisons, jobName }: GateOptions,
  champion: Champion | undefined,
): Promise<{ readonly comparisons?: ComparisonsOfRun }> {
  if (comparisons === undefined || !rules.some(({ terms }) => terms.some(({ kind }) => kind === "comparison")))
    return {};
  const heard = { ...(await comparisons()), jobName };
  if (!champion?.found) return { comparisons: heard };
  const { name, registry, modelWorkspace, workspace } = champion;
  const named = {
    name,
    // A job of another workspace may have the name of one here.
    jobName: workspace === undefined ? champion.jobName : undefined,
    ...(registry === undefined ? {} : { registry }),
    ...(modelWorkspace === undefined ? {} : { workspace: modelWorkspace }),
  };
  return { comparisons: { ...heard, champion: named } };
}

/** The data of both, where a rule compares with a champion whose job can be asked. */
async function dataOf(
  workspace: Workspace,
  options: GateOptions,
  found: FoundMetrics,
  champion: Champion | undefined,
  theirs: FoundMetrics | undefined,
): Promise<SameData | undefined> {
  const { sameData = "ignore", rules, jobName, measuredOn = [] } = options;
  if (sameData === "ignore" || !champion?.found || !rules.some(({ needs }) => needs.asksChampion)) return undefined;
  if (champion.jobName === undefined || theirs === undefined)
    return {
      verdict: "unknown",
      why: "Whether both were measured on the same data is not known: the champion's job cannot be asked.",
      inputs: [],
    };
  const compared = rules.filter(({ needs }) => needs.asksChampion);
  const slices = compared.flatMap(({ terms }) =>
    terms.flatMap((term) => (term.kind === "slices" ? [term.prefix] : [])),
  );
  const metrics = new Set(
    compared.flatMap((rule) => [
      ...Object.keys(found.metrics).filter((name) => slices.some((prefix) => name.startsWith(prefix))),
      ...namesIn(rule, "metrics"),
      ...namesIn(rule, "history"),
      ...namesIn(rule, "champion"),
    ]),
  );
  const other = { workspace: champion.workspace ?? workspace, jobName: champion.jobName, found: theirs };
  try {
    return await measuredOnSame({ workspace, jobName, found }, other, metrics, measuredOn);
  } catch (error) {
    if (workspace.signal.aborted || !(error instanceof TaskError) || error.kind === "input") throw error;
    return {
      verdict: "unknown",
      why: `Whether both were measured on the same data is not known. ${error.message}`,
      inputs: [],
    };
  }
}

/** A comparison counts only as far as both were measured on the same data: fails closed where that is required. */
function onData(rule: Rule, result: RuleResult, data: SameData | undefined, { sameData }: GateOptions): RuleResult {
  if (data === undefined || data.verdict === "same" || !rule.needs.asksChampion) return result;
  const isRequired = sameData === "require";
  if (!isRequired && data.verdict === "unknown") return result;
  const detail = [result.detail, data.why, ...(isRequired ? ["The input sameData is require."] : [])].join(" ").trim();
  return { ...result, detail, outcome: isRequired ? "failed" : result.outcome };
}

function sayChampion({ name, why, jobName }: Champion & { readonly found: true }): string {
  const job = jobName === undefined ? "it does not say which job made it" : `its job is ${jobName}`;
  return jobName === name ? `${name}; ${why}` : `${name}; ${why}; ${job}`;
}

/** Says which run has a metric, where that is not the job itself. */
function sayRuns(workspace: Workspace, { runs }: FoundMetrics, names: ReadonlySet<string>, metric: string): void {
  for (const name of names) {
    const run = runs.get(name);
    if (run !== undefined) workspace.log.info(`${metric} ${name} is that of ${run.called}.`);
  }
}

function runsOf({ runs }: FoundMetrics, names: ReadonlySet<string>): Pick<GateResult, "metricRuns" | "measuredRun"> {
  const used = [...names].flatMap((name) => {
    const run = runs.get(name);
    return run === undefined ? [] : [[name, run] as const];
  });
  if (used.length === 0) return {};
  const ids = new Set(used.map(([, { runId }]) => runId));
  const [id] = ids;
  return {
    metricRuns: Object.fromEntries(used.map(([name, { called: run }]) => [name, run])),
    ...(id !== undefined && ids.size === 1 && used.length === names.size ? { measuredRun: id } : {}),
  };
}

const called = (champion: Champion | undefined) => (champion?.found ? champion.called : "the champion");

/** The verdict on a rule that asks for a champion who cannot be asked. */
function verdict(
  rule: Rule,
  champion: Champion | undefined,
  metrics: Metrics | undefined,
  missing: "fail" | "skip",
): RuleResult | undefined {
  const { asksChampion } = rule.needs;
  // A comparison of models is one with the gate's champion.
  if (champion === undefined || !(asksChampion || rule.terms.some(({ kind }) => kind === "comparison")))
    return undefined;
  if (!champion.found) {
    const detail = `There is no champion: ${champion.why}.`;
    const isSkipped = missing === "skip" && champion.isIdle !== true;
    if (isSkipped && !asksChampion) return undefined;
    return { rule: rule.text, outcome: isSkipped ? "skipped" : "failed", detail };
  }
  if (!asksChampion || metrics !== undefined) return undefined;
  if (champion.jobName !== undefined) {
    const unknown = `MLflow does not know the run ${champion.jobName} of ${champion.called}, so there is nothing to compare with.`;
    return { rule: rule.text, outcome: "failed", detail: unknown };
  }
  const detail = `${champion.called.replace(/^the/, "The")} does not say which job made it, so it has no metrics to compare with.`;
  return { rule: rule.text, outcome: "failed", detail };
}

async function championOf(workspace: Workspace, options: GateOptions) {
  if (!options.rules.some((rule) => rule.needs.asksChampion)) {
    // No rule uses its metrics; a named champion is looked up all the same, for the result.
    if (options.champion.kind === "none") return { champion: undefined, theirs: undefined };
  }
  const champion = await findChampion(workspace, options.champion);
  if (!champion.found) return { champion, theirs: undefined };
  const { jobName, workspace: where = workspace, carried, called } = champion;
  const wanted = wantedOf(options, ["champion"]);
  const logged = jobName ? await metricsOfChampion(where, jobName, wanted, options.includeChildRuns) : undefined;
  if (logged === undefined && carried !== undefined)
    workspace.log.info(
      `The job of ${called} cannot be asked here: it counts by the metrics that it carries from its promotion.`,
    );
  const theirs: FoundMetrics | undefined =
    logged ?? (carried && { metrics: carried.metrics, runs: new Map(), refused: slicesNotCarried(carried, wanted) });
  return { champion, theirs };
}

async function histories(
  workspace: Workspace,
  options: GateOptions,
  { metrics, runs }: FoundMetrics,
): Promise<Record<string, number[]>> {
  const touched = options.rules.flatMap(({ needs: { touches } }) =>
    touches.history === "all" ? Object.keys(metrics) : [...touches.history],
  );
  const names = [...new Set(touched)].filter((name) => Object.hasOwn(metrics, name));
  const values = await sideBySide(names, 8, (name) =>
    metricHistory(workspace, runs.get(name)?.runId ?? options.jobName, name),
  );
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? []]));
}

/** The gate's failure in one sentence: each rule that failed, and why. */
export function sayGate(jobName: string, gate: GateResult): string {
  const failed = gate.rules.filter((rule) => !rule.passed);
  const rules = failed.map((rule) => `${rule.rule}: ${rule.detail}`).join(" ");
  return `The job ${jobName} did not pass ${failed.length} of ${gate.rules.length} ${gate.rules.length === 1 ? "rule" : "rules"}. ${rules}`;
}
