// Requests to an endpoint: zero is said only where every minute has a value.
import assert from "node:assert/strict";
import { countRequests } from "../../../../lib/ml/monitor/endpoint-requests.ts";
import { requests, series, windowOf } from "./series.ts";

const counted = (values: readonly (number | undefined)[], minutes = values.length) =>
  countRequests("fraud", [series("RequestsPerMinute", {}, values)], windowOf(minutes));

describe("requests to an endpoint", () => {
  it("are the sum of its minutes, over all series", () => {
    const all = [requests("blue", "200", [1, 2]), requests("green", "200", [4, 0])];
    const { requests: count, sentence } = countRequests("fraud", all, windowOf(2));
    assert.equal(count, 7);
    assert.match(sentence, /^The endpoint fraud had 7 requests from 2026-11-27T10:00:00Z to 2026-11-27T10:02:00Z\.$/);
  });

  it("are zero where each minute says zero", () => {
    assert.equal(counted([0, 0, 0]).requests, 0);
  });

  it("are not known where a minute has no value, or all of them", () => {
    assert.equal(counted([0, undefined, 0]).requests, undefined);
    assert.match(counted([0, undefined, 0]).sentence, /for 2 of 3 minutes .* not known/);
    assert.equal(countRequests("fraud", [], windowOf(60)).requests, undefined);
    assert.match(countRequests("fraud", [], windowOf(60)).sentence, /for no minute/);
    assert.equal(counted([], 0).requests, undefined);
  });

  it("are at least what was seen where minutes are missing", () => {
    const { requests: count, sentence } = counted([undefined, 3, undefined]);
    assert.equal(count, 3);
    assert.match(sentence, /had at least 3 requests/);
  });
});
