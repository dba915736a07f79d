// Snippets of the documentation that `npm run docs:run` runs on local Azure, and those that are only read, each with its reason.
import assert from "node:assert/strict";
import { NOT_RUN } from "../../scripts/docs/not-run.ts";
import { keyedSnippets } from "../../scripts/docs/run-snippets.ts";
import { root } from "./samples.ts";

describe("snippets that run", () => {
  const keys = keyedSnippets(root).map(({ key }) => key);

  it("have keys of their own", () => assert.equal(new Set(keys).size, keys.length));

  it("are all but those of a list that says why not, and names none that is gone", () => {
    assert.deepEqual(
      Object.keys(NOT_RUN).filter((key) => !keys.includes(key)),
      [],
    );
    for (const [key, reason] of Object.entries(NOT_RUN)) assert.ok(reason.length > 20, key);
  });
});
