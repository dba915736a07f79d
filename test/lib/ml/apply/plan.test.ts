// Plans of Apply, without a cloud: what differs, what may change, what stays.
import assert from "node:assert/strict";
import { componentKind, environmentKind, scheduleKind } from "../../../../lib/documents/index.ts";
import { decide, hashOf } from "../../../../lib/ml/apply/plan.ts";

const plain = {};
const [ENVIRONMENT, COMPONENT, SCHEDULE] = [environmentKind, componentKind, scheduleKind];
const HASH = "azureDevOps.specificationHash";

describe("what is to be done", () => {
  it("creates what is not there", () => {
    assert.equal(decide(plain, { properties: {} }, undefined).action, "create");
  });

  it("updates the words of a version and refuses to change what it holds", () => {
    const there = { properties: { image: "a", description: "x", tags: { t: "1" } } };
    const words = decide(ENVIRONMENT, { properties: { image: "a", description: "y", tags: { t: "2" } } }, there);
    assert.deepEqual([words.action, words.refused, words.changes.length], ["update", [], 2]);
    const other = decide(ENVIRONMENT, { properties: { image: "b", description: "y" } }, there);
    assert.deepEqual(
      other.refused.map(({ path }) => path),
      ["properties.image"],
    );
  });

  it("tells components by the hash that they keep, since the service shows them in a form of its own", () => {
    const wanted = (command: string, description = "d") => ({
      properties: { componentSpec: { command, description, version: "1", jobs: { a: 1 } }, properties: {} },
    });
    const held = (of: ReturnType<typeof wanted>) => ({
      properties: {
        properties: { [HASH]: hashOf(COMPONENT, of) },
        componentSpec: { command: "Rewritten", description: "d" },
      },
    });
    const one = wanted("c");
    assert.equal(decide(COMPONENT, one, held(one), { hash: hashOf(COMPONENT, one) }).action, "unchanged");
    const told = wanted("c", "other");
    assert.equal(hashOf(COMPONENT, told), hashOf(COMPONENT, one), "words are no part of what it is");
    const retold = decide(COMPONENT, told, held(one), { hash: hashOf(COMPONENT, told) });
    assert.deepEqual([retold.action, retold.refused], ["update", []]);
    const changed = wanted("x");
    assert.equal(decide(COMPONENT, changed, held(one), { hash: hashOf(COMPONENT, changed) }).refused.length > 0, true);
  });

  it("updates a schedule that somebody else made once, and one that was turned", () => {
    const wanted = { properties: { trigger: { expression: "0 1 * * *" }, isEnabled: true } };
    const hash = hashOf(SCHEDULE, wanted);
    const made = { properties: { trigger: { expression: "0 1 * * *" }, isEnabled: true, properties: {} } };
    assert.equal(decide(SCHEDULE, wanted, made, { hash }).action, "update");
    const ours = { properties: { ...made.properties, properties: { [HASH]: hash } } };
    assert.equal(decide(SCHEDULE, wanted, ours, { hash }).action, "unchanged");
    const turned = { properties: { ...ours.properties, isEnabled: false } };
    assert.deepEqual(decide(SCHEDULE, wanted, turned, { hash }).changes, [
      { path: "properties.isEnabled", from: false, to: true },
    ]);
  });
});
