// Tests: scripts/bench/performance-page.ts. docs/performance.md is what the figures beside it make, and says where the clock tells little.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Measurement, performancePage } from "../../scripts/bench/performance-page.ts";

const docs = resolve(import.meta.dirname, "../../docs");
const measured = JSON.parse(readFileSync(resolve(docs, "performance.json"), "utf8")) as Measurement;

describe("the page of performance", () => {
  it("is made of the figures beside it", () => {
    assert.equal(readFileSync(resolve(docs, "performance.md"), "utf8"), performancePage(measured));
    assert.ok(measured.rows.length >= 7 && measured.rows.every(({ cpu, clock }) => cpu > 0 && clock > 0));
  });

  it("says of a busy machine that the clock tells little, and of a quiet one that it does not", () => {
    assert.match(
      performancePage({ ...measured, load: 9 }),
      /9 programs wanted a processor at once[\s\S]*not known from this run/,
    );
    assert.doesNotMatch(performancePage({ ...measured, load: 0.4 }), /not known from this run/);
  });
});
