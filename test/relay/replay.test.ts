// Outages: what was registered while nobody listened is started once each, in the order of creation.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { LocalRelay, LocalRelayOptions } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import {
  type Answer,
  type KnownVersion,
  modelEvent,
  post,
  type Received,
  runRelay,
  type Server,
  serve,
  serveArm,
  WORKSPACE,
} from "./harness.ts";

describe("relay: replay", () => {
  const began = Date.parse("2026-01-31T08:00:00Z");
  let now: number;
  let versions: KnownVersion[];
  let arm: Server;
  let armStatus: number;
  let devops: Server;
  let answer: (request: Received) => Answer | Promise<Answer>;
  let relay: LocalRelay | undefined;
  let folder: string;

  beforeEach(async () => {
    now = began;
    versions = [];
    armStatus = 200;
    answer = () => ({});
    arm = await serveArm(versions, { pageSize: 2, refuse: () => armStatus });
    devops = await serve((request) => answer(request));
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "relay-"));
  });
  afterEach(async () => {
    await relay?.close();
    relay = undefined;
    await Promise.all([arm.close(), devops.close()]);
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function start(
    when: object = {},
    settings: object = {},
    options: Partial<LocalRelayOptions> = {},
  ): Promise<LocalRelay> {
    relay = await runRelay(
      { arm, devops },
      {
        routes: [{ name: "a", when, start: { kind: "webhook", name: "amlModel" } }],
        retry: { attempts: 2, firstPauseSeconds: 0, maximumPauseSeconds: 0 },
        ...settings,
      },
      {
        store: folder,
        clock: { now: () => now, sleep: async () => void (await new Promise((resolve) => setImmediate(resolve))) },
        replayEvery: 3_600,
        ...options,
      },
    );
    return relay;
  }
  const minutes = (count: number) => count * 60_000;
  const register = (name: string, version: string, more: Partial<KnownVersion> = {}) => {
    now += minutes(1);
    versions.push({ name, version, createdAt: now, ...more });
  };
  const started = () =>
    devops.received.map(({ body }) => {
      const { model, event } = JSON.parse(body);
      return `${model.name}:${model.version} by ${event.by}`;
    });

  it("starts nothing of what there was before it", async () => {
    register("credit", "1");
    now += minutes(1);
    await start();
    await relay?.relay.replay();
    assert.deepEqual(started(), []);
  });

  it("starts history when the setting says from when", async () => {
    register("credit", "1");
    register("credit", "2");
    register("credit", "3");
    await start({}, { replay: { from: new Date(began + minutes(2)).toISOString() } });
    assert.deepEqual(started(), ["credit:2 by replay", "credit:3 by replay"]);
  });

  it("catches up with two registrations of an outage, and repeated events add nothing", async () => {
    await start();
    register("credit", "1");
    await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)]);
    await relay?.close();
    register("credit", "2");
    register("credit", "3");
    now += minutes(60);
    await start();
    assert.deepEqual(started(), ["credit:1 by event", "credit:2 by replay", "credit:3 by replay"]);
    // Event Grid comes with what it had kept, newest first.
    for (const version of [3, 2, 1])
      assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", version)])).status, 200);
    const report = await relay?.relay.replay();
    assert.deepEqual(report, { replayed: [], unfinished: [] });
    assert.equal(devops.received.length, 3);
  });

  it("lets no event overtake an older version that was missed", async () => {
    await start();
    for (const version of ["9", "10", "11"]) register("credit", version);
    const answered = await post(relay?.eventsUrl ?? "", [modelEvent("credit", 11, { id: "e11" })]);
    assert.equal(answered.status, 200);
    assert.deepEqual(started(), ["credit:9 by replay", "credit:10 by replay", "credit:11 by event"]);
    assert.equal(JSON.parse(devops.received[2]?.body ?? "").event.id, "e11");
  });

  it("goes by creation, over models, pages and numbers", async () => {
    await start();
    register("b", "2");
    register("a", "1");
    register("b", "10");
    for (const version of ["3", "4", "5"]) register("a", version);
    versions.push({ name: "a", version: "100", createdAt: now }, { name: "a", version: "99", createdAt: now });
    await relay?.relay.replay();
    assert.deepEqual(
      started().map((line) => line.replace(" by replay", "")),
      ["b:2", "a:1", "b:10", "a:3", "a:4", "a:5", "a:99", "a:100"],
    );
    assert.ok(arm.received.some(({ query }) => query.has("$skip")));
    assert.ok(
      arm.received.every(
        ({ headers, path: asked }) => headers.authorization !== undefined && asked.startsWith(WORKSPACE),
      ),
    );
  });

  it("stops at a failure rather than leave a version out, and goes on there", async () => {
    await start();
    for (const version of ["1", "2", "3"]) register("credit", version);
    answer = ({ body }) => ({ status: JSON.parse(body).model.version === "2" ? 503 : 200 });
    const first = await relay?.relay.replay();
    assert.deepEqual(
      first?.replayed.map(({ subject, outcome }) => [subject, outcome]),
      [
        ["credit:1", "started"],
        ["credit:2", "later"],
      ],
    );
    assert.match(first?.unfinished.join() ?? "", /answered 503/);
    // An event of the third does not overtake either.
    assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", 3)])).status, 503);
    answer = () => ({});
    now += minutes(60);
    const second = await relay?.relay.replay();
    assert.deepEqual(
      second?.replayed.map(({ subject, outcome }) => [subject, outcome]),
      [
        ["credit:2", "started"],
        ["credit:3", "started"],
      ],
    );
    assert.deepEqual(second?.unfinished, []);
  });

  it("judges by what Azure ML says: tags and stage that the event did not bring", async () => {
    await start({ stage: "Production", tags: { judged: "passed" } });
    register("credit", "1", { stage: "Development", tags: { judged: "passed" } });
    register("credit", "2", { stage: "Production", tags: { judged: "passed" } });
    assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)])).status, 200);
    assert.deepEqual(started(), ["credit:2 by replay"]);
    assert.equal(JSON.parse(devops.received[0]?.body ?? "").model.stage, "Production");
  });

  it("asks for the one version that its list no longer reaches", async () => {
    register("credit", "1", { stage: "Production" });
    now += minutes(60);
    await start({ stage: "Production" });
    assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)])).status, 200);
    assert.deepEqual(started(), ["credit:1 by event"]);
  });

  it("judges a version once by the cursor, and again when it is told from when", async () => {
    await start({ tags: { approved: "yes" } });
    register("credit", "1");
    await relay?.relay.replay();
    versions[0] = { ...(versions[0] as KnownVersion), tags: { approved: "yes" } };
    await relay?.relay.replay();
    assert.deepEqual(started(), []);
    const from = new Date(began).toISOString();
    const dry = await post(relay?.replayUrl ?? "", { from, model: "credit", dryRun: true });
    assert.deepEqual(dry.body.replayed, [{ subject: "credit:1", route: "a", outcome: "would start" }]);
    assert.equal((await post(relay?.replayUrl ?? "", { from, model: "other" })).body.replayed?.length, 0);
    assert.equal((await post(relay?.replayUrl ?? "", { from })).body.replayed?.length, 1);
    assert.equal((await post(relay?.replayUrl ?? "", { from })).body.replayed?.length, 0);
    assert.deepEqual(started(), ["credit:1 by replay"]);
  });

  it("moves its cursor only past what it has looked at whole", async () => {
    await start({}, { replay: { overlapMinutes: 0 } });
    register("fraud", "1");
    register("credit", "1");
    await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)]);
    register("credit", "2");
    await relay?.relay.replay({ model: "credit" });
    await relay?.relay.replay({ from: new Date(now).toISOString() });
    await relay?.relay.replay({ dryRun: true });
    assert.deepEqual(started(), ["credit:1 by event", "credit:2 by replay"]);
    await relay?.relay.replay();
    assert.deepEqual(started().slice(2), ["fraud:1 by replay"]);
  });

  it("starts no anonymous version, and asks only for models that a route wants", async () => {
    await start({ model: "credit" });
    register("0123456789abcdef0123456789abcdef", "1", { isAnonymous: true });
    register("credit", "1", { isAnonymous: true });
    register("fraud", "1");
    await relay?.relay.replay();
    assert.deepEqual(started(), []);
    assert.ok(!arm.received.some(({ path: asked }) => asked.includes("fraud")));
  });

  it("keeps the event waiting while Azure ML does not answer", async () => {
    await start();
    register("credit", "1");
    armStatus = 500;
    assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)])).status, 503);
    assert.deepEqual(started(), []);
    const report = await relay?.relay.replay();
    assert.match(report?.unfinished.join() ?? "", /Azure ML answered 500/);
    armStatus = 200;
    assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)])).status, 200);
    assert.deepEqual(started(), ["credit:1 by event"]);
  });

  it("starts nothing without the right to read, whatever the route asks for", async () => {
    armStatus = 403;
    await start();
    assert.equal((await post(relay?.eventsUrl ?? "", [modelEvent("credit", 1)])).status, 503);
    assert.deepEqual(started(), []);
    await relay?.close();
    await start({ stage: "Production" });
    const answered = await post(relay?.eventsUrl ?? "", [modelEvent("credit", 2, { tags: { stage: "Production" } })]);
    assert.equal(answered.status, 503);
    assert.match(answered.body.handled?.[0]?.outcome.reason ?? "", /may not read .*AzureML Data Scientist/);
  });

  it("gives ARM's token to ARM only", async () => {
    await start();
    register("credit", "1");
    await arm.close();
    const stranger = await serve(() => ({ body: { value: [] } }));
    const lying = await serve(() => ({ body: { value: [], nextLink: `${stranger.url}/more` } }));
    await relay?.close();
    await start({}, { resourceManager: lying.url });
    const report = await relay?.relay.replay();
    assert.match(report?.unfinished.join() ?? "", /which is not ARM/);
    assert.equal(stranger.received.length, 0);
    await Promise.all([stranger.close(), lying.close()]);
  });

  it("shows cursors and dead letters to whoever asks", async () => {
    const store = new MemoryStore();
    await start({}, {}, { store });
    register("credit", "1");
    answer = () => ({ status: 403 });
    await relay?.relay.replay();
    const status = (await (await fetch(relay?.replayUrl ?? "")).json()) as {
      cursors: { position: string; start: string; judged: string[] }[];
      deadLetters: { id: string }[];
    };
    assert.equal(status.cursors.length, 1);
    assert.equal(status.cursors[0]?.start, new Date(began).toISOString());
    assert.equal(status.cursors[0]?.position, new Date(began + minutes(1)).toISOString());
    assert.deepEqual(status.cursors[0]?.judged, ["credit:1"]);
    assert.equal(status.deadLetters.length, 1);
  });
});
