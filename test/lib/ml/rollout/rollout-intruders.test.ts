// Rollouts on an endpoint that somebody else changes in the middle, without our lock: with `az ml`, in the portal.
import assert from "node:assert/strict";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import {
  afterAnswer,
  afterJob,
  begin,
  failureOf,
  freshEndpoint,
  isCall,
  isDeploymentWrite,
  isTrafficWrite,
  liveEndpoint,
  release,
  served,
  setTraffic,
  settled,
} from "../rollouts.ts";
import { answered, type Opening, theCloud } from "../world.ts";

/** A share that nobody asked for twice: what an answer to a write of traffic may be in place of one. */
const UNCLEAR: Readonly<Record<string, Parameters<typeof answered> extends [infer _, ...infer Rest] ? Rest : never>> = {
  "status 504": [504, { error: { code: "GatewayTimeout", message: "Too late." } }],
  "status 500": [500, { error: { code: "InternalServerError", message: "Sorry." } }],
  "a page": [200, "<html></html>"],
  "nothing at all": [200, ""],
};

describe("rollouts on an endpoint that somebody else changes", () => {
  for (const [what, answer] of Object.entries(UNCLEAR)) {
    it(`the traffic that somebody wrote after ours is not written over because ours was answered with ${what}`, async () => {
      const name = await liveEndpoint({ teal: 0 });
      let writes = 0;
      const rollout = await begin(name, {
        deployment: "green",
        how: "a",
        percent: 10,
        opening: {
          async between(request, send) {
            if (!isTrafficWrite(name)(request) || ++writes > 1) return send();
            await send();
            await settled(name);
            await setTraffic(name, { blue: 40, teal: 60 });
            return answered(request, ...answer);
          },
        },
      });
      await rollout.done.catch(() => {});
      await settled(name);
      assert.ok(((await served(name)).traffic["teal"] ?? 0) >= 50, JSON.stringify((await served(name)).traffic));
      await afterJob(rollout);
      assert.ok(((await served(name)).traffic["teal"] ?? 0) >= 50, JSON.stringify((await served(name)).traffic));
    });
  }

  it("a share goes back to those that are still there where somebody has deleted one of them", async () => {
    const name = await liveEndpoint({ teal: 30 });
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      opening: afterAnswer(isTrafficWrite(name), async () => {
        await settled(name);
        deploymentsOf((await theCloud()).azure).delete(deploymentKey(name, "teal"));
        rollout.cancel();
      }),
    });
    await failureOf(rollout);
    const said = await afterJob(rollout);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] }, said);
  });

  it("an operation that says Succeeded of a deployment that is Failed is no success", async () => {
    const name = await liveEndpoint();
    const { azure } = await theCloud();
    for (const percent of [0, 10]) {
      const rollout = await begin(name, {
        deployment: "green",
        how: "a",
        percent,
        call: false,
        keep: true,
        opening: afterAnswer(isDeploymentWrite(name), async () => {
          await settled(name);
          const record = deploymentsOf(azure).get(deploymentKey(name, "green"));
          if (record) record.provisioningState = "Failed";
        }),
      });
      const error = await failureOf(rollout);
      assert.match(error.message, /green.* is Failed/);
      assert.deepEqual((await served(name)).traffic, { blue: 100 });
    }
  });

  for (const state of ["Scaling", "Updating"] as const) {
    for (const before of ["call", "traffic"]) {
      it(`a new deployment that is ${state} before its ${before} is waited for where Azure wants it, and not taken back`, async () => {
        const { azure } = await theCloud();
        const name = await liveEndpoint();
        const green = () => deploymentsOf(azure).get(deploymentKey(name, "green"));
        const isLook = ({ method, url }: { method: string; url: string }) =>
          (method === "GET" && url.includes("/deployments/green?")) || isTrafficWrite(name)({ method, url });
        let looks: number | undefined;
        const rollout = await begin(name, {
          deployment: "green",
          how: "a",
          opening: {
            async between(request, send) {
              const there = green();
              // Autoscale, or somebody who writes a tag, comes to its end.
              if (looks !== undefined && isLook(request) && ++looks === 3 && there)
                there.provisioningState = "Succeeded";
              const response = await send();
              const isNow = before === "call" ? isDeploymentWrite(name)(request) : isCall(request);
              if (isNow && looks === undefined) {
                await settled(name);
                looks = 0;
                const begun = green();
                if (begun) begun.provisioningState = state;
              }
              return response;
            },
          },
        });
        const error = await rollout.done.then(
          () => undefined,
          (failure: Error) => failure.message,
        );
        assert.equal(error, undefined);
        assert.deepEqual(await served(name), { traffic: { green: 100 }, deployments: ["blue", "green:a"] });
      });
    }
  }

  it("names near the longest, and those beside them that are taken, are passed by", async () => {
    const name = freshEndpoint();
    const long = "a".repeat(32);
    const first = await release(name, { deployment: long });
    assert.equal(first.deployment, long);
    for (let n = 2; n <= 4; n++) {
      const next = await release(name, { deployment: long, how: `v${n}` });
      assert.equal(next.deployment, `${"a".repeat(32 - `-${n}`.length)}-${n}`);
    }
    assert.equal((await served(name)).deployments.length, 4);
  });

  it("a deployment that somebody deletes while it comes up, or before its traffic: the error says that it is not there", async () => {
    for (const when of ["after the write", "at the call"]) {
      const name = await liveEndpoint();
      const rollout = await begin(name, {
        deployment: "green",
        how: "a",
        opening: {
          async between(request, send) {
            const response = await send();
            if (when === "after the write" ? isDeploymentWrite(name)(request) : request.url.includes("/score")) {
              await settled(name);
              deploymentsOf((await theCloud()).azure).delete(deploymentKey(name, "green"));
            }
            return response;
          },
        },
      });
      const error = await failureOf(rollout);
      assert.match(error.message, /green.* is not there/);
      assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    }
  });

  it("a removal that is answered with not found is looked at before it is told", async () => {
    const name = await liveEndpoint();
    const rollout = await begin(name, {
      deployment: "green",
      how: "wrong",
      opening: {
        async between(request, send) {
          if (request.method !== "DELETE") return send();
          return answered(request, 404, { error: { code: "ResourceNotFound", message: "Not there." } });
        },
      },
    });
    const error = await failureOf(rollout);
    const there = (await served(name)).deployments.includes("green:wrong");
    assert.equal(/The deployment green was deleted/.test(error.message), !there, error.message);
  });

  it("mirrored traffic that somebody set meanwhile stays", async () => {
    const name = await liveEndpoint({ teal: 0 });
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      percent: 10,
      remove: true,
      opening: afterAnswer(isCall, async () => {
        const record = endpointsOf((await theCloud()).azure).get(name);
        if (record) Object.assign(record, { mirrorTraffic: { teal: 20 } });
      }),
    });
    await rollout.done;
    const record = endpointsOf((await theCloud()).azure).get(name);
    assert.deepEqual((record as unknown as { mirrorTraffic: object }).mirrorTraffic, { teal: 20 });
    assert.deepEqual(await served(name), {
      traffic: { blue: 90, green: 10 },
      deployments: ["blue", "green:a", "teal:b"],
    });
  });

  it("an endpoint that somebody deletes in the middle: the error says so, and it is not made anew", async () => {
    const name = await liveEndpoint();
    const rollout = await begin(name, {
      deployment: "green",
      how: "a",
      opening: afterAnswer(isCall, async () => {
        const { azure } = await theCloud();
        endpointsOf(azure).delete(name);
        for (const one of ["blue", "green"]) deploymentsOf(azure).delete(deploymentKey(name, one));
      }),
    });
    const error = await failureOf(rollout);
    assert.match(error.message, new RegExp(name));
    assert.equal(endpointsOf((await theCloud()).azure).get(name), undefined);
  });

  /** Azure accepts the endpoint, and cannot make it. */
  const cannotMake = (name: string): Opening => ({
    async between(request, send) {
      const response = await send();
      const record = endpointsOf((await theCloud()).azure).get(name);
      if (!/\/mfeOperationsStatus\/oe(idp)?:/.test(request.url) || record?.provisioningState === "Updating")
        return response;
      await settled(name);
      if (record) Object.assign(record, { provisioningState: "Failed", scoringUri: null });
      const message = "SubscriptionNotRegistered: Resource provider [N/A] isn't registered with Subscription [N/A].";
      return answered(request, 200, { id: "x", name: "x", status: "Failed", error: { message } });
    },
  });

  it("an endpoint that Azure could not make: the error says why and what to do, and the next run makes it", async () => {
    const name = freshEndpoint();
    const error = await failureOf(await begin(name, { opening: cannotMake(name) }));
    assert.match(error.hint ?? "", /register Microsoft\.PolicyInsights and Microsoft\.Cdn/);
    assert.match(error.message, new RegExp(`The endpoint ${name} is Failed: Azure could not make it`));
    assert.doesNotMatch(error.message, /was made by this step/);
    const again = await begin(name);
    const failure = await again.done.then(
      () => undefined,
      ({ message }: Error) => message,
    );
    assert.equal(failure, undefined);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    assert.match(again.log.text(), new RegExp(`create the endpoint ${name}`));
  });

  it("an endpoint that Azure could not make, and no file to make it from: nothing is sent, and the error says what to do", async () => {
    const name = freshEndpoint();
    await failureOf(await begin(name, { opening: cannotMake(name) }));
    const writes: string[] = [];
    const rollout = await begin(name, {
      options: { endpoint: undefined },
      opening: {
        between(request, send) {
          if (request.method === "PUT") writes.push(request.url);
          return send();
        },
      },
    });
    const error = await failureOf(rollout);
    assert.match(error.message, new RegExp(`The endpoint ${name} is Failed: Azure could not make it`));
    assert.match(error.hint ?? "", /endpointFile/);
    assert.deepEqual(writes, []);
  });

  it("an endpoint that is Failed, without an address and with traffic, is not made again: it would lose that", async () => {
    const name = await liveEndpoint();
    const record = endpointsOf((await theCloud()).azure).get(name);
    if (record) Object.assign(record, { provisioningState: "Failed", scoringUri: null });
    const writes: string[] = [];
    await failureOf(
      await begin(name, {
        ...{ deployment: "green", how: "a" },
        opening: {
          between(request, send) {
            if (isTrafficWrite(name)(request)) writes.push(request.url);
            return send();
          },
        },
      }),
    );
    assert.deepEqual(writes, []);
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
  });

  it("an endpoint that another run fails to make meanwhile, and no file to make it from: the error says what it is", async () => {
    const name = freshEndpoint();
    await release(name, { percent: 0 });
    let looks = 0;
    const rollout = await begin(name, {
      options: { endpoint: undefined },
      ...{ deployment: "green", how: "a" },
      opening: {
        async between(request, send) {
          const isLook = request.method === "GET" && new URL(request.url).pathname.endsWith(`/onlineEndpoints/${name}`);
          const record = endpointsOf((await theCloud()).azure).get(name);
          if (isLook && ++looks === 2 && record)
            Object.assign(record, { provisioningState: "Failed", scoringUri: null });
          return send();
        },
      },
    });
    const error = await failureOf(rollout);
    assert.match(error.message, new RegExp(`The endpoint ${name} is Failed: Azure could not make it`));
    assert.match(error.hint ?? "", /endpointFile/);
  });

  it("what a failed deployment of a new endpoint leaves is undone in as few round trips as on one that was there", async () => {
    const looksOf = async (name: string, deployment: string) => {
      let looks: number | undefined;
      const before: (number | undefined)[] = [];
      const isEndpoint = (url: string) => new URL(url).pathname.endsWith(`/onlineEndpoints/${name}`);
      await failureOf(
        await begin(name, {
          ...{ deployment, how: "broken" },
          opening: {
            between(request, send) {
              if (isDeploymentWrite(name)(request)) looks = 0;
              if (looks !== undefined && request.method === "GET" && isEndpoint(request.url)) looks += 1;
              if (request.method === "DELETE") before.push(looks);
              return send();
            },
          },
        }),
      );
      return before;
    };
    const onNew = await looksOf(freshEndpoint(), "blue");
    assert.equal(onNew.length, 1);
    assert.deepEqual(onNew, await looksOf(await liveEndpoint(), "green"));
  });

  it("an old deployment that autoscale is at is deleted once that has ended", async () => {
    const name = await liveEndpoint();
    const blue = deploymentsOf((await theCloud()).azure).get(deploymentKey(name, "blue"));
    let looks = 0;
    const rollout = await begin(name, {
      ...{ deployment: "green", how: "a", remove: true },
      opening: {
        async between(request, send) {
          const isBlue = request.url.includes("/deployments/blue?");
          if (isBlue && request.method === "GET" && ++looks === 1 && blue) blue.provisioningState = "Scaling";
          const response = await send();
          if (isBlue && request.method === "DELETE" && response.status === 409 && blue)
            blue.provisioningState = "Succeeded";
          return response;
        },
      },
    });
    await rollout.done;
    assert.deepEqual((await served(name)).deployments, ["green:a"], rollout.log.text());
  });

  it("an endpoint that is Failed is mended or refused with its state, and gets no traffic in between", async () => {
    const name = await liveEndpoint();
    const record = endpointsOf((await theCloud()).azure).get(name);
    if (record) record.provisioningState = "Failed";
    const rollout = await begin(name, { deployment: "green", how: "a" });
    const result = await rollout.done.then(
      (report) => `succeeded ${JSON.stringify(report.traffic)}`,
      (error: Error) => error.message,
    );
    assert.match(result, /succeeded|is Failed/);
    if (result.startsWith("succeeded")) assert.deepEqual((await served(name)).traffic, { green: 100 });
  });
});
