// Made from tasks/CheckSetup/task.json by `npm run generate`: change tasks/CheckSetup/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = {
  /** Tasks whose roles are checked, one a line or separated by commas: `SubmitJob, RegisterModel`. Left empty, all of this extension's: a connection for tasks without an agent is then no condition, and rights to start runs are one only where `rights` names `builds`. */
  tasks: string | undefined;
  /** Names of computes that jobs use, one a line or separated by commas: their state and quota are checked. Left empty, none is. */
  computes: string | undefined;
  /** Names of online endpoints that the pipeline calls, one a line or separated by commas. Leave out those that a deployment is to make. */
  endpoints: string | undefined;
  /** What the pipeline does in Azure DevOps, one a line or separated by commas: `builds`, `tests`, `pullRequests`, `workItems`. The step fails when one of these rights is missing. Left empty, it fails only for rights that the tasks themselves need, and warns for the others. */
  rights: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** `true` if no check failed. */
  ok: boolean;
  /** Names of the checks that failed, one a line. */
  failed: string;
  /** Names of the checks that could not be made, or that miss something which may not matter, one a line. */
  warned: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "26596940-976e-4fb3-aad4-36c3af397b8b", name: "AzureMLCheckSetup", friendlyName: "Azure ML: Check setup", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
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
