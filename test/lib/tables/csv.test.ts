// CSV as a table: what other programs write is read, what is damaged is named with its line.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { TaskError } from "../../../lib/errors.ts";
import { fileSource, openTable } from "../../../lib/tables/index.ts";
import { bytes, everything } from "./tables.ts";

const read = async (content: string | Uint8Array, name = "a.csv", options = {}) =>
  everything(await openTable(bytes(content, name), options));
const says = (pattern: RegExp) => (error: unknown) =>
  error instanceof TaskError && error.errorCode === "AML1751" && pattern.test(error.message);

describe("CSV as a table", () => {
  it("reads quotation marks, delimiters and line ends inside fields, and a mark of the byte order", async () => {
    const { rows, columns } = await read('\ufeffid,note\r\n1,"a ""quoted"", b\r\nc"\r\n2,\r\n');
    assert.deepEqual(columns, ["id", "note"]);
    assert.deepEqual(rows, [
      { id: "1", note: 'a "quoted", b\r\nc' },
      { id: "2", note: null },
    ]);
  });

  it("finds the delimiter in the first line, outside quotation marks", async () => {
    assert.deepEqual((await read('"a,b,c";d\n1;2\n')).columns, ["a,b,c", "d"]);
    assert.deepEqual((await read("a\tb\n1\t2\n", "a.tsv")).rows, [{ a: "1", b: "2" }]);
    assert.deepEqual((await read("a;b|c\n", "a.csv", { delimiter: "|" })).columns, ["a;b", "c"]);
  });

  it("counts as missing what pandas does, or what it is told", async () => {
    assert.deepEqual((await read("a,b,c\nNA,null,nan\n")).rows, [{ a: null, b: null, c: null }]);
    assert.deepEqual((await read("a,b\nNA,-\n", "a.csv", { nulls: ["-"] })).rows, [{ a: "NA", b: null }]);
  });

  it("names lines with another number of fields, and reads the rest", async () => {
    const { rows, malformed } = await read("a,b\n1,2\n3\n4,5,6\n7,8\n");
    assert.equal(rows.length, 2);
    assert.deepEqual(malformed, ["2 from line 3: it has 1 fields, and the header has 2"]);
  });

  it("reads gzip with bytes behind its end, which gunzip leaves alone, to the end", async () => {
    const padded = Buffer.concat([gzipSync("a\n1\n"), Buffer.alloc(9 * 1024 * 1024)]);
    assert.deepEqual((await read(padded, "a.csv.gz")).rows, [{ a: "1" }]);
  });

  it("reads gzip", async () => {
    assert.deepEqual((await read(gzipSync("a\n1\n"), "a.csv.gz")).rows, [{ a: "1" }]);
    await assert.rejects(read(gzipSync("a\n1\n").subarray(0, 20), "a.csv.gz"), says(/gzip content is damaged/));
  });

  it("reads over the ends of ranges, in batches", async () => {
    const lines = Array.from({ length: 400_000 }, (_, row) => `${row},"value, ö of ${row}"`);
    const { rows, batches } = await read(`id,note\n${lines.join("\n")}\n`);
    assert.equal(rows.length, 400_000);
    assert.ok(batches.length > 1, `${batches.length} batches`);
    assert.ok(rows.every(({ id, note }, row) => id === String(row) && note === `value, ö of ${row}`));
  });

  it("reads the same with and without the fast way for lines without quotation marks", async () => {
    const field = fc.stringMatching(/^[a-zö ;\t.0-9]{0,6}$/);
    const end = fc.constantFrom("\n", "\r\n", "\r", "\n\n");
    const line = fc.tuple(fc.array(field, { minLength: 1, maxLength: 4 }), end);
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 30 }), fc.boolean(), async (lines, hasEnd) => {
        const body = lines.map(([fields, ending]) => fields.join(",") + ending).join("");
        const text = hasEnd ? body : body.trimEnd();
        const header = "a,b,c\n";
        // A quotation mark in the header alone makes csv-parse read all of it.
        const [fast, slow] = await Promise.all([read(header + text), read(`"a",b,c\n${text}`)]);
        // The last line without an end comes in a batch of its own.
        const told = ({ rows, columns, malformed }: typeof fast) => {
          const count = malformed.reduce((sum, one) => sum + Number.parseInt(one, 10), 0);
          return { rows, columns, count, first: malformed[0]?.replace(/^\d+/, "") };
        };
        assert.deepEqual(told(fast), told(slow));
      }),
      { numRuns: 500 },
    );
  });

  it("counts lines before the first quotation mark", async () => {
    const { malformed } = await read(`a,b\n${"1,2\n".repeat(200_000)}1,"2"\n3\n`);
    assert.deepEqual(malformed, ["1 from line 200003: it has 1 fields, and the header has 2"]);
    await assert.rejects(
      read(`a,b\n${"1,2\n".repeat(200_000)}1,"2\n`),
      says(/line 20000\d: a quotation mark is not closed/),
    );
  });

  it("gives a header alone its columns", async () => {
    assert.deepEqual(await read("a,b"), { rows: [], columns: ["a", "b"], malformed: [], batches: [0] });
  });

  for (const [what, content, sentence] of [
    ["nothing", "", /is empty, so it has no header/],
    ["UTF-16", Buffer.from("\ufeffa,b", "utf16le"), /is UTF-16/],
    ["a name twice", "a,b,a\n", /names the column "a" twice/],
    ["an open quotation mark", 'a,b\n1,2\n"3,4\n', /line \d+: a quotation mark is not closed/],
    ["text behind a quotation mark", 'a,b\n"1"x,2\n', /line 2: characters follow the closing quotation mark/],
    ["a quotation mark that swallows the file", `a\n"${"x".repeat(9 * 1024 * 1024)}`, /longer than 8 MiB/],
  ] as const) {
    it(`refuses ${what} with the reason`, () => assert.rejects(read(content), says(sentence)));
  }

  it("refuses a file that is no table, and one that is gone", async () => {
    await assert.rejects(openTable(bytes("hello", "model.pkl")), says(/model.pkl .*neither its name nor its content/));
    await assert.rejects(fileSource("/nowhere/a.csv"), says(/a.csv .*ENOENT/));
  });

  it("reads a file of this machine", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "tables-"));
    try {
      const file = path.join(folder, "a.csv");
      await writeFile(file, "a\n1\n");
      assert.deepEqual((await everything(await openTable(await fileSource(file)))).rows, [{ a: "1" }]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
