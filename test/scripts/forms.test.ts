// Forms of the tasks in the classic editor: what the generator refuses, and the strings for translators.
// Tests: scripts/generate/forms.ts, scripts/generate/resources.ts
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { formFaults } from "../../scripts/generate/forms.ts";
import { resourcesFile } from "../../scripts/generate/resources.ts";
import { readTasks, type TaskInput, type TaskJson } from "../../scripts/generate/task-json.ts";
import { root } from "../harness/packages.ts";

const input = (name: string, more: Partial<TaskInput> = {}): TaskInput => ({
  ...{ name, type: "string", label: "A label", helpMarkDown: "Help of more than twenty letters." },
  ...more,
});
const task = (inputs: TaskInput[], more: Partial<TaskJson> = {}): TaskJson => ({
  ...{ id: "0", name: "AzureMLForm", friendlyName: "Form", description: "A form", category: "Build" },
  ...{ visibility: [], runsOn: [], author: "A", version: { Major: 1, Minor: 0, Patch: 0 }, execution: {} },
  ...{ inputs, ...more },
});

describe("forms of tasks", () => {
  for (const [what, form, says] of [
    [
      "a step's name that may end in nothing",
      task([input("name")], { instanceNameFormat: "Do $(name)" }),
      /names name, which may be empty or hidden/,
    ],
    [
      "a step's name from a hidden input",
      task([input("name", { required: true, visibleRule: "a = b" })], { instanceNameFormat: "Do $(name)" }),
      /names name, which may be empty or hidden/,
    ],
    ["a step's name from nothing", task([], { instanceNameFormat: "Do $(name)" }), /names name, which is no input/],
    ["a label in small letters", task([input("name", { label: "the name" })]), /"the name" does not begin with/],
    [
      "a choice in small letters",
      task([input("kind", { type: "pickList", options: { one: "the first" } })]),
      /option one: "the first" does not begin/,
    ],
    [
      "a choice that is a name of code",
      task([input("kind", { type: "pickList", options: { Uri_file: "Uri_file" } })]),
      /the option Uri_file is no words/,
    ],
    ["an option for experts among the others", task([input("plan")]), /plan stands in the group of main inputs/],
    [
      "an open group for experts",
      task([input("plan", { groupName: "advanced" })], { groups: [{ name: "advanced", displayName: "Advanced" }] }),
      /group advanced must be collapsed/,
    ],
    [
      "a group without inputs",
      task([], { groups: [{ name: "empty", displayName: "Empty" }] }),
      /group empty has no input/,
    ],
  ] as const)
    it(`are refused for ${what}`, () => {
      const faults = formFaults(form);
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(faults[0] ?? "", says);
    });

  it("pass as they are, with a name that a default fills and a plan that is the task's purpose", () => {
    const form = task(
      [input("name", { defaultValue: "x" }), input("plan", { type: "boolean", defaultValue: "true" })],
      {
        instanceNameFormat: "Do $(name)",
      },
    );
    assert.deepEqual(formFaults(form), []);
  });
});

describe("strings for translators", () => {
  for (const { folder, json } of readTasks(root))
    it(`of ${folder} have every text of its form`, () => {
      const file = resourcesFile({ folder, json });
      const strings = JSON.parse(readFileSync(path.join(root, file.path), "utf8")) as Record<string, string>;
      assert.equal(strings["loc.friendlyName"], json.friendlyName);
      assert.equal(strings["loc.description"], json.description);
      assert.equal(strings["loc.instanceNameFormat"], json.instanceNameFormat);
      for (const { name, displayName } of json.groups ?? [])
        assert.equal(strings[`loc.group.displayName.${name}`], displayName);
      for (const { name, label, helpMarkDown } of json.inputs) {
        assert.equal(strings[`loc.input.label.${name}`], label);
        assert.equal(strings[`loc.input.help.${name}`], helpMarkDown);
      }
    });
});
