// The gate: a job's metrics against rules and a champion. Fails closed: what cannot be found is a failure that says so.
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { type Clock, poll } from "../../poll.ts";
import { getJob, hasEnded, type Job } from "../jobs/jobs.ts";
import { latestMetrics, type Metrics, metricHistory } from "../jobs/metrics.ts";
import { metricsOfChildren } from "../jobs/metrics-elsewhere.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Champion, type ChampionChoice, findChampion } from "./champion.ts";
import { judge, type Rule, type RuleResult } from "./rules.ts";

export interface GateOptions {
  readonly jobName: string;
  readonly rules: readonly Rule[];
  readonly champion: ChampionChoice;
  /** The verdict on rules that name the champion when there is none. */
  readonly missingChampion: "fail" | "skip";
  readonly includeChildRuns: boolean;
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
  const [{ metrics, jobCreated }, { champion, championMetrics }] = await Promise.all([
    jobMetrics(workspace, options),
    championOf(workspace, options),
  ]);
  const history = await histories(workspace, options, metrics);
  const facts = { metrics, history, ...(championMetrics ? { champion: championMetrics } : {}) };
  const elsewhere = options.includeChildRuns
    ? new Map<string, string>()
    : await ofChildren(workspace, options, metrics);
  const rules = options.rules.map((rule) => {
    const result =
      verdict(rule, champion, championMetrics, options.missingChampion) ?? judge(rule, facts, called(champion));
    const help = result.outcome === "failed" ? [...namedBy([rule])].flatMap((name) => elsewhere.get(name) ?? []) : [];
    return { ...result, detail: [result.detail, ...help].join(" "), passed: result.outcome !== "failed" };
  });
  workspace.log.info(`Champion: ${champion?.found ? champion.name : "none"}.`);
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
    ...(champion?.found && champion.jobName && !champion.workspace ? { championJob: champion.jobName } : {}),
    ...(jobCreated === undefined ? {} : { jobCreated }),
    ...(workspace.azure.dryRun ? { isPlan: true } : {}),
  };
}

/** A hint on metrics that the job lacks and one of its child runs has. No request if the job has all. */
function ofChildren(workspace: Workspace, { jobName, rules }: GateOptions, metrics: Metrics) {
  const missing = [...namedBy(rules)].filter((name) => !Object.hasOwn(metrics, name));
  return metricsOfChildren(workspace, jobName, missing);
}

/** Names of the job's metrics that rules speak of or ask after: what is late is not yet missing. */
function namedBy(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ needs: { metrics, history, asksAfter } }) => [
      ...metrics,
      ...history,
      ...asksAfter.metrics,
      ...asksAfter.history,
    ]),
  );
}

const called = (champion: Champion | undefined) => (champion?.found ? champion.called : "the champion");

/** The verdict on a rule that asks for a champion who cannot be asked. */
function verdict(
  rule: Rule,
  champion: Champion | undefined,
  metrics: Metrics | undefined,
  missing: "fail" | "skip",
): RuleResult | undefined {
  if (!rule.needs.asksChampion || champion === undefined) return undefined;
  if (!champion.found) {
    const detail = `There is no champion: ${champion.why}.`;
    return { rule: rule.text, outcome: missing === "skip" ? "skipped" : "failed", detail };
  }
  if (metrics !== undefined) return undefined;
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
    if (options.champion.kind === "none") return { champion: undefined, championMetrics: undefined };
  }
  const champion = await findChampion(workspace, options.champion);
  if (!champion.found) return { champion, championMetrics: undefined };
  const { jobName, workspace: where = workspace, carried, called } = champion;
  const logged = jobName ? await latestMetrics(where, jobName, options.includeChildRuns) : undefined;
  if (logged === undefined && carried !== undefined)
    workspace.log.info(
      `The job of ${called} cannot be asked here: it counts by the metrics that it carries from its promotion.`,
    );
  return { champion, championMetrics: logged ?? carried };
}

/** The job's metrics, once it has ended and has every metric that the rules name; at the deadline, those that exist. */
async function jobMetrics(
  workspace: Workspace,
  options: GateOptions,
): Promise<{ metrics: Metrics; jobCreated: string | undefined }> {
  const { jobName, includeChildRuns } = options;
  const needed = namedBy(options.rules);
  const looksAtAll = options.rules.some(
    ({ needs: { touches } }) => touches.metrics === "all" || touches.history === "all",
  );
  /** The awaited event, in words; undefined if there is none. */
  const missing = (metrics: Metrics | undefined): string | undefined => {
    if (metrics === undefined) return "MLflow to know the run";
    if (looksAtAll && Object.keys(metrics).length === 0) return "metrics";
    const names = [...needed].filter((name) => !Object.hasOwn(metrics, name));
    return names.length > 0 ? `the metrics ${names.join(", ")}` : undefined;
  };
  let job: Job | undefined;
  let metrics: Metrics | undefined;
  let said = false;
  const look = async () => {
    // A job that has ended will not change any more.
    [job, metrics] = await Promise.all([
      hasEnded(job?.properties?.status) ? (job as Job) : getJob(workspace, jobName),
      latestMetrics(workspace, jobName, includeChildRuns),
    ]);
    const status = job.properties?.status;
    if (status === "Failed" || status === "Canceled" || status === "NotResponding") throw notCompleted(jobName, status);
    const awaited = hasEnded(status) ? missing(metrics) : `the job, which is ${status}`;
    if (awaited === undefined) return { done: true as const, value: undefined };
    if (!said) {
      workspace.log.info(`Waiting for ${awaited} of ${jobName}.`);
      said = true;
    }
    return { done: false as const };
  };
  try {
    await poll(look, {
      what: `the metrics of ${jobName}`,
      initial: 1_000,
      maximum: 10_000,
      deadline: options.patience,
      signal: workspace.signal,
      ...(options.clock ? { clock: options.clock } : {}),
    });
  } catch (error) {
    const late = error instanceof TaskError && error.kind === "timeout";
    if (!late) throw error;
    // Metrics that never came are each rule's own failure; a job that goes on has no final metrics at all.
    const status = job?.properties?.status;
    if (!hasEnded(status)) throw notCompleted(jobName, status);
  }
  if (metrics === undefined) throw unknownToMlflow(jobName, includeChildRuns);
  return { metrics, jobCreated: job?.systemData?.createdAt };
}

/** No answer about metrics is not an answer that there are none. */
function unknownToMlflow(jobName: string, includeChildRuns: boolean): TaskError {
  const run = includeChildRuns ? `the run ${jobName}, or not all of its child runs` : `the run ${jobName}`;
  return new TaskError("failed", `MLflow does not know ${run}, so its metrics cannot be judged.`, {
    errorCode: "AML1503",
    hint: "Wait longer with metricsTimeoutInSeconds; see whether the run is in the workspace's studio, and whether somebody deleted it.",
  });
}

function notCompleted(jobName: string, status: string | undefined): TaskError {
  return new TaskError(
    "failed",
    `The job ${jobName} is ${status ?? "unknown"}, not Completed, so its metrics cannot be judged.`,
    { errorCode: "AML1502", hint: "Judge a job after it has completed: let SubmitJob wait for it." },
  );
}

async function histories(
  workspace: Workspace,
  options: GateOptions,
  metrics: Metrics,
): Promise<Record<string, number[]>> {
  const touched = options.rules.flatMap(({ needs: { touches } }) =>
    touches.history === "all" ? Object.keys(metrics) : [...touches.history],
  );
  const names = [...new Set(touched)].filter((name) => Object.hasOwn(metrics, name));
  const values = await sideBySide(names, 8, (name) => metricHistory(workspace, options.jobName, name));
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? []]));
}

/** The gate's failure in one sentence: each rule that failed, and why. */
export function sayGate(jobName: string, gate: GateResult): string {
  const failed = gate.rules.filter((rule) => !rule.passed);
  const rules = failed.map((rule) => `${rule.rule}: ${rule.detail}`).join(" ");
  return `The job ${jobName} did not pass ${failed.length} of ${gate.rules.length} ${gate.rules.length === 1 ? "rule" : "rules"}. ${rules}`;
}
