// Canaries with one change a call: each short step judges the whole window since the last change, and the state lives on the endpoint between
// steps, stages and runs.
import assert from "node:assert/strict";
import type { TaskError } from "../../../../lib/errors.ts";
import { IN_PROGRESS, LAST_KNOWN_GOOD } from "../../../../lib/ml/endpoints/endpoint-tags.ts";
import { rollBackEndpoint } from "../../../../lib/ml/rollout/endpoint-rollback.ts";
import type { Clock } from "../../../../lib/poll.ts";
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
import { beginCanary, type Canary, jumpingClock, seed } from "./canaries.ts";

const tagsOf = async (endpoint: string) => endpointsOf((await theCloud()).azure).get(endpoint)?.tags ?? {};

/** One pipeline run whose stages each make one change, by one clock: a stage begins 12 minutes after the one before. */
function stages(endpoint: string, runId = "4711") {
  const clock = jumpingClock(100);
  const stage = async (name: string, canary: Canary = {}) => {
    const { inputs, provenance, ...more } = canary;
    return beginCanary(endpoint, {
      clock: clock as Clock,
      ...more,
      provenance: { runId, stage: name, ...provenance },
      inputs: { advance: "next", ...inputs },
    });
  };
  return { stage, pass: (minutes: number) => clock.sleep(minutes * 60_000) };
}

describe("a canary with one change a call", () => {
  it("begins, goes on and ends in short steps, waits in none of them, and is judged at its last share too", async () => {
    const name = await liveEndpoint();
    // Nobody is sent to blue any more from the third step on, 76 minutes ago.
    await Promise.all([seed(name, "blue", { until: 76 }), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const first = await (await stage("ten")).done;
    assert.deepEqual([first.done, first.verdict, first.traffic], [false, undefined, { blue: 90, green: 10 }]);
    const state = JSON.parse((await tagsOf(name))[IN_PROGRESS] ?? "{}");
    assert.deepEqual([state.deployment, state.share, state.run], ["green", 10, "train 20261123.1"]);
    await pass(12);
    const second = await (await stage("fifty")).done;
    assert.deepEqual([second.done, second.verdict, second.traffic], [false, "pass", { blue: 50, green: 50 }]);
    await pass(12);
    const third = await (await stage("all")).done;
    assert.deepEqual([third.done, third.verdict, third.traffic], [false, "pass", { green: 100 }]);
    assert.deepEqual([third.share, third.nextShare, (await tagsOf(name))[LAST_KNOWN_GOOD]], [100, undefined, "blue"]);
    await pass(12);
    const last = await stage("end");
    const end = await last.done;
    assert.deepEqual([end.done, end.verdict, end.traffic, end.live], [true, "pass", { green: 100 }, "blue"]);
    assert.match(last.log.text(), /blue has no traffic any more: rules that read live compare with its minutes from/);
    assert.match(last.log.text(), /pass {2}new\.latencyP95 <= 1\.2 \* live\.latencyP95/);
    assert.deepEqual(
      [(await tagsOf(name))[IN_PROGRESS], (await tagsOf(name))[LAST_KNOWN_GOOD]],
      [undefined, "green blue"],
    );
  });

  it("takes no step twice: a rerun of a stage, the last or an earlier one, changes nothing", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    await pass(12);
    for (const attempt of [2, 3]) {
      const again = await stage("ten", { provenance: { attempt } });
      assert.equal((await again.done).done, false);
      assert.match(again.log.text(), /an earlier attempt of this step made that change/);
    }
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
    await (await stage("fifty")).done;
    await pass(12);
    await (await stage("ten", { provenance: { attempt: 4 } })).done;
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
    // Another run of the pipeline goes on with it.
    const { stage: another, pass: later } = stages(name, "4712");
    await later(36);
    assert.equal((await (await another("ten")).done).done, false);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    await later(12);
    assert.equal((await (await another("ten", { provenance: { attempt: 2 } })).done).done, false);
    assert.equal((await (await another("end")).done).done, true);
  });

  it("takes all of it back where a later step finds it bad, and deletes the deployment that an earlier step made", async () => {
    const name = await liveEndpoint({ teal: 30 });
    await Promise.all([seed(name, "blue"), seed(name, "green", { until: 90 })]);
    await seed(name, "green", { ago: 90, errors: 20 });
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    await pass(12);
    await (await stage("fifty")).done;
    assert.deepEqual((await served(name)).traffic, { blue: 35, teal: 15, green: 50 });
    await pass(12);
    const rollout = await stage("all");
    const error = await failureOf(rollout);
    assert.match(error.message, /green with 50 % of the traffic since .* was judged and failed\. new\.errorRate/);
    assert.match(error.message, /The deployment green was deleted\. The traffic of .* is blue 70 %, teal 30 % again\./);
    assert.deepEqual(await served(name), { traffic: { blue: 70, teal: 30 }, deployments: ["blue", "teal:b"] });
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
    assert.equal(rollout.report()?.steps?.at(-1)?.outcome, "fail");
  });

  it("takes it back where the step after its last share finds it bad: the old deployment is still there", async () => {
    const name = await liveEndpoint({ teal: 30 });
    await Promise.all([seed(name, "blue"), seed(name, "green", { until: 88 })]);
    await seed(name, "green", { ago: 88, errors: 20 });
    const { stage, pass } = stages(name);
    const canary = { remove: true, inputs: { steps: "10, 100" } };
    await (await stage("ten", canary)).done;
    await pass(12);
    await (await stage("all", canary)).done;
    assert.deepEqual(await served(name), { traffic: { green: 100 }, deployments: ["blue", "green:a", "teal:b"] });
    await pass(12);
    const error = await failureOf(await stage("end", canary));
    assert.match(error.message, /green with 100 % of the traffic since .* was judged and failed\. new\.errorRate/);
    assert.deepEqual(await served(name), { traffic: { blue: 70, teal: 30 }, deployments: ["blue", "teal:b"] });
    assert.deepEqual([(await tagsOf(name))[IN_PROGRESS], (await tagsOf(name))[LAST_KNOWN_GOOD]], [undefined, "blue"]);
  });

  it("whose last share nobody judges is replaced by the next canary, and rolled back to what was before it", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const steps = { inputs: { steps: "10, 100" } };
    await (await stage("ten", steps)).done;
    await pass(12);
    await (await stage("all", steps)).done;
    const next = await stage("ten", { deployment: "teal", how: "b", ...steps, provenance: { runId: "5000" } });
    assert.equal((await next.done).done, false);
    assert.match(
      next.log.text(),
      /replace the canary green, which has all of the traffic, and whose last share nobody/,
    );
    assert.deepEqual((await served(name)).traffic, { green: 90, teal: 10 });
  });

  it("that another canary replaced is begun again by no later stage of its run, also once that one has ended", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green"), seed(name, "teal")]);
    const steps = { inputs: { steps: "10, 100" } };
    const first = stages(name, "1");
    for (const at of ["ten", "all"]) {
      await (await first.stage(at, steps)).done;
      await first.pass(12);
    }
    const second = stages(name, "2");
    await second.pass(24);
    const teal = { deployment: "teal", how: "b", ...steps };
    const refused = async () => {
      const outcome = await (await first.stage("end", steps)).done.then(
        () => "it began again",
        (error: Error) => error.message,
      );
      assert.match(outcome, /been taken back or replaced since|A canary rollout of the deployment teal is in progress/);
    };
    for (const at of ["ten", "all", "end"]) {
      await (await second.stage(at, teal)).done;
      await refused();
      await second.pass(12);
    }
    assert.deepEqual((await served(name)).traffic, { teal: 100 });
    await refused();
    assert.deepEqual((await served(name)).traffic, { teal: 100 });
  });

  it("that made the first version at once is begun by no later stage of its run after a newer canary", async () => {
    const name = freshEndpoint();
    const steps = { inputs: { steps: "10, 100" } };
    const first = stages(name, "1");
    assert.equal((await (await first.stage("ten", steps)).done).done, true);
    await Promise.all([seed(name, "green"), seed(name, "teal")]);
    const second = stages(name, "2");
    for (const at of ["ten", "all", "end"]) {
      await (await second.stage(at, { deployment: "teal", how: "b", ...steps })).done;
      await second.pass(12);
    }
    assert.match((await failureOf(await first.stage("all", steps))).message, /been taken back or replaced since/);
    assert.deepEqual((await served(name)).traffic, { teal: 100 });
  });

  it("that is good stays where its end cannot be written: that is a warning, and the next run ends it", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const steps = { inputs: { steps: "10, 100" } };
    await (await stage("ten", steps)).done;
    await pass(12);
    await (await stage("all", steps)).done;
    await pass(12);
    const last = await stage("end", {
      ...steps,
      opening: {
        between: async (request, send) =>
          isTrafficWrite(name)(request)
            ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "No right to write." } })
            : send(),
      },
    });
    assert.equal((await last.done).done, true);
    assert.match(last.log.text(), /\[warning\] The rollout has ended well, and the endpoint's tags say that it is in/);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    const again = await (await stage("end", { ...steps, provenance: { attempt: 2 } })).done;
    assert.deepEqual([again.done, (await tagsOf(name))[IN_PROGRESS]], [true, undefined]);
    assert.equal((await tagsOf(name))[LAST_KNOWN_GOOD], "green blue");
  });

  it("takes it back where the contract test of a later step fails", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    await pass(12);
    const error = await failureOf(
      await stage("fifty", {
        opening: {
          between: async (request, send) =>
            request.url.includes("/score") ? answered(request, 200, { doubled: [2, 5] }) : send(),
        },
      }),
    );
    assert.match(error.message, /not as expected/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("stays where it is while nothing can be said, and goes on once it can", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    const early = await stage("fifty");
    assert.deepEqual([(await early.done).done, (await early.done).verdict], [false, "inconclusive"]);
    assert.match(
      early.log.text(),
      /\[warning\] green with 10 % .* could not be judged yet, so nothing moved; run the step again later/,
    );
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
    await pass(8);
    const shorter = await (await stage("fifty", { provenance: { attempt: 2 } })).done;
    assert.deepEqual(
      [shorter.verdict, shorter.steps?.at(-1)?.reasons?.[0]],
      ["inconclusive", "1 of 5 minutes have baked."],
    );
    await pass(4);
    assert.equal((await (await stage("fifty", { provenance: { attempt: 3 } })).done).verdict, "pass");
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
  });

  it("that somebody took back by hand, or that another release replaced, begins anew or is refused by its name", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    // Another content is another deployment: two of them could not be judged at once.
    const other = await failureOf(await stage("ten", { how: "b", provenance: { runId: "5000" } }));
    assert.match(
      other.message,
      /A canary rollout of the deployment green is in progress: it has 10 % since .* set by the run train 20261123\.1\./,
    );
    assert.deepEqual((await served(name)).deployments, ["blue", "green:a"]);
    await setTraffic(name, { blue: 100 });
    await pass(12);
    // The run that began it does not begin it again, with the first share in its second stage; a new run does.
    const later = await failureOf(await stage("fifty"));
    assert.match(
      later.message,
      /The rollout that this run began has been taken back or replaced since: the traffic is blue 100 %/,
    );
    assert.deepEqual((await served(name)).traffic, { blue: 100 });
    await (await stage("ten", { provenance: { runId: "4800" } })).done;
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
    await release(name, { deployment: "teal", how: "b" });
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
    assert.deepEqual((await served(name)).traffic, { teal: 100 });
  });

  it("that was rolled back, replaced or taken back is begun again by no later stage and no rerun of its run", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green", { until: 90 })]);
    await seed(name, "green", { ago: 90, errors: 20 });
    const refusal = /The rollout that this run began has been taken back or replaced since/;
    const first = stages(name, "1");
    await (await first.stage("ten")).done;
    await rollBackEndpoint(await openLocal(), { endpoint: name });
    assert.match((await failureOf(await first.stage("fifty"))).message, refusal);
    const second = stages(name, "2");
    await (await second.stage("ten")).done;
    await release(name, { deployment: "teal", how: "b" });
    assert.match((await failureOf(await second.stage("fifty"))).message, refusal);
    assert.deepEqual((await served(name)).traffic, { teal: 100 });
    await release(name);
    const third = stages(name, "3");
    await (await third.stage("ten")).done;
    await third.pass(24);
    assert.match((await failureOf(await third.stage("fifty"))).message, /was judged and failed/);
    const again = await failureOf(await third.stage("fifty", { provenance: { attempt: 2 } }));
    assert.match(again.message, refusal);
    // The first run made green, so that the third one leaves it.
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue", "green:a", "teal:b"] });
  });

  it("that ended well and was rolled back is begun again by no rerun of its last stage", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const steps = { inputs: { steps: "10, 100" } };
    let done = false;
    for (const at of ["ten", "all", "end"]) {
      if (done) break;
      done = (await (await stage(at, steps)).done).done === true;
      await pass(12);
    }
    assert.deepEqual((await served(name)).traffic, { green: 100 });
    // A rerun while it stands has nothing to do.
    const idle = await (await stage("end", { ...steps, provenance: { attempt: 2 } })).done;
    assert.deepEqual([idle.done, idle.traffic], [true, { green: 100 }]);
    await rollBackEndpoint(await openLocal(), { endpoint: name });
    for (const at of ["ten", "all", "end"]) {
      const rerun = await stage(at, { ...steps, provenance: { attempt: 3 } });
      const outcome = await rerun.done.then(
        () => "it began again",
        (error: Error) => error.message,
      );
      assert.match(outcome, /The rollout that this run began has ended, and was rolled back or replaced since/);
      assert.deepEqual((await served(name)).traffic, { blue: 100 });
    }
    // A new run begins it.
    await (await stages(name, "4712").stage("ten", steps)).done;
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
  });

  it("a shadow that ended well is begun again by no rerun, and its deployment may be a canary of the same run", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const shadow: Canary = { inputs: { strategy: "shadow" } };
    await (await stage("begin", shadow)).done;
    await pass(12);
    await (await stage("end", shadow)).done;
    const again = await (await stage("end", { ...shadow, provenance: { attempt: 2 } })).done;
    assert.equal(again.done, true);
    const { azure } = await theCloud();
    const mirrored = () => endpointsOf(azure).get(name)?.mirrorTraffic["green"] ?? 0;
    assert.equal(mirrored(), 0);
    await (await stage("ten")).done;
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
  });

  it("is not taken over from a run that is at it on its agent", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green", { errors: 20 })]);
    let refused: TaskError | undefined;
    const clock = jumpingClock(100);
    const { stage } = stages(name);
    const waiting = await beginCanary(name, {
      clock: {
        ...clock,
        sleep: async (milliseconds, signal) => {
          refused ??= await failureOf(await stage("fifty"));
          return clock.sleep(milliseconds, signal);
        },
      },
    });
    // The bad canary is still that run's to take back.
    assert.match((await failureOf(waiting)).message, /was judged and failed.* is blue 100 % again/);
    assert.match(
      refused?.message ?? "",
      /Another run is rolling out the deployment green of .* step by step, and has not ended/,
    );
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });

  it("does not replace one that got all of the traffic after it had looked, and is still judged", async () => {
    const name = await liveEndpoint();
    await Promise.all(["blue", "green", "teal"].map((one) => seed(name, one)));
    let refused: TaskError | undefined;
    const clock = jumpingClock(100);
    const green = () =>
      beginCanary(name, {
        inputs: { steps: "100" },
        clock: {
          ...clock,
          sleep: async (milliseconds, signal) => {
            goOn();
            refused ??= await failureOf(teal);
            return clock.sleep(milliseconds, signal);
          },
        },
      });
    let goOn = () => {};
    let other: ReturnType<typeof green> | undefined;
    const teal = await stages(name, "5000").stage("ten", {
      ...{ deployment: "teal", how: "b" },
      opening: {
        async between(request, send) {
          // The lock is free while teal is called.
          if (/\/score$/.test(request.url) && other === undefined)
            await new Promise<void>((resolve) => {
              goOn = resolve;
              other = green();
              other.then((one) => one.done).catch(() => resolve());
            });
          return send();
        },
      },
    });
    assert.match((await failureOf(teal)).message, /A canary rollout of green has begun at the same time/);
    assert.equal((await (await other)?.done)?.done, true);
    assert.match(refused?.message ?? "", /nothing was moved/);
    assert.deepEqual((await served(name)).traffic, { green: 100 });
  });

  it("cancelled in the middle of a change gives back that change, and the state before it", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    const state = (await tagsOf(name))[IN_PROGRESS];
    await pass(12);
    const rollout = await stage("fifty", {
      opening: {
        async between(request, send) {
          const response = await send();
          if (isTrafficWrite(name)(request)) rollout.cancel();
          return response;
        },
      },
    });
    await failureOf(rollout);
    await afterJob(rollout);
    assert.deepEqual(await served(name), { traffic: { blue: 90, green: 10 }, deployments: ["blue", "green:a"] });
    assert.equal((await tagsOf(name))[IN_PROGRESS], state);
  });

  it("whose write is answered by nobody is written once", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    let writes = 0;
    const lost = (method: string) => ({
      async between(request: { method: string; url: string }, send: () => Promise<never>) {
        const response = await send();
        if (!isTrafficWrite(name)(request)) return response;
        writes += 1;
        return writes === 1
          ? answered(request as never, 504, { error: { code: method, message: "Too late." } })
          : response;
      },
    });
    await (await stage("ten", { opening: lost("GatewayTimeout") as never })).done;
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
    const { since } = JSON.parse((await tagsOf(name))[IN_PROGRESS] ?? "{}");
    await pass(12);
    writes = 0;
    await (await stage("fifty", { opening: lost("GatewayTimeout") as never })).done;
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
    assert.notEqual(JSON.parse((await tagsOf(name))[IN_PROGRESS] ?? "{}").since, since);
  });

  it("takes a shadow in two steps, which end its mirror", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const shadow: Canary = { inputs: { strategy: "shadow" } };
    assert.equal((await (await stage("begin", shadow)).done).done, false);
    await pass(12);
    const ended = await (await stage("end", shadow)).done;
    assert.deepEqual([ended.done, ended.verdict, ended.traffic], [true, "pass", { blue: 100 }]);
    assert.deepEqual((await served(name)).deployments, ["blue", "green:a"]);
  });

  it("ends the mirror of a shadow that a later step finds bad, and deletes its deployment", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green", { errors: 20 })]);
    const { stage, pass } = stages(name);
    const shadow: Canary = { inputs: { strategy: "shadow" } };
    await (await stage("begin", shadow)).done;
    await pass(12);
    const error = await failureOf(await stage("end", shadow));
    assert.match(
      error.message,
      /copies of the requests since .* was judged and failed.* The deployment green was deleted/,
    );
    const { azure } = await theCloud();
    assert.deepEqual(endpointsOf(azure).get(name)?.properties["mirrorTraffic"] ?? {}, {});
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
    assert.equal((await tagsOf(name))[IN_PROGRESS], undefined);
  });

  it("goes on with nothing before its bake is over, whatever is to become of what cannot be judged", async () => {
    for (const onInconclusive of ["continue", "fail"]) {
      const name = await liveEndpoint();
      await Promise.all([seed(name, "blue"), seed(name, "green")]);
      const { stage, pass } = stages(name);
      await (await stage("ten")).done;
      for (const minutes of [0, 8]) {
        await pass(minutes);
        const early = await (await stage("fifty", { inputs: { onInconclusive } as never })).done;
        assert.deepEqual([early.done, early.verdict], [false, "inconclusive"]);
        assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
      }
    }
  });

  it("bakes from when its share was written, and not from when the step began to wait for the endpoint", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (await stage("ten")).done;
    await pass(12);
    let writes = 0;
    await (
      await stage("fifty", {
        opening: {
          async between(request, send) {
            if (!isTrafficWrite(name)(request) || ++writes > 1) return send();
            await pass(20);
            return answered(request, 409, { error: { code: "Conflict", message: "Another operation is under way." } });
          },
        },
      })
    ).done;
    // The minutes in which it waited had the share before.
    assert.equal((await (await stage("all")).done).verdict, "inconclusive");
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
  });

  it("bakes from when the endpoint's own operation had ended, also where that took as long as the bake", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    let writes = 0;
    await (
      await stage("ten", {
        opening: {
          async between(request, send) {
            const response = await send();
            // Azure is at it for 20 minutes, in which the old shares serve.
            if (isTrafficWrite(name)(request) && ++writes === 1) await pass(20);
            return response;
          },
        },
      })
    ).done;
    const early = await (await stage("fifty")).done;
    assert.deepEqual([early.done, early.verdict], [false, "inconclusive"]);
    assert.deepEqual((await served(name)).traffic, { blue: 90, green: 10 });
    await pass(12);
    assert.equal((await (await stage("fifty", { provenance: { attempt: 2 } })).done).verdict, "pass");
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
  });

  it("is taken back by an alert that fired once its share was set, or between a judgement and its write", async () => {
    const alertRules = "errors";
    /** Answers for Azure Monitor: one rule, and one alert of it, which stays fired. */
    const alerting = (startDateTime: () => string | undefined): Canary => ({
      inputs: { alertRules },
      opening: {
        async between(request, send) {
          const list = (value: object[]) => answered(request, 200, { value });
          if (/\/scheduledQueryRules\?/.test(request.url)) return list([]);
          const id = `${/^https:\/\/[^/]+([^?]*\/metricAlerts)\?/.exec(request.url)?.[1]}/errors`;
          if (/\/metricAlerts\?/.test(request.url)) return list([{ id, name: "errors", properties: {} }]);
          if (!/AlertsManagement\/alerts\?/.test(request.url)) return send();
          const essentials = { alertRule: "errors", monitorCondition: "Fired", startDateTime: startDateTime() };
          return list(essentials.startDateTime === undefined ? [] : [{ properties: { essentials } }]);
        },
      },
    });
    const later = (since: string, seconds: number) => new Date(Date.parse(since) + seconds * 1000).toISOString();
    const sinceOf = async (endpoint: string) => JSON.parse((await tagsOf(endpoint))[IN_PROGRESS] ?? "{}").since;
    for (const seconds of [5, -2]) {
      const name = await liveEndpoint();
      await Promise.all([seed(name, "blue"), seed(name, "green")]);
      const { stage, pass } = stages(name);
      await (
        await stage(
          "ten",
          alerting(() => undefined),
        )
      ).done;
      await pass(12);
      await (
        await stage(
          "fifty",
          alerting(() => undefined),
        )
      ).done;
      const fired = later(await sinceOf(name), seconds);
      await pass(12);
      const error = await failureOf(
        await stage(
          "all",
          alerting(() => fired),
        ),
      );
      assert.match(error.message, /green with 50 % .* was judged and failed\. The alert rule errors fired at /);
      assert.deepEqual((await served(name)).traffic, { blue: 100 });
    }
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    await (
      await stage(
        "ten",
        alerting(() => undefined),
      )
    ).done;
    const before = later(await sinceOf(name), -5);
    await pass(12);
    await (
      await stage(
        "fifty",
        alerting(() => before),
      )
    ).done;
    assert.deepEqual((await served(name)).traffic, { blue: 50, green: 50 });
  });

  it("goes on in the next step where the time of the operation could not be noted, and leaves nothing in the lock", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage, pass } = stages(name);
    let writes = 0;
    const first = await stage("ten", {
      opening: {
        async between(request, send) {
          if (!isTrafficWrite(name)(request)) return send();
          if (++writes > 1) return answered(request, 403, { error: { code: "AuthorizationFailed", message: "No." } });
          const response = await send();
          await pass(2);
          return response;
        },
      },
    });
    await first.done;
    assert.match(first.log.text(), /\[warning\] Azure took 120 seconds to move the traffic\. That could not be noted/);
    await pass(12);
    assert.deepEqual((await (await stage("fifty")).done).traffic, { blue: 50, green: 50 });
  });

  it("with one share alone is compared with as many minutes before it as it has by then, and an hour at least", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue", { requests: 0.5, ago: 600 }), seed(name, "green")]);
    const { stage, pass } = stages(name);
    const steps = { inputs: { steps: "100", bakeMinutes: 1 } };
    await (await stage("all", steps)).done;
    await pass(20);
    const early = await (await stage("end", steps)).done;
    assert.deepEqual([early.done, early.verdict], [false, "inconclusive"]);
    await pass(300);
    const end = await (await stage("end", { ...steps, provenance: { attempt: 2 } })).done;
    assert.deepEqual([end.done, end.verdict], [true, "pass"]);
  });

  it("is refused without a call where one is required, whatever share blue/green would give", async () => {
    const name = await liveEndpoint();
    await Promise.all([seed(name, "blue"), seed(name, "green")]);
    const { stage } = stages(name);
    const rollout = await stage("ten", { call: false, percent: 0, options: { requireCall: true } });
    const outcome = await rollout.done.then(
      () => "succeeded",
      (error: Error) => error.message,
    );
    assert.match(outcome, /Input requireCall is true, and nothing is there to call the new deployment with/);
    assert.deepEqual(await served(name), { traffic: { blue: 100 }, deployments: ["blue"] });
  });
});
