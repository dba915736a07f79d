// Outputs as variables.
import assert from "node:assert/strict";
import type { OutputField } from "../../../lib/agent/inputs.ts";
import { outputVariables } from "../../../lib/task/outputs.ts";

const fields: OutputField[] = [
  { name: "name", type: "string" },
  { name: "created", type: "boolean" },
  { name: "outputs", type: "json" },
];

describe("output variables", () => {
  it("are texts, and maps also entry by entry", () => {
    assert.deepEqual(outputVariables(fields, { name: "n", created: false, outputs: { model: "u", rows: 3 } }), [
      ["name", "n"],
      ["created", "false"],
      ["outputs", '{"model":"u","rows":3}'],
      ["outputs.model", "u"],
      ["outputs.rows", "3"],
    ]);
  });

  it("are left alone where nothing is given, and only those of the contract", () => {
    assert.deepEqual(outputVariables(fields, { name: undefined }), []);
    assert.throws(() => outputVariables(fields, { nam: "n" }), /no output nam/);
  });
});
