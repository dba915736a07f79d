// The verdict on a canary: what fails it, what leaves it open, and what is needed for a pass.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { RuleVerdict } from "../../../../lib/ml/monitor/canary-rules.ts";
import {
  type AlertVerdict,
  type Evidence,
  type Outcome,
  sayVerdict,
  verdictOf,
} from "../../../../lib/ml/monitor/verdict.ts";
import { windowOf } from "./series.ts";

const rule = (outcome: Outcome, text = "new.errorRate <= 0.1"): RuleVerdict => ({
  rule: text,
  outcome,
  sentence: `It is ${outcome}.`,
});
const alert = (outcome: Outcome): AlertVerdict => ({
  rule: "errors",
  outcome,
  sentence: `The alert rule is ${outcome}.`,
});
const measured = (...outcomes: Outcome[]) =>
  outcomes.map((outcome) => ({ window: windowOf(5), rules: [rule(outcome)] }));

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  fresh: "green",
  window: windowOf(10),
  numbers: { new: { requests: 100 }, live: { requests: 900 } },
  rules: [rule("pass")],
  alerts: [],
  minimumRequests: 50,
  failureLimit: 0,
  measurements: [],
  notJudged: [],
  ...more,
});

describe("the verdict on a canary", () => {
  const table: [string, Partial<Evidence>, Outcome, RegExp][] = [
    ["passes where each rule holds", {}, "pass", /new\.errorRate <= 0\.1: It is pass\./],
    ["fails where one does not", { rules: [rule("pass"), rule("fail")] }, "fail", /It is fail/],
    [
      "is open where one could not be judged",
      { rules: [rule("pass"), rule("inconclusive")] },
      "inconclusive",
      /It is inconclusive/,
    ],
    [
      "fails where one fails and another could not be judged",
      { rules: [rule("inconclusive"), rule("fail")] },
      "fail",
      /It is fail/,
    ],
    [
      "is open with too few requests, though each rule holds",
      { numbers: { new: { requests: 49 } } },
      "inconclusive",
      /answered 49 requests .* at least 50 are needed/,
    ],
    [
      "is open with too few requests, though a rule does not hold",
      { numbers: { new: { requests: 3 } }, rules: [rule("fail")] },
      "inconclusive",
      /answered 3 requests/,
    ],
    [
      "is open without a number of requests",
      { numbers: { new: {} } },
      "inconclusive",
      /no requests of the new deployment green/,
    ],
    [
      "is open where that number is not finite",
      { numbers: { new: { requests: Number.NaN } } },
      "inconclusive",
      /no requests/,
    ],
    [
      "is open without any request, though none is asked for",
      { numbers: { new: { requests: 0 } }, minimumRequests: 0 },
      "inconclusive",
      /at least 1 are needed/,
    ],
    ["is open before a minute is old enough", { window: windowOf(0) }, "inconclusive", /five minutes old/],
    ["is open where nothing was judged", { rules: [] }, "inconclusive", /No rule was judged/],
    [
      "fails where an alert rule fired, with however few requests",
      { alerts: [alert("pass"), alert("fail")], numbers: { new: {} } },
      "fail",
      /alert rule is fail/,
    ],
    [
      "is open where an alert rule cannot fire",
      { alerts: [alert("inconclusive")] },
      "inconclusive",
      /alert rule is inconclusive/,
    ],
    ["passes where no alert rule fired", { alerts: [alert("pass")] }, "pass", /alert rule is pass/],
    [
      "fails with more failed measurements than the limit",
      { rules: [rule("fail")], failureLimit: 1, measurements: measured("fail", "pass", "fail") },
      "fail",
      /2 of 3 measurements failed, and failureLimit is 1/,
    ],
    [
      "passes with as many failed measurements as the limit",
      { rules: [rule("fail")], failureLimit: 1, measurements: measured("fail", "pass", "pass") },
      "pass",
      /1 of 3/,
    ],
    [
      "is open where more measurements failed than passed, within the limit",
      { rules: [rule("fail")], failureLimit: 2, measurements: measured("fail", "fail") },
      "inconclusive",
      /2 of 2/,
    ],
    [
      "is open where measurements passed and the whole window cannot be judged",
      { rules: [rule("inconclusive")], failureLimit: 1, measurements: measured("pass", "pass") },
      "inconclusive",
      /inconclusive/,
    ],
  ];
  for (const [what, more, outcome, reason] of table) {
    it(what, () => {
      const verdict = verdictOf(evidence(more));
      assert.equal(verdict.outcome, outcome, verdict.reasons.join(" "));
      assert.match(verdict.reasons.join(" "), reason);
    });
  }

  it("never passes without enough requests, with a rule that could not be judged, or with an alert that fired", () => {
    const outcome = fc.constantFrom<Outcome>("pass", "fail", "inconclusive");
    const outcomes = fc.array(outcome, { maxLength: 4 });
    const requests = fc.option(fc.oneof(fc.nat(200), fc.constant(Number.NaN)), { nil: undefined });
    fc.assert(
      fc.property(
        outcomes,
        outcomes,
        outcomes,
        requests,
        fc.nat(100),
        fc.nat(3),
        fc.nat(10),
        (rules, alerts, parts, count, minimum, limit, minutes) => {
          const given = evidence({
            window: windowOf(minutes),
            numbers: { new: count === undefined ? {} : { requests: count } },
            rules: rules.map((one) => rule(one)),
            alerts: alerts.map(alert),
            minimumRequests: minimum,
            failureLimit: limit,
            measurements: measured(...parts),
          });
          const verdict = verdictOf(given);
          assert.ok(verdict.reasons.length > 0, "says why");
          if (verdict.outcome !== "pass") return;
          assert.ok(minutes > 0 && count !== undefined && count >= Math.max(1, minimum));
          assert.ok(rules.length > 0 && !alerts.includes("fail") && !alerts.includes("inconclusive"));
          if (limit === 0) assert.ok(rules.every((one) => one === "pass"));
          else assert.ok(parts.filter((one) => one === "fail").length <= limit);
          if (rules.includes("inconclusive")) assert.ok(rules.includes("fail") && parts.includes("pass"));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("is told with each rule, its values, and what nobody looked at, and nothing twice", () => {
    const lines = sayVerdict(
      verdictOf(evidence({ rules: [rule("fail")], notJudged: ["container restarts: no metric has them"] })),
    );
    assert.deepEqual(lines, [
      "FAIL  from 2026-11-27T10:00:00Z to 2026-11-27T10:10:00Z",
      "  fail  new.errorRate <= 0.1  It is fail.",
      "  not judged: container restarts: no metric has them",
    ]);
  });
});
