// Columns of results, read into memory.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { TaskError } from "../../../lib/errors.ts";
import { numbersOf, openTable, readColumns } from "../../../lib/tables/index.ts";
import { bytes } from "./tables.ts";

const says = (pattern: RegExp) => (error: unknown) => error instanceof TaskError && pattern.test(error.message);
const CSV = "id,score\na,0.5\nb,1e-3\n";
const columns = async (content: string, names: string[], most?: number) =>
  readColumns(await openTable(bytes(content, "a.csv")), "a.csv", names, most);

describe("columns of a table in memory", () => {
  it("are those that are named, as long as the table", async () => {
    const read = await columns(CSV, ["score", "id"]);
    assert.deepEqual(read.get("id"), ["a", "b"]);
    assert.deepEqual(numbersOf(read.get("score") ?? [], "a.csv", "score"), [0.5, 0.001]);
    const file = await readFile(new URL("./parquet/zstd.parquet", import.meta.url));
    const parquet = await readColumns(await openTable(bytes(file, "a.parquet")), "a.parquet", ["id"]);
    assert.equal(numbersOf(parquet.get("id") ?? [], "a.parquet", "id")[499], 499);
  });

  it("are refused where one is lacking, with those there are", () =>
    assert.rejects(columns(CSV, ["loss"]), says(/no column "loss"; it has id, score/)));

  it("of JSON lines may begin later, and are lacking only where no object has them", async () => {
    const lines = async (names: string[]) =>
      readColumns(await openTable(bytes('{"a":1}\n{"a":2,"b":3}', "a.jsonl")), "a.jsonl", names);
    assert.deepEqual((await lines(["b"])).get("b"), [null, 3]);
    await assert.rejects(lines(["c"]), says(/no column "c"; it has a, b/));
  });

  it("are refused where the table is too long, or a line of it damaged", async () => {
    await assert.rejects(columns(CSV, ["id"], 1), says(/more than 1 rows/));
    await assert.rejects(columns("a,b\n1\n", ["a"]), says(/line 2 is no row/));
  });

  it("name the row that has no number", () =>
    assert.throws(() => numbersOf([1, "x"], "a.csv", "score"), says(/row 2 has no number in its column score: "x"/)));
});
