// Files of signals in each of their forms, and metrics that break their thresholds.
import assert from "node:assert/strict";
import { breaks, readSignalFile, sayMetric } from "../../../../lib/ml/model-monitors/signal-metrics.ts";

const file = (metrics: object) =>
  JSON.stringify({ signalName: "s", signalType: "DataDrift", version: "1.0.0", metrics });

describe("the file of a monitor's signal", () => {
  it("is read with metrics by feature", () => {
    const found = readSignalFile(
      file({
        features: {
          age: { metrics: [{ metricName: "JensenShannonDistance", metricValue: 0.12, threshold: 0.1 }] },
          country: {
            metrics: [{ metricName: "NullValueRate", targetValue: 0.2, baselineValue: 0.1, threshold: 0.11 }],
          },
        },
        rowCount: { baselineCount: 40, targetCount: 41 },
      }),
    );
    assert.deepEqual(found, {
      signal: "s",
      metrics: [
        { metric: "JensenShannonDistance", of: "age", value: 0.12, threshold: 0.1 },
        { metric: "NullValueRate", of: "country", value: 0.2, threshold: 0.11 },
      ],
      rows: { reference: 40, production: 41 },
    });
  });

  it("is read with metrics by name, with groups below them", () => {
    const group = { value: 3, threshold: "2", groups: { b: { value: 4 } } };
    const found = readSignalFile(file({ mean: { groups: { a: group } }, rows: { value: 40 } }));
    assert.deepEqual(found?.metrics, [
      { metric: "mean", of: "a", value: 3, threshold: 2 },
      { metric: "mean", of: "a/b", value: 4 },
      { metric: "rows", value: 40 },
    ]);
  });

  it("is read with a metric of the whole signal beside its features, as of feature attribution", () => {
    const score = { metricName: "NormalizedDiscountedCumulativeGain", metricValue: 0.7, threshold: 0.9, runId: "r" };
    const found = readSignalFile(file({ NormalizedDiscountedCumulativeGain: score, features: {} }));
    assert.deepEqual(found?.metrics, [{ metric: "NormalizedDiscountedCumulativeGain", value: 0.7, threshold: 0.9 }]);
  });

  it("is read although Python wrote NaN, which is no number", () => {
    const found = readSignalFile('{"signalName": "s", "metrics": {"m": {"value": NaN, "threshold": 0.5}}}');
    assert.deepEqual(found?.metrics, [{ metric: "m", threshold: 0.5 }]);
  });

  it("is none where it says no signal or no metrics", () => {
    for (const text of ["", "[]", "{}", '{"signalName":"s"}', '{"metrics":{}}', "not json"])
      assert.equal(readSignalFile(text), undefined, text);
    assert.deepEqual(readSignalFile(file({ features: { a: { metrics: "x" }, b: null }, odd: 3 }))?.metrics, []);
  });
});

describe("a metric of a monitor", () => {
  it("breaks its threshold upwards, and p-values and scores downwards", () => {
    assert.equal(breaks({ metric: "JensenShannonDistance", value: 0.2, threshold: 0.1 }), true);
    assert.equal(breaks({ metric: "JensenShannonDistance", value: 0.1, threshold: 0.1 }), false);
    assert.equal(breaks({ metric: "TwoSampleKolmogorovSmirnovTest", value: 0.01, threshold: 0.05 }), true);
    assert.equal(breaks({ metric: "PearsonsChiSquaredTest", value: 0.2, threshold: 0.05 }), false);
    assert.equal(breaks({ metric: "AggregatedFluencyPassRate", value: 0.5, threshold: 0.7 }), true);
    assert.equal(breaks({ metric: "Accuracy", value: 0.5, threshold: 0.7 }), true);
  });

  it("breaks nothing without a value or a threshold", () => {
    assert.equal(breaks({ metric: "m", value: 9 }), undefined);
    assert.equal(breaks({ metric: "m", threshold: 9 }), undefined);
  });

  it("is said with its feature, value and threshold", () => {
    assert.equal(
      sayMetric({ metric: "m", of: "age", value: 0.123456, threshold: 0.1 }),
      "m of age is 0.1235, above 0.1",
    );
    assert.equal(sayMetric({ metric: "m" }), "m has no value");
  });
});
