// RegisterModel with a bill of materials and a signature: what is stored beside the version, that a second run makes no second one, and that
// nothing that is there is replaced.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import { readProof } from "../../lib/ml/proof/proof-store.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { proofVersionOf } from "../lib/ml/proof/stored-proof.ts";
import { newKey, setEnabled } from "../lib/ml/proof/vault.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const newName = () => `proof-${randomUUID().slice(0, 8)}`;
/** What would change something in Azure ML or storage. */
const writes = (requests: readonly string[]) =>
  requests.filter((one) => !/^(GET|HEAD) |\/oauth2\/|listSecrets|\/sign\?/.test(one));

describe("a proof of a model", () => {
  const files = project({ "model/m.pkl": "weights", "model/code/score.py": "print(1)\n" });
  const given = (name: string, more: Record<string, string> = {}) => ({
    ...{ source: "folder", modelPath: path.join(files, "model"), name, type: "custom_model" },
    ...more,
  });
  let key = { kid: "", id: "" };
  before(async () => {
    key = await newKey(await theCloud(), "models");
  });

  it("is made only where it is asked for, and costs nothing where it is not", async () => {
    const name = newName();
    const ran = await runStory(registerModel, given(name), files);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.equal(ran.record.proof, undefined);
    assert.ok(!ran.requests.some((one) => /-proof|vault/.test(one)), ran.requests.join("\n"));
    const plan = await runStory(registerModel, given(newName(), { signWith: key.id, plan: "true" }), files);
    assert.equal(plan.error, undefined, plan.error?.message);
    assert.match(plan.log, /proof of .* is not planned/);
  });

  it("has signature, bill of materials and provenance, once: a second run makes no second one", async () => {
    const name = newName();
    const first = await runStory(registerModel, given(name, { signWith: key.id }), files);
    assert.equal(first.error, undefined, first.error?.message);
    const { proof } = first.record;
    assert.ok(proof?.digest);
    assert.deepEqual(
      {
        ...proof,
        asset: proof.asset?.replace(/[0-9a-f]{64}$/, "list"),
        digest: proof.digest.length,
        documents: proof.documents.map(({ kind, name: file }) => `${kind} ${file}`),
      },
      {
        ...{ model: `${name}:1`, asset: `${name}-proof:1-list`, digest: 64, files: 2, bytes: 16 },
        ...{ signer: key.kid, created: true },
        documents: ["bom bom.cdx.json", "signature model.sig", "provenance provenance.intoto.jsonl"],
      },
    );
    assert.deepEqual([...first.uploaded.keys()].sort(), [
      `${name}-1.bom.cdx.json`,
      `${name}-1.model.sig`,
      `${name}-1.provenance.intoto.jsonl`,
    ]);
    const workspace = await openLocal();
    const { tags = {}, properties } = (await findVersion(workspace, "models", name, "1"))?.properties ?? {};
    assert.equal(tags?.["azureDevOps.proof"], proof.asset);
    assert.equal(properties?.["azureDevOps.proof"], proof.asset);
    assert.equal(tags?.["azureDevOps.proofSha256"], proof.digest);
    assert.equal(tags?.["azureDevOps.signedBy"], key.kid);
    const again = await runStory(registerModel, given(name, { signWith: key.id }), files);
    assert.equal(again.error, undefined, again.error?.message);
    assert.equal(again.record.proof?.created, false);
    assert.deepEqual(writes(again.requests), []);
    assert.equal(again.record.proof?.asset, proof.asset);
  });

  it("signs a version that was there before, also where it has a proof without a signature", async () => {
    const name = newName();
    const plain = await runStory(registerModel, given(name, { bom: "true" }), files);
    assert.equal(plain.error, undefined, plain.error?.message);
    assert.match(plain.record.proof?.asset ?? "", new RegExp(`^${name}-proof:1-[0-9a-f]{64}-unsigned$`));
    assert.equal(plain.record.proof?.signer, undefined);
    const signed = await runStory(registerModel, given(name, { signWith: key.id }), files);
    assert.equal(signed.error, undefined, signed.error?.message);
    assert.equal(`${signed.record.proof?.asset}-unsigned`, plain.record.proof?.asset);
    assert.equal(signed.record.proof?.digest, plain.record.proof?.digest);
    // A later run without a signer leaves the signed one where people look.
    const later = await runStory(registerModel, given(name, { bom: "true" }), files);
    assert.equal(later.record.proof?.created, false);
    const tags = (await findVersion(await openLocal(), "models", name, "1"))?.properties?.tags ?? {};
    assert.equal(tags["azureDevOps.proof"], signed.record.proof?.asset);
  });

  it("counts after the key was replaced, and is not replaced by another signer's", async () => {
    const cloud = await theCloud();
    const name = newName();
    const first = await newKey(cloud, "rotating");
    assert.equal((await runStory(registerModel, given(name, { signWith: first.id }), files)).error, undefined);
    await newKey(cloud, "rotating");
    const rotated = await runStory(registerModel, given(name, { signWith: first.id }), files);
    assert.equal(rotated.error, undefined, rotated.error?.message);
    assert.equal(rotated.record.proof?.created, false);
    const other = await runStory(registerModel, given(name, { signWith: key.id }), files);
    assert.match(
      other.error?.message ?? "",
      /has another proof already, .*-proof:1-[0-9a-f]{64}, and it was not replaced\. .*another than is expected/,
    );
    assert.deepEqual(writes(other.requests), []);
    await setEnabled(cloud, first.kid, false);
    const disabled = await runStory(registerModel, given(name, { signWith: first.id }), files);
    assert.match(disabled.error?.message ?? "", /is disabled in its vault/);
  });

  it("is signed by a PEM file too, whose text is nowhere", async () => {
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    writeFileSync(path.join(files, "key.pem"), pem);
    const name = newName();
    const ran = await runStory(registerModel, given(name, { signWith: "key.pem" }), files);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.equal(ran.record.proof?.signer, "key.pem");
    const secret = pem.toString().split("\n")[1] ?? "";
    assert.ok(![ran.log, JSON.stringify(ran.record), ...ran.uploaded.values()].some((text) => text.includes(secret)));
    const missing = await runStory(registerModel, given(newName(), { signWith: "nothing.pem" }), files);
    assert.match(missing.error?.message ?? "", /Input signWith names nothing\.pem, and there is no such file/);
  });

  it("says what the job says: its data, metrics, environment and commit", async () => {
    const folder = project({
      "job.yml": `type: command
command: mkdir -p outputs && echo m > outputs/model.pkl
environment: {image: "mcr.microsoft.com/base@sha256:${"ab".repeat(32)}", conda_file: {dependencies: [python=3.11, {pip: [scikit-learn==1.5.2]}]}}
compute: azureml:cpu-cluster
inputs: {rows: {type: uri_file, path: data.csv}}
`,
      "data.csv": "1\n",
    });
    const job = await runStory(submitJob, { jobFile: path.join(folder, "job.yml") }, folder, {
      stepIdentity: randomUUID(),
    });
    assert.equal(job.error, undefined, job.error?.message);
    const name = newName();
    const inputs = { source: "job", jobName: job.outputs?.jobName ?? "", outputPath: "outputs", name, bom: "true" };
    const ran = await runStory(registerModel, inputs, folder);
    assert.equal(ran.error, undefined, ran.error?.message);
    const bill = ran.uploaded.get(`${name}-1.bom.cdx.json`) ?? "";
    for (const part of [
      '"pkg:pypi/scikit-learn@1.5.2"',
      `"ab${"ab".repeat(31)}"`,
      '"azureml:job:name"',
      '"type": "data"',
    ])
      assert.ok(bill.includes(part), `${part} in ${bill}`);
    const workspace = await openLocal();
    const at = { name: `${name}-proof`, version: await proofVersionOf(workspace, name) };
    const there = await findVersion(workspace, "data", at.name, at.version);
    assert.ok(there);
    const proof = await readProof(workspace, at, there);
    assert.equal(proof.files.get("bom.cdx.json")?.toString(), bill);
  });

  it("is one where two runs make it at the same time", async () => {
    const name = newName();
    assert.equal((await runStory(registerModel, given(name), files)).error, undefined);
    const both = await Promise.all(
      [1, 2].map((step) =>
        runStory(registerModel, given(name, { signWith: key.id }), files, { stepIdentity: `step ${step}` }),
      ),
    );
    assert.deepEqual(
      both.map(({ error }) => error?.message),
      [undefined, undefined],
    );
    assert.ok(both.some(({ record }) => record.proof?.created === true));
  });
});
