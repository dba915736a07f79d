// Drift metrics of local Azure's monitors, held to scipy's values on nine data sets (drift-reference.py made them).
import assert from "node:assert/strict";
import {
  binEdges,
  categoricalDrift,
  histogram,
  MetricRefused,
  numericalDrift,
} from "../../../../local/azure/signals/drift.ts";
import reference from "./drift-reference.json" with { type: "json" };

/** Whether two values are the same to nine digits, or both as good as 0. */
function same(actual: number, expected: number, what: string): void {
  const close =
    Math.abs(actual - expected) <= 1e-9 * Math.max(1e-9, Math.abs(expected)) || Math.abs(actual - expected) < 1e-15;
  assert.ok(close, `${what}: ${actual}, and scipy has ${expected}`);
}

describe("drift metrics of monitors", () => {
  for (const { name, kind, reference: before, production: now, expected } of reference.sets) {
    it(`equal scipy's: ${name}`, () => {
      const metrics = Object.entries(expected);
      assert.ok(metrics.length >= 3);
      for (const [metric, value] of metrics) {
        const computed =
          kind === "numerical"
            ? numericalDrift(metric, before as number[], now as number[])
            : categoricalDrift(metric, before as string[], now as string[]);
        same(computed, value, metric);
      }
    });
  }

  it("refuse Kolmogorov and Smirnov's test from 10,000 rows on, as the components do", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => index);
    assert.throws(() => numericalDrift("TwoSampleKolmogorovSmirnovTest", many, [1, 2]), MetricRefused);
    assert.throws(() => numericalDrift("TwoSampleKolmogorovSmirnovTest", [1, 2], many), /more than 10000 entries/);
  });

  it("refuse a metric of the other kind", () => {
    assert.throws(() => numericalDrift("PearsonsChiSquaredTest", [1], [2]), MetricRefused);
    assert.throws(() => categoricalDrift("NormalizedWassersteinDistance", ["a"], ["b"]), MetricRefused);
  });

  it("count each value in one bin, the last with both its edges", () => {
    const edges = binEdges([0, 1, 2, 3], [0, 4, 4, 4]);
    assert.deepEqual(edges, [0, 4 / 3, 8 / 3, 4]);
    assert.deepEqual(histogram([0, 1, 2, 3, 4], edges), [2, 1, 2]);
    assert.deepEqual(binEdges([5], [5]), [4.975, 5.025]);
  });
});
