// AzureMLCheckMonitor by the door that ships: outputs and record of what it found, and what becomes of the step.
// Tests: lib/ml/model-monitors/check-production.ts, lib/ml/model-monitors/endpoint-health.ts, lib/task/production.ts
import assert from "node:assert/strict";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import task from "../../tasks/CheckMonitor/index.ts";
import { addEndpoint } from "../lib/ml/cleanup/things.ts";
import { Rounds } from "../lib/ml/rounds.ts";
import { answered, theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../local/azure/jobs/monitors/monitors.ts";
import { runStory } from "./context.ts";

const MINUTE = 60_000;
const rows = (from: number) => Array.from({ length: 30 }, (_, index) => ({ age: from + index }));

describe("CheckMonitor", () => {
  let jobs: JobClient;
  const drift = (asset: string) => ({
    ...{ signalType: "DataDrift", productionData: rolling(asset), referenceData: fixed("cm-reference") },
    metricThresholds: [limit("Numerical", "NormalizedWassersteinDistance", 0.5)],
  });
  before(async () => {
    jobs = new JobClient(await theCloud());
    await jobs.prepare().catch(() => undefined);
    await table(jobs, "cm-reference", rows(20));
    await collect(jobs, "cm-shifted", "2026/03/08/11", rows(60));
    await collect(jobs, "cm-alike", "2026/03/08/11", rows(20));
    await monitor(jobs, "cm-breached", { inputs: drift("cm-shifted"), others: drift("cm-alike") });
    await monitor(jobs, "cm-healthy", { inputs: drift("cm-alike") });
    await monitor(jobs, "cm-new", { inputs: drift("cm-alike") });
    await Promise.all([look(jobs, "cm-breached"), look(jobs, "cm-healthy")]);
  });

  /** An endpoint whose deployment blue has all of the traffic, with minutes of the last two hours. */
  const endpoint = async (name: string, now: object, before: object = now) => {
    const { azure } = await theCloud();
    addEndpoint(azure, name, {}, azure.clock.now() - 86_400_000);
    Object.assign(endpointsOf(azure).get(name)!, { traffic: { blue: 100 } });
    const minutes = { endpoint: name, deployment: "blue", requests: 100, latency: 50 };
    seedMinutes(azure, [
      { ...minutes, ago: 140 * MINUTE, span: 74 * MINUTE, ...before },
      { ...minutes, ago: 64 * MINUTE, span: 60 * MINUTE, ...now },
    ]);
  };

  it("fails on a breach, with outputs and a record that name the signal and the feature", async () => {
    const { result, error, set, record, log } = await runStory(task, { monitor: "cm-breached" }, "/");
    assert.equal(result, "Failed", log);
    assert.match(
      error?.message ?? "",
      /^Not healthy: inputs: NormalizedWassersteinDistance of age is 4\.\d+, above 0\.5\./,
    );
    assert.deepEqual([set["outcome"], set["breached"], set["breachedSignals"]], ["breached", "true", "inputs"]);
    assert.equal(set["jobName"], record.monitor?.job);
    const [inputs, others] = record.monitor?.signals ?? [];
    assert.deepEqual([inputs?.outcome, others?.outcome, inputs?.production], ["breached", "healthy", 30]);
    assert.equal(inputs?.metrics?.[0]?.broken, true);
    assert.match(log, /BREACHED {7}inputs: /);
    assert.match(log, /healthy {8}others: /);
  });

  it("passes a healthy monitor, and leaves another answer to the pipeline where it asks for one", async () => {
    const healthy = await runStory(task, { monitor: "cm-healthy" }, "/");
    assert.equal(healthy.result, "Succeeded", healthy.log);
    assert.deepEqual([healthy.set["outcome"], healthy.set["breached"]], ["healthy", "false"]);
    const warned = await runStory(task, { monitor: "cm-breached", onBreach: "warn" }, "/");
    assert.equal(warned.result, "SucceededWithIssues", warned.log);
    const goesOn = await runStory(task, { monitor: "cm-breached", onBreach: "continue" }, "/");
    assert.deepEqual([goesOn.result, goesOn.set["outcome"]], ["Succeeded", "breached"]);
  });

  it("does not take no evidence for healthy", async () => {
    const { result, error, set } = await runStory(task, { monitor: "cm-new" }, "/");
    assert.equal(result, "Failed");
    assert.match(error?.message ?? "", /no evidence, which is not healthy: No run of the monitor cm-new has ended\./);
    assert.deepEqual([set["outcome"], set["breached"], set["jobName"]], ["noEvidence", "false", ""]);
  });

  it("judges the health of an endpoint's deployments by the rules of rollouts, also against the window before", async () => {
    await endpoint("cm-good", {});
    await endpoint("cm-bad", { answers: { "424/500": 10 } }, {});
    await endpoint("cm-slow", { latency: 200 }, {});
    const good = await runStory(task, { endpointName: "cm-good" }, "/");
    assert.equal(good.result, "Succeeded", good.log);
    const [blue] = good.record.monitor?.deployments ?? [];
    assert.deepEqual([blue?.name, blue?.outcome, blue?.numbers?.["errors"]], ["blue", "healthy", 0]);
    const bad = await runStory(task, { endpointName: "cm-bad" }, "/");
    assert.equal(bad.result, "Failed");
    assert.match(bad.error?.message ?? "", /Not healthy: cm-bad\/blue: new\.errorRate <= 0\.01: .*0\.1/);
    const rule = { healthRules: "new.latencyP95 <= 1.5 * live.latencyP95" };
    const slow = await runStory(task, { endpointName: "cm-slow", ...rule }, "/");
    assert.equal(slow.result, "Failed", slow.log);
    assert.equal((await runStory(task, { endpointName: "cm-good", ...rule }, "/")).result, "Succeeded");
  });

  it("is healthy only where monitor and endpoint are, and knows nothing of an endpoint without requests", async () => {
    await endpoint("cm-quiet", { requests: 0 });
    const both = await runStory(task, { monitor: "cm-healthy", endpointName: "cm-quiet" }, "/");
    assert.deepEqual([both.result, both.set["outcome"]], ["Failed", "noEvidence"], both.log);
    assert.match(both.error?.message ?? "", /cm-quiet\/blue: The deployment blue answered 0 requests/);
    const worse = await runStory(task, { monitor: "cm-breached", endpointName: "cm-quiet" }, "/");
    assert.equal(worse.set["outcome"], "breached");
  });

  it("keeps earlier runs and windows in the record for people to see, and judges nothing by them", async () => {
    await collect(jobs, "cm-changes", "2026/03/08/11", rows(60));
    await collect(jobs, "cm-changes", "2026/03/09/11", rows(20));
    await monitor(jobs, "cm-time", { inputs: drift("cm-changes") });
    const broken = await look(jobs, "cm-time");
    const failed = await look(jobs, "cm-time", "Failed", "2026-05-20T12:00:00Z");
    await look(jobs, "cm-time", "Completed", "2026-03-09T12:00:00Z");
    await endpoint("cm-past", {}, { answers: { "424/500": 10 } });
    const both = { monitor: "cm-time", endpointName: "cm-past" };
    const { result, log, record } = await runStory(task, both, "/");
    assert.equal(result, "Succeeded", log);
    const { signals = [], earlier = [] } = record.monitor ?? {};
    assert.deepEqual([signals[0]?.outcome, earlier.length], ["healthy", 12]);
    const runs = earlier.filter(({ job }) => job !== undefined);
    assert.deepEqual(
      runs.map(({ job, outcome, reason }) => [job, outcome, reason]),
      [
        [failed, "noEvidence", "The run is Failed."],
        [broken, "breached", undefined],
      ],
    );
    const [metric] = runs[1]?.signals?.[0]?.metrics ?? [];
    assert.deepEqual([metric?.of, metric?.threshold, metric?.broken], ["age", 0.5, true]);
    const [before, , long] = earlier.filter(({ job }) => job === undefined);
    assert.deepEqual([before?.outcome, long?.outcome], ["breached", "noEvidence"]);
    const { errorRate, requests } = before?.deployments?.[0]?.numbers ?? {};
    assert.equal(errorRate, 0.1);
    assert.ok(requests! > 5_000, `${requests}`);
    assert.ok(Date.parse(before!.at) > Date.parse(long!.at));
    const none = await runStory(task, { ...both, earlierResults: "0" }, "/");
    assert.deepEqual([none.result, none.record.monitor?.earlier], ["Succeeded", undefined]);
  });

  it("passes where earlier windows cannot be read", async () => {
    await endpoint("cm-short", {});
    const between: NonNullable<Parameters<typeof runStory>[3]>["between"] = (request, send) => {
      const span = /timespan=([^&]+)/.exec(decodeURIComponent(request.url))?.[1]?.split("/").map(Date.parse);
      return span && span[1]! - span[0]! > 120 * MINUTE ? Promise.resolve(answered(request, 400, "{}")) : send();
    };
    const ran = await runStory(task, { endpointName: "cm-short" }, "/", { between });
    assert.deepEqual([ran.result, ran.record.monitor?.earlier], ["Succeeded", undefined], ran.log);
    assert.match(ran.log, /\[warning\] Earlier windows of cm-short could not be read, and are not shown: /);
  });

  it("refuses what cannot be before it asks anything", async () => {
    const bad: [Record<string, string>, RegExp][] = [
      [{}, /Neither the input monitor nor the input endpointName is given/],
      [{ monitor: "m", maxAgeInHours: "0" }, /The input maxAgeInHours is 0; a number from 1 to/],
      [{ endpointName: "e", windowInMinutes: "5000" }, /windowInMinutes is 5000/],
      [{ endpointName: "e", earlierResults: "31" }, /earlierResults is 31; a number from 0 to 30/],
    ];
    for (const [inputs, message] of bad) {
      const { result, error, requests } = await runStory(task, inputs, "/");
      assert.equal(result, "Failed");
      assert.match(error?.message ?? "", message);
      assert.deepEqual(requests, []);
    }
    const rule = await runStory(task, { endpointName: "cm-good", healthRules: "new.colour > 1" }, "/");
    assert.match(rule.error?.message ?? "", /there is no new\.colour/);
  });

  it("asks nothing for earlier runs that it has checked, and shows of them what it read then", async () => {
    await monitor(jobs, "cm-kept", { inputs: drift("cm-shifted"), others: drift("cm-alike") });
    const going = { monitor: "cm-kept", onBreach: "continue" };
    await look(jobs, "cm-kept");
    const first = await runStory(task, going, "/");
    await look(jobs, "cm-kept");
    const asked = async (more: Record<string, string>) => {
      const ran = await runStory(task, { ...going, ...more }, "/");
      assert.equal(ran.error, undefined, ran.log);
      return { count: ran.requests.length, record: ran.record.monitor };
    };
    const [none, ten] = [await asked({ earlierResults: "0" }), await asked({})];
    assert.equal(ten.count, none.count, "more where the run before is read anew");
    const [before] = ten.record?.earlier ?? [];
    assert.deepEqual([before?.job, before?.outcome], [first.set["jobName"], "breached"]);
    assert.deepEqual(
      before?.signals,
      first.record.monitor?.signals?.map(({ name, outcome, metrics }) => ({ name, outcome, metrics })),
    );
    const one = await asked({ signals: "others" });
    assert.deepEqual(
      one.record?.earlier?.map(({ outcome, signals }) => [outcome, signals?.map(({ name }) => name)]),
      [["healthy", ["others"]]],
    );
  });

  it("leaves its verdict where Azure refuses the results beside it", async () => {
    await monitor(jobs, "cm-refused", { inputs: drift("cm-shifted") });
    await look(jobs, "cm-refused");
    const written: string[] = [];
    const ran = await runStory(task, { monitor: "cm-refused", onBreach: "continue" }, "/", {
      between: async (request, send) => {
        if (request.method !== "PATCH") return send();
        if (String(request.body).includes("monitorResults1"))
          return answered(request, 400, { error: { code: "UserError", message: "A tag is too long" } });
        const answer = await send();
        if (answer.status === 200) written.push(String(request.body));
        return answer;
      },
    });
    assert.equal(ran.error, undefined, ran.log);
    assert.match(written.join("\n"), /"monitorVerdict":"breached"/);
    assert.doesNotMatch(ran.log, /\[warning\]/);
  });

  it("needs few sequential round trips, earlier results none of their own, and writes nothing but the verdict", async () => {
    const roundsOf = async (given: Record<string, string>) => {
      const rounds = new Rounds();
      const { error, requests } = await runStory(task, given, "/", { between: rounds.between });
      assert.equal(error, undefined, error?.stack);
      const writes = requests.filter((line) => /^(PUT|PATCH|DELETE) /.test(line));
      assert.equal(writes.length, 1, writes.join("\n"));
      assert.match(writes[0]!, /^PATCH .*\/history\/v1\.0\//);
      return rounds.rounds;
    };
    const alone = await roundsOf({ monitor: "cm-healthy" });
    assert.ok(alone.length <= 12, JSON.stringify(alone, undefined, 1));
    const without = await roundsOf({ monitor: "cm-time", earlierResults: "0" });
    const earlier = await roundsOf({ monitor: "cm-time" });
    assert.ok(earlier.flat().length > without.flat().length);
    assert.ok(earlier.length <= without.length + 1, JSON.stringify(earlier, undefined, 1));
  });
});
