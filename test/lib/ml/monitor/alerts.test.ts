// Alert rules: which fired alerts count for which rule and window.
import assert from "node:assert/strict";
import type { TaskError } from "../../../../lib/errors.ts";
import { type AlertRule, alertVerdict, alertVerdicts } from "../../../../lib/ml/monitor/alerts.ts";
import { answered, openLocal } from "../world.ts";
import { iso, windowOf } from "./series.ts";

const id = "/subscriptions/s/resourceGroups/rg/providers/microsoft.insights/metricAlerts/Errors";
const rule: AlertRule = { written: "errors", id, enabled: true, groups: ["rg"] };
const fired = (minute: number, resolved?: number, alertRule = id) => ({
  alertRule,
  startDateTime: iso(minute),
  monitorCondition: resolved === undefined ? "Fired" : "Resolved",
  ...(resolved === undefined ? {} : { monitorConditionResolvedDateTime: iso(resolved) }),
});

describe("an alert rule", () => {
  const table: [string, object[], AlertRule, "pass" | "fail" | "inconclusive", RegExp][] = [
    ["passes where nothing fired", [], rule, "pass", /did not fire from/],
    ["fails where it fired in the window", [fired(3)], rule, "fail", /fired at 2026-11-27T10:03:00Z\.$/],
    [
      "fails where it fired and was resolved in the window",
      [fired(3, 4)],
      rule,
      "fail",
      /and was resolved at 2026-11-27T10:04:00Z/,
    ],
    [
      "is not failed by what fired before, which may stay fired for a month, and says so",
      [fired(-60)],
      rule,
      "pass",
      /^The alert rule errors did not fire .*\. It fired at 2026-11-27T09:00:00Z, before the share was set, which does not count\.$/,
    ],
    [
      "is not failed by what fired before and was resolved within the window",
      [fired(-60, 2)],
      rule,
      "pass",
      /which does not count/,
    ],
    ["fails where it fired again", [fired(-60), fired(3)], rule, "fail", /fired at 2026-11-27T10:03:00Z\.$/],
    ["fails where it fired after the window, in minutes without complete metrics", [fired(12)], rule, "fail", /fired/],
    ["passes where it was resolved before the window", [fired(-60, -30)], rule, "pass", /did not fire/],
    ["is told by its name too, in any case", [fired(3, undefined, "ERRORS")], rule, "fail", /fired/],
    ["is told by its id in any case", [fired(3, undefined, id.toUpperCase())], rule, "fail", /fired/],
    [
      "passes where another rule fired",
      [fired(3, undefined, `${id}2`), { ...fired(3), alertRule: undefined }],
      rule,
      "pass",
      /did not fire/,
    ],
    [
      "fails where its time is no time, and repeats no text of the service",
      [{ ...fired(3), startDateTime: "##vso[task.complete]" }],
      rule,
      "fail",
      /^The alert rule errors fired at a time that Azure Monitor did not say\.$/,
    ],
    ["is open where it is switched off", [], { ...rule, enabled: false }, "inconclusive", /switched off/],
  ];
  for (const [what, all, of, outcome, sentence] of table) {
    it(what, () => {
      const verdict = alertVerdict(of, all, windowOf(10));
      assert.equal(verdict.outcome, outcome, verdict.sentence);
      assert.match(verdict.sentence, sentence);
    });
  }

  it("is open where not all fired alerts could be looked at", () => {
    assert.equal(alertVerdict(rule, [], windowOf(10), true).outcome, "inconclusive");
    assert.equal(alertVerdict(rule, [fired(3)], windowOf(10), true).outcome, "fail");
  });
});

describe("fired alerts", () => {
  it("that may not be read name the role and where it has to be given", async () => {
    const workspace = await openLocal({
      between: async (request, send) => {
        if (!request.url.includes("Microsoft.AlertsManagement")) return send();
        return answered(request, 403, { error: { code: "AuthorizationFailed", message: "no" } });
      },
    });
    await assert.rejects(alertVerdicts(workspace, [rule], windowOf(5)), (error: TaskError) => {
      assert.equal(error.kind, "forbidden");
      assert.match(error.hint ?? "", /Monitoring Reader on the subscription.*AlertsManagement\/alerts\/read/);
      return true;
    });
  });
});
