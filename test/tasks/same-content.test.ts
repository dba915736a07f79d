// "The same content is here already": what the service itself stores says so, and never a tag or a property that anybody can write.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { objectHash } from "../../lib/documents/language/hash.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { answered, type Opening } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";
import { judgedRun } from "./judged.ts";

const author = { name: "mallory", type: "User" } as const;
const WORDS = "the honest content";
type Between = Opening["between"];

describe("the same content", () => {
  let cloud: LocalCloud;
  let folder: string;
  let hash: string;
  let count = 0;
  const scratch = mkdtempSync(path.join(os.tmpdir(), "same-content-"));
  before(async () => {
    cloud = await startCloud();
    registriesOf(cloud.azure).set("shared", { name: "shared", id: "r", location: "eastus2", tags: {}, properties: {} });
    folder = project({ "model/weights.txt": WORDS });
    hash = objectHash(path.join(folder, "model"));
  });
  after(async () => {
    await cloud.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const newName = () => `same-${++count}`;
  const store = () => `azureml-blobstore-${cloud.azure.workspaceGuid}`;
  const long = (at: string, workspace = cloud.workspace) =>
    `azureml://subscriptions/${cloud.subscriptionId}/resourcegroups/${cloud.resourceGroup}/workspaces/${workspace}/datastores/workspaceblobstore/paths/${at}`;
  /** A version that somebody else has put there. */
  const squat = (home: "workspace" | "registry", noun: "models" | "data", name: string, properties: object) => {
    const assets = home === "workspace" ? cloud.azure.assets : registryAssets(cloud.azure, "shared")!;
    const kinds = noun === "models" ? { modelType: "custom_model" } : { dataType: "uri_folder" };
    assets[noun].put(name, "1", { ...kinds, isArchived: false, isAnonymous: false, ...properties }, author);
  };
  const model = (name: string, more: Record<string, string> = {}, at = folder, between?: Between) =>
    runStory(registerModel, { source: "folder", modelPath: path.join(at, "model"), name, ...more }, at, {
      cloud,
      ...(between === undefined ? {} : { between }),
      registryAlone: more["registry"] !== undefined,
    });
  const data = (name: string, more: Record<string, string> = {}, at = folder, between?: Between) =>
    runStory(registerData, { source: "inline", type: "uri_folder", path: path.join(at, "model"), name, ...more }, at, {
      cloud,
      ...(between === undefined ? {} : { between }),
      registryAlone: more["registry"] !== undefined,
    });
  const SHARED = { registry: "shared" };

  describe("is not what a property claims", () => {
    const claims = () => ({
      properties: { "azureDevOps.contentHash": hash },
      tags: { "azureDevOps.contentHash": hash },
    });
    it("of a model made of a folder", async () => {
      const name = newName();
      await cloud.azure.blobs.put(store(), "evil/weights.txt", "something else...");
      squat("workspace", "models", name, { ...claims(), modelUri: long("evil/") });
      const ran = await model(name);
      assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true]);
    });
    for (const [noun, register, uri] of [
      ["models", model, "modelUri"],
      ["data", data, "dataUri"],
    ] as const)
      it(`of ${noun} in a registry`, async () => {
        const name = newName();
        await cloud.azure.blobs.container(`evil-${noun}`);
        await cloud.azure.blobs.put(`evil-${noun}`, "weights/weights.txt", "something else...");
        squat("registry", noun, name, { ...claims(), [uri]: `${cloud.azure.blobs.url(`evil-${noun}`, "weights")}/` });
        const ran = await register(name, SHARED);
        assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true]);
      });
    it("and is found by its bytes where a property is right about a place of another name", async () => {
      const name = newName();
      await cloud.azure.blobs.container("copied");
      await cloud.azure.blobs.put("copied", "weights/weights.txt", WORDS);
      squat("registry", "models", name, { ...claims(), modelUri: `${cloud.azure.blobs.url("copied", "weights")}/` });
      const ran = await model(name, SHARED);
      assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "1", false]);
    });
  });

  describe("is not what an address only ends with", () => {
    it("of a model in another folder, or in a datastore of another workspace", async () => {
      for (const at of [long(`evil/LocalUpload/${hash}/model/`), long(`LocalUpload/${hash}/model/`, "another")]) {
        const name = newName();
        await cloud.azure.blobs.put(store(), `evil/LocalUpload/${hash}/model/weights.txt`, "something else...");
        squat("workspace", "models", name, { modelUri: at });
        const ran = await model(name);
        assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true], at);
      }
    });
    it("of data in a datastore of another workspace", async () => {
      const name = newName();
      squat("workspace", "data", name, { dataUri: long(`LocalUpload/${hash}/model/`, "another") });
      const ran = await data(name);
      assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true]);
    });
    for (const [noun, register, uri] of [
      ["models", model, "modelUri"],
      ["data", data, "dataUri"],
    ] as const)
      it(`of ${noun} in a registry, whose files are others`, async () => {
        const name = newName();
        await cloud.azure.blobs.container(`ends-${noun}`);
        // As long as the honest one.
        const other = "x".repeat(WORDS.length);
        await cloud.azure.blobs.put(`ends-${noun}`, `LocalUpload/${hash}/model/weights.txt`, other);
        const at = `${cloud.azure.blobs.url(`ends-${noun}`, `LocalUpload/${hash}/model`)}/`;
        squat("registry", noun, name, { [uri]: at, properties: { "azureDevOps.contentHash": hash } });
        const ran = await register(name, SHARED);
        assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true]);
      });
  });

  it("is not what a place of that name holds after somebody has written to it", async () => {
    const at = project({ "model/weights.txt": "content that is replaced" });
    const name = newName();
    assert.equal((await model(name, {}, at)).outputs?.created, true);
    const again = await model(name, {}, at);
    assert.deepEqual([again.error, again.outputs?.version, again.outputs?.created], [undefined, "1", false]);
    const place = `LocalUpload/${objectHash(path.join(at, "model"))}/model/weights.txt`;
    await cloud.azure.blobs.put(store(), place, "x".repeat("content that is replaced".length));
    const ran = await model(name, {}, at);
    assert.ok(ran.error !== undefined || ran.outputs?.created === true, `it is taken for the same\n${ran.log}`);
  });

  describe("of a job", () => {
    let jobName: string;
    before(async () => {
      const at = project({
        "job.yml":
          "type: command\ncommand: echo model > $" +
          "{{outputs.model}}/m.txt\noutputs: {model: {type: custom_model, mode: upload}}\nenvironment: {image: u}\ncompute: azureml:cpu-cluster\n",
      });
      const ran = await runStory(submitJob, { jobFile: path.join(at, "job.yml") }, at, { cloud });
      assert.equal(ran.error, undefined);
      jobName = ran.outputs?.jobName ?? "";
    });
    const register = (name: string, more: Record<string, string> = {}) =>
      runStory(registerModel, { jobName, outputName: "model", name, ...more }, scratch, {
        cloud,
        records: judgedRun(cloud, jobName, "passed"),
      });

    it("is not what a property claims, and no evidence lands there", async () => {
      const name = newName();
      const source = `azureml://jobs/${jobName}/outputs/model/paths/`;
      squat("workspace", "models", name, {
        modelUri: long("evil/"),
        jobName,
        tags: { jobName },
        properties: { "azureDevOps.source": source },
      });
      const ran = await register(name);
      assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true]);
      const tags = (number: string) => cloud.azure.assets.models.version(name, number)?.properties["tags"] as object;
      assert.ok(!("evaluation" in tags("1")), JSON.stringify(tags("1")));
      assert.ok("evaluation" in tags("2"));
      const again = await register(name);
      assert.deepEqual([again.outputs?.version, again.outputs?.created], ["2", false]);
    });

    it("is in a registry not what a tag claims, and no evidence lands there", async () => {
      const name = newName();
      const first = await register(name, SHARED);
      assert.deepEqual([first.error, first.outputs?.version], [undefined, "1"]);
      const assets = registryAssets(cloud.azure, "shared")!.models;
      const honest = assets.version(name, "1")!.properties;
      const squatted = newName();
      await cloud.azure.blobs.container("evil-copy");
      await cloud.azure.blobs.put("evil-copy", "model/m.txt", "evil!\n");
      const own = await register(squatted);
      assert.equal(own.error, undefined);
      const source = String((honest["tags"] as Record<string, string>)["azureDevOps.sharedFrom"]);
      squat("registry", "models", squatted, {
        modelUri: `${cloud.azure.blobs.url("evil-copy", "model")}/`,
        tags: { "azureDevOps.sharedFrom": source.replace(name, squatted) },
      });
      const ran = await register(squatted, SHARED);
      assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "2", true]);
      assert.ok(!("evaluation" in (assets.version(squatted, "1")!.properties["tags"] as object)));
    });

    it("is in a registry once where another run shares it after the registry's versions were listed", async () => {
      const name = newName();
      let met = false;
      const ran = await runStory(registerModel, { jobName, outputName: "model", name, ...SHARED }, scratch, {
        cloud,
        between: async (request, send) => {
          if (request.method === "GET" && request.url.includes(`/registries/shared/models/${name}?`) && !met) {
            met = true;
            assert.equal((await register(name, SHARED)).error, undefined);
          }
          return send();
        },
      });
      assert.deepEqual([ran.error, ran.outputs?.version, met], [undefined, "1", true]);
      assert.equal(registryAssets(cloud.azure, "shared")!.models.container(name)?.versions.length, 1);
    });

    it("is in a registry once where the answer to its import could not be read", async () => {
      const name = newName();
      let met = 0;
      const ran = await runStory(registerModel, { jobName, outputName: "model", name, ...SHARED }, scratch, {
        cloud,
        between: async (request, send) => {
          if (request.method !== "POST" || !new URL(request.url).pathname.endsWith("/import") || met > 0) return send();
          met += 1;
          await send();
          return answered(request, 200, "<html></html>");
        },
      });
      assert.deepEqual([ran.error, ran.outputs?.version, met], [undefined, "1", 1]);
      const copies = registryAssets(cloud.azure, "shared")!.models;
      assert.equal(copies.container(name)?.versions.length, 1);
      const tags = copies.version(name, "1")?.properties["tags"] as Record<string, string> | undefined;
      assert.ok(tags?.["azureDevOps.sharedFrom"]);
    });

    it("is found in a registry where the step that shared it died before it wrote its tags", async () => {
      const name = newName();
      const dying = new AbortController();
      const killed = await runStory(registerModel, { jobName, outputName: "model", name, ...SHARED }, scratch, {
        cloud,
        signal: dying.signal,
        onRequest: (method, url) => {
          if (method === "PUT" && url.includes(`/registries/shared/models/${name}/`)) dying.abort(new Error("killed"));
        },
      });
      assert.match(String(killed.error), /killed/);
      const assets = registryAssets(cloud.azure, "shared")!.models;
      assert.ok(!("azureDevOps.sharedFrom" in ((assets.version(name, "1")?.properties["tags"] as object) ?? {})));
      const ran = await register(name, SHARED);
      assert.deepEqual([ran.error, ran.outputs?.version], [undefined, "1"]);
      assert.equal(assets.container(name)?.versions.length, 1);
      const tags = assets.version(name, "1")?.properties["tags"] as Record<string, string> | undefined;
      assert.equal(tags?.["evaluation"], "passed");
    });
  });

  describe("registered at once", () => {
    const many = Array.from({ length: 5 }, (_, index) => index);
    const roads = {
      "models of folders": (name: string, at: string, between?: Between) => model(name, {}, at, between),
      "models of folders in a registry": (name: string, at: string, between?: Between) =>
        model(name, SHARED, at, between),
      data: (name: string, at: string, between?: Between) => data(name, {}, at, between),
      "data in a registry": (name: string, at: string, between?: Between) => data(name, SHARED, at, between),
    };
    /** The other run registers after this one has listed the versions, and before this one reads which number is free. */
    const meanwhile =
      (name: string, other: () => Promise<{ error: Error | undefined }>): Opening["between"] =>
      async (request, send) => {
        const { pathname } = new URL(request.url);
        const isOurs = request.method === "GET" && pathname.includes(`/${name}`);
        if (isOurs && pathname.endsWith(`/${name}/versions`)) {
          const answer = await send();
          lists.get(name)?.();
          return answer;
        }
        if (isOurs && pathname.endsWith(`/${name}`) && !met.has(name)) {
          met.add(name);
          await listed(name);
          assert.equal((await other()).error, undefined);
        }
        return send();
      };
    const met = new Set<string>();
    const lists = new Map<string, () => void>();
    const seen = new Map<string, Promise<void>>();
    const listed = (name: string) => seen.get(name);
    const expectList = (name: string) => seen.set(name, new Promise((resolve) => lists.set(name, resolve)));
    for (const [what, register] of Object.entries(roads)) {
      it(`${what} of one content are one version where the list is older than the number that is free`, async () => {
        const name = newName();
        const at = project({ "model/weights.txt": `late ${name}` });
        expectList(name);
        const ran = await register(
          name,
          at,
          meanwhile(name, () => register(name, at)),
        );
        assert.ok(met.has(name));
        assert.deepEqual([ran.error, ran.outputs?.version, ran.outputs?.created], [undefined, "1", false]);
      });
      it(`five ${what} of different content all get a version of their own`, async () => {
        const name = newName();
        const folders = many.map((one) => project({ "model/weights.txt": `${what} ${one}` }));
        const ran = await Promise.all(folders.map((at) => register(name, at)));
        assert.deepEqual(
          ran.map(({ error }) => error?.message),
          many.map(() => undefined),
        );
        const versions = ran.map(({ outputs }) => outputs?.version).sort();
        assert.deepEqual(versions, ["1", "2", "3", "4", "5"]);
        assert.ok(ran.every(({ outputs }) => outputs?.created === true));
      });
      it(`${what} of one content are one version, which one of them made`, async () => {
        const name = newName();
        const at = project({ "model/weights.txt": `one of ${what} ${createHash("md5").update(name).digest("hex")}` });
        const ran = await Promise.all(many.map(() => register(name, at)));
        assert.deepEqual(
          ran.map(({ error, outputs }) => [error?.message, outputs?.version]),
          many.map(() => [undefined, "1"]),
        );
        const makers = ran.filter(({ outputs }) => outputs?.created === true).length;
        // A registry accepts every PUT with the same 202: whose of the same content it was is not told.
        if (what.endsWith("registry")) assert.ok(makers >= 1);
        else assert.equal(makers, 1);
      });
    }
  });
});
