// The numbers of a deployment: sums, shares and medians, and what is absent and not zero.
import assert from "node:assert/strict";
import fc from "fast-check";
import { canaryNumbers, type DeploymentSeries } from "../../../../lib/ml/monitor/canary-numbers.ts";
import { iso, requests, series, windowOf } from "./series.ts";

const of = (more: Partial<DeploymentSeries>): DeploymentSeries => ({
  deployment: "green",
  requests: [],
  latencies: [],
  utilization: [],
  ...more,
});
const p95 = (deployment: string, values: readonly (number | undefined)[]) =>
  series("RequestLatency_P95", { deployment }, values);

describe("the numbers of a deployment", () => {
  it("count requests as the sum of the minutes, and errors by status", () => {
    const numbers = canaryNumbers(
      of({
        requests: [
          requests("green", "200", [10, 20, 0]),
          requests("green", "503", [undefined, 5]),
          requests("green", "400", [5]),
        ],
      }),
      windowOf(10),
    );
    assert.deepEqual(numbers, {
      requests: 40,
      minutes: 2,
      errors: 5,
      errorRate: 0.125,
      clientErrors: 5,
      clientErrorRate: 0.125,
    });
  });

  it("say nothing of a deployment without any series, and not zero", () => {
    assert.deepEqual(canaryNumbers(of({}), windowOf(10)), {});
    assert.deepEqual(canaryNumbers(of({ requests: [requests("green", "200", [undefined])] }), windowOf(10)), {});
  });

  it("have no rate of no requests, and no latency of minutes without requests", () => {
    const numbers = canaryNumbers(
      of({ requests: [requests("green", "200", [0, 0])], latencies: [p95("green", [0, 0])] }),
      windowOf(10),
    );
    assert.deepEqual(numbers, { requests: 0, minutes: 0, errors: 0, clientErrors: 0 });
  });

  it("have zero errors where another status shows requests", () => {
    const { errors, errorRate } = canaryNumbers(of({ requests: [requests("green", "200", [7])] }), windowOf(10));
    assert.deepEqual([errors, errorRate], [0, 0]);
  });

  it("count a scoring script that failed as an error, and not as the caller's", () => {
    const numbers = canaryNumbers(
      of({ requests: [requests("green", "200", [90]), requests("green", "424", [8]), requests("green", "429", [2])] }),
      windowOf(10),
    );
    assert.deepEqual([numbers.errorRate, numbers.clientErrorRate], [0.08, 0.02]);
  });

  it("know no errors where the status of some requests is not told", () => {
    const untold = series("RequestsPerMinute", { deployment: "green" }, [3]);
    const numbers = canaryNumbers(of({ requests: [requests("green", "200", [7]), untold] }), windowOf(10));
    assert.deepEqual(numbers, { requests: 10, minutes: 1 });
  });

  it("are those of this deployment only, whatever the answer holds", () => {
    const numbers = canaryNumbers(
      of({
        requests: [
          requests("blue", "200", [100]),
          requests("GREEN", "200", [7]),
          series("RequestsPerMinute", {}, [50]),
        ],
        latencies: [p95("blue", [1]), p95("Green", [90])],
      }),
      windowOf(10),
    );
    assert.deepEqual([numbers.requests, numbers.latencyP95], [7, 90]);
  });

  it("take the median of the minutes for a percentile, of minutes with requests only", () => {
    const numbers = canaryNumbers(
      of({ requests: [requests("green", "200", [1, 1, 0, 1])], latencies: [p95("green", [100, 300, 1, 200])] }),
      windowOf(10),
    );
    assert.equal(numbers.latencyP95, 200);
    assert.equal(numbers.latencyP50, undefined);
  });

  it("take the highest minute for processor and memory", () => {
    const numbers = canaryNumbers(
      of({
        utilization: [
          series("CpuUtilizationPercentage", {}, [10, 90, 20]),
          series("CpuMemoryUtilizationPercentage", {}, [55]),
        ],
      }),
      windowOf(10),
    );
    assert.deepEqual(numbers, { cpu: 90, memory: 55 });
  });

  it("are those of the window only", () => {
    const all = of({ requests: [requests("green", "200", [1, 2, 4, 8])] });
    assert.equal(canaryNumbers(all, { from: iso(1), to: iso(3) }).requests, 6);
  });

  it("are finite, and shares lie between 0 and 1, for every answer", () => {
    const values = fc.array(fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }), {
      maxLength: 12,
    });
    const classes = fc.constantFrom("200", "302", "400", "503", "424", "", "OK");
    fc.assert(
      fc.property(fc.array(fc.tuple(classes, values), { maxLength: 6 }), values, (all, latency) => {
        const numbers = canaryNumbers(
          of({
            requests: all.map(([statusClass, one]) => requests("green", statusClass, one)),
            latencies: [p95("green", latency)],
          }),
          windowOf(10),
        );
        for (const [name, value] of Object.entries(numbers)) {
          assert.ok(Number.isFinite(value) && value >= 0, `${name} ${value}`);
          if (/Rate$/.test(name)) assert.ok(value <= 1 + 1e-9, `${name} ${value}`);
        }
        if (numbers.errorRate !== undefined) assert.ok((numbers.requests ?? 0) > 0);
      }),
    );
  });
});
