// A scaffolded task passes generation, types, build and tests.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { contractFile } from "../../scripts/generate/contract.ts";
import { faultsOf } from "../../scripts/generate/faults.ts";
import { expand, readFragments } from "../../scripts/generate/fragments.ts";
import { broken, readLedger } from "../../scripts/generate/ledger.ts";
import { readmeFile } from "../../scripts/generate/readme.ts";
import { readTasks, type TaskJson } from "../../scripts/generate/task-json.ts";
import { generate } from "../../scripts/generate.ts";
import { newTask } from "../../scripts/new-task.ts";

const root = resolve(import.meta.dirname, "../..");

describe("new-task", () => {
  const files = new Map(newTask(root, "CountRows", "Azure ML: Count rows").map(({ path, content }) => [path, content]));
  const json = JSON.parse(files.get("tasks/CountRows/task.json") ?? "") as TaskJson;

  it("makes a task that the generator takes beside the others", () => {
    const task = { folder: "CountRows", json };
    assert.deepEqual(faultsOf([...readTasks(root), task]), []);
    assert.match(contractFile(task), /location: string;/);
    assert.match(readmeFile(files.get("tasks/CountRows/README.md") ?? "", task), /- task: AzureMLCountRows@1/);
  });

  it("writes only what is the task's own, and a picture of 32 x 32", () => {
    assert.ok((files.get("tasks/CountRows/contract.json") ?? "").split("\n").length < 30);
    assert.deepEqual(json, expand(JSON.parse(files.get("tasks/CountRows/contract.json") ?? ""), readFragments(root)));
    const picture = Buffer.from(files.get("tasks/CountRows/icon.png") ?? "", "base64");
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [32, 32]);
  });

  it("publishes nothing before a release, so that its names may still change", async () => {
    const renamed = structuredClone(json);
    renamed.id = "00000000-0000-4000-8000-000000000000";
    renamed.outputVariables = [{ name: "rows", description: "Number of rows." }];
    for (const one of [json, renamed])
      assert.deepEqual(broken(readLedger(root), [...readTasks(root), { folder: "CountRows", json: one }]), []);
    assert.ok((await generate(root)).every(({ path }) => path !== "tasks/ledger.json"));
  });

  it("gives each its own id", () => {
    const again = newTask(root, "CountRows", "Azure ML: Count rows").find(({ path }) => path.endsWith("task.json"));
    assert.notEqual(JSON.parse(again?.content ?? "").id, json.id);
  });

  it("has a story, a picture and a test", () => {
    for (const path of ["tasks/CountRows/index.ts", "tasks/CountRows/icon.svg", "test/tasks/CountRows.test.ts"])
      assert.ok(files.get(path));
  });

  it("imports what is there", () => {
    for (const path of ["tasks/CountRows/index.ts", "test/tasks/CountRows.test.ts"]) {
      const imports = [...(files.get(path) ?? "").matchAll(/from "(\.[^"]+)"/g)].map(([, from = ""]) =>
        relative(root, resolve(root, dirname(path), from)),
      );
      assert.ok(imports.length > 0, path);
      const missing = imports.filter((file) => !files.has(file) && !existsSync(resolve(root, file)));
      assert.deepEqual(missing, path.startsWith("tasks/") ? ["tasks/CountRows/contract.gen.ts"] : [], path);
    }
  });

  it("refuses a name that is taken or no name", () => {
    assert.throws(() => newTask(root, "SubmitJob", "Azure ML: Submit job"), /is there already/);
    assert.throws(() => newTask(root, "count-rows", "Azure ML: Count rows"), /verb and a noun/);
    assert.throws(() => newTask(root, "CountRows", "Count rows"), /Azure ML: \.\.\./);
    assert.throws(() => newTask(root, "CountRows", `Azure ML: ${"x".repeat(31)}`), /at most 40/);
  });
});
