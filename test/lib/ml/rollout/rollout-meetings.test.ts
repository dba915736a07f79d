// Rollouts that fail, are cancelled or meet others on one endpoint: each undoes its own part and nothing else.
import assert from "node:assert/strict";
import { EndpointLock } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { undo } from "../../../../lib/ml/rollout/rollout-undo.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import {
  afterAnswer,
  afterJob,
  begin,
  failureOf,
  freshEndpoint,
  gate,
  isCall,
  isDeploymentWrite,
  isTrafficWrite,
  liveEndpoint,
  release,
  served,
  setTraffic,
  settled,
  stateOf,
  type Wish,
} from "../rollouts.ts";
import { answered, openLocal, theCloud } from "../world.ts";

/** A rollout of green that is cancelled once Azure has accepted the deployment, and has come to its end. */
async function cancelledWhileItComesUp(name: string, how: "a" | "broken") {
  const arrived = gate();
  const rollout = await begin(name, {
    deployment: "green",
    how,
    opening: afterAnswer(isDeploymentWrite(name), () => arrived.open()),
  });
  await arrived.opened;
  rollout.cancel();
  await failureOf(rollout);
  await settled(name);
  return rollout;
}

describe("rollouts that meet others", () => {
  it("a cancelled rollout takes back nothing of what another released meanwhile", async () => {
    const name = await liveEndpoint();
    const first = await cancelledWhileItComesUp(name, "a");
    await release(name, { deployment: "teal", how: "b" });
    await afterJob(first);
    assert.deepEqual(await served(name), { traffic: { teal: 100 }, deployments: ["blue", "teal:b"] });
  });

  it("a failed deployment that is left because another run has the endpoint is told with that reason", async () => {
    const name = await liveEndpoint();
    const first = await cancelledWhileItComesUp(name, "broken");
    assert.equal(await stateOf(name, "green"), "Failed");
    const workspace = await openLocal();
    const left = JSON.parse(first.leftover() ?? "null");
    const { sentences, settled: isDone } = await new EndpointLock(await openLocal(), name).hold(undefined, () =>
      undo(workspace, left, new EndpointLock(workspace, name), { traffic: 100, deployment: 100 }),
    );
    assert.equal(isDone, false);
    assert.doesNotMatch(sentences.join(" "), /before that has ended/);
    assert.match(
      sentences.join(" "),
      /green of .* is Failed, .*another run .*az ml online-deployment delete --name green/,
    );
    assert.match(await afterJob(first), /Deleted the deployment green/);
  });

  it("a share that somebody else's write replaced is not fought for, and the error says what the traffic is", async () => {
    const name = await liveEndpoint({ teal: 0 });
    let [written, writes] = [false, 0];
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      percent: 10,
      opening: {
        async between(request, send) {
          if (written && request.method === "GET" && request.url.includes(`/onlineEndpoints/${name}?`)) {
            written = false;
            await settled(name);
            await setTraffic(name, { blue: 90, teal: 10 });
          }
          const response = await send();
          if (isTrafficWrite(name)(request)) written = ++writes === 1;
          return response;
        },
      },
    });
    const error = await failureOf(rollout);
    assert.deepEqual((await served(name)).traffic, { blue: 90, teal: 10 });
    assert.match(error.message, new RegExp(`traffic of ${name} is (now )?blue 90 %, teal 10 %`));
    await afterJob(rollout);
    assert.deepEqual(await served(name), { traffic: { blue: 90, teal: 10 }, deployments: ["blue", "teal:b"] });
  });

  for (const keep of [false, true]) {
    it(`a move of the traffic whose end was not seen is waited for before it is undone (${keep ? "kept" : "deleted"})`, async () => {
      const name = await liveEndpoint();
      const { azure } = await theCloud();
      let moving = false;
      const rollout = await begin(name, {
        deployment: "green",
        how: "a",
        keep,
        opening: {
          async between(request, send) {
            // Its status cannot be read; the operation itself goes on.
            if (moving && /\/mfeOperationsStatus\/oe(idp)?:/.test(request.url)) {
              moving = false;
              return answered(request, 403, { error: { code: "AuthorizationFailed", message: "No right to look." } });
            }
            if (isTrafficWrite(name)(request) && !moving && (await served(name)).traffic["green"] === undefined) {
              moving = true;
              azure.settings.online.endpoint = 1_500;
            }
            const response = await send();
            azure.settings.online.endpoint = 50;
            return response;
          },
        },
      });
      const error = await failureOf(rollout);
      await settled(name);
      assert.deepEqual(await served(name), {
        traffic: { blue: 100 },
        deployments: keep ? ["blue", "green:a"] : ["blue"],
      });
      assert.match(error.message, new RegExp(`traffic of ${name} is (now )?blue 100 %`));
    });
  }

  it("once the traffic has moved, a refused clearing up is a warning and undoes nothing", async () => {
    const name = await liveEndpoint();
    const deleted: string[] = [];
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      remove: true,
      opening: {
        async between(request, send) {
          if (request.method !== "DELETE") return send();
          deleted.push(new URL(request.url).pathname.split("/").at(-1) ?? "");
          return answered(request, 403, { error: { code: "AuthorizationFailed", message: "No right to delete." } });
        },
      },
    });
    const report = await rollout.done.catch((error: Error) => error.message);
    assert.deepEqual(deleted, ["blue"]);
    assert.deepEqual(await served(name), { traffic: { green: 100 }, deployments: ["blue", "green:a"] });
    assert.ok(typeof report === "object", String(report));
    assert.match(rollout.log.text(), /\[warning\] .*blue.*No right to delete/);
  });

  it("a kept way back is neither overwritten by a third release of its name nor deleted when that fails", async () => {
    const name = freshEndpoint();
    await release(name, { deployment: "ridge-1" });
    const second = await release(name, { deployment: "ridge-1", how: "b" });
    assert.equal(second.deployment, "ridge-1-2");
    const third = await begin(name, { deployment: "ridge-1", how: "broken" });
    const error = await failureOf(third);
    assert.deepEqual(await served(name), { traffic: { "ridge-1-2": 100 }, deployments: ["ridge-1", "ridge-1-2:b"] });
    assert.match(error.message, /ridge-1-3/);
    assert.match(third.log.text(), /ridge-1-3.*because/);
  });

  it("a deployment that was there before a step, failed and idle, is mended and not deleted when that fails again", async () => {
    const name = await liveEndpoint();
    await failureOf(await begin(name, { deployment: "green", how: "broken", keep: true }));
    assert.equal(await stateOf(name, "green"), "Failed");
    const again = await begin(name, { deployment: "green", how: "raises" });
    const error = await failureOf(again);
    assert.deepEqual((await served(name)).deployments, ["blue", "green:raises"]);
    assert.match(error.message, /green.* was there before/);
    assert.match(error.message, /green, which never came up, was deleted by this step, and made anew\./);
  });

  const strategies: readonly (readonly [string, Partial<Wish>])[] = [
    ["blueGreen", {}],
    ["inPlace", { options: { strategy: { kind: "inPlace" }, keep: () => "" } }],
  ];
  for (const [strategy, wish] of strategies) {
    it(`a deployment that never came up is deleted and made anew (${strategy})`, async () => {
      const name = await liveEndpoint();
      await failureOf(await begin(name, { deployment: "green", how: "broken", keep: true }));
      assert.equal(await stateOf(name, "green"), "Failed");
      const sent: string[] = [];
      const again = await begin(name, {
        ...{ deployment: "green", how: "a", ...wish },
        opening: {
          between(request, send) {
            if (request.url.includes("/deployments/green?") && request.method !== "GET") sent.push(request.method);
            return send();
          },
        },
      });
      const error = await again.done.then(
        () => undefined,
        (failure: Error) => failure.message,
      );
      assert.equal(error, undefined);
      assert.deepEqual(sent, ["PUT", "DELETE", "PUT"]);
      assert.deepEqual(await served(name), { traffic: { green: 100 }, deployments: ["blue", "green:a"] });
      assert.match(again.log.text(), /green never came up, so Azure does not change it: it is deleted first/);
    });
  }

  it("the plan is said again where a deployment is made anew, and with it what traffic it gets", async () => {
    const name = await liveEndpoint();
    await failureOf(await begin(name, { deployment: "green", how: "broken", keep: true }));
    const again = await begin(name, {
      ...{ deployment: "green", how: "a" },
      options: { strategy: { kind: "inPlace" }, keep: () => "" },
    });
    await again.done;
    assert.match(again.log.text(), /create the deployment green\n {2}traffic .*blue.* -> .*green/);
  });

  it("a deployment that was ready once is changed after a change that failed, and not deleted", async () => {
    const name = await liveEndpoint();
    await release(name, { deployment: "green", how: "a", percent: 0 });
    const record = deploymentsOf((await theCloud()).azure).get(deploymentKey(name, "green"));
    if (record) record.provisioningState = "Failed";
    const sent: string[] = [];
    await release(name, {
      ...{ deployment: "green", how: "b" },
      opening: {
        between(request, send) {
          if (request.method === "DELETE") sent.push(request.url);
          return send();
        },
      },
    });
    assert.deepEqual(await served(name), { traffic: { green: 100 }, deployments: ["blue", "green:b"] });
    assert.deepEqual(sent, []);
  });

  it("a deployment that never came up stays where it may not be deleted, and the error says what is there", async () => {
    const name = await liveEndpoint();
    await failureOf(await begin(name, { deployment: "green", how: "broken", keep: true }));
    const again = await begin(name, {
      ...{ deployment: "green", how: "a" },
      opening: {
        async between(request, send) {
          if (request.method !== "DELETE") return send();
          return answered(request, 403, { error: { code: "AuthorizationFailed", message: "No right to delete." } });
        },
      },
    });
    const error = await failureOf(again);
    assert.match(error.message, /delete the deployment green.*No right to delete/);
    assert.match(error.message, /green was there before this step, so it stays; it is Failed/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue", "green:broken"] });
  });

  it("two rollouts that make the same new endpoint at once both succeed", async () => {
    const name = freshEndpoint();
    const both = gate();
    let come = 0;
    const opening = {
      async between(
        request: Parameters<NonNullable<typeof answered>>[0],
        send: () => Promise<ReturnType<typeof answered>>,
      ) {
        // Both have looked, and seen that there is none, before either of them writes.
        if (request.method === "GET" && request.url.includes(`/onlineEndpoints/${name}?`) && come < 2) {
          const response = await send();
          come += 1;
          if (come === 2) both.open();
          await both.opened;
          return response;
        }
        return send();
      },
    };
    const two = await Promise.all([
      begin(name, { deployment: "blue", opening }),
      begin(name, { deployment: "green", how: "a", percent: 10, opening }),
    ]);
    const results = await Promise.allSettled(two.map(({ done }) => done));
    assert.deepEqual(
      results.map((one) => (one.status === "fulfilled" ? "succeeded" : String(one.reason))),
      ["succeeded", "succeeded"],
    );
    assert.deepEqual((await served(name)).deployments, ["blue", "green:a"]);
  });

  it("deleting old deployments leaves alone what another rollout is bringing up", async () => {
    const name = await liveEndpoint();
    const [up, on] = [gate(), gate()];
    const slow = await begin(name, {
      deployment: "green",
      how: "a",
      percent: 10,
      opening: {
        async between(request, send) {
          // Its deployment is ready, and about to be called.
          if (request.url.includes("/score")) {
            up.open();
            await on.opened;
          }
          return send();
        },
      },
    });
    await up.opened;
    await release(name, { deployment: "teal", how: "b", remove: true });
    on.open();
    await slow.done.catch(() => {});
    assert.deepEqual(await served(name), { traffic: { teal: 90, green: 10 }, deployments: ["green:a", "teal:b"] });
  });

  it("a release that another run finished on the same deployment is not taken back by the run that was cancelled", async () => {
    const name = await liveEndpoint();
    const first = await begin(name, {
      deployment: "green",
      how: "a",
      opening: afterAnswer(isTrafficWrite(name), async () => {
        await settled(name);
        first.cancel();
      }),
    });
    await failureOf(first);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    const second = await release(name, { deployment: "green", how: "a" });
    assert.deepEqual(second.traffic, { green: 100 });
    await afterJob(first);
    assert.deepEqual(await served(name), { traffic: { green: 100 }, deployments: ["blue", "green:a"] });
  });

  it("a cancelled rollout whose traffic had moved gives it back, where nobody took it over", async () => {
    const name = await liveEndpoint({ teal: 30 });
    const first = await begin(name, {
      deployment: "green",
      how: "a",
      percent: 50,
      opening: afterAnswer(isTrafficWrite(name), () => first.cancel()),
    });
    await failureOf(first);
    const said = await afterJob(first);
    assert.deepEqual(await served(name), { traffic: { blue: 70, teal: 30 }, deployments: ["blue", "teal:b"] });
    assert.match(said, new RegExp(`traffic of ${name} is (now )?blue 70 %, teal 30 %`));
  });

  it("the error of a deployment that fails ends with its container's last line and the state of the endpoint", async () => {
    const name = await liveEndpoint();
    const atStart = await failureOf(await begin(name, { deployment: "green", how: "broken" }));
    assert.match(atStart.message, /RuntimeError: no model in here/);
    assert.match(atStart.message, new RegExp(`traffic of ${name} is (now )?blue 100 %`));
    assert.match(atStart.message, /deployment green .*deleted/);
    const atCall = await failureOf(await begin(name, { deployment: "green", how: "raises", keep: true }));
    assert.match(atCall.message, /KeyError: 'rowz'/);
    assert.match(atCall.message, /deployment green .*(kept|stays)/);
  });

  it("a failure on a new endpoint says that the endpoint was made and stays", async () => {
    const name = freshEndpoint();
    const error = await failureOf(await begin(name, { how: "broken" }));
    assert.match(error.message, new RegExp(`endpoint ${name} was made`));
    assert.match(error.message, new RegExp(`traffic of ${name} is (now )?none`));
    assert.ok(endpointsOf((await theCloud()).azure).get(name));
  });

  it("an answer of 3xx is no reply of a deployment", async () => {
    const name = freshEndpoint();
    const rollout = await begin(name, {
      opening: {
        async between(request, send) {
          return request.url.includes("/score") ? answered(request, 302) : send();
        },
      },
    });
    const error = await failureOf(rollout);
    assert.match(error.message, /302/);
    assert.deepEqual((await served(name)).traffic, {});
  });

  it("a rerun waits for its own deployment to come up, and makes no second one", async () => {
    const name = await liveEndpoint();
    const { azure } = await theCloud();
    const writes: string[] = [];
    const arrived = gate();
    let isLost = false;
    azure.settings.online.deployment = 1_200;
    const lost = await begin(name, {
      how: "a",
      provenance: { runId: "77" },
      opening: {
        async between(request, send) {
          const response = isLost ? undefined : await send();
          if (isDeploymentWrite(name)(request)) isLost = true;
          if (!isLost && response) return response;
          // The machine is lost here: nothing is heard of it any more.
          arrived.open();
          return new Promise(() => {});
        },
      },
    });
    await arrived.opened;
    azure.settings.online.deployment = 50;
    void lost;
    const again = await begin(name, {
      how: "a",
      provenance: { runId: "77", attempt: 2 },
      opening: {
        async between(request, send) {
          if (isDeploymentWrite(name)(request)) writes.push(request.url);
          return send();
        },
      },
    });
    assert.equal((await again.done).deployment, "blue-2");
    assert.deepEqual(await served(name), { traffic: { "blue-2": 100 }, deployments: ["blue", "blue-2:a"] });
    assert.deepEqual(writes, [], "what comes up already is not sent again");
  });

  it("the traffic is moved from what it is by then, not from what was seen before the call", async () => {
    const name = await liveEndpoint({ teal: 0 });
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      percent: 10,
      opening: afterAnswer(isCall, () => setTraffic(name, { teal: 100 })),
    });
    await rollout.done;
    assert.deepEqual((await served(name)).traffic, { teal: 90, green: 10 });
  });

  it("a failed step deletes no deployment that got traffic from somebody else meanwhile", async () => {
    const name = await liveEndpoint();
    const asked: string[] = [];
    const rollout = await begin(name, {
      deployment: "green",
      how: "wrong",
      opening: {
        async between(request, send) {
          if (request.method === "DELETE") asked.push(request.url);
          const response = await send();
          if (request.url.includes("/score")) await setTraffic(name, { green: 100 });
          return response;
        },
      },
    });
    const error = await failureOf(rollout);
    assert.deepEqual(asked, []);
    assert.ok(deploymentsOf((await theCloud()).azure).get(deploymentKey(name, "green")));
    assert.match(error.message, new RegExp(`traffic of ${name} is (now )?green 100 %`));
  });
});
