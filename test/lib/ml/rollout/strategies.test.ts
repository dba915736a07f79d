// Plans of every strategy: the invariants that hold for each of 10,000 random plans, and tables of what each strategy writes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskError } from "../../../../lib/errors.ts";
import type { Deployment } from "../../../../lib/ml/endpoints/deployments.ts";
import type { Tags } from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import type { Endpoint, Traffic } from "../../../../lib/ml/endpoints/endpoints.ts";
import { shareOf, trafficWith, withoutZeros } from "../../../../lib/ml/endpoints/traffic-shares.ts";
import { planLines, planRollout, type RolloutPlan } from "../../../../lib/ml/rollout/rollout-plan.ts";
import { withProgress } from "../../../../lib/ml/rollout/rollout-progress.ts";
import type { PlannedStrategy, RolloutWish } from "../../../../lib/ml/rollout/rollout-wish.ts";

const NAMES = ["blue", "green", "teal", "blue-2", `${"r".repeat(31)}x`];
const bodyOf = (content: string, computeType = "Managed") => ({
  location: "eastus",
  properties: { model: content, endpointComputeType: computeType },
});

interface World {
  readonly endpoint: Endpoint | undefined;
  readonly deployments: readonly Deployment[];
  readonly wish: RolloutWish;
}

const sum = (traffic: Traffic) => Object.values(traffic).reduce((total, share) => total + share, 0);

/** Whole shares that add up to 100 among some of the names. */
const trafficAmong = (names: readonly string[]) =>
  fc.array(fc.nat({ max: 100 }), { minLength: names.length, maxLength: names.length }).map((weights): Traffic => {
    let left = 100;
    const shares: Record<string, number> = {};
    for (const [at, name] of names.entries()) {
      shares[name] = at === names.length - 1 ? left : Math.min(left, weights[at] ?? 0);
      left -= shares[name];
    }
    return names.length === 0 ? {} : shares;
  });

const strategies: fc.Arbitrary<PlannedStrategy> = fc.oneof(
  fc.constant({ kind: "blueGreen" } as const),
  fc.constant({ kind: "inPlace" } as const),
  fc
    .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 })
    .map((steps) => ({ kind: "canary", steps: steps.sort((a, b) => a - b) }) as const),
  fc.integer({ min: 1, max: 50 }).map((percent) => ({ kind: "shadow", percent }) as const),
);

const worlds: fc.Arbitrary<World> = fc
  .record({
    there: fc.subarray(NAMES),
    states: fc.array(
      fc.constantFrom("Succeeded", "Succeeded", "Failed", "Creating", "Updating", "Deleting", "Canceled"),
      {
        minLength: NAMES.length,
        maxLength: NAMES.length,
      },
    ),
    contents: fc.array(fc.constantFrom("a", "b", "c"), { minLength: NAMES.length, maxLength: NAMES.length }),
    live: fc.subarray(NAMES),
    mirrored: fc.option(fc.constantFrom(...NAMES)),
    mirror: fc.integer({ min: 1, max: 50 }),
    isThere: fc.boolean(),
    progress: fc.option(fc.record({ name: fc.constantFrom(...NAMES), shadow: fc.boolean(), stands: fc.boolean() })),
    name: fc.constantFrom(...NAMES),
    content: fc.constantFrom("a", "b", "c"),
    compute: fc.constantFrom("Managed", "Managed", "Managed", "Kubernetes"),
    percent: fc.oneof(fc.constant(100), fc.constant(0), fc.integer({ min: 0, max: 100 })),
    remove: fc.boolean(),
    foreign: fc.subarray(NAMES),
    own: fc.subarray(NAMES),
    strategy: strategies,
  })
  .chain((made) =>
    trafficAmong(made.live.filter((name) => made.there.includes(name))).map((traffic): World => {
      const deployments = made.there.map((name, at) => ({
        name,
        properties: { ...bodyOf(made.contents[at] ?? "a").properties, provisioningState: made.states[at] ?? "" },
      }));
      const { mirrored } = made;
      const isMirror = mirrored !== null && made.there.includes(mirrored) && shareOf(traffic, mirrored) === 0;
      const mirrorTraffic: Traffic = isMirror ? { [mirrored]: made.mirror } : {};
      const tags = made.progress === null ? {} : tagsOf(made.progress, traffic, mirrorTraffic);
      const isThere = made.isThere || made.there.length > 0;
      return {
        endpoint: isThere ? { name: "ep", tags, properties: { traffic, mirrorTraffic } } : undefined,
        deployments,
        wish: {
          name: made.name,
          body: bodyOf(made.content, made.compute),
          trafficPercent: made.percent,
          deleteOldDeployments: made.remove,
          foreign: new Set(made.foreign),
          own: new Set(made.own),
          strategy: made.strategy,
        },
      };
    }),
  );

function tagsOf(
  { name, shadow, stands }: { name: string; shadow: boolean; stands: boolean },
  traffic: Traffic,
  mirror: Traffic,
): Tags {
  const share = shareOf(shadow ? mirror : traffic, name);
  return withProgress(
    {},
    {
      kind: shadow ? "shadow" : "canary",
      deployment: name,
      share: stands && share > 0 ? share : 7,
      since: "2026-11-27T10:00:00.000Z",
      run: "train 7",
      by: "11111111-2222-4333-8444-555555555555",
      made: true,
      was: undefined,
      of: "0f0f0f0f",
      taken: ["0a1b2c3d"],
    },
  );
}

/** Each invariant of a plan; what it says is what was violated. */
function requireInvariants({ endpoint, deployments, wish }: World, plan: RolloutPlan): void {
  const before = withoutZeros(endpoint?.properties.traffic ?? {});
  const mirrorBefore = withoutZeros(endpoint?.properties.mirrorTraffic ?? {});
  const { name, action } = plan.deployment;
  const strategy = wish.strategy?.kind;
  const there = new Set(deployments.map((one) => one.name));
  assert.ok(/^[a-zA-Z][-a-zA-Z0-9]{2,31}$/.test(name), `name ${name}`);

  for (const { traffic, mirror } of plan.moves) {
    assert.ok([0, 100].includes(sum(traffic)), `traffic adds up to ${sum(traffic)}`);
    if (sum(before) > 0) assert.equal(sum(traffic), 100, "nobody is live any more");
    for (const one of Object.keys({ ...traffic, ...mirror })) {
      assert.ok(there.has(one) || one === name, `${one} is not there and gets traffic`);
    }
    const mirrors = Object.entries(withoutZeros(mirror));
    assert.ok(mirrors.length <= 1, "mirrors to two");
    for (const [one, share] of mirrors) {
      assert.ok(share <= 50, `mirrors ${share} %`);
      assert.equal(shareOf(traffic, one), 0, "live and mirrored at once");
      // Somebody else's mirror is as it was.
      if (one !== name) assert.equal(share, mirrorBefore[one]);
    }
    for (const one of Object.keys(mirrorBefore)) {
      if (one !== name) assert.equal(shareOf(mirror, one), mirrorBefore[one], "somebody else's mirror ended");
    }
  }
  assert.deepEqual(plan.trafficAfter, plan.moves.at(-1)?.traffic ?? before);

  for (const one of plan.remove) {
    assert.ok(there.has(one) && one !== name, `removes ${one}`);
    assert.equal(shareOf(plan.trafficAfter, one), 0, `removes ${one}, which gets traffic`);
    assert.equal(shareOf(plan.moves.at(-1)?.mirror ?? mirrorBefore, one), 0, `removes ${one}, which is mirrored to`);
  }
  if (action === "create") assert.ok(!there.has(name), "makes what is there");
  else assert.ok(there.has(name), "changes what is not there");
  if (action === "update") {
    assert.equal(shareOf(before, name), 0, "changes what has traffic");
    assert.equal(shareOf(mirrorBefore, name), 0, "changes what is mirrored to");
  }
  if (action === "change") assert.equal(strategy, "inPlace");
  const isForeign = wish.foreign?.has(name) === true;
  if (action === "update" || action === "change") assert.ok(!isForeign, "changes what another rollout is at");

  if (strategy === "canary") {
    const shares = [shareOf(before, name), ...plan.moves.map(({ traffic }) => shareOf(traffic, name))];
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
      "the canary's share falls",
    );
    // A share that it has already is judged first, once.
    const isAdopted = shares[0] === shares[1] && shares[0] !== 0 && plan.progress === undefined;
    assert.equal(new Set(shares).size, shares.length - (isAdopted ? 1 : 0), "a share is written twice");
  }
  if (strategy === "shadow") {
    for (const { traffic } of plan.moves) assert.deepEqual(traffic, before, "a shadow moves traffic");
    assert.deepEqual(plan.moves.at(-1)?.mirror, {}, "the mirror stays");
    assert.deepEqual(plan.remove, []);
  }
  if (strategy === "inPlace" && action !== "create") assert.deepEqual(plan.moves, [], "in place moves traffic");
}

describe("plans of all strategies", () => {
  it("keep the invariants, 10,000 random ones", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(worlds, (world) => {
        let plan: RolloutPlan;
        try {
          plan = planRollout(world.endpoint, world.deployments, world.wish);
        } catch (error) {
          assert.ok(error instanceof TaskError && /AML161\d|AML160\d/.test(error.errorCode ?? ""), String(error));
          seen.set("refused", (seen.get("refused") ?? 0) + 1);
          return;
        }
        requireInvariants(world, plan);
        assert.ok(planLines("ep", plan).every((line) => !/undefined|NaN/.test(line)));
        const what = `${world.wish.strategy?.kind} ${plan.deployment.action}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }),
      { numRuns: 10_000 },
    );
    // A generator that reaches only some of them would hold the invariants of nothing.
    const expected = ["blueGreen", "canary", "shadow"].flatMap((kind) =>
      ["create", "keep", "update", "wait"].map((action) => `${kind} ${action}`),
    );
    for (const what of [...expected, "inPlace change", "inPlace create", "inPlace keep", "refused"]) {
      assert.ok((seen.get(what) ?? 0) > 0, `${what}: ${seen.get(what) ?? 0}`);
    }
  });
});

describe("the plan of a strategy", () => {
  const blue: Deployment = { name: "blue", properties: { ...bodyOf("a").properties, provisioningState: "Succeeded" } };
  const wish = (strategy: PlannedStrategy, more: Partial<RolloutWish> = {}): RolloutWish => ({
    name: "green",
    body: bodyOf("b"),
    trafficPercent: 100,
    deleteOldDeployments: false,
    strategy,
    ...more,
  });
  const live = (traffic: Traffic, mirrorTraffic: Traffic = {}): Endpoint => ({
    name: "ep",
    properties: { traffic, mirrorTraffic },
  });
  const sharesOf = (plan: RolloutPlan) =>
    plan.moves.map(({ traffic, mirror }) => ({ ...traffic, ...(Object.keys(mirror).length ? { mirror } : {}) }));

  it("gives a canary its shares one after the other", () => {
    const plan = planRollout(live({ blue: 100 }), [blue], wish({ kind: "canary", steps: [10, 50, 100] }));
    assert.deepEqual(sharesOf(plan), [{ blue: 90, green: 10 }, { blue: 50, green: 50 }, { green: 100 }]);
    assert.match(
      planLines("ep", plan).join("\n"),
      /traffic blue 100 % -> blue 90 %, green 10 % -> blue 50 %, green 50 % -> green 100 %/,
    );
  });

  it("gives the first deployment of an endpoint all of the traffic at once: there is nothing to compare it with", () => {
    const plan = planRollout(undefined, [], wish({ kind: "canary", steps: [10, 50] }));
    assert.deepEqual(sharesOf(plan), [{ green: 100 }]);
  });

  it("goes on from the share that the canary has, and takes its shares of the traffic before the rollout", () => {
    const green: Deployment = {
      name: "green",
      properties: { ...bodyOf("b").properties, provisioningState: "Succeeded" },
    };
    const was = { blue: 99, teal: 1 };
    const now = trafficWith(was, "green", 10);
    const tags = withProgress({}, { ...progress, was });
    const plan = planRollout({ ...live(now), tags }, [blue, green], wish({ kind: "canary", steps: [10, 80] }));
    assert.equal(plan.deployment.action, "keep");
    assert.deepEqual(sharesOf(plan), [trafficWith(was, "green", 80)]);
    assert.equal(plan.progress?.since, "2026-11-27T10:00:00.000Z");
  });

  it("judges a share that the deployment has from elsewhere before it gets more", () => {
    const green: Deployment = {
      name: "green",
      properties: { ...bodyOf("b").properties, provisioningState: "Succeeded" },
    };
    const plan = planRollout(live({ blue: 80, green: 20 }), [blue, green], wish({ kind: "canary", steps: [10, 50] }));
    assert.deepEqual(sharesOf(plan), [
      { blue: 80, green: 20 },
      { blue: 50, green: 50 },
    ]);
  });

  it("refuses a second rollout with steps beside one that is in progress, and names that one", () => {
    const tags = withProgress({}, { ...progress, deployment: "teal" });
    const endpoint = { ...live({ blue: 90, teal: 10 }), tags };
    for (const strategy of [
      { kind: "canary", steps: [10] },
      { kind: "shadow", percent: 10 },
    ] as const) {
      assert.throws(
        () => planRollout(endpoint, [blue, { ...blue, name: "teal" }], wish(strategy)),
        /canary rollout of the deployment teal is in progress: it has 10 % since 2026-11-27T10:00:00.000Z, set by the run train 7/,
      );
    }
    // Blue/green replaces it; and a share that somebody has changed since is in progress no more.
    planRollout(endpoint, [blue, { ...blue, name: "teal" }], wish({ kind: "blueGreen" }));
    planRollout({ ...endpoint, ...live({ blue: 80, teal: 20 }) }, [blue], wish({ kind: "canary", steps: [10] }));
  });

  it("copies requests to a shadow and ends the mirror, while the traffic stays", () => {
    const plan = planRollout(live({ blue: 100 }), [blue], wish({ kind: "shadow", percent: 20 }));
    assert.deepEqual(sharesOf(plan), [{ blue: 100, mirror: { green: 20 } }, { blue: 100 }]);
    assert.match(
      planLines("ep", plan).join("\n"),
      /traffic blue 100 %, which stays\n {2}copies of requests: green 20 % -> none/,
    );
  });

  it("refuses a shadow where Azure would refuse the mirror, or somebody else's would end", () => {
    const shadow = wish({ kind: "shadow", percent: 20 });
    const green: Deployment = {
      name: "green",
      properties: { ...bodyOf("b").properties, provisioningState: "Succeeded" },
    };
    const cases: readonly [Endpoint | undefined, readonly Deployment[], RolloutWish, RegExp][] = [
      [live({}), [], shadow, /no deployment of the endpoint has live traffic/],
      [
        live({ blue: 90, green: 10 }),
        [blue, green],
        shadow,
        /green has the same content already and gets 10 % of the live traffic/,
      ],
      [
        live({ blue: 100 }, { teal: 5 }),
        [blue, { ...blue, name: "teal" }],
        shadow,
        /teal has 5 % of the requests copied/,
      ],
      [live({ blue: 100 }), [blue], { ...shadow, body: bodyOf("b", "Kubernetes") }, /managed endpoints only/],
    ];
    for (const [endpoint, deployments, one, words] of cases) {
      assert.throws(() => planRollout(endpoint, deployments, one), words);
    }
  });

  it("changes the named deployment in place, whatever its traffic, and makes one that is missing as ever", () => {
    const changed = planRollout(live({ blue: 100 }), [blue], wish({ kind: "inPlace" }, { name: "blue" }));
    assert.deepEqual([changed.deployment.action, changed.deployment.name, changed.moves], ["change", "blue", []]);
    assert.match(
      planLines("ep", changed).join("\n"),
      /change the deployment blue in place, with 100 % of the traffic on it/,
    );
    const same = planRollout(
      live({ blue: 100 }),
      [blue],
      wish({ kind: "inPlace" }, { name: "blue", body: bodyOf("a") }),
    );
    assert.equal(same.deployment.action, "keep");
    const made = planRollout(live({ blue: 100 }), [blue], wish({ kind: "inPlace" }, { trafficPercent: 10 }));
    assert.deepEqual([made.deployment.action, sharesOf(made)], ["create", [{ blue: 90, green: 10 }]]);
  });

  it("says before what becomes of a failed deployment that never came up: it is deleted, made anew, and gets its share", () => {
    const green: Deployment = { name: "green", properties: { ...bodyOf("b").properties, provisioningState: "Failed" } };
    const plans = (kind: "inPlace" | "blueGreen", percent: number, was = green) =>
      planLines(
        "ep",
        planRollout(
          live({ blue: 100 }),
          [blue, was],
          wish({ kind }, { name: "green", body: bodyOf("c"), trafficPercent: percent }),
        ),
      ).join("\n");
    const anew = "if green never came up, Azure does not change it: it is deleted and made anew";
    assert.ok(plans("inPlace", 100).includes(`  ${anew}, and the traffic becomes green 100 %`), plans("inPlace", 100));
    assert.ok(plans("inPlace", 0).includes(`  ${anew}, and the traffic stays`), plans("inPlace", 0));
    assert.ok(!plans("inPlace", 100).includes("put back"), "nothing good is there to put back");
    assert.ok(
      plans("blueGreen", 100).includes(`  ${anew}\n  traffic blue 100 % -> green 100 %`),
      plans("blueGreen", 100),
    );
    const ready = { ...green, properties: { ...green.properties, provisioningState: "Succeeded" } };
    assert.ok(!plans("inPlace", 100, ready).includes(anew), plans("inPlace", 100, ready));
  });

  it("says of a failed deployment with traffic no word of a deletion, which Azure refuses, and names each one that goes after it", () => {
    const green: Deployment = { name: "green", properties: { ...bodyOf("b").properties, provisioningState: "Failed" } };
    const lines = (endpoint: Endpoint, deleteOldDeployments: boolean) =>
      planLines(
        "ep",
        planRollout(
          endpoint,
          [blue, green],
          wish({ kind: "inPlace" }, { name: "green", body: bodyOf("c"), trafficPercent: 100, deleteOldDeployments }),
        ),
      );
    for (const endpoint of [live({ green: 100 }), live({ blue: 60, green: 40 }), live({ blue: 100 }, { green: 5 })])
      assert.ok(!/never came up|delete/.test(lines(endpoint, true).join("\n")), lines(endpoint, true).join("\n"));
    const anew =
      "  if green never came up, Azure does not change it: it is deleted and made anew, and the traffic becomes green 100 %";
    assert.ok(lines(live({ blue: 100 }), true).includes(`${anew}; then the deployment blue is deleted`));
    assert.ok(lines(live({ blue: 100 }), false).includes(anew));
  });

  it("ends the mirror of a deployment in the write that makes it live", () => {
    const green: Deployment = {
      name: "green",
      properties: { ...bodyOf("b").properties, provisioningState: "Succeeded" },
    };
    const plan = planRollout(live({ blue: 100 }, { green: 20 }), [blue, green], wish({ kind: "blueGreen" }));
    assert.deepEqual(plan.moves, [{ traffic: { green: 100 }, mirror: {} }]);
  });
});

const progress = {
  kind: "canary",
  deployment: "green",
  share: 10,
  since: "2026-11-27T10:00:00.000Z",
  run: "train 7",
  by: "11111111-2222-4333-8444-555555555555",
  made: true,
  was: { blue: 100 },
  of: "",
  taken: [],
} as const;
