// The bake of one share: waits on this agent until its minutes are over and their metrics are complete, judges every minute meanwhile, and
// ends as soon as a judgement fails; or judges once what there is.
// Tests: test/lib/ml/rollout/canary.test.ts, test/lib/ml/rollout/canary-stages.test.ts
import { TaskError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Clock } from "../../poll.ts";
import { defaultCanaryRules } from "../monitor/default-rules.ts";
import type { Verdict } from "../monitor/verdict.ts";
import { azureClock } from "../workspace/azure-clock.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { bakesFrom, type Progress } from "./rollout-progress.ts";
import type { Bake, Strategy } from "./strategy.ts";

/** A strategy whose shares are judged one after the other. */
export type SteppedStrategy = Extract<Strategy, Bake>;

/** Milliseconds since the epoch. */
interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * The judgement of a window of the new deployment, against the live one in the same minutes, or, where that has no traffic any more, in
 * minutes before.
 */
export type Judge = (
  window: Window & {
    readonly fresh: string;
    readonly live: string | undefined;
    readonly liveMinutes?: Window | undefined;
    readonly alertsFrom?: number | undefined;
  },
) => Promise<Verdict>;

/** Milliseconds after which the metrics of a minute are complete (docs/facts/operations.md#A.4). */
const METRICS_LAG = 5 * 60_000;
const MINUTE = 60_000;

interface Baking {
  readonly judge: (window: Window) => Promise<Verdict>;
  readonly clock: Clock;
  /** Milliseconds that are left; undefined: no deadline. */
  readonly left: () => number | undefined;
  readonly signal: AbortSignal;
  readonly log: Pick<Log, "info" | "debug">;
}

/**
 * Reads the rules, prints them as if they had been written, and loads what judges by them. CEL is in a part of the bundle that only these
 * strategies load.
 * @returns `ready` fails where the metrics or the alert rules cannot be read: nothing should be changed then
 * @throws TaskError or TaskErrors kind `input` for each rule that is none
 */
export async function openJudge(
  workspace: Workspace & { readonly clock?: Clock },
  endpoint: string,
  strategy: SteppedStrategy,
): Promise<{ readonly judge: Judge; readonly ready: Promise<void> }> {
  const { judgeCanary, readCanaryRules, requireJudgeable } = await import("../monitor/judge-canary.ts");
  const { log, clock = azureClock(workspace) } = workspace;
  const { alerts, minimumRequests, failureLimit, bake, onInconclusive } = strategy;
  const rules = await readCanaryRules(strategy.rules ?? defaultCanaryRules);
  log.info(
    `Each share bakes ${bake / MINUTE} minutes and takes at least ${minimumRequests} requests; onInconclusive: ${onInconclusive}, failureLimit: ${failureLimit}. The rules${strategy.rules === undefined ? ", since none are written, are the default ones" : ""}:`,
  );
  for (const { text } of rules) log.info(`  ${text}`);
  for (const alert of alerts) log.info(`  the alert rule ${alert} has not fired`);
  const ready = requireJudgeable(workspace, { endpoint, alerts, clock });
  // Awaited beside other work, whose failure may come first.
  ready.catch(() => {});
  return {
    ready,
    judge: (window) =>
      judgeCanary(workspace, { endpoint, ...window, rules, minimumRequests, alerts, failureLimit, clock }),
  };
}

/** Milliseconds that the shares of a strategy bake at least: each of them is judged. */
function timeOf(
  strategy: SteppedStrategy,
  judged = strategy.kind === "canary" ? strategy.steps.length : 1,
): { judged: number; needed: number } {
  return { judged, needed: judged * (strategy.bake + METRICS_LAG) };
}

/**
 * Milliseconds after which a rollout without a deadline is not taken for running any more: six hours, as for every rollout, and twice
 * what its shares bake at least.
 */
export const longestOf = (strategy: SteppedStrategy): number => 6 * 60 * MINUTE + 2 * timeOf(strategy).needed;

/**
 * @param shares that are to be judged, where the plan is known: one that the deployment has from elsewhere is one more
 * @throws TaskError kind `input` where the deadline would come before the shares have baked
 */
export function requireTime(strategy: SteppedStrategy, deadline: number | undefined, shares?: number): void {
  if (strategy.advance === "next" || !deadline) return;
  const { judged, needed } = timeOf(strategy, shares);
  if (needed < deadline) return;
  throw new TaskError(
    "input",
    `Input timeoutInMinutes is ${deadline / MINUTE}, and the ${judged} shares to be judged take ${needed / MINUTE} minutes: ${strategy.bake / MINUTE} each, and ${METRICS_LAG / MINUTE} until their metrics are complete.`,
    {
      errorCode: "AML1313",
      hint: "Raise timeoutInMinutes, lower bakeMinutes, or use advance: next with a stage for each share.",
    },
  );
}

/** A verdict on a share, and whether that has baked as long as it is to. */
export interface Judged {
  readonly verdict: Verdict;
  readonly isBaked: boolean;
}

/**
 * The verdict on the share. With `advance: all` it is one that says how to go on: it waits for the end of the bake, and, with
 * `onInconclusive: wait`, until there is enough to judge. With `next` it is what can be said now.
 * @throws TaskError `timeout` where the deadline comes first
 */
export async function judgeShare(progress: Progress, strategy: SteppedStrategy, baking: Baking): Promise<Judged> {
  const { judge, clock, left, signal, log } = baking;
  const from = bakesFrom(progress);
  // Whole minutes are judged, from the first one that began with this share.
  const end = Math.ceil(from / MINUTE) * MINUTE + strategy.bake + METRICS_LAG;
  const waits = strategy.advance === "all";
  if (waits) {
    log.info(
      `${progress.deployment} bakes until ${new Date(end).toISOString()}: ${strategy.bake / MINUTE} minutes, and ${METRICS_LAG / MINUTE} until their metrics are complete. It is judged every minute meanwhile.`,
    );
  }
  for (;;) {
    signal.throwIfAborted();
    const to = clock.now() - METRICS_LAG;
    const isBaked = clock.now() >= end;
    const verdict = await judge({ from, to });
    if (verdict.outcome === "fail") return { verdict, isBaked };
    if (!waits)
      return { verdict: isBaked || verdict.outcome !== "pass" ? verdict : notBaked(verdict, strategy), isBaked };
    if (isBaked && (verdict.outcome === "pass" || strategy.onInconclusive !== "wait")) return { verdict, isBaked };
    if (isBaked) log.debug(`Not yet: ${verdict.reasons.join(" ")}`);
    const most = left() ?? Number.POSITIVE_INFINITY;
    if (most <= 1) {
      throw new TaskError(
        "timeout",
        `${progress.deployment} could not be judged in time at ${progress.share} %: ${verdict.reasons.join(" ") || "its bake is not over"}`,
        {
          errorCode: "AML1612",
          hint: "Raise timeoutInMinutes, lower bakeMinutes or minimumRequests, or see to it that the endpoint gets requests.",
        },
      );
    }
    await clock.sleep(Math.min(isBaked ? MINUTE : Math.min(MINUTE, end - clock.now()), most), signal);
  }
}

function notBaked(verdict: Verdict, { bake }: SteppedStrategy): Verdict {
  const { from, to } = verdict.window;
  const minutes = (Date.parse(to) - Date.parse(from)) / MINUTE;
  const reason = `${minutes} of ${bake / MINUTE} minutes have baked.`;
  return { ...verdict, outcome: "inconclusive", reasons: [reason, ...verdict.reasons] };
}
