// Checks of monitors on local Azure: breached, healthy or no evidence, and the verdict that is left on the run.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { checkMonitor, type MonitorRequest } from "../../../../lib/ml/model-monitors/check-monitor.ts";
import { JobClient } from "../../../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../../../local/azure/jobs/monitors/monitors.ts";
import { answered, openLocal, theCloud } from "../world.ts";

const rows = (from: number) => Array.from({ length: 30 }, (_, index) => ({ age: from + index }));
const drift = (asset: string) => ({
  ...{ signalType: "DataDrift", productionData: rolling(asset), referenceData: fixed("mm-reference") },
  metricThresholds: [limit("Numerical", "NormalizedWassersteinDistance", 0.5)],
});
const ask = (name: string, more: Partial<MonitorRequest> = {}): MonitorRequest => ({
  ...{ monitor: name, signals: [], writesVerdict: true },
  ...more,
});

describe("checking a monitor", () => {
  let jobs: JobClient;
  before(async () => {
    const cloud = await theCloud();
    jobs = new JobClient(cloud);
    await jobs.prepare().catch(() => undefined);
    await table(jobs, "mm-reference", rows(20));
    await collect(jobs, "mm-shifted", "2026/03/08/11", rows(60));
    await collect(jobs, "mm-alike", "2026/03/08/11", rows(20));
  });
  const tagsOf = async (job: string | undefined) => (await jobs.arm("GET", `/jobs/${job}`)).body.properties.tags;

  it("finds a breach with its numbers, and leaves the verdict on the run", async () => {
    await monitor(jobs, "mm-breached", { inputs: drift("mm-shifted") });
    const run = await look(jobs, "mm-breached");
    const check = await checkMonitor(await openLocal(), ask("mm-breached"));
    assert.deepEqual([check.outcome, check.job], ["breached", run]);
    assert.match(check.reasons.join(), /inputs: NormalizedWassersteinDistance of age is 4\.\d+, above 0\.5\.$/);
    assert.deepEqual(check.signals[0]?.rows, { reference: 30, production: 30 });
    const tags = await tagsOf(run);
    assert.equal(tags["monitorVerdict"], "breached");
    assert.match(tags["monitorCheckedAt"], /^\d{4}-/);
  });

  it("finds a healthy monitor healthy", async () => {
    await monitor(jobs, "mm-healthy", { inputs: drift("mm-alike") });
    await look(jobs, "mm-healthy");
    const check = await checkMonitor(await openLocal(), ask("mm-healthy"));
    assert.equal(check.outcome, "healthy", check.reasons.join());
    assert.match(check.reasons.join(), /inputs: 1 metric is within its threshold, over 30 rows\./);
    assert.equal((await tagsOf(check.job))["monitorVerdict"], "healthy");
  });

  it("writes nothing where not asked to, nor about a part of the signals", async () => {
    await monitor(jobs, "mm-quiet", { inputs: drift("mm-alike"), others: drift("mm-shifted") });
    const run = await look(jobs, "mm-quiet");
    const part = await checkMonitor(await openLocal(), ask("mm-quiet", { signals: ["inputs"] }));
    assert.equal(part.outcome, "healthy");
    await checkMonitor(await openLocal(), ask("mm-quiet", { writesVerdict: false }));
    assert.equal((await tagsOf(run))["monitorVerdict"], undefined);
    await assert.rejects(
      checkMonitor(await openLocal(), ask("mm-quiet", { signals: ["outputs"] })),
      /has no signal "outputs"/,
    );
  });

  it("reads what was logged where storage refuses", async () => {
    await monitor(jobs, "mm-logged", { inputs: drift("mm-alike") });
    await look(jobs, "mm-logged");
    const refused: string[] = [];
    const workspace = await openLocal({
      between: async (request, send) => {
        if (!/\.blob\./.test(request.url)) return send();
        refused.push(request.url);
        return answered(request, 403, "");
      },
    });
    const check = await checkMonitor(workspace, ask("mm-logged"));
    assert.ok(refused.length > 0);
    assert.equal(check.outcome, "healthy", check.reasons.join());
    assert.deepEqual(check.signals[0]?.rows, undefined, "not from the file");
  });

  it("is no evidence where a metric has no number in what was logged", async () => {
    const both = [drift("").metricThresholds[0], limit("Numerical", "PopulationStabilityIndex", 0.5)];
    await monitor(jobs, "mm-nan", { inputs: { ...drift("mm-alike"), metricThresholds: both } });
    await look(jobs, "mm-nan");
    const workspace = await openLocal({
      between: async (request, send) => {
        if (/\.blob\./.test(request.url)) return answered(request, 403, "");
        const answer = await send();
        if (!/runs\/search/.test(request.url)) return answer;
        const text = answer.bodyAsText ?? "";
        return { ...answer, bodyAsText: text.replace(/("key":\s*"value",\s*"value":\s*)[-\d.e]+/, '$1"NaN"') };
      },
    });
    const check = await checkMonitor(workspace, ask("mm-nan", { writesVerdict: false }));
    assert.equal(check.outcome, "noEvidence");
    assert.match(check.reasons.join(), /^inputs: \w+ of age has no value, so that nobody knows/);
  });

  it("is no evidence before a run has ended, after one that failed, and when the newest is too old", async () => {
    await monitor(jobs, "mm-none", { inputs: drift("mm-alike") });
    const none = await checkMonitor(await openLocal(), ask("mm-none"));
    assert.deepEqual([none.outcome, none.reasons], ["noEvidence", ["No run of the monitor mm-none has ended."]]);
    await look(jobs, "mm-none");
    const old = await checkMonitor(await openLocal(), ask("mm-none", { maximumAge: 0 }));
    assert.equal(old.outcome, "noEvidence");
    assert.match(old.reasons.join(), /began .* hours ago; results count for 0 hours/);
    assert.equal((await tagsOf(old.job))["monitorVerdict"], "noEvidence", "an older verdict passes no gate any more");
    await look(jobs, "mm-none", "Failed", "2026-04-20T12:00:00Z");
    const failed = await checkMonitor(await openLocal(), ask("mm-none"));
    assert.equal(failed.outcome, "noEvidence");
    assert.match(failed.reasons.join(), /is Failed \(DataNotFoundError\)/);
  });

  it("is no evidence where a signal left no metrics", async () => {
    await monitor(jobs, "mm-attribution", {
      inputs: drift("mm-alike"),
      why: {
        signalType: "FeatureAttributionDrift",
        productionData: [rolling("mm-alike")],
        referenceData: fixed("mm-reference"),
        featureImportanceSettings: { mode: "Enabled", targetColumn: "age" },
        metricThreshold: { metric: "NormalizedDiscountedCumulativeGain", threshold: { value: 0.9 } },
      },
    });
    await look(jobs, "mm-attribution");
    const check = await checkMonitor(await openLocal(), ask("mm-attribution"));
    assert.equal(check.outcome, "noEvidence");
    assert.match(check.reasons.join(), /^why: the run \S+ left no result of it\.$/);
  });

  it("does not take another monitor's runs for its own where the service ignores the query", async () => {
    await monitor(jobs, "mm-alone", { inputs: drift("mm-alike") });
    await monitor(jobs, "mm-alone-too", { inputs: drift("mm-alike") });
    await look(jobs, "mm-alone-too");
    const workspace = await openLocal({
      between: (request, send) => {
        request.url = request.url.replace(/scheduled=true&scheduleId=[^&]+&/, "");
        return send();
      },
    });
    const check = await checkMonitor(workspace, ask("mm-alone"));
    assert.deepEqual(check.reasons, ["No run of the monitor mm-alone has ended."]);
  });

  it("names what is there where there is no such monitor, or it is none", async () => {
    await assert.rejects(checkMonitor(await openLocal(), ask("mm-nobody")), (error: TaskError) => {
      assert.ok(error instanceof TaskError);
      return error.kind === "notFound" && /has no monitor "mm-nobody"/.test(error.message);
    });
    await assert.rejects(checkMonitor(await openLocal(), ask("a/../b")), TaskError);
  });
});
