// Made from what the tasks' contract.json have in common by `npm run generate`: change tasks/shared/inputs.json, not this file.
import type { InputField } from "../../lib/agent/inputs.ts";

/** Connection type: Which type of service connection the task signs in with; each has an input of its own. A connection of type Azure Machine Learning workspace brings its workspace with it. */
export type ConnectionType =
  | {
      connectionType: "azureSubscription";
      /** Service connection with which the task signs in to Azure. Its scope may be a subscription or a Machine Learning workspace; service principals, workload identity federation and managed identities all work. */
      azureSubscription: string;
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

export interface SharedInputs {
  /** Folders of the agent's machine, one a line or separated by commas, whose files may be uploaded as well: a mounted share, for example. Without it, files are uploaded only where they really lie in the checkout, in Pipeline.Workspace, or in the agent's staging and temporary folders; links out of these are refused, and `.git` is never uploaded. */
  allowedFolders: string | undefined;
  /** Dry run: shows what would be written to Azure ML, one JSON object (`method`, `path`, `body`) a line, and changes nothing. Outputs that only a write returns stay unset. */
  plan: boolean;
  /** Azure Machine Learning registry to work in, in place of the workspace. A workspace is then needed only for what lies in it, and for a registry of another subscription. When you choose a registry, the drop-down lists look for it in the resource group above. */
  registry: string | undefined;
  /** Data to compare with: `previous` (the newest earlier version that did not fail its last check; of files, the newest such version of the data asset `name`), `none`, a version or a label as in `3` or `@stable`, or `<name>:<version>` of another data asset. Register data also compares with one that is named here where it has neither expectations nor rules; `previous`, the default, asks for nothing by itself there. */
  baseline: string;
  /** YAML with what is expected of rows and columns: types, missing values, ranges, values, freshness, repeated rows, and how far the data may differ from the baseline. */
  expectationsFile: string | undefined;
  /** One rule a line, in CEL: `data.rows >= 1000`, `nulls.income <= 0.01`, `psi.all(name, psi[name] < 0.2)`. `data` and `baseline` hold rows, columns, files, bytes, malformed and duplicates; `nulls`, `minimum`, `maximum`, `mean`, `deviation`, `distinct` and `age` (hours since the newest time) a number of each column; `psi`, `jensenShannon`, `kolmogorovSmirnov` and `wasserstein` its drift; `baseline['nulls.income']` a column of the baseline. */
  dataRules: string | undefined;
  /** `fail` stops the pipeline. `warn` and `continue` leave it to later conditions on the output variable `passed`. */
  onFail: "fail" | "warn" | "continue";
  /** Name of the endpoint. Where a file names one too, this input counts. */
  endpointName: string | undefined;
  /** Name of the deployment. Where a file names one too, this input counts; where nothing names one, a call goes where the endpoint's traffic goes, a batch job to the endpoint's default deployment, and a rollback to the last known good one. */
  deploymentName: string | undefined;
  /** `link`: the work items of this run link to the run, its commit and pull request, and to the pages of the job, model or endpoint in studio; they get one comment when a model goes live, when its rollout fails and when an endpoint is rolled back; the run gets tags and properties that searches find; the commit in Azure Repos gets a status; a breach of a monitor is noted as tags on the model version that is live. `linkAndBug` also files a bug for a gate that does not pass, a rollout that fails or a breach of a monitor, one at a time, none on the day after it was closed, and never a second one for the same breach. Where something cannot be written, the task warns and names the permission. Not in classic releases. */
  traceability: "none" | "link" | "linkAndBug";
  /** Minutes to wait before the task gives up, cancels its job or rolls back its deployment, and fails; `0` waits as long as the pipeline job may run, which is 60 minutes unless its `timeoutInMinutes` says otherwise. */
  timeoutInMinutes: number;
  /** Common name (CN) of the signer's certificate. Needed where the trusted signer is given as the certificate of an authority, which has issued certificates for others too; empty in all other cases. */
  signerName: string | undefined;
  /** Name and version that the model was signed as, as in `fraud:7`, where PromoteModel gave it others. Left empty, its own name and version. */
  signedAs: string | undefined;
  /** Looks before anything is uploaded or changed: quota with its numbers, sizes of machines, computes, the identity's roles, the workspace and the network. Fails when the job or deployment is sure to fail, warns when it is likely to, and never fails because the identity may not read something. `off` leaves it out. */
  preflight: "on" | "off";
  /** JSON file that is sent to the endpoint as a request. Where it may be left empty, traffic moves without a call first. */
  requestFile: string | undefined;
  /** Requirements on the reply, one a line: a JSONPath, an operator (`==`, `!=`, `<`, `<=`, `>`, `>=`) and a JSON value, as in `$.predictions[0] == 1`. A JSONPath alone asks that it finds something. Lines that start with `#` are remarks. */
  expectations: string | undefined;
  /** The call fails the task when its reply takes longer than this. Left empty, any latency will do. */
  maxLatencyInMilliseconds: number | undefined;
  /** Name of the registered model. */
  modelName: string;
  /** What the task writes to the run's pull request: `comment` keeps one comment up to date, `status` sets a status that a branch policy can require, `comment, status` both, `none` nothing. Also after the merge, in the run of the merged commit. The status of a job that Submit job does not wait for stays pending until Evaluate metrics of that job, or Report, ends it. Never fails the step: a refusal gives one warning that names the permission. */
  pullRequest: string;
  /** Name of the comment and of the status, whose genre is `azureml`: that of the pipeline where it is left empty. Submit job adds `/job` to the status's name and Evaluate metrics `/gate`, so that a policy on the gate is not met by a job that just ended. Pipelines that judge several models in one run give each its own. */
  pullRequestName: string | undefined;
  /** Azure Repos: `activeOnFailure` opens the thread while the run has failed and closes it once it passes, which a policy on comment resolution waits for; `closed` never opens it. Comments on GitHub have no state. */
  pullRequestThread: "activeOnFailure" | "closed" | undefined;
  /** Needed where the code lies on GitHub: a service connection with a personal access token or OAuth that may write pull requests and commit statuses. A connection of the GitHub app gives its token to Azure Pipelines alone, and cannot be used. */
  gitHubConnection: string | undefined;
  /** YAML that is laid over the YAML file: only what differs is written, as in `inputs: { epochs: 20 }`. A path that such a file cannot have is an error. */
  overrides: string | undefined;
  /** Tags to set, one `name=value` a line. */
  tags: string | undefined;
  /** Version of the registered model, a number or a name. Labels such as `latest` are no versions: what is checked must be what is released. */
  modelVersion: string;
  /** Version of the asset. Left empty, the task takes the version that already holds the same content, or else the next number. */
  version: string | undefined;
  /** Description that Azure Machine Learning studio shows. */
  description: string | undefined;
}

export const connectionType: InputField = { name: "connectionType", type: "pickList", required: true, default: "azureSubscription", options: ["azureSubscription", "workspaceConnection"] };
export const azureSubscription: InputField = { name: "azureSubscription", type: "connection", required: true, visible: [[["connectionType", "=", "azureSubscription"]]] };
export const workspaceConnection: InputField = { name: "workspaceConnection", type: "connection", required: true, visible: [[["connectionType", "=", "workspaceConnection"]]] };
export const resourceGroup: InputField = { name: "resourceGroup", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] };
export const workspace: InputField = { name: "workspace", type: "string", visible: [[["connectionType", "=", "azureSubscription"]]] };
export const allowedFolders: InputField = { name: "allowedFolders", type: "multiLine" };
export const plan: InputField = { name: "plan", type: "boolean", default: "false" };
export const registry: InputField = { name: "registry", type: "string" };
export const baseline: InputField = { name: "baseline", type: "string", default: "previous" };
export const expectationsFile: InputField = { name: "expectationsFile", type: "filePath" };
export const dataRules: InputField = { name: "dataRules", type: "multiLine" };
export const onFail: InputField = { name: "onFail", type: "pickList", default: "fail", options: ["fail", "warn", "continue"] };
export const endpointName: InputField = { name: "endpointName", type: "string" };
export const deploymentName: InputField = { name: "deploymentName", type: "string" };
export const traceability: InputField = { name: "traceability", type: "pickList", default: "none", options: ["none", "link", "linkAndBug"] };
export const timeoutInMinutes: InputField = { name: "timeoutInMinutes", type: "int", default: "0", visible: [[["wait", "=", "true"]]] };
export const cancelOnFailure: InputField = { name: "cancelOnFailure", type: "boolean", default: "false", visible: [[["wait", "=", "true"]]] };
export const signerName: InputField = { name: "signerName", type: "string" };
export const signedAs: InputField = { name: "signedAs", type: "string" };
export const preflight: InputField = { name: "preflight", type: "pickList", default: "on", options: ["on", "off"] };
export const requestFile: InputField = { name: "requestFile", type: "filePath" };
export const expectations: InputField = { name: "expectations", type: "multiLine" };
export const maxLatencyInMilliseconds: InputField = { name: "maxLatencyInMilliseconds", type: "int" };
export const modelName: InputField = { name: "modelName", type: "string", required: true };
export const pullRequest: InputField = { name: "pullRequest", type: "pickList", default: "none", options: ["none", "comment", "status", "comment, status"], editable: true };
export const pullRequestName: InputField = { name: "pullRequestName", type: "string", visible: [[["pullRequest", "!=", "none"]]] };
export const pullRequestThread: InputField = { name: "pullRequestThread", type: "pickList", default: "activeOnFailure", options: ["activeOnFailure", "closed"], visible: [[["pullRequest", "!=", "none"]]] };
export const gitHubConnection: InputField = { name: "gitHubConnection", type: "connection", visible: [[["pullRequest", "!=", "none"]]] };
export const overrides: InputField = { name: "overrides", type: "multiLine" };
export const tags: InputField = { name: "tags", type: "multiLine" };
export const wait: InputField = { name: "wait", type: "boolean", default: "true" };
export const modelVersion: InputField = { name: "modelVersion", type: "string", required: true };
export const version: InputField = { name: "version", type: "string" };
export const description: InputField = { name: "description", type: "string" };
export const connectionTypeInputs: readonly InputField[] = [connectionType, azureSubscription, workspaceConnection, resourceGroup, workspace];
