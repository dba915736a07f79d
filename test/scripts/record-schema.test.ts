// The published JSON schema of records: what the writer writes is valid by it, and an unknown field is not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type RunRecord, readRecord, writeRecord } from "../../lib/record/index.ts";
import { recordSchema } from "../../scripts/generate/record-schema.ts";

type Schema = Readonly<Record<string, unknown>>;

/** The keywords that the schema uses, and no others. @returns places at fault */
function faultsOf(schema: Schema, value: unknown, at = "record"): string[] {
  const { type, enum: words, required = [], properties, additionalProperties, items, maxItems, maxLength } = schema;
  if (Array.isArray(words)) return words.includes(value) ? [] : [`${at} is none of ${words.join(", ")}`];
  if (type === "array") {
    if (!Array.isArray(value)) return [`${at} is no list`];
    const long = value.length > (maxItems as number) ? [`${at} is too long`] : [];
    return [...long, ...value.flatMap((one, index) => faultsOf(items as Schema, one, `${at}[${index}]`))];
  }
  if (type === "object") {
    if (typeof value !== "object" || value === null) return [`${at} is no object`];
    const known = (properties ?? {}) as Readonly<Record<string, Schema>>;
    const lacking = (required as string[]).filter((name) => !(name in value)).map((name) => `${at} lacks ${name}`);
    const wrong = Object.entries(value).flatMap(([name, one]) => {
      const field = known[name] ?? (additionalProperties === false ? undefined : (additionalProperties as Schema));
      return field === undefined ? [`${at}.${name} is unknown`] : faultsOf(field, one, `${at}.${name}`);
    });
    return [...lacking, ...wrong];
  }
  if (typeof value !== type) return [`${at} is no ${type}`];
  return typeof value === "string" && value.length > (maxLength as number) ? [`${at} is too long`] : [];
}

const keywords = (schema: unknown, isNames = false): string[] =>
  typeof schema !== "object" || schema === null || Array.isArray(schema)
    ? []
    : Object.entries(schema).flatMap(([key, value]) => [
        ...(isNames ? [] : [key]),
        ...keywords(value, key === "properties" && !isNames),
      ]);

describe("the schema of records", () => {
  const schema = recordSchema();

  it("uses only keywords that this test knows", () => {
    const known = ["$schema", "title", "description", "type", "enum", "required", "properties", "additionalProperties"];
    const others = keywords(schema).filter(
      (key) => ![...known, "items", "maxItems", "maxLength", "maxProperties"].includes(key),
    );
    assert.deepEqual(others, []);
  });

  it("fits what is written", () => {
    const folder = path.join(import.meta.dirname, "../lib/record/version-1");
    for (const name of readdirSync(folder)) {
      const { record } = readRecord(readFileSync(path.join(folder, name), "utf8"));
      assert.ok(record);
      const again: RunRecord = { ...record, version: 2, workItems: [{ id: "x".repeat(1_000) }] };
      assert.deepEqual(faultsOf(schema, JSON.parse(writeRecord(again))), [], name);
    }
  });

  it("does not fit what is no record", () => {
    const faults = faultsOf(schema, { version: "2", task: {}, result: "perhaps", started: "x", hologram: 1 });
    assert.deepEqual(faults.sort(), [
      "record.hologram is unknown",
      "record.result is none of succeeded, succeededWithIssues, failed, canceled",
      "record.task lacks friendlyName",
      "record.task lacks name",
      "record.task lacks version",
      "record.version is no number",
    ]);
  });
});
