// Evidence pack: what an approver needs to know of a run, from its records: metrics against the champion, slices, rules, data and code, cost, risks,
// and what the decision does. At most 4,000 characters for the instructions of ManualValidation, and in full as a file. It reads well as plain
// text too: whether the page of ManualValidation shows markdown is not known (docs/facts/evidence.md#D.6). Pure.
// Tests: test/lib/evidence/evidence-pack.test.ts
import type { Provenance } from "../provenance.ts";
import { cell, counted, type GateSection, type RunRecord, redact } from "../record/index.ts";
import { cut } from "../remote-text.ts";
import { defuse } from "./defuse.ts";

/** The longest instructions of ManualValidation (docs/facts/evidence.md#D.6). */
export const PACK_LIMIT = 4_000;
/** Lines of one part where the pack is short. */
const MOST_LINES = 12;

export interface EvidencePack {
  /** Of at most PACK_LIMIT characters. */
  readonly short: string;
  readonly full: string;
}

/** One part: its title, and its lines from the most important. */
interface Part {
  readonly title: string;
  readonly lines: readonly string[];
}

interface Unknown {
  /** Names of steps whose record did not arrive. */
  readonly missing?: readonly string[];
  /** Why records of the run cannot be read, as a sentence. */
  readonly fault?: string | undefined;
}

/**
 * @param records of the run's steps, in their order; those of a run that went on after a failure as well
 * @param unknown what is not known of the run
 * @param afterwards a sentence: what happens on approval
 */
export function evidencePack(
  records: readonly RunRecord[],
  provenance: Provenance,
  unknown: Unknown = {},
  afterwards = "On approval the stages after this one run. On rejection the run ends, and nothing more is changed.",
): EvidencePack {
  const gates = records.flatMap(({ gate }) => gate ?? []);
  const parts = [
    ...gates.flatMap((gate) => [metricsOf(gate), slicesOf(gate), rulesOf(gate)]),
    comparisons(records),
    dataAndCode(records, provenance),
    costs(records),
    risks(records, unknown),
  ].filter(({ lines }) => lines.length > 0);
  const verdict =
    gates.length === 0
      ? "no step of this run judged a job"
      : gates.every(({ passed }) => passed)
        ? "the gate is open"
        : "the gate is closed";
  const { definition, runNumber, runUri } = provenance;
  const head = `**${[definition, runNumber].filter(Boolean).map(cell).join(" ") || "This run"}: ${verdict}**`;
  const foot = [cell(afterwards), ...(runUri.startsWith("https://") ? [`[The run](${runUri})`] : [])];
  const page = (most: number, longest: number) =>
    clean(
      [
        head,
        ...parts.map(({ title, lines }) => {
          const shown = lines.slice(0, most).map((line) => `- ${cut(line, longest)}`);
          const more = lines.length > most ? [`- and ${lines.length - most} more, in the full evidence`] : [];
          return [`${title}:`, ...shown, ...more].join("\n");
        }),
        ...foot,
      ].join("\n\n"),
    );
  const full = page(Number.POSITIVE_INFINITY, 2_000);
  // Fewer and shorter lines until it fits; the head and the foot alone are far shorter.
  for (let most = MOST_LINES; most > 0; most -= 1) {
    const short = page(most, 60 + most * 20);
    if (short.length <= PACK_LIMIT) return { short, full };
  }
  return { short: cut(clean([head, ...foot].join("\n\n")), PACK_LIMIT), full };
}

/** Without secrets in addresses, mentions, and macros, which later steps expand in a variable (docs/facts/agent.md#1.5). */
const clean = (markdown: string): string => defuse(redact(markdown)).replaceAll("$(", "$\u200b(");

const number = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));

/** A metric of a slice has its name after a slash: `auc/age>60`. */
const isSlice = (name: string): boolean => name.includes("/");

function compared({ metrics = {}, championMetrics = {} }: GateSection, wanted: (name: string) => boolean): string[] {
  const names = Object.keys(metrics).filter(wanted);
  // Those that can be compared come first.
  names.sort(
    (one, other) =>
      Number(Object.hasOwn(championMetrics, other)) - Number(Object.hasOwn(championMetrics, one)) ||
      (one < other ? -1 : 1),
  );
  return names.map((name) => {
    const value = metrics[name] ?? Number.NaN;
    const before = Object.hasOwn(championMetrics, name) ? championMetrics[name] : undefined;
    if (before === undefined) return `${cell(name)}: ${number(value)}`;
    const difference = value - before;
    const sign = difference > 0 ? "+" : "";
    return `${cell(name)}: ${number(value)} (champion ${number(before)}, ${sign}${number(difference)})`;
  });
}

function metricsOf(gate: GateSection): Part {
  const against = gate.champion ? `, against ${cell(gate.champion)}` : "";
  return {
    title: `Metrics of ${cell(gate.jobName ?? "the job")}${against}`,
    lines: compared(gate, (name) => !isSlice(name)),
  };
}

const slicesOf = (gate: GateSection): Part => ({ title: "Slices", lines: compared(gate, isSlice) });

function rulesOf({ rules }: GateSection): Part {
  const order = { failed: 0, skipped: 1, passed: 2 } as const;
  const lines = rules
    .map((rule) => ({ ...rule, outcome: rule.outcome ?? (rule.passed ? ("passed" as const) : ("failed" as const)) }))
    .sort((one, other) => order[one.outcome] - order[other.outcome])
    .map(({ outcome, rule, detail }) => `${outcome}: ${cell(rule)} - ${cell(detail)}`);
  return { title: "Rules", lines };
}

/** Models that were scored on the same rows, each with its verdict. */
const comparisons = (records: readonly RunRecord[]): Part => ({
  title: "Comparison on the same rows",
  lines: records.flatMap(({ comparison }) => {
    if (comparison === undefined) return [];
    const { challenger, champion, data, passed, detail } = comparison;
    const against = champion === undefined ? "" : ` against ${cell(champion)}`;
    return [`${passed ? "passed" : "failed"}: ${cell(challenger)}${against} on ${cell(data)} - ${cell(detail)}`];
  }),
});

function dataAndCode(records: readonly RunRecord[], { commit, branch, pullRequestId, repository }: Provenance): Part {
  const inputs = records.flatMap(({ job }) => Object.entries(job?.inputs ?? {}));
  const data = records.flatMap(({ data }) => (data ? [data] : []));
  return {
    title: "Data and code",
    lines: [
      ...data.flatMap(({ name, version, created, change }) => [
        `data ${cell(`${name}:${version}`)}${created ? ", new in this run" : ""}${change ? `; ${differenceOf(change)}` : ""}`,
        ...(change?.files ?? []).map((file) => `${cell(`${name}:${version}`)}: ${cell(file.path)} ${file.change}`),
      ]),
      ...records.flatMap(({ gate }) => (gate?.sameData ? [cell(gate.sameData.why)] : [])),
      ...inputs.map(([name, uri]) => `input ${cell(name)}: ${cell(String(uri))}`),
      ...(commit === ""
        ? []
        : [
            `commit ${cell(commit)} of ${cell([repository, branch].filter(Boolean).join(", ") || "the repository")}${pullRequestId ? `, pull request ${cell(pullRequestId)}` : ""}`,
          ]),
    ],
  };
}

type Change = NonNullable<NonNullable<RunRecord["data"]>["change"]>;

function differenceOf({ since, added = 0, changed = 0, removed = 0, unknown }: Change): string {
  if (unknown !== undefined) return `its difference to the version before is not known: ${cell(unknown)}`;
  if (since === undefined) return "the first version";
  return `since version ${cell(since)}: ${counted(added, "file")} added, ${changed} changed, ${removed} removed`;
}

function costs(records: readonly RunRecord[]): Part {
  const run = records.findLast(({ job }) => job?.cost?.run !== undefined)?.job?.cost?.run;
  const lines = costLines(records);
  if (lines.length === 0)
    return { title: "Cost", lines: ["not known: no step of this run has left the cost of a job"] };
  if (run === undefined || run.jobs < 2) return { title: "Cost", lines };
  const { jobs, nodeHours, amount, currency } = run;
  const money = amount === undefined ? "" : `, ${number(amount)} ${currency ?? ""}`.trimEnd();
  return {
    title: "Cost",
    lines: [...lines, `all ${jobs} jobs of the run: ${number(nodeHours)} node-hours${cell(money)}`],
  };
}

function costLines(records: readonly RunRecord[]): string[] {
  return records.flatMap(({ job }) => {
    const { amount, nodeHours, currency, label } = job?.cost ?? {};
    if (job === undefined || (amount === undefined && nodeHours === undefined)) return [];
    const parts = [
      nodeHours === undefined ? "" : `${number(nodeHours)} node-hours`,
      amount === undefined ? "" : `${number(amount)} ${currency ?? ""}`.trim(),
    ].filter((part) => part !== "");
    return [`${cell(job.displayName ?? job.name)}: ${cell(parts.join(", "))} (${cell(label ?? "list prices")})`];
  });
}

/** Facts that speak against an approval, or leave something open; none is an opinion. */
function risks(records: readonly RunRecord[], { missing = [], fault }: Unknown): Part {
  const lines = records.flatMap((record) => {
    const { gate, comparison, dataCheck, monitor, job, deployment, result, task, error } = record;
    const { metrics = {}, championMetrics = {} } = gate ?? {};
    const skipped = (gate?.rules ?? []).filter(({ outcome }) => outcome === "skipped").length;
    const worse = Object.keys(metrics).filter(
      (name) => Object.hasOwn(championMetrics, name) && (metrics[name] ?? 0) < (championMetrics[name] ?? 0),
    );
    return [
      ...(gate && !gate.passed ? ["the gate is closed: approving overrules it"] : []),
      ...(comparison && !comparison.passed
        ? [`${cell(comparison.challenger)} did not pass its comparison: approving overrules it`]
        : []),
      ...(dataCheck && !dataCheck.passed ? dataRisks(dataCheck) : []),
      ...(monitor && monitor.outcome !== "healthy"
        ? [
            `${cell(monitor.name ?? monitor.endpoint ?? "a model in production")} is not healthy: ${HEALTH[monitor.outcome]}`,
          ]
        : []),
      ...(gate && !gate.champion ? ["nothing was compared with a champion"] : []),
      ...(skipped > 0 ? [`rules that were skipped, and count as passed: ${skipped}`] : []),
      ...(worse.length > 0
        ? [`lower than the champion: ${worse.map(cell).join(", ")} (whether lower is worse depends on the metric)`]
        : []),
      ...(job?.joined ? [`the job ${cell(job.name)} is of an earlier attempt of this step`] : []),
      ...(deployment && result === "failed" ? [`the rollout on ${cell(deployment.endpoint)} failed`] : []),
      ...(result === "failed" && !gate && !comparison && !deployment
        ? [`the step ${cell(task.friendlyName)} failed: ${cell(error?.message ?? "see the run")}`]
        : []),
    ];
  });
  const open = [
    ...(fault === undefined ? [] : [`what other steps of this run did is not known: ${cell(fault)}`]),
    ...(missing.length === 0 ? [] : [`no record arrived of ${missing.map(cell).join(", ")}`]),
  ];
  return { title: "Risks", lines: [...new Set([...lines, ...open])] };
}

const HEALTH = { breached: "breached", noEvidence: "no evidence" } as const;

function dataRisks({ data, rules }: NonNullable<RunRecord["dataCheck"]>): string[] {
  const failed = rules.filter(({ passed }) => !passed);
  return [
    `the data ${cell(data)} did not pass ${failed.length} of ${rules.length} checks: approving overrules it`,
    ...failed.map(({ rule, detail }) => `${cell(data)}, ${cell(rule)}: ${cell(detail)}`),
  ];
}
