// Made from tasks/InvokeBatch/task.json by `npm run generate`: change tasks/InvokeBatch/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Wait for the job: Shows the job's log while it runs and fails when the job fails. Without it the task ends as soon as the job is submitted. */
export type Wait =
  | {
      wait: true;
      /** Minutes to wait before the task gives up, cancels its job or rolls back its deployment, and fails; `0` waits as long as the pipeline job may run, which is 60 minutes unless its `timeoutInMinutes` says otherwise. */
      timeoutInMinutes: number;
      /** Cancels the job when the task fails while the job is still running, such as in an outage of Azure or when the identity loses its role. If off, the job keeps running, and running the failed pipeline job again joins it. A cancelled pipeline and the deadline cancel it in any case. */
      cancelOnFailure: boolean;
      /** Makes the deployment the endpoint's default once the job has completed; with a small input the job is the check of a new deployment. The default of a job that fails stays as it is. Nothing is deleted. */
      makeDefault: boolean;
    }
  | {
      wait: false;
      timeoutInMinutes: undefined;
      cancelOnFailure: undefined;
      makeDefault: undefined;
    };

export type Inputs = Pick<SharedInputs, "endpointName" | "deploymentName" | "overrides" | "allowedFolders" | "tags" | "plan"> & {
  /** What is scored: a folder or file of the repository, which is uploaded; a data asset as `azureml:<name>:<version>` or `azureml:<name>@latest`; a datastore path as `azureml://datastores/<datastore>/paths/<path>`; or an address. A model's deployment needs exactly one, here or in the invocation file. */
  input: string | undefined;
  /** Whether the input is a folder or a file. `auto`: as the data asset says, or as it lies on the agent; a folder otherwise. */
  inputType: "auto" | "uri_folder" | "uri_file";
  /** Literal inputs of a deployment of a pipeline component, one `name=value` a line. Everyone who may read the job in Azure ML can read them: no place for secrets. */
  parameters: string | undefined;
  /** Folder in a Blob datastore for the output `score`, such as `azureml://datastores/workspaceblobstore/paths/scores/$(Build.BuildId)`. Azure ML fails a job whose output file is there already: use another folder for each run. Left empty, Azure ML chooses one. */
  outputFolder: string | undefined;
  /** YAML as `az ml batch-endpoint invoke --file` takes it, with `inputs:` and `outputs:`; also `deployment:`, `mini_batch_size:` and the other settings. Inputs of this task count before it; `input` replaces the data input of a file that has one. */
  invocationFile: string | undefined;
  /** File of a model's predictions, in place of the deployment's `output_file_name`. */
  outputFileName: string | undefined;
  /** How many files may fail before the job fails, in place of the deployment's `error_threshold`; `-1` lets any number fail. Only where the deployment serves a model. */
  errorThreshold: string | undefined;
  /** Files that one call of the scoring script gets, in place of the deployment's `mini_batch_size`. Only where the deployment serves a model. */
  miniBatchSize: number | undefined;
  /** Machines of the cluster that work on this job, in place of the deployment's. Only where the deployment serves a model. */
  instanceCount: number | undefined;
  /** Starts no job when the deployment is the endpoint's default already, and leaves the outputs empty. With `makeDefault`, a nightly check then scores its sample once for each deployment. A deployment that was changed under its name is not checked again. */
  skipWhenDefault: boolean;
} & ConnectionType & Wait;

export interface Outputs {
  /** Name of the job in Azure ML. */
  jobName: string;
  /** ARM id of the job. */
  jobId: string;
  /** Status of the job when the task ended, such as `Completed` or `Running`. */
  jobStatus: string;
  /** Address of the job in Azure Machine Learning studio. */
  studioUrl: string;
  /** Deployment that was invoked. */
  deploymentName: string;
  /** URIs of the job's outputs by name, as JSON; each is also a variable of its own, as in `outputs.score`, which holds the predictions of a model. */
  outputs: Readonly<Record<string, string | number>>;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "ff19b8b6-f236-450e-a91c-97257dfcbcb2", name: "AzureMLInvokeBatch", friendlyName: "Azure ML: Invoke batch endpoint", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.endpointName,
    shared.deploymentName,
    { name: "input", type: "string" },
    { name: "inputType", type: "pickList", default: "auto", options: ["auto", "uri_folder", "uri_file"] },
    { name: "parameters", type: "multiLine" },
    { name: "outputFolder", type: "string" },
    { name: "invocationFile", type: "filePath" },
    shared.overrides,
    shared.allowedFolders,
    { name: "outputFileName", type: "string" },
    { name: "errorThreshold", type: "string" },
    { name: "miniBatchSize", type: "int" },
    { name: "instanceCount", type: "int" },
    shared.tags,
    shared.plan,
    shared.wait,
    shared.timeoutInMinutes,
    shared.cancelOnFailure,
    { name: "makeDefault", type: "boolean", default: "false", visible: [[["wait", "=", "true"]]] },
    { name: "skipWhenDefault", type: "boolean", default: "false" },
  ],
  outputs: [
    { name: "jobName", type: "string" },
    { name: "jobId", type: "string" },
    { name: "jobStatus", type: "string" },
    { name: "studioUrl", type: "string" },
    { name: "deploymentName", type: "string" },
    { name: "outputs", type: "json" },
  ],
});
