// Casts: product code forgets a type at no place but one.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PRODUCT = ["lib", "tasks", "relay"];
/** Why a file may: the storage library takes an HTTP client of an older interface than its siblings give. */
const ALLOWED = ["lib/azure/storage-pipeline.ts"];

describe("product code", () => {
  it("has no `as unknown as` but where another library's older interface is met", () => {
    const found = PRODUCT.flatMap((room) =>
      readdirSync(path.join(ROOT, room), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && !/node_modules|dist/.test(file))
        .map((file) => path.join(room, file))
        .filter((file) => readFileSync(path.join(ROOT, file), "utf8").includes("as unknown as")),
    );
    assert.deepEqual(found, ALLOWED);
  });
});
