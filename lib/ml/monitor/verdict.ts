// The verdict on a canary: pass, fail, or inconclusive where the evidence does not suffice. Pure.
// Tests: test/lib/ml/monitor/verdict.test.ts
import type { CanaryNumbers } from "./canary-numbers.ts";
import type { RuleVerdict } from "./canary-rules.ts";
import { minutesIn, type Window } from "./window.ts";

export type Outcome = "pass" | "fail" | "inconclusive";

export interface Verdict {
  readonly outcome: Outcome;
  /** Why, as sentences with their numbers; what failed comes first. */
  readonly reasons: readonly string[];
  readonly rules: readonly RuleVerdict[];
  /** Of the new deployment and of the live one; `live` is absent where no other deployment has traffic. */
  readonly numbers: { readonly new: CanaryNumbers; readonly live?: CanaryNumbers };
  readonly window: Window;
  /** Subjects that nobody looked at, as sentences; this makes no verdict better or worse. */
  readonly notJudged: readonly string[];
}

/** One alert rule, and whether it fired in the window. */
export interface AlertVerdict {
  readonly rule: string;
  readonly outcome: Outcome;
  readonly sentence: string;
}

/** The rules' verdicts on a part of the window, and the requests of the new deployment in it. */
interface Measurement {
  readonly window: Window;
  readonly rules: readonly RuleVerdict[];
}

export interface Evidence {
  /** Name of the new deployment. */
  readonly fresh: string;
  /** Name of the live deployment, where a rule compares with it. */
  readonly compared?: string | undefined;
  /** Its minutes, where they are others than the window. */
  readonly liveWindow?: Window;
  readonly window: Window;
  readonly numbers: Verdict["numbers"];
  readonly rules: readonly RuleVerdict[];
  readonly alerts: readonly AlertVerdict[];
  readonly minimumRequests: number;
  /** Measurements of the window that may fail; 0: the window as a whole must pass. */
  readonly failureLimit: number;
  /** The window's measurements; not looked at where the limit is 0. */
  readonly measurements: readonly Measurement[];
  readonly notJudged: readonly string[];
}

/**
 * The verdict. In this order: an alert rule that fired fails it; too little evidence (no old enough minute, no number of requests, fewer
 * of them than asked for) leaves it open, whatever the rules say; a rule that does not hold fails it, unless no more measurements
 * failed than the limit allows; a rule or an alert rule that could not be judged leaves it open, and so does a live deployment that rules compare
 * with and that had fewer requests than asked for: its numbers excuse nothing. It passes only where at least one rule
 * was judged and nothing of this is so.
 */
export function verdictOf(evidence: Evidence): Verdict {
  const { window, numbers, rules, alerts, notJudged } = evidence;
  const verdict = (outcome: Outcome, reasons: readonly string[]): Verdict => ({
    outcome,
    reasons,
    rules,
    numbers,
    window,
    notJudged,
  });
  const fired = alerts.filter(({ outcome }) => outcome === "fail");
  if (fired.length > 0)
    return verdict(
      "fail",
      fired.map(({ sentence }) => sentence),
    );
  const little = tooLittle(evidence);
  if (little !== undefined) return verdict("inconclusive", [little]);
  const judged = evidence.failureLimit > 0 ? byMeasurements(evidence) : asAWhole(rules);
  if (judged.outcome === "fail") return verdict("fail", judged.reasons);
  const open = [
    ...alerts.filter(({ outcome }) => outcome === "inconclusive").map(({ sentence }) => sentence),
    ...littleToCompare(evidence),
  ];
  if (judged.outcome === "inconclusive" || open.length > 0)
    return verdict("inconclusive", [...(judged.outcome === "inconclusive" ? judged.reasons : []), ...open]);
  return verdict("pass", [...judged.reasons, ...alerts.map(({ sentence }) => sentence)]);
}

/** Why there is too little evidence to judge at all; undefined where there is enough. */
function tooLittle({ fresh, window, numbers, minimumRequests }: Evidence): string | undefined {
  if (minutesIn(window) === 0)
    return `No minute from ${window.from} on is five minutes old yet, so its metrics may still change.`;
  const { requests } = numbers.new;
  const when = `from ${window.from} to ${window.to}`;
  if (requests === undefined || !Number.isFinite(requests))
    return `Azure Monitor has no requests of the new deployment ${fresh} ${when}.`;
  if (requests >= Math.max(1, minimumRequests)) return undefined;
  return `The new deployment ${fresh} answered ${Number(requests.toFixed(2))} requests ${when}; at least ${Math.max(1, minimumRequests)} are needed to judge it.`;
}

/** A sentence where the live deployment had too few requests to say how good is good enough. */
function littleToCompare(evidence: Evidence): string[] {
  const { compared, window, liveWindow = window, numbers, minimumRequests } = evidence;
  const requests = numbers.live?.requests;
  const needed = Math.max(1, minimumRequests);
  if (compared === undefined || requests === undefined || requests >= needed) return [];
  return [
    `The live deployment ${compared} answered ${Number(requests.toFixed(2))} requests from ${liveWindow.from} to ${liveWindow.to}; at least ${needed} are needed to compare with it.`,
  ];
}

interface Judged {
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
}

/** Of rules over one window: a rule that does not hold fails it, and one that nobody can judge leaves it open. */
export function asAWhole(rules: readonly RuleVerdict[]): Judged {
  const sentencesOf = (outcome: Outcome) =>
    rules.filter((rule) => rule.outcome === outcome).map(({ rule, sentence }) => `${rule}: ${sentence}`);
  if (rules.length === 0) return { outcome: "inconclusive", reasons: ["No rule was judged."] };
  for (const outcome of ["fail", "inconclusive"] as const) {
    const reasons = sentencesOf(outcome);
    if (reasons.length > 0) return { outcome, reasons };
  }
  return { outcome: "pass", reasons: sentencesOf("pass") };
}

/** With a limit: the measurements that failed are counted, and at least as many must have passed. */
function byMeasurements({ measurements, rules, failureLimit }: Evidence): Judged {
  const whole = asAWhole(rules);
  const judged = measurements.map((one) => ({ ...asAWhole(one.rules), window: one.window }));
  const failed = judged.filter(({ outcome }) => outcome === "fail");
  const passed = judged.filter(({ outcome }) => outcome === "pass");
  const reasons = failed.map((one) => `From ${one.window.from} to ${one.window.to}: ${one.reasons.join(" ")}`);
  const count = `${failed.length} of ${judged.length} measurements failed, and failureLimit is ${failureLimit}.`;
  if (failed.length > failureLimit) return { outcome: "fail", reasons: [count, ...reasons] };
  if (whole.outcome !== "fail") return whole;
  // The measurements that failed are tolerated, and the others have to carry the verdict.
  return {
    outcome: passed.length > 0 && passed.length >= failed.length ? "pass" : "inconclusive",
    reasons: [count, ...reasons],
  };
}

/** The verdict for a log: outcome, rules with their values, reasons, and what was not judged. */
export function sayVerdict(verdict: Verdict): string[] {
  const { outcome, window, rules, reasons, notJudged } = verdict;
  const said = new Set(rules.map(({ rule, sentence }) => `${rule}: ${sentence}`));
  return [
    `${outcome.toUpperCase()}  from ${window.from} to ${window.to}`,
    ...rules.map((one) => `  ${one.outcome}  ${one.rule}  ${one.sentence}`),
    ...reasons.filter((reason) => !said.has(reason)).map((reason) => `  ${reason}`),
    ...notJudged.map((one) => `  not judged: ${one}`),
  ];
}
