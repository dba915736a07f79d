// Judges canaries by what Azure Monitor has in local Azure: the same minutes of both deployments, side by side.
// Tests: lib/ml/monitor/judge-canary.ts, lib/ml/monitor/endpoint-requests.ts, lib/ml/monitor/metrics.ts
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { defaultCanaryRules } from "../../../../lib/ml/monitor/default-rules.ts";
import { requestsOfEndpoint } from "../../../../lib/ml/monitor/endpoint-requests.ts";
import {
  type CanaryRequest,
  judgeCanary,
  readCanaryRules,
  requireJudgeable,
} from "../../../../lib/ml/monitor/judge-canary.ts";
import type { Clock } from "../../../../lib/poll.ts";
import { builtInRoles } from "../../../../local/azure/arm/roles.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import type { SeededMinutes } from "../../../../local/azure/scenarios/rules.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { ask, tokenOf } from "../../../local/azure/client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../../../local/azure/online-scripts.ts";
import { answered, type Opening, openLocal } from "../world.ts";

const MINUTE = 60_000;

describe("a canary on local Azure", () => {
  let cloud: LocalCloud;
  /** 08:00, on a full minute. */
  const start = Date.parse("2026-03-02T08:00:00Z");
  const at = (minutes: number) => start + minutes * MINUTE;
  const clock: Clock = { now: () => cloud.azure.clock.now(), sleep: () => Promise.resolve() };

  /** Requests of twenty minutes, from 07:35 to 07:55. */
  const seed = (deployment: string, more: Partial<SeededMinutes> = {}): void =>
    seedMinutes(cloud.azure, [
      { endpoint: "fraud", deployment, ago: 25 * MINUTE, span: 20 * MINUTE, requests: 100, latency: 50, ...more },
    ]);
  const open = (opening: Opening = {}) => openLocal({ cloud, ...opening });
  const judge = async (more: Partial<CanaryRequest> & { text?: string } = {}, opening: Opening = {}) => {
    const { text = defaultCanaryRules, ...rest } = more;
    return judgeCanary(await open(opening), {
      ...{ endpoint: "fraud", fresh: "green", live: "blue", from: at(-20), to: at(-5), clock },
      ...{ rules: await readCanaryRules(text), minimumRequests: 50, alerts: [] },
      ...rest,
    });
  };

  before(async () => {
    cloud = await startCloud({ scenarios: { clock: { start: start - 60 * MINUTE }, rules: [] } });
    cloud.azure.directory.lifetime = 10 * 365 * 86_400;
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    const { code, model } = await registerGreeter(cloud, { code: "fraud", model: "fraud" });
    await make(cloud, "/onlineEndpoints/fraud", endpointRequest());
    for (const name of ["blue", "green"])
      await make(cloud, `/onlineEndpoints/fraud/deployments/${name}`, deploymentRequest(model, code));
    cloud.azure.clock.leap(start + 100 - cloud.azure.clock.now());
  });
  after(() => cloud.close());
  beforeEach(() => cloud.azure.store("scoringMinutes").clear());

  it("excuses no errors by those of a live deployment that had next to no requests", async () => {
    seed("blue", { ago: 10 * MINUTE, span: MINUTE, requests: 1, answers: { "503": 1 } });
    seed("green", { answers: { "503": 75 } });
    const { outcome, reasons } = await judge();
    assert.equal(outcome, "inconclusive");
    assert.match(reasons.join(), /The live deployment blue answered 1 requests .*; at least 50 are needed/);
    // A rule that does not speak of the live one needs nothing of it.
    assert.equal((await judge({ text: "new.errorRate <= 0.01" })).outcome, "fail");
  });

  it("passes with the numbers of both, when errors and latency are as the live one's", async () => {
    seed("blue", { requests: 900, answers: { "424/500": 9 } });
    seed("green", { requests: 100, answers: { "424/500": 1 }, latency: 55 });
    const verdict = await judge();
    assert.equal(verdict.outcome, "pass", verdict.reasons.join("\n"));
    assert.deepEqual(verdict.window, { from: "2026-03-02T07:40:00Z", to: "2026-03-02T07:55:00Z" });
    const { new: fresh, live } = verdict.numbers;
    assert.deepEqual([fresh.requests, fresh.errors, fresh.errorRate, fresh.latencyP95], [1_500, 15, 0.01, 55]);
    assert.deepEqual([live?.requests, live?.errors, live?.latencyP95], [13_500, 135, 50]);
    assert.deepEqual(
      verdict.rules.map(({ rule, outcome }) => [rule, outcome]),
      [
        ["new.errorRate <= live.errorRate + 0.01", "pass"],
        ["new.latencyP95 <= 1.2 * live.latencyP95", "pass"],
      ],
    );
    assert.deepEqual(verdict.notJudged.length, 1);
  });

  const bad: [string, Partial<SeededMinutes>, RegExp][] = [
    [
      "answers 5xx",
      { answers: { 503: 5 } },
      /^new\.errorRate <= live\.errorRate \+ 0\.01: new\.errorRate = 0\.05 is not at most/,
    ],
    [
      "has a scoring script that fails, which is 424 to callers",
      { answers: { "424/500": 5 } },
      /errorRate = 0\.05 is not at most/,
    ],
    [
      "is slow",
      { latency: 61 },
      /new\.latencyP95 = 61 is not at most 1\.2 \* live\.latencyP95 = 60 \(of blue, whose latencyP95 is 50\)/,
    ],
  ];
  for (const [what, more, reason] of bad) {
    it(`fails when the new deployment ${what}`, async () => {
      seed("blue", { requests: 900 });
      seed("green", more);
      const verdict = await judge();
      assert.equal(verdict.outcome, "fail");
      assert.match(verdict.reasons.join("\n"), reason);
    });
  }

  it("is not failed by callers' errors, and can be by a rule about them", async () => {
    seed("blue", { requests: 900 });
    seed("green", { answers: { 429: 30 } });
    assert.equal((await judge()).outcome, "pass");
    assert.equal((await judge({ text: "new.clientErrorRate <= 0.1" })).outcome, "fail");
  });

  it("is open without requests of its own, with too few, and without those of the live one", async () => {
    seed("blue", { requests: 900 });
    const none = await judge();
    assert.equal(none.outcome, "inconclusive");
    assert.match(none.reasons.join(), /no requests of the new deployment green from 2026-03-02T07:40:00Z/);
    seed("green", { requests: 3 });
    const few = await judge();
    assert.equal(few.outcome, "inconclusive");
    assert.match(few.reasons.join(), /answered 45 requests .*; at least 50 are needed/);
    cloud.azure.store("scoringMinutes").clear();
    seed("green");
    const alone = await judge();
    assert.equal(alone.outcome, "inconclusive");
    assert.match(alone.reasons.join(), /The live deployment blue has no metric "errorRate"/);
    assert.equal((await judge({ live: undefined, text: "new.errorRate <= 0.01" })).outcome, "pass");
  });

  it("looks at no minute of the last five, in which an emptiness is no calm", async () => {
    seed("blue", { requests: 900, span: 25 * MINUTE });
    seed("green", { ago: 5 * MINUTE, span: 5 * MINUTE, answers: { 503: 100 } });
    const verdict = await judge({ to: at(0) });
    assert.equal(verdict.window.to, "2026-03-02T07:55:00Z");
    assert.equal(verdict.outcome, "inconclusive");
    const early = await judge({ from: at(-3), to: at(0) });
    assert.match(early.reasons.join(), /five minutes old/);
  });

  it("compares with other minutes of the live one where it has none in the same, once all traffic has moved", async () => {
    seed("blue", { ago: 25 * MINUTE, span: 8 * MINUTE, requests: 900 });
    seed("green", { ago: 15 * MINUTE, span: 10 * MINUTE, requests: 900 });
    const later = { from: at(-15), to: at(-5) };
    assert.equal((await judge(later)).outcome, "inconclusive");
    assert.equal((await judge({ ...later, liveMinutes: { from: at(-25), to: at(-17) } })).outcome, "pass");
  });

  it("tolerates as many failed measurements as the limit says", async () => {
    seed("blue", { requests: 900 });
    seed("green");
    seed("green", { ago: 20 * MINUTE, span: 5 * MINUTE, answers: { 503: 100 } });
    assert.equal((await judge()).outcome, "fail");
    const tolerant = await judge({ failureLimit: 1 });
    assert.equal(tolerant.outcome, "pass", tolerant.reasons.join("\n"));
    assert.match(tolerant.reasons.join(), /1 of 3 measurements failed, and failureLimit is 1/);
  });

  it("judges processor and memory, and asks for them only where a rule does", async () => {
    seed("blue", { cpu: 40, memory: 50 });
    seed("green", { cpu: 45, memory: 96 });
    const asked: string[] = [];
    const onRequest = (_method: string, url: string) => {
      if (/\/metrics\?/.test(url)) asked.push(decodeURIComponent(url));
    };
    await judge({}, { onRequest });
    assert.equal(asked.length, 4);
    assert.ok(
      asked.every((url) => url.includes("$filter=deployment eq '")),
      asked.join("\n"),
    );
    asked.length = 0;
    const verdict = await judge({ text: "new.memory <= 90\nnew.cpu <= 1.5 * live.cpu" }, { onRequest });
    assert.equal(asked.length, 6);
    assert.deepEqual(
      verdict.rules.map(({ outcome }) => outcome),
      ["fail", "pass"],
    );
    assert.match(verdict.reasons.join(), /new\.memory = 96 is not at most 90/);
  });

  it("reads both deployments in one sequential round trip", async () => {
    seed("blue");
    seed("green");
    let [under, most, total] = [0, 0, 0];
    const between: Opening["between"] = async (request, send) => {
      if (!/\/metrics\?/.test(request.url)) return send();
      total += 1;
      under += 1;
      most = Math.max(most, under);
      // Each is held until all have left.
      for (let turns = 0; most < 4 && turns < 1_000; turns += 1) await new Promise(setImmediate);
      return send().finally(() => (under -= 1));
    };
    assert.equal((await judge({}, { between })).outcome, "pass");
    assert.deepEqual([most, total], [4, 4]);
  });

  it("takes the time from the resource manager, whatever the agent's own clock says", async () => {
    const now = cloud.azure.clock.now();
    assert.ok(Math.abs(now - Date.now()) > 86_400_000, "the cloud's clock is another one");
    seed("blue");
    seed("green");
    const workspace = await open();
    const verdict = await judgeCanary(workspace, {
      ...{ endpoint: "fraud", fresh: "green", live: "blue", from: now - 20 * MINUTE, to: now },
      ...{ rules: await readCanaryRules(defaultCanaryRules), alerts: [] },
    });
    assert.equal(verdict.outcome, "pass", verdict.reasons.join("\n"));
    assert.ok(Math.abs(workspace.azure.now() - cloud.azure.clock.now()) < 5_000);
  });

  it("is open while Azure Monitor fails, and says so", async () => {
    seed("blue");
    seed("green");
    const between: Opening["between"] = async (request, send) =>
      /\/metrics\?.*Latency/.test(request.url)
        ? answered(request, 200, { value: [{ name: { value: "RequestLatency_P95" }, errorCode: "Throttled" }] })
        : send();
    const verdict = await judge({}, { between });
    assert.equal(verdict.outcome, "inconclusive");
    assert.match(verdict.reasons.join(), /Azure Monitor could not be read: .*RequestLatency_P95 .*Throttled/);
  });

  it("names the permission where metrics may not be read, and before anything is changed for it", async () => {
    const principal = cloud.azure.directory.find(cloud.credentials.contributor.clientId);
    assert.ok(principal !== undefined);
    const isForbidden = (error: unknown) =>
      error instanceof TaskError &&
      error.kind === "forbidden" &&
      /Microsoft\.Insights\/metrics\/read/.test(error.hint ?? "");
    try {
      Object.assign(principal, { roles: [builtInRoles.dataScientist] });
      await assert.rejects(judge(), isForbidden);
      const workspace = await open();
      await assert.rejects(requireJudgeable(workspace, { endpoint: "fraud", alerts: [], clock }), isForbidden);
    } finally {
      Object.assign(principal, { roles: undefined });
    }
    const workspace = await open();
    await requireJudgeable(workspace, { endpoint: "fraud", alerts: [], clock });
    await requireJudgeable(workspace, { endpoint: "not-there-yet", alerts: [], clock });
  });

  it("does not let a deployment's name choose other metrics", async () => {
    seed("blue", { requests: 900 });
    const verdict = await judge({ fresh: "x' or deployment eq 'blue" });
    assert.equal(verdict.outcome, "inconclusive");
    await assert.rejects(judge({ endpoint: "../fraud" }), /holds "\/"/);
  });

  describe("requests of an endpoint", () => {
    const counted = async (hours: number) => requestsOfEndpoint(await open(), "fraud", hours, clock);

    it("are counted over all of its deployments", async () => {
      seed("blue", { requests: 2 });
      seed("green", { requests: 1 });
      const { requests, window } = await counted(1);
      assert.equal(requests, 60);
      assert.deepEqual(window, { from: "2026-03-02T07:01:00Z", to: "2026-03-02T07:55:00Z" });
    });

    it("are zero where the endpoint was called before and not since", async () => {
      seed("blue", { ago: 200 * MINUTE });
      assert.equal((await counted(1)).requests, 0);
    });

    it("are not known where there never were any, as Azure Monitor then has no value", async () => {
      const { requests, sentence } = await counted(50);
      assert.equal(requests, undefined);
      assert.match(sentence, /for no minute/);
    });

    it("are not known for more hours than Azure Monitor keeps", async () => {
      assert.match((await counted(2_233)).sentence, /keeps metrics for 2232 hours/);
    });

    it("are found days ago, too", async () => {
      seed("blue", { ago: 70 * 60 * MINUTE, span: MINUTE, requests: 7 });
      assert.equal((await counted(72)).requests, 7);
    });
  });

  describe("with alert rules of Azure Monitor", () => {
    const put = async (name: string, more: object = {}) => {
      const { azure, urls } = cloud;
      const { subscriptionId, resourceGroup, workspaceId } = azure;
      const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Insights/metricAlerts/${name}`;
      const criterion = {
        ...{ name: "c1", criterionType: "StaticThresholdCriterion", metricName: "RequestsPerMinute" },
        metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        dimensions: [{ name: "statusCodeClass", operator: "Include", values: ["5xx"] }],
        ...{ operator: "GreaterThan", threshold: 1, timeAggregation: "Average" },
      };
      const properties = {
        ...{ severity: 2, enabled: true, scopes: [`${workspaceId}/onlineEndpoints/fraud`] },
        ...{ evaluationFrequency: "PT1M", windowSize: "PT5M", autoMitigate: true },
        criteria: {
          "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
          allOf: [criterion],
        },
        ...more,
      };
      const answer = await ask(cloud, "PUT", `${urls.arm}${id}?api-version=2018-03-01`, {
        token: await tokenOf(cloud),
        body: { location: "global", properties },
      });
      assert.equal(answer.status, 200, answer.text);
      return id;
    };
    /** Errors of both, as many as the rule fires at and few enough for the rules; then ten minutes pass. */
    const errors = async (count: number) => {
      const from = cloud.azure.clock.now();
      for (const [deployment, requests] of [
        ["blue", 10_000],
        ["green", 1_000],
      ] as const)
        seed(deployment, { ago: 0, span: 5 * MINUTE, requests, answers: { 503: count } });
      cloud.azure.clock.leap(15 * MINUTE);
      return { from, to: from + 10 * MINUTE };
    };
    beforeEach(() => {
      for (const store of ["metricAlerts", "firedAlerts"]) cloud.azure.store(store).clear();
    });

    it("fails when one fired, and passes when none did", async () => {
      const id = await put("errors");
      const bad = await errors(5);
      const failed = await judge({ ...bad, alerts: ["Errors"] });
      assert.equal(failed.outcome, "fail", failed.reasons.join("\n"));
      assert.match(failed.reasons.join(), /^The alert rule Errors fired at 20/);
      assert.equal((await judge({ ...bad, alerts: [id] })).outcome, "fail");
      assert.equal((await judge(bad)).outcome, "pass");
      cloud.azure.clock.leap(60 * MINUTE);
      const good = await errors(0);
      const passed = await judge({ ...good, alerts: ["errors"] });
      assert.equal(passed.outcome, "pass", passed.reasons.join("\n"));
      assert.match(passed.reasons.join("\n"), /The alert rule errors did not fire/);
    });

    it("is open for one that is switched off", async () => {
      await put("off", { enabled: false });
      const verdict = await judge({ ...(await errors(0)), alerts: ["off"] });
      assert.equal(verdict.outcome, "inconclusive");
      assert.match(verdict.reasons.join(), /The alert rule off is switched off/);
    });

    it("is refused before anything is changed for it, with one that is not there", async () => {
      await put("errors");
      const workspace = await open();
      const check = (alerts: string[]) => requireJudgeable(workspace, { endpoint: "fraud", alerts, clock });
      const isInput = (message: RegExp) => (error: unknown) =>
        error instanceof TaskError && error.kind === "input" && message.test(error.message);
      await check(["errors"]);
      await assert.rejects(check(["erors"]), isInput(/has no alert rule "erors"\. There is errors\.$/));
      await assert.rejects(
        check(["/subscriptions/x/resourceGroups/g/providers/Microsoft.Insights/metricAlerts/a"]),
        isInput(/is no id of an alert rule in the subscription/),
      );
      await assert.rejects(check(["/errors/../other"]), isInput(/is no id/));
    });
  });
});
