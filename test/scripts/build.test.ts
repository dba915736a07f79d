// Bundles: one copy of each package, nothing that no task can come to, and no work for what has not changed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundledTwice, EXCESS } from "../../scripts/build/packages.ts";
import { buildTasks } from "../../scripts/build.ts";

const root = resolve(import.meta.dirname, "../..");
describe("build", () => {
  it("finds a package that is bundled from two places", () => {
    assert.deepEqual(
      bundledTwice([
        "lib/errors.ts",
        "node_modules/q/q.js",
        "node_modules/q/r.js",
        "node_modules/a/node_modules/q/q.js",
        "node_modules/@azure/core/x.js",
        "node_modules/@azure/b/node_modules/@azure/core/x.js",
      ]),
      [
        "q is bundled from node_modules/q and node_modules/a/node_modules/q",
        "@azure/core is bundled from node_modules/@azure/core and node_modules/@azure/b/node_modules/@azure/core",
      ],
    );
  });

  it("finds a package that is bundled as modules and as CommonJS", () => {
    const client = (form: string, file: string) => `node_modules/@azure/core-client/dist/${form}/${file}`;
    assert.deepEqual(bundledTwice([client("esm", "index.js"), client("commonjs", "index.js")]), [
      "@azure/core-client is bundled from node_modules/@azure/core-client/dist/esm and node_modules/@azure/core-client/dist/commonjs",
    ]);
    // What the two forms keep together is there once, on purpose.
    assert.deepEqual(bundledTwice([client("esm", "index.js"), client("commonjs", "state-cjs.js")]), []);
  });

  it("leaves alone what is up to date", async () => {
    await buildTasks(root);
    const again = await buildTasks(root);
    assert.ok(again.length >= 6);
    assert.deepEqual(
      again.filter(({ fresh }) => fresh).map(({ folder }) => folder),
      [],
    );
  });

  it("bundles task-lib once, and nothing of what only stands in for the cloud", async () => {
    for (const { folder, inputs } of await buildTasks(root)) {
      assert.equal(inputs.filter((file) => file.endsWith("azure-pipelines-task-lib/vault.js")).length, 1, folder);
      assert.deepEqual(
        inputs.filter((file) => /^(local|test|scripts|tab|relay)\//.test(file)),
        [],
        folder,
      );
    }
  });

  it("leaves out what packages bring along for nothing, where they still do", async () => {
    const inputs = [...new Set((await buildTasks(root)).flatMap((built) => built.inputs))];
    for (const { importer, asks, gone } of EXCESS) {
      const asking = inputs.filter((file) => importer.test(join(root, file)));
      const asked = asking.flatMap((file) =>
        [...readFileSync(join(root, file), "utf8").matchAll(/(?:require\(|from |import[ (])["']([^"']+)["']/g)].map(
          ([, name = ""]) => name,
        ),
      );
      assert.ok(
        asked.some((name) => asks.test(name)),
        `${importer} does not ask for ${asks} any more: take it out of scripts/build/packages.ts`,
      );
      if (gone) {
        assert.deepEqual(
          inputs.filter((file) => gone.test(file)),
          [],
        );
      }
    }
  });
});
