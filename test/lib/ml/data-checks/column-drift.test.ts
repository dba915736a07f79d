// Drift of columns: equal to scipy and Evidently on eight data sets (drift-reference.py), and said not to be known where it is not.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { columnDrift } from "../../../../lib/ml/data-checks/column-drift.ts";
import { openTable, profileTable } from "../../../../lib/tables/index.ts";
import { bytes } from "../../tables/tables.ts";

type Made = readonly [kind: string, seed: number, rows: number, scale: number, shift: number];
interface Case {
  readonly name: string;
  readonly base: Made;
  readonly data: Made;
  readonly measures: Readonly<Record<string, number>>;
}

function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** As drift-reference.py makes them. */
function values([kind, seed, rows, scale, shift]: Made): string[] {
  const draw = uniform(seed);
  return Array.from({ length: rows }, () => {
    const u = draw();
    if (kind === "uniform") return String(u * scale + shift);
    if (kind === "bell") {
      let total = 0 + u;
      for (let more = 0; more < 11; more++) total += draw();
      return String((total - 6) * scale + shift);
    }
    if (kind === "skewed") return String(u * u * u * scale + shift);
    if (kind === "counts") return String(Math.floor(u * scale) + shift);
    return "abcdefgh"[Math.floor(u * u * scale) + shift] ?? "";
  });
}

async function column(texts: readonly string[]) {
  const source = bytes(`x,y\n${texts.map((text) => `${text},1`).join("\n")}\n`, "a.csv");
  const { columns } = await profileTable([{ name: "a.csv", size: source.size, open: () => openTable(source) }]);
  const [first] = columns;
  if (first === undefined) throw new Error("no column");
  return first;
}

const drift = async (base: readonly string[], data: readonly string[]) =>
  columnDrift(await column(base), await column(data));
const count = (length: number, of: (row: number) => unknown) => Array.from({ length }, (_, row) => String(of(row)));

describe("drift of a column", () => {
  const cases = JSON.parse(readFileSync(new URL("./drift-reference.json", import.meta.url), "utf8")) as Case[];

  it("has eight references", () => assert.equal(cases.length, 8));

  for (const { name, base, data, measures } of cases) {
    it(`is that of scipy and Evidently: ${name}`, async () => {
      const found = (await drift(values(base), values(data))) as unknown as Record<string, number>;
      for (const [measure, wanted] of Object.entries(measures)) {
        const off = Math.abs((found[measure] ?? Number.NaN) - wanted);
        assert.ok(off <= 1e-9 * Math.max(1, Math.abs(wanted)), `${measure}: ${found[measure]} is not ${wanted}`);
      }
    });
  }

  it("is none where nothing changed, whatever the order", async () => {
    const same = await drift(
      count(500, (row) => row / 7),
      count(500, (row) => (499 - row) / 7),
    );
    assert.deepEqual(same, {
      psi: 0,
      jensenShannon: 0,
      kolmogorovSmirnov: 0,
      wasserstein: 0,
      pValue: 1,
      compared: [500, 500],
      error: 0,
    });
    assert.deepEqual(
      await drift(
        count(30, () => 5),
        count(40, () => 5),
      ),
      {
        ...{ psi: 0, jensenShannon: 0, kolmogorovSmirnov: 0, wasserstein: 0, pValue: 1, compared: [30, 40], error: 0 },
      },
    );
  });

  it("of a sample has its error, and is within it", async () => {
    const found = await drift(
      count(250_000, (row) => (row * 7919) % 250_000),
      count(250_000, (row) => ((row * 7919) % 250_000) * 1.01 + 0.5),
    );
    assert.ok("error" in found && found.error > 0.008 && found.error < 0.009, JSON.stringify(found));
    assert.ok(Math.abs((found.kolmogorovSmirnov ?? 1) - 0.01) <= found.error, JSON.stringify(found));
  });

  it("is not known of identifiers, of times, and of columns of different types", async () => {
    const why = async (base: readonly string[], data: readonly string[]) => {
      const found = await drift(base, data);
      return "why" in found ? found.why : "compared";
    };
    const ids = count(100, (row) => row);
    assert.match(
      await why(
        ids,
        count(100, (row) => row + 100),
      ),
      /identifier/,
    );
    assert.match(
      await why(
        count(100, (row) => `name ${row}`),
        count(100, (row) => `name ${row}`),
      ),
      /identifier/,
    );
    assert.match(
      await why(
        ids,
        count(100, (row) => `name ${row}`),
      ),
      /another one/,
    );
    assert.match(
      await why(
        count(9, () => "2026-11-27"),
        count(9, () => "2026-11-28"),
      ),
      /time are not compared/,
    );
  });
});
