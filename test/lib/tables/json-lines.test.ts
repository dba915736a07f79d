// JSON lines as a table.
import assert from "node:assert/strict";
import { openTable } from "../../../lib/tables/index.ts";
import { bytes, everything } from "./tables.ts";

const read = async (content: string, name = "a.jsonl") => everything(await openTable(bytes(content, name)));

describe("JSON lines as a table", () => {
  it("keep their types; a name that is lacking is a missing value, and a nested one its JSON", async () => {
    const { rows, columns } = await read('{"a":1,"b":true}\r\n\n{"a":"x","c":{"d":[1]}}\n');
    assert.deepEqual(columns, ["a", "b", "c"]);
    assert.deepEqual(rows, [
      { a: 1, b: true, c: null },
      { a: "x", b: null, c: '{"d":[1]}' },
    ]);
  });

  it("are known by their first brace where the name says nothing", async () => {
    assert.deepEqual((await read('{"a":1}', "part-0000")).rows, [{ a: 1 }]);
  });

  it("name the lines that are no objects", async () => {
    const { rows, malformed } = await read('{"a":1}\n[1]\n{"a":\n{"a":2}\n');
    assert.equal(rows.length, 2);
    assert.deepEqual(malformed, ["2 from line 2: it is no JSON object"]);
  });

  it("read names such as __proto__ as any other", async () => {
    const { rows } = await read('{"__proto__":1,"constructor":2}\n{"a":3}');
    assert.equal(Object.getOwnPropertyDescriptor(rows[0], "constructor")?.value, 2);
    assert.equal(rows[1]?.["a"], 3);
  });

  it("read characters over the ends of ranges", async () => {
    const line = JSON.stringify({ note: "ö€😀".repeat(50) });
    const { rows } = await read(`${line}\n`.repeat(20_000));
    assert.equal(rows.length, 20_000);
    assert.ok(rows.every(({ note }) => note === "ö€😀".repeat(50)));
  });
});
