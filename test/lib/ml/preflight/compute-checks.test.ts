// Checks of a compute before a job goes to it: what can never begin fails, what waits is a warning.
import assert from "node:assert/strict";
import type { JobPart } from "../../../../lib/ml/jobs/job-parts.ts";
import { judgeCompute, needOfCompute, needOfPart } from "../../../../lib/ml/preflight/compute-checks.ts";
import type { ComputeBody } from "../../../../lib/ml/workspace/computes.ts";

const part = (more: Partial<JobPart> = {}): JobPart => ({
  ...{ step: "", kind: "command", compute: "cpu", size: undefined, nodes: 1, isNodesKnown: true, tier: undefined },
  ...{ title: "", timeout: undefined, atOnce: 1 },
  ...more,
});
const cluster = (own: object, more: object = {}): ComputeBody => ({
  properties: {
    computeType: "AmlCompute",
    provisioningState: "Succeeded",
    properties: { vmSize: "STANDARD_DS3_V2", vmPriority: "Dedicated", scaleSettings: { maxNodeCount: 4 }, ...own },
    ...more,
  },
});
const judge = (body: ComputeBody | undefined, parts = [part()]) => {
  const { outcome, answered } = judgeCompute({ name: "cpu", body, parts });
  return `${outcome}: ${answered}`;
};

describe("a compute before a job", () => {
  for (const [what, body, parts, said] of [
    ["as it should be", cluster({}), undefined, /^passed: It is there: AmlCompute of STANDARD_DS3_V2, up to 4 nodes/],
    ["that could not be read", undefined, undefined, /^notAsked/],
    [
      "that Azure could not create",
      cluster({}, { provisioningState: "Failed", provisioningErrors: [{ error: { message: "No quota." } }] }),
      undefined,
      /^failed: Azure could not create it: No quota\./,
    ],
    [
      "that has nodes, and whose last change failed",
      cluster(
        { currentNodeCount: 2 },
        { provisioningState: "Failed", provisioningErrors: [{ error: { message: "No quota." } }] },
      ),
      undefined,
      /^warned: Its last change failed: No quota\. It has 2 nodes/,
    ],
    [
      "that is an instance which runs a job",
      { properties: { provisioningState: "Succeeded", properties: { state: "JobRunning" } } },
      undefined,
      /^passed/,
    ],
    [
      "with a maximum of no nodes",
      cluster({ scaleSettings: { maxNodeCount: 0 } }),
      undefined,
      /^failed: .*maximum of 0 nodes, and the job needs 1/,
    ],
    [
      "with fewer nodes than a step takes",
      cluster({}),
      [part({ step: "a" }), part({ step: "b", nodes: 6 })],
      /^failed: .*maximum of 4 nodes, and the step b needs 6/,
    ],
    ["that is changed", cluster({}, { provisioningState: "Updating" }), undefined, /^warned: .*Updating\. Jobs wait/],
    [
      "that is an instance which is stopped",
      { properties: { provisioningState: "Succeeded", properties: { state: "Stopped", vmSize: "STANDARD_DS3_V2" } } },
      undefined,
      /^warned: .* its state is Stopped/,
    ],
    [
      "with an error",
      cluster({ errors: [{ error: { message: "Out of quota." } }] }),
      undefined,
      /^warned: .*Out of quota/,
    ],
    ["without anything said of it", {}, undefined, /^passed: It is there: of an unknown type\./],
  ] as const)
    it(what, () => assert.match(judge(body, parts as JobPart[] | undefined), said));

  it("is asked for the most nodes that a part takes at a time, of its own tier", () => {
    const body = cluster({ vmPriority: "LowPriority", currentNodeCount: 2 });
    const need = needOfCompute({ name: "cpu", body, parts: [part(), part({ step: "b", nodes: 3 })] });
    assert.deepEqual(
      [need?.what, need?.size, need?.instances, need?.tier, need?.held],
      ["the step b on cpu", "STANDARD_DS3_V2", 3, "lowPriority", 2],
    );
    assert.equal(
      needOfCompute({ name: "cpu", body: { properties: { properties: null } }, parts: [part()] }),
      undefined,
    );
    const serverless = part({ compute: undefined, size: "Standard_DS3_v2", nodes: 2 });
    assert.deepEqual([needOfPart(serverless)?.name, needOfPart(serverless)?.instances], ["serverless", 2]);
    assert.equal(needOfPart(part()), undefined);
  });
});
