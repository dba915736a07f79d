// Tests: lib/ml/proof/prove-model.ts, lib/ml/proof/stored-files.ts, lib/azure/blobs.ts. The service may copy a model's files and name the copy in its
// answer to the registration: the copy is held against what was signed, and that takes one sequential round trip.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import type { LocalCloud } from "../../local/cloud.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import verifyModel from "../../tasks/VerifyModel/index.ts";
import { project } from "../lib/ml/projects.ts";
import { newKey } from "../lib/ml/proof/vault.ts";
import { Rounds } from "../lib/ml/rounds.ts";
import { answered, type Opening, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

type Between = NonNullable<Opening["between"]>;

/** More than one piece of a read, so that no checksum of the whole comes with it. */
const LARGE = "w".repeat(5 * 1024 * 1024);

describe("the proof of a model that the service copies", () => {
  const files = project({ "model/MLmodel": "flavors: {}", "model/data/weights.bin": LARGE, "model/empty": "" });
  let cloud: LocalCloud;
  let signWith = "";
  let container = "";
  before(async () => {
    cloud = await theCloud();
    container = `azureml-blobstore-${cloud.azure.workspaceGuid}`;
    signWith = (await newKey(cloud, "copies")).id;
  });
  const newName = () => `copied-${randomUUID().slice(0, 8)}`;

  /** Copies the files once the model is registered, as docs/facts/azureml-wire.md#6 has it of MLflow models. @param content of the file in the copy */
  const copies = (content: (name: string, bytes: Buffer) => Buffer | undefined, copied: string[] = []): Between => {
    return async (request, send) => {
      const answer = await send();
      if (request.method !== "PUT" || !/\/models\/[^/]+\/versions\//.test(request.url)) return answer;
      const body = JSON.parse(answer.bodyAsText ?? "");
      const [before = "", place = ""] = String(body.properties.modelUri).split("/paths/");
      const target = `ServiceReplicated/${randomUUID()}/${place}`;
      const blobs = cloud.azure.blobs;
      for (const { name } of await blobs.list(container, place)) {
        const bytes = content(name, (await blobs.get(container, name)) ?? Buffer.alloc(0));
        const at = `${target}${name.slice(place.length)}`;
        if (bytes !== undefined) await blobs.put(container, at, bytes);
        copied.push(at);
      }
      body.properties.modelUri = `${before}/paths/${target}`;
      return answered(request, answer.status, body);
    };
  };
  const register = async (between: Between, more: Record<string, string> = { signWith }, name = newName()) => {
    const given = { source: "folder", modelPath: path.join(files, "model"), name, type: "mlflow_model", ...more };
    return { name, ...(await runStory(registerModel, given, files, { between, stepIdentity: name })) };
  };
  const same = (_name: string, bytes: Buffer) => bytes;

  it("costs at most one sequential round trip more than no proof, and no byte is read twice", async () => {
    // The first one brings the files.
    await register(copies(same));
    const [none, own] = [new Rounds(), new Rounds()];
    const asked: string[] = [];
    const counted =
      (rounds: Rounds): Between =>
      (request, send) =>
        rounds.between(request, () => copies(same)(request, send));
    assert.equal((await register(counted(none), {})).error, undefined);
    const proven = await register((request, send) => {
      if (request.method === "GET" && /weights\.bin/.test(request.url))
        asked.push(request.headers.get("x-ms-range") ?? "");
      return counted(own)(request, send);
    });
    assert.equal(proven.error, undefined, proven.error?.message);
    const shown = JSON.stringify([...none.rounds, ["---"], ...own.rounds], undefined, 1);
    assert.ok(own.rounds.length - none.rounds.length <= 1, `${own.rounds.length} and ${none.rounds.length}: ${shown}`);
    assert.deepEqual(asked.filter((range) => range.startsWith("bytes=0-")).length, 1, asked.join());
  });

  const altered: Readonly<Record<string, (name: string, bytes: Buffer) => Buffer | undefined>> = {
    "has one other byte at the end of a large file": (name, bytes) =>
      name.endsWith("weights.bin") ? Buffer.concat([bytes.subarray(0, -1), Buffer.from("x")]) : bytes,
    "has a file that is shorter": (name, bytes) => (name.endsWith("MLmodel") ? bytes.subarray(1) : bytes),
    "has a file that is longer": (name, bytes) =>
      name.endsWith("MLmodel") ? Buffer.concat([bytes, Buffer.from("x")]) : bytes,
    "lacks a file": (name, bytes) => (name.endsWith("MLmodel") ? undefined : bytes),
    "has bytes in a file that was empty": (name, bytes) => (name.endsWith("empty") ? Buffer.from("x") : bytes),
  };
  for (const [what, content] of Object.entries(altered))
    it(`is refused where the copy ${what}`, async () => {
      const { error } = await register(copies(content));
      assert.match(error?.message ?? "", /are not those that were signed: .*(MLmodel|weights\.bin|empty)/);
    });

  it("is refused where a file of the copy changes between the read and the list", async () => {
    const copied: string[] = [];
    const copy = copies(same, copied);
    let isChanged = false;
    const { error } = await register(async (request, send) => {
      const large = copied.find((name) => name.endsWith("weights.bin"));
      if (large !== undefined && /comp=list/.test(request.url) && /ServiceReplicated/.test(request.url)) {
        isChanged = true;
        await cloud.azure.blobs.put(container, large, Buffer.from(`${LARGE.slice(1)}x`));
      }
      return copy(request, send);
    });
    assert.ok(isChanged);
    assert.match(error?.message ?? "", /are not those that were signed: .*weights\.bin/);
  });

  it("verifies by the copy", async () => {
    const answers: string[] = [];
    const { name, error } = await register(async (request, send) => {
      const answer = await copies(same)(request, send);
      if (request.method === "PUT" && /\/models\//.test(request.url)) answers.push(answer.bodyAsText ?? "");
      return answer;
    });
    assert.equal(error, undefined, error?.message);
    assert.match(answers.join(), /ServiceReplicated/);
    const ran = await runStory(verifyModel, { modelName: name, modelVersion: "1", signedBy: signWith }, files);
    assert.equal(ran.error, undefined, ran.error?.message);
  });
});
