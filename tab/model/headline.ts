// The run in one line: whether it passed, which model came out of it, and where that is live.
import { counted, type RunRecord } from "../../lib/record/index.ts";
import { assetName } from "./format.ts";
import type { RunState } from "./run-state.ts";

export interface Headline {
  readonly state: "passed" | "issues" | "failed" | "canceled" | "running" | "unknown" | "none";
  /** `Passed`, `Failed` … */
  readonly word: string;
  readonly parts: readonly string[];
}

const WORDS = {
  passed: "Passed",
  issues: "Passed with issues",
  failed: "Failed",
  canceled: "Canceled",
  running: "Under way",
  unknown: "Not known",
  none: "Nothing to show",
} as const;

/** Of each step the last attempt: the others were replaced by it. Steps of one name are replaced together. */
export function lastAttempts<T extends { readonly record: RunRecord }>(steps: readonly T[]): T[] {
  const attemptOf = ({ record: { run } }: T) => run?.attempt ?? 1;
  const keyOf = ({ record: { task, run } }: T) => JSON.stringify([task.name, run?.stage, run?.job, run?.step]);
  const last = new Map<string, number>();
  for (const step of steps) last.set(keyOf(step), Math.max(last.get(keyOf(step)) ?? 0, attemptOf(step)));
  return steps.filter((step) => attemptOf(step) === last.get(keyOf(step)));
}

/**
 * @param records of the last attempts, the one that began first comes first
 * @param isWhole false: there are more, which may say that something failed
 * @param run what the timeline says beside them
 */
export function headlineOf(records: readonly RunRecord[], isWhole: boolean, run: RunState): Headline {
  const has = (result: RunRecord["result"]) => records.some((one) => one.result === result);
  const isClosed = records.some(
    ({ gate, comparison, dataCheck }) =>
      (gate && !gate.passed && !gate.isPlan) || comparison?.passed === false || dataCheck?.passed === false,
  );
  const state =
    has("failed") || isClosed || run.failed.length > 0
      ? "failed"
      : has("canceled") || run.canceled.length > 0
        ? "canceled"
        : !run.isOver
          ? "running"
          : records.length === 0
            ? "none"
            : !isWhole
              ? "unknown"
              : has("succeededWithIssues")
                ? "issues"
                : "passed";
  const parts = [
    ...dataParts(records),
    ...gateParts(records),
    ...modelParts(records),
    ...liveParts(records),
    ...monitorParts(records),
  ];
  return { state, word: WORDS[state], parts: [...untold(run), ...parts] };
}

/** Steps that no record tells of. */
const untold = ({ failed, canceled }: RunState): string[] => [
  ...(failed.length === 0 ? [] : [`${failed.length === 1 ? failed[0] : `${failed.length} other steps`} failed`]),
  ...(canceled.length === 0
    ? []
    : [canceled.length === 1 ? `${canceled[0]} was canceled` : `${canceled.length} other steps were canceled`]),
];

const dataParts = (records: readonly RunRecord[]): string[] =>
  records.flatMap(({ dataCheck }) => (dataCheck?.passed === false ? [`the data ${dataCheck.data} do not pass`] : []));

function gateParts(records: readonly RunRecord[]): string[] {
  const gates = records.flatMap(({ gate }) => (gate && !gate.isPlan ? [gate] : []));
  if (gates.length === 0) return [];
  const closed = gates.filter(({ passed }) => !passed);
  const rules = gates.flatMap((one) => one.rules);
  const failed = rules.filter(({ passed }) => !passed).length;
  const of = counted(rules.length, "rule");
  if (gates.length > 1)
    return [
      closed.length === 0 ? `${gates.length} gates are open` : `${closed.length} of ${gates.length} gates are closed`,
    ];
  return [closed.length === 0 ? `the gate is open (${of})` : `the gate is closed (${failed} of ${of} failed)`];
}

function modelParts(records: readonly RunRecord[]): string[] {
  const models = records.flatMap(({ model, promotion, deployment }) => [
    ...(model ? [`${model.name}:${model.version}`] : []),
    ...(promotion ? [assetName(promotion.target)] : []),
    ...(deployment?.model ? [assetName(deployment.model)] : []),
  ]);
  const last = models.at(-1);
  return last === undefined ? [] : [`model ${last}`];
}

/** Endpoints and monitors that the line names. */
const MOST_NAMED = 3;

/** What is watched, where it is not healthy: each once, though a watch and a look of its own may both tell of it. */
function monitorParts(records: readonly RunRecord[]): string[] {
  const found = records.flatMap(({ monitor, watch }) => [
    ...(monitor === undefined ? [] : [{ name: monitor.name ?? monitor.endpoint, outcome: monitor.outcome }]),
    ...(watch?.monitors ?? []).map(({ name, outcome, breached }) => ({
      name,
      outcome: outcome ?? (breached.length > 0 ? "breached" : "healthy"),
    })),
  ]);
  const parts = found.flatMap(({ name, outcome }) =>
    name === undefined || outcome === "healthy"
      ? []
      : [outcome === "breached" ? `${name} is breached` : `${name} has no evidence`],
  );
  const distinct = [...new Set(parts)];
  const rest = distinct.slice(MOST_NAMED);
  return [
    ...distinct.slice(0, MOST_NAMED),
    ...(rest.length === 0 ? [] : [`${rest.length} more ${rest.length === 1 ? "is" : "are"} not healthy`]),
  ];
}

/** Share of each deployment of each endpoint, as the last step left it. */
function liveTraffic(records: readonly RunRecord[]): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const live = new Map<string, Readonly<Record<string, number>>>();
  for (const { deployment, rollback } of records) {
    if (deployment?.traffic) live.set(deployment.endpoint, deployment.traffic);
    if (rollback?.traffic) live.set(rollback.endpoint, rollback.traffic);
  }
  return live;
}

function liveParts(records: readonly RunRecord[]): string[] {
  return [...liveTraffic(records)].slice(0, MOST_NAMED).map(([endpoint, traffic]) => {
    const shares = Object.entries(traffic).filter(([, share]) => share > 0);
    const [first] = shares;
    if (first === undefined) return `${endpoint} has no live deployment`;
    if (shares.length === 1 && first[1] === 100) return `live on ${endpoint}/${first[0]}`;
    return `live on ${endpoint}: ${shares.map(([name, share]) => `${name} ${share} %`).join(", ")}`;
  });
}
