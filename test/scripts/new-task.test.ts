// A scaffolded task is in order from its first minute.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { contractFile } from "../../scripts/generate/contract.ts";
import { faultsOf } from "../../scripts/generate/faults.ts";
import { readmeFile } from "../../scripts/generate/readme.ts";
import { readTasks, type TaskJson } from "../../scripts/generate/taskJson.ts";
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

  it("gives each its own id", () => {
    const again = newTask(root, "CountRows", "Azure ML: Count rows").find(({ path }) => path.endsWith("task.json"));
    assert.notEqual(JSON.parse(again?.content ?? "").id, json.id);
  });

  it("has a story, a picture and a test", () => {
    for (const path of ["tasks/CountRows/index.ts", "tasks/CountRows/icon.svg", "test/tasks/CountRows.test.ts"])
      assert.ok(files.get(path));
  });

  it("refuses a name that is taken or no name", () => {
    assert.throws(() => newTask(root, "SubmitJob", "Azure ML: Submit job"), /is there already/);
    assert.throws(() => newTask(root, "count-rows", "Azure ML: Count rows"), /verb and a noun/);
    assert.throws(() => newTask(root, "CountRows", "Count rows"), /Azure ML: \.\.\./);
    assert.throws(() => newTask(root, "CountRows", `Azure ML: ${"x".repeat(31)}`), /at most 40/);
  });
});
