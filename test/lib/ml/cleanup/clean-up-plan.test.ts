// The plan of a clean-up: each rule and what protects from it, and invariants over random workspaces.
// Tests: lib/ml/cleanup/clean-up-plan.ts, lib/ml/cleanup/endpoint-plan.ts, lib/ml/cleanup/version-plan.ts, lib/ml/cleanup/fate.ts
import assert from "node:assert/strict";
import fc from "fast-check";
import { nameOf } from "../../../../lib/ml/cleanup/clean-up-plan.ts";
import type { CleanUpInputs } from "../../../../lib/ml/cleanup/clean-up-rules.ts";
import { instantOf } from "../../../../lib/ml/cleanup/endpoint-plan.ts";
import { createdAt, DAY, HOUR } from "../../../../lib/ml/cleanup/fate.ts";
import {
  daysAgo,
  hoursAhead,
  NOW,
  planOf,
  rulesOf,
  type SomeEndpoint,
  someEndpoint,
  someInputs,
  someVersion,
  usesOf,
  without,
  worlds,
} from "./worlds.ts";

const named = (changes: readonly { kind: string; name: string; part?: string; why: string }[]) =>
  changes.map((one) => `${one.kind} ${nameOf(one as never)}`);

describe("the plan of a clean-up: endpoints", () => {
  const plan = (of: SomeEndpoint, inputs: Partial<CleanUpInputs> = {}) =>
    planOf({ endpoints: [someEndpoint(of)] }, inputs);
  const expired = { "azureDevOps.expires": "2026-11-26T18:00:00+01:00" };

  it("delete one whose time to live is over, whatever traffic it has", () => {
    const { changes } = plan({ tags: expired, traffic: { blue: 100 }, deployments: [{ name: "blue" }] });
    assert.deepEqual(named(changes), ["endpoint fraud"]);
    assert.match(changes[0]!.why, /its time to live ended at 2026-11-26T17:00:00\.000Z/);
  });

  it("leave one whose time to live goes on, and one without", () => {
    assert.deepEqual(named(plan({ tags: { "azureDevOps.expires": hoursAhead(1) } }).changes), []);
    assert.deepEqual(named(plan({}).changes), []);
  });

  for (const written of [
    "tomorrow",
    "2026-11-26",
    "2026-11-26T18:00:00",
    "2026-13-45T18:00:00Z",
    "0",
    "1795630000000",
  ]) {
    it(`leave one whose tag is no instant: ${written}`, () => {
      const { changes, kept } = plan({ tags: { "azureDevOps.expires": written } });
      assert.deepEqual(named(changes), []);
      assert.match(kept[0]?.why ?? "", /its tag azureDevOps\.expires is no instant/);
    });
  }

  it("delete an idle one, and none of which Azure Monitor says nothing or something", () => {
    assert.match(plan({ requests: { kind: "none" } }).changes[0]!.why, /no request came in 72 hours/);
    assert.deepEqual(named(plan({ requests: { kind: "some" } }).changes), []);
    const { changes, kept } = plan({ requests: { kind: "unknown", why: "no metrics are there" } });
    assert.deepEqual(named(changes), []);
    assert.match(kept[0]!.why, /whether requests came in 72 hours is not known: no metrics are there/);
  });

  it("take none for idle that is younger than the hours, or has a deployment that is, or no age at all", () => {
    const requests = { kind: "none" } as const;
    assert.deepEqual(named(plan({ requests, age: 2.9 }).changes), []);
    assert.deepEqual(named(plan({ requests, deployments: [{ name: "blue", age: 2.9 }] }).changes), []);
    const { changes, kept } = plan({ requests, age: undefined });
    assert.deepEqual(named(changes), []);
    assert.match(kept[0]!.why, /Azure does not say since when it is there/);
    assert.deepEqual(named(plan({ requests, age: 3 }).changes), ["endpoint fraud"]);
    assert.deepEqual(named(plan({ requests }, { idleHours: undefined }).changes), []);
  });

  it("leave the young deployment that keeps its endpoint, or the next run would delete the endpoint", () => {
    const seen = { age: 30, requests: { kind: "none" }, traffic: {}, deployments: [{ name: "blue", age: 1 }] } as const;
    assert.deepEqual(named(plan(seen, { deploymentDays: 1, idleHours: 72 }).changes), []);
    assert.deepEqual(named(plan(seen, { deploymentDays: 1, idleHours: 24 }).changes), ["endpoint fraud"]);
  });

  it("leave one that the patterns do not name", () => {
    assert.deepEqual(named(plan({ tags: expired }, { endpointPatterns: "pr-*" }).changes), []);
    assert.deepEqual(named(plan({ tags: expired }, { endpointPatterns: "*\n!FRAUD" }).changes), []);
  });

  const shields: [string, SomeEndpoint, RegExp][] = [
    ["a rollout is under way", { rollouts: ["green"] }, /a rollout of green is under way/],
    [
      "a canary waits between two of its steps",
      { tags: { ...expired, "azureDevOps.rolloutInProgress": '{"kind":"canary","deployment":"green","share":10}' } },
      /its tag azureDevOps\.rolloutInProgress says that a rollout is in progress/,
    ],
    ["its lock cannot be read", { rollouts: undefined }, /the endpoint's lock cannot be read/],
    ["it is updated", { state: "Updating" }, /fraud is Updating/],
    ["it is deleted already", { state: "Deleting" }, /fraud is Deleting/],
    ["a deployment comes up", { deployments: [{ name: "green", state: "Creating" }] }, /green is Creating/],
    ["a tag keeps it", { tags: { ...expired, "azureDevOps.keep": "true" } }, /the tag azureDevOps\.keep keeps it/],
    [
      "a tag keeps one of its deployments",
      { deployments: [{ name: "blue", tags: { "azureDevOps.keep": "" } }] },
      /the tag azureDevOps\.keep keeps it/,
    ],
  ];
  for (const [when, of, why] of shields) {
    it(`leave one whose time is over while ${when}, and say so`, () => {
      const { changes, kept } = plan({ tags: expired, ...of });
      assert.deepEqual(named(changes), []);
      assert.match(kept[0]!.why, why);
      assert.match(kept[0]!.why, /its time to live ended/);
    });
  }
});

describe("the plan of a clean-up: deployments", () => {
  const good = { "azureDevOps.lastKnownGood": "blue" };
  const plan = (of: SomeEndpoint, inputs: Partial<CleanUpInputs> = {}) =>
    planOf(
      { endpoints: [someEndpoint({ tags: good, traffic: { blue: 100 }, ...of })] },
      { idleHours: undefined, ...inputs },
    );
  const two = [{ name: "blue" }, { name: "old" }];

  it("delete one without traffic that is old", () => {
    const { changes } = plan({ deployments: two });
    assert.deepEqual(named(changes), ["deployment old of fraud"]);
    assert.match(changes[0]!.why, /it has no traffic and is 100 days old/);
  });

  it("leave one with any traffic, mirrored traffic, or shares that Azure does not show", () => {
    assert.deepEqual(named(plan({ deployments: two, traffic: { blue: 99, OLD: 1 } }).changes), []);
    assert.deepEqual(named(plan({ deployments: two, mirror: { old: 5 } }).changes), []);
    assert.deepEqual(named(plan({ deployments: two, traffic: null }).changes), []);
  });

  it("leave a young one, one without an age, and all without the rule", () => {
    assert.deepEqual(named(plan({ deployments: [{ name: "old", age: 13.9 }] }).changes), []);
    assert.deepEqual(named(plan({ deployments: [{ name: "old", age: undefined }] }).changes), []);
    assert.deepEqual(named(plan({ deployments: two }, { deploymentDays: undefined }).changes), []);
  });

  it("leave the way back: the newest known good one that is ready and has no traffic", () => {
    const tags = { "azureDevOps.lastKnownGood": "blue green teal" };
    const deployments = [{ name: "blue" }, { name: "green", state: "Failed" }, { name: "teal" }, { name: "red" }];
    const { changes, kept } = plan({ tags, deployments });
    assert.deepEqual(named(changes), ["deployment green of fraud", "deployment red of fraud"]);
    assert.deepEqual(named(kept), ["deployment teal of fraud"]);
    assert.match(kept[0]!.why, /it is the last known good deployment/);
  });

  it("without such a tag leave all while the endpoint itself was changed lately", () => {
    const { changes, kept } = plan({ tags: {}, deployments: two, changed: 1 });
    assert.deepEqual(named(changes), []);
    assert.match(kept[0]!.why, /no tag says which deployment was good last/);
    assert.deepEqual(named(plan({ tags: {}, deployments: two, changed: 14 }).changes), ["deployment old of fraud"]);
  });

  it("leave all while the endpoint was changed lately, where somebody moved the traffic to one that the tag does not name", () => {
    const stale = { traffic: { new: 100 }, deployments: [...two, { name: "new" }] };
    const { changes, kept } = plan({ ...stale, changed: 1 });
    assert.deepEqual(named(changes), []);
    assert.match(kept.find(({ part }) => part === "old")!.why, /the endpoint was changed less than 14 days ago/);
    assert.deepEqual(named(plan({ ...stale, changed: 14 }).changes), ["deployment old of fraud"]);
  });

  for (const [whose, of] of [
    ["without such a tag", { tags: {}, deployments: two }],
    [
      "where somebody moved the traffic to one that the tag does not name",
      { traffic: { new: 100 }, deployments: [...two, { name: "new" }] },
    ],
  ] as const) {
    it(`leave all ${whose} while Azure does not date the endpoint's changes: traffic may have moved a moment ago`, () => {
      // The time of the last change is that of the creation, although an endpoint is made without traffic.
      const { changes, kept } = plan({ ...of, age: 100, changed: 100 });
      assert.deepEqual(named(changes), []);
      const why = kept.find(({ part }) => part === "old")?.why ?? "";
      assert.match(why, /Azure does not say when the endpoint was changed last/);
    });
  }

  it("leave all where Azure dated the endpoint's last change before 2024: nothing later would have moved that time", () => {
    const day = (date: string) => (Date.parse("2026-11-27T02:00:00Z") - Date.parse(date)) / DAY;
    const old = { tags: {}, deployments: two, age: day("2022-05-06T14:12:00Z"), changed: day("2023-08-01T00:00:00Z") };
    const { changes, kept } = plan(old);
    assert.deepEqual(named(changes), []);
    assert.match(kept[0]?.why ?? "", /Azure does not say when the endpoint was changed last/);
    assert.deepEqual(named(plan({ ...old, changed: day("2024-08-01T00:00:00Z") }).changes), [
      "deployment old of fraud",
    ]);
  });

  it("leave all while a rollout or another operation is under way, and one that a tag keeps", () => {
    assert.deepEqual(named(plan({ deployments: two, rollouts: ["green"] }).changes), []);
    assert.deepEqual(named(plan({ deployments: two, rollouts: undefined }).changes), []);
    assert.deepEqual(named(plan({ deployments: two, state: "Updating" }).changes), []);
    const kept = { "azureDevOps.keep": "true" };
    assert.deepEqual(named(plan({ deployments: [{ name: "old", tags: kept }] }).changes), []);
  });

  it("name none of an endpoint that goes itself", () => {
    const tags = { "azureDevOps.expires": daysAgo(1) };
    assert.deepEqual(named(plan({ tags, deployments: two }).changes), ["endpoint fraud"]);
  });
});

describe("the plan of a clean-up: versions", () => {
  const versions = (...of: [version: string, age: number | undefined, tags?: Record<string, string> | undefined][]) =>
    of.map(([version, age, tags]) => someVersion(version, age, tags === undefined ? {} : { tags }));
  const plan = (seen: ReturnType<typeof versions>, inputs: Partial<CleanUpInputs> = {}) =>
    planOf({ models: [{ name: "churn", versions: seen }] }, { keepVersions: 2, ...inputs });
  const old = (tags?: Record<string, string>) => versions(["5", 1], ["4", 2], ["3", 31], ["2", 60, tags], ["1", 90]);

  it("archive what is old and not among the newest, by their age and not by their number", () => {
    assert.deepEqual(named(plan(old()).changes), ["model churn:3", "model churn:2", "model churn:1"]);
    const { changes } = plan(versions(["1", 40], ["2", 90], ["3", 80], ["4", 70]));
    assert.deepEqual(named(changes), ["model churn:3", "model churn:2"]);
  });

  it("leave young ones, and those without an age", () => {
    assert.deepEqual(named(plan(versions(["3", 1], ["2", 2], ["1", 29.9])).changes), []);
    const { changes, kept } = plan(versions(["3", undefined], ["2", 40], ["1", 50], ["0", 60]));
    assert.deepEqual(named(changes), ["model churn:0"], "one without an age is not among the newest two");
    assert.match(kept[0]!.why, /Azure does not say when it was made/);
  });

  for (const [what, tags] of [
    ["a label by a tag", { champion: "yes" }],
    ["a label by a stage", { stage: "Production" }],
    ["the tag that keeps it", { "azureDevOps.keep": "true" }],
  ] as const) {
    it(`leave one with ${what}`, () => {
      assert.deepEqual(named(plan(old(tags)).changes), ["model churn:3", "model churn:1"]);
    });
  }

  it("leave the newest that passed its evaluation, and no older one for that", () => {
    const passed = { evaluation: "passed" };
    const { changes } = plan(versions(["5", 1], ["4", 2], ["3", 31], ["2", 60, passed], ["1", 90, passed]));
    assert.deepEqual(named(changes), ["model churn:3", "model churn:1"]);
  });

  it("leave one that a deployment serves, also one that does not match; and let one go with the deployment", () => {
    const serving = (tags: Record<string, string>) => [
      someEndpoint({
        name: "x",
        tags,
        traffic: { blue: 100 },
        deployments: [{ name: "blue", model: "azureml:churn:1" }],
      }),
    ];
    const models = [{ name: "churn", versions: old() }];
    const inputs = { keepVersions: 2, endpointPatterns: "none" };
    assert.deepEqual(named(planOf({ endpoints: serving({}), models }, inputs).changes), [
      "model churn:3",
      "model churn:2",
    ]);
    const gone = planOf(
      { endpoints: serving({ "azureDevOps.expires": daysAgo(1) }), models },
      { ...inputs, endpointPatterns: "*" },
    );
    assert.deepEqual(named(gone.changes), ["endpoint x", "model churn:3", "model churn:2", "model churn:1"]);
  });

  it("leave assets that the patterns do not name, in this case too", () => {
    assert.deepEqual(named(plan(old(), { modelPatterns: "Churn" }).changes), []);
    assert.deepEqual(named(plan(old(), { modelPatterns: "ch?rn\n!churn" }).changes), []);
    assert.deepEqual(named(plan(old(), { modelPatterns: undefined }).changes), []);
  });
});

describe("the plan of a clean-up, over 3,000 random workspaces", () => {
  it("deletes nothing with traffic and nothing protected, and nothing twice", () => {
    fc.assert(
      fc.property(worlds, someInputs, (seen, inputs) => {
        const rules = rulesOf(inputs);
        const { changes } = planOf(seen, inputs);
        for (const change of changes) {
          const tagged = (tags: Record<string, string> | null | undefined) =>
            (tags?.["azureDevOps.keep"] ?? "false") !== "false";
          if (change.kind === "endpoint" || change.kind === "deployment") {
            const at = seen.endpoints.find(({ endpoint }) => endpoint.name === change.name)!;
            assert.equal(rules.endpoints?.(change.name), true);
            assert.deepEqual(at.rollouts, [], "no rollout is under way");
            assert.equal(tagged(at.endpoint.tags), false);
            for (const one of [at.endpoint, ...at.deployments])
              assert.match(one.properties.provisioningState!, /^(Succeeded|Failed)$/);
            const { traffic, mirrorTraffic } = at.endpoint.properties;
            if (change.kind === "endpoint") {
              const over =
                (instantOf(at.endpoint.tags?.["azureDevOps.expires"] ?? "") ?? Number.POSITIVE_INFINITY) <= NOW;
              const young = [at.endpoint, ...at.deployments].some(
                (one) => NOW - (createdAt(one) ?? NOW) < (rules.idleHours ?? 0) * HOUR,
              );
              assert.ok(over || (at.requests?.kind === "none" && !young && rules.idleHours !== undefined));
              assert.ok(!at.deployments.some(({ tags }) => tagged(tags)));
            } else {
              const of = (shares: object | null | undefined) =>
                Object.entries(shares ?? {}).find(([name]) => name.toLowerCase() === change.part!.toLowerCase())?.[1] ??
                0;
              assert.equal(of(traffic) + of(mirrorTraffic), 0, "no traffic, and none mirrored");
              assert.notEqual(traffic, null);
              const one = at.deployments.find(({ name }) => name === change.part)!;
              assert.ok(NOW - createdAt(one)! >= rules.deploymentDays! * DAY);
              assert.equal(tagged(one.tags), false);
              const [newest] = (at.endpoint.tags?.["azureDevOps.lastKnownGood"] ?? "").split(" ");
              assert.notEqual(newest, change.part);
            }
          } else {
            const place = change.kind === "model" ? "models" : "data";
            const asset = seen[place].find(({ name }) => name === change.name)!;
            const one = asset.versions.find(({ name }) => name === change.part)!;
            assert.equal(rules[place]?.(change.name), true);
            assert.ok(NOW - createdAt(one)! >= rules.versionDays * DAY);
            const newer = asset.versions.filter((each) => (createdAt(each) ?? 0) >= createdAt(one)! && each !== one);
            assert.ok(newer.length >= rules.keepVersions, "the newest stay");
            assert.equal(tagged(one.properties?.tags), false);
            assert.ok(
              one.properties?.tags?.["champion"] === undefined && one.properties?.tags?.["stage"] === undefined,
            );
            const left = without(seen, changes);
            const isServed = usesOf(left).some(
              (use) => (use.place ?? place) === place && use.name === change.name && use.version === change.part,
            );
            assert.equal(isServed, false, "no deployment that stays serves it");
          }
        }
        const again = planOf(without(seen, changes), inputs);
        assert.deepEqual(named(again.changes), [], "a second run has nothing to do");
      }),
      { numRuns: 3_000 },
    );
  });
});
