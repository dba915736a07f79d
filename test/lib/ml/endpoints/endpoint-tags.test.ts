// Tags on an endpoint: the list of deployments that are known to be good, and taking back what one write changed of the tags.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  knownGood,
  LAST_KNOWN_GOOD,
  tagChangesOf,
  tagsWithout,
  withKnownGood,
} from "../../../../lib/ml/endpoints/endpoint-tags.ts";

const listOf = (tags: Readonly<Record<string, string>>) => tags[LAST_KNOWN_GOOD];

describe("the deployments that are known to be good", () => {
  it("are listed newest first, and the one that had all of the traffic before comes next", () => {
    const first = withKnownGood({ team: "a" }, "blue");
    assert.deepEqual(first, { team: "a", [LAST_KNOWN_GOOD]: "blue" });
    const second = withKnownGood(first, "green", { blue: 100 });
    assert.equal(listOf(second), "green blue");
    // Released by another tool, and served all requests until then.
    assert.equal(listOf(withKnownGood(second, "teal", { pink: 100, green: 0 })), "teal pink green blue");
    assert.deepEqual(knownGood({ tags: second }), ["green", "blue"]);
  });

  it("do not include a deployment that shared the traffic with others, nor one that a rollback goes away from", () => {
    assert.equal(listOf(withKnownGood({}, "green", { blue: 90, teal: 10 })), "green");
    const tags = { [LAST_KNOWN_GOOD]: "green blue" };
    assert.equal(listOf(withKnownGood(tags, "blue", { green: 100 }, "Green")), "blue");
  });

  it("fit into a tag's value, however many there were", () => {
    let tags: Readonly<Record<string, string>> = {};
    for (let number = 1; number <= 12; number++) tags = withKnownGood(tags, `${"r".repeat(29)}-${number % 10}x`);
    assert.equal(knownGood({ tags }).length, 5);
    assert.ok((listOf(tags)?.length ?? 0) <= 256);
  });

  it("are read from whatever the tag has: names only, each once", () => {
    for (const text of ["", " ", "../x ?a=b", "a b", "blue,BLUE <script>", `${"a".repeat(33)} green`]) {
      const names = knownGood({ tags: { [LAST_KNOWN_GOOD]: text } });
      assert.deepEqual(names, text.startsWith("blue") ? ["blue"] : text.endsWith("green") ? ["green"] : []);
    }
    assert.deepEqual([knownGood(undefined), knownGood({}), knownGood({ tags: null })], [[], [], []]);
  });
});

describe("changes of tags", () => {
  const some = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2", "3"), {
    noNullPrototype: true,
  });

  it("are taken back where they stand, and nobody else's tag with them", () => {
    fc.assert(
      fc.property(some, some, some, (before, after, others) => {
        const changes = tagChangesOf(before, after);
        assert.deepEqual(tagsWithout(after, changes), before);
        const now = tagsWithout(others, changes);
        for (const name of ["a", "b", "c"]) {
          const isOurs = before[name] !== after[name] && others[name] === after[name];
          assert.equal(now[name], isOurs ? before[name] : others[name]);
        }
      }),
    );
  });
});
