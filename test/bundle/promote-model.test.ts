// Promote model, as shipped: over two subscriptions, two tenants and registries. The hash is equal, the evidence is there, what nobody judged is refused.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { storagePlace } from "../../local/azure/workspace/locate.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import type { AzureWorld } from "../../local/azure/world/world.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { Subscription } from "../../local/subscriptions.ts";
import { asked, assertSucceeded, Bench, NODES, needsNode, type RunOptions } from "../harness/bench.ts";

describe("AzureMLPromoteModel as shipped", () => {
  let bench: Bench;
  let build: Build;
  let near: Subscription;
  let far: Subscription;
  before(async () => {
    bench = await Bench.open(undefined, [
      { connection: "near", subscriptionId: "00000000-0000-0000-0000-000000000002", storageAccount: "stor2" },
      {
        connection: "far",
        subscriptionId: "00000000-0000-0000-0000-000000000003",
        storageAccount: "stor3",
        tenantId: "72f98800-0000-4000-8000-00000000beef",
        resourceGroup: "rg-far",
        workspaceName: "ws-far",
      },
    ]);
    near = bench.cloud.subscriptions["near"]!;
    far = bench.cloud.subscriptions["far"]!;
    for (const [{ azure }, name] of [
      [near, "models-near"],
      [far, "models-far"],
    ] as const)
      registriesOf(azure).set(name, { name, id: `id-${name}`, location: "eastus2", tags: {}, properties: {} });
    build = bench.newBuild("train");
    for (const name of ["good", "unjudged"]) {
      const job = await bench.run("SubmitJob", { jobFile: "azureml/job.yml" }, { build, step: `train-${name}` });
      assertSucceeded(job);
      const jobName = job.outputs["jobName"]!;
      if (name === "good")
        assertSucceeded(await bench.run("EvaluateMetrics", { jobName, rules: "metrics.auc >= 0.5" }, { build }));
      const given = { name, jobName, outputName: "model" };
      assertSucceeded(await bench.run("RegisterModel", given, { build, step: `register-${name}` }));
    }
  });
  after(() => bench?.close());

  const promote = (inputs: Record<string, string>, options: RunOptions = {}) =>
    bench.run("PromoteModel", { modelName: "good", modelVersion: "1", ...inputs }, options);
  const to = ({ azure, connection }: Subscription) => ({
    targetConnectionType: "azureSubscription",
    targetAzureSubscription: connection.id,
    targetResourceGroup: azure.resourceGroup,
    targetWorkspace: azure.workspaceName,
  });
  const tags = (properties: Record<string, unknown>) => properties["tags"] as Record<string, string>;
  const runUri = () =>
    `${bench.cloud.devops.collectionUri}${bench.cloud.devops.project.name}/_build/results?buildId=${build.id}`;
  /** Of the bytes that lie there, whatever storage and tags say of them. */
  async function bytesHash(azure: AzureWorld, properties: Record<string, unknown>): Promise<string> {
    const place = storagePlace(azure, String(properties["modelUri"]))!;
    const root = place.path.replace(/\/+$/, "");
    const hash = createHash("sha256");
    const blobs = await azure.blobs.list(place.container, root);
    assert.ok(blobs.length > 0);
    for (const { name } of blobs)
      hash.update(`${name.slice(root.length)}\n`).update((await azure.blobs.get(place.container, name)) ?? "");
    return hash.digest("hex");
  }
  const held = (azure: AzureWorld, name = "good", version = "1") =>
    azure.assets.models.version(name, version)?.properties;
  const shared = ({ azure }: Subscription, registry: string, name = "good") =>
    registryAssets(azure, registry)?.models.version(name, "1")?.properties;

  for (const node of NODES) {
    it(`goes to another tenant by a second connection, byte for byte, with its evidence (Node ${node})`, async function () {
      needsNode(this, node);
      const inputs = { ...to(far), targetName: `good-${node}`, approvedBy: "Grace Example" };
      const first = await promote(inputs, { node, others: [far.connection] });
      assertSucceeded(first);
      const { contentHash, ...outputs } = first.outputs;
      assert.deepEqual(outputs, {
        name: `good-${node}`,
        version: "1",
        assetId: `${far.azure.workspaceId}/models/good-${node}/versions/1`,
        created: "true",
        evaluationRun: runUri(),
      });
      const [source, copy] = [held(bench.cloud.azure)!, held(far.azure, `good-${node}`)!];
      assert.equal(await bytesHash(far.azure, copy), await bytesHash(bench.cloud.azure, source));
      assert.equal(tags(copy)["evaluation"], "passed");
      assert.equal(tags(copy)["evaluationRun"], runUri());
      assert.equal(tags(copy)["azureDevOps.approvedBy"], "Grace Example");
      assert.match(JSON.stringify(copy), /0123456789abcdef0123456789abcdef01234567/, "the commit is in it");
      assert.equal(first.record?.promotion?.contentHash, contentHash);
      const again = await promote(inputs, { node, others: [far.connection] });
      assertSucceeded(again);
      assert.deepEqual(again.outputs, { ...first.outputs, created: "false" });
      assert.deepEqual([asked(again, "arm", "PUT"), asked(again, "storage", "PUT")], [[], []]);
    });
  }

  it("goes to a registry of another subscription and on to a workspace there, by an identity that sees no origin", async () => {
    const published = await promote({ targetRegistry: "models-near" });
    assertSucceeded(published);
    assert.equal(published.outputs["assetId"], "azureml://registries/models-near/models/good/versions/1");
    assert.deepEqual(asked(published, "storage", "PUT"), [], "no file passes the agent");
    const inRegistry = shared(near, "models-near")!;
    assert.equal(await bytesHash(near.azure, inRegistry), await bytesHash(bench.cloud.azure, held(bench.cloud.azure)!));
    assert.equal(tags(inRegistry)["evaluation"], "passed");

    // The connection of that subscription has no role where the model was trained: the record of the promotion is the proof.
    const { azure, connection } = near;
    const inputs = {
      azureSubscription: connection.id,
      resourceGroup: azure.resourceGroup,
      workspace: azure.workspaceName,
      registry: "models-near",
      targetWorkspace: azure.workspaceName,
    };
    const arrived = await promote(inputs, { connection });
    assertSucceeded(arrived);
    assert.equal(arrived.outputs["contentHash"], published.outputs["contentHash"]);
    assert.equal(tags(held(near.azure)!)["evaluation"], "passed");
    assert.equal(await bytesHash(near.azure, held(near.azure)!), await bytesHash(near.azure, inRegistry));
  });

  it("goes on within the other tenant, where only the record of its promotion proves the judgement", async () => {
    assertSucceeded(await promote(to(far), { others: [far.connection] }));
    const { azure, connection } = far;
    const place = { resourceGroup: azure.resourceGroup, workspace: azure.workspaceName };
    const on = await promote(
      { azureSubscription: connection.id, ...place, targetRegistry: "models-far" },
      { connection },
    );
    assertSucceeded(on);
    assert.equal(on.outputs["evaluationRun"], runUri());
    assert.equal(tags(shared(far, "models-far")!)["evaluation"], "passed");
    // The same tags on other files prove nothing.
    await azure.blobs.put("azureml", "evil/model.txt", "evil");
    const modelUri = "azureml://datastores/workspaceartifactstore/paths/evil";
    azure.assets.models.put("good", "666", { ...held(azure)!, modelUri }, { name: "eve", type: "User" });
    const forged = await promote(
      {
        azureSubscription: connection.id,
        ...place,
        modelVersion: "666",
        targetRegistry: "models-far",
        targetVersion: "2",
      },
      { connection },
    );
    assert.equal(forged.result, "Failed");
    assert.match(
      forged.errors.join("\n"),
      /good:666 is not promoted, because nothing proves that it passed an evaluation/,
    );
  });

  it("refuses what nobody judged, directly and by way of a registry, and says what to do", async () => {
    const direct = await promote({ modelName: "unjudged", ...to(far) }, { others: [far.connection] });
    assert.equal(direct.result, "Failed");
    assert.match(direct.errors.join("\n"), /unjudged:1 is not promoted, because nothing proves that it passed/);
    assert.match(direct.log, /requireEvidence/);
    assert.equal(held(far.azure, "unjudged"), undefined);
    const told = await promote({ modelName: "unjudged", targetRegistry: "models-near", requireEvidence: "false" });
    assert.equal(told.result, "Succeeded");
    assert.match(told.warnings.join("\n"), /promoted without evidence/);
    const onward = await promote(
      { modelName: "unjudged", registry: "models-near", ...to(far) },
      { others: [far.connection] },
    );
    assert.equal(onward.result, "Failed");
    assert.match(onward.errors.join("\n"), /unjudged:1 is not promoted/);
    assert.equal(held(far.azure, "unjudged"), undefined);
  });

  it("names the side whose identity is refused", async () => {
    const { azure } = far;
    const wrong = await promote({ targetWorkspace: azure.workspaceName, targetResourceGroup: azure.resourceGroup });
    assert.equal(wrong.result, "Failed");
    assert.match(wrong.errors.join("\n"), /The target cannot be opened: There is no resource group "rg-far"/);
    const blind = bench.cloud.connections["azure-ml-forbidden"];
    const refused = await promote({ ...to(near), targetAzureSubscription: blind.id }, { others: [blind] });
    assert.equal(refused.result, "Failed");
    assert.match(refused.errors.join("\n"), /The target cannot be opened: .*identity may not read the workspace ws1/);
  });
});
