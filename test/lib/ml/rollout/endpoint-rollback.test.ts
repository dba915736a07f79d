// Rollback of an endpoint on the local cloud: one write of the traffic, nothing else, and nothing at all where it is there already.
import assert from "node:assert/strict";
import { EndpointLock } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { IN_PROGRESS, LAST_KNOWN_GOOD, ROLLED_BACK } from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import { parseExpectations } from "../../../../lib/ml/endpoints/expectations.ts";
import { type RollbackOptions, rollBackEndpoint } from "../../../../lib/ml/rollout/endpoint-rollback.ts";
import { ORIGIN, withProgress } from "../../../../lib/ml/rollout/rollout-progress.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import {
  afterAnswer,
  afterJob,
  begin,
  failureOf,
  freshEndpoint,
  isCall,
  isTrafficWrite,
  liveEndpoint,
  release,
  served,
  setTraffic,
} from "../rollouts.ts";
import { answered, type Opening, openLocal, theCloud } from "../world.ts";

const request = '{"values": [1, 2]}';
const call = (expectation: string) => ({ request, expectations: parseExpectations(expectation) });

/** An endpoint on which green has taken over from blue. */
async function released(): Promise<string> {
  const name = await liveEndpoint();
  await release(name, { deployment: "green", how: "a" });
  return name;
}

async function rollBack(endpoint: string, options: Partial<RollbackOptions> = {}, opening: Opening = {}) {
  const writes: string[] = [];
  const workspace = await openLocal({
    ...opening,
    onRequest: (method, url) => {
      const { pathname } = new URL(url);
      if (method !== "GET" && pathname.includes("/ws1/onlineEndpoints/"))
        writes.push(`${method} ${pathname.split("/onlineEndpoints/")[1]}`);
    },
  });
  writes.length = 0;
  const done = rollBackEndpoint(workspace, { endpoint, ...options });
  done.catch(() => {});
  return { done, writes, log: workspace.log };
}
const record = async (name: string) => endpointsOf((await theCloud()).azure).get(name)!;

describe("rollback of an endpoint", () => {
  it("gives the traffic to the last known good deployment in one write, and writes nothing a second time", async () => {
    const name = await released();
    const first = await rollBack(name);
    const section = await first.done;
    assert.deepEqual(
      [section.to, section.from, section.changed, section.traffic, section.trafficBefore],
      ["blue", ["green"], true, { blue: 100 }, { green: 100 }],
    );
    assert.deepEqual(first.writes, [`PUT ${name}`]);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue", "green:a"] });
    assert.match(first.log.text(), /green stays without traffic, and continues to be billed/);
    const { tags } = await record(name);
    assert.equal(tags[LAST_KNOWN_GOOD], "blue");
    assert.match(tags[ROLLED_BACK]!, /^blue \(from green, 20/);
    assert.equal(tags["team"], "a", "the user's own tags stay");

    const again = await rollBack(name);
    assert.equal((await again.done).changed, false);
    assert.deepEqual(again.writes, []);
    assert.match(again.log.text(), /blue has all of the traffic of .* already, so nothing was changed/);
  });

  it("a call waits no longer than what is left of the step's deadline, of a rollout and of a rollback", async () => {
    const name = await liveEndpoint();
    const patience: number[] = [];
    const opening: Opening = {
      between(sent, send) {
        if (sent.url.includes("/score")) patience.push(sent.timeout);
        return send();
      },
    };
    await release(name, { deployment: "green", how: "a", opening, options: { deadline: 240_000 } });
    const back = await rollBack(name, { call: call("$.doubled == [2, 4]"), deadline: 120_000 }, opening);
    await back.done;
    const [released = 0, rolledBack = 0] = patience;
    assert.deepEqual([patience.length, released <= 240_000, rolledBack <= 120_000], [2, true, true], `${patience}`);
    assert.ok(released > 0 && rolledBack > 0, `${patience}`);
  });

  it("goes to a named deployment, calls it first, and looks no model up", async () => {
    const name = await released();
    const paths: string[] = [];
    const run = await rollBack(
      name,
      { deployment: "BLUE", call: call("$.doubled == [2, 4]") },
      {
        between: (sent, send) => {
          paths.push(new URL(sent.url).pathname);
          return send();
        },
      },
    );
    assert.equal((await run.done).to, "blue");
    assert.match(run.log.text(), /blue answered in \d+ ms at 0 % of the traffic/);
    assert.deepEqual(
      paths.filter((path) => /\/(models|environments|codes)\//.test(path)),
      [],
    );
    assert.ok(paths.some((path) => path.endsWith("/score")));
  });

  it("waits for the end of an operation on the last known good deployment, and moves the traffic then", async () => {
    const name = await released();
    const blue = deploymentsOf((await theCloud()).azure).get(deploymentKey(name, "blue"))!;
    blue.provisioningState = "Updating";
    let looks = 0;
    const run = await rollBack(
      name,
      {},
      {
        between: (sent, send) => {
          if (sent.url.includes("/deployments/blue?") && ++looks === 2) blue.provisioningState = "Succeeded";
          return send();
        },
      },
    );
    assert.equal((await run.done).to, "blue");
    assert.ok(looks >= 2, String(looks));
    assert.deepEqual(run.writes, [`PUT ${name}`]);
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
  });

  it("calls the deployment once an operation on it has ended: what it changes has not been called before", async () => {
    const name = await released();
    const blue = deploymentsOf((await theCloud()).azure).get(deploymentKey(name, "blue"))!;
    blue.provisioningState = "Updating";
    let looks = 0;
    const called: string[] = [];
    const run = await rollBack(
      name,
      { call: call("$.doubled == [2, 4]") },
      {
        between: (sent, send) => {
          if (isCall(sent)) called.push(blue.provisioningState);
          if (sent.url.includes("/deployments/blue?") && ++looks === 2) blue.provisioningState = "Succeeded";
          return send();
        },
      },
    );
    assert.equal((await run.done).to, "blue");
    assert.deepEqual(called, ["Succeeded"]);
  });

  it("moves nothing where the deployment does not answer as expected", async () => {
    const name = await released();
    const run = await rollBack(name, { call: call("$.doubled == [9]") });
    await assert.rejects(run.done, (error: Error) => {
      assert.match(error.message, /not as expected[\s\S]*The traffic was not moved: it is green 100 %\./);
      return true;
    });
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    assert.deepEqual(
      run.writes.filter((write) => write.startsWith("PUT")),
      [],
    );
  });

  it("only shows the write where only a plan is wanted", async () => {
    const name = await released();
    const run = await rollBack(name, { call: call("$.doubled == [2, 4]") }, { dryRun: true });
    assert.deepEqual((await run.done).traffic, { blue: 100 });
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    assert.match(run.log.text(), /blue would be called before it gets traffic/);
  });

  it("ends a canary: its share and its state go in the same write", async () => {
    const name = await released();
    await setTraffic(name, { green: 90, blue: 10 });
    const at = await record(name);
    const progress = {
      kind: "canary",
      deployment: "blue",
      share: 10,
      since: "2026-11-27T10:00:00.000Z",
      run: "r",
      by: "m",
    } as const;
    at.tags = { ...withProgress(at.tags, { ...progress, made: true, was: { green: 100 }, of: "", taken: [] }) };
    const section = await (await rollBack(name)).done;
    assert.deepEqual([section.to, section.ended, section.traffic], ["green", "blue", { green: 100 }]);
    const { tags } = await record(name);
    // Its origin stays: later stages of the run that began the rollout must not begin it again.
    assert.deepEqual([tags[IN_PROGRESS], tags[ORIGIN] === undefined], [undefined, false]);
  });

  it("ends a shadow: the mirrored share goes, the traffic stays", async () => {
    const name = await released();
    const at = await record(name);
    at.mirrorTraffic = { blue: 20 };
    const progress = {
      kind: "shadow",
      deployment: "blue",
      share: 20,
      since: "2026-11-27T10:00:00.000Z",
      run: "r",
      by: "m",
    } as const;
    at.tags = { ...withProgress(at.tags, { ...progress, made: true, was: undefined, of: "", taken: [] }) };
    const section = await (await rollBack(name)).done;
    assert.deepEqual([section.to, section.changed, section.traffic], ["green", true, { green: 100 }]);
    const now = await record(name);
    assert.equal(now.mirrorTraffic["blue"] ?? 0, 0);
    assert.equal(now.tags[IN_PROGRESS], undefined);
  });

  it("gives live traffic to a deployment that got mirrored traffic", async () => {
    const name = await released();
    (await record(name)).mirrorTraffic = { blue: 20 };
    assert.equal((await (await rollBack(name)).done).to, "blue");
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
  });

  it("takes back nothing that somebody has released since it looked", async () => {
    const name = await released();
    await release(name, { deployment: "teal", how: "b", percent: 0 });
    const run = await rollBack(
      name,
      { call: call("$.doubled == [2, 4]") },
      afterAnswer(isCall, () => setTraffic(name, { teal: 100 })),
    );
    await assert.rejects(run.done, {
      kind: "conflict",
      message: /was green 100 % when this step looked.*teal 100 %.*moved nothing/,
    });
    assert.deepEqual((await served(name)).traffic, { teal: 100 });
  });

  it("writes once where the answer to the write is lost", async () => {
    const name = await released();
    let writes = 0;
    const run = await rollBack(
      name,
      {},
      {
        async between(sent, send) {
          const response = await send();
          if (!isTrafficWrite(name)(sent)) return response;
          writes++;
          return answered(sent, 504, { error: { code: "GatewayTimeout", message: "Too late." } });
        },
      },
    );
    assert.deepEqual((await run.done).traffic, { blue: 100 });
    assert.equal(writes, 1);
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
  });

  it("changes nothing after a rollout that was taken back by itself: the live one is good, and none is skipped", async () => {
    const name = await released();
    const rollout = await begin(name, {
      deployment: "teal",
      how: "b",
      opening: afterAnswer(isTrafficWrite(name), () => rollout.cancel()),
    });
    await failureOf(rollout);
    await afterJob(rollout);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    const section = await (await rollBack(name)).done;
    assert.deepEqual([section.to, section.changed, section.reason], ["green", false, "an earlier rollback went to it"]);
  });

  it("goes further back weeks after a rollback, when the one that it went to has turned bad, and says so", async () => {
    const name = await liveEndpoint({ teal: 0 });
    const at = await record(name);
    at.tags = {
      ...at.tags,
      [LAST_KNOWN_GOOD]: "blue teal",
      [ROLLED_BACK]: `blue (from green, ${new Date(Date.now() - 20 * 86_400_000).toISOString()})`,
    };
    const old = await rollBack(name);
    const section = await old.done;
    assert.deepEqual([section.to, section.changed, section.traffic], ["teal", true, { teal: 100 }]);
    assert.match(section.reason, /the last known good deployment before blue, to which a rollback went 20 days ago/);
    // A click after that one belongs to the same incident: it changes nothing, and is no silence either.
    const again = await rollBack(name);
    assert.equal((await again.done).changed, false);
    assert.match(
      again.log.text(),
      /\[warning\] The endpoint .* any further: teal has all of the traffic since a rollback .* nothing was changed/,
    );
  });

  it("goes back during a canary to the deployment that had the traffic before it, whoever released that", async () => {
    const name = await liveEndpoint({ teal: 0 });
    await setTraffic(name, { blue: 90, teal: 10 });
    const at = await record(name);
    const progress = {
      kind: "canary",
      deployment: "teal",
      share: 10,
      since: "2026-11-27T10:00:00.000Z",
      run: "r",
      by: "m",
    } as const;
    // Somebody deployed blue with other tools, so that no tag calls it good.
    at.tags = { ...withProgress({}, { ...progress, made: true, was: { blue: 100 }, of: "", taken: [] }) };
    const outcome = await (await rollBack(name)).done.then(
      ({ to }) => to,
      (error: Error) => error.message,
    );
    assert.equal(outcome, "blue");
  });

  it("warns of another run that is still rolling out", async () => {
    const name = await released();
    const other = new EndpointLock(await openLocal(), name);
    const entry = { by: "x", step: "another", created: true, until: Date.now() + 600_000 };
    await other.hold(10_000, (held) => held.note("green", entry));
    const run = await rollBack(name);
    await run.done;
    assert.match(run.log.text(), /\[warning\] Another run is rolling out green .* Cancel that run/);
  });

  it("names the endpoints there are where there is no such endpoint", async () => {
    const there = await liveEndpoint();
    await assert.rejects((await rollBack(freshEndpoint())).done, {
      kind: "notFound",
      message: new RegExp(`no online endpoint .*; it has .*\\b${there}\\b`),
    });
  });
});
