// A champion that was shared or promoted: its metrics are those of the job that made it, wherever that is.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { propertiesOfNew } from "../../lib/ml/promote/promoted-tags.ts";
import { newStamps } from "../../local/azure/arm/envelope.ts";
import {
  deploymentKey,
  deploymentsOf,
  type EndpointRecord,
  endpointsOf,
} from "../../local/azure/records/online-endpoint.ts";
import { registryAssets } from "../../local/azure/workspace/registries.ts";
import type { AzureWorld } from "../../local/azure/world/world.ts";
import type { Subscription } from "../../local/subscriptions.ts";
import evaluate from "../../tasks/EvaluateMetrics/index.ts";
import promote from "../../tasks/PromoteModel/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { runStory, type StoryOptions } from "./context.ts";
import { judgedRun } from "./judged.ts";
import { connectionOf, type Subscriptions, startSubscriptions, targetIn, trained } from "./promoting.ts";

const EVE = { name: "eve", type: "User" } as const;

describe("a champion that came from elsewhere", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "champion-"));
  let all: Subscriptions;
  before(async () => {
    all = await startSubscriptions();
    const { cloud, near, far } = all;
    await trained(cloud.azure, "strong", { "model.json": "{}" }, { auc: 0.9 });
    await trained(cloud.azure, "weak", { "model.json": "[]" }, { auc: 0.1 });
    const records = judgedRun(cloud, "strong", "passed");
    const given = { type: "custom_model", name: "champion", jobName: "strong", outputName: "model" };
    const run = async (work: Promise<{ error: Error | undefined }>) => assert.equal((await work).error, undefined);
    await run(runStory(registerModel, given, scratch, { cloud, records }));
    await run(runStory(registerModel, { ...given, registry: "shared" }, scratch, { cloud, records }));
    for (const one of [near, far]) {
      const connections = { targetAzureSubscription: connectionOf(all, one) };
      const inputs = { modelName: "champion", modelVersion: "1", ...targetIn(one) };
      await run(runStory(promote, inputs, scratch, { cloud, records, connections }));
    }
    for (const { azure } of [cloud, near, far]) await trained(azure, "candidate", { "model.json": "1" }, { auc: 0.5 });
  });
  after(async () => {
    await all.cloud.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** An endpoint with one live deployment of this model. */
  function serve(azure: AzureWorld, name: string, model: string): void {
    const common = {
      stamps: newStamps(azure.clock.now(), { name: "ada", type: "User" }),
      tags: {},
      location: "eastus2",
    };
    const endpoint: EndpointRecord = {
      ...common,
      name,
      identity: {},
      properties: {},
      description: null,
      authMode: "Key",
      publicNetworkAccess: "Enabled",
      provisioningState: "Succeeded",
      traffic: { blue: 100 },
      mirrorTraffic: {},
      keys: { primaryKey: "", secondaryKey: "" },
      scoringUri: null,
      operationUrl: "",
    };
    endpointsOf(azure).set(name, endpoint);
    deploymentsOf(azure).set(deploymentKey(name, "blue"), {
      ...common,
      name: "blue",
      endpoint: name,
      properties: { endpointComputeType: "Managed", model },
      sku: { name: "Default", capacity: 1 },
      provisioningState: "Succeeded",
      operationUrl: "",
    });
  }
  const RULES = "metrics.auc >= 0.4\nmetrics.auc <= champion.auc - 0.3";
  const judge = (
    one: { azure: AzureWorld },
    champion: string,
    options: StoryOptions = {},
    more: Readonly<Record<string, string>> = {},
  ) => {
    const { resourceGroup, workspaceName: workspace } = one.azure;
    const given = { jobName: "candidate", rules: RULES, champion, onFail: "continue", resourceGroup, workspace };
    const tests = { writes: () => undefined as never };
    return runStory(evaluate, { ...given, metricsTimeoutInSeconds: "1", ...more }, scratch, {
      cloud: all.cloud,
      ...tests,
      ...options,
    });
  };
  const by = (one: Subscription): StoryOptions => ({ connections: { azureSubscription: connectionOf(all, one) } });
  const metricsOf = (ran: Awaited<ReturnType<typeof judge>>) => {
    assert.equal(ran.error, undefined);
    return [ran.outputs?.passed, ran.outputs?.champion, ran.record.gate?.championMetrics];
  };
  const FOUND = [true, "champion:1", { auc: 0.9 }];

  it("and is served from a registry has the metrics of the job that it was shared from", async () => {
    serve(all.cloud.azure, "live", "azureml://registries/shared/models/champion/versions/1");
    assert.deepEqual(metricsOf(await judge(all.cloud, "endpoint:live")), FOUND);
  });

  it("and is named in a registry has the metrics of the job that it was shared from", async () => {
    for (const version of ["/versions/1", "@latest"]) {
      const ran = await judge(all.cloud, `model:azureml://registries/shared/models/champion${version}`);
      assert.deepEqual(metricsOf(ran), FOUND);
      assert.match(
        ran.log,
        /Champion: champion:1; (the input champion names this version|it is the newest version); its job is strong/,
      );
    }
    const none = await judge(all.cloud, "model:azureml://registries/shared/models/nobody/versions/1");
    assert.match(none.log, /There is no champion: there is no model nobody:1, in the registry shared/);
  });

  it("and is named in another workspace has the metrics of its job there", async () => {
    const { azure } = all.cloud;
    const both: StoryOptions = {
      connections: { azureSubscription: { ...connectionOf(all, all.near), ...all.cloud.credentials.contributor } },
    };
    const ran = await judge(all.near, `model:${azure.workspaceId}/models/champion/versions/1`, both);
    assert.deepEqual(metricsOf(ran), FOUND);
    assert.equal(ran.record.gate?.championJob, undefined, "the job is none of this workspace");
    const nowhere = azure.workspaceId.replace(/[^/]+$/, "nowhere");
    const missing = await judge(all.near, `model:${nowhere}/models/champion/versions/1`, both);
    assert.match(missing.error?.message ?? missing.log, /nowhere/);
    assert.notEqual(missing.outputs?.passed, true);
  });

  it("and was promoted within the tenant has the metrics of its job in the other subscription", async () => {
    const { azure } = all.near;
    serve(azure, "live", `${azure.workspaceId}/models/champion/versions/1`);
    const ran = await judge(all.near, "endpoint:live", {
      connections: { azureSubscription: { ...connectionOf(all, all.near), ...all.cloud.credentials.contributor } },
    });
    assert.deepEqual(metricsOf(ran), FOUND);
  });

  it("and was promoted to another tenant has the metrics that the promotion carried", async () => {
    const ran = await judge(all.far, "model:champion:1", by(all.far));
    assert.deepEqual(metricsOf(ran), FOUND);
    assert.match(ran.log, /champion:1 cannot be asked here: .*metrics that it carries/);
  });

  it("and carries not all of its slices is none that slices are compared with", async () => {
    const { azure } = all.far;
    const slices = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`f1/region-${at + 100}`, 0.9]));
    await trained(azure, "sliced", { "model.json": "2" }, { ...slices, "f1/region-399": 0.1 });
    const held = azure.assets.models.version("champion", "1")!.properties;
    const carries = (metrics: Readonly<Record<string, number>>) => {
      const { properties } = held as { properties: Readonly<Record<string, string>> };
      const carried = propertiesOfNew({ properties: {} } as never, { metrics } as never);
      azure.assets.models.put("many-slices", "1", { ...held, properties: { ...properties, ...carried } }, EVE);
      const rules = 'slices("f1/").lost <= 0.02';
      return judge(all.far, "model:many-slices:1", by(all.far), { jobName: "sliced", rules });
    };
    const cut = await carries(slices);
    assert.equal(cut.outputs?.passed, false, cut.log);
    assert.match(cut.log, /carries from its promotion may not be all of them, so which f1\/\* it has is not known/);
    azure.assets.models.delete("many-slices", "1");
    const whole = await carries({ "f1/region-100": 0.9 });
    assert.equal(whole.outputs?.passed, true, whole.log);
  });

  it("has no metrics of a job whose files it does not hold, whatever its tags say", async () => {
    const { models } = registryAssets(all.cloud.azure, "shared")!;
    const { properties } = models.version("champion", "1")!;
    await all.cloud.azure.blobs.put("elsewhere", "m/model.json", "other");
    const forged = { ...properties, modelUri: all.cloud.azure.blobs.url("elsewhere", "m") };
    models.put("champion", "2", forged, { name: "eve", type: "User" });
    serve(all.cloud.azure, "forged", "azureml://registries/shared/models/champion/versions/2");
    const ran = await judge(all.cloud, "endpoint:forged");
    assert.deepEqual(metricsOf(ran), [false, "champion:2", undefined]);
    assert.match(ran.log, /The champion champion:2, live on forged does not say which job made it/);
  });

  it("has no metrics that a tag alone says, where nothing was promoted", async () => {
    const { azure } = all.cloud;
    const held = azure.assets.models.version("champion", "1")!.properties;
    const tags = { "azureDevOps.metrics": '{"auc":0.9}' };
    await azure.blobs.put("elsewhere", "n/model.json", "none");
    const modelUri = azure.blobs.url("elsewhere", "n");
    azure.assets.models.put("claimed", "1", { ...held, jobName: null, modelUri, tags, properties: {} }, EVE);
    const ran = await judge(all.cloud, "model:claimed:1");
    assert.deepEqual(metricsOf(ran), [false, "claimed:1", undefined]);
    assert.match(ran.log, /The champion claimed:1 does not say which job made it/);
  });

  it("has no metrics of its tags where its origin is read, and its files are others", async () => {
    const { azure } = all.near;
    const held = azure.assets.models.version("champion", "1")!.properties;
    await azure.blobs.put("elsewhere", "m/model.json", "other");
    const forged = { ...held, modelUri: azure.blobs.url("elsewhere", "m") };
    azure.assets.models.put("champion", "2", forged, EVE);
    const ran = await judge(all.near, "model:champion:2", {
      connections: { azureSubscription: { ...connectionOf(all, all.near), ...all.cloud.credentials.contributor } },
    });
    assert.deepEqual(metricsOf(ran), [false, "champion:2", undefined]);
  });
});
