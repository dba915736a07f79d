// The record as markdown, for the Extensions tab of a pipeline run.
import { appliedPart, cleanUpPart, productionPart, watchPart } from "./changes-summary.ts";
import { comparisonPart } from "./comparison.ts";
import { dataCheckPart } from "./data-check.ts";
import { cell, code, duration, link, quote, table } from "./markdown.ts";
import { proofPart } from "./proof-page.ts";
import type { RunRecord } from "./record.ts";
import { redact } from "./redact.ts";
import { recordShape } from "./schema.ts";
import type { GateSection, RuleSection } from "./sections.ts";
import { keepKnown } from "./shape.ts";
import { amountOf, counted } from "./words.ts";

/** The most that a page holds, in characters: what is longer ends at a line, with a word about it. */
const SUMMARY_LIMIT = 150_000;

/**
 * A page for people; empty when the record says nothing worth a page, and no failure. Made of what the record keeps: every
 * text is cut to its length before anything else looks at it.
 */
export function summaryMarkdown(given: RunRecord): string {
  const record = keepKnown(recordShape, given, { text: redact }) as RunRecord | undefined;
  if (record === undefined) return "";
  const parts = [
    ...assetPart("Data", record.data),
    ...dataCheckPart(record.dataCheck),
    ...jobPart(record),
    ...gatePart(record.gate),
    ...comparisonPart(record.comparison),
    ...assetPart("Model", record.model),
    ...promotionPart(record.promotion),
    ...proofPart(record.proof),
    ...pullRequestPart(record.pullRequest),
    ...deploymentPart(record),
    ...rollbackPart(record),
    ...invocationPart(record),
    ...productionPart(record.monitor),
    ...setupPart(record.setup),
    ...preflightPart(record.preflight),
    ...cleanUpPart(record.cleanUp),
    ...appliedPart(record.applied),
    ...watchPart(record.watch),
  ];
  // A step that failed before it had anything to show says why.
  if (parts.length === 0 && !(record.result === "failed" && record.error)) return "";
  const head = `### ${cell(record.task.friendlyName)}: ${RESULTS[record.result]}`;
  const where = record.workspace ? [`Workspace ${code(record.workspace.name)}`] : [];
  // The lines of a setup say themselves what is wrong.
  const why = record.error && !record.setup ? [quote(record.error.message)] : [];
  const errorCode = why.length > 0 && record.error?.code ? [`Error ${code(record.error.code)}`] : [];
  const page = redact(`${[head, ...where, ...why, ...errorCode, ...parts].join("\n\n")}\n`);
  if (page.length <= SUMMARY_LIMIT) return page;
  return `${page.slice(0, page.lastIndexOf("\n", SUMMARY_LIMIT))}\n\nThe rest is too long for this page.\n`;
}

const RESULTS = {
  succeeded: "succeeded",
  succeededWithIssues: "succeeded with issues",
  failed: "failed",
  canceled: "canceled",
} as const;

function assetPart(title: string, asset: RunRecord["data"]): string[] {
  if (!asset) return [];
  const state = asset.created === undefined ? undefined : asset.created ? "made by this run" : "was there already";
  return [
    table([
      [title, link(`${asset.name}:${asset.version}`, asset.studioUrl)],
      ["State", state && cell(state)],
      ["Type", asset.type && code(asset.type)],
      ["Path", asset.path && code(asset.path)],
      ["Job", asset.jobName && code(asset.jobName)],
    ]),
  ];
}

function jobPart({ job }: RunRecord): string[] {
  if (!job) return [];
  const facts = table([
    ["Job", link(job.displayName ?? job.name, job.studioUrl)],
    ["Name", code(job.name)],
    ["Status", cell(job.status) + (job.joined ? " (joined, submitted by an earlier attempt)" : "")],
    ["Batch endpoint", job.endpoint && code(job.endpoint)],
    ["Deployment", job.deployment && code(job.deployment)],
    ["Experiment", job.experiment && cell(job.experiment)],
    ["Duration", duration(job.started, job.finished)],
    ...costRows(job.cost),
    ...Object.entries(job.outputs ?? {}).map(([name, uri]) => [`Output ${cell(name)}`, code(String(uri))] as const),
  ]);
  return [facts, ...metricsPart(job.metrics), ...(job.error ? [quote(job.error)] : [])];
}

function costRows(cost: NonNullable<RunRecord["job"]>["cost"]): (readonly [string, string | undefined | ""])[] {
  if (!cost) return [];
  const money = (amount: number | undefined, currency = cost.currency) =>
    amount === undefined ? undefined : `${amountOf(amount)} ${cell(currency ?? "")}`;
  const hours = (nodeHours: number) => `${amountOf(nodeHours)} node-hours`;
  const { estimatedPerHour, estimatedMost, nodeHours, amount, unpriced = [], run } = cost;
  const both = (used: number, paid: string | undefined) => [hours(used), paid].filter(Boolean).join(", ");
  return [
    [
      "Estimate before",
      [estimatedPerHour && `${money(estimatedPerHour)} an hour`, estimatedMost && `at most ${money(estimatedMost)}`]
        .filter(Boolean)
        .join(", "),
    ],
    ["Cost", nodeHours === undefined ? undefined : both(nodeHours, money(amount))],
    ["Without a price", unpriced.map(cell).join(", ")],
    [
      "Cost of this run's jobs",
      run && `${both(run.nodeHours, money(run.amount, run.currency))} in ${counted(run.jobs, "job")}`,
    ],
    ["These numbers", cell(cost.label)],
  ];
}

function metricsPart(metrics: Readonly<Record<string, number>> | undefined): string[] {
  const rows = Object.entries(metrics ?? {}).map(([name, value]) => `| ${cell(name)} | ${value} |`);
  return rows.length === 0 ? [] : [["| Metric | Value |", "| --- | ---: |", ...rows].join("\n")];
}

function gatePart(gate: GateSection | undefined): string[] {
  if (!gate) return [];
  const champion = gate.champion ? `, against ${code(gate.champion)}` : "";
  const data = gate.sameData && gate.sameData.verdict !== "same" ? [cell(gate.sameData.why)] : [];
  return [`**The gate is ${gate.passed ? "open" : "closed"}**${champion}`, ...data, ...rulesPart("Rule", gate.rules)];
}

const MARKS = { passed: "✅", failed: "❌", skipped: "➖" } as const;

function rulesPart(title: string, rules: readonly RuleSection[] | undefined): string[] {
  if (!rules || rules.length === 0) return [];
  const rows = rules.map(
    (one) =>
      `| ${one.undecided ? "❔" : MARKS[one.outcome ?? (one.passed ? "passed" : "failed")]} | ${code(one.rule)} | ${cell(one.detail)} |`,
  );
  return [[`|  | ${title} | What was found |`, "| --- | --- | --- |", ...rows].join("\n")];
}

function promotionPart(promotion: RunRecord["promotion"]): string[] {
  if (!promotion) return [];
  const { from, target, created, restored, contentHash, files, bytes, evidence = {}, approvedBy } = promotion;
  const alongWith = [...(promotion.environments ?? []), ...(promotion.components ?? [])];
  const said = evidence["evaluation"];
  return [
    table([
      ["Promoted from", code(from)],
      ["To", code(target)],
      [
        "State",
        created === undefined
          ? undefined
          : created
            ? "made by this run"
            : restored
              ? "was archived, and is restored"
              : "was there already",
      ],
      ["Content", code(contentHash)],
      ["Files", files === undefined ? undefined : `${files}, ${counted(bytes ?? 0, "byte")}`],
      ["Evaluation", said === undefined ? "none proven" : `${cell(said)}: ${cell(evidence["evaluationRun"] ?? "")}`],
      ["Approved by", approvedBy && cell(approvedBy)],
      ["With it", alongWith.length > 0 ? alongWith.map(code).join(", ") : undefined],
    ]),
  ];
}

function pullRequestPart(pullRequest: RunRecord["pullRequest"]): string[] {
  if (!pullRequest) return [];
  const { id, url, comment, status } = pullRequest;
  return [
    table([
      ["Pull request", link(id, url)],
      ["Its comment", comment],
      ["Its status", status && `${code(status.name)}: ${cell(status.state)}`],
    ]),
  ];
}

const share = (traffic: Readonly<Record<string, number>> | undefined) =>
  traffic &&
  cell(
    Object.entries(traffic)
      .map(([name, percent]) => `${name} ${percent} %`)
      .join(", ") || "none",
  );

function deploymentPart({ deployment }: RunRecord): string[] {
  if (!deployment) return [];
  return [
    table([
      ["Endpoint", link(deployment.endpoint, deployment.studioUrl)],
      ["Deployment", code(deployment.name)],
      ["Model", deployment.model && code(deployment.model)],
      ["Strategy", deployment.strategy && STRATEGIES[deployment.strategy]],
      ["State", deployment.state && cell(deployment.state)],
      ["Traffic before", share(deployment.trafficBefore)],
      ["Traffic now", share(deployment.traffic)],
      ["Autoscale", deployment.autoscale && code(deployment.autoscale)],
      ...failureRows(deployment.failure),
    ]),
    ...stepsPart(deployment),
  ];
}

const STRATEGIES = { blueGreen: "blue/green", canary: "canary", shadow: "shadow", inPlace: "in place" } as const;
const VERDICTS = { pass: "✅ pass", fail: "❌ fail", inconclusive: "⚠️ inconclusive" } as const;

/** The shares of a canary or a shadow with their verdicts, and the rules of each with their numbers. */
function stepsPart({ steps = [], strategy }: NonNullable<RunRecord["deployment"]>): string[] {
  if (steps.length === 0) return [];
  const rows = steps.map(({ share, since, until, outcome, reasons, rules = [] }) => {
    // A reason that a rule gave stands in the rule's own row.
    const others = (reasons ?? []).filter((one) => !rules.some(({ sentence }) => one.includes(sentence)));
    const found = outcome === undefined ? "not judged" : VERDICTS[outcome];
    return [
      `| ${share} % | ${found} | ${cell([`since ${since}`, until && `until ${until}`, ...others].filter(Boolean).join("; "))} |`,
      ...rules.map((one) => `|  | ${VERDICTS[one.outcome]} | ${code(one.rule)} ${cell(one.sentence)} |`),
    ].join("\n");
  });
  const title = strategy === "shadow" ? "Copies" : "Traffic";
  return [[`| ${title} | Verdict | What was found |`, "| ---: | --- | --- |", ...rows].join("\n")];
}

function failureRows(failure: NonNullable<RunRecord["deployment"]>["failure"]) {
  if (!failure) return [];
  const { kind, code: given, means, remedy, guide, lastLine, log } = failure;
  return [
    ["Failure", kind && cell(given === undefined ? kind : `${kind} (${given})`)],
    ["It means", means && cell(means)],
    [`Log of ${cell(log ?? "the container")}`, lastLine && code(lastLine)],
    ["To do", remedy && cell(remedy)],
    ["Guide", guide && link(guide, guide)],
  ] as const;
}

function rollbackPart({ rollback }: RunRecord): string[] {
  if (!rollback) return [];
  const { endpoint, to, reason, from = [], ended, changed, trafficBefore, traffic } = rollback;
  return [
    table([
      ["Endpoint", code(endpoint)],
      ["Rolled back to", `${code(to)}${reason === undefined ? "" : `, because ${cell(reason)}`}`],
      ["From", from.map(code).join(", ")],
      ["Rollout that it ended", ended && code(ended)],
      ["Changed", changed === undefined ? undefined : changed ? "yes" : "no"],
      ["Traffic before", share(trafficBefore)],
      ["Traffic now", share(traffic)],
    ]),
  ];
}

function invocationPart({ invocation }: RunRecord): string[] {
  if (!invocation) return [];
  return [
    table([
      ["Endpoint", code(invocation.endpoint)],
      ["Deployment", invocation.deployment && code(invocation.deployment)],
      ["Status", String(invocation.statusCode)],
      ["Latency", `${Math.round(invocation.latencyInMilliseconds)} ms`],
      ["Reply", invocation.reply && code(invocation.reply.slice(0, 500))],
    ]),
    ...rulesPart("Expectation", invocation.expectations),
  ];
}

const CHECK_MARKS = { passed: "✅", failed: "❌", warned: "⚠️", notAsked: "⏭️", notNeeded: "➖" } as const;
const CHECK_WORDS = {
  passed: "as it should be",
  failed: "to be fixed",
  warned: "not known, or lacking where that may not matter",
  notAsked: "not asked, because something before it failed",
  notNeeded: "not needed",
} as const;

function setupPart(setup: RunRecord["setup"]): string[] {
  if (!setup) return [];
  const rows = setup.checks.map(
    ({ id, outcome, asked, answered, remedy = "" }) =>
      `| ${CHECK_MARKS[outcome]} | ${cell(id)} | ${cell(asked)} | ${cell(answered)} | ${cell(remedy)} |`,
  );
  const outcomes = Object.keys(CHECK_MARKS) as (keyof typeof CHECK_MARKS)[];
  const legend = outcomes.map((outcome) => `${CHECK_MARKS[outcome]} ${CHECK_WORDS[outcome]}`).join(", ");
  return [
    ["|  | Check | What was asked | What was answered | What to do |", "| --- | --- | --- | --- | --- |", ...rows].join(
      "\n",
    ),
    `${legend}. Nothing was changed.`,
  ];
}

/** Only what is not as it should be: the rest is in the log. */
function preflightPart(preflight: RunRecord["preflight"]): string[] {
  const rows = (preflight?.checks ?? [])
    .filter(({ outcome }) => outcome !== "passed")
    .map(
      ({ id, outcome, answered, remedy = "" }) =>
        `| ${CHECK_MARKS[outcome]} | ${cell(id)} | ${cell(answered)} | ${cell(remedy)} |`,
    );
  if (rows.length === 0) return [];
  return [["|  | Preflight | What was found | What to do |", "| --- | --- | --- | --- |", ...rows].join("\n")];
}
