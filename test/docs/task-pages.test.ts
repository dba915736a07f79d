// The page of every task: reference, a recipe, roles, errors, and a picture of where people look.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pictureOf } from "../../scripts/docs/pictures.ts";
import { readRecipes } from "../../scripts/generate/around.ts";
import { readTasks } from "../../scripts/generate/task-json.ts";

const root = resolve(import.meta.dirname, "../..");

describe("the page of every task", () => {
  const tasks = readTasks(root);
  const recipes = readRecipes(root);
  const missing = (has: (task: (typeof tasks)[number], readme: string) => boolean) =>
    tasks
      .filter((task) => !has(task, readFileSync(join(root, "tasks", task.folder, "README.md"), "utf8")))
      .map(({ folder }) => folder);

  it("has the reference of each input and output", () => {
    assert.deepEqual(
      missing(({ json }, readme) =>
        [...json.inputs, ...(json.outputVariables ?? [])].every(({ name }) => readme.includes(`| \`${name}\` |`)),
      ),
      [],
    );
  });

  it("leads to a recipe whose snippet has the task", () => {
    assert.ok(recipes.length > 40, `${recipes.length}`);
    assert.deepEqual(
      missing(({ json }, readme) =>
        recipes.some(({ tasks: some, page }) => some.has(json.name) && readme.includes(`](../../docs/${page}#`)),
      ),
      [],
    );
  });

  it("says roles and errors", () => {
    assert.deepEqual(
      missing(
        (_, readme) => /^- \*\*Roles\*\*: \S/m.test(readme) && /^- \*\*Errors\*\*: .*troubleshooting\.md/m.test(readme),
      ),
      [],
    );
  });

  it("has a picture that is there, with words for those who do not see it", () => {
    assert.deepEqual(
      missing(({ folder }) => existsSync(join(root, pictureOf(folder).image)) && pictureOf(folder).alt.length > 20),
      [],
    );
  });
});
