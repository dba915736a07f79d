// Made from tasks/RegisterData/task.json by `npm run generate`: change that file, not this one.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";

/** Connection type: Which type of service connection the task signs in with; each has an input of its own. A connection of type Azure Machine Learning workspace brings its workspace with it. */
export type ConnectionType =
  | {
      connectionType: "azureSubscription";
      /** Service connection with which the task signs in to Azure. Its scope may be a subscription or a Machine Learning workspace; service principals, workload identity federation and managed identities all work. */
      azureSubscription: string;
      workspaceConnection: undefined;
      /** Resource group of the workspace. May be left out where the connection has the scope of a workspace or of a resource group. */
      resourceGroup: string | undefined;
      /** Name of the Azure Machine Learning workspace. May be left out where the connection has the scope of a workspace. */
      workspace: string | undefined;
    }
  | {
      connectionType: "workspaceConnection";
      azureSubscription: undefined;
      /** Service connection of type Azure Machine Learning workspace, which this extension adds: workload identity federation, a service principal or a managed identity. */
      workspaceConnection: string;
      resourceGroup: undefined;
      workspace: undefined;
    };

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

export type Inputs = {
  /** Azure Machine Learning registry to work in, in place of the workspace. A workspace is then needed only for what lies in it, and for a registry of another subscription. The lists of names and versions here take the resource group for the registry's. */
  registry: string | undefined;
  /** Version of the asset. Left empty, the task takes the version that already holds the same content, or else the next number. */
  version: string | undefined;
  /** What people read about it in Azure Machine Learning studio. */
  description: string | undefined;
  /** Tags to set, one `name=value` a line. */
  tags: string | undefined;
  /** Datastore that local files are uploaded to. Left empty, the workspace's default datastore. */
  datastore: string | undefined;
  /** Folders of the agent's machine, one a line or separated by commas, whose files may be uploaded as well: a mounted share, for example. Without it, files are uploaded only where they really lie in the checkout, in Pipeline.Workspace, or in the agent's staging and temporary folders; links out of these are refused, and `.git` is never uploaded. */
  allowedFolders: string | undefined;
  /** Shows what would be written to Azure ML, one JSON object (`method`, `path`, `body`) a line, and changes nothing. Outputs that only a write tells stay unset. */
  plan: boolean;
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
  task: { id: "0a210e35-b4a7-48b4-8ad9-2c580fbdb229", name: "AzureMLRegisterData", friendlyName: "Azure ML: Register dataset", version: "1.0.0" },
  inputs: [
    { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] },
    { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] },
    { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "registry", type: "string" },
    { name: "source", type: "pickList", required: true, default: "file", options: ["file", "inline"] },
    { name: "dataFile", type: "filePath", required: true, visible: [[["source", "=", "file"]]] },
    { name: "name", type: "string", required: true, visible: [[["source", "=", "inline"]]] },
    { name: "type", type: "pickList", required: true, default: "uri_folder", options: ["uri_file", "uri_folder", "mltable"], visible: [[["source", "=", "inline"]]] },
    { name: "path", type: "string", required: true, visible: [[["source", "=", "inline"]]] },
    { name: "version", type: "string" },
    { name: "description", type: "string" },
    { name: "tags", type: "multiLine" },
    { name: "datastore", type: "string" },
    { name: "allowedFolders", type: "multiLine" },
    { name: "plan", type: "boolean", default: "false" },
  ],
  outputs: [
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "assetId", type: "string" },
    { name: "created", type: "boolean" },
  ],
});
