// The product has one name: that of the manifest, wherever it is named.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readTasks } from "../../scripts/generate/task-json.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const NAME = String(JSON.parse(read("vss-extension.json")).name);

describe("the name of the product", () => {
  it("is the title of the README and of the Marketplace's page", () => {
    for (const page of ["README.md", "overview.md"]) assert.equal(read(page).split("\n")[0], `# ${NAME}`, page);
  });

  it("begins the name of each variant, and is the author of each task", () => {
    const variants = readdirSync(join(root, "configs")).map((file) => String(JSON.parse(read(`configs/${file}`)).name));
    assert.ok(variants.includes(NAME));
    for (const variant of variants) assert.ok(variant.startsWith(NAME), variant);
    assert.deepEqual([...new Set(readTasks(root).map(({ json }) => json.author))], [NAME]);
  });

  it("is the only one: no page has one that it had before", () => {
    const pages = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".md") && !/(^|[\\/])(node_modules|dist|out|\.git)[\\/]/.test(file),
    );
    const former = /Azure ML for pipelines|Azure Machine Learning for Azure Pipelines|Azure ML Pipelines\b/i;
    assert.deepEqual(
      pages.filter((page) => former.test(read(page))),
      [],
    );
  });

  it("is not the only one that is kept: no form and no page calls a task as it was called before", () => {
    const pages = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (file) => /^(docs|tasks)[\\/].*\.md$|^[^\\/]+\.md$/.test(file) && !/[\\/]node_modules[\\/]/.test(file),
    );
    const texts = [
      ...pages.map((page) => [page, read(page)] as const),
      ...readTasks(root).map(({ json }) => [json.name, JSON.stringify(json)] as const),
    ];
    const former = texts.filter(([, text]) => /Register dataset|Submit training run\b/.test(text));
    assert.deepEqual(
      former.map(([place]) => place),
      [],
    );
  });

  it("calls what a task does by the words of Azure ML version 2", () => {
    for (const { json } of readTasks(root)) assert.doesNotMatch(json.friendlyName, /dataset|training run/i, json.name);
  });
});
