// Results of monitors on local Azure, by the same reading as that of a check: tags and numbers, every run that is listed, no evidence
// as such.
import assert from "node:assert/strict";
import { monitorResults } from "../../../../lib/ml/retrain/monitor-results.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { JobClient } from "../../../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../../../local/azure/jobs/monitors/monitors.ts";
import { answered, openLocal, theCloud } from "../world.ts";

const rows = (from: number) => Array.from({ length: 30 }, (_, index) => ({ age: from + index }));
const METRIC = "NormalizedWassersteinDistance";
const drift = (asset: string, most: number) => ({
  inputs: {
    ...{ signalType: "DataDrift", productionData: rolling(asset), referenceData: fixed("mr-reference") },
    metricThresholds: [limit("Numerical", METRIC, most)],
  },
});

describe("results of monitors", () => {
  let jobs: JobClient;
  before(async () => {
    jobs = new JobClient(await theCloud());
    await jobs.prepare().catch(() => undefined);
    await table(jobs, "mr-reference", rows(20));
    await collect(jobs, "mr-shifted", "2026/03/08/11", rows(60));
    await collect(jobs, "mr-alike", "2026/03/08/11", rows(20));
    await monitor(jobs, "mr-drift", drift("mr-shifted", 0.5));
    await look(jobs, "mr-drift");
  });
  /** The results where the service's answers are rewritten, and the metrics come from what was logged. */
  const results = async (name: string, rewrite: (text: string, url: string) => string) => {
    const workspace = await openLocal({
      between: async (request, send) => {
        if (/\.blob\./.test(request.url)) return answered(request, 403, "");
        const answer = await send();
        if (typeof answer.bodyAsText !== "string") return answer;
        return { ...answer, bodyAsText: rewrite(answer.bodyAsText, request.url) };
      },
    });
    return monitorResults(workspace, [name], { since: 0, oldest: 0 });
  };
  /** What is breached where the service's messages and metrics name this metric, and messages end as given. */
  const breached = async (metric: string, end = "$1", name = "mr-drift") => {
    const found = await results(name, (text, url) => {
      if (!/\/children|runs\/search/.test(url)) return text;
      return text.replaceAll(METRIC, metric).replaceAll(/(\]\\n)(?=")/g, end);
    });
    return found.flatMap((one) => one.breached);
  };

  it("are breached where a step is tagged", async () => {
    assert.deepEqual(await breached(METRIC), ["inputs"]);
  });

  it("are not breached by a tag for accuracy, precision or recall above their thresholds", async () => {
    for (const metric of ["Accuracy", "Precision", "Recall"]) assert.deepEqual(await breached(metric), []);
  });

  it("are breached where the message was cut, and may have named others", async () => {
    assert.deepEqual(await breached("Accuracy", ", '{"), ["inputs"]);
  });

  it("are breached by numbers that the service does not tag", async () => {
    await monitor(jobs, "mr-less", drift("mr-shifted", 50));
    await look(jobs, "mr-less");
    assert.deepEqual(await breached(METRIC, "$1", "mr-less"), []);
    assert.deepEqual(await breached("Accuracy", "$1", "mr-less"), ["inputs"]);
  });

  it("are no evidence where a signal left no number", async () => {
    await monitor(jobs, "mr-nan", drift("mr-alike", 0.5));
    await look(jobs, "mr-nan");
    const [result] = await results("mr-nan", (text, url) =>
      /runs\/search/.test(url) ? text.replace(/("key":\s*"value",\s*"value":\s*)[-\d.e]+/, '$1"NaN"') : text,
    );
    assert.deepEqual(result?.breached, []);
    assert.match(result.unknown ?? "", /^inputs: none of its metrics has a value and a threshold/);
  });

  it("are those of archived runs too, and the newest one is the newest in whatever order they are listed", async () => {
    await monitor(jobs, "mr-order", drift("mr-shifted", 0.5));
    const shifted = await look(jobs, "mr-order");
    const service = jobService(jobs.cloud.azure);
    service.update(service.get(shifted)!, { isArchived: true });
    const failed = await look(jobs, "mr-order", "Failed", "2026-05-20T12:00:00Z");
    const [result] = await results("mr-order", (text, url) => {
      if (!/\/jobs\?/.test(url)) return text;
      const page = JSON.parse(text) as { value: unknown[] };
      return JSON.stringify({ ...page, value: page.value.reverse() });
    });
    assert.deepEqual([result?.run, result?.breached, result?.later?.run], [shifted, ["inputs"], failed]);
  });
});
