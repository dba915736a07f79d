// PromoteModel: a judged version goes to registries and workspaces of other subscriptions and tenants, once, with its evidence; an unjudged one does not.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { contentHash } from "../../lib/documents/language/hash.ts";
import type { TaskError } from "../../lib/errors.ts";
import type { JobRecord } from "../../local/azure/records/job.ts";
import { storagePlace } from "../../local/azure/workspace/locate.ts";
import { registryAssets } from "../../local/azure/workspace/registries.ts";
import type { AzureWorld } from "../../local/azure/world/world.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Subscription } from "../../local/subscriptions.ts";
import promote from "../../tasks/PromoteModel/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { answered, provenance } from "../lib/ml/world.ts";
import { runStory, type StoryOptions } from "./context.ts";
import { judgedRun } from "./judged.ts";
import { connectionOf, type Subscriptions, startSubscriptions, targetIn, trained } from "./promoting.ts";

const writes = (requests: readonly string[]) =>
  requests.filter((one) => !/^(GET|HEAD) |\/oauth2\/|listSecrets|\/datarefs\/|\/rundata$/.test(one));

const FILES = { "model.json": "{}", "weights/a.bin": "aaaa" };

describe("PromoteModel", () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "promote-"));
  let all: Subscriptions;
  let cloud: LocalCloud;
  let near: Subscription;
  let far: Subscription;
  let records: ReturnType<typeof judgedRun>;
  before(async () => {
    all = await startSubscriptions();
    ({ cloud, near, far } = all);
    await trained(cloud.azure, "judged", FILES);
    await trained(cloud.azure, "unjudged", { "model.json": "[]" });
    records = judgedRun(cloud, "judged", "passed");
    await register("judged");
    await register("unjudged");
  });
  after(async () => {
    await cloud.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function register(name: string): Promise<void> {
    const given = {
      type: "custom_model",
      name,
      jobName: name,
      outputName: "model",
      tags: "stage=dev",
      description: "D",
    };
    const { error } = await runStory(registerModel, given, scratch, { cloud, records });
    assert.equal(error, undefined);
  }
  const run = (given: Record<string, string>, more: StoryOptions = {}) =>
    runStory(promote, { modelName: "judged", modelVersion: "1", ...given }, scratch, { cloud, records, ...more });
  const to = (one: Subscription): [Record<string, string>, StoryOptions] => [
    targetIn(one),
    { connections: { targetAzureSubscription: connectionOf(all, one) } },
  ];
  const tagsOf = (properties: Record<string, unknown> | undefined) =>
    (properties?.["tags"] ?? {}) as Record<string, string>;
  /** Files and bytes of a version, by their path below its folder. */
  async function filesOf(azure: AzureWorld, uri: unknown): Promise<Record<string, string>> {
    const place = storagePlace(azure, String(uri))!;
    const root = place.path.replace(/\/+$/, "");
    const found: Record<string, string> = {};
    for (const { name } of await azure.blobs.list(place.container, root))
      found[name.slice(root.length + 1)] = String(await azure.blobs.get(place.container, name));
    return found;
  }
  it("publishes a workspace's version to a registry, once: no file passes, and the evidence goes along", async () => {
    const first = await run({ targetRegistry: "near-models" });
    assert.equal(first.error, undefined);
    const { contentHash, ...outputs } = first.outputs!;
    assert.deepEqual(outputs, {
      name: "judged",
      version: "1",
      assetId: "azureml://registries/near-models/models/judged/versions/1",
      created: true,
      evaluationRun: outputs.evaluationRun,
    });
    assert.match(outputs.evaluationRun, /_build\/results\?buildId=\d+$/);
    assert.ok(!first.requests.some((one) => /^PUT .*(stor1|stor2)\./.test(one)));
    const held = registryAssets(near.azure, "near-models")!.models.version("judged", "1")!.properties;
    assert.deepEqual(await filesOf(near.azure, held["modelUri"]), FILES);
    const tags = tagsOf(held);
    const from = `${cloud.azure.workspaceId}/models/judged/versions/1`;
    assert.deepEqual(
      [
        tags["evaluation"],
        tags["jobName"],
        tags["stage"],
        tags["azureDevOps.promotedFrom"],
        tags["azureDevOps.origin"],
      ],
      ["passed", "judged", "dev", from, from],
    );
    assert.equal(tags["azureDevOps.promotedContent"], contentHash);
    assert.deepEqual(
      [first.record.promotion?.from, first.record.promotion?.evidence?.["evaluation"]],
      [from, "passed"],
    );
    const again = await run({ targetRegistry: "near-models" });
    assert.deepEqual([again.outputs?.version, again.outputs?.created, writes(again.requests)], ["1", false, []]);
    for (const text of [first.log, JSON.stringify(first.record)]) assert.doesNotMatch(text, /sig=|eyJ/);
  });

  it("copies to a workspace of another tenant by a second connection, once, each side by its own identity", async () => {
    const [given, options] = to(far);
    const sent: [string, string][] = [];
    const first = await run(
      { ...given, includeEnvironment: "true", approvedBy: "Grace" },
      {
        ...options,
        onRequest: (_method, url, authorization = "") => {
          if (!authorization.startsWith("Bearer ")) return;
          const { tid } = JSON.parse(Buffer.from(authorization.split(".")[1]!, "base64url").toString());
          sent.push([url, tid]);
        },
      },
    );
    assert.equal(first.error, undefined);
    assert.deepEqual([first.outputs?.version, first.outputs?.created], ["1", true]);
    const held = far.azure.assets.models.version("judged", "1")!.properties;
    assert.deepEqual(await filesOf(far.azure, held["modelUri"]), FILES);
    const tags = tagsOf(held);
    assert.deepEqual(
      [tags["evaluation"], tags["azureDevOps.approvedBy"], held["description"]],
      ["passed", "Grace", "D"],
    );
    assert.equal((held["properties"] as Record<string, string>)["mlflow.source.git.commit"], "c0ffee");
    assert.equal(
      far.azure.assets.environments.version("sklearn", "3")?.properties["image"],
      "mcr.microsoft.com/base:1",
    );
    assert.equal(new Set(sent.map(([, tid]) => tid)).size, 2);
    for (const [url, tid] of sent) {
      const isFar = url.includes(far.azure.subscriptionId) || url.includes("stor3.");
      assert.equal(tid, isFar ? far.azure.tenantId : cloud.tenantId, url);
    }
    const again = await run({ ...given, includeEnvironment: "true", approvedBy: "Grace" }, options);
    assert.equal(again.error, undefined);
    assert.deepEqual([again.outputs?.version, again.outputs?.created, writes(again.requests)], ["1", false, []]);
    assert.equal(again.outputs?.contentHash, first.outputs?.contentHash);
  });

  it("goes on from the registry to a workspace, and its evidence is checked there again", async () => {
    const [given, options] = to(near);
    const first = await run({ registry: "near-models", ...given }, options);
    assert.equal(first.error, undefined);
    const held = near.azure.assets.models.version("judged", "1")!.properties;
    assert.deepEqual(await filesOf(near.azure, held["modelUri"]), FILES);
    const from = `${cloud.azure.workspaceId}/models/judged/versions/1`;
    assert.deepEqual([tagsOf(held)["evaluation"], tagsOf(held)["azureDevOps.origin"]], ["passed", from]);
    const shared = await run({ registry: "near-models", targetRegistry: "shared", targetName: "copied" });
    assert.equal(shared.error, undefined);
    const copy = registryAssets(cloud.azure, "shared")!.models.version("copied", "1")!.properties;
    assert.deepEqual([await filesOf(cloud.azure, copy["modelUri"]), tagsOf(copy)["evaluation"]], [FILES, "passed"]);
    const again = await run({ registry: "near-models", targetRegistry: "shared", targetName: "copied" });
    assert.deepEqual([again.outputs?.created, writes(again.requests)], [false, []]);
  });

  it("refuses what nobody judged, also by way of a registry, and changes nothing", async () => {
    const [given, options] = to(far);
    const direct = await run({ modelName: "unjudged", ...given }, options);
    assert.match(direct.error?.message ?? "", /unjudged:1 is not promoted, because nothing proves/);
    assert.deepEqual(writes(direct.requests), []);
    const told = await run({ modelName: "unjudged", targetRegistry: "near-models", requireEvidence: "false" });
    assert.equal(told.error, undefined);
    assert.match(told.log, /without evidence that it passed/);
    const shared = registryAssets(near.azure, "near-models")!.models.version("unjudged", "1")!;
    assert.equal(tagsOf(shared.properties)["evaluation"], undefined);
    // Tags that somebody wrote prove nothing, even those of a model that was judged.
    const judged = tagsOf(registryAssets(near.azure, "near-models")!.models.version("judged", "1")!.properties);
    Object.assign(tagsOf(shared.properties), judged);
    const way = to(near);
    const forged = await run({ modelName: "unjudged", registry: "near-models", ...way[0] }, way[1]);
    assert.match(forged.error?.message ?? "", /unjudged:1 is not promoted/);
    assert.deepEqual(writes(forged.requests), []);
    assert.equal(near.azure.assets.models.version("unjudged", "1"), undefined);
  });

  it("refuses evidence of a job whose files these are not", async () => {
    const { azure } = cloud;
    await azure.blobs.put("azureml", "elsewhere/model.json", "evil");
    const there = azure.assets.models.version("judged", "1")!.properties;
    azure.assets.models.put(
      "judged",
      "9",
      { ...there, modelUri: "azureml://datastores/workspaceartifactstore/paths/elsewhere", tags: { ...tagsOf(there) } },
      { name: "eve", type: "User" },
    );
    const ran = await run({ modelVersion: "9", targetRegistry: "shared" });
    assert.match(ran.error?.message ?? "", /judged:9 is not promoted/);
    assert.deepEqual(writes(ran.requests), []);
  });

  it("refuses what a later run judged again and failed, also where only its origin says so", async () => {
    const way = to(near);
    const registry = { registry: "near-models", ...way[0], targetName: "late" };
    const { properties } = cloud.azure.assets.models.version("judged", "1")!;
    const tags = tagsOf(properties);
    const failing = { ...tags, evaluation: "failed" };
    const other = { records: judgedRun(cloud, "another", "passed") };
    try {
      properties["tags"] = failing;
      const direct = await run({ targetRegistry: "shared", targetName: "late" }, other);
      const onward = await run(registry, { ...way[1], ...other });
      for (const ran of [direct, onward]) {
        assert.match(ran.error?.message ?? "", /judged:1 is not promoted.* Its evaluation says failed: https:/);
        assert.deepEqual(writes(ran.requests), []);
      }
    } finally {
      properties["tags"] = tags;
    }
  });

  it("refuses what a later run judged again and failed, also in the run that passed it before", async () => {
    const { properties } = cloud.azure.assets.models.version("judged", "1")!;
    const tags = tagsOf(properties);
    const later = { evaluationRun: `${tags["evaluationRun"]}0`, evaluationTime: "2100-01-01T00:00:00.000Z" };
    try {
      properties["tags"] = { ...tags, ...later, evaluation: "failed" };
      const ran = await run({ targetRegistry: "shared", targetName: "late" });
      assert.match(ran.error?.message ?? "", /judged:1 is not promoted.* Its evaluation says failed: https:/);
      assert.deepEqual(writes(ran.requests), []);
    } finally {
      properties["tags"] = tags;
    }
  });

  it("refuses what a later run judged again and failed where its origin says so, and the version tells of an older failure", async () => {
    const shared = registryAssets(near.azure, "near-models")!.models.version("judged", "1")!.properties;
    const { properties: origin } = cloud.azure.assets.models.version("judged", "1")!;
    const [sharedTags, originTags] = [tagsOf(shared), tagsOf(origin)];
    const failedAt = (evaluationTime: string) => ({
      ...{ evaluation: "failed", evaluationRun: `${originTags["evaluationRun"]}0`, evaluationTime },
    });
    const [given, options] = to(near);
    try {
      shared["tags"] = { ...sharedTags, ...failedAt("2000-01-01T00:00:00.000Z") };
      origin["tags"] = { ...originTags, ...failedAt("2100-01-01T00:00:00.000Z") };
      const ran = await run({ registry: "near-models", ...given, targetName: "late" }, options);
      assert.match(ran.error?.message ?? "", /judged:1 is not promoted.* Its evaluation says failed: https:/);
      assert.deepEqual(writes(ran.requests), []);
    } finally {
      shared["tags"] = sharedTags;
      origin["tags"] = originTags;
    }
  });

  it("overwrites nothing: other content under that version is refused, or gets the next number", async () => {
    const { models } = registryAssets(cloud.azure, "shared")!;
    await cloud.azure.blobs.put("other", "m/x", "x");
    const modelUri = cloud.azure.blobs.url("other", "m");
    models.put(
      "judged",
      "1",
      { modelType: "custom_model", modelUri, tags: {}, properties: {} },
      { name: "ada", type: "User" },
    );
    const refused = await run({ targetRegistry: "shared" });
    assert.match(refused.error?.message ?? "", /Version 1 of the model judged is in the registry shared already/);
    assert.deepEqual(writes(refused.requests), []);
    const given = { targetRegistry: "shared", onConflict: "nextVersion" };
    const next = await run(given);
    assert.deepEqual([next.error, next.outputs?.version, next.outputs?.created], [undefined, "2", true]);
    const again = await run(given);
    assert.deepEqual([again.outputs?.version, again.outputs?.created, writes(again.requests)], ["2", false, []]);
  });

  it("brings the components of a pipeline along, with their code and environment, once; other code under their version is refused", async () => {
    const { azure } = cloud;
    await trained(azure, "staged", { "model.json": "7" });
    const author = { name: "ada", type: "User" } as const;
    await azure.blobs.put("code-of-train", "src/train.py", "print(1)");
    const kept = { hash_sha256: "a".repeat(64), hash_version: "202208" };
    const codeUri = azure.blobs.url("code-of-train", "src");
    azure.assets.codes.put("code-1", "1", { codeUri, isAnonymous: false, properties: kept, tags: {} }, author);
    const componentSpec = {
      type: "command",
      name: "train-step",
      version: "5",
      command: "python train.py",
      code: `azureml:${azure.workspaceId}/codes/code-1/versions/1`,
      environment: `azureml:${azure.workspaceId}/environments/sklearn/versions/3`,
      is_deterministic: true,
    };
    const definition = componentSpec;
    azure.assets.components.put("train-step", "5", { componentSpec, definition, tags: {}, properties: {} }, author);
    const job = azure.store<JobRecord>("jobs").get("staged")!;
    const componentId = `${azure.workspaceId}/components/train-step/versions/5`;
    Object.assign(job.body, { jobType: "Pipeline", jobs: { train: { type: "command", componentId } } });
    await register("staged");
    const [inputs, options] = to(far);
    const given = { modelName: "staged", ...inputs, requireEvidence: "false", includeComponents: "true" };
    const first = await run(given, options);
    assert.equal(first.error, undefined, first.log);
    const component = far.azure.assets.components.version("train-step", "5")?.properties;
    const specification = component?.["componentSpec"] as Record<string, string>;
    assert.equal(specification["command"], "python train.py");
    assert.match(specification["environment"] ?? "", /workspaces\/ws-far\/environments\/sklearn\/versions\/3$/);
    const [, codeName = ""] =
      /\/workspaces\/ws-far\/codes\/([^/]+)\/versions\/1$/.exec(specification["code"] ?? "") ?? [];
    const code = far.azure.assets.codes.version(codeName, "1")?.properties;
    assert.deepEqual(await filesOf(far.azure, code?.["codeUri"]), { "train.py": "print(1)" });
    const files = path.join(scratch, "src");
    mkdirSync(files);
    writeFileSync(path.join(files, "train.py"), "print(1)");
    assert.equal((code?.["properties"] as typeof kept | undefined)?.hash_sha256, contentHash(files));
    assert.deepEqual(
      first.record.promotion?.components?.map((id) => id.split("/").slice(-3)),
      [["train-step", "versions", "5"]],
    );

    const again = await run(given, options);
    assert.deepEqual([again.error, writes(again.requests)], [undefined, []]);
    await azure.blobs.put("code-of-train", "src/train.py", "print(2)");
    const other = await run(given, options);
    assert.match(other.error?.message ?? "", /ws-far has another component under the name train-step:5 already/);
    const shared = await run({
      ...given,
      ...{ targetConnectionType: "same", targetRegistry: "shared" },
      targetWorkspace: "",
    });
    assert.match(
      shared.log,
      /The components train-step do not go along: Azure does not share components with a registry/,
    );
  });

  it("registers code by the hash of its files, whatever hash the source says they have", async () => {
    const { azure } = cloud;
    await trained(azure, "staged-falsely", { "model.json": "8" });
    const author = { name: "eve", type: "User" } as const;
    await azure.blobs.put("code-of-eve", "src/train.py", "evil()");
    const good = path.join(scratch, "good");
    mkdirSync(good);
    writeFileSync(path.join(good, "train.py"), "print(1)");
    const hash = contentHash(good);
    const kept = { hash_sha256: hash, hash_version: "202208" };
    const codeUri = azure.blobs.url("code-of-eve", "src");
    azure.assets.codes.put("code-9", "1", { codeUri, isAnonymous: false, properties: kept, tags: {} }, author);
    const componentSpec = {
      type: "command",
      command: "python train.py",
      code: `azureml:${azure.workspaceId}/codes/code-9/versions/1`,
      environment: `azureml:${azure.workspaceId}/environments/sklearn/versions/3`,
    };
    const body = { componentSpec, definition: componentSpec, tags: {}, properties: {} };
    azure.assets.components.put("evil-step", "1", body, author);
    const job = azure.store<JobRecord>("jobs").get("staged-falsely")!;
    const componentId = `${azure.workspaceId}/components/evil-step/versions/1`;
    Object.assign(job.body, { jobType: "Pipeline", jobs: { train: { type: "command", componentId } } });
    await register("staged-falsely");
    const [inputs, options] = to(far);
    const given = { modelName: "staged-falsely", ...inputs, requireEvidence: "false", includeComponents: "true" };
    const { error } = await run(given, options);
    assert.equal(error, undefined);
    const component = far.azure.assets.components.version("evil-step", "1")!.properties;
    const { code } = component["componentSpec"] as Record<string, string>;
    const [, name = ""] = /\/codes\/([^/]+)\/versions\/1$/.exec(code ?? "") ?? [];
    const held = far.azure.assets.codes.version(name, "1")!.properties;
    assert.deepEqual(await filesOf(far.azure, held["codeUri"]), { "train.py": "evil()" });
    assert.notEqual((held["properties"] as typeof kept).hash_sha256, hash, "the target would run it for good/");
    const again = await run(given, options);
    assert.deepEqual([again.error, writes(again.requests)], [undefined, []]);
  });

  it("carries who approved the stage of a classic release, as Azure DevOps says it, unless an input does", async () => {
    const { devops } = cloud;
    const release = devops.releases.create(devops.releases.define("promote", ["Production"]), {
      createdBy: devops.person("Ada"),
    });
    const [stage] = release.environments;
    stage!.approvedBy = [devops.person("Grace Example"), devops.person("Lin Example")];
    const own = records();
    const accessToken = devops.issueJobToken({ plan: stage!.plan, jobId: "00000000-0000-4000-8000-0000000000ef" });
    const inRelease: StoryOptions = {
      records: () => ({ ...own, kind: "release", runId: release.id, settings: { ...own.settings, accessToken } }),
      provenance: { ...provenance, kind: "release", stage: "Production" },
    };
    const given = { targetRegistry: "shared", targetName: "approved", requireEvidence: "false" };
    assert.equal((await run(given, inRelease)).record.promotion?.approvedBy, "Grace Example, Lin Example");
    const tags = tagsOf(registryAssets(cloud.azure, "shared")!.models.version("approved", "1")!.properties);
    assert.equal(tags["azureDevOps.approvedBy"], "Grace Example, Lin Example");
    const told = await run({ ...given, approvedBy: "Ada" }, inRelease);
    assert.equal(told.record.promotion?.approvedBy, "Ada");
    assert.equal((await run(given)).record.promotion?.approvedBy, undefined, "a run of a pipeline does not know");
  });

  it("changes nothing where an input is wrong, or the version was withdrawn", async () => {
    const [given, options] = to(far);
    const cases: [Record<string, string>, RegExp][] = [
      [{ targetName: "a/b" }, /Azure refuses "a\/b" as the name of a model/],
      [{ targetName: "-x" }, /Azure refuses "-x"/],
      [{ targetVersion: "../7" }, /version/],
      [{ tags: "evaluation=passed" }, /The input tags sets the tag "evaluation"/],
      [
        { tags: "azureDevOps.origin=x" },
        /The input tags sets the tag "azureDevOps.origin", which only these tasks write/,
      ],
      [{ modelVersion: "12" }, /judged has no version 12/],
      [{ modelName: "nobody" }, /no model "nobody"/],
      [{ targetWorkspace: "nowhere" }, /The target cannot be opened: There is no workspace "nowhere"/],
    ];
    for (const [more, said] of cases) {
      const ran = await run({ ...given, ...more }, options);
      assert.match(ran.error?.message ?? "", said);
      assert.deepEqual(writes(ran.requests), [], JSON.stringify(more));
    }
    const same = await run({ targetWorkspace: cloud.workspace });
    assert.match(same.error?.message ?? "", /The source and the target are the same/);
    const { properties } = cloud.azure.assets.models.version("judged", "1")!;
    properties["isArchived"] = true;
    const archived = await run(given, options);
    properties["isArchived"] = false;
    assert.match(archived.error?.message ?? "", /judged:1 is archived, so it is not promoted/);
  });

  it("does not pass over that the target has archived the content, under whatever number", async () => {
    const [given, options] = to(far);
    const { models } = far.azure.assets;
    const numbered = { ...given, targetName: "withdrawn", targetVersion: "12" };
    assert.equal((await run(numbered, options)).error, undefined);
    models.version("withdrawn", "12")!.properties["isArchived"] = true;
    for (const again of [numbered, { ...given, targetName: "withdrawn" }]) {
      const refused = await run(again, options);
      assert.match(
        refused.error?.message ?? "",
        /The workspace ws-far has this content as withdrawn:12, which is archived there.*Nothing was changed\./,
      );
      assert.deepEqual(writes(refused.requests), []);
    }
    assert.deepEqual(
      models.container("withdrawn")!.versions.map(({ version }) => version),
      ["12"],
    );
  });

  it("restores an archived version where it is told to, once, and prefers one in use", async () => {
    const [given, options] = to(far);
    const { models } = far.azure.assets;
    const inputs = { ...given, targetName: "back" };
    const archivedOf = (version: string) => models.version("back", version)?.properties["isArchived"];
    assert.equal((await run({ ...inputs, targetVersion: "12" }, options)).error, undefined);
    models.version("back", "12")!.properties["isArchived"] = true;
    const restoring = { ...inputs, onArchived: "restore" };
    const plan = await run({ ...restoring, plan: "true" }, options);
    assert.deepEqual([plan.error, archivedOf("12")], [undefined, true]);
    assert.match(plan.log, /"method":"PUT","path":"\S*\/models\/back\/versions\/12".*"isArchived":false/);
    const restored = await run(restoring, options);
    assert.deepEqual([restored.error, restored.outputs?.version, restored.outputs?.created], [undefined, "12", false]);
    assert.deepEqual([archivedOf("12"), writes(restored.requests).length], [false, 1]);
    assert.equal(restored.record.promotion?.restored, true);
    assert.match(restored.log, /back:12 of the workspace ws-far was archived, and is restored/);
    const again = await run(restoring, options);
    assert.deepEqual([again.outputs?.version, writes(again.requests)], ["12", []]);
    models.version("back", "12")!.properties["isArchived"] = true;
    // Under a number of its own, the version is made as it was asked for; from then on one is in use.
    const asked = await run({ ...restoring, targetVersion: "13" }, options);
    assert.deepEqual([asked.error, asked.outputs?.version, asked.outputs?.created], [undefined, "13", true]);
    const used = await run(inputs, options);
    assert.deepEqual([used.error, used.outputs?.version, archivedOf("12")], [undefined, "13", true]);
  });

  it("fails where an archived version of a registry may not be restored, and restores it where it may", async () => {
    const { models } = registryAssets(near.azure, "near-models")!;
    const inputs = { targetRegistry: "near-models", targetName: "shelved" };
    assert.equal((await run(inputs)).error, undefined);
    models.version("shelved", "1")!.properties["isArchived"] = true;
    const refused = await run(inputs);
    assert.match(
      refused.error?.message ?? "",
      /The registry near-models has this content as shelved:1, which is archived/,
    );
    assert.match((refused.error as TaskError).hint ?? "", /--name shelved --version 1 --registry-name near-models/);
    const forbidden = await run(
      { ...inputs, onArchived: "restore" },
      {
        between: async (request, send) =>
          request.method === "PUT" && request.url.includes("/shelved/")
            ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "Not for this client." } })
            : send(),
      },
    );
    assert.match(forbidden.error?.message ?? "", /restore the model shelved:1.*Not for this client/);
    const restored = await run({ ...inputs, onArchived: "restore" });
    assert.deepEqual([restored.error, restored.outputs?.version], [undefined, "1"]);
    assert.equal(models.version("shelved", "1")!.properties["isArchived"], false);
  });

  it("has changed nothing where a conflict says so, also of what was to go along", async () => {
    const [given, options] = to(far);
    const { environments, models } = far.azure.assets;
    const author = { name: "ada", type: "User" } as const;
    await far.azure.blobs.put("other", "m/x", "x");
    const modelUri = far.azure.blobs.url("other", "m");
    models.put("taken", "1", { modelType: "custom_model", modelUri, tags: {}, properties: {} }, author);
    const jobs = cloud.azure.store<JobRecord>("jobs");
    const job = jobs.get("judged")!;
    const { properties } = cloud.azure.assets.environments.version("sklearn", "3")!;
    cloud.azure.assets.environments.put("along", "1", properties, author);
    const environmentId = `${cloud.azure.workspaceId}/environments/along/versions/1`;
    jobs.set("judged", { ...job, body: { ...job.body, environmentId } });
    try {
      const refused = await run({ ...given, targetName: "taken", includeEnvironment: "true" }, options);
      assert.match(refused.error?.message ?? "", /holds something else .*Nothing was changed\./);
      assert.deepEqual(writes(refused.requests), []);
      assert.equal(environments.version("along", "1"), undefined);
    } finally {
      jobs.set("judged", job);
    }
  });

  it("says that nothing goes along from a registry without a workspace that has the job", async () => {
    assert.equal((await run({ targetRegistry: "shared", targetName: "alone" })).error, undefined);
    const [given, options] = to(far);
    const along = { includeEnvironment: "true", includeComponents: "true", requireEvidence: "false" };
    const from = { registry: "shared", modelName: "alone" };
    const ran = await run({ ...from, ...given, ...along }, { ...options, registryAlone: true });
    assert.equal(ran.error, undefined);
    assert.match(ran.log, /No environment and no component goes along: .*the inputs name no workspace/);
  });

  it("goes half-way and on: an error says what is there, and the next run makes no second version", async () => {
    const [given, options] = to(far);
    const renamed = { ...given, targetName: "half" };
    const broken = await run(renamed, {
      ...options,
      between: async (request, send) => {
        if (request.method === "PUT" && request.url.includes("/models/half/"))
          throw Object.assign(new Error("cut"), { code: "EACCES" });
        return send();
      },
    });
    assert.match(broken.error?.message ?? "", /In the workspace ws-far the files of half:1 are in its storage/);
    assert.equal(far.azure.assets.models.version("half", "1"), undefined);
    const second = await run(renamed, options);
    assert.deepEqual([second.error, second.outputs?.version, second.outputs?.created], [undefined, "1", true]);
    assert.ok(!second.requests.some((one) => /^PUT .*stor3\..*weights/.test(one)), "files are not copied again");
  });

  it("lets no approval and no unproven evaluation of the source pass by way of publish", async () => {
    const { azure } = cloud;
    const held = azure.assets.models.version("judged", "1")!.properties;
    const unproven = azure.assets.models.version("unjudged", "1")!.properties;
    const kept = [tagsOf(held), tagsOf(unproven)] as const;
    held["tags"] = { ...kept[0], approval: "approved" };
    unproven["tags"] = { ...kept[1], evaluation: "passed", evaluationPipeline: "release", approval: "approved" };
    try {
      const approved = await run({ targetRegistry: "near-models", targetName: "with-approval" });
      assert.equal(approved.error, undefined);
      const told = { modelName: "unjudged", targetRegistry: "near-models", targetName: "forged" };
      const forged = await run({ ...told, requireEvidence: "false" });
      assert.equal(forged.error, undefined);
      const { models } = registryAssets(near.azure, "near-models")!;
      const tags = [models.version("with-approval", "1")!, models.version("forged", "1")!].map(({ properties }) =>
        tagsOf(properties),
      );
      assert.deepEqual(
        tags.map(({ evaluation, evaluationPipeline, approval }) => [evaluation, evaluationPipeline, approval]),
        [
          ["passed", kept[0]["evaluationPipeline"], undefined],
          [undefined, undefined, undefined],
        ],
      );
    } finally {
      [held["tags"], unproven["tags"]] = kept;
    }
  });

  it("only plans where it is told so", async () => {
    const [given, options] = to(far);
    const plan = await run({ ...given, targetName: "planned", plan: "true" }, options);
    assert.equal(plan.error, undefined);
    assert.match(plan.log, /"method":"PUT","path":"\S*\/models\/planned\/versions\/1"/);
    assert.equal(far.azure.assets.models.version("planned", "1"), undefined);
    const published = await run({ targetRegistry: "near-models", targetName: "planned", plan: "true" });
    assert.equal(published.error, undefined);
    assert.match(published.log, /"method":"POST","path":"\S*\/publish"/);
    assert.equal(registryAssets(near.azure, "near-models")!.models.version("planned", "1"), undefined);
  });
});
