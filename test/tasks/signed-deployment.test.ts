// DeployEndpoint's requireSignature: a model that its signer has not signed is refused before anything is changed; a signed one is deployed.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import { uriOf } from "../../lib/ml/assets/version-places.ts";
import { requireSignedModel } from "../../lib/ml/proof/signed-deployment.ts";
import { makeAuthority } from "../../local/network/tls.ts";
import DeployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import RegisterModel from "../../tasks/RegisterModel/index.ts";
import { newCertificate, newKey } from "../lib/ml/proof/vault.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("a deployment whose model must be signed", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "signed-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let key = { kid: "", id: "" };
  before(async () => {
    cpSync(path.join(root, "examples", "breast-cancer"), folder, { recursive: true });
    writeFileSync(path.join(folder, "model.json"), "{}");
    key = await newKey(await theCloud(), "deployable");
    const given = {
      source: "folder",
      modelPath: path.join(folder, "model.json"),
      name: "deployable",
      type: "custom_model",
    };
    const ran = await runStory(RegisterModel, { ...given, signWith: key.id }, folder);
    assert.equal(ran.error, undefined, ran.error?.message);
  });
  const deploy = (model: string, requireSignature: string, plan = "true", more: Record<string, string> = {}) => {
    const file = (name: string) => path.join(folder, "azureml", name);
    const given = { endpointFile: file("endpoint.yml"), deploymentFile: file("deployment.yml"), plan };
    return runStory(DeployEndpoint, { ...given, endpointName: "signed", model, requireSignature, ...more }, folder);
  };
  const writes = (requests: readonly string[]) =>
    requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one) && /onlineEndpoints/.test(one));

  it("goes on with what the signer has signed", async () => {
    const ran = await deploy("azureml:deployable:1", key.id);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, /The model deployable:1 is what https:\S+\/keys\/deployable\/[0-9a-f]{32} signed: 1 files/);
  });

  it("is verified by an authority's certificate with the signer's name, and under the name that it was signed as", async () => {
    const { certPem, keyPem, caPem } = await makeAuthority();
    const id = await newCertificate(await theCloud(), "deployer", `${certPem}\n${keyPem}`);
    writeFileSync(path.join(folder, "ca.pem"), caPem);
    const modelPath = path.join(folder, "model.json");
    const given = { source: "folder", modelPath, name: "certified", type: "custom_model", signWith: id };
    assert.equal((await runStory(RegisterModel, given, folder)).error, undefined);
    const by = (more: Record<string, string>) => deploy("azureml:certified:1", "ca.pem", "true", more);
    assert.equal((await by({ signerName: "localhost" })).error, undefined);
    assert.match((await by({})).error?.message ?? "", /whatever that has issued would be accepted/);
    const other = await by({ signerName: "localhost", signedAs: "fraud:7" });
    assert.match(other.error?.message ?? "", /is that of "certified:1", and not of fraud:7/);
  });

  it("is refused, with nothing changed, for another signer and after one changed byte", async () => {
    const other = await newKey(await theCloud(), "somebody-else");
    const foreign = await deploy("azureml:deployable:1", other.id);
    assert.match(foreign.error?.message ?? "", /deployable:1 was signed by another than is expected/);
    const { azure } = await theCloud();
    const body = await findVersion(await openLocal(), "models", "deployable", "1");
    const blob = uriOf(body ?? {}).replace(/^.*\/paths\//, "");
    const container = `azureml-blobstore-${azure.workspaceGuid}`;
    await azure.blobs.put(container, blob, "[]");
    const changed = await deploy("azureml:deployable:1", key.id);
    assert.match(changed.error?.message ?? "", /"\." has other content than was signed/);
    await azure.blobs.put(container, blob, "{}");
    for (const { requests } of [foreign, changed]) assert.deepEqual(writes(requests), []);
  });

  it("is refused before its code and its environment are registered", async () => {
    const other = await newKey(await theCloud(), "nobody");
    writeFileSync(path.join(folder, "scoring", "new.py"), "# in no version of the code yet\n");
    const { error, requests } = await deploy("azureml:deployable:1", other.id, "false");
    assert.match(error?.message ?? "", /deployable:1 was signed by another than is expected/);
    assert.deepEqual(
      requests.filter((one) => /^(PUT|PATCH|DELETE) |startPending/.test(one)),
      [],
    );
  });

  it("is refused where it has no registered model, or that of another workspace", async () => {
    const workspace = await openLocal();
    const signer = { given: key.id, folder };
    const elsewhere = `${workspace.id.replace(/ws1$/, "ws2")}/models/deployable/versions/1`;
    for (const model of [undefined, "file:///x", elsewhere, `${workspace.id}/data/deployable/versions/1`])
      await assert.rejects(
        requireSignedModel(workspace, model, signer),
        /of which no signature can be verified\. Nothing was changed\./,
      );
    await requireSignedModel(workspace, `${workspace.id}/models/deployable/versions/1`, signer);
  });
});
