// Canaries on one agent: each share bakes and is judged by Azure Monitor's metrics; a good one gets all of the traffic, a bad one is taken
// back with the numbers in the error.
import assert from "node:assert/strict";
import { EndpointLock } from "../../../../lib/ml/endpoints/endpoint-lock.ts";
import { IN_PROGRESS, LAST_KNOWN_GOOD } from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import { rollBackEndpoint } from "../../../../lib/ml/rollout/endpoint-rollback.ts";
import { ORIGIN } from "../../../../lib/ml/rollout/rollout-progress.ts";
import { diagnosticSettingsOf } from "../../../../local/azure/monitor/container-events.ts";
import { endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import {
  afterJob,
  failureOf,
  freshEndpoint,
  isTrafficWrite,
  liveEndpoint,
  release,
  served,
  setTraffic,
} from "../rollouts.ts";
import { answered, openLocal, theCloud } from "../world.ts";
import { bakingClock, beginCanary, jumpingClock, seed } from "./canaries.ts";

const tagsOf = async (endpoint: string) => endpointsOf((await theCloud()).azure).get(endpoint)?.tags ?? {};

/** Collects the traffic of each write of an endpoint. @param before what is done before the write */
function watching(
  endpoint: string,
  writes: Record<string, number>[],
  before: (traffic: Record<string, number>) => Promise<void> = async () => {},
) {
  return {
    onRequest: undefined,
    async between(request: { method: string; url: string; body?: unknown }, send: () => Promise<never>) {
      if (isTrafficWrite(endpoint)(request)) {
        const { traffic } = JSON.parse(String(request.body)).properties;
        writes.push(traffic);
        await before(traffic);
      }
      return send();
    },
  };
}

describe("a canary", () => {
  it("that is as good as the live deployment gets its shares one after the other, and is the last known good then", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const writes: Record<string, number>[] = [];
    const { clock, opening, baked } = bakingClock(name, 100);
    const rollout = await beginCanary(name, { clock, opening: { ...(watching(name, writes) as object), ...opening } });
    const report = await rollout.done;
    // The last write ends the rollout, and moves nothing.
    assert.deepEqual(writes, [{ blue: 90, green: 10 }, { blue: 50, green: 50 }, { green: 100 }, { green: 100 }]);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    assert.deepEqual([report.done, report.verdict], [true, "pass"]);
    assert.deepEqual(
      report.steps?.map(({ share, outcome }) => [share, outcome]),
      [
        [10, "pass"],
        [50, "pass"],
        [100, "pass"],
      ],
    );
    const tags = await tagsOf(name);
    assert.equal(tags[LAST_KNOWN_GOOD], "green blue");
    assert.deepEqual([tags[IN_PROGRESS], tags["team"]], [undefined, "a"]);
    // Of its origin stays which run ended it.
    assert.deepEqual(Object.keys(JSON.parse(tags[ORIGIN] ?? "{}")), ["of", "ended", "deployment"]);
    // Each share bakes five minutes, and its metrics are complete five minutes later.
    assert.ok(baked() >= 30 && baked() < 34, `${baked()} minutes`);
    const said = rollout.log.text();
    assert.match(
      said,
      /The rules, since none are written, are the default ones:\n {2}new\.errorRate <= live\.errorRate \+ 0\.01\n/,
    );
    assert.match(said, /traffic blue 100 % -> blue 90 %, green 10 % -> blue 50 %, green 50 % -> green 100 %/);
  });

  it("with more errors than the live deployment is taken back, with the numbers in the error, and deleted", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green", { errors: 12 })]);
    const { clock, opening, baked } = bakingClock(name, 100);
    const rollout = await beginCanary(name, { clock, opening });
    const error = await failureOf(rollout);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    assert.match(
      error.message,
      /canary rollout failed: green with 10 % of the traffic since .* was judged and failed\. new\.errorRate <= live\.errorRate \+ 0\.01: .*0\.2/,
    );
    assert.match(error.message, /The deployment green was deleted\. The traffic of .* is blue 100 % again\./);
    assert.equal(error.errorCode, "AML1612");
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
    assert.equal((await tagsOf(name))[LAST_KNOWN_GOOD], "blue");
    // A judgement that fails ends the bake: nobody is served badly for the rest of it.
    assert.ok(baked() < 10, `${baked()} minutes`);
    assert.equal(rollout.leftover(), undefined);
    assert.deepEqual(
      rollout.report()?.steps?.map(({ outcome }) => outcome),
      ["fail"],
    );
  });

  it("whose container is started again and again is taken back, where Log Analytics has that", async () => {
    const name = await liveEndpoint();
    const { azure } = await theCloud();
    const logs = [{ category: "AmlOnlineEndpointEventLog", enabled: true }];
    const setting = { endpoint: name.toLowerCase(), name: "law", properties: { workspaceId: "/law", logs } };
    diagnosticSettingsOf(azure).set(name, setting);
    await Promise.all([seed(name, "blue", { restarts: 0 }), seed(name, "green", { restarts: 1 })]);
    const rollout = await beginCanary(name, { clock: jumpingClock(100) });
    const error = await failureOf(rollout);
    assert.match(error.message, /was judged and failed\. new\.restarts <= live\.restarts: /);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("that is slower is taken back from its second share, and kept where that is asked for", async () => {
    const name = await liveEndpoint({ teal: 30 });
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const clock = jumpingClock(100);
    const rollout = await beginCanary(name, {
      keep: true,
      clock,
      opening: watching(name, [], async ({ green }) => {
        if (green === 50) await seed(name, "green", { ago: clock.minutesBehind(), latency: 60 });
      }) as never,
    });
    const error = await failureOf(rollout);
    assert.match(
      error.message,
      /green with 50 % of the traffic since .* new\.latencyP95 <= 1\.2 \* live\.latencyP95: .*60.*20/,
    );
    assert.deepEqual(await served(name), {
      traffic: { blue: 70, teal: 30 },
      deployments: ["blue", "green:a", "teal:b"],
    });
    assert.match(error.message, /green was kept/);
  });

  it("that fails only once it has all of the traffic is taken back, while the old deployment is still there", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const clock = jumpingClock(100);
    const rollout = await beginCanary(name, {
      remove: true,
      clock,
      opening: watching(name, [], async ({ green }) => {
        if (green === 100) await seed(name, "green", { ago: clock.minutesBehind(), errors: 20 });
      }) as never,
    });
    const outcome = await rollout.done.then(
      () => "succeeded",
      (error: Error) => error.message,
    );
    assert.match(outcome, /green with 100 % of the traffic since .* was judged and failed\. new\.errorRate/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    assert.equal((await tagsOf(name))[LAST_KNOWN_GOOD], "blue");
  });

  it("whose agent is lost at the last share is judged there by the next attempt, and taken back or ended", async () => {
    for (const errors of [0, 20]) {
      const name = await liveEndpoint();
      await Promise.all([seed(name, "blue"), seed(name, "green")]);
      const clock = jumpingClock(100);
      const attempt = (number: number) =>
        beginCanary(name, {
          inputs: { steps: "50, 100" },
          provenance: { runId: `77${errors}`, attempt: number },
          clock: {
            ...clock,
            sleep: async (milliseconds, signal) => {
              const isLast = (await served(name)).traffic["green"] === 100;
              if (isLast && number === 1) first.cancel();
              return clock.sleep(milliseconds, signal);
            },
          },
        });
      const first = await attempt(1);
      await failureOf(first);
      assert.deepEqual((await served(name)).traffic, { green: 100 });
      // Nothing runs after the job: its agent is gone.
      if (errors > 0) await seed(name, "green", { ago: clock.minutesBehind(), errors });
      const second = await attempt(2);
      const outcome = await second.done.then(
        ({ done }) => String(done),
        (error: Error) => error.message,
      );
      assert.match(outcome, errors > 0 ? /green with 100 % of the traffic since .* was judged and failed/ : /^true$/);
      assert.deepEqual((await served(name)).traffic, errors > 0 ? { blue: 100 } : { green: 100 });
      assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
      assert.equal((await tagsOf(name))[LAST_KNOWN_GOOD], errors > 0 ? "blue" : "green blue");
    }
  });

  it("without requests is inconclusive, and never healthy: it waits, fails or goes on as it is told", async () => {
    const name = await liveEndpoint();
    await seed(name, "blue");
    const waiting = await beginCanary(name, { options: { deadline: 40 * 60_000 } });
    const error = await failureOf(waiting);
    assert.equal(error.kind, "timeout");
    assert.match(
      error.message,
      /green could not be judged in time at 10 %: Azure Monitor has no requests of the new deployment green/,
    );
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    const failing = await failureOf(await beginCanary(name, { inputs: { onInconclusive: "fail" } }));
    assert.match(failing.message, /green with 10 % .* could not be judged\. Azure Monitor has no requests/);
    const going = await beginCanary(name, { inputs: { onInconclusive: "continue" } });
    assert.equal((await going.done).verdict, "inconclusive");
    assert.match(going.log.text(), /\[warning\] green with 50 % .*goes on all the same \(onInconclusive: continue\)/);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
  });

  it("with a share that a release by hand gave it is judged with that first, and goes back to it", async () => {
    const name = await liveEndpoint();
    await release(name, { deployment: "green", how: "a", percent: 20 });
    await seed(name, "blue");
    await seed(name, "green", { until: 92 });
    await seed(name, "green", { ago: 92, errors: 20 });
    const rollout = await beginCanary(name);
    const error = await failureOf(rollout);
    assert.match(error.message, /green with 50 % of the traffic since .* was judged and failed/);
    assert.deepEqual(
      rollout.report()?.steps?.map(({ share, outcome }) => [share, outcome]),
      [
        [20, "pass"],
        [50, "fail"],
      ],
    );
    assert.deepEqual(await served(name), { traffic: { blue: 80, green: 20 }, deployments: ["blue", "green:a"] });
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
  });

  it("is refused where the share that it has from elsewhere leaves no time for the others", async () => {
    const name = await liveEndpoint();
    await release(name, { deployment: "green", how: "a", percent: 20 });
    const inputs = { steps: "50, 100" };
    const error = await failureOf(await beginCanary(name, { inputs, options: { deadline: 25 * 60_000 } }));
    assert.match(error.message, /timeoutInMinutes is 25, and the 3 shares to be judged take 30 minutes/);
    assert.deepEqual((await served(name)).traffic, { blue: 80, green: 20 });
  });

  it("is known to other runs as one that is under way for as long as its shares may bake", async () => {
    const name = await liveEndpoint();
    await seed(name, "blue");
    let until = 0;
    const clock = jumpingClock(100);
    const rollout = await beginCanary(name, {
      inputs: { bakeMinutes: 1440, steps: "10, 50, 100" },
      clock: {
        ...clock,
        sleep: async (milliseconds, signal) => {
          const rollouts = await new EndpointLock(await openLocal(), name).rollouts();
          until = rollouts?.["green"]?.until ?? 0;
          rollout.cancel();
          return clock.sleep(milliseconds, signal);
        },
      },
    });
    await failureOf(rollout);
    await afterJob(rollout);
    // Two shares of a day each.
    assert.ok(until > Date.now() + 48 * 60 * 60_000, new Date(until).toISOString());
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("ends with an error, and waits no longer, once a rollback has ended it", async () => {
    const name = await liveEndpoint();
    await seed(name, "blue");
    const { clock, opening, baked } = bakingClock(name, 100, async (pause, writes) => {
      if (writes === 1 && pause === 4) await rollBackEndpoint(await openLocal(), { endpoint: name });
    });
    const rollout = await beginCanary(name, { clock, opening });
    const error = await failureOf(rollout);
    assert.match(error.message, /does not stand as it was written any more/);
    assert.ok(baked() < 10, `${baked()} minutes`);
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
  });

  it("gives a first deployment all of the traffic at once", async () => {
    const name = freshEndpoint();
    const rollout = await beginCanary(name);
    assert.equal((await rollout.done).done, true);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    const again = await beginCanary(name);
    assert.equal((await again.done).done, true);
    assert.match(again.log.text(), /green has its share already/);
  });

  it("that is cancelled while it bakes is taken back by the post-job stage, with its state", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { clock, opening } = bakingClock(name, 100, async (pause, writes) => {
      if (writes === 2 && pause === 3) rollout.cancel();
    });
    const rollout = await beginCanary(name, { clock, opening });
    await failureOf(rollout);
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
    assert.match(await afterJob(rollout), /Deleted the deployment green/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
  });

  it("whose traffic somebody changes while it bakes is not fought for", async () => {
    const name = await liveEndpoint({ teal: 0 });
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { clock, opening } = bakingClock(name, 100, async (pause, writes) => {
      if (writes === 1 && pause === 3) await setTraffic(name, { blue: 60, teal: 40, green: 0 });
    });
    const rollout = await beginCanary(name, { clock, opening });
    const error = await failureOf(rollout);
    assert.match(error.message, /does not stand as it was written any more: .* Its traffic is blue 60 %, teal 40 %/);
    assert.deepEqual(await served(name), { traffic: { blue: 60, teal: 40 }, deployments: ["blue", "teal:b"] });
  });

  it("goes back in proportion where somebody added another deployment meanwhile", async () => {
    const name = await liveEndpoint({ teal: 0 });
    await Promise.all([seed(name, "blue"), seed(name, "green", { errors: 30 })]);
    const { clock, opening } = bakingClock(name, 100, async (pause, writes) => {
      if (writes === 1 && pause === 3) await setTraffic(name, { blue: 45, teal: 45, green: 10 });
    });
    const rollout = await beginCanary(name, { clock, opening });
    await failureOf(rollout);
    assert.deepEqual((await served(name)).traffic, { blue: 50, teal: 50 });
  });

  it("whose metrics may not be read changes nothing, and names the permission", async () => {
    const name = await liveEndpoint();
    const rollout = await beginCanary(name, {
      opening: {
        between: async (request, send) =>
          request.url.includes("Microsoft.Insights")
            ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "No right to read metrics." } })
            : send(),
      },
    });
    const error = await failureOf(rollout);
    assert.match(`${error.message} ${error.hint}`, /Monitoring Reader|metrics\/read/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("is refused before anything where its shares could not bake in time, or a rule is none", async () => {
    const name = await liveEndpoint();
    const short = await failureOf(await beginCanary(name, { options: { deadline: 20 * 60_000 } }));
    assert.match(
      short.message,
      /timeoutInMinutes is 20, and the 3 shares to be judged take 30 minutes: 5 each, and 5 until/,
    );
    const wrong = await failureOf(await beginCanary(name, { inputs: { canaryRules: "new.speed < 3" } }));
    assert.match(wrong.message, /there is no new\.speed/);
    assert.deepEqual((await served(name)).deployments, ["blue"]);
  });
});

describe("a shadow", () => {
  it("gets copies of requests, is judged, and moves nothing: the mirror ends and the deployment stays", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const mirrors: unknown[] = [];
    const rollout = await beginCanary(name, {
      inputs: { strategy: "shadow" },
      opening: {
        async between(request, send) {
          if (isTrafficWrite(name)(request)) {
            const { traffic, mirrorTraffic } = JSON.parse(String(request.body)).properties;
            mirrors.push({ traffic, mirrorTraffic });
          }
          return send();
        },
      },
    });
    const report = await rollout.done;
    assert.deepEqual([report.done, report.verdict], [true, "pass"]);
    assert.deepEqual(mirrors, [
      { traffic: { blue: 100 }, mirrorTraffic: { green: 20 } },
      { traffic: { blue: 100 }, mirrorTraffic: { green: 0 } },
    ]);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue", "green:a"] });
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
    // What has proved itself in the shadow is then released as it stands.
    await release(name, { deployment: "green", how: "a" });
    assert.deepEqual((await served(name)).traffic, { green: 100 });
  });

  it("that is worse fails: the mirror ends, and the deployment is deleted", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green", { errors: 20 })]);
    const error = await failureOf(await beginCanary(name, { inputs: { strategy: "shadow" } }));
    assert.match(error.message, /shadow rollout failed: green with 20 % of copies of the requests since/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    const endpoint = endpointsOf((await theCloud()).azure).get(name);
    assert.deepEqual(
      Object.values(endpoint?.mirrorTraffic ?? {}).filter((share) => share > 0),
      [],
    );
  });
});
