// Made from tasks/CleanUp/task.json by `npm run generate`: change tasks/CleanUp/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "plan"> & {
  /** Names of the online endpoints that may be cleaned up, one pattern a line, as in .gitignore: `*` and `?` stand for characters, `!` at the start takes names out again. Left empty, none is looked at. An endpoint is deleted with all of its deployments once the time in its tag `azureDevOps.expires` is over, whatever traffic it has. */
  endpointPatterns: string | undefined;
  /** Deletes an endpoint that had no request in this many hours, by the metrics of Azure Monitor. An endpoint whose metrics are missing stays, and so does one with a younger deployment. At most 720. Left empty, idle endpoints stay. */
  idleHours: number | undefined;
  /** Deletes a deployment that has neither traffic nor mirrored traffic and was last changed this many days ago. The last known good deployment stays, and so does one younger than idleHours. Left empty, deployments stay. */
  deploymentDays: number | undefined;
  /** Names of the models whose old versions are archived, one pattern a line, as in .gitignore: `*` and `?` stand for characters, `!` at the start takes names out again. Left empty, none is looked at. */
  modelPatterns: string | undefined;
  /** Names of the data assets whose old versions are archived, one pattern a line, as in .gitignore: `*` and `?` stand for characters, `!` at the start takes names out again. Left empty, none is looked at. */
  dataPatterns: string | undefined;
  /** Number of newest versions of each model and data asset that stay, 1 or more. */
  keepVersions: number;
  /** No version that is younger is archived. Archived versions can be restored, and jobs and deployments that name them go on. */
  versionDays: number;
  /** Versions with one of these labels stay: a tag of that name, `name=value`, or a stage, as the input `champion` of AzureMLEvaluateMetrics takes them after `@`. With commas between them; `none`: no label keeps a version. What a deployment or a schedule uses, what an alias of MLflow names, and the newest model that passed its evaluation stay in any case. */
  keepLabels: string;
  /** Largest number of things that one run deletes and archives; the next run does the rest. Endpoints come first, then deployments, then versions. */
  maxChanges: number;
  /** Minutes after which nothing more is begun; the next run does what is left. `0`: as long as the pipeline job may run. */
  maxMinutes: number;
} & ConnectionType;

export interface Outputs {
  /** `true` when anything was deleted or archived, or with `plan` would be. */
  changed: boolean;
  /** Numbers as JSON: `endpoints`, `deployments`, `models` and `data` that were deleted or archived, or with `plan` would be; `planned`, `kept`, `failed`, and `left` to the next run. */
  counts: Readonly<Record<string, string | number>>;
  /** What was done, as a list in JSON: `kind`, `name`, `outcome` and `why` of each change; the first 100. */
  changes: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "53e04bcf-6893-49cf-b92e-2856ce28ccd5", name: "AzureMLCleanUp", friendlyName: "Azure ML: Clean up workspace", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "endpointPatterns", type: "multiLine" },
    { name: "idleHours", type: "int", maximum: 720 },
    { name: "deploymentDays", type: "int" },
    { name: "modelPatterns", type: "multiLine" },
    { name: "dataPatterns", type: "multiLine" },
    { name: "keepVersions", type: "int", default: "5" },
    { name: "versionDays", type: "int", default: "90" },
    { name: "keepLabels", type: "string", default: "champion, production, staging" },
    { name: "plan", type: "boolean", default: "true" },
    { name: "maxChanges", type: "int", default: "100", maximum: 1000 },
    { name: "maxMinutes", type: "int", default: "60" },
  ],
  outputs: [
    { name: "changed", type: "boolean" },
    { name: "counts", type: "json" },
    { name: "changes", type: "string" },
  ],
});
