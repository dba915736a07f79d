// Made from tasks/RegisterModel/task.json by `npm run generate`: change tasks/RegisterModel/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Source: Where the asset comes from; each choice has inputs of its own. */
export type Source =
  | {
      source: "job";
      /** Name of the Azure ML job, as SubmitJob leaves it in its output variable `jobName`: `$(train.jobName)` after a step with `name: train`. */
      jobName: string;
      /** Name of the job's output that holds the model. Left empty, the job's own artifacts (`outputs/`, and what MLflow logged). */
      outputName: string | undefined;
      /** Path of the model inside the output, as in `model` or `outputs/model.json`. Left empty, the whole output. */
      outputPath: string | undefined;
      modelPath: undefined;
    }
  | {
      source: "folder";
      jobName: undefined;
      outputName: undefined;
      outputPath: undefined;
      /** File or folder on the agent that is the model. */
      modelPath: string;
    };

export type Inputs = Pick<SharedInputs, "registry" | "version" | "description" | "tags" | "allowedFolders" | "traceability" | "plan"> & {
  /** Name of the asset in the workspace: letters, digits, `.`, `_` and `-`, starting with a letter or a digit. */
  name: string;
  /** Type of the asset, in the words of Azure ML's YAML. */
  type: "custom_model" | "mlflow_model" | "triton_model";
  /** Stores a bill of materials (CycloneDX 1.6) and a provenance statement (in-toto, SLSA) beside the version, as the data asset `<model>-proof`, and with the log of the run. All files of the model are read for their SHA-256. With a signer they are always stored. */
  bom: boolean;
  /** Identifier of a key or a certificate in Azure Key Vault, as in `https://contoso.vault.azure.net/keys/models`, whose private key never leaves the vault; or the path of a PEM file with an EC private key, such as a secure file of the pipeline. The signature is in the format of OpenSSF model signing, which `model_signing verify` and the task VerifyModel read. Left empty, nothing is signed. */
  signWith: string | undefined;
} & ConnectionType & Source;

export interface Outputs {
  /** Name of the model. */
  name: string;
  /** Version that was registered, or was there already. */
  version: string;
  /** ARM id of the model version; in a registry, `azureml://registries/...`. */
  assetId: string;
  /** `true` when this run made the version, `false` when it was there already. */
  created: boolean;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "9f5f75dd-0b53-4f90-a31b-1bcbedab01cc", name: "AzureMLRegisterModel", friendlyName: "Azure ML: Register model", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    { name: "source", type: "pickList", required: true, default: "job", options: ["job", "folder"] },
    { name: "jobName", type: "string", required: true, visible: [[["source", "=", "job"]]] },
    { name: "outputName", type: "string", visible: [[["source", "=", "job"]]] },
    { name: "outputPath", type: "string", visible: [[["source", "=", "job"]]] },
    { name: "modelPath", type: "filePath", required: true, visible: [[["source", "=", "folder"]]] },
    { name: "name", type: "string", required: true },
    { name: "type", type: "pickList", required: true, default: "custom_model", options: ["custom_model", "mlflow_model", "triton_model"] },
    shared.version,
    shared.description,
    shared.tags,
    { name: "bom", type: "boolean", default: "false" },
    { name: "signWith", type: "string" },
    shared.allowedFolders,
    shared.traceability,
    shared.plan,
  ],
  outputs: [
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "assetId", type: "string" },
    { name: "created", type: "boolean" },
  ],
});
