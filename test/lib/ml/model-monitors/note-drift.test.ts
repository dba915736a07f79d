// Notes of breaches on the live model in local Azure: once, never over a newer one, and never a reason to fail.
import assert from "node:assert/strict";
import { findVersion } from "../../../../lib/ml/assets/assets.ts";
import { type Breach, noteDrift } from "../../../../lib/ml/model-monitors/note-drift.ts";
import { JobClient } from "../../../local/azure/job-client.ts";
import { fixed, limit, monitor, rolling } from "../../../local/azure/jobs/monitors/monitors.ts";
import { addDeployment, addEndpoint, addVersion } from "../cleanup/things.ts";
import { answered, openLocal, provenance, theCloud } from "../world.ts";

const signals = {
  inputs: {
    ...{ signalType: "DataDrift", productionData: rolling("nd-data"), referenceData: fixed("nd-data") },
    metricThresholds: [limit("Numerical", "NormalizedWassersteinDistance", 0.5)],
  },
};

describe("a breach on the live model", () => {
  let jobs: JobClient;
  let count = 0;
  before(async () => {
    jobs = new JobClient(await theCloud());
    await jobs.prepare().catch(() => undefined);
  });

  /** A monitor of a deployment with that much of the traffic. @returns their common name */
  async function watched(share = 100, target?: object): Promise<string> {
    const name = `nd-${++count}`;
    const { azure } = await theCloud();
    const at = azure.clock.now();
    addVersion(azure, "models", `${name}:3`, { description: "mine" }, at, { owner: "Ada", evaluation: "passed" });
    addEndpoint(azure, name, { traffic: { blue: share, green: 100 - share } }, at);
    addDeployment(azure, name, "blue", { model: `${name}:3` }, at);
    const deploymentId = `${azure.workspaceId}/onlineEndpoints/${name}/deployments/blue`;
    const monitoringTarget = target ?? { taskType: "classification", deploymentId };
    await monitor(jobs, name, signals, { monitoringTarget });
    return name;
  }
  const breach = (name: string, more: Partial<Breach> = {}): Breach => ({
    ...{ monitor: name, run: "amber_1", at: "2026-03-08T12:00:00.000Z", signals: ["inputs", "outputs"] },
    ...more,
  });
  const modelOf = async (name: string) => (await findVersion(await openLocal(), "models", name, "3"))?.properties;
  async function note(name: string, more: Partial<Breach> = {}, opening: Parameters<typeof openLocal>[0] = {}) {
    const writes: string[] = [];
    const onRequest = (method: string, url: string) => void (/^(PUT|PATCH|POST)$/.test(method) && writes.push(url));
    const workspace = await openLocal({ onRequest, ...opening });
    const model = await noteDrift(workspace, breach(name, more));
    return { model, log: workspace.log.text(), writes: writes.filter((url) => /\/models\//.test(url)) };
  }

  it("is written once, beside the tags that are there, and leads to the monitor's job and to the run", async () => {
    const name = await watched();
    const first = await note(name);
    assert.equal(first.model, `${name}:3`, first.log);
    const written = await modelOf(name);
    assert.equal(written?.description, "mine");
    assert.deepEqual(written?.tags, {
      ...{ owner: "Ada", evaluation: "passed", "azureDevOps.drift": "inputs, outputs" },
      ...{ "azureDevOps.driftMonitor": `${name}:amber_1`, "azureDevOps.driftAt": "2026-03-08T12:00:00.000Z" },
      "azureDevOps.driftRun": provenance.runUri,
    });
    const again = await note(name, { at: "2026-03-08T12:07:00.000Z" });
    assert.deepEqual([again.model, again.writes], [`${name}:3`, []]);
  });

  it("gives way to a newer breach, and to no older one", async () => {
    const name = await watched(10);
    await note(name);
    await note(name, { run: "amber_0", at: "2026-03-07T12:00:00.000Z" });
    assert.equal((await modelOf(name))?.tags?.["azureDevOps.driftMonitor"], `${name}:amber_1`);
    await note(name, { run: "amber_2", at: "2026-03-09T12:00:00.000Z", signals: ["inputs"] });
    const { tags } = (await modelOf(name)) ?? {};
    assert.deepEqual([tags?.["azureDevOps.driftMonitor"], tags?.["azureDevOps.drift"]], [`${name}:amber_2`, "inputs"]);
  });

  it("is written nowhere where nothing is known to be live, and the log says why", async () => {
    const { azure } = await theCloud();
    const elsewhere = azure.workspaceId.replace(/[^/]+$/, "other");
    const cases: [string, RegExp][] = [
      [await watched(0), /has no traffic: its model is not live/],
      [await watched(100, { taskType: "classification" }), /names no deployment and no model/],
      [
        await watched(100, {
          taskType: "classification",
          deploymentId: `${elsewhere}/onlineEndpoints/a/deployments/b`,
        }),
        /is no online deployment of this workspace/,
      ],
      [
        await watched(100, { taskType: "classification", modelId: "azureml://registries/r/models/m/versions/1" }),
        /a registry's model are left alone/,
      ],
    ];
    for (const [name, why] of cases) {
      const { model, log, writes } = await note(name);
      assert.deepEqual([model, writes], [undefined, []]);
      assert.match(log, why);
      assert.doesNotMatch(log, /\[warning\]/);
    }
  });

  it("takes the model that a monitor names itself", async () => {
    const { azure } = await theCloud();
    const next = `nd-${count + 1}`;
    const modelId = `${azure.workspaceId}/models/${next}/versions/3`;
    assert.equal((await note(await watched(0, { taskType: "classification", modelId }))).model, `${next}:3`);
  });

  it("is a warning with the role where it is refused", async () => {
    const name = await watched();
    const { model, log } = await note(
      name,
      {},
      {
        between: (request, send) =>
          request.method === "PUT" && request.url.includes("/models/")
            ? Promise.resolve(answered(request, 403, { error: { code: "AuthorizationFailed", message: "No." } }))
            : send(),
      },
    );
    assert.equal(model, undefined);
    assert.match(
      log,
      /\[warning\] The breach of .* could not be noted on the model that is live: .*AzureML Data Scien/,
    );
  });
});
