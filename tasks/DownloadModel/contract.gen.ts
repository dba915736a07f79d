// Made from tasks/DownloadModel/task.json by `npm run generate`: change tasks/DownloadModel/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Connection type: Which type of service connection the task signs in with; each has an input of its own. A connection of type Azure Machine Learning workspace brings its workspace with it. */
export type ConnectionType =
  | {
      connectionType: "azureSubscription";
      /** Service connection with which the task signs in to Azure. Its scope may be a subscription or a Machine Learning workspace; service principals, workload identity federation and managed identities all work. */
      azureSubscription: string | undefined;
      workspaceConnection: undefined;
      /** Resource group of the workspace. Required, unless the connection has the scope of a workspace or of a resource group. */
      resourceGroup: string | undefined;
      /** Name of the Azure Machine Learning workspace. Required, unless the connection has the scope of a workspace. */
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

export type Inputs = Pick<SharedInputs, "registry" | "modelName"> & {
  /** Version of the registered model, or `@` and a label, such as `@latest`. Left empty, the version that was created last. */
  versionOrLabel: string | undefined;
  /** Folder that the files of the model are written to; it is made if it is missing. A relative path starts at the sources of a build, or at the artifacts of a release. */
  downloadPath: string;
  /** Which files of the model to download: patterns as in .gitignore, one a line; `!` before a pattern leaves out what it names. */
  itemPattern: string;
  /** Azure DevOps fills this in where the task downloads the artifact of a classic release. It counts before the other connections. */
  connection: string | undefined;
  /** Attaches the commit that the model was trained from to the log, so that Azure DevOps can show the commits between two releases (not verified for artifacts of this type). */
  downloadCommitsAndWorkItems: boolean;
  /** Azure DevOps fills this in: the suffix of the name of the file with the commit. */
  artifactDetailsFileNameSuffix: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** The folder that the files are in; of a model that is one file, that file. */
  path: string;
  /** Version that was downloaded. */
  version: string;
  /** Name of the model. */
  name: string;
  /** ARM id of the model version; in a registry, `azureml://registries/...`. */
  assetId: string;
  /** Azure ML job that made the model; empty where none is known. */
  jobName: string;
  /** Commit that the model was trained from; empty where none is known. */
  commit: string;
  /** Page of the pipeline run that trained the model; empty where none is known. */
  runUri: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "c0d8d2a7-5b0e-4f36-9a5e-6d3f1b8e27c4", name: "AzureMLDownloadModel", friendlyName: "Azure ML: Download model", version: "1.0.0" },
  inputs: [
    shared.connectionType,
    { name: "azureSubscription", type: "connection", visible: [[["connectionType", "=", "azureSubscription"]]] },
    shared.workspaceConnection,
    shared.resourceGroup,
    shared.workspace,
    shared.registry,
    { name: "modelName", aliases: ["definition"], type: "string", required: true },
    { name: "versionOrLabel", aliases: ["version"], type: "string" },
    { name: "downloadPath", type: "string", required: true, default: "$(System.ArtifactsDirectory)" },
    { name: "itemPattern", type: "multiLine", default: "**" },
    { name: "connection", type: "connection" },
    { name: "downloadCommitsAndWorkItems", type: "boolean", default: "false" },
    { name: "artifactDetailsFileNameSuffix", type: "string" },
  ],
  outputs: [
    { name: "path", type: "string" },
    { name: "version", type: "string" },
    { name: "name", type: "string" },
    { name: "assetId", type: "string" },
    { name: "jobName", type: "string" },
    { name: "commit", type: "string" },
    { name: "runUri", type: "string" },
  ],
});
