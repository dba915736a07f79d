// Made from tasks/Apply/task.json by `npm run generate`: change that file, not this one.
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

export type Inputs = {
  /** Path of a YAML file (CLI v2), or of a folder whose YAML files are applied in the order in which they refer to each other. Files of a folder that hold jobs or something else are left out. */
  file: string;
  /** What to do where several files of a folder describe one resource in different ways: refuse the folder and name all such pairs, or let the last file count, in the order of their paths, with a warning that names both. */
  duplicates: "fail" | "last";
  /** Folders of the agent's machine, one a line or separated by commas, whose files may be uploaded as well: a mounted share, for example. Without it, files are uploaded only where they really lie in the checkout, in Pipeline.Workspace, or in the agent's staging and temporary folders; links out of these are refused, and `.git` is never uploaded. */
  allowedFolders: string | undefined;
  /** Shows what would be written to Azure ML, one JSON object (`method`, `path`, `body`) a line, and changes nothing. Outputs that only a write tells stay unset. */
  plan: boolean;
} & ConnectionType;

export interface Outputs {
  /** `true` when anything was created or updated, or with `plan` would be. */
  changed: boolean;
  /** ARM ids by collection and name as JSON; each is also a variable of its own, as in `ids.environments.sklearn`. */
  ids: Readonly<Record<string, string | number>>;
  /** Versions of assets by collection and name as JSON; each is also a variable of its own, as in `versions.environments.sklearn`. */
  versions: Readonly<Record<string, string | number>>;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "87c9080a-fc1e-4aa4-86b4-7a398db1741d", name: "AzureMLApply", friendlyName: "Azure ML: Apply", version: "1.0.0" },
  inputs: [
    { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] },
    { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] },
    { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "file", type: "filePath", required: true },
    { name: "duplicates", type: "pickList", default: "fail", options: ["fail", "last"] },
    { name: "allowedFolders", type: "multiLine" },
    { name: "plan", type: "boolean", default: "false" },
  ],
  outputs: [
    { name: "changed", type: "boolean" },
    { name: "ids", type: "json" },
    { name: "versions", type: "json" },
  ],
});
