// A packaged task folder is all that the task needs: moved elsewhere, it loads nothing from outside and reads nothing beside it.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { runStep } from "../../local/agent/index.ts";
import { NODES, needsNode } from "../harness/bench.ts";
import { packagedTasks } from "../harness/packages.ts";
import { preloaded, strangers } from "../harness/preload.ts";

describe("packaged task folders", () => {
  let packages: ReadonlyMap<string, string>;
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-moved-"));
  before(async () => {
    packages = await packagedTasks();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("lie where no node_modules is above them", () => {
    for (const place of packages.values()) {
      for (let at = place; at !== path.dirname(at); at = path.dirname(at))
        assert.ok(!existsSync(path.join(at, "node_modules")), at);
    }
  });

  it("hold what the agent needs and the licenses of what they are made of, and nothing else", () => {
    assert.ok(packages.size >= 6);
    for (const [task, place] of packages) {
      const { postjobexecution } = JSON.parse(readFileSync(path.join(place, "task.json"), "utf8"));
      const files = readdirSync(place, { recursive: true, encoding: "utf8" }).sort();
      const wanted = ["LICENSES.txt", "index.js", ...(postjobexecution ? ["postjob.js"] : [])];
      const dist = wanted.map((name) => `dist/${name}`);
      assert.deepEqual(files, ["dist", ...dist, "icon.png", "task.json"].sort(), task);
    }
  });

  it("name both Node handlers, with files that are there", () => {
    for (const [task, place] of packages) {
      const manifest = JSON.parse(readFileSync(path.join(place, "task.json"), "utf8"));
      for (const stage of ["execution", "postjobexecution"].filter((key) => manifest[key] !== undefined)) {
        assert.deepEqual(Object.keys(manifest[stage]).sort(), ["Node20_1", "Node24"], task);
        for (const { target } of Object.values<{ target: string }>(manifest[stage]))
          assert.ok(existsSync(path.join(place, target)), `${task}: ${target}`);
      }
    }
  });

  for (const node of NODES) {
    it(`load no module from outside (Node ${node})`, async function () {
      needsNode(this, node);
      const heard = path.join(folder, `modules-${node}`);
      const nodes = preloaded(path.join(folder, `nodes-${node}`), strangers(heard));
      for (const [task, place] of packages) {
        const moved = path.join(folder, `${task}-${node}`, "package");
        cpSync(place, moved, { recursive: true });
        // Without inputs it loads everything, says what is missing, and ends.
        const run = await runStep({ taskFolder: moved, workFolder: path.join(moved, "../_work"), nodes, node });
        assert.deepEqual([run.result, run.exitCode], ["Failed", 0], run.lines.join("\n"));
        assert.match(run.lines.join("\n"), /##\[error\]Input \w+ is empty/);
        const modules = existsSync(heard) ? readFileSync(heard, "utf8").split("\n").filter(Boolean) : [];
        assert.deepEqual(modules, [], task);
      }
    });
  }

  it("the check is one that can fail: a task that loads from outside is found", async () => {
    const outside = path.join(folder, "outside.js");
    writeFileSync(outside, "module.exports = 1;\n");
    const place = path.join(folder, "stranger");
    mkdirSync(path.join(place, "dist"), { recursive: true });
    const handlers = { Node20_1: { target: "dist/index.js" } };
    const manifest = {
      id: "5e4e6ce0-0000-4000-8000-0000000000aa",
      name: "Stranger",
      version: { Major: 1, Minor: 0, Patch: 0 },
    };
    writeFileSync(path.join(place, "task.json"), JSON.stringify({ ...manifest, execution: handlers }));
    writeFileSync(
      path.join(place, "dist/index.js"),
      `require(${JSON.stringify(outside)});try{require("no-such")}catch{}\n`,
    );
    const heard = path.join(folder, "modules-of-stranger");
    const nodes = preloaded(path.join(folder, "nodes-of-stranger"), strangers(heard));
    await runStep({ taskFolder: place, workFolder: path.join(folder, "stranger-work"), nodes, node: "20" });
    assert.deepEqual(readFileSync(heard, "utf8").split("\n").filter(Boolean), [outside, "missing: no-such"]);
  });

  it("require, as they are written, only what Node brings", () => {
    const known = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);
    for (const [task, place] of packages) {
      const text = readFileSync(path.join(place, "dist/index.js"), "utf8");
      const named = new Set([...text.matchAll(/\brequire\("([^"]+)"\)/g)].map((match) => match[1]!));
      const others = [...named].filter((name) => !known.has(name));
      assert.deepEqual(others, [], `${task} requires ${others.join(", ")}`);
      assert.ok(named.size > 5, `${task}: the pattern finds what is there`);
    }
  });
});
