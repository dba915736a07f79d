// Outputs as variables.
import assert from "node:assert/strict";
import type { OutputField } from "../../../lib/agent/inputs.ts";
import { LONGEST_OUTPUT, outputVariables } from "../../../lib/task/outputs.ts";

const silent = () => {};

const fields: OutputField[] = [
  { name: "name", type: "string" },
  { name: "created", type: "boolean" },
  { name: "outputs", type: "json" },
];

describe("output variables", () => {
  it("are texts, and maps also entry by entry", () => {
    assert.deepEqual(outputVariables(fields, { name: "n", created: false, outputs: { model: "u", rows: 3 } }, silent), [
      ["name", "n"],
      ["created", "false"],
      ["outputs", '{"model":"u","rows":3}'],
      ["outputs.model", "u"],
      ["outputs.rows", "3"],
    ]);
  });

  it("are left alone where nothing is given, and only those of the contract", () => {
    assert.deepEqual(outputVariables(fields, { name: undefined }, silent), []);
    assert.throws(() => outputVariables(fields, { nam: "n" }, silent), /no output nam/);
  });

  it("hold no macro of others, which the agent would expand in each later step", () => {
    const given = { name: "a $(secret) $$(b)", outputs: { path: "$(secret)/x" } };
    const variables = new Map(outputVariables(fields, given, silent));
    for (const [name, value] of variables) assert.ok(!value.includes("$("), `${name}: ${value}`);
    assert.equal(variables.get("name")?.replaceAll("\u200b", ""), given.name);
    assert.deepEqual(JSON.parse(variables.get("outputs") ?? ""), given.outputs);
  });

  it("are cut where no later step could be started with them", () => {
    const warnings: string[] = [];
    const [[, value = ""] = []] = outputVariables(fields, { name: "x".repeat(200_000) }, (line) => warnings.push(line));
    assert.equal(value.length, LONGEST_OUTPUT);
    assert.match(warnings.join(), /Output variable name has 200000 characters/);
  });
});
