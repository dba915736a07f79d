// A few pipelines of the documentation, run by the packaged tasks on local Azure; `npm run docs:run` runs the rest, and continuous integration that.
import assert from "node:assert/strict";
import { runSnippets } from "../../scripts/docs/run-snippets.ts";
import { keyedSnippets } from "../../scripts/docs/snippets.ts";
import { root } from "../docs/samples.ts";

/**
 * Each has another ground: none of its own; files and a run before it; an endpoint of its own; a webhook; a pipeline of another name.
 * Steps on the pages of tasks are generated.
 */
const QUICK = [
  "Judge a job",
  "Check data before anybody trains on them",
  "Roll back",
  "docs/triggers.md: The relay and a YAML pipeline",
  "docs/waiting.md: A guard on what comes next",
  "tasks/CheckData/README.md: Azure ML: Check data",
  "tasks/CleanUp/README.md: Azure ML: Clean up workspace",
  "tasks/WaitForJob/README.md: Azure ML: Wait for job",
];

describe("pipelines of the documentation", () => {
  it("run as they stand, and a recipe that is wrong does not pass", async () => {
    const recipes = keyedSnippets(root).filter(({ key }) => QUICK.includes(key));
    assert.equal(recipes.length, QUICK.length);
    const judge = recipes.find(({ key }) => key === "Judge a job");
    assert.ok(judge !== undefined);
    const wrong = {
      ...judge,
      key: "A wrong one",
      text: judge.text.replace("metrics.accuracy >= 0.9", "metrics.accuracy >= 2"),
    };
    assert.notEqual(wrong.text, judge.text);
    const ran = await runSnippets(root, { snippets: [...recipes, wrong] });
    const faults = new Map(ran.map(({ snippet, fault }) => [snippet.key, fault]));
    assert.match(faults.get(wrong.key) ?? "", /metrics\.accuracy/);
    faults.delete(wrong.key);
    assert.deepEqual(Object.fromEntries(faults), Object.fromEntries(QUICK.map((key) => [key, undefined])));
  });
});
