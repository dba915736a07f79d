// Classic releases through Azure DevOps' own client, and what its failures become.
import assert from "node:assert/strict";
import type { StartContext } from "../../relay/core/dispatch.ts";
import { RelayFault } from "../../relay/core/fault.ts";
import { startRelay } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";
import { DEVOPS_SCOPE, startRelease } from "../../relay/targets/release.ts";
import { credential, modelEvent, notice, post, type Server, serve, serveRegistered, WORKSPACE } from "./harness.ts";
import { serveReleases } from "./release-server.ts";

const context: StartContext = { id: "0123456789abcdef01234567", uncertain: false, since: Date.now() };
const token = async (scope: string) => `token-for-${scope}`;

describe("relay: classic releases", () => {
  let server: Awaited<ReturnType<typeof serveReleases>>;
  let arm: Server;
  let fate: (turn: number) => "made" | "lost" | number;
  beforeEach(async () => {
    fate = () => "made";
    arm = await serveRegistered();
    server = await serveReleases((turn) => fate(turn));
  });
  afterEach(() => Promise.all([server.close(), arm.close()]));

  const target = (more: object = {}) => ({
    kind: "release" as const,
    organization: server.organization,
    project: "breast-cancer",
    definition: 3 as number | string,
    alias: "_credit",
    variables: {},
    ...more,
  });

  it("has the model version as its artifact, and a token of the identity", async () => {
    const started = await startRelease(target({ variables: { tier: "gold" } }), notice, context, { token });
    assert.equal(started.reference, "release 1");
    assert.equal(
      started.url,
      `${server.organization}/breast-cancer/_releaseProgress?releaseId=1&_a=release-pipeline-progress`,
    );
    const [made] = server.made;
    assert.deepEqual(made, {
      id: 1,
      definitionId: 3,
      description: "Model credit:7 of ws1 [relay 0123456789abcdef01234567]",
      isDraft: false,
      reason: 2,
      artifacts: [{ alias: "_credit", instanceReference: { id: "7", name: "7" } }],
      variables: { tier: { value: "gold" } },
      authorization: `Bearer token-for-${DEVOPS_SCOPE}`,
    });
  });

  it("finds the definition by its name", async () => {
    await startRelease(target({ definition: "deploy CREDIT" }), notice, context, { token });
    assert.equal(server.made.length, 1);
  });

  for (const [what, more, says] of [
    ["no such id", { definition: 9 }, /no release definition 9 .* View release pipeline and Create releases/],
    ["no such name", { definition: "nothing" }, /no release definition "nothing"/],
    ["two of that name", { definition: "Twice" }, /2 release definitions "Twice".*4 in \\a, 5 in \\b/],
    ["no such alias", { alias: "_x" }, /"?Deploy credit"? has no artifact _x.*It has _credit, _code/],
    [
      "another model's artifact",
      { alias: "_code" },
      /_code of the release definition Deploy credit is the model x.*, not credit/,
    ],
  ] as const) {
    it(`is not made with ${what}`, async () => {
      await assert.rejects(startRelease(target(more), notice, context, { token }), (error: unknown) => {
        assert.ok(error instanceof RelayFault);
        assert.equal(error.kind, "permanent");
        assert.match(`${error.message} ${error.hint}`, says);
        return true;
      });
      assert.equal(server.made.length, 0);
    });
  }

  for (const [status, kind] of [
    [401, "permanent"],
    [403, "permanent"],
    [400, "permanent"],
    [429, "temporary"],
    [500, "unknown"],
  ] as const) {
    it(`refused with ${status} is a ${kind} fault`, async () => {
      fate = () => status;
      await assert.rejects(startRelease(target(), notice, context, { token }), (error: unknown) => {
        assert.ok(error instanceof RelayFault);
        assert.deepEqual([error.kind, error.status], [kind, status]);
        if (status === 403) assert.match(error.hint ?? "", /Add the relay's identity to the organization/);
        return true;
      });
    });
  }

  it("knows a sign-in page from an answer", async () => {
    const page = await serve(() => ({ status: 203, headers: { "Content-Type": "text/html" }, body: "<html></html>" }));
    const there = target({ organization: `${page.url}/contoso` });
    await assert.rejects(startRelease(there, notice, context, { token }), RelayFault);
    await page.close();
  });

  it("that was made although its answer was lost is found, not made again", async () => {
    fate = (turn) => (turn === 0 ? "lost" : "made");
    const relay = await startRelay({
      routes: {
        schema: 1,
        ...{ resourceManager: arm.url, sources: [WORKSPACE] },
        routes: [{ name: "a", start: target() }],
        retry: { attempts: 2, firstPauseSeconds: 0 },
      },
      store: new MemoryStore(),
      credential,
      replayEvery: 0,
    });
    const answered = await post(relay.eventsUrl, [modelEvent("credit", 7)]);
    assert.equal(answered.status, 200);
    assert.equal(server.made.length, 1);
    assert.equal(answered.body.handled?.[0]?.outcome.kind, "started");
    await relay.close();
  });

  it("waits for an Azure DevOps that is down, and nothing is lost", async () => {
    const relay = await startRelay({
      routes: {
        schema: 1,
        ...{ resourceManager: arm.url, sources: [WORKSPACE] },
        routes: [{ name: "a", start: target() }],
        retry: { attempts: 1 },
      },
      store: new MemoryStore(),
      credential,
      replayEvery: 0,
    });
    await server.close();
    const event = modelEvent("credit", 7);
    const answered = await post(relay.eventsUrl, [event]);
    assert.equal(answered.status, 503);
    assert.match(answered.body.handled?.[0]?.outcome.reason ?? "", /ECONNREFUSED/);
    await relay.close();
  });
});
