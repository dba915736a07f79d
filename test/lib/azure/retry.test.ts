// Retries of requests: when, and after which back-off.
import assert from "node:assert/strict";
import { createHttpHeaders, createPipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import { patience, retryAfter } from "../../../lib/azure/retry.ts";

const request = createPipelineRequest({ url: "https://example.org" });
const response = (status: number, headers: Record<string, string> = {}): PipelineResponse => ({
  request,
  status,
  headers: createHttpHeaders(headers),
});
const strategy = patience(() => 0);

describe("retries", () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`asks again after ${status}, later each time`, () => {
      assert.equal(strategy.retry({ retryCount: 0, response: response(status) }).retryAfterInMs, 500);
      assert.equal(strategy.retry({ retryCount: 3, response: response(status) }).retryAfterInMs, 4000);
    });
    it(`waits what Retry-After says after ${status}`, () => {
      assert.equal(
        strategy.retry({ retryCount: 0, response: response(status, { "Retry-After": "7" }) }).retryAfterInMs,
        7000,
      );
    });
  }

  for (const status of [200, 202, 400, 401, 403, 404, 409, 501]) {
    it(`takes ${status} as the answer`, () =>
      assert.equal(strategy.retry({ retryCount: 0, response: response(status) }).skipStrategy, true));
  }

  it("asks again when the connection was dropped, and not when the certificate is wrong", () => {
    const dropped = new RestError("reset", { code: "ECONNRESET" });
    const certificate = new RestError("self-signed", { code: "SELF_SIGNED_CERT_IN_CHAIN" });
    assert.equal(strategy.retry({ retryCount: 0, responseError: dropped }).retryAfterInMs, 500);
    assert.equal(strategy.retry({ retryCount: 0, responseError: certificate }).errorToThrow, certificate);
  });

  it("never waits more than two minutes at once", () => {
    assert.equal(
      strategy.retry({ retryCount: 0, response: response(429, { "Retry-After": "86400" }) }).retryAfterInMs,
      120_000,
    );
  });

  it("reads Retry-After as seconds or as a date", () => {
    const now = Date.parse("2026-11-23T10:00:00Z");
    assert.equal(retryAfter("30", now), 30_000);
    assert.equal(retryAfter("Mon, 23 Nov 2026 10:00:05 GMT", now), 5_000);
    assert.equal(retryAfter("Mon, 23 Nov 2026 09:00:00 GMT", now), 0);
    assert.equal(retryAfter("soon", now), undefined);
    assert.equal(retryAfter(undefined, now), undefined);
  });
});
