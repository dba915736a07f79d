// Tests: lib/ml/proof/prove-model.ts, lib/ml/proof/proof-search.ts, lib/ml/register/register-model.ts. A registration with a proof leaves nothing that harms, wherever it
// stops, and a second run makes what is lacking and no second of anything.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import { putVersion } from "../../lib/ml/assets/asset-writes.ts";
import { findVersion, versionIn, versionsOf } from "../../lib/ml/assets/assets.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import verifyModel from "../../tasks/VerifyModel/index.ts";
import { until } from "../harness/until.ts";
import { project } from "../lib/ml/projects.ts";
import { newKey } from "../lib/ml/proof/vault.ts";
import { answered, openLocal, theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { runStory, type StoryOptions } from "./context.ts";

const isPut = ({ method, url }: PipelineRequest, part: RegExp) => method === "PUT" && part.test(url);
const MODEL = /\/models\/[^/]+\/versions\//;
const PROOF = /\/data\/[^/]+-proof\/versions\//;
const writes = (requests: readonly string[]) =>
  requests.filter((one) => !/^(GET|HEAD) |\/oauth2\/|listSecrets|\/sign\?/.test(one));

/** More than is read at a time, so that no checksum of a whole file comes with a piece of it. */
const LARGE = "w".repeat(5 * 1024 * 1024);

describe("a registration with a proof", () => {
  const files = project({
    "model/m.pkl": "weights",
    "model/b.txt": "b",
    "other/m.pkl": "others",
    "third/m.pkl": "third",
    "fourth/m.pkl": LARGE,
    "fifth/m.pkl": "fifth",
    "sixth/m.pkl": "sixth",
  });
  let signWith = "";
  before(async () => {
    signWith = (await newKey(await theCloud(), "order")).id;
  });
  const register = (name: string, more: Record<string, string> = {}, options: StoryOptions = {}) => {
    const given = { source: "folder", modelPath: path.join(files, "model"), name, type: "custom_model", signWith };
    const all = Object.entries<string>({ ...given, ...more }).filter(([, value]) => value !== "");
    return runStory(registerModel, Object.fromEntries(all), files, options);
  };
  const newName = () => `order-${randomUUID().slice(0, 8)}`;
  const version = async (kind: "models" | "data", name: string, number = "1") =>
    findVersion(await openLocal(), kind, name, number);
  /** The proofs of a model's versions, as `number-list`. */
  const proofsOf = async (name: string) => {
    const found: string[] = [];
    for await (const one of versionsOf(await openLocal(), "data", `${name}-proof`)) found.push(versionIn(one) ?? "");
    return found;
  };
  const verified = async (modelName: string, modelVersion = "1") => {
    const ran = await runStory(verifyModel, { modelName, modelVersion, signedBy: signWith }, files);
    assert.equal(ran.error, undefined, ran.error?.message);
  };

  it("stores the proof beside the version, and none where what comes before it failed", async () => {
    const name = newName();
    const sent: string[] = [];
    const ran = await register(
      name,
      {},
      {
        between: async (request, send) => {
          for (const part of [PROOF, MODEL]) if (isPut(request, part)) sent.push(part.source);
          // The version's answer waits until the proof has been sent.
          const answer = await send();
          if (isPut(request, MODEL)) await until("the proof is sent", async () => sent.includes(PROOF.source));
          return answer;
        },
      },
    );
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.deepEqual(sent.sort(), [PROOF.source, MODEL.source].sort());
    const refused = newName();
    const modelPath = path.join(files, "fifth");
    const none = await register(
      refused,
      { modelPath },
      {
        between: async (request, send) =>
          request.method === "PUT" && request.url.includes("/fifth/")
            ? answered(request, 403, { error: { code: "AuthorizationFailure", message: "no" } })
            : send(),
      },
    );
    assert.ok(none.error);
    assert.deepEqual(await proofsOf(refused), []);
  });

  it("proves the number that it got, where another run took the one before, whose version verifies by its own proof only", async () => {
    const name = newName();
    let isTaken = false;
    const ran = await register(
      name,
      {},
      {
        between: async (request, send) => {
          if (!isTaken && isPut(request, MODEL)) {
            isTaken = true;
            const other = { modelPath: path.join(files, "other") };
            const { error } = await register(name, other, { stepIdentity: "other" });
            assert.equal(error, undefined, error?.message);
          }
          return send();
        },
      },
    );
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.equal(ran.outputs?.version, "2");
    assert.match(ran.record.proof?.asset ?? "", new RegExp(`^${name}-proof:2-[0-9a-f]{64}$`));
    await verified(name, "2");
    await verified(name, "1");
    // What the run that lost has signed for the number is whole, and is no proof of the version that got it, whatever its tag and its files are.
    const lost = (ran.record.proof?.asset ?? "").replace(":2-", ":1-");
    assert.ok(await version("data", ...(lost.split(":") as [string, string])));
    const { models } = (await theCloud()).azure.assets;
    const first = models.version(name, "1");
    const second = models.version(name, "2");
    assert.ok(first && second);
    Object.assign(first.properties, { tags: { "azureDevOps.proof": lost }, modelUri: second.properties["modelUri"] });
    const swapped = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.match(swapped.error?.message ?? "passed", /files of \S+:1 are not those that were signed/);
  });

  it("registers nothing where the vault refuses to sign", async () => {
    const name = newName();
    let refuse = () => {};
    const refused = new Promise<void>((resolve) => {
      refuse = resolve;
    });
    const between: StoryOptions["between"] = async (request, send) => {
      if (/\/sign\?/.test(request.url)) {
        refuse();
        return answered(request, 403, { error: { code: "Forbidden", message: "Caller is not authorized" } });
      }
      // The version waits for its files, which lie in storage, or are brought there.
      if (/\/datastores\/workspaceblobstore\?/.test(request.url)) await refused;
      return send();
    };
    const ran = await register(name, {}, { between });
    assert.match(ran.error?.message ?? "", /sign with the key/);
    assert.equal(await version("models", name), undefined);
  });

  it("registers nothing where the signer is none", async () => {
    const none = await register(newName(), { signWith: "nothing.pem" });
    assert.match(none.error?.message ?? "", /there is no such file/);
    assert.deepEqual(writes(none.requests), []);
  });

  it("that is refused to store the proof says so, and the next run makes it, and no second of anything", async () => {
    const name = newName();
    const refused = await register(
      name,
      {},
      {
        between: async (request, send) =>
          isPut(request, PROOF)
            ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "data/versions/write" } })
            : send(),
      },
    );
    assert.ok(refused.error);
    assert.match(refused.log, new RegExp(`${name}:1 is registered, and its proof is not there: run the step again`));
    assert.deepEqual(await proofsOf(name), []);
    const without = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.match(without.error?.message ?? "", /has no signature/);
    const again = await register(name);
    assert.equal(again.error, undefined, again.error?.message);
    assert.deepEqual([again.outputs?.version, again.outputs?.created, again.record.proof?.created], ["1", false, true]);
    await verified(name);
    assert.deepEqual(writes((await register(name)).requests), []);
    assert.equal(await version("models", name, "2"), undefined);
  });

  it("whose proof was stored and whose answer was lost has one proof", async () => {
    const name = newName();
    let lost = 0;
    const ran = await register(
      name,
      {},
      {
        between: async (request, send) => {
          const answer = await send();
          return isPut(request, PROOF) && lost++ === 0 ? answered(request, 503, "") : answer;
        },
      },
    );
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.ok(lost > 0);
    assert.equal((await proofsOf(name)).length, 1);
    await verified(name);
  });

  it("proves the files of a number that was used before, and the proof of then verifies nothing of them", async () => {
    const name = newName();
    assert.equal((await register(name)).error, undefined);
    const { models } = (await theCloud()).azure.assets;
    const before = { ...models.version(name, "1")?.properties };
    assert.ok(models.delete(name, "1"));
    // The same files by the same signer: the proof that is there counts.
    const same = await register(name, { version: "1" });
    assert.equal(same.error, undefined, same.error?.message);
    assert.equal(same.record.proof?.created, false);
    await verified(name);
    assert.ok(models.delete(name, "1"));
    const other = await register(name, { modelPath: path.join(files, "other"), version: "1" });
    assert.equal(other.error, undefined, other.error?.message);
    assert.equal(other.record.proof?.created, true);
    assert.equal((await proofsOf(name)).length, 2);
    await verified(name);
    // Files and tags of then: the version says what it was registered with, and no tag changes that.
    const now = models.version(name, "1");
    assert.ok(now);
    Object.assign(now.properties, { tags: before["tags"], modelUri: before["modelUri"] });
    const swapped = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.match(swapped.error?.message ?? "passed", /files of \S+:1 are not those that were signed/);
    const signedAgain = await register(name, { version: "1" });
    assert.match(signedAgain.error?.message ?? "signed", /has another proof already/);
  });

  it("is verified under the address that names no files, and is signed no second time", async () => {
    const name = newName();
    assert.equal((await register(name)).error, undefined);
    const { models, data } = (await theCloud()).azure.assets;
    const [number = ""] = await proofsOf(name);
    const [proof, model] = [data.version(`${name}-proof`, number), models.version(name, "1")];
    assert.ok(proof && model);
    // As earlier releases stored it: under the number alone, and no property says so.
    const { "azureDevOps.proof": _proof, ...properties } = model.properties["properties"] as Record<string, string>;
    const tags = model.properties["tags"] as Record<string, string>;
    Object.assign(model.properties, { properties, tags: { ...tags, "azureDevOps.proof": `${name}-proof:1` } });
    const workspace = await openLocal();
    await putVersion(workspace, "data", `${name}-proof`, "1", { properties: { ...proof.properties } });
    assert.ok(data.delete(`${name}-proof`, number));
    await verified(name);
    const again = await register(name);
    assert.equal(again.error, undefined, again.error?.message);
    assert.deepEqual([again.record.proof?.created, again.record.proof?.asset], [false, `${name}-proof:1`]);
    assert.deepEqual(writes(again.requests), []);
  });

  it("is found without the version's tags, and is signed no second time for files that came after", async () => {
    const name = newName();
    assert.equal((await register(name, { signWith: "" })).error, undefined);
    assert.equal((await register(name)).error, undefined);
    const model = (await theCloud()).azure.assets.models.version(name, "1");
    assert.ok(model);
    const tags = Object.entries(model.properties["tags"] as Record<string, string>);
    const bare = Object.fromEntries(tags.filter(([tag]) => !/proof|signedBy/.test(tag)));
    Object.assign(model.properties, { tags: bare });
    await verified(name);
    const again = await register(name);
    assert.equal(again.record.proof?.created, false);
    assert.equal((await proofsOf(name)).length, 1);
  });

  /** Puts other bytes into storage in the place of the model's file, under the checksum of the true ones. */
  async function forge(name: string, truth: string, bytes: string): Promise<void> {
    const { azure } = await theCloud();
    const uri = String((await version("models", name))?.properties?.["modelUri"]);
    const folder = uri.replace(/^.*\/paths\//, "").replace(/\/$/, "");
    const client = await azure.blobs.container(`azureml-blobstore-${azure.workspaceGuid}`);
    const blob = client.getBlockBlobClient(`${folder}/m.pkl`);
    await blob.uploadData(Buffer.from(bytes));
    await blob.setHTTPHeaders({ blobContentMD5: createHash("md5").update(truth).digest() });
  }

  it("signs what this machine has, and not what somebody put in its place in storage", async () => {
    const modelPath = path.join(files, "third");
    const name = newName();
    assert.equal((await register(name, { modelPath, signWith: "" })).error, undefined);
    await forge(name, "third", "evil!");
    // By length and checksum the file is the same, so it is not uploaded again: the signature is not of it.
    const other = newName();
    const ran = await register(other, { modelPath });
    assert.equal(ran.error, undefined, ran.error?.message);
    const list = createHash("sha256").update(createHash("sha256").update("third").digest()).digest("hex");
    assert.equal(ran.record.proof?.digest, list);
    const { error } = await runStory(verifyModel, { modelName: other, modelVersion: "1", signedBy: signWith }, files);
    assert.match(error?.message ?? "passed", /has other content than was signed|did not arrive as they left/);
  });

  it("names the proof of a version that was there in one write of its tags, and the next run stores it where it was refused", async () => {
    const name = newName();
    assert.equal((await register(name, { signWith: "" })).error, undefined);
    const tags = "stage=test";
    const refused = await register(
      name,
      { tags },
      {
        between: async (request, send) =>
          isPut(request, PROOF)
            ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "data/versions/write" } })
            : send(),
      },
    );
    assert.match(refused.error?.message ?? "stored", /data\/versions\/write/);
    const ofModel = (requests: readonly string[]) => requests.filter((one) => /^PUT .*\/models\//.test(one)).length;
    assert.equal(ofModel(refused.requests), 1);
    const has = (await version("models", name))?.properties?.tags ?? {};
    assert.match(has["azureDevOps.proof"] ?? "", new RegExp(`^${name}-proof:1-[0-9a-f]{64}$`));
    assert.equal(has["stage"], "test");
    assert.deepEqual(await proofsOf(name), []);
    const without = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.match(without.error?.message ?? "verified", /has no signature/);
    const again = await register(name, { tags });
    assert.equal(again.error, undefined, again.error?.message);
    assert.deepEqual([again.outputs?.created, again.record.proof?.created, ofModel(again.requests)], [false, true, 0]);
    await verified(name);
    assert.deepEqual(writes((await register(name, { tags })).requests), []);
  });

  it("stores no proof of a version that claims the files and holds others, and makes its own", async () => {
    const modelPath = path.join(files, "sixth");
    const name = newName();
    assert.equal((await register(name, { modelPath, signWith: "" })).error, undefined);
    const uri = String((await version("models", name))?.properties?.["modelUri"]);
    const { azure } = await theCloud();
    const folder = uri.replace(/^.*\/paths\//, "").replace(/\/$/, "");
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `${folder}/m.pkl`, "something else");
    const ran = await register(name, { modelPath });
    assert.match(ran.log, /:1 claims the same content, but holds something else/);
    assert.equal(ran.outputs?.version, "2");
    const { tags = {} } = (await version("models", name))?.properties ?? {};
    assert.equal(tags?.["azureDevOps.proof"], undefined);
    assert.deepEqual(
      (await proofsOf(name)).map((one) => one.split("-")[0]),
      ["2"],
    );
    await verified(name, "2");
  });

  it("takes away an evaluation that does not hold, also where the version's proof is refused", async () => {
    const name = newName();
    assert.equal((await register(name, { signWith: "" })).error, undefined);
    const model = (await theCloud()).azure.assets.models.version(name, "1");
    assert.ok(model);
    const passed = { evaluation: "passed" };
    Object.assign(model.properties, { tags: { ...(model.properties["tags"] as object), ...passed } });
    const ran = await register(
      name,
      {},
      {
        between: async (request, send) =>
          /\/sign\?/.test(request.url)
            ? answered(request, 403, { error: { code: "Forbidden", message: "Caller is not authorized" } })
            : send(),
      },
    );
    assert.match(ran.error?.message ?? "signed", /sign with the key/);
    const { tags } = (await version("models", name))?.properties ?? {};
    assert.deepEqual([tags?.["evaluation"], tags?.["azureDevOps.proof"]], [undefined, undefined]);
    assert.deepEqual(await proofsOf(name), []);
  });

  it("signs nothing that somebody put in its place in storage, where the version is there already", async () => {
    const modelPath = path.join(files, "fourth");
    const name = newName();
    assert.equal((await register(name, { modelPath, signWith: "" })).error, undefined);
    await forge(name, LARGE, LARGE.replaceAll("w", "e"));
    const ran = await register(name, { modelPath });
    assert.match(ran.error?.message ?? "signed", /m\.pkl/);
    assert.deepEqual(await proofsOf(name), []);
    assert.equal((await version("models", name))?.properties?.tags?.["azureDevOps.proof"], undefined);
  });

  it("proves the files that a job has in the end, where they were listed and read before", async () => {
    const cloud = await theCloud();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    const [job, name] = [jobs.name(), newName()];
    await jobs.arm("PUT", `/jobs/${job}`, jobs.properties("mkdir -p outputs && echo m > outputs/m.pkl"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${job}`)).body.properties.status),
    );
    const place = `ExperimentRun/dcid.${job}/outputs`;
    let lists = 0;
    const ran = await register(
      name,
      { source: "job", jobName: job, outputPath: "outputs", modelPath: "" },
      {
        between: async (request, send) => {
          // The job writes on, after its files were listed and before it is said to have ended.
          if (new RegExp(`/jobs/${job}\\?`).test(request.url)) {
            await until("the usual place is listed", async () => lists > 0);
            await cloud.azure.blobs.put("azureml", `${place}/m.pkl`, "trained further");
            await cloud.azure.blobs.put("azureml", `${place}/late.txt`, "late");
          }
          const answer = await send();
          if (/\/azureml\?.*comp=list/.test(request.url)) lists++;
          return answer;
        },
      },
    );
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.ok(lists > 1, "it was listed again");
    assert.equal(ran.record.proof?.files, 2);
    await verified(name);
  });

  it("is completed where it stopped before the proof, although a run that lost the race had proved other files for the number", async () => {
    const name = newName();
    let isTaken = false;
    const lost = await register(
      name,
      {},
      {
        between: async (request, send) => {
          if (!isTaken && isPut(request, MODEL)) {
            isTaken = true;
            const other = await register(
              name,
              { modelPath: path.join(files, "other") },
              {
                stepIdentity: "other",
                between: async (asked, pass) =>
                  isPut(asked, PROOF)
                    ? answered(asked, 403, { error: { code: "AuthorizationFailed", message: "data/versions/write" } })
                    : pass(),
              },
            );
            assert.ok(other.error);
          }
          return send();
        },
      },
    );
    assert.equal(lost.error, undefined, lost.error?.message);
    assert.equal(lost.outputs?.version, "2");
    const unproved = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.match(unproved.error?.message ?? "verified", /has no signature/);
    const again = await register(name, { modelPath: path.join(files, "other") });
    assert.equal(again.error, undefined, again.error?.message);
    assert.deepEqual([again.outputs?.version, again.record.proof?.created], ["1", true]);
    await verified(name, "1");
    await verified(name, "2");
  });

  it("is completed where it stopped before the proof, although an earlier release had proved other files for the number", async () => {
    const name = newName();
    assert.equal((await register(name)).error, undefined);
    const { models, data } = (await theCloud()).azure.assets;
    const [number = ""] = await proofsOf(name);
    const proof = data.version(`${name}-proof`, number);
    assert.ok(proof);
    // The version was deleted, and the proof lies where earlier releases stored it.
    await putVersion(await openLocal(), "data", `${name}-proof`, "1", { properties: { ...proof.properties } });
    assert.ok(data.delete(`${name}-proof`, number) && models.delete(name, "1"));
    const other = { modelPath: path.join(files, "other"), version: "1" };
    const refused = await register(name, other, {
      between: async (request, send) =>
        isPut(request, PROOF)
          ? answered(request, 403, { error: { code: "AuthorizationFailed", message: "data/versions/write" } })
          : send(),
    });
    assert.ok(refused.error);
    const again = await register(name, other);
    assert.equal(again.error, undefined, again.error?.message);
    assert.equal(again.record.proof?.created, true);
    await verified(name);
  });

  it("registers nothing where the vault refuses to sign, however long it takes for that", async () => {
    const name = newName();
    let asked = 0;
    /** Once nothing more is asked: turns of this process, which a busy machine stops too. */
    const quiet = async () => {
      for (let [turns, seen] = [0, asked]; turns < 50; turns = seen === asked ? turns + 1 : 0) {
        seen = asked;
        await pause(20);
      }
    };
    const ran = await register(
      name,
      {},
      {
        between: async (request, send) => {
          asked += 1;
          if (!/\/sign\?/.test(request.url)) return send();
          await quiet();
          return answered(request, 403, { error: { code: "Forbidden", message: "Caller is not authorized" } });
        },
      },
    );
    assert.match(ran.error?.message ?? "", /sign with the key/);
    assert.equal(await version("models", name), undefined);
  });

  it("of an earlier release counts before what a tag names, and files and proof of a deleted version do not verify", async () => {
    const name = newName();
    const other = { modelPath: path.join(files, "other"), version: "1" };
    assert.equal((await register(name, other)).error, undefined);
    const { models, data } = (await theCloud()).azure.assets;
    const deleted = { ...models.version(name, "1")?.properties };
    assert.ok(models.delete(name, "1"));
    assert.equal((await register(name, { version: "1" })).error, undefined);
    const model = models.version(name, "1");
    assert.ok(model);
    // As earlier releases stored it: under the number alone, and no property says so.
    const { "azureDevOps.proof": own = "", ...properties } = model.properties["properties"] as Record<string, string>;
    const [, number = ""] = own.split(":");
    const proof = data.version(`${name}-proof`, number);
    assert.ok(proof);
    await putVersion(await openLocal(), "data", `${name}-proof`, "1", { properties: { ...proof.properties } });
    assert.ok(data.delete(`${name}-proof`, number));
    Object.assign(model.properties, { properties, tags: deleted["tags"] });
    await verified(name);
    Object.assign(model.properties, { modelUri: deleted["modelUri"] });
    const swapped = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.match(swapped.error?.message ?? "passed", /files of \S+:1 are not those that were signed/);
  });
});
