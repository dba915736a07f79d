// Verify model: that a trusted signer has signed exactly the files that a version has.
import { openAssetStore, verifyModelIn } from "../../lib/ml/index.ts";
import { defineTask } from "../../lib/task/index.ts";
import { contract } from "./contract.gen.ts";

export default defineTask(contract, async ({ inputs, open, log, record, run }) => {
  const place = await open(openAssetStore);
  const { modelName: name, modelVersion: version, signedBy: given, signerName, ...elsewhere } = inputs;
  const signedBy = { given, name: signerName, folder: run.folders().root };
  const verified = await verifyModelIn(place, { name, version, signedBy, ...elsewhere });
  const { id, name: _name, version: _version, signedBy: signer, ...facts } = verified;
  record.model = { name, version, id };
  record.proof = { model: `${name}:${version}`, outcome: "passed", signer, documents: [], ...facts };
  log.info(`${name}:${version} is what ${verified.signedBy} signed: ${verified.files} files, ${verified.bytes} bytes.`);
  if (verified.invocation) log.info(`It was built by ${verified.invocation}.`);
  return { assetId: id, digest: verified.digest, signedBy: verified.signedBy };
});
