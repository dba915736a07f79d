// Made from tasks/VerifyModel/task.json by `npm run generate`: change tasks/VerifyModel/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "registry" | "modelName" | "modelVersion" | "signerName" | "signedAs"> & {
  /** The signer that is trusted: the identifier of a key or a certificate in Azure Key Vault, as in `https://contoso.vault.azure.net/keys/models` (without a version, every version that is enabled counts); or the path of a PEM file with a public key, a signer's certificate, or the certificates of an authority. Keep it where people who train models cannot change it. */
  signedBy: string;
  /** Path on the agent of a signature that `model_signing` made for the files, in place of the proof beside the version. It says nothing of provenance, nor of name and version. */
  signatureFile: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** Id of the model version that was verified. */
  assetId: string;
  /** SHA-256 over the digests of its files, as signature, provenance and bill of materials have it. */
  digest: string;
  /** The signer: a key or a certificate with its version, or the name of the PEM file. */
  signedBy: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "4134fcf7-7fd0-408d-a7e8-a9aeacda91e1", name: "AzureMLVerifyModel", friendlyName: "Azure ML: Verify model", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    shared.modelName,
    shared.modelVersion,
    { name: "signedBy", type: "string", required: true },
    shared.signerName,
    shared.signedAs,
    { name: "signatureFile", type: "string" },
  ],
  outputs: [
    { name: "assetId", type: "string" },
    { name: "digest", type: "string" },
    { name: "signedBy", type: "string" },
  ],
});
