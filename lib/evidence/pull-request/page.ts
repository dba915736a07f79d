// Markdown of a pull request's comment, and the sentence of its status: made of the records of a run's steps.
// Tests: test/lib/evidence/pull-request/page.test.ts

import {
  amountOf,
  cell,
  code,
  counted,
  duration,
  link,
  type RunRecord,
  redact,
  summaryMarkdown,
  table,
} from "../../record/index.ts";
import { bounded } from "../../remote-text.ts";
import { defuse } from "../defuse.ts";

/** A comment longer than this is cut; Azure DevOps bears about 150,000 characters and GitHub 65,536 (docs/facts/evidence.md#D.11). */
export const LONGEST_COMMENT = 60_000;
/** Of a status; GitHub takes no more (docs/facts/evidence.md#D.8). */
export const LONGEST_DESCRIPTION = 140;
/** Rows that are shown without unfolding. */
const MOST_METRICS = 20;

type Change = NonNullable<NonNullable<RunRecord["data"]>["change"]>;

export type PageState = "passed" | "failed" | "running" | "canceled" | "unknown";

/** The run, as its step knows it. */
export interface PageRun {
  /** Of the pipeline, or the name that the user gave. */
  readonly name: string;
  readonly number: string;
  readonly uri: string;
  readonly commit: string;
  readonly branch: string;
  /** Page of the repository, without user information. */
  readonly repositoryUri: string;
}

export interface Page {
  readonly markdown: string;
  readonly state: PageState;
  /** At most LONGEST_DESCRIPTION characters, plain text. */
  readonly description: string;
}

interface Given {
  readonly run: PageRun;
  /** In the order of their steps. */
  readonly records: readonly RunRecord[];
  /** Names of steps whose record did not arrive. */
  readonly missing?: readonly string[];
  /** Names of steps of other tasks that failed: the run has not passed, whatever the records say. */
  readonly failures?: readonly string[];
  /** True: the last record is of a step that still runs. */
  readonly isRunning?: boolean;
  /** Why the run is not known as a whole: what is there is shown, and does not count as passed. */
  readonly fault?: string | undefined;
  /** True: the last record is of the step that judges, whose closed gate counts whatever its step was told to do about it. */
  readonly isJudgement?: boolean;
}

const MARKS = { passed: "✅", failed: "❌", running: "⏳", canceled: "⚪", unknown: "❔" } as const;
const WORDS = {
  passed: "passed",
  failed: "failed",
  running: "is running",
  canceled: "was canceled",
  unknown: "is not known",
} as const;

/** @param given records as `readRecord` gives them: their texts are cut already */
export function pullRequestPage({
  run,
  records,
  missing = [],
  failures = [],
  isRunning = false,
  isJudgement = false,
  fault,
}: Given): Page {
  const known = isRunning ? "running" : failures.length > 0 ? "failed" : stateOf(records, isJudgement);
  const state = known === "passed" && fault !== undefined ? "unknown" : known;
  const head = [
    `### ${MARKS[state]} Azure ML: ${cell(run.name)} ${WORDS[state]}`,
    [link(`Run ${run.number}`, run.uri), commitOf(run), run.branch && `branch ${code(run.branch)}`]
      .filter(Boolean)
      .join(" · "),
    ...records.flatMap(failurePart),
    ...failures.map((name) => `**${cell(name)} failed**`),
    ...overview(records),
    ...records.flatMap(gatePart),
    ...records.flatMap(comparisonPart),
    ...records.flatMap(dataPart),
    ...(fault === undefined ? [] : [cell(fault)]),
    ...(missing.length === 0 ? [] : [`No record arrived of ${missing.map(cell).join(", ")}.`]),
  ];
  const parts = records.flatMap(detailsOf);
  return {
    markdown: fitted(head.map(clean), parts.map(clean), run),
    state,
    description: descriptionOf(state, records, failures, fault),
  };
}

const clean = (markdown: string): string => defuse(redact(markdown));

/** A closed gate whose step just succeeded was told to continue, so that a later step decides. */
function stateOf(records: readonly RunRecord[], isJudgement: boolean): PageState {
  if (records.some(({ result }) => result === "failed")) return "failed";
  const isClosed = ({ gate, comparison, dataCheck, result }: RunRecord, index: number) =>
    [gate, comparison, dataCheck].some((one) => one?.passed === false) &&
    (result !== "succeeded" || (isJudgement && index === records.length - 1));
  if (records.some(isClosed)) return "failed";
  return records.some(({ result }) => result === "canceled") ? "canceled" : "passed";
}

function commitOf({ commit, repositoryUri }: PageRun): string {
  if (commit === "") return "";
  const repository = repositoryUri.replace(/\.git$/, "").replace(/\/$/, "");
  return `commit ${link(commit.slice(0, 8), `${repository}/commit/${commit}`)}`;
}

/** The name of the step that wrote a record. */
const stepOf = ({ run, task }: RunRecord): string => run?.step || task.friendlyName;

function failurePart(record: RunRecord): string[] {
  if (record.result !== "failed" || !record.error) return [];
  const errorCode = record.error.code === undefined ? "" : ` (${code(record.error.code)})`;
  return [`**${cell(stepOf(record))} failed**${errorCode}: ${cell(bounded(record.error.message, 1_000))}`];
}

function overview(records: readonly RunRecord[]): string[] {
  const rows = records.flatMap((record): (readonly [string, string | undefined])[] => {
    const { data, job, model, deployment, promotion } = record;
    const made = (created: boolean | undefined) =>
      created === undefined ? "" : created ? ", new in this run" : ", unchanged";
    return [
      ["Data", data && `${link(`${data.name}:${data.version}`, data.studioUrl)}${made(data.created)}`],
      ["Change of the data", data?.change && changeOf(data.change)],
      ["Job", job && jobLine(job)],
      ["Cost", job && costOf(job)],
      ["Model", model && `${link(`${model.name}:${model.version}`, model.studioUrl)}${made(model.created)}`],
      ["Promoted to", promotion && code(promotion.target)],
      ["Deployment", deployment && `${code(deployment.name)} of ${link(deployment.endpoint, deployment.studioUrl)}`],
      ["Traffic", deployment?.traffic && shareOf(deployment.traffic)],
    ];
  });
  return rows.some(([, value]) => value) ? [table(rows)] : [];
}

function changeOf({ since, added = 0, changed = 0, removed = 0, unknown }: Change): string {
  if (unknown !== undefined) return cell(unknown);
  const files = `${counted(added, "file")} added, ${changed} changed, ${removed} removed`;
  return since === undefined ? "the first version" : `${files} since version ${code(since)}`;
}

function jobLine(job: NonNullable<RunRecord["job"]>): string {
  const time = duration(job.started, job.finished);
  return [link(job.displayName ?? job.name, job.studioUrl), cell(job.status), time].filter(Boolean).join(", ");
}

function costOf({ cost }: NonNullable<RunRecord["job"]>): string | undefined {
  if (cost?.nodeHours === undefined) return undefined;
  const money = cost.amount === undefined ? "" : `, ${amountOf(cost.amount)} ${cell(cost.currency ?? "")}`;
  return `${amountOf(cost.nodeHours)} node-hours${money} (${cell(cost.label)})`;
}

const shareOf = (traffic: Readonly<Record<string, number>>): string =>
  cell(
    Object.entries(traffic)
      .map(([name, percent]) => `${name} ${percent} %`)
      .join(", "),
  );

/** The verdict, the metrics that its rules speak of against the champion's, and the rules that failed. */
function gatePart(record: RunRecord): string[] {
  const { gate } = record;
  if (!gate) return [];
  const against = gate.champion ? `, against ${code(gate.champion)}` : "";
  return [
    `**The gate of ${cell(stepOf(record))} is ${gate.passed ? "open" : "closed"}**${against}`,
    ...failedRules(gate.rules),
    ...metricsTable(record),
  ];
}

function failedRules(rules: NonNullable<RunRecord["gate"]>["rules"]): string[] {
  const failed = rules.filter(({ outcome, passed }) => (outcome ?? (passed ? "passed" : "failed")) === "failed");
  const reasons = failed.slice(0, MOST_METRICS).map(({ rule, detail }) => `- ❌ ${code(rule)}: ${cell(detail)}`);
  return reasons.length === 0 ? [] : [reasons.join("\n")];
}

/** The verdict on checked data, and the checks that failed. */
function dataPart({ dataCheck }: RunRecord): string[] {
  if (!dataCheck) return [];
  const { data, passed, rules } = dataCheck;
  return [`**The data ${code(data)} ${passed ? "pass" : "do not pass"}**`, ...failedRules(rules)];
}

/** The verdict on two models that were scored on the same rows. */
function comparisonPart({ comparison }: RunRecord): string[] {
  if (!comparison) return [];
  const { challenger, champion, data, passed, detail } = comparison;
  const against = champion === undefined ? "" : ` against ${code(champion)}`;
  return [
    `**${code(challenger)} ${passed ? "passes" : "does not pass"} its comparison**${against} on ${code(data)}: ${cell(detail)}`,
  ];
}

function metricsTable({ gate }: RunRecord): string[] {
  const metrics = gate?.metrics ?? {};
  const champion = gate?.championMetrics ?? {};
  const text = (gate?.rules ?? []).map(({ rule }) => rule).join("\n");
  const isNamed = (name: string) => text.includes(name);
  const names = [...new Set([...Object.keys(metrics), ...Object.keys(champion)])];
  const shown = [...names.filter(isNamed), ...names.filter((name) => !isNamed(name))].slice(0, MOST_METRICS);
  if (shown.length === 0) return [];
  const hasChampion = Object.keys(champion).length > 0;
  const rows = shown.map((name) => {
    const [own, other] = [metrics[name], champion[name]];
    const against = hasChampion ? ` ${numberOf(other)} | ${difference(own, other)} |` : "";
    return `| ${cell(name)} | ${numberOf(own)} |${against}`;
  });
  const more =
    names.length > shown.length ? [`In the details: ${counted(names.length - shown.length, "more metric")}.`] : [];
  const head = hasChampion
    ? ["| Metric | This change | Champion | Difference |", "| --- | ---: | ---: | ---: |"]
    : ["| Metric | This change |", "| --- | ---: |"];
  return [[...head, ...rows].join("\n"), ...more];
}

const numberOf = (value: number | undefined): string =>
  value === undefined ? "–" : String(Number(value.toPrecision(6)));

function difference(own: number | undefined, other: number | undefined): string {
  if (own === undefined || other === undefined) return "–";
  const by = Number((own - other).toPrecision(4));
  return by > 0 ? `+${by}` : String(by).replace("-", "−");
}

/** The whole summary of a step, folded. */
function detailsOf(record: RunRecord): string[] {
  const summary = summaryMarkdown(record);
  if (summary === "") return [];
  const title = `${record.task.friendlyName}: ${stepOf(record)}`;
  return [`<details><summary>${cell(title)}</summary>\n\n${summary.replace(/^### .*\n+/, "")}\n</details>`];
}

/** Cut at LONGEST_COMMENT: the most important parts come first. */
function fitted(head: readonly string[], details: readonly string[], { uri }: PageRun): string {
  const rest = `The rest is too long for a comment: ${link("the run", uri)} has it.`;
  const most = LONGEST_COMMENT - rest.length - 10;
  let page = "";
  let isCut = false;
  for (const part of [...head, ...details]) {
    const next = page === "" ? part : `${page}\n\n${part}`;
    if (next.length <= most) page = next;
    else isCut = true;
  }
  return isCut ? `${page}\n\n${rest}` : page;
}

function descriptionOf(
  state: PageState,
  records: readonly RunRecord[],
  [failed]: readonly string[],
  fault = "",
): string {
  const gate = records.findLast((record) => record.gate !== undefined)?.gate;
  const failure = records.find(({ result, error }) => result === "failed" && error)?.error?.message;
  const comparison = records.findLast((record) => record.comparison?.passed === false)?.comparison;
  const data = records.find(({ dataCheck }) => dataCheck?.passed === false)?.dataCheck;
  const isBroken = ({ passed }: { readonly passed: boolean }) => !passed;
  const broken = gate?.rules.find(isBroken) ?? comparison ?? data?.rules.find(isBroken);
  const said =
    state === "running"
      ? "Running"
      : state === "canceled"
        ? "Canceled"
        : state === "unknown"
          ? fault
          : state === "failed"
            ? (broken?.detail ?? failure ?? (failed === undefined ? "Failed" : `The step ${failed} failed`))
            : gate === undefined
              ? "Succeeded"
              : `Gate open: ${counted(gate.rules.length, "rule")} passed${gate.champion ? ` against ${gate.champion}` : ""}`;
  const line = redact(said).replace(/\s+/g, " ").trim();
  return line.length <= LONGEST_DESCRIPTION
    ? line
    : `${line.slice(0, LONGEST_DESCRIPTION - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
