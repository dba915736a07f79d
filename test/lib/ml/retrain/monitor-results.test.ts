// Results of monitors on local Azure: a tag for metrics that the service takes for worse and that are better is no breach.
import assert from "node:assert/strict";
import { monitorResults } from "../../../../lib/ml/retrain/monitor-results.ts";
import { JobClient } from "../../../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../../../local/azure/jobs/monitors/monitors.ts";
import { openLocal, theCloud } from "../world.ts";

const rows = (from: number) => Array.from({ length: 30 }, (_, index) => ({ age: from + index }));
const METRIC = "NormalizedWassersteinDistance";

describe("results of monitors", () => {
  before(async () => {
    const jobs = new JobClient(await theCloud());
    await jobs.prepare().catch(() => undefined);
    await table(jobs, "mr-reference", rows(20));
    await collect(jobs, "mr-shifted", "2026/03/08/11", rows(60));
    await monitor(jobs, "mr-drift", {
      inputs: {
        ...{ signalType: "DataDrift", productionData: rolling("mr-shifted"), referenceData: fixed("mr-reference") },
        metricThresholds: [limit("Numerical", METRIC, 0.5)],
      },
    });
    await look(jobs, "mr-drift");
  });
  /** What is breached where the service's messages name this metric, and end as given. */
  const breached = async (metric: string, end = "$1") => {
    const workspace = await openLocal({
      between: async (request, send) => {
        const answer = await send();
        if (!/\/children/.test(request.url) || typeof answer.bodyAsText !== "string") return answer;
        const text = answer.bodyAsText.replaceAll(METRIC, metric).replaceAll(/(\]\\n)(?=")/g, end);
        return { ...answer, bodyAsText: text };
      },
    });
    return (await monitorResults(workspace, ["mr-drift"], { since: 0, oldest: 0 })).flatMap((one) => one.breached);
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
});
