// Plan of a rollback: which deployment gets the traffic, and what is refused. Pure.
import assert from "node:assert/strict";
import type { Deployment } from "../../../../lib/ml/endpoints/deployments.ts";
import {
  IN_PROGRESS,
  LAST_KNOWN_GOOD,
  ROLLED_BACK,
  rolledBack,
  withKnownGood,
  withRolledBack,
} from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import type { Endpoint, Traffic } from "../../../../lib/ml/endpoints/endpoints.ts";
import { planRollback, rollbackLines } from "../../../../lib/ml/rollout/rollback-plan.ts";

const deployments = (...names: string[]): Deployment[] =>
  names.map((text) => {
    const [name = "", provisioningState = "Succeeded"] = text.split(":");
    return { name, properties: { provisioningState } };
  });
const endpoint = (traffic: Traffic, tags: Record<string, string> = {}): Endpoint => ({
  name: "greeter",
  tags,
  properties: { traffic },
});
const good = (...names: string[]) => ({ [LAST_KNOWN_GOOD]: names.join(" ") });
const canary = (deployment: string, share: number, kind = "canary") => ({
  [IN_PROGRESS]: JSON.stringify({ kind, deployment, share, since: "2026-11-27T10:00:00Z", run: "r 7" }),
});

describe("plan of a rollback", () => {
  it("goes from the live deployment to the one that was good before it", () => {
    const plan = planRollback(endpoint({ green: 100 }, good("green", "blue")), deployments("blue", "green"));
    assert.deepEqual([plan.to, plan.from, plan.trafficAfter, plan.isThere], ["blue", ["green"], { blue: 100 }, false]);
    assert.match(
      rollbackLines("greeter", plan).join("\n"),
      /back to blue, because it is the last known good.*\n.*green 100 % -> blue 100 %/,
    );
  });

  it("goes from a canary to the newest good one, and ends the rollout", () => {
    const tags = { ...good("blue", "amber"), ...canary("green", 10) };
    const plan = planRollback(endpoint({ blue: 90, green: 10 }, tags), deployments("amber", "blue", "green"));
    assert.deepEqual([plan.to, plan.from, plan.ends], ["blue", ["green"], "green"]);
  });

  it("never goes to the deployment of the rollout in progress", () => {
    const tags = { ...good("green", "blue"), ...canary("green", 60) };
    assert.equal(planRollback(endpoint({ blue: 40, green: 60 }, tags), deployments("blue", "green")).to, "blue");
  });

  it("stays at the live deployment where only a shadow is to be ended", () => {
    const tags = { ...good("blue", "amber"), ...canary("green", 20, "shadow") };
    const plan = planRollback(endpoint({ blue: 100 }, tags), deployments("amber", "blue", "green"));
    assert.deepEqual([plan.to, plan.from, plan.ends, plan.isThere], ["blue", [], "green", false]);
  });

  it("says that it moves nothing where somebody gave the traffic to one that is not known to be good", () => {
    const tags = { ...good("blue", "amber"), ...canary("green", 20) };
    const there = deployments("amber", "blue", "green", "purple");
    const plan = planRollback(endpoint({ purple: 100 }, tags), there);
    assert.deepEqual([plan.to, plan.from, plan.ends], ["purple", [], "green"]);
    assert.match(plan.stays ?? "", /^purple has all of the traffic, .*run this again with deploymentName: blue, /);
    assert.equal(planRollback(endpoint({ blue: 100 }, tags), there).stays, undefined);
  });

  it("changes nothing where an earlier rollback has gone, also with older good ones behind", () => {
    const before = good("green", "blue", "amber");
    const tags = withRolledBack(before, { to: "blue", from: ["green"], at: "2026-11-27T10:00:00Z" });
    assert.deepEqual(tags, {
      [LAST_KNOWN_GOOD]: "blue amber",
      [ROLLED_BACK]: "blue (from green, 2026-11-27T10:00:00Z)",
    });
    const soon = { now: Date.parse("2026-11-27T10:05:00Z"), of: "" };
    const plan = planRollback(endpoint({ blue: 100 }, tags), deployments("amber", "blue", "green"), undefined, soon);
    assert.deepEqual([plan.to, plan.isThere], ["blue", true]);
    assert.match(
      plan.stays ?? "",
      /^blue has all of the traffic since a rollback of 2026-11-27T10:00:00\.000Z \(5 minutes ago\), so nothing was changed; if .* run this again with deploymentName: amber/,
    );
    // A named one is further back, and gone to.
    assert.equal(planRollback(endpoint({ blue: 100 }, tags), deployments("amber", "blue"), "amber").isThere, false);
    // The next rollout that ends well begins anew.
    const released = withKnownGood(tags, "teal", { blue: 100 });
    assert.equal(rolledBack(released), undefined);
    assert.equal(planRollback(endpoint({ teal: 100 }, released), deployments("blue", "teal")).to, "blue");
  });

  it("goes further back a day after a rollback, except in a rerun of its run", () => {
    const back = { to: "blue", from: ["green"], at: "2026-11-27T10:00:00Z" };
    const to = (at: string, of = "", tags = withRolledBack(good("green", "blue", "amber"), back)) => {
      const there = deployments("amber", "blue", "green");
      return planRollback(endpoint({ blue: 100 }, tags), there, undefined, { now: Date.parse(at), of });
    };
    assert.equal(to("2026-11-28T09:59:00Z").to, "blue");
    const later = to("2026-12-18T10:00:00Z");
    assert.deepEqual([later.to, later.from], ["amber", ["blue"]]);
    assert.match(later.reason, /before blue, to which a rollback went 21 days ago$/);
    const own = withRolledBack(good("green", "blue", "amber"), { ...back, of: "0a1b2c3d" });
    assert.equal(to("2026-12-18T10:00:00Z", "0a1b2c3d", own).to, "blue");
    assert.equal(to("2026-12-18T10:00:00Z", "0a1b2c3e", own).to, "amber");
    // A tag without a time, and a clock that is behind, change nothing.
    assert.equal(to("2026-12-18T10:00:00Z", "", { ...own, [ROLLED_BACK]: "blue (from green, soon)" }).to, "blue");
    assert.equal(to("2026-11-26T10:00:00Z").to, "blue");
    // Where nothing else is good, that is an error and no success.
    const alone = { [ROLLED_BACK]: own[ROLLED_BACK] ?? "", ...good("blue") };
    assert.throws(() => to("2026-12-18T10:00:00Z", "", alone), /no earlier deployment that is known to be good/);
  });

  it("fits into a tag, whatever it went away from", () => {
    const from = Array.from({ length: 20 }, (_, at) => `${"d".repeat(29)}-${String.fromCharCode(97 + at)}x`);
    const at = "2026-11-27T10:00:00.000Z";
    const tags = withRolledBack({}, { to: "b".repeat(32), from, at, of: "0a1b2c3d" });
    assert.ok((tags[ROLLED_BACK]?.length ?? 999) <= 256);
    assert.deepEqual(rolledBack(tags), { to: "b".repeat(32), at: Date.parse(at), of: "0a1b2c3d" });
  });

  it("goes further back where the one that an earlier rollback went to is not ready any more", () => {
    const tags = withRolledBack(good("green", "blue", "amber"), {
      to: "blue",
      from: ["green"],
      at: "2026-11-27T10:00:00Z",
    });
    const plan = planRollback(endpoint({ blue: 100 }, tags), deployments("amber", "blue:Failed", "green"));
    assert.deepEqual([plan.to, plan.from], ["amber", ["blue"]]);
  });

  for (const state of ["Scaling", "Updating"]) {
    it(`goes to the last known good one also while that is ${state}, and not one further back`, () => {
      const tags = good("green", "blue", "amber");
      const there = deployments("amber", `blue:${state}`, "green");
      assert.deepEqual(planRollback(endpoint({ green: 100 }, tags), there).skipped, []);
      assert.equal(planRollback(endpoint({ green: 100 }, tags), there).to, "blue");
      assert.equal(planRollback(endpoint({ green: 100 }, tags), there, "blue").to, "blue");
      // A second click, while the one that the first one went to gets more instances.
      const back = { to: "blue", from: ["green"], at: "2026-11-27T10:00:00Z" };
      const soon = { now: Date.parse("2026-11-27T10:05:00Z"), of: "" };
      const again = planRollback(endpoint({ blue: 100 }, withRolledBack(tags, back)), there, undefined, soon);
      assert.deepEqual([again.to, again.isThere], ["blue", true]);
    });
  }

  it("leaves out the last known good one while another run is changing it", () => {
    const there = deployments("amber", "blue:Updating", "green");
    const moment = { now: 0, of: "", changing: new Set(["blue"]) };
    const plan = planRollback(endpoint({ green: 100 }, good("green", "blue", "amber")), there, undefined, moment);
    assert.deepEqual([plan.to, plan.skipped], ["amber", ["blue was known to be good, and is Updating."]]);
  });

  it("refuses a named one while another run is changing it: what it will be then is not what was asked for", () => {
    const there = deployments("amber", "blue:Updating", "green");
    const moment = { now: 0, of: "", changing: new Set(["blue"]) };
    const go = () => planRollback(endpoint({ green: 100 }, good("green", "blue")), there, "blue", moment);
    assert.throws(go, /The deployment blue of .* is Updating, so it gets no traffic, and nothing was changed/);
  });

  it("leaves out good ones that are gone or not ready, and says so", () => {
    const plan = planRollback(
      endpoint({ teal: 100 }, good("teal", "green", "blue", "amber")),
      deployments("blue:Failed", "amber", "teal"),
    );
    assert.equal(plan.to, "amber");
    assert.deepEqual(plan.skipped, [
      "green was known to be good, and is not there any more.",
      "blue was known to be good, and is Failed.",
    ]);
  });

  it("takes a name in any case, and says that the traffic is there already", () => {
    const plan = planRollback(endpoint({ blue: 100 }), deployments("blue"), "BLUE");
    assert.deepEqual([plan.to, plan.isThere], ["blue", true]);
  });

  const refused: readonly (readonly [what: string, Endpoint, Deployment[], string | undefined, RegExp])[] = [
    [
      "a deployment that is not there",
      endpoint({ blue: 100 }),
      deployments("blue"),
      "lost",
      /no deployment lost, so nothing was changed; it has blue \(Succeeded, 100 %\)/,
    ],
    [
      "a deployment that failed",
      endpoint({ blue: 100 }),
      deployments("blue", "bad:Failed"),
      "bad",
      /bad of greeter is Failed, so it gets no traffic/,
    ],
    ["a deployment that comes up", endpoint({ blue: 100 }), deployments("blue", "new:Creating"), "new", /is Creating/],
    [
      "an endpoint without the tag",
      endpoint({ blue: 100 }),
      deployments("blue", "green"),
      undefined,
      /its tag names none\), so nothing was changed; it has blue .*green \(Succeeded, 0 %\)/,
    ],
    [
      "an endpoint whose only good one is live",
      endpoint({ blue: 100 }, good("blue")),
      deployments("blue"),
      undefined,
      /no earlier deployment/,
    ],
    [
      "a tag of somebody's own making",
      endpoint({ blue: 100 }, good("../../x", "$(rm)", "a")),
      deployments("blue"),
      undefined,
      /no earlier deployment/,
    ],
    ["an endpoint without deployments", endpoint({}), [], "blue", /it has no deployments/],
  ];
  for (const [what, at, there, wanted, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => planRollback(at, there, wanted), { name: "TaskError", message });
    });
  }
});
