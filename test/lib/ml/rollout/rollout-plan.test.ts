// Plans of rollouts, in tables and for every traffic.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Deployment } from "../../../../lib/ml/endpoints/deployments.ts";
import type { Endpoint, Traffic } from "../../../../lib/ml/endpoints/endpoints.ts";
import {
  changesOf,
  sameTraffic,
  sayTraffic,
  trafficWith,
  trafficWithout,
} from "../../../../lib/ml/endpoints/traffic-shares.ts";
import { hasContent } from "../../../../lib/ml/rollout/rollout-place.ts";
import { planRollout } from "../../../../lib/ml/rollout/rollout-plan.ts";
import type { RolloutWish } from "../../../../lib/ml/rollout/rollout-wish.ts";
import { merged } from "../../../../lib/ml/workspace/merge.ts";

const endpoint = (traffic: Traffic): Endpoint => ({
  name: "e",
  location: "eastus2",
  properties: { authMode: "Key", traffic },
});
const model = (version: number) =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/models/m/versions/${version}`;
const body = (version: number) => ({
  location: "eastus2",
  tags: { BuildId: String(version) },
  sku: { name: "Default", capacity: 1 },
  properties: {
    endpointComputeType: "Managed",
    model: model(version),
    environmentVariables: {},
    instanceType: "Standard_DS2_v2",
  },
});
const deployment = (name: string, version: number, state = "Succeeded"): Deployment => ({
  name,
  location: "eastus2",
  tags: { own: "tag" },
  sku: { name: "Default", tier: "Standard", capacity: 1 },
  properties: {
    ...body(version).properties,
    environmentVariables: null,
    instanceType: "Standard_DS2_V2",
    provisioningState: state,
    properties: { AzureAsyncOperationUri: "https://x" },
    livenessProbe: { period: "PT10S" },
  },
});
const wish = (name: string, version: number, more: Partial<RolloutWish> = {}): RolloutWish => ({
  name,
  body: body(version),
  trafficPercent: 100,
  deleteOldDeployments: false,
  ...more,
});

describe("a rollout's plan", () => {
  const table: [
    string,
    Endpoint | undefined,
    Deployment[],
    RolloutWish,
    { endpoint?: string; name: string; action: string; after: Traffic; remove?: string[] },
  ][] = [
    [
      "starts from nothing",
      undefined,
      [],
      wish("blue", 1),
      { endpoint: "create", name: "blue", action: "create", after: { blue: 100 } },
    ],
    [
      "stands beside what is live",
      endpoint({ v1: 100 }),
      [deployment("v1", 1)],
      wish("v2", 2),
      { name: "v2", action: "create", after: { v2: 100 } },
    ],
    [
      "keeps what is the same",
      endpoint({ v1: 100 }),
      [deployment("v1", 1)],
      wish("v1", 1),
      { name: "v1", action: "keep", after: { v1: 100 } },
    ],
    [
      "leaves an idle one alone that could be gone back to",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2)],
      wish("v2", 3),
      { name: "v2-2", action: "create", after: { "v2-2": 100 } },
    ],
    [
      "updates an idle one that an earlier attempt of the same step made and did not finish",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2)],
      wish("v2", 3, { own: new Set(["v2"]) }),
      { name: "v2", action: "update", after: { v2: 100 } },
    ],
    [
      "leaves its own alone once that is live",
      endpoint({ v2: 100 }),
      [deployment("v1", 1), deployment("v2", 2)],
      wish("v2", 3, { own: new Set(["v2"]) }),
      { name: "v2-2", action: "create", after: { "v2-2": 100 } },
    ],
    [
      "leaves a failed one alone that another rollout is at",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2, "Failed")],
      wish("v2", 3, { foreign: new Set(["v2"]) }),
      { name: "v2-2", action: "create", after: { "v2-2": 100 } },
    ],
    [
      "never changes one with mirrored traffic",
      { ...endpoint({ v1: 100 }), properties: { traffic: { v1: 100 }, mirrorTraffic: { v2: 10 } } },
      [deployment("v1", 1), deployment("v2", 2, "Failed")],
      wish("v2", 2),
      { name: "v2-2", action: "create", after: { "v2-2": 100 } },
    ],
    [
      "waits for the same content that is coming up",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2, "Updating")],
      wish("v2", 2),
      { name: "v2", action: "wait", after: { v2: 100 } },
    ],
    [
      "stands beside other content that is coming up",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2, "Updating")],
      wish("v2", 3),
      { name: "v2-2", action: "create", after: { "v2-2": 100 } },
    ],
    [
      "waits for one of its name that is being deleted",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2, "Deleting")],
      wish("v2", 3),
      { name: "v2", action: "wait", after: { v2: 100 } },
    ],
    [
      "keeps the live one of two with the same content",
      endpoint({ "blue-3": 100 }),
      [deployment("blue", 2), deployment("blue-3", 2)],
      wish("blue", 2),
      { name: "blue-3", action: "keep", after: { "blue-3": 100 } },
    ],
    [
      "mends a failed one",
      endpoint({ v1: 100 }),
      [deployment("v1", 1), deployment("v2", 2, "Failed")],
      wish("v2", 2),
      { name: "v2", action: "update", after: { v2: 100 } },
    ],
    [
      "never changes a live one",
      endpoint({ blue: 100 }),
      [deployment("blue", 1)],
      wish("blue", 2),
      { name: "blue-2", action: "create", after: { "blue-2": 100 } },
    ],
    [
      "finds what it put beside before",
      endpoint({ "blue-2": 100 }),
      [deployment("blue", 1), deployment("blue-2", 2)],
      wish("blue", 2),
      { name: "blue-2", action: "keep", after: { "blue-2": 100 } },
    ],
    [
      "leaves the first name to the way back",
      endpoint({ "blue-2": 100 }),
      [deployment("blue", 1), deployment("blue-2", 2)],
      wish("blue", 3),
      { name: "blue-3", action: "create", after: { "blue-3": 100 } },
    ],
    [
      "goes on counting",
      endpoint({ blue: 50, "blue-2": 50 }),
      [deployment("blue", 1), deployment("blue-2", 2)],
      wish("blue", 3),
      { name: "blue-3", action: "create", after: { "blue-3": 100 } },
    ],
    [
      "takes a share",
      endpoint({ a: 60, b: 40 }),
      [deployment("a", 1), deployment("b", 1)],
      wish("c-1", 2, { trafficPercent: 10 }),
      { name: "c-1", action: "create", after: { a: 54, b: 36, "c-1": 10 } },
    ],
    [
      "leaves the traffic alone",
      endpoint({ a: 100 }),
      [deployment("a", 1)],
      wish("b-1", 2, { trafficPercent: 0, deleteOldDeployments: true }),
      { name: "b-1", action: "create", after: { a: 100 }, remove: [] },
    ],
    [
      "removes what has no traffic any more",
      endpoint({ a: 100 }),
      [deployment("a", 1), deployment("old", 0)],
      wish("b-1", 2, { deleteOldDeployments: true }),
      { name: "b-1", action: "create", after: { "b-1": 100 }, remove: ["a", "old"] },
    ],
    [
      "keeps for the others what keeps their share",
      endpoint({ a: 100 }),
      [deployment("a", 1), deployment("old", 0)],
      wish("b-1", 2, { trafficPercent: 20, deleteOldDeployments: true }),
      { name: "b-1", action: "create", after: { a: 80, "b-1": 20 }, remove: ["old"] },
    ],
  ];
  for (const [what, there, deployments, wanted, expected] of table) {
    it(what, () => {
      const plan = planRollout(there, deployments, wanted);
      assert.equal(plan.endpoint, expected.endpoint ?? "keep");
      assert.deepEqual([plan.deployment.name, plan.deployment.action], [expected.name, expected.action]);
      assert.deepEqual(plan.trafficAfter, expected.after);
      assert.deepEqual(plan.remove, expected.remove ?? []);
    });
  }

  it("says why the wanted name was not used", () => {
    const reason = (traffic: Traffic, there: Deployment[], wanted: RolloutWish) =>
      planRollout(endpoint(traffic), there, wanted).deployment.reason;
    const there = [deployment("blue", 1), deployment("blue-2", 2)];
    assert.equal(
      reason({ blue: 70, "blue-2": 30 }, there, wish("blue", 3)),
      "blue has other content and gets 70 % of the traffic",
    );
    assert.equal(reason({ "blue-2": 100 }, there, wish("blue", 3)), "blue has other content and is kept as a way back");
    assert.equal(reason({ blue: 100 }, there, wish("blue", 1)), undefined);
    const coming = [deployment("blue", 1, "Updating")];
    assert.equal(reason({}, coming, wish("blue", 3)), "blue has other content and is Updating");
    assert.equal(reason({}, coming, wish("blue", 3, { foreign: new Set(["blue"]) })), "another rollout uses blue");
  });

  it("takes back the share that one write gave, and nothing that others have changed since", () => {
    const changes = changesOf({ a: 60, b: 40 }, { a: 54, b: 36, c: 10 });
    assert.deepEqual(changes, { a: [60, 54], b: [40, 36], c: [0, 10] });
    assert.deepEqual(trafficWithout({ a: 54, b: 36, c: 10 }, "c", changes), { a: 60, b: 40 });
    assert.deepEqual(trafficWithout({ d: 90, c: 10 }, "c", changes), { d: 100 });
    assert.equal(trafficWithout({ a: 49, b: 32, c: 9, d: 10 }, "c", changes), undefined);
    assert.equal(trafficWithout({ d: 100 }, "c", changes), undefined);
    const whole = changesOf({ a: 100 }, { c: 100 });
    assert.deepEqual(trafficWithout({ c: 100 }, "c", whole), { a: 100 });
  });

  it("adds up to 100 after every taking back, and never touches a share that is not as it was written", () => {
    const traffic = fc.dictionary(fc.stringMatching(/^[a-z]{3,8}$/), fc.integer({ min: 1, max: 100 }), {
      minKeys: 1,
      maxKeys: 6,
    });
    const whole = (shares: Traffic) => trafficWith(shares, "somebody", 1);
    fc.assert(
      fc.property(traffic, traffic, fc.integer({ min: 1, max: 100 }), (start, later, percent) => {
        const before = whole(start);
        const after = trafficWith(before, "mine-1", percent);
        const changes = changesOf(before, after);
        assert.deepEqual(trafficWithout(after, "mine-1", changes), before);
        const back = trafficWithout(trafficWith(whole(later), "mine-1", percent), "mine-1", changes);
        if (back === undefined) return;
        assert.equal(
          Object.values(back).reduce((sum, share) => sum + share, 0),
          100,
        );
        assert.equal(back["mine-1"], undefined);
      }),
    );
  });

  it("keeps names within 32 characters", () => {
    const name = "a".repeat(32);
    const plan = planRollout(endpoint({ [name]: 100 }), [deployment(name, 1)], wish(name, 2));
    assert.equal(plan.deployment.name, `${"a".repeat(30)}-2`);
  });

  it("preserves what it does not manage, and sends nothing that is read-only", () => {
    const sent = merged(body(2), {
      ...deployment("v1", 1),
      identity: { type: "SystemAssigned", principalId: "p", tenantId: "t" },
    });
    assert.deepEqual(sent["tags"], { own: "tag", BuildId: "2" });
    assert.deepEqual(sent["identity"], { type: "SystemAssigned" });
    assert.deepEqual(sent.properties["livenessProbe"], { period: "PT10S" });
    assert.equal(sent.properties["model"], model(2));
    assert.deepEqual(sent.properties["properties"], { AzureAsyncOperationUri: "https://x" });
    assert.ok(!("provisioningState" in sent.properties));
  });

  it("tells the same from the other", () => {
    assert.ok(hasContent(deployment("v1", 1), body(1)));
    assert.ok(!hasContent(deployment("v1", 1), body(2)));
    assert.ok(!hasContent(deployment("v1", 1), { ...body(1), sku: { name: "Default", capacity: 2 } }));
    const variables = { ...body(1), properties: { ...body(1).properties, environmentVariables: { A: "x" } } };
    assert.ok(!hasContent(deployment("v1", 1), variables));
    assert.ok(
      !hasContent(
        { ...deployment("v1", 1), properties: { ...deployment("v1", 1).properties, environmentVariables: { A: "X" } } },
        variables,
      ),
    );
  });

  it("gives everybody whole percents that add up to 100, in proportion to what they had", () => {
    const traffic = fc.dictionary(fc.stringMatching(/^[a-z]{3,8}$/), fc.integer({ min: 1, max: 100 }), { maxKeys: 6 });
    fc.assert(
      fc.property(traffic, fc.integer({ min: 1, max: 100 }), (before, percent) => {
        const after = trafficWith(before, "the-new-one", percent);
        const shares = Object.values(after);
        assert.ok(shares.every((share) => Number.isInteger(share) && share > 0));
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          100,
        );
        const total = Object.values(before).reduce((sum, share) => sum + share, 0);
        if (total === 0) return;
        assert.equal(after["the-new-one"], percent);
        for (const [name, share] of Object.entries(before)) {
          assert.ok(Math.abs((after[name] ?? 0) - (share * (100 - percent)) / total) <= 1);
        }
      }),
    );
  });

  it("says traffic for people", () => {
    assert.equal(sayTraffic({ a: 90, b: 10, c: 0 }), "a 90 %, b 10 %");
    assert.equal(sayTraffic({}), "none");
    assert.ok(sameTraffic({ a: 100, b: 0 }, { a: 100 }));
  });
});
