// Made from tasks/Report/task.json by `npm run generate`: change tasks/Report/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "pullRequest" | "pullRequestName" | "pullRequestThread" | "gitHubConnection">;

export interface Outputs {
  /** `true` when the records of the run's steps could be read, none of them failed and no gate is closed, else `false`. */
  passed: boolean;
  /** Number of the pull request that was told; empty where there is none. */
  pullRequestId: string;
  /** Evidence of the whole run for an approver, as markdown of at most 4,000 characters: what each gate found, data and code, the cost of all jobs, risks, and what an approval does. For the instructions of ManualValidation; the run's tab Azure ML shows it in full. */
  evidence: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "5b3803d4-f174-4cdc-9504-3f549d5b8029", name: "AzureMLReport", friendlyName: "Azure ML: Report", version: "1.0.0" },
  inputs: [
    { name: "pullRequest", type: "pickList", default: "comment, status", options: ["none", "comment", "status", "comment, status"], editable: true },
    shared.pullRequestName,
    shared.pullRequestThread,
    shared.gitHubConnection,
  ],
  outputs: [
    { name: "passed", type: "boolean" },
    { name: "pullRequestId", type: "string" },
    { name: "evidence", type: "string" },
  ],
});
