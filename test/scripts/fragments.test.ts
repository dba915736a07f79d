// contract.json and tasks/shared: what a fragment gives, what a task lays over it, and what is refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type ContractSource,
  expand,
  expandTasks,
  type Fragments,
  readFragments,
} from "../../scripts/generate/fragments.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";

const root = resolve(import.meta.dirname, "../..");

const fragments: Fragments = {
  frames: { agent: { author: "us", version: { Major: 1, Minor: 0, Patch: 0 }, runsOn: ["Agent"] } },
  inputs: {
    workspace: {
      name: "workspace",
      type: "pickList",
      visibleRule: "a = b",
      properties: { x: "1", y: "2" },
      list: "all",
    },
  },
  lists: { all: { endpointUrl: "https://a" } },
};
const expanded = (source: Partial<ContractSource>) =>
  expand({ shared: "agent", inputs: [], ...source }, fragments) as unknown as Record<string, unknown>;

describe("tasks/shared", () => {
  it("gives a task its frame, over which the task lays its own", () => {
    const { author, version, runsOn } = expanded({ author: null, version: { Major: 2 }, runsOn: ["Server"] });
    assert.deepEqual([author, version, runsOn], [undefined, { Major: 2, Minor: 0, Patch: 0 }, ["Server"]]);
  });

  it("gives an input by its name, with the list that editors show beside it", () => {
    const { inputs, dataSourceBindings } = expanded({ inputs: ["workspace"] });
    const { list, ...input } = fragments.inputs["workspace"]!;
    assert.deepEqual(inputs, [input]);
    assert.deepEqual(dataSourceBindings, [{ target: "workspace", endpointUrl: "https://a" }]);
    assert.equal(list, "all");
  });

  it("lets a task change, add to and take from a shared input, and leaves the shared one alone", () => {
    const before = structuredClone(fragments);
    const own = { shared: "workspace", name: "place", visibleRule: null, groupName: "g", properties: { y: "3" } };
    const { inputs, dataSourceBindings } = expanded({ inputs: [own] });
    assert.deepEqual(inputs, [{ name: "place", type: "pickList", groupName: "g", properties: { x: "1", y: "3" } }]);
    assert.deepEqual(dataSourceBindings, [{ target: "place", endpointUrl: "https://a" }]);
    assert.deepEqual(fragments, before);
  });

  it("has no list where no input names one", () => {
    assert.ok(!("dataSourceBindings" in expanded({ inputs: [{ name: "a", type: "string" }] })));
  });

  it("refuses a name that is not there, and says which are", () => {
    assert.throws(
      () => expanded({ inputs: ["workspce"] }),
      /nothing in tasks\/shared is called workspce .*has workspace/,
    );
    assert.throws(() => expanded({ inputs: [{ name: "a", list: "none" }] }), /called none \(lists\.json has all\)/);
    assert.throws(() => expanded({ shared: "gate" }), /called gate/);
  });

  it("is what the committed task.json are made of", () => {
    assert.deepEqual(expandTasks(root), readTasks(root));
  });

  it("holds nothing that only one task uses, but lists", () => {
    const uses = new Map<string, number>();
    const count = (name: unknown) => uses.set(String(name), (uses.get(String(name)) ?? 0) + 1);
    for (const { folder } of expandTasks(root))
      for (const input of contractOf(folder).inputs) count(typeof input === "string" ? input : input.shared);
    const shared = Object.keys(readFragments(root).inputs);
    assert.deepEqual(
      shared.filter((name) => (uses.get(name) ?? 0) < 2),
      [],
    );
  });
});

const contractOf = (folder: string): ContractSource =>
  JSON.parse(readFileSync(resolve(root, "tasks", folder, "contract.json"), "utf8"));
