// Profiles of tables: counts, moments and repeats against plain arithmetic, types against what people write, samples within their error.
import assert from "node:assert/strict";
import fc from "fast-check";
import { openTable } from "../../../lib/tables/index.ts";
import { NumberSample } from "../../../lib/tables/number-sample.ts";
import { DifferentValues, RepeatedRows } from "../../../lib/tables/repeated-rows.ts";
import { profileTable } from "../../../lib/tables/table-profile.ts";
import { hashText } from "../../../lib/tables/value-hash.ts";
import { bytes } from "./tables.ts";

const file = (name: string, content: string) => {
  const source = bytes(content, name);
  return { name, size: source.size, open: () => openTable(source) };
};
const profile = (content: string, name = "a.csv", options = {}) => profileTable([file(name, content)], options);
const column = async (values: readonly string[]) =>
  (await profile(`x,y\n${values.map((value) => `${value},1`).join("\n")}\n`)).columns[0];

describe("the profile of a table", () => {
  it("knows the types that people write in CSV", async () => {
    const types: Record<string, readonly string[]> = {
      integer: ["1", "-2", "+3", "007", " 4"],
      number: ["1", "2.5", "-1e-3", ".5", "1e400"],
      boolean: ["true", "False", "TRUE"],
      time: ["2026-11-01", "2026-11-01 10:00", "2026-11-01T10:00:00.123Z", "2026-11-01T10:00:00+02:00"],
      text: ["1", "a"],
      empty: ["", "NA"],
    };
    for (const [type, values] of Object.entries(types)) assert.equal((await column(values))?.type, type, type);
    for (const text of ["0x10", "1,5".replace(",", " "), "2026-13-01", "12:30", "1_000", "tru", "--1"])
      assert.equal((await column([text]))?.type, "text", text);
    const zone = await column(["2026-11-01T10:00:00+02:00", "2026-11-01 09:00"]);
    assert.deepEqual([zone?.oldest, zone?.newest], [Date.UTC(2026, 10, 1, 8), Date.UTC(2026, 10, 1, 9)]);
  });

  it("counts as plain arithmetic does", async () => {
    const value = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { freq: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 200 }), async (values) => {
        const one = await column(values.map((number) => (number === null ? "" : String(number))));
        const numbers = values.filter((number) => number !== null);
        const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
        const square = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
        assert.equal(one?.nulls, values.length - numbers.length);
        if (numbers.length === 0) return;
        assert.equal(one?.minimum, Math.min(...numbers) + 0);
        assert.equal(one?.maximum, Math.max(...numbers) + 0);
        assert.ok(Math.abs((one?.mean ?? 0) - mean) < 1e-6);
        if (numbers.length > 1)
          assert.ok(Math.abs((one?.deviation ?? 0) - Math.sqrt(square / (numbers.length - 1))) < 1e-3);
        assert.equal(one?.distinct, new Set(numbers.map((number) => number + 0)).size);
        // As text, -0 is 0.
        const written = Float64Array.from(numbers, (number) => number + 0);
        assert.deepEqual([...(one?.numbers ?? [])], [...written.sort()]);
      }),
    );
  });

  it("names the first value of each type with its row, over files", async () => {
    const { columns, rows } = await profileTable([
      file("a.csv", "x,y\n1,2\n3,4\n"),
      file("b.csv", "x,y\n5,6\nabc,7\n"),
    ]);
    assert.equal(rows, 4);
    assert.deepEqual(columns[0]?.first.text, { file: "b.csv", row: 2, value: "abc" });
    assert.deepEqual(columns[0]?.kinds, { integer: 3, text: 1 });
  });

  it("counts rows with the same values, whatever the order of the columns, and those with the same key", async () => {
    const { repeats, keyRepeats, lacking } = await profileTable(
      [file("a.csv", "id,x,y\n1,a,\n1,a,\n1,b,c\n"), file("b.csv", "x,id\na,1\nb,2\n")],
      { key: ["id"] },
    );
    assert.deepEqual([repeats.rows, repeats.isExact], [2, true]);
    assert.equal(keyRepeats?.rows, 3);
    assert.deepEqual([...lacking], [["y", ["b.csv"]]]);
  });

  it("takes no swapped values for a repeat", async () => {
    assert.equal((await profile("a,b\n1,2\n2,1\n1,\n,1\n")).repeats.rows, 0);
  });

  it("counts a number and the same number as text together, as they are shown alike", async () => {
    const lines = '{"a": 1}\n{"a": 1}\n{"a": "1"}\n';
    const source = bytes(lines, "a.jsonl");
    const { columns } = await profileTable([{ name: "a.jsonl", size: source.size, open: () => openTable(source) }], {});
    assert.deepEqual([...(columns[0]?.values ?? [])], [["1", 3]]);
  });

  it("counts the same in JSON lines", async () => {
    const { columns, repeats } = await profile('{"x":1,"y":null}\n{"x":1}\n{"x":2.5,"y":"a"}\n', "a.jsonl");
    assert.deepEqual(
      columns.map(({ type, nulls }) => [type, nulls]),
      [
        ["number", 0],
        ["text", 2],
      ],
    );
    assert.equal(repeats.rows, 1);
  });

  it("gives up single values of a column with very many, and estimates their number", async () => {
    const rows = Array.from({ length: 60_000 }, (_, row) => `${row},value ${row % 20_000} ${"x".repeat(300)}`);
    const { columns, exactValues } = await profile(`id,note\n${rows.join("\n")}\n`);
    assert.equal(exactValues, 10_000);
    for (const [index, wanted] of [60_000, 20_000].entries()) {
      assert.equal(columns[index]?.values, undefined);
      const found = columns[index]?.distinct ?? 0;
      assert.ok(Math.abs(found / wanted - 1) < 0.08, `${found} of ${wanted}`);
    }
  });
});

describe("a sample", () => {
  it("of repeated rows keeps the count within its error, in 19 of 20 cases", () => {
    let within = 0;
    for (let seed = 0; seed < 100; seed++) {
      const repeats = new RepeatedRows(500);
      const halves = { a: 0, b: 0 };
      let true_ = 0;
      for (let row = 0; row < 20_000; row++) {
        hashText(`${seed} ${row}`, halves);
        repeats.add(halves.a, halves.b);
        for (let again = 0; row % 9 === 0 && again < 1 + (row % 3); again++, true_++) repeats.add(halves.a, halves.b);
      }
      const { share, isExact, error } = repeats.result();
      assert.equal(isExact, false);
      if (Math.abs(share - true_ / (20_000 + true_)) <= error) within++;
    }
    assert.ok(within >= 90, `${within} of 100`);
  });

  it("of repeated rows is exact up to its size, and finds none where there are none", () => {
    const counted = (different: number, most: number) => {
      const repeats = new RepeatedRows(most);
      const halves = { a: 0, b: 0 };
      for (let row = 0; row < different; row++) {
        hashText(`row ${row}`, halves);
        repeats.add(halves.a, halves.b);
        if (row % 10 === 0) repeats.add(halves.a, halves.b);
      }
      return repeats.result();
    };
    assert.deepEqual(counted(10_000, 10_000), { rows: 1000, share: 1000 / 11_000, isExact: true, error: 0 });
    assert.equal(counted(10_001, 10_000).isExact, false);
    const none = new RepeatedRows(100);
    const halves = { a: 0, b: 0 };
    for (let row = 0; row < 10_000; row++) {
      hashText(`${row}`, halves);
      none.add(halves.a, halves.b);
    }
    const { rows, error } = none.result();
    assert.ok(rows === 0 && error > 0 && error < 0.05, `${rows} +- ${error}`);
  });

  it("of numbers is the same each time, and spread over all of them", () => {
    const sampled = () => {
      const sample = new NumberSample(1_000, 7);
      for (let value = 0; value < 100_000; value++) sample.add(value);
      return sample;
    };
    const [one, other] = [sampled().sorted(), sampled().sorted()];
    assert.deepEqual(one, other);
    assert.equal(one.length, 1_000);
    // Kolmogorov's distance from the uniform distribution; 1.95 / sqrt(n) is passed once in a thousand times.
    const distance = Math.max(...one.map((value, index) => Math.abs(value / 100_000 - index / 1_000)));
    assert.ok(distance < 1.95 / Math.sqrt(1_000), `${distance}`);
  });

  it("of different values is within five percent", () => {
    for (const wanted of [10, 1_000, 50_000, 500_000]) {
      const different = new DifferentValues();
      const halves = { a: 0, b: 0 };
      for (let value = 0; value < wanted * 2; value++) {
        hashText(`v${value % wanted}`, halves);
        different.add(halves.a, halves.b);
      }
      assert.ok(Math.abs(different.count() / wanted - 1) < 0.05, `${different.count()} of ${wanted}`);
    }
  });
});
