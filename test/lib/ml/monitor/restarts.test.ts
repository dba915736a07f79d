// Restarts of a canary's container: judged where a diagnostic setting sends the endpoint's events to Log Analytics, and otherwise not judged.
// Tests: lib/ml/monitor/restarts.ts, lib/ml/monitor/judge-canary.ts, local/azure/planes/logs.ts, local/azure/resources/diagnostic-settings.ts
import assert from "node:assert/strict";
import { type CanaryRequest, judgeCanary, readCanaryRules } from "../../../../lib/ml/monitor/judge-canary.ts";
import { readRestarts, restartsIn } from "../../../../lib/ml/monitor/restarts.ts";
import { builtInRoles } from "../../../../local/azure/arm/roles.ts";
import { diagnosticSettingsOf } from "../../../../local/azure/monitor/container-events.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import type { SeededMinutes } from "../../../../local/azure/scenarios/rules.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { ask, tokenOf } from "../../../local/azure/client.ts";
import { addDeployment, addEndpoint } from "../cleanup/things.ts";
import { answered, type Opening, openLocal } from "../world.ts";

const MINUTE = 60_000;
const LAW = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/logs";

describe("restarts of a canary's container", () => {
  let cloud: LocalCloud;
  const start = Date.parse("2026-03-02T08:00:00Z");
  const at = (minutes: number) => start + minutes * MINUTE;
  const clock = { now: () => cloud.azure.clock.now() };

  before(async () => {
    cloud = await startCloud({ scenarios: { clock: { start: start + 100 }, rules: [] } });
    cloud.azure.directory.lifetime = 10 * 365 * 86_400;
    addEndpoint(cloud.azure, "fraud", { traffic: { blue: 90, green: 10 } }, at(-600));
    for (const name of ["blue", "green"]) addDeployment(cloud.azure, "fraud", name, {}, at(-600));
  });
  after(() => cloud.close());
  beforeEach(() => {
    for (const name of ["scoringMinutes", "containerEvents", "diagnosticSettings"]) cloud.azure.store(name).clear();
  });

  const setting = (logs: object[] = [{ category: "AmlOnlineEndpointEventLog", enabled: true }], name = "law") =>
    diagnosticSettingsOf(cloud.azure).set(name, { endpoint: "fraud", name, properties: { workspaceId: LAW, logs } });
  const seed = (deployment: string, restarts?: number, more: Partial<SeededMinutes> = {}) =>
    seedMinutes(cloud.azure, [
      {
        ...{ endpoint: "fraud", deployment, ago: 25 * MINUTE, span: 20 * MINUTE, requests: 100, latency: 50 },
        ...(restarts === undefined ? {} : { restarts }),
        ...more,
      },
    ]);
  const judge = async (opening: Opening = {}, more: Partial<CanaryRequest> & { text?: string } = {}) => {
    const { text = "new.errorRate <= 0.01", ...rest } = more;
    const workspace = await openLocal({ cloud, ...opening });
    return judgeCanary(workspace, {
      ...{ endpoint: "fraud", fresh: "green", live: "blue", from: at(-20), to: at(-5), clock },
      ...{ rules: await readCanaryRules(text), minimumRequests: 50, alerts: [] },
      ...rest,
    });
  };
  const read = async (opening: Opening = {}) =>
    readRestarts(await openLocal({ cloud, ...opening }), "fraud", ["green", "blue"], clock.now());
  const whyOf = (log: Awaited<ReturnType<typeof read>>) => ("why" in log ? log.why : "it was read");

  it("fail it where it has more of them than the live deployment, with the numbers", async () => {
    setting();
    seed("blue", 0);
    seed("green", 1);
    const verdict = await judge();
    assert.equal(verdict.outcome, "fail");
    assert.match(verdict.reasons.join("\n"), /new\.restarts <= live\.restarts.*15/);
    assert.deepEqual([verdict.numbers.new.restarts, verdict.numbers.live?.restarts], [15, 0]);
    assert.deepEqual(verdict.notJudged, []);
  });

  it("pass where the live deployment has as many, or nobody has any", async () => {
    setting([{ categoryGroup: "allLogs", enabled: true }]);
    seed("blue", 0);
    seed("green", 0);
    const none = await judge();
    assert.deepEqual([none.outcome, none.numbers.new.restarts, none.notJudged], ["pass", 0, []]);
    const alone = await judge({}, { live: undefined });
    assert.deepEqual(
      [alone.outcome, alone.rules.map(({ rule }) => rule)],
      ["pass", ["new.errorRate <= 0.01", "new.restarts <= 0"]],
    );
  });

  it("are judged by the user's own rule where there is one, and then it alone", async () => {
    setting();
    seed("blue", 0);
    seed("green", 1, { span: 7 * MINUTE });
    const { outcome, rules } = await judge({}, { text: "new.restarts <= 2" });
    assert.deepEqual([outcome, rules.length], ["pass", 1], JSON.stringify(rules));
    diagnosticSettingsOf(cloud.azure).clear();
    const unknown = await judge({}, { text: "new.restarts <= 2" });
    assert.equal(unknown.outcome, "inconclusive");
  });

  it("are not judged without a setting that sends them to Log Analytics, and the verdict says why", async () => {
    const cases: [object[], string?][] = [
      [[]],
      [[{ category: "AmlOnlineEndpointTrafficLog", enabled: true }]],
      [[{ category: "AmlOnlineEndpointEventLog", enabled: false }]],
    ];
    for (const [logs] of cases) {
      setting(logs);
      seed("green", 1);
      const { outcome, notJudged } = await judge();
      assert.equal(outcome, "pass");
      assert.deepEqual(notJudged, [
        "container restarts: no diagnostic setting of the endpoint sends AmlOnlineEndpointEventLog to Log Analytics",
      ]);
    }
    diagnosticSettingsOf(cloud.azure).clear();
    const properties = { storageAccountId: "/s", logs: [{ category: "AmlOnlineEndpointEventLog", enabled: true }] };
    diagnosticSettingsOf(cloud.azure).set("other", { endpoint: "fraud", name: "other", properties });
    assert.match(whyOf(await read()), /no diagnostic setting/);
  });

  it("are not judged while the log has no event: a new setting takes up to an hour", async () => {
    setting();
    seed("green");
    const { outcome, notJudged } = await judge();
    assert.equal(outcome, "pass");
    assert.match(notJudged.join(), /container restarts: Log Analytics has no event of these deployments/);
  });

  for (const [what, opening, why] of [
    [
      "the settings may not be read",
      refusing("/diagnosticSettings", 403, { error: { code: "AuthorizationFailed", message: "Not this client." } }),
      /diagnostic settings of the endpoint fraud.*Not this client/,
    ],
    [
      "the log refuses the query",
      refusing("/query", 403, { error: { code: "InsufficientAccessError", message: "Insufficient access." } }),
      /in Log Analytics.*Insufficient access/,
    ],
    [
      "a part of the answer is missing",
      refusing("/query", 200, {
        tables: [{ name: "PrimaryResult", columns: [], rows: [] }],
        error: { code: "PartialError" },
      }),
      /Log Analytics did not answer all of the query/,
    ],
    [
      "the cloud names no Log Analytics",
      refusing("/metadata/endpoints", 200, [{ resourceManager: "https://elsewhere" }]),
      /the service connection's cloud names no Log Analytics/,
    ],
  ] as const)
    it(`are not judged, and the verdict stands, where ${what}`, async () => {
      setting();
      seed("green", 1);
      const { outcome, notJudged } = await judge(opening);
      assert.equal(outcome, "pass");
      assert.match(notJudged.join(), why);
    });

  it("are not judged where the answer takes too long, and a cancel ends all of it", async () => {
    setting();
    seed("green", 1);
    const { timeout } = AbortSignal;
    const over = new AbortController();
    const controller = new AbortController();
    const during = (act: () => void): Opening => ({
      signal: controller.signal,
      between: async (request, send) => {
        if (!request.url.endsWith("/query")) return send();
        act();
        throw new Error("The request was given up.");
      },
    });
    AbortSignal.timeout = () => over.signal;
    try {
      assert.match(whyOf(await read(during(() => over.abort()))), /could not be read within 45 seconds/);
    } finally {
      AbortSignal.timeout = timeout;
    }
    const canceled = new Error("Canceled.");
    await assert.rejects(read(during(() => controller.abort(canceled))), canceled);
  });

  it("are read with a token for Log Analytics alone, and only at the host that the cloud names", async () => {
    setting();
    seed("green", 0);
    const audiences = new Map<string, Set<string>>();
    await judge({
      onRequest: (_method, url, authorization) => {
        const [, payload = ""] = authorization?.split(".") ?? [];
        if (payload === "") return;
        const { aud } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { aud: string };
        const { origin } = new URL(url);
        audiences.set(origin, (audiences.get(origin) ?? new Set()).add(aud));
      },
    });
    const { logs } = cloud.azure.urls;
    assert.deepEqual([...(audiences.get(logs) ?? [])], [logs]);
    for (const [origin, named] of audiences) assert.equal(named.has(logs), origin === logs, origin);
  });

  it("count starts beyond the first of an instance, kills, and one for a back-off", () => {
    const window = { from: "2026-03-02T07:40:00Z", to: "2026-03-02T07:55:00Z" };
    const event = (minute: string, kind: string, count = 1, instance = "i", deployment = "green") => ({
      ...{ deployment, instance, kind, count },
      minute: Date.parse(`2026-03-02T${minute}:00Z`),
    });
    const count = (...events: ReturnType<typeof event>[]) => restartsIn({ events }, "GREEN", window);
    assert.equal(count(), undefined);
    assert.equal(count(event("07:45", "started", 1, "i", "blue")), 0);
    assert.equal(count(event("07:45", "started")), 0, "an instance that is new");
    assert.equal(count(event("07:30", "started"), event("07:45", "started")), 1);
    assert.equal(count(event("07:45", "started"), event("07:50", "started", 2)), 2);
    assert.equal(count(event("07:45", "started"), event("07:45", "started", 1, "j")), 0, "two instances");
    assert.equal(count(event("07:45", "killed")), 1);
    assert.equal(count(event("07:30", "started"), event("07:45", "killed"), event("07:46", "started")), 1);
    assert.equal(count(event("07:45", "backOff", 9)), 1);
    assert.equal(count(event("07:30", "started"), event("07:55", "started")), 0, "after the window");
    assert.equal(count(event("07:45", "other", 9)), 0);
  });
});

/** Answers in the place of what ends so. */
function refusing(end: string, status: number, body: unknown): Opening {
  return {
    between: async (request, send) =>
      new URL(request.url).pathname.endsWith(end) ? answered(request, status, body) : send(),
  };
}

describe("Log Analytics in local Azure", () => {
  let cloud: LocalCloud;
  let endpoint: string;
  before(async () => {
    cloud = await startCloud();
    addEndpoint(cloud.azure, "fraud", {}, Date.now());
    endpoint = `${cloud.azure.workspaceId}/onlineEndpoints/fraud`;
  });
  after(() => cloud.close());

  it("keeps diagnostic settings of an endpoint, and refuses what is none", async () => {
    const at = (name: string) =>
      `${cloud.urls.arm}${endpoint}/providers/Microsoft.Insights/diagnosticSettings/${name}?api-version=2021-05-01-preview`;
    const logs = [{ category: "AmlOnlineEndpointEventLog", enabled: true }];
    const token = await tokenOf(cloud);
    const put = (properties: object) => ask(cloud, "PUT", at("law"), { token, body: { properties } });
    assert.equal((await put({ workspaceId: LAW, logs })).status, 200);
    const list = await ask(cloud, "GET", at("").replace("/?", "?"), { token });
    assert.deepEqual(
      list.body.value.map(({ name }: { name: string }) => name),
      ["law"],
    );
    assert.equal((await ask(cloud, "GET", at("law"), { token })).body.properties.workspaceId, LAW);
    assert.equal((await put({ logs })).status, 400);
    assert.equal((await put({ workspaceId: LAW, logs: [{ category: "Audit", enabled: true }] })).status, 400);
    assert.equal((await ask(cloud, "DELETE", at("law"), { token })).status, 200);
    assert.equal((await ask(cloud, "GET", at("law"), { token })).status, 404);
  });

  it("answers one query and 501 to any other, asks for a token of its own and for the right to read", async () => {
    const url = `${cloud.azure.urls.logs}/v1${endpoint}/query`;
    const send = async (body: object, token: string) => (await ask(cloud, "POST", url, { body, token })).status;
    const query = { query: "AmlOnlineEndpointEventLog | take 5", timespan: "PT1H" };
    const management = await tokenOf(cloud);
    assert.equal(await send(query, management), 401);
    const token = await tokenOf(cloud, { scope: `${cloud.azure.urls.logs}/.default` });
    assert.equal(await send(query, token), 501);
    const principal = cloud.azure.directory.find(cloud.credentials.contributor.clientId)!;
    Object.assign(principal, { roles: [builtInRoles.dataScientist] });
    assert.equal(await send(query, token), 403);
  });
});
