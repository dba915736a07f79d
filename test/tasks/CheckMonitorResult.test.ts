// CheckMonitorResult's expression over lists of a monitor's runs in any order, as the server evaluates it.
// Tests: tasks/CheckMonitorResult/contract.json
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { holds } from "../../local/devops/server-tasks/expressions.ts";
import { TaskValues } from "../../local/devops/server-tasks/substitution.ts";

const file = new URL("../../tasks/CheckMonitorResult/contract.json", import.meta.url);
const contract = JSON.parse(readFileSync(file, "utf8")) as {
  readonly execution: { readonly HttpRequest: { readonly Execute: { readonly Expression: string } } };
};

const job = (createdAt: string, monitorVerdict?: string) => ({
  systemData: { createdAt },
  properties: { status: "Completed", tags: monitorVerdict ? { monitorName: "m", monitorVerdict } : {} },
});

const passes = (...value: object[]): boolean =>
  holds(
    contract.execution.HttpRequest.Execute.Expression.replaceAll("$(monitorName)", "m"),
    new TaskValues({ name: "AzureMLCheckMonitorResult" }, {}, () => undefined),
    { status: 200, headers: {}, text: JSON.stringify({ value }) },
  );

describe("CheckMonitorResult's expression", () => {
  const [older, newer] = ["2026-11-26T03:15:00.1234567Z", "2026-11-27T03:15:00.1234567Z"] as const;

  it("passes the newest run that is healthy, and none that is not", () => {
    assert.equal(passes(job(newer, "healthy")), true);
    assert.equal(passes(job(newer, "healthy"), job(older, "breached")), true);
    for (const verdict of ["breached", "noEvidence", undefined])
      assert.equal(passes(job(newer, verdict), job(older, "healthy")), false, verdict);
    assert.equal(passes(), false);
  });

  it("does not pass by the first of a list that has a later run below it", () => {
    assert.equal(passes(job(older, "healthy"), job(newer)), false);
    assert.equal(passes(job(older, "healthy"), job("2026-11-25T03:15:00.1234567Z"), job(newer, "healthy")), false);
  });
});
