// Earlier windows of an endpoint, each judged by the same rules as the newest one: for people who look at how it went. They decide nothing.
// Tests: test/tasks/CheckMonitor.test.ts
import { TaskError } from "../../errors.ts";
import { type CanaryNumbers, canaryNumbers } from "../monitor/canary-numbers.ts";
import type { CanaryRule } from "../monitor/canary-rules.ts";
import { readDeployment } from "../monitor/judge-canary.ts";
import { asAWhole } from "../monitor/verdict.ts";
import { isoOf, minuteOf, type Window } from "../monitor/window.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { MonitorOutcome } from "./monitor-verdict.ts";

export interface EarlierWindow {
  /** When it ended; ISO 8601. */
  readonly at: string;
  readonly outcome: MonitorOutcome;
  readonly deployments: readonly {
    readonly name: string;
    readonly outcome: MonitorOutcome;
    readonly numbers: CanaryNumbers;
  }[];
}

export interface EarlierRequest {
  readonly endpoint: string;
  readonly deployments: readonly string[];
  /** Where the newest window begins, in milliseconds since the epoch. */
  readonly before: number;
  readonly minutes: number;
  readonly rules: readonly CanaryRule[];
  readonly minimumRequests: number;
  readonly most: number;
}

const MINUTE = 60_000;
/** Minutes that one answer of Azure Monitor holds one by one. */
const LONGEST_ANSWER = 2_880;

/**
 * The windows before, the newest first: as many as one answer of Azure Monitor holds. One round trip, of all deployments side by side. Restarts
 * are not looked at. None where Azure Monitor does not answer.
 */
export async function earlierWindows(workspace: Workspace, request: EarlierRequest): Promise<EarlierWindow[]> {
  const { endpoint, deployments, minutes, rules, minimumRequests } = request;
  const end = minuteOf(request.before);
  // One window more, with which the oldest is compared.
  const count = Math.min(request.most, Math.floor(LONGEST_ANSWER / minutes) - 1);
  if (count < 1) return [];
  const windowAt = (index: number): Window => ({
    from: isoOf(end - (index + 1) * minutes * MINUTE),
    to: isoOf(end - index * minutes * MINUTE),
  });
  const all = { from: windowAt(count).from, to: windowAt(0).to };
  try {
    const { judgeRule, reads } = await import("../monitor/canary-rules.ts");
    const needsUse = reads(rules, ["cpu", "memory"]);
    const read = (name: string) => readDeployment(workspace, endpoint, name, all, needsUse);
    const series = await Promise.all(deployments.map(read));
    return Array.from({ length: count }, (_, index) => {
      const judged = series.map((one) => {
        const [numbers, before] = [canaryNumbers(one, windowAt(index)), canaryNumbers(one, windowAt(index + 1))];
        const called = one.deployment;
        const sides = { fresh: { called, numbers }, live: { called, numbers: before } };
        const isLittle = !((numbers.requests ?? 0) >= Math.max(1, minimumRequests));
        const { outcome } = asAWhole(rules.map((rule) => judgeRule(rule, sides)));
        return { name: called, outcome: isLittle ? ("noEvidence" as const) : OUTCOMES[outcome], numbers };
      });
      return { at: windowAt(index).to, outcome: worstOf(judged), deployments: judged };
    });
  } catch (error) {
    if (!(error instanceof TaskError) || workspace.signal.aborted) throw error;
    workspace.log.warn(`Earlier windows of ${endpoint} could not be read, and are not shown: ${error.message}`);
    return [];
  }
}

const OUTCOMES = { pass: "healthy", fail: "breached", inconclusive: "noEvidence" } as const;

/** One breach is a breach, and healthy is only what all are. */
export function worstOf(parts: readonly { readonly outcome: MonitorOutcome }[]): MonitorOutcome {
  const worst = (["breached", "noEvidence"] as const).find((one) => parts.some(({ outcome }) => outcome === one));
  return worst ?? (parts.length > 0 ? "healthy" : "noEvidence");
}
