// Minutes of a deployment: percentiles of latencies, and how minutes are kept.
import assert from "node:assert/strict";
import { latencyOf, type MinuteRecord } from "../../../../local/azure/monitor/minutes.ts";

const minute = (more: Partial<MinuteRecord>): MinuteRecord => ({
  ...{ endpoint: "e", deployment: "d", minute: 0, requests: { "200/200": 1 } },
  ...{ latency: { steps: {}, sum: 0 } },
  ...more,
});

describe("local Azure: latencies of a minute", () => {
  it("has percentiles at most one percent from the measured ones", () => {
    const steps: Record<number, number> = {};
    let sum = 0;
    for (let value = 1; value <= 1000; value += 1) {
      const step = Math.round(Math.log(value) / Math.log(1.01));
      steps[step] = (steps[step] ?? 0) + 1;
      sum += value;
    }
    const latency = latencyOf([minute({ latency: { steps, sum } })]);
    const wanted = { average: 500.5, p50: 500, p90: 900, p95: 950, p99: 990 };
    for (const [key, value] of Object.entries(wanted)) {
      const found = latency?.[key as keyof typeof wanted] ?? 0;
      assert.ok(Math.abs(found - value) / value < 0.01, `${key}: ${found} for ${value}`);
    }
  });

  it("weighs told ones by their requests, and has none without requests", () => {
    const told = (value: number) => ({ average: value, p50: value, p90: value, p95: value, p99: value });
    const both = [
      minute({ told: told(10), requests: { "200/200": 30 } }),
      minute({ told: told(50), requests: { "200/200": 10 } }),
    ];
    assert.equal(latencyOf(both)?.p95, 20);
    assert.equal(latencyOf([minute({ told: told(10), requests: { "200/200": 0 } })]), undefined);
    assert.equal(latencyOf([minute({})]), undefined);
  });
});
