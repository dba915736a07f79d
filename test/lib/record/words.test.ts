// Numbers in sentences: one is singular, and little is not nothing.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { amountOf, counted } from "../../../lib/record/words.ts";

describe("words of what people look at", () => {
  it("count one thing in the singular, and all else in the plural", () => {
    assert.deepEqual(
      [0, 1, 2, 1204].map((count) => counted(count, "row")),
      ["0 rows", "1 row", "2 rows", "1,204 rows"],
    );
  });

  it("are made by counted in each sentence of a task and of lib/task", () => {
    const files = ["tasks", "lib/task"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.endsWith(".gen.ts"))
        .map((name) => path.join(folder, name)),
    );
    // A number before a plural noun, where the same line has no singular for it. Texts that are too long have many characters.
    const plural = /\$\{[\w.]+\.length\} (?!characters)(?:[a-z]+ )?[a-z]+s\b/;
    const found = files.flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, index) =>
          plural.test(line) && !line.includes("=== 1 ?") ? [`${file}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
    assert.ok(files.length > 40, `${files.length} files`);
    assert.deepEqual(found, []);
  });

  it("show little as little, and not as nothing", () => {
    assert.deepEqual([0, 2.8e-7, 0.0047, 0.05, 0.08, 0.1, 0.5, 12.345, -0.004].map(amountOf), [
      ...["0.00", "0.00000028", "0.0047", "0.05", "0.08", "0.10", "0.50", "12.35", "-0.0040"],
    ]);
  });
});
