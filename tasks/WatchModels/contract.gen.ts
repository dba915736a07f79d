// Made from tasks/WatchModels/task.json by `npm run generate`: change tasks/WatchModels/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

/** Start: What a new version starts; each choice has inputs of its own. */
export type Start =
  | {
      start: "pipeline";
      /** Name or id of the YAML pipeline in this project that a new version starts. */
      pipelineToStart: string;
      /** Branch that the pipeline runs on. Left empty, its default branch. */
      branch: string | undefined;
      /** Name of the parameter of the pipeline that gets the name of the model. */
      nameParameter: string;
      /** Name of the parameter of the pipeline that gets the version of the model. */
      versionParameter: string;
      releaseDefinition: undefined;
      artifactAlias: undefined;
    }
  | {
      start: "release";
      pipelineToStart: undefined;
      branch: undefined;
      nameParameter: undefined;
      versionParameter: undefined;
      /** Name or id of the classic release definition in this project that a new version starts. */
      releaseDefinition: string;
      /** Source alias of the artifact of type Azure ML model in the release definition, which gets the new version. */
      artifactAlias: string;
    };

export type Inputs = Pick<SharedInputs, "registry"> & {
  /** Names of the models to watch, one a line; `*` stands for any text and `?` for one character. Left empty, all models. */
  models: string | undefined;
  /** Tags that a version must carry, one `name=value` a line. A version is judged once, by the tags that it has when it is met. */
  requiredTags: string | undefined;
  /** Where the first run begins, such as `2026-01-31T08:00:00Z`. Left empty, at its own time, so that what was registered before starts nothing. */
  beginAt: string | undefined;
} & ConnectionType & Start;

export interface Outputs {
  /** How many were started. */
  startedCount: string;
  /** What was started for, as `name:version`, separated by commas. */
  versions: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "3b1f6e0c-8a4d-4c57-9f2e-51c7d0a9be36", name: "AzureMLWatchModels", friendlyName: "Azure ML: Watch models", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    shared.registry,
    { name: "models", type: "multiLine" },
    { name: "requiredTags", type: "multiLine" },
    { name: "beginAt", type: "string" },
    { name: "start", type: "pickList", required: true, default: "pipeline", options: ["pipeline", "release"] },
    { name: "pipelineToStart", type: "string", required: true, visible: [[["start", "=", "pipeline"]]] },
    { name: "branch", type: "string", visible: [[["start", "=", "pipeline"]]] },
    { name: "nameParameter", type: "string", required: true, default: "modelName", visible: [[["start", "=", "pipeline"]]] },
    { name: "versionParameter", type: "string", required: true, default: "modelVersion", visible: [[["start", "=", "pipeline"]]] },
    { name: "releaseDefinition", type: "string", required: true, visible: [[["start", "=", "release"]]] },
    { name: "artifactAlias", type: "string", required: true, visible: [[["start", "=", "release"]]] },
  ],
  outputs: [
    { name: "startedCount", type: "string" },
    { name: "versions", type: "string" },
  ],
});
