// Records beside Azure: one row for each deployment that is live in either, and what differs.
import assert from "node:assert/strict";
import { compare } from "../../../tab/hub/compare.ts";
import { endpointsOf } from "../../../tab/hub/endpoints.ts";
import { deployed, run } from "./projects.ts";

const [endpoint] = endpointsOf([
  run(1, [deployed(0, { name: "blue", model: "fraud:1", traffic: { blue: 90, green: 10 } })]),
]);
const rows = (found: Parameters<typeof compare>[1]) =>
  compare(endpoint!, found).map(({ name, model, azure, isOther, live }) =>
    [name, model ?? "?", live?.share ?? "-", azure?.share ?? "-", isOther ? "differs" : "same"].join(" "),
  );

describe("records beside Azure", () => {
  it("say nothing of Azure that was not asked", () => {
    assert.deepEqual(rows(undefined), ["blue fraud:1 90 - same", "green ? 10 - same"]);
  });

  it("differ in shares, in models and in what is there at all", () => {
    const found = {
      deployments: [
        { name: "blue", share: 90, model: "registry/fraud:1" },
        { name: "red", share: 10, model: "fraud:9" },
        { name: "idle", share: 0, model: "fraud:8" },
      ],
    };
    assert.deepEqual(rows(found), ["blue fraud:1 90 90 same", "green ? 10 - same", "red fraud:9 - 10 differs"]);
    assert.deepEqual(
      rows({ deployments: [{ name: "blue", share: 90, model: "fraud:2" }] })[0],
      "blue fraud:1 90 90 differs",
    );
    assert.deepEqual(rows({ deployments: [{ name: "blue", share: 0 }] })[0], "blue fraud:1 90 0 differs");
  });
});
