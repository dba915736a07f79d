// Made from tasks/SubmitJob/task.json by `npm run generate`: change tasks/SubmitJob/contract.json, not this file.
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
    }
  | {
      wait: false;
      timeoutInMinutes: undefined;
      cancelOnFailure: undefined;
    };

export type Inputs = Pick<SharedInputs, "overrides" | "tags" | "allowedFolders" | "preflight" | "plan" | "traceability" | "pullRequest" | "pullRequestName" | "pullRequestThread" | "gitHubConnection"> & {
  /** Path of the job YAML (CLI v2). Paths in it are relative to its own folder. */
  jobFile: string;
  /** Experiment that the job belongs to. Left empty, the job YAML names it, or else it is the name of the pipeline, in which every character but letters, numbers, underscores and dashes becomes a dash. The list shows the experiments of the latest jobs. */
  experimentName: string | undefined;
  /** Name of the job as studio shows it. Left empty, the job YAML's. */
  displayName: string | undefined;
  /** Environment variables of the job, one `NAME=value` a line, beside those of the job YAML. Everyone who may read the job in Azure ML can read them: no place for secrets. */
  environmentVariables: string | undefined;
  /** A word of your choice, such as the branch: `train/$(Build.SourceBranch)`. Cancels jobs that older runs of this pipeline submitted with the same key and that are still running; a run that finds the job of a newer run cancels its own job and fails. Jobs of the same run and of other pipelines are left alone. Leave empty to cancel nothing. */
  concurrencyKey: string | undefined;
  /** Cancels the job and fails once its nodes have run this many hours in total, as in `12.5`: 5 nodes for 2.5 hours. A command or sweep job also gets it as its own `limits.timeout`, five minutes later and never above its file's, for an agent that is lost; other jobs are limited only while the step waits. Without `wait` it becomes the `limits.timeout` of a command job, and other jobs are refused. */
  maxNodeHours: string | undefined;
  /** Cancels the job and fails once it has cost this much at the list price of its machines, as in `20` or `20 USD`, in the currency in which the service answers prices. Idle nodes, disks and network are not counted. Where a price is not known the job is refused before anything is submitted. */
  maxCost: string | undefined;
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
  /** URIs of the job's outputs by name, as JSON; each is also a variable of its own, as in `outputs.model`. */
  outputs: Readonly<Record<string, string | number>>;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "27d13649-e4ed-4b6f-bf15-76c0e3965ce7", name: "AzureMLSubmitJob", friendlyName: "Azure ML: Submit job", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "jobFile", type: "filePath", required: true },
    shared.overrides,
    { name: "experimentName", type: "string" },
    { name: "displayName", type: "string" },
    { name: "environmentVariables", type: "multiLine" },
    shared.tags,
    { name: "concurrencyKey", type: "string" },
    shared.allowedFolders,
    shared.preflight,
    shared.plan,
    shared.traceability,
    { name: "maxNodeHours", type: "string" },
    { name: "maxCost", type: "string" },
    shared.wait,
    shared.timeoutInMinutes,
    shared.cancelOnFailure,
    shared.pullRequest,
    shared.pullRequestName,
    shared.pullRequestThread,
    shared.gitHubConnection,
  ],
  outputs: [
    { name: "jobName", type: "string" },
    { name: "jobId", type: "string" },
    { name: "jobStatus", type: "string" },
    { name: "studioUrl", type: "string" },
    { name: "outputs", type: "json" },
  ],
});
