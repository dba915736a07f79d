// Made from tasks/RegisterModel/task.json by `npm run generate`: change that file, not this one.
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

export type Inputs = {
  /** Azure Machine Learning registry to work in, in place of the workspace. A workspace is then needed only for what lies in it, and for a registry of another subscription. The lists of names and versions here take the resource group for the registry's. */
  registry: string | undefined;
  /** Name of the asset in the workspace: letters, digits, `.`, `_` and `-`, starting with a letter or a digit. */
  name: string;
  /** Type of the asset, in the words of Azure ML's YAML. */
  type: "custom_model" | "mlflow_model" | "triton_model";
  /** Version of the asset. Left empty, the task takes the version that already holds the same content, or else the next number. */
  version: string | undefined;
  /** What people read about it in Azure Machine Learning studio. */
  description: string | undefined;
  /** Tags to set, one `name=value` a line. */
  tags: string | undefined;
  /** Folders of the agent's machine, one a line or separated by commas, whose files may be uploaded as well: a mounted share, for example. Without it, files are uploaded only where they really lie in the checkout, in Pipeline.Workspace, or in the agent's staging and temporary folders; links out of these are refused, and `.git` is never uploaded. */
  allowedFolders: string | undefined;
  /** Shows what would be written to Azure ML, one JSON object (`method`, `path`, `body`) a line, and changes nothing. Outputs that only a write tells stay unset. */
  plan: boolean;
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
    { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] },
    { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] },
    { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "registry", type: "string" },
    { name: "source", type: "pickList", required: true, default: "job", options: ["job", "folder"] },
    { name: "jobName", type: "string", required: true, visible: [[["source", "=", "job"]]] },
    { name: "outputName", type: "string", visible: [[["source", "=", "job"]]] },
    { name: "outputPath", type: "string", visible: [[["source", "=", "job"]]] },
    { name: "modelPath", type: "filePath", required: true, visible: [[["source", "=", "folder"]]] },
    { name: "name", type: "string", required: true },
    { name: "type", type: "pickList", required: true, default: "custom_model", options: ["custom_model", "mlflow_model", "triton_model"] },
    { name: "version", type: "string" },
    { name: "description", type: "string" },
    { name: "tags", type: "multiLine" },
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
