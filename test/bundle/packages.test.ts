// A packaged task folder is all that the task needs: moved elsewhere, it loads nothing from outside and reads nothing beside it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { runStep } from "../../local/agent/index.ts";
import { NODES, needsNode } from "../harness/bench.ts";
import { packagedTasks } from "../harness/packages.ts";
import { preloaded, strangers } from "../harness/preload.ts";

/** Whether a task ends at once without inputs: AzureMLReport alone needs none. */
const asksForInputs = (place: string): boolean => {
  const { inputs } = JSON.parse(readFileSync(path.join(place, "task.json"), "utf8"));
  return inputs.some(({ required }: { required?: boolean }) => required === true);
};

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
      const programs = ["index.js", ...(postjobexecution ? ["postjob.js"] : [])];
      // The programs, and what they load.
      const wanted = ["LICENSES.txt", ...partsOf(path.join(place, "dist"), programs)];
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
        const said = run.lines.join("\n");
        assert.deepEqual([run.result, run.exitCode], [asksForInputs(place) ? "Failed" : "Succeeded", 0], said);
        if (asksForInputs(place)) assert.match(said, /##\[error\]Input \w+ is empty/);
        const modules = existsSync(heard) ? readFileSync(heard, "utf8").split("\n").filter(Boolean) : [];
        assert.deepEqual(modules, [], task);
      }
    });
  }

  it("load next to nothing in the post-job stage where nothing is left to do, and all where something is", () => {
    const withStage = [...packages.values()].filter((place) => existsSync(path.join(place, "dist/postjob.js")));
    assert.ok(withStage.length >= 2);
    for (const place of withStage) {
      const loaded = (environment: Record<string, string>) => {
        const program = path.join(place, "dist/postjob.js");
        const listing = `process.on("exit", () => console.error(JSON.stringify(Object.keys(require.cache))));`;
        const { status, stderr, stdout } = spawnSync(
          process.execPath,
          ["-e", `${listing} require(${JSON.stringify(program)})`],
          {
            encoding: "utf8",
            env: { PATH: process.env["PATH"], AGENT_TEMPDIRECTORY: folder, ...environment },
          },
        );
        assert.equal(status, 0, stderr);
        const bytes = (JSON.parse(stderr) as string[]).reduce((sum, file) => sum + statSync(file).size, 0);
        return { bytes, stdout };
      };
      const nothing = loaded({ VSTS_TASKVARIABLE_AZUREMLLEFT: "" });
      assert.ok(nothing.bytes < 5_000, `${nothing.bytes} bytes`);
      assert.equal(nothing.stdout, "");
      const something = loaded({ VSTS_TASKVARIABLE_AZUREMLLEFT: "x" });
      assert.ok(something.bytes > 500_000, `${something.bytes} bytes`);
      assert.match(something.stdout, /task\.complete result=Failed;\]Input \w+ is empty/);
    }
  });

  it("name their functions in the stack that people report: the log of a run with system.debug", () => {
    for (const [task, place] of packages) {
      if (!asksForInputs(place)) continue;
      const { stdout } = spawnSync(process.execPath, [path.join(place, "dist/index.js")], {
        encoding: "utf8",
        env: { PATH: process.env["PATH"], AGENT_TEMPDIRECTORY: folder, SYSTEM_DEBUG: "true" },
      });
      const stack = /^##vso\[task\.debug\]TaskErrors?: .*$/m.exec(stdout)?.[0] ?? "";
      for (const name of ["readInputs", "contextOf", "runStory", "runTask", "main"])
        assert.ok(stack.includes(`at ${name} (`) || stack.includes(`at async ${name} (`), `${task}, ${name}: ${stack}`);
    }
  });

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
      const dist = path.join(place, "dist");
      const files = readdirSync(dist).filter((name) => name.endsWith(".js"));
      const named = new Set(files.flatMap((file) => requiredBy(path.join(dist, file))));
      const others = [...named].filter((name) => !known.has(name) && !files.includes(name.replace(/^\.\//, "")));
      assert.deepEqual(others, [], `${task} requires ${others.join(", ")}`);
      assert.ok(named.size > 5, `${task}: the pattern finds what is there`);
    }
  });
});

/** What a file asks for; a package's own `require`, where it has become a module, is called `__require`, or shorter. */
const requiredBy = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/\brequire\("([^"]+)"\)/g)].map((match) => match[1]!);

/** Names of files of `folder` that are loaded by these, at once or later, with them. */
function partsOf(folder: string, files: readonly string[]): string[] {
  const found = new Set(files);
  for (const file of found)
    for (const name of requiredBy(path.join(folder, file))) if (name.startsWith("./")) found.add(name.slice(2));
  return [...found];
}
