// Parquet as a table: files that pyarrow wrote (parquet/make.py), compressed as writers do it, and damaged ones.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parquetWriteBuffer } from "hyparquet-writer";
import { TaskError } from "../../../lib/errors.ts";
import { openTable } from "../../../lib/tables/index.ts";
import { parquetTable } from "../../../lib/tables/parquet.ts";
import { bytes, everything } from "./tables.ts";

const content = (name: string) => readFile(new URL(`./parquet/${name}.parquet`, import.meta.url));
const read = async (name: string) => everything(await openTable(bytes(await content(name), `${name}.parquet`)));
const says = (pattern: RegExp) => (error: unknown) =>
  error instanceof TaskError && error.errorCode === "AML1751" && pattern.test(error.message);

function wanted(row: number) {
  const some = <T>(value: T) => (row % 10 === 3 ? null : value);
  return {
    id: BigInt(row),
    age: some(20 + (row % 60)),
    score: some(row / 8),
    ratio: row / 4,
    country: some(["DE", "FR", "ÖS"][row % 3] ?? ""),
    note: `row ${row}`,
    good: some(row % 2 === 0),
    at: new Date(Date.UTC(2026, 10, 1, row % 24)),
    day: new Date(Date.UTC(2026, 10, 1 + (row % 28))),
    price: Math.round(row) / 100,
    tags: true,
    raw: some(true),
  };
}

describe("Parquet as a table", () => {
  for (const name of ["none", "snappy", "gzip", "zstd", "brotli", "v2"]) {
    it(`reads each type, missing values and row groups (${name})`, async () => {
      const { rows, batches } = await read(name);
      assert.deepEqual(batches, [200, 200, 100]);
      for (const [row, values] of rows.entries()) {
        const { price, ...others } = values;
        const { price: exact, ...rest } = wanted(row);
        assert.deepEqual(others, rest);
        assert.ok(Math.abs(Number(price) - exact) < 1e-9);
      }
    });
  }

  it("reads a row group in several passes where it is too long for one", async () => {
    for (const name of ["snappy", "v2"]) {
      const whole = await read(name);
      const parts = await everything(await parquetTable(bytes(await content(name), `${name}.parquet`), 70));
      assert.deepEqual(parts.batches, [70, 70, 60, 70, 70, 60, 70, 30]);
      assert.deepEqual(parts.rows, whole.rows);
    }
  });

  it("says the types that the file declares", async () => {
    const table = await openTable(bytes(await content("snappy"), "a.parquet"));
    for await (const { columns } of table.batches()) {
      const declared = Object.fromEntries(columns.map((one) => [one.name, one.declared]));
      assert.deepEqual(declared, {
        ...{ id: "integer", age: "integer", score: "number", ratio: "number", country: "text", note: "text" },
        ...{ good: "boolean", at: "time", day: "time", price: "number", tags: "nested", raw: "binary" },
      });
    }
  });

  it("has the columns of a file without rows", async () => {
    const { rows, columns, batches } = await read("empty");
    assert.deepEqual([rows.length, columns.length, batches], [0, 12, [0]]);
  });

  it("is known by its first bytes", async () => {
    const { rows } = await everything(await openTable(bytes(await content("snappy"), "part-00000")));
    assert.equal(rows.length, 500);
  });

  it("reads what hyparquet-writer wrote, a page of one column at a time", async () => {
    const data = Array.from({ length: 300_000 }, (_, row) => `value ${row} ${"x".repeat(40)}`);
    const file = parquetWriteBuffer({
      columnData: [{ name: "note", data }],
      codec: "UNCOMPRESSED",
      rowGroupSize: 300_000,
    });
    const table = await openTable(bytes(new Uint8Array(file), "a.parquet"));
    const lengths: number[] = [];
    for await (const batch of table.batches()) for await (const page of batch.values(0)) lengths.push(page.length);
    assert.ok(lengths.length > 5, `${lengths.length} pages`);
    assert.equal(
      lengths.reduce((sum, one) => sum + one, 0),
      300_000,
    );
  });

  it("names a compression that is not read", () => assert.rejects(read("lz4"), says(/unsupported.*LZ4/i)));

  it("refuses a file without its end, and bytes that are none of its own, as sentences", async () => {
    const whole = await content("snappy");
    const cut = bytes(whole.subarray(0, whole.length - 100), "cut.parquet");
    await assert.rejects(openTable(cut), says(/cut.parquet cannot be read as a table/));
    await assert.rejects(openTable(bytes("PAR1", "small.parquet")), says(/small.parquet/));
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 4, 4000);
    await assert.rejects(everything(await openTable(bytes(damaged, "damaged.parquet"))), says(/damaged.parquet/));
  });

  it("reads damaged bytes in no way but a sentence or rows", async () => {
    const whole = await content("gzip");
    for (let seed = 0; seed < 60; seed++) {
      const damaged = Buffer.from(whole);
      for (let change = 0; change < 5; change++)
        damaged[(seed * 7919 + change * 104_729) % damaged.length] = (seed * 31 + change) % 256;
      try {
        await everything(await openTable(bytes(damaged, "damaged.parquet")));
      } catch (error) {
        assert.ok(error instanceof TaskError, `seed ${seed}: ${error}`);
      }
    }
  });
});
