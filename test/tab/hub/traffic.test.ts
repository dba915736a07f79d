// An endpoint's traffic over time, as the hub draws it.
import assert from "node:assert/strict";
import { endpointsOf } from "../../../tab/hub/endpoints.ts";
import { trafficChart } from "../../../tab/hub/traffic.ts";
import { deployed, rolledBack, run } from "./projects.ts";

const chartOf = (...runs: Parameters<typeof endpointsOf>[0]) => trafficChart(endpointsOf(runs)[0]!, 0);

describe("traffic over time", () => {
  it("has the shares that each change left, the oldest first, and none of what never had any", () => {
    const chart = chartOf(
      run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100, idle: 0 } })]),
      run(2, [deployed(9, { name: "green", model: "fraud:2", traffic: { blue: 90, green: 10 } })]),
      run(3, [rolledBack(19, "blue", { blue: 90, green: 10 })]),
    );
    assert.deepEqual(chart?.lines, [
      { name: "blue", values: [100, 90, 100] },
      { name: "green", values: [0, 10, 0] },
    ]);
    const [first = 0, second = 0, third = 0] = chart?.places ?? [];
    assert.deepEqual([second - first, third - second], [540, 600], "seconds");
  });

  it("holds what the last change left until now, and ends with it where a clock is behind", () => {
    const changes = [
      run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 100 } })]),
      run(2, [deployed(10, { name: "green", model: "fraud:2", traffic: { green: 100 } })]),
    ];
    const [endpoint] = endpointsOf(changes);
    const last = Date.parse(endpoint!.changes[0]!.at);
    const chart = trafficChart(endpoint!, last + 300_000);
    const [first = 0] = chart?.places ?? [];
    assert.deepEqual(
      chart?.places.map((place) => place - first),
      [0, 600, 900],
      "seconds",
    );
    assert.deepEqual(chart?.lines, [
      { name: "blue", values: [100, 0, 0] },
      { name: "green", values: [0, 100, 100] },
    ]);
    assert.equal(trafficChart(endpoint!, last)?.places.length, 2);
    assert.equal(trafficChart(endpoint!, last - 60_000)?.places.length, 2);
  });

  it("is not drawn of one change, and of many deployments names the last", () => {
    assert.equal(chartOf(run(1, [deployed(0, { name: "blue", traffic: { blue: 100 } })])), undefined);
    const many = Array.from({ length: 9 }, (_, index) =>
      run(index + 1, [deployed(index, { name: `model-${index}`, traffic: { [`model-${index}`]: 100 } })]),
    );
    const chart = chartOf(...many);
    assert.equal(chart?.note, "The last 6 of 9 deployments.");
    assert.deepEqual(
      chart?.lines.map(({ name }) => name),
      [3, 4, 5, 6, 7, 8].map((index) => `model-${index}`),
    );
  });
});
