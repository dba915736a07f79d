// Verdicts on signals and monitors: no evidence is never healthy.
import assert from "node:assert/strict";
import { judgeMonitor, judgeSignal, type SignalResult } from "../../../../lib/ml/model-monitors/monitor-verdict.ts";
import { readSignalFile } from "../../../../lib/ml/model-monitors/signal-metrics.ts";

const good = { metric: "JensenShannonDistance", of: "age", value: 0.05, threshold: 0.1 };
const bad = { ...good, value: 0.2 };
const result = (more: Partial<SignalResult> = {}): SignalResult => ({
  name: "s",
  metrics: [good],
  isTagged: false,
  ...more,
});

describe("the verdict on a signal", () => {
  it("is healthy where every metric is within its threshold", () => {
    const { outcome, sentence } = judgeSignal(result({ rows: { production: 40 } }));
    assert.deepEqual([outcome, sentence], ["healthy", "s: 1 metric is within its threshold, over 40 rows."]);
  });

  it("is breached by a number, tagged or not, and by the tag alone", () => {
    assert.match(
      judgeSignal(result({ metrics: [good, bad] })).sentence,
      /age is 0\.2, above 0\.1\. The service did not tag/,
    );
    assert.equal(judgeSignal(result({ metrics: [bad], isTagged: true })).outcome, "breached");
    const { outcome, sentence } = judgeSignal(result({ isTagged: true, metrics: [], unread: "Storage refused." }));
    assert.deepEqual(
      [outcome, sentence],
      ["breached", "s: the service tagged the run for a broken threshold; Storage refused."],
    );
  });

  it("is no evidence where there is no metric, none with a threshold, no value, or no row", () => {
    const cases: Partial<SignalResult>[] = [
      { metrics: [] },
      { metrics: [{ metric: "m", value: 1 }] },
      { metrics: [{ metric: "m", threshold: 1 }] },
      { rows: { production: 0 } },
      { metrics: [good, { metric: "PopulationStabilityIndex", of: "age", threshold: 0.1 }] },
    ];
    for (const one of cases) assert.equal(judgeSignal(result(one)).outcome, "noEvidence", JSON.stringify(one));
  });

  it("is no evidence where there are more metrics than are read, and a breach where one of those that are broke", () => {
    const metrics = Array.from({ length: 5_001 }, (_, index) => ({
      metricName: `m${index}`,
      metricValue: 0,
      threshold: 1,
    }));
    const text = JSON.stringify({ signalName: "s", metrics: { features: { age: { metrics } } } });
    const file = readSignalFile(text) ?? assert.fail("the file is none");
    const { outcome, sentence } = judgeSignal(result({ metrics: file.metrics, isCut: file.isCut ?? false }));
    assert.deepEqual(
      [outcome, sentence],
      [
        "noEvidence",
        "s: it has more metrics than the 5,000 that are read, so that nobody knows whether all are within their thresholds.",
      ],
    );
    assert.equal(judgeSignal(result({ metrics: [bad], isCut: true })).outcome, "breached");
  });

  it("is not breached by a tag for good accuracy, of which the service takes more for worse", () => {
    const accuracy = { metric: "Accuracy", value: 0.95, threshold: 0.8 };
    const { outcome, sentence } = judgeSignal(result({ metrics: [good, accuracy], isTagged: true }));
    assert.deepEqual(
      [outcome, sentence],
      [
        "healthy",
        "s: 2 metrics are within their thresholds. The service tagged the run for Accuracy is 0.95, above 0.8, of which more is better.",
      ],
    );
    const bad = { ...accuracy, value: 0.7 };
    const precision = { ...accuracy, metric: "Precision" };
    for (const metrics of [[accuracy, { ...good, value: 0.2 }], [bad, precision], [bad]])
      assert.equal(judgeSignal(result({ metrics, isTagged: true })).outcome, "breached");
    assert.equal(
      judgeSignal(result({ metrics: [accuracy, { metric: "m", threshold: 1 }], isTagged: true })).outcome,
      "breached",
    );
  });
});

describe("the verdict on a monitor", () => {
  const of = (...metrics: (readonly object[])[]) =>
    judgeMonitor(metrics.map((one) => judgeSignal(result({ metrics: one as SignalResult["metrics"] }))));

  it("is a breach where one signal broke, whatever is not known of the others", () => {
    assert.equal(of([bad], []), "breached");
  });

  it("is healthy only where all signals are, and never without any", () => {
    assert.equal(of([good], [good]), "healthy");
    assert.equal(of([good], []), "noEvidence");
    assert.equal(of(), "noEvidence");
  });
});
