// Made from tasks/InvokeEndpoint/task.json by `npm run generate`: change that file, not this one.
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
  /** Name of the online endpoint. Where an endpoint file names one too, this input counts. */
  endpointName: string;
  /** Name of the deployment. Where a deployment file names one too, this input counts; where nothing names one, a call goes where the endpoint's traffic goes. */
  deploymentName: string | undefined;
  /** JSON file that is sent to the endpoint as a request. */
  requestFile: string;
  /** What the reply must be, one expectation a line: a JSONPath, an operator (`==`, `!=`, `<`, `<=`, `>`, `>=`) and a JSON value, as in `$.predictions[0] == 1`. A JSONPath alone asks that it finds something. Lines that start with `#` are remarks. */
  expectations: string | undefined;
  /** The call fails the task when its reply takes longer than this. Left empty, any latency will do. */
  maxLatencyInMilliseconds: number | undefined;
  /** Folders of the agent's machine, one a line or separated by commas, whose files may be uploaded as well: a mounted share, for example. Without it, files are uploaded only where they really lie in the checkout, in Pipeline.Workspace, or in the agent's staging and temporary folders; links out of these are refused, and `.git` is never uploaded. */
  allowedFolders: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** Body of the reply, at most its first 30,000 characters. */
  reply: string;
  /** HTTP status of the reply. */
  statusCode: string;
  /** Milliseconds from the request to the end of the reply. */
  latencyInMilliseconds: string;
  /** Deployment that answered. */
  deploymentName: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "f22f3d55-1d1b-4177-91e1-2a8f8b58266e", name: "AzureMLInvokeEndpoint", friendlyName: "Azure ML: Invoke endpoint", version: "1.0.0" },
  inputs: [
    { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] },
    { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] },
    { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "endpointName", type: "string", required: true },
    { name: "deploymentName", type: "string" },
    { name: "requestFile", type: "filePath", required: true },
    { name: "expectations", type: "multiLine" },
    { name: "maxLatencyInMilliseconds", type: "int" },
    { name: "allowedFolders", type: "multiLine" },
  ],
  outputs: [
    { name: "reply", type: "string" },
    { name: "statusCode", type: "string" },
    { name: "latencyInMilliseconds", type: "string" },
    { name: "deploymentName", type: "string" },
  ],
});
