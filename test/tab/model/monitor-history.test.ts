// Histories that a record brings along: runs of a monitor and windows of an endpoint, no evidence as a gap and never as healthy.
import assert from "node:assert/strict";
import { readRecord } from "../../../lib/record/index.ts";
import { brokenIn, chartsOver, pastOf } from "../../../tab/model/monitor-history.ts";
import { production } from "../runs.ts";

const monitor = () => {
  const [step] = production();
  const { record } = readRecord(JSON.stringify(step?.record)) as {
    record?: { monitor?: Parameters<typeof pastOf>[0] };
  };
  return record?.monitor ?? assert.fail("the record has no section monitor");
};

describe("the history of a monitor in a record", () => {
  it("has its runs and the endpoint's windows apart, each with the newest one first", () => {
    const { runs, windows } = pastOf(monitor());
    assert.deepEqual(
      runs.map(({ job, monitor: { outcome } }) => `${job} ${outcome}`).slice(0, 6),
      ["0 breached", "1 breached", "2 breached", "3 healthy", "4 healthy", "5 noEvidence"].map(
        (one) => `fraud-drift-${one}`,
      ),
    );
    assert.deepEqual(
      windows.map(({ monitor: { outcome } }) => outcome),
      ["healthy", "breached", "healthy", "noEvidence", "healthy", "healthy"],
    );
    assert.deepEqual(
      [brokenIn(runs[0]!.monitor), brokenIn(windows[1]!.monitor), runs[5]!.reason],
      ["inputs", "green", "The run is Failed."],
    );
  });

  it("is drawn with thresholds, what breaks one now first, and a gap where nobody knows", () => {
    const { runs, windows } = pastOf(monitor());
    const [age, amount] = chartsOver(runs);
    assert.deepEqual(
      [age?.title, amount?.title],
      ["inputs: JensenShannonDistance of age", "inputs: JensenShannonDistance of amount"],
    );
    assert.equal(age?.places.length, 10);
    assert.deepEqual(
      age?.lines.map(({ name, values }) => [name, values.indexOf(null), values.at(-1)]),
      [
        ["value", 4, 0.31],
        ["threshold", 4, 0.2],
      ],
    );
    const rates = chartsOver(windows).find(({ title }) => title === "green: errorRate");
    assert.equal(rates?.lines[0]?.values[2], null);
  });

  it("is empty where the record has none, and a newest result without evidence is none that is healthy", () => {
    assert.deepEqual(pastOf({ outcome: "noEvidence" }), { runs: [], windows: [] });
    const [first] = pastOf({ outcome: "noEvidence", job: "j", at: "2026-11-27T00:00:00Z", reasons: ["Too old."] }).runs;
    assert.deepEqual([first?.monitor.outcome, first?.reason], ["noEvidence", "Too old."]);
  });

  it("blames no run without evidence for its endpoint", () => {
    const deployments = [{ name: "blue", outcome: "breached" as const }];
    const both = { outcome: "breached" as const, deployments, reasons: ["ep/blue: errors."], signals: [] };
    const [first] = pastOf({ ...both, job: "j", at: "2026-11-27T00:00:00Z", to: "2026-11-27T01:00:00Z" }).runs;
    assert.deepEqual([first?.monitor.outcome, first?.reason], ["noEvidence", undefined]);
  });
});
