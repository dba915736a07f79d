// Signed models against the reference implementations: `model_signing` of OpenSSF verifies ours, our task verifies theirs, and the validator of
// CycloneDX holds the bill of materials to its schema.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { LocalCloud } from "../../../local/cloud.ts";
import { makeAuthority } from "../../../local/network/tls.ts";
import { virtualEnvironment } from "../../../scripts/conformance/python.ts";
import { assertSucceeded, Bench } from "../../harness/bench.ts";
import type { SecretRecorder } from "../../harness/secrets.ts";
import { askVault, newCertificate, newKey } from "../../lib/ml/proof/vault.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const requirements = path.join(root, "test/conformance/requirements-proof.txt");
const programs = async () => (await virtualEnvironment(requirements, path.join(root, ".venv"))).bin;

interface Ran {
  readonly code: unknown;
  /** What it wrote to its standard output alone. */
  readonly answer: string;
  readonly said: string;
}

/** Runs a program beside the cloud, which lives in this process. */
async function execute(name: string, given: readonly string[], input = ""): Promise<Ran> {
  const program = path.join(await programs(), name);
  return new Promise((resolve) => {
    const child = execFile(program, given, { encoding: "utf8" }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, answer: stdout, said: `${stdout}${stderr}` }),
    );
    child.stdin?.end(input);
  });
}

const FILES: Readonly<Record<string, string>> = {
  "weights.bin": "weights",
  "a.txt": "y",
  "a/b": "x",
  "ü😀.bin": "z",
  "ｆ.bin": "w",
};

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
}

/** Runs the reference implementation. @returns its exit code and what it said */
const modelSigning = (...given: readonly string[]) => execute("model_signing", given);

/** The files of the proof that the first version of a model names. */
function storedProof(cloud: LocalCloud, model: string): Promise<Record<string, Buffer>> {
  const tags = cloud.azure.assets.models.version(model, "1")?.properties["tags"] as Record<string, string> | undefined;
  const [name = "", version = ""] = String(tags?.["azureDevOps.proof"]).split(":");
  return stored(cloud, "data", name, version);
}

/** The files below a version's place in the default datastore of local Azure, by their paths. */
async function stored(
  { azure }: LocalCloud,
  kind: "models" | "data",
  name: string,
  version = "1",
): Promise<Record<string, Buffer>> {
  const { properties } = azure.assets[kind].version(name, version) ?? {};
  const uri = String(properties?.["modelUri"] ?? properties?.["dataUri"]);
  const folder = `${uri.replace(/^.*\/paths\//, "").replace(/\/$/, "")}/`;
  const container = `azureml-blobstore-${azure.workspaceGuid}`;
  const files: Record<string, Buffer> = {};
  for (const { name: blob } of await azure.blobs.list(container, folder))
    files[blob.slice(folder.length)] = (await azure.blobs.get(container, blob)) ?? Buffer.alloc(0);
  return files;
}

/** Works with an agent and a folder of its own. */
async function inFolder(cloud: LocalCloud, work: (bench: Bench, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "conformance-proof-"));
  try {
    await work(new Bench(cloud, cloud.har as SecretRecorder, path.join(folder, "agent")), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Registers and signs a model. @returns the model's folder and its proof's, as a user would download them */
async function signedBy(bench: Bench, folder: string, name: string, signWith: string) {
  const given = { source: "folder", modelPath: "reference", name, signWith };
  const prepare = (sources: string) => write(path.join(sources, "reference"), FILES);
  assertSucceeded(await bench.run("RegisterModel", given, { prepare }));
  const [model, proof] = [path.join(folder, "model"), path.join(folder, "proof")];
  write(model, await stored(bench.cloud, "models", name));
  write(proof, await storedProof(bench.cloud, name));
  return { model, proof, signature: path.join(proof, "model.sig") };
}

let attempt = 0;
const newName = (what: string) => `${what}-${++attempt}`;

export const flows: Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>> = {
  "model_signing accepts a signature of a key in the vault, and no changed, missing or added file": (cloud) =>
    inFolder(cloud, async (bench, folder) => {
      const { id, kid } = await newKey(cloud, newName("conformance"));
      const { model, signature } = await signedBy(bench, folder, newName("vault-signed"), id);
      const { key } = (await askVault(cloud, "GET", kid)).body as { key: JsonWebKey };
      const publicKey = path.join(folder, "key.pem");
      writeFileSync(publicKey, createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }));
      const verify = () => modelSigning("verify", "key", model, "--signature", signature, "--public_key", publicKey);
      const verified = await verify();
      assert.equal(verified.code, 0, verified.said);
      for (const [change, said] of [
        [{ "a/b": "X" }, /Hash mismatch for 'a\/b'/],
        [{ "a/b": "x", "evil.py": "" }, /Extra files found in model/],
      ] as const) {
        write(model, change);
        const { code, said: output } = await verify();
        assert.notEqual(code, 0);
        assert.match(output, said);
      }
      rmSync(path.join(model, "evil.py"));
      rmSync(path.join(model, "a.txt"));
      assert.match((await verify()).said, /Missing files in model/);
    }),

  "model_signing accepts a signature of a certificate in the vault by its authority": (cloud) =>
    inFolder(cloud, async (bench, folder) => {
      const { caPem, certPem, keyPem } = await makeAuthority();
      const id = await newCertificate(cloud, newName("certificate"), `${certPem}\n${keyPem}`);
      const { model, signature } = await signedBy(bench, folder, newName("certificate-signed"), id);
      const chain = path.join(folder, "ca.pem");
      writeFileSync(chain, caPem);
      const verify = () =>
        modelSigning("verify", "certificate", model, "--signature", signature, "--certificate_chain", chain);
      const verified = await verify();
      assert.equal(verified.code, 0, verified.said);
      writeFileSync(chain, (await makeAuthority()).caPem);
      assert.notEqual((await verify()).code, 0);
    }),

  "VerifyModel accepts a signature of model_signing, and no changed file": (cloud) =>
    inFolder(cloud, async (bench, folder) => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
      const model = path.join(folder, "reference");
      write(model, FILES);
      write(folder, { "key.pem": privateKey.export({ type: "pkcs8", format: "pem" }).toString() });
      const signature = path.join(folder, "theirs.sig");
      const signed = await modelSigning(
        ...["sign", "key", model, "--private_key", path.join(folder, "key.pem"), "--signature", signature],
      );
      assert.equal(signed.code, 0, signed.said);
      const name = newName("theirs");
      const prepare = (sources: string) => {
        write(path.join(sources, "reference"), FILES);
        write(sources, { "pub.pem": publicKey.export({ type: "spki", format: "pem" }).toString() });
        copyFileSync(signature, path.join(sources, "theirs.sig"));
      };
      const given = { source: "folder", modelPath: "reference", name };
      assertSucceeded(await bench.run("RegisterModel", given, { prepare }));
      const inputs = { modelName: name, modelVersion: "1", signedBy: "pub.pem", signatureFile: "theirs.sig" };
      assertSucceeded(await bench.run("VerifyModel", inputs, { prepare }));
      const uri = String(cloud.azure.assets.models.version(name, "1")?.properties["modelUri"]);
      const blob = `${uri.replace(/^.*\/paths\//, "").replace(/\/$/, "")}/a/b`;
      await cloud.azure.blobs.put(`azureml-blobstore-${cloud.azure.workspaceGuid}`, blob, "X");
      const refused = await bench.run("VerifyModel", inputs, { prepare });
      assert.match(refused.errors.join("\n"), /"a\/b" has other content than was signed/);
    }),

  "the validator of CycloneDX accepts bills of materials of a folder and of a job": (cloud) =>
    inFolder(cloud, async (bench, folder) => {
      const { id } = await newKey(cloud, newName("bills"));
      const ofFolder = newName("bill-of-folder");
      await signedBy(bench, folder, ofFolder, id);
      const job = await bench.run("SubmitJob", { jobFile: "azureml/job.yml" });
      assertSucceeded(job);
      const ofJob = newName("bill-of-job");
      const given = { jobName: job.outputs["jobName"], outputName: "model", name: ofJob, signWith: id };
      assertSucceeded(await bench.run("RegisterModel", given));
      for (const name of [ofFolder, ofJob]) {
        const bill = (await storedProof(cloud, name))["bom.cdx.json"];
        assert.ok(bill);
        assert.equal(await validated(bill), "", bill.toString());
        const broken = bill.toString().replace('"bomFormat"', '"invented": 1, "bomFormat"');
        assert.match(await validated(Buffer.from(broken)), /invented/, "the validator finds what the schema has not");
      }
    }),
};

const VALIDATE = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
print("" if fault is None else fault.data.message[:500])
`;

/** @returns the first fault; empty where there is none */
async function validated(bill: Buffer): Promise<string> {
  const { code, answer, said } = await execute("python3", ["-c", VALIDATE], bill.toString());
  assert.equal(code, 0, said);
  return answer.trim();
}
