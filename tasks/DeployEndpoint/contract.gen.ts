// Made from tasks/DeployEndpoint/task.json by `npm run generate`: change that file, not this one.
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
  /** Path of the online endpoint YAML (CLI v2), from which the endpoint is made if it is missing. May be left out where the endpoint exists. */
  endpointFile: string | undefined;
  /** Path of the online deployment YAML (CLI v2). Paths in it are relative to its own folder. */
  deploymentFile: string;
  /** Name of the online endpoint. Where an endpoint file names one too, this input counts. */
  endpointName: string | undefined;
  /** Name of the deployment. Where a deployment file names one too, this input counts; where nothing names one, a call goes where the endpoint's traffic goes. */
  deploymentName: string | undefined;
  /** Model to deploy in place of the deployment file's: `<name>:<version>`, `<name>@latest`, `azureml:...` or an id, as RegisterModel leaves it in its output variable `assetId`. */
  model: string | undefined;
  /** Folders of the agent's machine, one a line or separated by commas, whose files may be uploaded as well: a mounted share, for example. Without it, files are uploaded only where they really lie in the checkout, in Pipeline.Workspace, or in the agent's staging and temporary folders; links out of these are refused, and `.git` is never uploaded. */
  allowedFolders: string | undefined;
  /** Shows what would be written to Azure ML, one JSON object (`method`, `path`, `body`) a line, and changes nothing. Outputs that only a write tells stay unset. */
  plan: boolean;
  /** JSON file that is sent to the endpoint as a request. */
  requestFile: string | undefined;
  /** What the reply must be, one expectation a line: a JSONPath, an operator (`==`, `!=`, `<`, `<=`, `>`, `>=`) and a JSON value, as in `$.predictions[0] == 1`. A JSONPath alone asks that it finds something. Lines that start with `#` are remarks. */
  expectations: string | undefined;
  /** The call fails the task when its reply takes longer than this. Left empty, any latency will do. */
  maxLatencyInMilliseconds: number | undefined;
  /** Share of the endpoint's traffic that the new deployment gets once it has answered, 0 to 100; the others keep their proportions in what is left. `0` leaves the traffic alone. */
  trafficPercent: number;
  /** Fails before anything is changed where the new deployment would get traffic and no request file is given to call it with first. Otherwise that is a warning. */
  requireCall: boolean;
  /** What becomes of a deployment that this step made. The step gives back its share of the traffic in both cases, and shows the deployment's logs. A deployment that was there before is never deleted. */
  onFailure: "deleteDeployment" | "keepDeployment";
  /** Once the traffic has moved, deletes the endpoint's other deployments that no longer get any. If off, old deployments stay available for rollback and continue to be billed. */
  deleteOldDeployments: boolean;
  /** Minutes to wait before the task gives up, ends what it began (cancels the job, undoes the rollout) and fails; `0` waits as long as the pipeline job may run. */
  timeoutInMinutes: number;
} & ConnectionType;

export interface Outputs {
  /** Name of the endpoint. */
  endpointName: string;
  /** Name of the new deployment. */
  deploymentName: string;
  /** Why the new deployment has another name than the one asked for; empty where it has that one. */
  deploymentNameReason: string;
  /** Address that takes requests. */
  scoringUri: string;
  /** Traffic of the endpoint by deployment, as JSON. */
  traffic: Readonly<Record<string, string | number>>;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "5170d581-bb07-42c8-8162-dd576b35d0ea", name: "AzureMLDeployEndpoint", friendlyName: "Azure ML: Deploy endpoint", version: "1.0.0" },
  inputs: [
    { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] },
    { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] },
    { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] },
    { name: "endpointFile", type: "filePath" },
    { name: "deploymentFile", type: "filePath", required: true },
    { name: "endpointName", type: "string" },
    { name: "deploymentName", type: "string" },
    { name: "model", type: "string" },
    { name: "allowedFolders", type: "multiLine" },
    { name: "plan", type: "boolean", default: "false" },
    { name: "requestFile", type: "filePath" },
    { name: "expectations", type: "multiLine" },
    { name: "maxLatencyInMilliseconds", type: "int" },
    { name: "trafficPercent", type: "int", default: "100", maximum: 100 },
    { name: "requireCall", type: "boolean", default: "false" },
    { name: "onFailure", type: "pickList", default: "deleteDeployment", options: ["deleteDeployment", "keepDeployment"] },
    { name: "deleteOldDeployments", type: "boolean", default: "false" },
    { name: "timeoutInMinutes", type: "int", default: "60" },
  ],
  outputs: [
    { name: "endpointName", type: "string" },
    { name: "deploymentName", type: "string" },
    { name: "deploymentNameReason", type: "string" },
    { name: "scoringUri", type: "string" },
    { name: "traffic", type: "json" },
  ],
});
