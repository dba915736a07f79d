// Made from tasks/DeployEndpoint/task.json by `npm run generate`: change tasks/DeployEndpoint/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "endpointName" | "deploymentName" | "allowedFolders" | "preflight" | "plan" | "requestFile" | "expectations" | "maxLatencyInMilliseconds" | "timeoutInMinutes"> & {
  /** Path of the online endpoint YAML (CLI v2), from which the endpoint is made if it is missing. May be left out where the endpoint exists. */
  endpointFile: string | undefined;
  /** How long an endpoint lives that this step makes, in hours or days: `12h`, `7d`. The end is written to its tag `azureDevOps.expires`, and AzureMLCleanUp may delete the endpoint from then on. An endpoint that is there already is left as it is. Left empty, a new endpoint has no end. */
  endpointTimeToLive: string | undefined;
  /** Path of the online deployment YAML (CLI v2). Paths in it are relative to its own folder. */
  deploymentFile: string;
  /** Model to deploy in place of the deployment file's: `<name>:<version>`, `<name>@latest`, `azureml:...` or an id, as RegisterModel leaves it in its output variable `assetId`. */
  model: string | undefined;
  /** Share of the endpoint's traffic that the new deployment gets once it has answered, 0 to 100; the others keep their proportions in what is left. `0` leaves the traffic alone. */
  trafficPercent: number;
  /** Fails before anything is changed where the new deployment would get traffic and no request file is given to call it with first. Otherwise that is a warning. */
  requireCall: boolean;
  /** What to do with a deployment that this step made. The step gives back its share of the traffic in both cases, and shows the deployment's logs. A deployment that was there before is never deleted. */
  onFailure: "deleteDeployment" | "keepDeployment";
  /** Once the traffic has moved, deletes the endpoint's other deployments that no longer get any. If off, old deployments stay available for rollback and continue to be billed. */
  deleteOldDeployments: boolean;
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
    ...shared.connectionTypeInputs,
    { name: "endpointFile", type: "filePath" },
    { name: "endpointTimeToLive", type: "string" },
    { name: "deploymentFile", type: "filePath", required: true },
    shared.endpointName,
    shared.deploymentName,
    { name: "model", type: "string" },
    shared.allowedFolders,
    shared.preflight,
    shared.plan,
    shared.requestFile,
    shared.expectations,
    shared.maxLatencyInMilliseconds,
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
