// Tests: scripts/bench/performance-page.ts. docs/performance.md is what the figures beside it make, and says where the clock tells little.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Performance, Starts } from "../../scripts/bench/performance.ts";
import { comparisonTable, performancePage } from "../../scripts/bench/performance-page.ts";

const docs = resolve(import.meta.dirname, "../../docs");
const measured = JSON.parse(readFileSync(resolve(docs, "performance.json"), "utf8")) as Performance;
const starts = measured.starts as Starts;

describe("the page of performance", () => {
  it("is made of the figures beside it", () => {
    assert.equal(readFileSync(resolve(docs, "performance.md"), "utf8"), performancePage(measured));
    assert.ok(starts.rows.length >= 7 && starts.rows.every(({ cpu, clock }) => cpu > 0 && clock > 0));
  });

  it("says of a busy machine that the clock tells little, and of a quiet one that it does not", () => {
    const page = (load: number) => performancePage({ starts: { ...starts, load } });
    assert.match(page(9), /9 programs wanted a processor at once[\s\S]*not known from this run/);
    assert.doesNotMatch(page(0.4), /not known from this run/);
  });

  const conditions = { date: "2026-11-28", machine: "2 processors", load: 0.1, node: "20.0.0", runs: 3 };
  it("says beside each figure whether its aim was met", () => {
    const rows = [
      { what: "latency", value: 2.5, unit: "s", aim: { most: 2 } },
      { what: "requests", value: 5, unit: "requests", aim: { most: 6 } },
      { what: "looks", value: 7, unit: "looks" },
    ];
    const page = performancePage({ following: { ...conditions, rows } });
    assert.match(page, /^\| latency \| 2\.5 s \| at most 2: \*\*missed\*\* \|$/m);
    assert.match(page, /^\| requests \| 5 requests \| at most 6 \|$/m);
    assert.match(page, /^\| looks \| 7 looks \| {2}\|$/m);
    const time = { median: 900, min: 800, max: 1200 };
    const row = { what: "1 GB", against: "bare", ours: time, theirs: time, ratio: 0.85, aim: { least: 0.9 } };
    assert.match(
      performancePage({ transfers: { ...conditions, azureAiMl: "1", rows: [row] } }),
      /^\| 1 GB \| 0\.90 s \(0\.80-1\.20\) \| bare \| 0\.90 s \(0\.80-1\.20\) \| 0\.85 \| at least 0\.9: \*\*missed\*\* \|$/m,
    );
  });

  it("gives the README a row for each pair, and nothing where no pair was measured", () => {
    const time = { median: 900, min: 800, max: 1200 };
    const sides = { ours: { ...time, exchanges: 9 }, theirs: { ...time, median: 2400, exchanges: 12 } };
    const rows = [{ what: "submit a job", task: "SubmitJob", ...sides }];
    const table = comparisonTable({ pairs: { ...conditions, azureAiMl: "1.35.2", rows } });
    assert.match(table, /^\| Measured \| azure-ai-ml 1\.35\.2 \| These tasks \| Requests, theirs \/ ours \|$/m);
    assert.match(table, /^\| submit a job \| 2\.40 s \| 0\.90 s \| 12 \/ 9 \|$/m);
    assert.match(table, /medians of 3 runs on 2026-11-28, 2 processors\./);
    assert.equal(comparisonTable({ starts }), "");
  });

  it("has no part that was not measured", () => {
    assert.doesNotMatch(performancePage({ starts }), /--growth|--transfers|--following|--pairs/);
  });
});
