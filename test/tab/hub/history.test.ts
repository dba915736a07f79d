// Histories of monitors and of endpoints' health, as the hub shows them.
import assert from "node:assert/strict";
import { healthOf, monitorCharts, monitorsOf } from "../../../tab/hub/history.ts";
import { at, checked, run, WORKSPACE } from "./projects.ts";

const drift = (value: number, threshold = 0.2) => ({
  outcome: value > threshold ? ("breached" as const) : ("healthy" as const),
  name: "fraud-drift",
  signals: [
    {
      ...{ name: "data", outcome: value > threshold ? ("breached" as const) : ("healthy" as const) },
      metrics: [
        { metric: "JensenShannonDistance", of: "amount", value, threshold, broken: value > threshold },
        { metric: "JensenShannonDistance", of: "hour", value: 0.01, threshold },
        { metric: "rows" },
      ],
    },
  ],
});
const health = (errorRate: number) => ({
  outcome: errorRate > 0.1 ? ("breached" as const) : ("healthy" as const),
  endpoint: "fraud",
  deployments: [
    { name: "green", outcome: errorRate > 0.1 ? ("breached" as const) : ("healthy" as const), numbers: { errorRate } },
  ],
});

describe("histories of monitors", () => {
  it("are one for each monitor of each workspace and for each endpoint, breached ones first, newest results first", () => {
    const histories = monitorsOf([
      run(1, [checked(0, drift(0.1)), checked(1, health(0))]),
      run(2, [checked(60, drift(0.4))]),
      run(3, [checked(90, health(0.02))]),
      run(4, [checked(95, drift(0.1), { ...WORKSPACE, name: "prod" })]),
    ]);
    assert.deepEqual(
      histories.map(({ title, workspace, results }) => [
        ...[title, workspace?.name],
        results.map(({ run: by, monitor }) => `${by.id} ${monitor.outcome}`).join(", "),
      ]),
      [
        ["fraud-drift", "ws1", "2 breached, 1 healthy"],
        ["fraud-drift", "prod", "4 healthy"],
        ["endpoint fraud", "ws1", "3 healthy, 1 healthy"],
      ],
    );
  });

  it("are drawn with their thresholds, what breaks one now first, and not of one result", () => {
    const [history] = monitorsOf([run(1, [checked(0, drift(0.1))]), run(2, [checked(60, drift(0.4, 0.3))])]);
    assert.deepEqual(
      monitorCharts(history!).map(({ title, lines }) => [title, lines.map(({ name, values }) => [name, values])]),
      [
        [
          "data: JensenShannonDistance of amount",
          [
            ["value", [0.1, 0.4]],
            ["threshold", [0.2, 0.3]],
          ],
        ],
        [
          "data: JensenShannonDistance of hour",
          [
            ["value", [0.01, 0.01]],
            ["threshold", [0.2, 0.3]],
          ],
        ],
      ],
    );
    assert.deepEqual(monitorCharts(monitorsOf([run(1, [checked(0, drift(0.1))])])[0]!), []);
  });

  it("say an endpoint's health by its newest result, and nothing of an endpoint of another workspace", () => {
    const histories = monitorsOf([run(1, [checked(0, health(0))]), run(2, [checked(60, health(0.5))])]);
    const found = healthOf(histories, { name: "Fraud", workspace: WORKSPACE });
    assert.deepEqual([found?.monitor.outcome, found?.at], ["breached", at(61)]);
    assert.equal(healthOf(histories, { name: "fraud", workspace: { ...WORKSPACE, name: "prod" } }), undefined);
    assert.equal(healthOf(histories, { name: "other", workspace: WORKSPACE }), undefined);
  });
});
