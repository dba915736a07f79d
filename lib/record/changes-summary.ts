// The parts of the summary that list changes: of a clean-up, of Apply, and what new versions of models started.
// Tests: test/lib/record/changes-summary.test.ts
import { cell, code, link } from "./markdown.ts";
import type { RunRecord } from "./record.ts";
import { counted } from "./words.ts";

const OUTCOME_MARKS = { deleted: "🗑️", archived: "📦", kept: "➖", failed: "❌", left: "⏭️" } as const;
const PLANNED = { deleted: "delete", archived: "archive", kept: "keep", failed: "failed", left: "leave" } as const;
const KINDS = { endpoint: "endpoint", deployment: "deployment", model: "model", data: "data asset" } as const;

export function cleanUpPart(cleanUp: RunRecord["cleanUp"]): string[] {
  if (!cleanUp) return [];
  const { isPlan, counts, changes } = cleanUp;
  const number = (name: string) => counts[name] ?? 0;
  const would = isPlan ? "would be " : "";
  const line =
    `**${isPlan ? "Plan, nothing was changed" : "Cleaned up"}**: ${counted(number("endpoints"), "endpoint")} and ${counted(number("deployments"), "deployment")} ${would}deleted, ` +
    `${counted(number("models"), "version")} of models and ${number("data")} of data ${would}archived; ${number("kept")} kept, ${number("failed")} failed, ${number("left")} left to the next run`;
  if (changes.length === 0) return [line];
  const rows = changes.map(
    ({ kind, name, outcome, why }) =>
      `| ${OUTCOME_MARKS[outcome]} ${isPlan ? PLANNED[outcome] : outcome} | ${KINDS[kind]} | ${code(name)} | ${cell(why)} |`,
  );
  return [line, ["| Outcome | Kind | Name | Why |", "| --- | --- | --- | --- |", ...rows].join("\n")];
}

const APPLIED_MARKS = { created: "✅", updated: "✏️", unchanged: "➖", failed: "❌", left: "⏭️" } as const;

const TO_APPLY = {
  created: "create",
  updated: "update",
  unchanged: "unchanged",
  failed: "failed",
  left: "left",
} as const;

/** Unchanged resources are counted, not listed: a folder may hold hundreds. */
export function appliedPart(applied: RunRecord["applied"]): string[] {
  if (!applied) return [];
  const { isPlan, counts, resources } = applied;
  const count = (outcome: keyof typeof APPLIED_MARKS) => counts[outcome] ?? 0;
  const line = isPlan
    ? `**Plan, nothing was changed**: ${count("created")} to create, ${count("updated")} to update, ${count("unchanged")} unchanged`
    : `**Applied**: ${count("created")} created, ${count("updated")} updated, ${count("unchanged")} unchanged${count("failed") + count("left") === 0 ? "" : `, ${count("failed")} failed, ${count("left")} not reached`}`;
  const rows = resources
    .filter(({ outcome }) => outcome !== "unchanged")
    .map(
      ({ kind, name, file, outcome }) =>
        `| ${APPLIED_MARKS[outcome]} ${isPlan ? TO_APPLY[outcome] : outcome === "left" ? "not reached" : outcome} | ${cell(kind)} | ${code(name)} | ${code(file)} |`,
    );
  if (rows.length === 0) return [line];
  return [line, ["| Outcome | Kind | Name | File |", "| --- | --- | --- | --- |", ...rows].join("\n")];
}

export function watchPart(watch: RunRecord["watch"]): string[] {
  if (!watch) return [];
  if (watch.monitors) return monitorPart(watch.monitors, watch);
  if (watch.started.length === 0) return ["**No new version** started anything"];
  return [startedTable("Version", watch.started)];
}

function startedTable(title: string, started: NonNullable<RunRecord["watch"]>["started"]): string {
  const rows = started.map(
    ({ version, reference, url, before }) =>
      `| ${code(version)} | ${link(reference, url)} | ${before ? "an earlier run" : "this run"} |`,
  );
  return [`| ${title} | Started | By |`, "| --- | --- | --- |", ...rows].join("\n");
}

function monitorPart(
  monitors: NonNullable<NonNullable<RunRecord["watch"]>["monitors"]>,
  { started, decision = "", breach }: NonNullable<RunRecord["watch"]>,
): string[] {
  const rows = monitors.map(({ name, run, at, breached, outcome }) => {
    const isUnknown = run === undefined || outcome === "noEvidence";
    const found = breached.length > 0 ? `breached: ${breached.join(", ")}` : isUnknown ? "no evidence" : "within";
    return `| ${code(name)} | ${cell(found)} | ${run === undefined ? "" : code(run)} | ${cell(at ?? "")} |`;
  });
  const table = ["| Monitor | Newest result | Job | Measured |", "| --- | --- | --- | --- |", ...rows].join("\n");
  const noted = breach?.liveModel === undefined ? [] : [`Noted on the live model ${code(breach.liveModel)}.`];
  return [cell(decision), ...noted, table, ...(started.length > 0 ? [startedTable("Breach", started)] : [])];
}

const HEALTH = { healthy: "✅ healthy", breached: "❌ breached", noEvidence: "⚠️ no evidence" } as const;

/** A monitor's signals with the metrics that broke, and the deployments of an endpoint. */
export function productionPart(monitor: RunRecord["monitor"]): string[] {
  if (!monitor) return [];
  const { outcome, name, job, studioUrl, liveModel, signals = [], endpoint, from, to, deployments = [] } = monitor;
  const rows = [
    ...signals.map(({ name: signal, outcome: one, sentence = "" }) => [signal, HEALTH[one], sentence] as const),
    ...deployments.map(
      ({ name: deployment, outcome: one, reasons = [] }) =>
        [`${endpoint}/${deployment}`, HEALTH[one], reasons.join(" ")] as const,
    ),
  ].map(([subject, state, why]) => `| ${code(subject)} | ${state} | ${cell(why)} |`);
  const of = [
    ...(name === undefined ? [] : [`monitor ${code(name)}${job ? `, run ${link(job, studioUrl)}` : ""}`]),
    ...(liveModel === undefined ? [] : [`noted on the live model ${code(liveModel)}`]),
    ...(endpoint === undefined
      ? []
      : [`endpoint ${code(endpoint)}${from && to ? `, from ${cell(from)} to ${cell(to)}` : ""}`]),
  ].join("; ");
  const why = rows.length > 0 ? [] : (monitor.reasons ?? []).map(cell);
  return [
    `**${HEALTH[outcome]}**: ${of}`,
    ...why,
    ...(rows.length > 0 ? [["| Of | State | Why |", "| --- | --- | --- |", ...rows].join("\n")] : []),
  ];
}
