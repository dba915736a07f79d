// The rules of a canary for which nobody wrote any, as they would be written.
// Tests: test/lib/ml/monitor/canary-rules.test.ts

/** Rules where no rule is written: errors and the 95th percentile of latency, against the live deployment in the same minutes. */
export const defaultCanaryRules = [
  "new.errorRate <= live.errorRate + 0.01",
  "new.latencyP95 <= 1.2 * live.latencyP95",
].join("\n");

/** Rules where no rule is written, and no other deployment has traffic that one could compare with. */
export const defaultRulesAlone = "new.errorRate <= 0.01";

/** Requests that the new deployment must have answered before it is judged, where nobody wrote how many. */
export const DEFAULT_MINIMUM_REQUESTS = 50;
