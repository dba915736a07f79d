// Nothing starts without Azure ML's own record: no version, no run, no dead letter, and not where there is nobody to ask.
import assert from "node:assert/strict";
import type { LocalRelay } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import {
  type Answer,
  type KnownVersion,
  modelEvent,
  post,
  runRelay,
  type Server,
  serve,
  serveArm,
  WORKSPACE,
} from "./harness.ts";

let told = 0;
const runEvent = (data: object, type = "RunStatusChanged") => ({
  topic: WORKSPACE,
  subject: "experiments/x1/runs/r1",
  eventType: `Microsoft.MachineLearningServices.${type}`,
  eventTime: "2026-01-31T08:00:00Z",
  id: `run-event-${++told}`,
  data: { ExperimentName: "train", RunId: "r1", ...data },
  dataVersion: "",
  metadataVersion: "1",
});

describe("relay: the record of Azure ML", () => {
  let versions: KnownVersion[];
  let job: Answer | undefined;
  let instead: (path: string) => Answer | undefined;
  let arm: Server;
  let devops: Server;
  let answer: () => Answer;
  let relay: LocalRelay | undefined;
  let store: MemoryStore;
  let lines: string[];
  let now: number;

  beforeEach(async () => {
    [versions, lines, job] = [[], [], undefined];
    instead = () => undefined;
    answer = () => ({});
    now = Date.now();
    store = new MemoryStore();
    const none: Answer = { status: 404, body: { error: { code: "UserError", message: "no such job" } } };
    arm = await serveArm(versions, {
      instead: (path) => instead(path) ?? (path === `${WORKSPACE}/jobs/r1` ? (job ?? none) : undefined),
    });
    devops = await serve(() => answer());
  });
  afterEach(async () => {
    await relay?.close();
    relay = undefined;
    await Promise.all([arm.close(), devops.close()]);
  });

  async function start(when: object = {}, settings: object = { sources: [WORKSPACE] }): Promise<LocalRelay> {
    const say = (line: string) => void lines.push(line);
    relay = await runRelay(
      { arm, devops },
      {
        sources: undefined,
        routes: [{ name: "a", when, start: { kind: "webhook", name: "amlModel" } }],
        retry: { attempts: 1, firstPauseSeconds: 0 },
        ...settings,
      },
      {
        store,
        log: { info: say, warn: say, error: say },
        clock: { now: () => now, sleep: async () => {} },
      },
    );
    return relay;
  }
  const claims = () => store.list("claims/");
  const register = (version: string, tags: Record<string, string> = {}) =>
    versions.push({ name: "credit", version, createdAt: Date.now(), tags });
  const jobOf = (status: string, more: object = {}): Answer => ({
    body: {
      id: `${WORKSPACE}/jobs/r1`,
      name: "r1",
      properties: { jobType: "Command", status, experimentName: "train", tags: {}, properties: {}, ...more },
    },
  });

  for (const [what, event, when] of [
    ["a model", () => modelEvent("credit", 1), {}],
    ["a run", () => runEvent({ RunStatus: "Failed" }), { events: "RunStatusChanged" }],
  ] as const)
    it(`an event of ${what} starts and claims nothing without sources, waits, and the log says what to configure`, async () => {
      register("1");
      job = jobOf("Failed");
      const { eventsUrl } = await start(when, {});
      const event1 = event();
      assert.equal((await post(eventsUrl, [event1])).status, 503);
      assert.deepEqual([devops.received.length, await claims()], [0, []]);
      assert.match(lines.join("\n"), /RELAY_ROUTES.*sources/);
      await relay?.close();
      const { eventsUrl: mended } = await start(when);
      assert.equal((await post(mended, [event1])).status, 200);
      assert.equal(devops.received.length, 1);
    });

  it("a replay without sources says what to configure, and does not count as done", async () => {
    await start({}, {});
    const report = await relay?.relay.replay();
    assert.match(report?.unfinished.join("\n") ?? "", /sources/);
  });

  for (const [what, said] of [
    ["answers 404", { status: 404, body: { error: { code: "UserError", message: "as told" } } }],
    ["answers 403", { status: 403, body: { error: { code: "AuthorizationFailed", message: "as told" } } }],
    ["answers 200 in HTML", { headers: { "Content-Type": "text/html" }, body: "<html></html>" }],
    ["answers 200 with nothing", { body: "" }],
    ["answers 200 with something else", { body: { message: "hello" } }],
    ["answers with another job", { body: { name: "r2", properties: { status: "Failed", experimentName: "train" } } }],
    ["says that it still runs", { body: { name: "r1", properties: { status: "Running", experimentName: "train" } } }],
  ] as readonly (readonly [string, Answer])[])
    it(`an event of a run starts and claims nothing where Azure ML ${what}, and the genuine one starts once`, async () => {
      const { eventsUrl } = await start({ events: "RunStatusChanged", runStatus: "Failed", experiment: "train" });
      job = said;
      const forged = runEvent({ RunStatus: "Failed" });
      assert.equal((await post(eventsUrl, [forged])).status, 503);
      assert.deepEqual([devops.received.length, await claims()], [0, []]);
      job = jobOf("Failed");
      assert.equal((await post(eventsUrl, [runEvent({ RunStatus: "Failed" })])).status, 200);
      assert.equal((await post(eventsUrl, [forged])).status, 200);
      assert.equal(devops.received.length, 1);
    });

  for (const [what, when, record] of [
    ["status", { runStatus: "Failed" }, jobOf("Completed")],
    ["tags", { tags: { judged: "passed" } }, jobOf("Failed", { tags: { judged: "no" } })],
    ["properties", { properties: { owner: "ada" } }, jobOf("Failed")],
    ["experiment", { experiment: "train" }, jobOf("Failed", { experimentName: "play" })],
  ] as const)
    it(`an event of a run is judged by the record's ${what}, not by its own`, async () => {
      const { eventsUrl } = await start({ events: "RunStatusChanged", ...when });
      job = record;
      const data = { RunStatus: "Failed", RunTags: { judged: "passed" }, RunProperties: { owner: "ada" } };
      assert.equal((await post(eventsUrl, [runEvent(data)])).status, 200);
      assert.deepEqual([devops.received.length, await claims()], [0, []]);
    });

  it("a run that has gone on since an event of it starts what that event asks for", async () => {
    const { eventsUrl } = await start({ events: "RunStatusChanged", runStatus: "Running" });
    job = jobOf("Completed");
    assert.equal((await post(eventsUrl, [runEvent({ RunStatus: "Running" })])).status, 200);
    assert.equal(devops.received.length, 1);
  });

  it("a run that has ended starts no target again for events of statuses that there are not", async () => {
    const { eventsUrl } = await start({ events: "RunStatusChanged" });
    job = jobOf("Completed");
    for (const RunStatus of ["Completed", "completed ", "Nearly", "Nearly again", "toString"])
      assert.equal((await post(eventsUrl, [runEvent({ RunStatus })])).status, 200);
    assert.equal(devops.received.length, 1, "one start for the one thing that happened");
  });

  for (const name of ["..", "."])
    it(`an event whose model and version are called ${name} starts nothing in the name of another resource`, async () => {
      const { eventsUrl } = await start();
      const record = { name: "ws1", properties: {}, systemData: { createdAt: "2026-01-31T08:00:00Z" } };
      instead = (path) =>
        path.endsWith("/models/versions") || path.endsWith("/workspaces/ws1/versions")
          ? { body: { value: [] } }
          : /\/(workspaces\/ws1|models|versions)\/$/.test(path)
            ? { body: record }
            : undefined;
      assert.equal((await post(eventsUrl, [modelEvent(name, name)])).status, 503);
      assert.deepEqual([devops.received.length, await claims()], [0, []]);
    });

  describe("a claim that led to nothing", () => {
    it("because its start failed for good is taken up again once its dead letter is gone", async () => {
      const { eventsUrl } = await start();
      register("1");
      answer = () => ({ status: 404, body: "no such webhook" });
      assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
      answer = () => ({});
      // While the letter is kept the version waits for whoever looks after the relay; it is no duplicate.
      const waits = await post(eventsUrl, [modelEvent("credit", 1)]);
      assert.equal(waits.body.handled?.[0]?.outcome.kind, "dead");
      for (const key of await store.list("dead-letters/")) await store.remove(key);
      const again = await post(eventsUrl, [modelEvent("credit", 1)]);
      assert.equal(again.body.handled?.[0]?.outcome.kind, "started");
      assert.equal(devops.received.length, 2);
    });

    for (const by of ["the next event", "a replay"])
      it(`because its process died is taken up again by ${by}`, async () => {
        const { eventsUrl } = await start();
        register("1");
        assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
        const [key = ""] = await claims();
        const { started: _started, ...claim } = JSON.parse((await store.read(key))?.text ?? "");
        // As the claim stood while the call was going on; and nothing else of that delivery was written.
        await store.write(key, JSON.stringify({ ...claim, state: "starting", until: now + 180_000 }));
        for (const marker of await store.list("events/")) await store.remove(marker);
        const again = async () =>
          by === "a replay"
            ? (await relay?.relay.replay({ from: new Date(Date.now() - 3_600_000).toISOString() }))?.replayed[0]
                ?.outcome
            : (await post(eventsUrl, [modelEvent("credit", 1)])).body.handled?.[0]?.outcome.kind;
        assert.equal(await again(), "later");
        now += 180_001;
        assert.equal(await again(), "started");
        assert.equal(devops.received.length, 2);
      });

    it("is not started from its dead letter where Azure ML knows no such version any more", async () => {
      const { eventsUrl } = await start();
      register("1");
      answer = () => ({ status: 404, body: "no such webhook" });
      assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
      answer = () => ({});
      versions.length = 0;
      const report = await relay?.relay.replay({ deadLetters: "all" });
      assert.equal(devops.received.length, 1);
      assert.match(report?.unfinished.join("\n") ?? "", /credit:1.*Azure ML/);
      register("1");
      await relay?.relay.replay({ deadLetters: "all" });
      assert.equal(devops.received.length, 2);
    });
  });
});
