// The relay over HTTP: handshakes, what a delivery starts, what it does about duplicates and failures.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Store } from "../../relay/core/store.ts";
import type { LocalRelay, LocalRelayOptions } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import {
  type Answer,
  modelEvent,
  post,
  type Received,
  runRelay,
  type Server,
  serve,
  serveRegistered,
  WORKSPACE,
} from "./harness.ts";

describe("relay: events", () => {
  let devops: Server;
  let arm: Server;
  let relay: LocalRelay | undefined;
  let answer: (request: Received, turn: number) => Answer | Promise<Answer>;

  beforeEach(async () => {
    answer = () => ({});
    let turn = 0;
    arm = await serveRegistered({ r1: { status: "Failed", experimentName: "train", tags: {}, properties: {} } });
    devops = await serve((request) => answer(request, turn++));
  });
  afterEach(async () => {
    await relay?.close();
    relay = undefined;
    await Promise.all([arm.close(), devops.close()]);
  });

  const webhook = { kind: "webhook", name: "amlModel", secretSetting: "SECRET", header: "X-Checksum" };
  async function start(
    routes: object[],
    more: { store?: Store; settings?: object; options?: Partial<LocalRelayOptions> } = {},
  ): Promise<LocalRelay> {
    const retry = { attempts: 3, firstPauseSeconds: 0.01, maximumPauseSeconds: 0.02 };
    relay = await runRelay(
      { arm, devops },
      { routes, retry, ...more.settings },
      { store: more.store ?? new MemoryStore(), settings: { SECRET: "s3cret" }, ...more.options },
    );
    return relay;
  }
  const versions = () => devops.received.map(({ body }) => JSON.parse(body).model?.version);

  it("answers SubscriptionValidation with the code, and 200", async () => {
    const { eventsUrl } = await start([{ name: "a", start: webhook }]);
    const answered = await post(
      eventsUrl,
      [{ id: "1", eventType: "Microsoft.EventGrid.SubscriptionValidationEvent", data: { validationCode: "abc" } }],
      { "aeg-event-type": "SubscriptionValidation" },
    );
    assert.equal(answered.status, 200);
    assert.deepEqual(answered.body, { validationResponse: "abc" });
  });

  it("answers OPTIONS with the origin and the rate, and then visits the callback", async () => {
    const { eventsUrl } = await start([{ name: "a", start: webhook }], {
      settings: { handshake: { callbackHosts: ["localhost"] } },
    });
    const visited = new Promise<Received>((resolve) => {
      answer = (request) => {
        resolve(request);
        return {};
      };
    });
    const answered = await fetch(eventsUrl, {
      method: "OPTIONS",
      headers: {
        "WebHook-Request-Origin": "eventgrid.azure.net",
        "WebHook-Request-Callback": `${devops.url}/validate?id=1`,
        "WebHook-Request-Rate": "120",
      },
    });
    assert.equal(answered.status, 200);
    assert.equal(answered.headers.get("WebHook-Allowed-Origin"), "eventgrid.azure.net");
    assert.equal(answered.headers.get("WebHook-Allowed-Rate"), "*");
    assert.equal((await visited).path, "/validate");
  });

  it("allows no other origin, and visits no other host", async () => {
    const lines: string[] = [];
    const log = { info: () => {}, warn: (line: string) => void lines.push(line), error: () => {} };
    const { eventsUrl } = await start([{ name: "a", start: webhook }], { options: { log } });
    const ask = (headers: Record<string, string>) => fetch(eventsUrl, { method: "OPTIONS", headers });
    const other = await ask({ "WebHook-Request-Origin": "example.com" });
    assert.equal(other.status, 403);
    assert.equal(other.headers.get("WebHook-Allowed-Origin"), null);
    assert.equal((await ask({})).status, 400);
    const callback = `${devops.url}/steal`;
    await ask({ "WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Callback": callback });
    assert.match(
      lines.join("\n"),
      /The callback .*\/steal was not visited: its host is not among \*\.eventgrid\.azure\.net/,
    );
    assert.equal(devops.received.length, 0);
  });

  it("wants its key, once it has one", async () => {
    const { eventsUrl, url } = await start([{ name: "a", start: webhook }], { options: { key: "k&1" } });
    assert.equal((await post(`${url}/api/events`, [])).status, 401);
    assert.equal((await post(eventsUrl, [])).status, 200);
    assert.equal((await post(`${url}/api/events`, [], { "x-functions-key": "k&1" })).status, 200);
  });

  it("sends a signed webhook with the documented payload", async () => {
    const { eventsUrl } = await start([{ name: "a", when: { model: "credit" }, start: webhook }]);
    const event = modelEvent("credit", 7, { id: "e1", tags: { stage: "prod" }, time: "2026-01-31T08:00:00Z" });
    const answered = await post(eventsUrl, [event, modelEvent("fraud", 1)]);
    assert.equal(answered.status, 200);
    assert.equal(devops.received.length, 1);
    const [sent] = devops.received;
    assert.ok(sent !== undefined);
    assert.equal(sent.path, "/contoso/_apis/public/distributedtask/webhooks/amlModel");
    assert.equal(sent.query.get("api-version"), "6.0-preview");
    assert.equal(sent.headers["content-type"], "application/json");
    assert.equal(sent.headers["x-checksum"], createHmac("sha1", "s3cret").update(sent.body).digest("hex"));
    assert.equal(sent.headers.authorization, undefined);
    const { id, ...payload } = JSON.parse(sent.body);
    assert.match(id, /^[0-9a-f]{24}$/);
    assert.deepEqual(payload, {
      schema: 1,
      event: { id: "e1", type: "ModelRegistered", time: "2026-01-31T08:00:00Z", by: "event" },
      workspace: {
        id: WORKSPACE,
        subscriptionId: "00000000-0000-0000-0000-000000000001",
        resourceGroup: "rg1",
        name: "ws1",
      },
      model: {
        id: `${WORKSPACE}/models/credit/versions/7`,
        name: "credit",
        version: "7",
        stage: "prod",
        jobName: "",
        tags: { stage: "prod" },
        properties: {},
      },
    });
  });

  it("starts for runs what asks for runs", async () => {
    const { eventsUrl } = await start([
      { name: "m", start: { kind: "webhook", name: "models" } },
      {
        name: "r",
        when: { events: "RunStatusChanged", runStatus: "Failed" },
        start: { kind: "webhook", name: "runs" },
      },
    ]);
    const event = {
      source: WORKSPACE,
      subject: "experiments/x/runs/r1",
      type: "Microsoft.MachineLearningServices.RunStatusChanged",
      time: "2026-01-31T08:00:00Z",
      id: "1",
      specversion: "1.0",
      data: { experimentName: "train", runId: "r1", runStatus: "failed" },
    };
    const type = { "Content-Type": "application/cloudevents-batch+json" };
    // The same run's end, told by another event, is the same subject.
    const batch = [event, { ...event, id: "2" }, { ...event, id: "3", data: { ...event.data, runStatus: "Running" } }];
    assert.equal((await post(eventsUrl, batch, type)).status, 200);
    assert.deepEqual(
      devops.received.map(({ path }) => path),
      ["/contoso/_apis/public/distributedtask/webhooks/runs"],
    );
    assert.deepEqual(JSON.parse(devops.received[0]?.body ?? "").run, {
      id: "r1",
      status: "failed",
      type: "",
      experiment: { id: "x", name: "train" },
      tags: {},
      properties: {},
    });
    assert.equal(devops.received[0]?.headers["x-aml-signature"], undefined);
  });

  it("starts a version once for a target, however many routes, events and deliveries there are", async () => {
    const { eventsUrl } = await start([
      { name: "a", when: { model: "credit" }, start: webhook },
      { name: "b", when: { model: "c*" }, start: webhook },
      { name: "c", start: { kind: "webhook", name: "other" } },
    ]);
    answer = () => new Promise((resolve) => setTimeout(() => resolve({}), 20));
    const same = modelEvent("credit", 1, { id: "same" });
    const deliveries = [same, same, same, modelEvent("credit", "1"), modelEvent("credit", 1)];
    const answered = await Promise.all(deliveries.map((event) => post(eventsUrl, [event])));
    assert.deepEqual(new Set(answered.map(({ status }) => status)), new Set([200]));
    assert.deepEqual(devops.received.map(({ path }) => path.replace(/.*\//, "")).sort(), ["amlModel", "other"]);
    const again = await post(eventsUrl, [same]);
    assert.deepEqual(
      again.body.handled?.map(({ outcome }) => outcome.kind),
      ["duplicate", "duplicate", "duplicate"],
    );
  });

  it("tries again what may pass, and counts no try twice", async () => {
    const { eventsUrl } = await start([{ name: "a", start: webhook }]);
    answer = (_request, turn) => [{ status: 503 }, { status: 429, headers: { "Retry-After": "0" } }, {}][turn] ?? {};
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
    assert.equal(devops.received.length, 3);
    const ids = devops.received.map(({ body }) => JSON.parse(body).id);
    assert.equal(new Set(ids).size, 1);
  });

  it("asks for the event again when the tries are used up, and then starts it", async () => {
    const { eventsUrl } = await start([{ name: "a", start: webhook }]);
    answer = () => ({ status: 500, body: "out of order" });
    const event = modelEvent("credit", 1);
    const failed = await post(eventsUrl, [event]);
    assert.equal(failed.status, 503);
    assert.equal(failed.headers.get("Retry-After"), "30");
    assert.match(
      failed.body.handled?.[0]?.outcome.reason ?? "",
      /answered 500 to the webhook amlModel: out of order\./,
    );
    answer = () => ({});
    assert.equal((await post(eventsUrl, [event])).status, 200);
    assert.equal((await post(eventsUrl, [event])).status, 200);
    assert.equal(devops.received.length, 4);
  });

  it("sends again, with the same id, what was sent and never answered", async () => {
    const { eventsUrl } = await start([{ name: "a", start: webhook }]);
    answer = (_request, turn) => (turn === 0 ? "hang up" : {});
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
    const [first, second] = devops.received.map(({ body }) => JSON.parse(body).id);
    assert.equal(first, second);
  });

  it("puts what is hopeless among the dead letters, goes on, and starts it once it is asked to", async () => {
    const { eventsUrl, replayUrl, relay: inner } = await start([{ name: "a", start: webhook }]);
    answer = ({ body }) => (JSON.parse(body).model.version === "1" ? { status: 404, body: "no such webhook" } : {});
    const first = modelEvent("credit", 1);
    assert.equal((await post(eventsUrl, [first, modelEvent("credit", 2)])).status, 200);
    assert.deepEqual(versions(), ["1", "2"]);
    const [letter] = (await inner.status()).deadLetters;
    assert.ok(letter !== undefined);
    assert.deepEqual([letter.route, letter.attempts, letter.notice.event.id.length > 0], ["a", 1, true]);
    assert.match(letter.reason, /answered 404 to the webhook amlModel: no such webhook\. Check the organization/);
    // Neither the event nor a plain replay wakes it.
    assert.equal((await post(eventsUrl, [{ ...first, id: "new" }])).status, 200);
    await post(replayUrl, "");
    assert.equal(devops.received.length, 2);
    // Asked for, and still hopeless; then mended.
    const still = await post(replayUrl, { deadLetters: [letter.id] });
    assert.deepEqual(
      still.body.replayed?.map(({ subject, outcome }) => [subject, outcome]),
      [["credit:1", "dead"]],
    );
    answer = () => ({});
    const dry = await post(replayUrl, { deadLetters: "all", dryRun: true });
    assert.deepEqual(dry.body.replayed, [{ subject: "credit:1", route: "a", outcome: "would start" }]);
    const mended = await post(replayUrl, { deadLetters: "all" });
    assert.equal(mended.status, 200);
    assert.deepEqual(
      mended.body.replayed?.map(({ subject, outcome }) => [subject, outcome]),
      [["credit:1", "started"]],
    );
    assert.deepEqual((await inner.status()).deadLetters, []);
    assert.deepEqual(versions(), ["1", "2", "1", "1"]);
  });

  for (const [taken, prefix] of [
    ["sha1=", ""],
    ["", "sha1="],
  ] as const)
    it(`sends the signature ${taken === "" ? "bare" : `with ${taken}`} where the other form is refused, and starts once`, async () => {
      const { eventsUrl, relay: inner } = await start([{ name: "a", start: { ...webhook, signaturePrefix: prefix } }]);
      answer = ({ headers }) =>
        String(headers["x-checksum"]).startsWith("sha1=") === (taken === "sha1=")
          ? {}
          : { status: 500, body: "The signature of the payload does not match." };
      assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
      const [first, second] = devops.received.map(({ body }) => JSON.parse(body).id);
      assert.equal(first, second, "the same start");
      assert.equal(devops.received.length, 2);
      assert.deepEqual((await inner.status()).deadLetters, []);
    });

  for (const [said, hint] of [
    ['{"typeKey":"RequiredHeaderSignatureNotFoundException"}', /another header than X-Checksum/],
    ["The WebHook amlModel does not exist.", /resources\.webhooks on its default branch/],
  ] as const) {
    it(`knows by "${said.slice(0, 40)}" that waiting will not help, although the status is 500`, async () => {
      const { eventsUrl, relay: inner } = await start([{ name: "a", start: webhook }]);
      answer = () => ({ status: 500, body: said });
      assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
      assert.equal(devops.received.length, /Signature/.test(said) ? 2 : 1);
      assert.match((await inner.status()).deadLetters[0]?.reason ?? "", hint);
    });
  }

  it("gives up what fails for longer than the setting allows", async () => {
    let now = Date.parse("2026-01-31T08:00:00Z");
    const clock = { now: () => now, sleep: async () => {} };
    const { eventsUrl, relay: inner } = await start([{ name: "a", start: webhook }], {
      settings: { retry: { attempts: 1, giveUpAfterHours: 24 } },
      options: { clock },
    });
    answer = () => ({ status: 503 });
    const event = modelEvent("credit", 1);
    assert.equal((await post(eventsUrl, [event])).status, 503);
    now += 23 * 3_600_000;
    assert.equal((await post(eventsUrl, [event])).status, 503);
    now += 3_600_000;
    assert.equal((await post(eventsUrl, [event])).status, 200);
    assert.equal((await inner.status()).deadLetters[0]?.attempts, 3);
  });

  it("holds a version back while the secret's setting is empty", async () => {
    const { eventsUrl } = await start([{ name: "a", start: webhook }], { options: { settings: {} } });
    const answered = await post(eventsUrl, [modelEvent("credit", 1)]);
    assert.equal(answered.status, 503);
    assert.match(answered.body.handled?.[0]?.outcome.reason ?? "", /app setting SECRET.* is empty/);
    assert.equal(devops.received.length, 0);
  });

  it("takes over, after its lease, what another instance left in the middle", async () => {
    let now = Date.now();
    const clock = { now: () => now, sleep: async () => {} };
    const store = new MemoryStore();
    const routes = [{ name: "a", start: webhook }];
    const { eventsUrl } = await start(routes, { store, options: { clock } });
    await post(eventsUrl, [modelEvent("credit", 1)]);
    // As the claim stood while the call was going on.
    const [key] = await store.list("claims/");
    const claim = JSON.parse((await store.read(key ?? ""))?.text ?? "");
    assert.equal(claim.state, "started");
    await store.write(key ?? "", JSON.stringify({ ...claim, state: "starting", until: now + 180_000 }));
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 503);
    now += 180_001;
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
    assert.equal(devops.received.length, 2);
  });

  it("does nothing for workspaces that the setting does not name, and says nothing wrong with others' events", async () => {
    const lines: string[] = [];
    const log = { info: () => {}, warn: (line: string) => void lines.push(line), error: () => {} };
    const { eventsUrl } = await start([{ name: "a", start: webhook }], {
      settings: { sources: [WORKSPACE.replace("ws1", "ws2")] },
      options: { log },
    });
    const deployed = { ...modelEvent("x", 1), eventType: "Microsoft.MachineLearningServices.ModelDeployed" };
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1), deployed])).status, 200);
    assert.equal(devops.received.length, 0);
    assert.match(lines.join("\n"), /which is not among the sources/);
  });

  it("refuses what is no delivery with 400, which Event Grid does not repeat, and other methods", async () => {
    const { eventsUrl, replayUrl, url } = await start([{ name: "a", start: webhook }]);
    assert.equal((await post(eventsUrl, "{")).status, 400);
    assert.equal((await fetch(eventsUrl)).status, 405);
    assert.equal((await fetch(replayUrl, { method: "DELETE" })).status, 405);
    assert.equal((await fetch(`${url}/elsewhere`)).status, 404);
    const bad = await post(replayUrl, { form: "x", deadLetters: 1, dryRun: "yes", within: 0 });
    assert.equal(bad.status, 400);
    assert.equal(bad.body.error?.split("\n").length, 4);
  });
});
