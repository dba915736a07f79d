// Lineage as the tab gathers it from the records of a run: each thing once, whatever form its id has, with both ends of each edge.
import assert from "node:assert/strict";
import type { RunRecord } from "../../../lib/record/index.ts";
import { lineageOf } from "../../../tab/model/lineage.ts";

const base = { version: 2, result: "succeeded", started: "2026-11-27T09:00:00Z" } as const;
const record = (more: Partial<RunRecord>): RunRecord => ({
  ...base,
  task: { name: "AzureMLSubmitJob", friendlyName: "", version: "1" },
  run: { kind: "build", commit: "a".repeat(40), repository: "https://github.com/o/r.git" },
  ...more,
});
const ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
const edgesOf = (records: readonly RunRecord[]) =>
  lineageOf(records)
    .flatMap(({ key, to }) => to.map((other) => `${key} > ${other}`))
    .sort();

describe("lineage in the results tab", () => {
  const commit = `commit:${"a".repeat(40)}`;
  for (const input of ["d:1", "azureml:d:1", `${ARM}/data/d/versions/1`])
    it(`goes from commit to deployment with data as ${input}`, () => {
      const records = [
        record({ data: { name: "d", version: "1" } }),
        record({ job: { name: "j", status: "Completed", inputs: { data: input, rate: "0.1" } } }),
        record({ model: { name: "m", version: "7", jobName: "j" } }),
        record({ deployment: { endpoint: "e", name: "blue", model: `${ARM}/models/m/versions/7` } }),
      ];
      assert.deepEqual(edgesOf(records), [
        `${commit} > data:d:1`,
        `${commit} > job:j`,
        "data:d:1 > job:j",
        "job:j > model:m:7",
        "model:m:7 > deployment:e/blue",
      ]);
      const [first] = lineageOf(records);
      assert.equal(first?.url, `https://github.com/o/r/commit/${"a".repeat(40)}`);
      assert.equal(lineageOf(records).length, 5);
    });

  it("takes the data of the run for the job's where a record of version 1 names no inputs", () => {
    const records = [
      record({ data: { name: "d", version: "1" } }),
      record({ job: { name: "j", status: "Completed" } }),
    ];
    assert.ok(edgesOf(records).includes("data:d:1 > job:j"));
  });

  it("keeps what it is told beyond that, and no edge to what is not there", () => {
    const lineage = {
      nodes: [{ kind: "workItem", id: "77", url: "javascript:1" }] as const,
      edges: [
        { from: "77", to: "a".repeat(40) },
        { from: "77", to: "nowhere" },
      ],
    };
    assert.deepEqual(edgesOf([record({ lineage })]), [`workItem:77 > ${commit}`]);
  });

  it("is gathered of many records in a time that grows with them alone", () => {
    const records = Array.from({ length: 100 }, (_, one) =>
      record({
        lineage: {
          nodes: Array.from({ length: 200 }, (_, other) => ({ kind: "data" as const, id: `d${one}-${other}:1` })),
          edges: Array.from({ length: 199 }, (_, other) => ({
            from: `d${one}-${other}:1`,
            to: `d${one}-${other + 1}:1`,
          })),
        },
      }),
    );
    const before = process.cpuUsage();
    const nodes = lineageOf(records);
    const { user } = process.cpuUsage(before);
    assert.equal(nodes.length, 20_001);
    assert.equal(nodes.filter(({ from }) => from.length === 1).length, 100 * 199);
    assert.ok(user < 5_000_000, `${user / 1e6} seconds of this process`);
  });
});
