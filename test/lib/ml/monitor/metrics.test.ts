// Answers of Azure Monitor: what counts as a minute's value, and what is no answer.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { type MetricsRequest, quoted, seriesOf } from "../../../../lib/ml/monitor/metrics.ts";
import { answer, at, iso, requests, windowOf } from "./series.ts";

const asked: MetricsRequest = {
  resource: "/e",
  called: "the endpoint fraud",
  metrics: ["RequestsPerMinute"],
  window: windowOf(10),
};

const withData = (data: unknown) => ({
  value: [{ name: { value: "RequestsPerMinute" }, errorCode: "Success", timeseries: [{ metadatavalues: [], data }] }],
});
const minutesOf = (data: unknown) => [...(seriesOf(withData(data), asked)[0]?.minutes ?? [])];

describe("an answer of Azure Monitor", () => {
  it("is read as it was recorded: dimensions in small letters, zero minutes inside of a series", () => {
    const [blue] = seriesOf(answer("/e", [requests("blue", "503", [2750, 0])], asked.metrics), asked);
    assert.deepEqual(blue?.dimensions, { deployment: "blue", statuscode: "503" });
    assert.deepEqual(
      [...(blue?.minutes ?? [])],
      [
        [at(0), 2750],
        [at(1), 0],
      ],
    );
  });

  it("has no value for a minute without a finite average of at least zero", () => {
    for (const average of [undefined, null, "3", "NaN", -1, Number.NaN, Number.POSITIVE_INFINITY, {}, []])
      assert.deepEqual(minutesOf([{ timeStamp: iso(0), average }]), [], String(average));
    assert.deepEqual(minutesOf([{ timeStamp: iso(0), total: 7, maximum: 7 }]), []);
  });

  it("has nothing from outside of the window, nor at a time that cannot be read", () => {
    const data = [-1, 0, 9, 10].map((minute) => ({ timeStamp: iso(minute), average: 1 }));
    assert.deepEqual(minutesOf([...data, { timeStamp: "yesterday", average: 1 }, { average: 1 }]), [
      [at(0), 1],
      [at(9), 1],
    ]);
  });

  it("may hold no series at all, which is not a series of zeros", () => {
    assert.deepEqual(seriesOf(answer("/e", [], asked.metrics), asked), []);
  });

  it("is none where a metric has an error of its own, or is not among the answers", () => {
    const failing: [unknown, RegExp][] = [
      [
        { value: [{ name: { value: "RequestsPerMinute" }, errorCode: "InvalidSeries", errorMessage: "too many" }] },
        /did not answer the metric RequestsPerMinute of the endpoint fraud: InvalidSeries too many\./,
      ],
      [{ value: [{ name: { value: "Other" }, timeseries: [] }] }, /the answer does not hold it/],
      [{ value: [] }, /the answer does not hold it/],
      [{ value: ["x", null, 3] }, /the answer does not hold it/],
      ["", /the answer does not hold it/],
    ];
    for (const [body, message] of failing)
      assert.throws(
        () => seriesOf(body, asked),
        (error: unknown) => error instanceof TaskError && error.kind === "service" && message.test(error.message),
      );
  });

  it("keeps names of dimensions from changing objects", () => {
    const body = answer("/e", [requests("blue", "200", [1])], asked.metrics);
    body.value[0]?.timeseries[0]?.metadatavalues.push({ name: { value: "__proto__", localizedValue: "" }, value: "x" });
    assert.deepEqual(Object.keys(seriesOf(body, asked)[0]?.dimensions ?? {}), ["deployment", "statuscode"]);
  });

  it("is asked for a dimension's value with its quotes written twice", () => {
    assert.equal(quoted("blue"), "'blue'");
    assert.equal(quoted("x' or deployment eq 'blue"), "'x'' or deployment eq ''blue'");
  });
});
