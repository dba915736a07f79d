// The body of an error answer is read in time that grows with its length, whatever it is made of.
import assert from "node:assert/strict";
import { readErrorBody } from "../../../lib/azure/failure.ts";

describe("the body of an error", () => {
  it("is read in time that grows with its length", () => {
    const started = process.cpuUsage();
    readErrorBody("<Code></Code>".repeat(240_000));
    readErrorBody(`<Error>${"<Code>".repeat(400_000)}`);
    // Of this process alone, whatever else the machine does. Linear: 5 ms on the machine on which the quadratic reader took 35 s.
    const { user } = process.cpuUsage(started);
    assert.ok(user < 3_000_000, `${user} microseconds`);
  });
});
