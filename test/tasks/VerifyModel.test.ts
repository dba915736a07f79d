// VerifyModel: passes for exactly the files that a trusted signer has signed, and says what is wrong in every other case.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import { uriOf } from "../../lib/ml/assets/version-places.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import { makeAuthority } from "../../local/network/tls.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import task from "../../tasks/VerifyModel/index.ts";
import { project } from "../lib/ml/projects.ts";
import { reference, referenceFiles } from "../lib/ml/proof/reference-model.ts";
import { proofVersionOf } from "../lib/ml/proof/stored-proof.ts";
import { newCertificate, newKey, setEnabled } from "../lib/ml/proof/vault.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory, type StoryOptions } from "./context.ts";

const store = async () => {
  const { azure } = await theCloud();
  return { blobs: azure.blobs, container: `azureml-blobstore-${azure.workspaceGuid}` };
};
/** The folder of a version's files in the default container. */
async function folderOf(kind: "models" | "data", name: string, version = "1"): Promise<string> {
  const workspace = await openLocal();
  const at = kind === "data" ? await proofVersionOf(workspace, name.replace(/-proof$/, ""), version) : version;
  const body = await findVersion(workspace, kind, name, at);
  assert.ok(body);
  return uriOf(body)
    .replace(/^.*\/paths\//, "")
    .replace(/\/$/, "");
}

describe("VerifyModel", () => {
  const files = project({ "model/m.pkl": "weights", "model/code/score.py": "print(1)\n", "other/m.pkl": "others" });
  let key = { kid: "", id: "" };
  before(async () => {
    key = await newKey(await theCloud(), "verified");
  });

  async function signed(more: Record<string, string> = {}, options: StoryOptions = {}): Promise<string> {
    const name = more["name"] ?? `verify-${randomUUID().slice(0, 8)}`;
    const given = {
      source: "folder",
      modelPath: path.join(files, "model"),
      name,
      type: "custom_model",
      signWith: key.id,
    };
    const all: Record<string, string> = { ...given, ...more };
    const inputs = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
    const ran = await runStory(registerModel, inputs, files, options);
    assert.equal(ran.error, undefined, ran.error?.message);
    return name;
  }
  const verify = (modelName: string, more: Record<string, string> = {}, options: StoryOptions = {}) =>
    runStory(task, { modelName, modelVersion: "1", signedBy: key.id, ...more }, files, options);
  async function refuses(name: string, says: RegExp, more: Record<string, string> = {}) {
    const ran = await verify(name, more);
    assert.match(ran.error?.message ?? "passed", says);
    assert.deepEqual(
      ran.requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one)),
      [],
    );
    return ran;
  }

  it("passes for what was signed, says by whom and by which run, and writes nothing", async () => {
    const name = await signed();
    const ran = await verify(name);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.equal(ran.outputs?.signedBy, key.kid);
    assert.match(ran.outputs?.digest ?? "", /^[0-9a-f]{64}$/);
    assert.equal(ran.record.proof?.outcome, "passed");
    assert.match(ran.record.proof?.invocation ?? "", /buildId=7#attempt-1$/);
    assert.deepEqual(
      ran.requests.filter((one) => !/^GET |\/oauth2\/|listSecrets/.test(one)),
      [],
    );
  });

  it("refuses one changed byte, a missing file and an added one, each by its name", async () => {
    const name = await signed();
    const { blobs, container } = await store();
    const folder = await folderOf("models", name);
    await blobs.put(container, `${folder}/m.pkl`, "weighte");
    await refuses(
      name,
      /files of verify-\S+:1 are not those that were signed: "m\.pkl" has other content than was signed\./,
    );
    await blobs.put(container, `${folder}/m.pkl`, "weights");
    await blobs.put(container, `${folder}/code/__init__.py`, "evil");
    await refuses(name, /"code\/__init__\.py" is there and was not signed/);
    await blobs.delete(container, `${folder}/code/__init__.py`);
    await blobs.delete(container, `${folder}/code/score.py`);
    await refuses(name, /"code\/score\.py" was signed and is missing/);
  });

  it("refuses an added file that is marked as a folder, and passes over a marker without content", async () => {
    const name = await signed();
    const { blobs, container } = await store();
    const client = await blobs.container(container);
    const marked = client.getBlockBlobClient(`${await folderOf("models", name)}/code/extra.py`);
    try {
      await marked.uploadData(Buffer.alloc(0), { metadata: { hdi_isfolder: "true" } });
      assert.equal((await verify(name)).error, undefined);
      await marked.uploadData(Buffer.from("evil"), { metadata: { hdi_isfolder: "true" } });
      await refuses(name, /"code\/extra\.py" is there and was not signed/);
    } finally {
      // Other tests have the same content, and so the same folder.
      await marked.delete();
    }
  });

  it("refuses another signer, a disabled key, and whoever signed with a key of their own", async () => {
    const cloud = await theCloud();
    const name = await signed();
    const other = await newKey(cloud, "somebody");
    await refuses(
      name,
      /was signed by another than is expected: by the key [0-9a-f]{64}, and not by https:\S+\/keys\/somebody\//,
      {
        signedBy: other.id,
      },
    );
    writeFileSync(path.join(files, "other.pem"), reference("other-key.pem"));
    await refuses(name, /was signed by another than is expected/, { signedBy: "other.pem" });
    const mine = await newKey(cloud, "short-lived");
    const own = await signed({ signWith: mine.id });
    await setEnabled(cloud, mine.kid, false);
    await refuses(own, /is disabled in its vault/, { signedBy: mine.id });
    await refuses(name, /Input signedBy is "https:\/\/evil\.example\/keys\/x"/, {
      signedBy: "https://evil.example/keys/x",
    });
  });

  it("refuses a model without a proof, and one whose proof was changed, cut off or exchanged", async () => {
    const bare = `verify-${randomUUID().slice(0, 8)}`;
    await signed({ name: bare, signWith: "" });
    const none = await refuses(
      bare,
      /has no signature: there is no data asset \S+-proof:1-[0-9a-f]{64} in the workspace ws1/,
    );
    assert.match(none.log, /signs a version that is there already/);
    const { blobs, container } = await store();
    const name = await signed();
    const other = await signed({ modelPath: path.join(files, "other") });
    const proof = await folderOf("data", `${name}-proof`);
    const foreign = await folderOf("data", `${other}-proof`);
    const whole = new Map<string, Buffer>();
    for (const file of ["model.sig", "bom.cdx.json", "provenance.intoto.jsonl"])
      whole.set(file, (await blobs.get(container, `${proof}/${file}`)) ?? Buffer.alloc(0));
    const restore = async () => {
      for (const [file, content] of whole) await blobs.put(container, `${proof}/${file}`, content);
    };
    await blobs.put(container, `${proof}/large.bin`, "not read");
    const passed = await verify(name);
    assert.equal(passed.error, undefined, passed.error?.message);
    assert.ok(!passed.requests.some((one) => one.includes("large.bin")), "other files are not read");
    await blobs.put(container, `${proof}/bom.cdx.json`, `${whole.get("bom.cdx.json")} `);
    await refuses(name, /its bill of materials is not the one that its provenance vouches for/);
    await restore();
    await blobs.put(container, `${proof}/model.sig`, (await blobs.get(container, `${foreign}/model.sig`)) ?? "");
    await refuses(name, /its provenance statement is about other files/);
    await restore();
    await blobs.put(container, `${proof}/model.sig`, String(whole.get("model.sig")).slice(0, 100));
    await refuses(name, /cannot be read as a signature: it is no JSON/);
    await restore();
    await blobs.delete(container, `${proof}/provenance.intoto.jsonl`);
    await refuses(name, /the file provenance\.intoto\.jsonl is missing from it/);
    // Files and proof of another model, whole and signed by the trusted signer.
    for (const [file] of whole)
      await blobs.put(container, `${proof}/${file}`, (await blobs.get(container, `${foreign}/${file}`)) ?? "");
    const folder = await folderOf("models", name);
    await blobs.put(container, `${folder}/m.pkl`, "others");
    await blobs.delete(container, `${folder}/code/score.py`);
    await refuses(name, /The proof of \S+ is that of "verify-\S+:1", and not of/);
    // Under that name neither: the version says which files it was registered with.
    await refuses(name, /it is of other files than the version was registered with/, { signedAs: `${other}:1` });
  });

  it("takes a certificate of the vault, and a certificate's name with its authority", async () => {
    const cloud = await theCloud();
    const { certPem, keyPem, caPem } = await makeAuthority();
    const id = await newCertificate(cloud, "signer", `${certPem}\n${keyPem}`);
    const named = id.replace(/\/[0-9a-f]{32}$/, "");
    const name = await signed({ signWith: named });
    assert.equal((await verify(name, { signedBy: named })).outputs?.signedBy, id);
    writeFileSync(path.join(files, "ca.pem"), caPem);
    assert.equal((await verify(name, { signedBy: "ca.pem", signerName: "localhost" })).error, undefined);
    await refuses(name, /by the certificate "localhost", and not by ca\.pem \(release\)/, {
      signedBy: "ca.pem",
      signerName: "release",
    });
    await refuses(name, /whatever that has issued would be accepted/, { signedBy: "ca.pem" });
    await refuses(name, /^Input signerName is release, and signedBy names a key or a certificate itself/, {
      signedBy: named,
      signerName: "release",
    });
    const later = await makeAuthority();
    await newCertificate(cloud, "signer", `${later.certPem}\n${later.keyPem}`);
    assert.equal((await verify(name, { signedBy: named })).outputs?.signedBy, id, "the version that has signed");
  });

  it("takes a signature of the reference implementation from a file", async () => {
    const contents: Record<string, string> = { "ｆ.bin": "w", "a.txt": "y", "a/b": "x", "ü😀.bin": "z" };
    assert.equal(referenceFiles.length, Object.keys(contents).length + 2, "all but the files of git");
    mkdirSync(path.join(files, "reference", "a"), { recursive: true });
    for (const [file, text] of Object.entries(contents)) writeFileSync(path.join(files, "reference", file), text);
    const name = await signed({ modelPath: path.join(files, "reference"), signWith: "" });
    for (const file of ["key.sig", "key.pem"]) writeFileSync(path.join(files, file), reference(file));
    const from = { signatureFile: "key.sig", signedBy: "key.pem" };
    const ran = await verify(name, from);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.equal(ran.record.proof?.asset, undefined);
    assert.doesNotMatch(ran.log, /says nothing of/);
    await refuses(name, /^Input signedAs is fraud:7, and a signature of signatureFile says no name/, {
      ...from,
      signedAs: "fraud:7",
    });
    const { blobs, container } = await store();
    await blobs.put(container, `${await folderOf("models", name)}/.git/config`, "[core]");
    assert.match((await verify(name, from)).log, /says nothing of 1 of its files: \.git\/config/);
    await blobs.put(container, `${await folderOf("models", name)}/a/b`, "X");
    await refuses(name, /"a\/b" has other content than was signed/, from);
    await refuses(name, /Input signatureFile names nothing\.sig, which cannot be read \(ENOENT\)/, {
      ...from,
      signatureFile: "nothing.sig",
    });
  });

  it("works in a registry alone, and says that there is no such version", async () => {
    const { azure } = await theCloud();
    registriesOf(azure).set("proofs", {
      name: "proofs",
      id: "id-of-proofs",
      location: "eastus2",
      tags: {},
      properties: {},
    });
    const inRegistry = { registry: "proofs" };
    const alone = { registryAlone: true };
    const name = await signed(inRegistry, alone);
    const proof = registryAssets(azure, "proofs")?.models.version(name, "1")?.properties["tags"] as Record<
      string,
      string
    >;
    const [asset = "", number = ""] = String(proof["azureDevOps.proof"]).split(":");
    assert.ok(registryAssets(azure, "proofs")?.data.version(asset, number));
    const ran = await verify(name, inRegistry, alone);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.equal(
      (await verify(name, { ...inRegistry, modelVersion: "2" }, alone)).error?.message,
      `The model ${name} has no version 2. It has the version 1.`,
    );
  });

  it("tells a private key in place of a public one, without quoting it", async () => {
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    writeFileSync(path.join(files, "private.pem"), pem);
    const name = await signed();
    const ran = await refuses(name, /holds a private key, which is not needed to verify/, { signedBy: "private.pem" });
    assert.ok(!ran.log.includes(pem.toString().split("\n")[1] ?? ""));
  });
});
