// A contract's reader: what it takes, and that every fault names its input.
import assert from "node:assert/strict";
import fc from "fast-check";
import { contractOf, type InputField, type InputSource } from "../../../lib/agent/inputs.ts";
import { TaskError, TaskErrors } from "../../../lib/errors.ts";

const identity = { id: "x", name: "AzureMLX", friendlyName: "X", version: "1.0.0" };

function read(inputs: InputField[], values: Record<string, string>, warnings: string[] = []): Record<string, unknown> {
  const source: InputSource = {
    input: (name) => values[name]?.trim() || undefined,
    filePathSupplied: (name) => values[name] !== "/sources",
    warn: (line) => warnings.push(line),
  };
  return contractOf<Record<string, unknown>, object>({ task: identity, inputs, outputs: [] }).read(source);
}

const fault = (inputs: InputField[], values: Record<string, string>): TaskError => {
  try {
    read(inputs, values);
  } catch (error) {
    assert.ok(error instanceof TaskError);
    return error;
  }
  return assert.fail("nothing was thrown");
};

const source: InputField = {
  name: "source",
  type: "pickList",
  required: true,
  default: "file",
  options: ["file", "inline"],
};
const dataFile: InputField = {
  name: "dataFile",
  type: "filePath",
  required: true,
  visible: [[["source", "=", "file"]]],
};
const name: InputField = { name: "name", type: "string", required: true, visible: [[["source", "=", "inline"]]] };

describe("inputs", () => {
  it("reads each type", () => {
    const fields: InputField[] = [
      { name: "text", type: "string" },
      { name: "wait", type: "boolean", default: "true" },
      { name: "off", type: "boolean" },
      { name: "minutes", type: "int", default: "60" },
      { name: "choice", type: "pickList", options: ["fail", "warn"], default: "fail" },
      { name: "free", type: "pickList", options: ["a"], editable: true },
      { name: "file", type: "filePath" },
    ];
    assert.deepEqual(
      read(fields, { text: " a ", wait: "False", minutes: "5", choice: "WARN", free: "b", file: "/x" }),
      {
        text: "a",
        wait: false,
        off: false,
        minutes: 5,
        choice: "warn",
        free: "b",
        file: "/x",
      },
    );
    assert.deepEqual(read(fields, {}), {
      text: undefined,
      wait: true,
      off: false,
      minutes: 60,
      choice: "fail",
      free: undefined,
      file: undefined,
    });
  });

  it("takes a file path that arrives as the sources directory for one that was left out", () => {
    assert.deepEqual(read([{ name: "file", type: "filePath" }], { file: "/sources" }), { file: undefined });
    assert.match(
      fault([{ name: "file", type: "filePath", required: true }], { file: "/sources" }).message,
      /Input file is empty/,
    );
  });

  it("needs a required input only where it is visible, and hides the others", () => {
    const warnings: string[] = [];
    const values = read([source, dataFile, name], { dataFile: "/d.yml", name: "n" }, warnings);
    assert.deepEqual(values, { source: "file", dataFile: "/d.yml", name: undefined });
    assert.deepEqual(warnings, ["Input name is ignored: it counts only where source is inline."]);
  });

  it("says nothing of a hidden input that has its default", () => {
    const type: InputField = {
      name: "type",
      type: "pickList",
      options: ["a", "b"],
      default: "a",
      visible: [[["source", "=", "inline"]]],
    };
    const warnings: string[] = [];
    assert.equal(read([source, type], { type: "a" }, warnings)["type"], undefined);
    assert.deepEqual(warnings, []);
  });

  it("leads someone who filled in the other branch to the selector", () => {
    const error = fault([source, dataFile, name], { name: "n" });
    assert.equal(error.message, "Input dataFile is empty, and is needed where source is file.");
    assert.equal(error.hint, "For name to count, set it so that source is inline.");
  });

  it("names every input at fault at once", () => {
    const error = fault(
      [
        { name: "a", type: "string", required: true },
        { name: "b", type: "boolean" },
        { name: "c", type: "int" },
        { name: "d", type: "pickList", options: ["x", "y", "z"] },
        { name: "e", type: "string" },
      ],
      { b: "yes", c: "-1", d: "w", e: "$(train.jobName)" },
    );
    assert.ok(error instanceof TaskErrors);
    assert.deepEqual(
      error.errors.map((one) => one.message),
      [
        "Input a is empty.",
        'Input b is "yes", which is neither true nor false.',
        'Input c is "-1", which is no whole number of at least 0.',
        'Input d is "w"; it can be x, y or z.',
        "Input e is $(train.jobName), a variable that has no value here.",
      ],
    );
    assert.match(error.errors[4]?.hint ?? "", /name:/);
  });

  it("lets a multi-line input hold what looks like a variable", () => {
    assert.deepEqual(read([{ name: "rules", type: "multiLine" }], { rules: "$(date)" }), { rules: "$(date)" });
  });

  it("never throws anything but a TaskError of kind input, and never lets a foreign value into a pick list", () => {
    const fields: InputField[] = [source, dataFile, name, { name: "n", type: "int" }, { name: "b", type: "boolean" }];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("source", "dataFile", "name", "n", "b"), fc.string()), (values) => {
        try {
          const got = read(fields, values);
          assert.ok(got["source"] === "file" || got["source"] === "inline");
          assert.ok(got["n"] === undefined || Number.isSafeInteger(got["n"]));
        } catch (error) {
          assert.ok(error instanceof TaskError && error.kind === "input", String(error));
        }
      }),
    );
  });
});
