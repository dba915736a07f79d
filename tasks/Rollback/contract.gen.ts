// Made from tasks/Rollback/task.json by `npm run generate`: change tasks/Rollback/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "deploymentName" | "requestFile" | "expectations" | "maxLatencyInMilliseconds" | "allowedFolders" | "plan" | "traceability" | "timeoutInMinutes"> & {
  /** Name of the endpoint. Where a file names one too, this input counts. */
  endpointName: string;
} & ConnectionType;

export interface Outputs {
  /** Name of the endpoint. */
  endpointName: string;
  /** Deployment that has the traffic now. */
  deploymentName: string;
  /** Deployment that had most of the traffic before; empty where nothing was changed. */
  previousDeployment: string;
  /** `true` where the traffic was moved; `false` where it was there already. */
  changed: boolean;
  /** Traffic of the endpoint by deployment, as JSON. */
  traffic: Readonly<Record<string, string | number>>;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "a675c226-c6b5-402e-b537-1551f6a5ba05", name: "AzureMLRollback", friendlyName: "Azure ML: Roll back endpoint", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "endpointName", type: "string", required: true },
    shared.deploymentName,
    shared.requestFile,
    shared.expectations,
    shared.maxLatencyInMilliseconds,
    shared.allowedFolders,
    shared.plan,
    shared.traceability,
    { name: "timeoutInMinutes", type: "int", default: "30" },
  ],
  outputs: [
    { name: "endpointName", type: "string" },
    { name: "deploymentName", type: "string" },
    { name: "previousDeployment", type: "string" },
    { name: "changed", type: "boolean" },
    { name: "traffic", type: "json" },
  ],
});
