// Made from tasks/WatchModels/task.json by `npm run generate`: change tasks/WatchModels/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Watch: What starts something: each new version of a model, or a breach that a monitor of Azure ML has found. */
export type Watch =
  | {
      watch: "versions";
      /** Names of the models to watch, one a line; `*` stands for any text and `?` for one character. Left empty, all models. */
      models: string | undefined;
      /** Tags that a version must carry, one `name=value` a line. The tags are read once, when a version is first seen. */
      requiredTags: string | undefined;
      monitors: undefined;
      coolDown: undefined;
      traceability: undefined;
    }
  | {
      watch: "monitors";
      models: undefined;
      requiredTags: undefined;
      /** Names of the monitors (schedules of Azure ML) to watch, one a line. A breach of any of them starts one retraining. */
      monitors: string;
      /** Time after the start of a retraining in which further breaches start none: `12h`, `3d`; at least `1h`. While a retraining is running, no breach starts another. */
      coolDown: string;
      /** `link`: the work items of this run link to the run, its commit and pull request, and to the pages of the job, model or endpoint in studio; they get one comment when a model goes live, when its rollout fails and when an endpoint is rolled back; the run gets tags and properties that searches find; the commit in Azure Repos gets a status; a breach of a monitor is noted as tags on the model version that is live. `linkAndBug` also files a bug for a gate that does not pass, a rollout that fails or a breach of a monitor, one at a time, none on the day after it was closed, and never a second one for the same breach. Where something cannot be written, the task warns and names the permission. Not in classic releases. */
      traceability: "none" | "link" | "linkAndBug";
    };

/** Start: What a new version starts; each choice has inputs of its own. A breach starts a pipeline. */
export type Start =
  | {
      start: "pipeline";
      /** Name or id of the YAML pipeline in this project that a new version, or a breach, starts. */
      pipelineToStart: string;
      /** Branch that the pipeline runs on. Left empty, its default branch. */
      branch: string | undefined;
      releaseDefinition: undefined;
      artifactAlias: undefined;
    }
  | {
      start: "release";
      pipelineToStart: undefined;
      branch: undefined;
      /** Name or id of the classic release definition in this project that a new version starts. */
      releaseDefinition: string;
      /** Source alias of the artifact of type Azure ML model in the release definition, which gets the new version. */
      artifactAlias: string;
    };

export type Inputs = Pick<SharedInputs, "registry"> & {
  /** The first run starts something for versions that were registered after this time, such as `2026-01-31T08:00:00Z`. Left empty, it starts nothing for versions that exist already. Of a monitor, the newest result always counts. */
  beginAt: string | undefined;
  /** Name of the parameter of the pipeline that gets the name of the model. */
  nameParameter: string | undefined;
  /** Name of the parameter of the pipeline that gets the version of the model. */
  versionParameter: string | undefined;
  /** Name of the parameter of the pipeline that gets the name of the monitor. */
  monitorParameter: string | undefined;
  /** Name of the parameter of the pipeline that gets the name of the job that measured the breach. */
  monitorRunParameter: string | undefined;
} & ConnectionType & Watch & Start;

export interface Outputs {
  /** Number of runs and releases that were started. */
  startedCount: string;
  /** Versions that something was started for, as `name:version`, or breaches, as `monitor:job`; separated by commas. */
  versions: string;
  /** `true` where the newest result of one of the monitors is breached, else `false`. */
  breached: boolean;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "3b1f6e0c-8a4d-4c57-9f2e-51c7d0a9be36", name: "AzureMLWatchModels", friendlyName: "Azure ML: Watch models", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    { name: "watch", type: "pickList", default: "versions", options: ["versions", "monitors"] },
    { name: "models", type: "multiLine", visible: [[["watch", "=", "versions"]]] },
    { name: "requiredTags", type: "multiLine", visible: [[["watch", "=", "versions"]]] },
    { name: "monitors", type: "multiLine", required: true, visible: [[["watch", "=", "monitors"]]] },
    { name: "coolDown", type: "string", default: "3d", visible: [[["watch", "=", "monitors"]]] },
    { name: "traceability", type: "pickList", default: "none", options: ["none", "link", "linkAndBug"], visible: [[["watch", "=", "monitors"]]] },
    { name: "beginAt", type: "string" },
    { name: "start", type: "pickList", required: true, default: "pipeline", options: ["pipeline", "release"] },
    { name: "pipelineToStart", type: "string", required: true, visible: [[["start", "=", "pipeline"]]] },
    { name: "branch", type: "string", visible: [[["start", "=", "pipeline"]]] },
    { name: "nameParameter", type: "string", required: true, default: "modelName", visible: [[["watch", "=", "versions"], ["start", "=", "pipeline"]]] },
    { name: "versionParameter", type: "string", required: true, default: "modelVersion", visible: [[["watch", "=", "versions"], ["start", "=", "pipeline"]]] },
    { name: "monitorParameter", type: "string", default: "monitorName", visible: [[["watch", "=", "monitors"], ["start", "=", "pipeline"]]] },
    { name: "monitorRunParameter", type: "string", default: "monitorRun", visible: [[["watch", "=", "monitors"], ["start", "=", "pipeline"]]] },
    { name: "releaseDefinition", type: "string", required: true, visible: [[["start", "=", "release"]]] },
    { name: "artifactAlias", type: "string", required: true, visible: [[["start", "=", "release"]]] },
  ],
  outputs: [
    { name: "startedCount", type: "string" },
    { name: "versions", type: "string" },
    { name: "breached", type: "boolean" },
  ],
});
