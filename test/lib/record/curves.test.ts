// Curves of metrics: written small, read as they were written, and nothing else is read.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CURVES_LIMITS,
  CURVES_TYPE,
  type Curve,
  IMAGE_TYPE,
  RECORD_TYPE,
  readCurves,
  writeCurves,
} from "../../../lib/record/index.ts";

const curve = (values: readonly number[], more: Partial<Curve> = {}): Curve => ({
  ...{ of: "job", run: "j", metric: "loss" },
  steps: values.map((_, index) => index),
  values,
  ...more,
});

describe("curves", () => {
  it("have an attachment type of their own, as pictures have", () => {
    assert.equal(new Set([CURVES_TYPE, IMAGE_TYPE, RECORD_TYPE]).size, 3);
  });

  it("are read as they were written", () => {
    const curves = [curve([3, 2, 1]), curve([1, 2], { of: "champion", run: "c" })];
    assert.deepEqual(readCurves(writeCurves(curves)), curves);
  });

  it("keep first, last, lowest and highest of a long one, and say how many there were", () => {
    const values = Array.from({ length: 100_000 }, (_, index) => Math.sin(index / 7));
    values[77_777] = 50;
    values[3] = -50;
    const [thin] = readCurves(writeCurves([curve(values)]));
    assert.ok(thin && thin.values.length <= CURVES_LIMITS.points && thin.values.length > 200);
    assert.equal(thin.logged, 100_000);
    assert.deepEqual([Math.min(...thin.values), Math.max(...thin.values)], [-50, 50]);
    assert.deepEqual([thin.steps[0], thin.steps.at(-1)], [0, 99_999]);
    assert.deepEqual(
      [...thin.steps].sort((a, b) => a - b),
      thin.steps,
    );
  });

  it("leave out what is no number and what is no curve", () => {
    const found = readCurves(writeCurves([curve([1, Number.NaN, 2, Number.POSITIVE_INFINITY]), curve([1]), curve([])]));
    assert.deepEqual(found, [curve([1, 2], { steps: [0, 2], logged: 4 })]);
  });

  it("stay below their limit and hold no secret", () => {
    const metric = `?sig=secret&${"m".repeat(400)}`;
    const long = Array.from({ length: 300 }, (_, index) => index * Math.PI * 1e-30);
    const json = writeCurves(Array.from({ length: 500 }, () => curve(long, { metric })));
    assert.ok(json.length <= CURVES_LIMITS.characters && !json.includes("secret"), `${json.length}`);
    assert.ok(readCurves(json).length > 5);
  });

  it("keep the champion's beside the job's where all together are long: points are left out first", () => {
    const values = Array.from({ length: 300 }, (_, index) => Math.sin(index) / 3);
    const of = (one: Curve["of"]) =>
      Array.from({ length: 30 }, (_, index) =>
        curve(values, { of: one, run: one, metric: `validation_metric_${index}` }),
      );
    const found = readCurves(writeCurves([...of("job"), ...of("champion")]));
    assert.deepEqual(
      (["job", "champion"] as const).map((one) => found.filter((each) => each.of === one).length),
      [30, 30],
    );
    assert.ok(found.every((one) => one.logged === 300 && one.values.length > 100));
  });

  it("bear any text", () => {
    const long = `[${"1,".repeat(CURVES_LIMITS.characters)}1]`;
    for (const text of ["", "[]", "null", '{"version":2,"curves":[]}', long]) assert.deepEqual(readCurves(text), []);
    const uneven = { version: 1, curves: [{ ...curve([1, 2]), steps: [1] }] };
    assert.deepEqual(readCurves(JSON.stringify(uneven)), []);
    fc.assert(fc.property(fc.json(), (json) => void readCurves(json)));
    fc.assert(fc.property(fc.anything(), (curves) => void readCurves(JSON.stringify({ version: 1, curves }) ?? "")));
  });
});
