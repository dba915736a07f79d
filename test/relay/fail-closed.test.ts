// The relay fails closed: when the truth is unknown it starts nothing, claims nothing, and retries.
import assert from "node:assert/strict";
import type { LocalRelay } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import { type Answer, type KnownVersion, modelEvent, post, runRelay, type Server, serve, serveArm } from "./harness.ts";
import { type Fate, serveReleases } from "./release-server.ts";

const PAGE: Answer = { headers: { "Content-Type": "text/html" }, body: "<html><title>Sign In</title></html>" };

describe("relay: fails closed", () => {
  let versions: KnownVersion[];
  let instead: (path: string) => Answer | undefined;
  let arm: Server;
  let answer: (turn: number) => Answer;
  let devops: Server;
  let relay: LocalRelay | undefined;
  let store: MemoryStore;
  let pauses: number[];

  beforeEach(async () => {
    versions = [];
    instead = () => undefined;
    answer = () => ({});
    pauses = [];
    store = new MemoryStore();
    arm = await serveArm(versions, { instead: (path) => instead(path) });
    let turn = 0;
    devops = await serve(() => answer(turn++));
  });
  afterEach(async () => {
    await relay?.close();
    relay = undefined;
    await Promise.all([arm.close(), devops.close()]);
  });

  async function start(begin: object = { kind: "webhook", name: "amlModel" }, when: object = {}): Promise<LocalRelay> {
    const clock = { now: Date.now, sleep: async (pause: number) => void pauses.push(pause) };
    const settings = {
      routes: [{ name: "a", when, start: begin }],
      retry: { attempts: 3, firstPauseSeconds: 1, maximumPauseSeconds: 8 },
    };
    relay = await runRelay({ arm, devops }, settings, { store, clock });
    return relay;
  }
  const claims = () => store.list("claims/");
  const register = (version: string, tags: Record<string, string> = {}) =>
    versions.push({ name: "credit", version, createdAt: Date.now(), tags });

  const noRecord: readonly (readonly [what: string, answer: Answer])[] = [
    ["answers 404", { status: 404, body: { error: { code: "NotFound", message: "as told" } } }],
    ["answers 403", { status: 403, body: { error: { code: "AuthorizationFailed", message: "as told" } } }],
    ["answers 401", { status: 401, body: { error: { code: "InvalidAuthenticationToken", message: "as told" } } }],
    ["answers 404 in HTML", { ...PAGE, status: 404 }],
    ["answers 200 in HTML", PAGE],
    ["answers 200 with nothing", { body: "" }],
    ["answers 200 with half an answer", { body: '{"value":[{"name":"credit"' }],
    ["answers 200 with something else", { body: { message: "hello" } }],
    ["answers 200 with null", { body: "null" }],
  ];
  for (const [what, said] of noRecord) {
    it(`an event starts and claims nothing where Azure ML ${what}, and the genuine one starts once`, async () => {
      const { eventsUrl } = await start({ kind: "webhook", name: "amlModel" }, { tags: { judged: "passed" } });
      instead = () => said;
      const forged = modelEvent("credit", 1, { id: "forged", tags: { judged: "passed" } });
      const answered = await post(eventsUrl, [forged]);
      assert.equal(answered.status, 503, JSON.stringify(answered.body));
      assert.deepEqual([devops.received.length, await claims()], [0, []]);
      instead = () => undefined;
      // Azure ML answers, and knows no such version: still nothing.
      assert.equal((await post(eventsUrl, [forged])).status, 503);
      assert.deepEqual([devops.received.length, await claims()], [0, []]);
      register("1", { judged: "passed" });
      assert.equal((await post(eventsUrl, [modelEvent("credit", 1, { id: "genuine" })])).status, 200);
      assert.equal((await post(eventsUrl, [forged])).status, 200);
      assert.equal(devops.received.length, 1);
    });
  }

  for (const [what, said] of noRecord)
    for (const [list, path] of [
      ["models", /\/models$/],
      ["versions", /\/models\/credit\/versions$/],
    ] as const)
      it(`a replay leaves no version out where the list of ${list} ${what}`, async () => {
        await start();
        await relay?.relay.replay();
        register("1");
        instead = (asked) => (path.test(asked) ? said : undefined);
        const report = await relay?.relay.replay();
        assert.deepEqual(devops.received, []);
        assert.equal(report?.unfinished.length, 1, JSON.stringify(report));
        instead = () => undefined;
        await relay?.relay.replay();
        assert.equal(devops.received.length, 1);
      });

  it("a page of HTML in answer to a webhook is no start", async () => {
    const { eventsUrl } = await start();
    register("1");
    answer = () => PAGE;
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 503);
    answer = () => ({});
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
    assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
    assert.equal(devops.received.length, 4);
  });

  for (const said of ["0", "Wed, 21 Oct 2015 07:28:00 GMT", "-1", "0.0", "soon", "1e9"]) {
    it(`Retry-After: ${said} takes away no pause`, async () => {
      const { eventsUrl } = await start();
      register("1");
      answer = (turn) => (turn < 2 ? { status: 503, headers: { "Retry-After": said } } : {});
      assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
      assert.deepEqual(pauses, [1_000, 2_000]);
      pauses = [];
      let turn = 0;
      instead = () => (turn++ < 2 ? { status: 503, headers: { "Retry-After": said } } : undefined);
      await relay?.relay.replay();
      assert.deepEqual(pauses, [500, 1_000]);
    });
  }

  describe("classic releases:", () => {
    let server: Awaited<ReturnType<typeof serveReleases>>;
    let fate: (turn: number) => Fate;
    let list: () => Answer | undefined;
    beforeEach(async () => {
      fate = () => "made";
      list = () => undefined;
      server = await serveReleases(
        (turn) => fate(turn),
        () => list(),
      );
    });
    afterEach(() => server.close());
    const release = () => ({
      ...{ kind: "release", organization: server.organization, project: "breast-cancer", definition: 3 },
      alias: "_credit",
    });

    for (const lost of ["unsaid", "page", "lost"] as const)
      it(`one whose answer is ${lost} is found, and not made again`, async () => {
        const { eventsUrl } = await start(release());
        register("1");
        fate = (turn) => (turn === 0 ? lost : "made");
        const answered = await post(eventsUrl, [modelEvent("credit", 1)]);
        assert.equal(answered.status, 200, JSON.stringify(answered.body));
        assert.equal(server.made.length, 1);
      });

    for (const [what, said] of noRecord.slice(4))
      it(`one is not made again where the list that should have it ${what}`, async () => {
        const { eventsUrl } = await start(release());
        register("1");
        fate = (turn) => (turn === 0 ? "lost" : "made");
        list = () => said;
        assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 503);
        list = () => undefined;
        assert.equal((await post(eventsUrl, [modelEvent("credit", 1)])).status, 200);
        assert.equal(server.made.length, 1);
      });
  });
});
