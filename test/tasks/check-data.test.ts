// Check data: ten faults in CSV and in Parquet are each named, and data without a fault pass; files, baselines, and what is no table.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import task from "../../tasks/CheckData/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const author = { name: "Ada", type: "User" as const };
const ROWS = 1_000;

/** mulberry32: the same numbers each time. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type Cell = string | number | boolean | Date | null;
type Columns = Record<string, Cell[]>;

/** Customers as they should be. */
function customers(seed: number, now: number): Columns {
  const random = numbersFrom(seed);
  const make = <T extends Cell>(of: (row: number) => T) => Array.from({ length: ROWS }, (_, row) => of(row));
  return {
    id: make((row) => seed * 100_000 + row),
    age: make(() => 18 + Math.floor(random() * 60)),
    income: make(() => Math.round((random() + random() + random()) * 2_000_000) / 100 + 0.005),
    country: make(() => ["DE", "FR", "IT"][Math.floor(random() * 3)] ?? "DE"),
    good: make(() => random() < 0.7),
    updated: make((row) => new Date(now - (ROWS - row) * 60_000)),
  };
}

const EXPECTATIONS = `
rows: { min: 100 }
duplicates: { max: 0, key: [id] }
freshness: { column: updated, max_age_in_hours: 24 }
additional_columns: refuse
columns:
  id: { type: integer, nulls: 0 }
  age: { type: integer, min: 18, max: 100 }
  income: { type: number }
  country: { values: [DE, FR, IT] }
  good: { type: boolean }
  updated: { type: time }
`;

interface Fault {
  readonly what: string;
  readonly make: (columns: Columns, now: number) => Columns;
  /** Of the sentences: one for each check that is to fail, and no other. */
  readonly says: readonly RegExp[];
}

const change = (columns: Columns, name: string, of: (value: Cell, row: number) => Cell): Columns => ({
  ...columns,
  [name]: (columns[name] ?? []).map(of),
});
const without = ({ [`country`]: _gone, ...rest }: Columns): Columns => rest;
const sliced = (columns: Columns, rows: readonly number[]) =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, rows.map((row) => values[row] ?? null)]));

const FAULTS: readonly Fault[] = [
  {
    what: "a column that is gone",
    make: without,
    says: [/lack 1 column that customers:1 has: country/, /no column country; they have id, age/],
  },
  {
    what: "a column that is new",
    make: (columns) => ({ ...columns, secret: (columns["id"] ?? []).map(() => 1) }),
    says: [/have 1 column that customers:1 does not have: secret/, /columns that are not expected: secret/],
  },
  {
    what: "a column of another type",
    make: (columns) => change(columns, "age", (value) => `${value} years`),
    says: [
      /age was integer and is text \(1,000 of 1,000 values are text, the first "\d+ years" in row 1 of/,
      /values of age 1,000 are text/,
      /age: at least 18 .*age has no numbers; it is text/,
      /age: at most 100 .*age has no numbers; it is text/,
    ],
  },
  {
    what: "too few rows",
    make: (columns) =>
      sliced(
        columns,
        Array.from({ length: 90 }, (_, row) => ROWS - 1 - row),
      ),
    says: [
      /90 rows, and customers:1 has 1,000: -91 % \(at most 50 % either way\)/,
      /90 rows; at least 100 are expected/,
    ],
  },
  {
    what: "missing values",
    make: (columns) => change(columns, "income", (value, row) => (row % 8 === 0 ? null : value)),
    says: [/Missing values against customers:1 .* rose: income from 0 % to 12.5 %/],
  },
  {
    what: "a value out of range",
    make: (columns) => change(columns, "age", (value, row) => (row === 500 ? 130 : value)),
    says: [/The largest age is 130\./],
  },
  {
    what: "a value that nobody knows",
    make: (columns) => change(columns, "country", (value, row) => (row === 7 ? "XX" : value)),
    says: [/country has values that are not expected: "XX" \(1 row\)/],
  },
  {
    what: "data that are stale",
    make: (columns) => change(columns, "updated", (value) => new Date(Number(value as Date) - 48 * 3_600_000)),
    says: [/The newest updated is .* 48\.\d+ hours old; at most 24 are expected/],
  },
  {
    what: "rows that stand there twice",
    make: (columns) =>
      sliced(
        columns,
        Array.from({ length: ROWS + 50 }, (_, row) => row % ROWS),
      ),
    says: [
      /4\.762 % of the rows repeat an earlier one, in customers:1 0 %/,
      /50 of 1,050 rows repeat the id of an earlier one/,
    ],
  },
  {
    what: "another distribution",
    make: (columns) => change(columns, "income", (value) => Number(value) * 1.6),
    says: [
      /Distributions differ from customers:1: income \(PSI [\d.]+, Jensen-Shannon [\d.]+, Kolmogorov-Smirnov 0\.\d+, p /,
    ],
  },
];

const inCsv = (columns: Columns): string => {
  const names = Object.keys(columns);
  const text = (value: Cell | undefined) => (value instanceof Date ? value.toISOString() : String(value ?? ""));
  const rows = (columns["id"] ?? []).map((_, row) => names.map((name) => text(columns[name]?.[row])).join(","));
  return `${names.join(",")}\n${rows.join("\n")}\n`;
};

const inParquet = (columns: Columns): Buffer => {
  const columnData = Object.entries(columns).map(([name, data]) => {
    const type = { number: "DOUBLE", string: "STRING", boolean: "BOOLEAN", object: "TIMESTAMP" } as const;
    const first = data.find((value) => value !== null);
    const isWhole = data.every((value) => value === null || Number.isInteger(value));
    return { name, data, type: isWhole ? ("INT32" as const) : type[typeof first as keyof typeof type], nullable: true };
  });
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 400 }));
};

const FORMATS = { csv: inCsv, parquet: inParquet } as const;

describe("Check data", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "check-data-"));
  writeFileSync(path.join(scratch, "expectations.yml"), EXPECTATIONS);
  after(() => rmSync(scratch, { recursive: true, force: true }));

  /** Registers the next version of a data asset. */
  async function register(
    name: string,
    version: string,
    files: Readonly<Record<string, string | Buffer>>,
  ): Promise<void> {
    const { azure } = await theCloud();
    for (const [file, content] of Object.entries(files))
      await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `d/${name}/${version}/${file}`, content);
    azure.assets.data.put(
      ...([name, version] as const),
      {
        dataType: "uri_folder",
        dataUri: `azureml://datastores/workspaceblobstore/paths/d/${name}/${version}/`,
        tags: {},
        properties: {},
      },
      author,
    );
  }
  const check = (name: string, more: Readonly<Record<string, string>> = {}) =>
    runStory(task, { name, expectationsFile: path.join(scratch, "expectations.yml"), ...more }, scratch);
  const outcomes = (log: string) => log.split("\n").filter((line) => /\b(FAILED|PASSED|SKIPPED) /.test(line));

  for (const [format, write] of Object.entries(FORMATS)) {
    describe(`in ${format}`, () => {
      const content = (columns: Columns) => ({ [`part-1.${format}`]: write(columns), _SUCCESS: "" });
      let now = 0;
      let count = 0;
      before(async () => {
        now = (await theCloud()).azure.clock?.now?.() ?? Date.now();
      });

      it("passes what is as it was and as it should be", async () => {
        const name = `sound-${format}`;
        await register(name, "1", content(customers(1, now)));
        await register(name, "2", content(customers(2, now)));
        const ran = await check(name);
        assert.equal(ran.error, undefined, ran.log);
        assert.deepEqual(ran.outputs, { passed: true, failed: "", rows: "1000", baseline: `${name}:1` });
        assert.ok(outcomes(ran.log).length >= 16 && !/FAILED|SKIPPED/.test(ran.log), ran.log);
        assert.match(ran.tests[0]?.xml ?? "", /tests="\d+" failures="0" skipped="0"/);
        assert.deepEqual(
          ran.record.dataCheck?.columns.map(({ type }) => type),
          ["integer", "integer", "number", "text", "boolean", "time"],
        );
        assert.equal(ran.requests.filter((request) => /^(PUT|PATCH|DELETE)/.test(request)).length, 0);
      });

      for (const { what, make, says } of FAULTS) {
        it(`names ${what}`, async () => {
          const name = `fault-${format}-${++count}`;
          await register(name, "1", content(customers(1, now)));
          await register(name, "2", content(make(customers(2, now), now)));
          const ran = await check(name);
          assert.match(
            ran.error?.message ?? "",
            new RegExp(`^${name}:2 did not pass ${says.length} of \\d+ checks\\.`),
          );
          const failed = outcomes(ran.log).filter((line) => line.includes("FAILED"));
          const unsaid = says.filter(
            (pattern) => !failed.some((line) => pattern.test(line.replaceAll(name, "customers"))),
          );
          assert.deepEqual(unsaid, [], failed.join("\n"));
          assert.equal(ran.set["failed"]?.split("\n").length, says.length);
        });
      }
    });
  }
});
