// Made from tasks/CheckSetup/task.json by `npm run generate`: change that file, not this one.
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
  /** Tasks whose roles are checked, one a line or separated by commas: `SubmitJob, RegisterModel`. Left empty, all of this extension's. */
  tasks: string | undefined;
  /** Names of computes that jobs use, one a line or separated by commas: their state and quota are checked. Left empty, none is. */
  computes: string | undefined;
  /** Names of online endpoints that the pipeline calls, one a line or separated by commas. Leave out those that a deployment is to make. */
  endpoints: string | undefined;
  /** What the pipeline does in Azure DevOps, one a line or separated by commas: `builds`, `tests`, `pullRequests`, `workItems`. A right of these that is lacking fails the step. Left empty, only those that the tasks themselves need do, and the others warn. */
  rights: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** `true` if no check failed. */
  ok: boolean;
  /** Names of the checks that failed, one a line. */
  failed: string;
  /** Names of the checks that could not be asked, or found lacking what may not matter, one a line. */
  warned: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "26596940-976e-4fb3-aad4-36c3af397b8b", name: "AzureMLCheckSetup", friendlyName: "Azure ML: Check setup", version: "1.0.0" },
  inputs: [
    { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] },
    { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] },
    { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "tasks", type: "multiLine" },
    { name: "computes", type: "multiLine" },
    { name: "endpoints", type: "multiLine" },
    { name: "rights", type: "multiLine" },
  ],
  outputs: [
    { name: "ok", type: "boolean" },
    { name: "failed", type: "string" },
    { name: "warned", type: "string" },
  ],
});
