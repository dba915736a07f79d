// Made from tasks/RegisterData/task.json by `npm run generate`: change tasks/RegisterData/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Source: Where the asset comes from; each choice has inputs of its own. */
export type Source =
  | {
      source: "file";
      /** Path of the data YAML (CLI v2). Paths in it are relative to its own folder. */
      dataFile: string;
      name: undefined;
      type: undefined;
      path: undefined;
    }
  | {
      source: "inline";
      dataFile: undefined;
      /** Name of the asset in the workspace: letters, digits, `.`, `_` and `-`, starting with a letter or a digit. */
      name: string;
      /** Type of the asset, in the words of Azure ML's YAML. */
      type: "uri_file" | "uri_folder" | "mltable";
      /** A file or folder of the repository (relative to the working directory), or a place in the cloud: `azureml://...`, `https://...`, `abfss://...`, `wasbs://...`. */
      path: string;
    };

export type Inputs = Pick<SharedInputs, "registry" | "version" | "description" | "tags" | "expectationsFile" | "dataRules" | "baseline" | "allowedFolders" | "plan"> & {
  /** Datastore that local files are uploaded to. Left empty, the workspace's default datastore. */
  datastore: string | undefined;
} & ConnectionType & Source;

export interface Outputs {
  /** Name of the data asset. */
  name: string;
  /** Version that holds the content. */
  version: string;
  /** The version's id, for use in job YAML: `azureml:<name>:<version>`'s ARM id; in a registry, `azureml://registries/...`. */
  assetId: string;
  /** `true` when this run made the version, `false` when it was there already. */
  created: boolean;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "0a210e35-b4a7-48b4-8ad9-2c580fbdb229", name: "AzureMLRegisterData", friendlyName: "Azure ML: Register data", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    { name: "source", type: "pickList", required: true, default: "file", options: ["file", "inline"] },
    { name: "dataFile", type: "filePath", required: true, visible: [[["source", "=", "file"]]] },
    { name: "name", type: "string", required: true, visible: [[["source", "=", "inline"]]] },
    { name: "type", type: "pickList", required: true, default: "uri_folder", options: ["uri_file", "uri_folder", "mltable"], visible: [[["source", "=", "inline"]]] },
    { name: "path", type: "string", required: true, visible: [[["source", "=", "inline"]]] },
    shared.version,
    shared.description,
    shared.tags,
    { name: "datastore", type: "string" },
    shared.expectationsFile,
    shared.dataRules,
    shared.baseline,
    shared.allowedFolders,
    shared.plan,
  ],
  outputs: [
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "assetId", type: "string" },
    { name: "created", type: "boolean" },
  ],
});
