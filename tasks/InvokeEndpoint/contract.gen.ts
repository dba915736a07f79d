// Made from tasks/InvokeEndpoint/task.json by `npm run generate`: change tasks/InvokeEndpoint/contract.json, not this file.
import { type Contract, contractOf } from "../../lib/agent/inputs.ts";
import type { ConnectionType, SharedInputs } from "../shared/inputs.gen.ts";
import * as shared from "../shared/inputs.gen.ts";

export type Inputs = Pick<SharedInputs, "deploymentName" | "expectations" | "maxLatencyInMilliseconds" | "allowedFolders"> & {
  /** Name of the endpoint. Where a file names one too, this input counts. */
  endpointName: string;
  /** JSON file that is sent to the endpoint as a request. Where it may be left empty, traffic moves without a call first. */
  requestFile: string;
  /** For serverless endpoints: the path below the endpoint's address that is called, as in `/embeddings`. Left empty it is `/chat/completions`. */
  requestPath: string | undefined;
} & ConnectionType;

export interface Outputs {
  /** Body of the reply, at most its first 30,000 characters. */
  reply: string;
  /** HTTP status of the reply. */
  statusCode: string;
  /** Milliseconds from the request to the end of the reply. */
  latencyInMilliseconds: string;
  /** Deployment that answered. */
  deploymentName: string;
}

export const contract: Contract<Inputs, Outputs> = contractOf({
  task: { id: "f22f3d55-1d1b-4177-91e1-2a8f8b58266e", name: "AzureMLInvokeEndpoint", friendlyName: "Azure ML: Invoke endpoint", version: "1.0.0" },
  inputs: [
    ...shared.connectionTypeInputs,
    { name: "endpointName", type: "string", required: true },
    shared.deploymentName,
    { name: "requestFile", type: "filePath", required: true },
    { name: "requestPath", type: "string" },
    shared.expectations,
    shared.maxLatencyInMilliseconds,
    shared.allowedFolders,
  ],
  outputs: [
    { name: "reply", type: "string" },
    { name: "statusCode", type: "string" },
    { name: "latencyInMilliseconds", type: "string" },
    { name: "deploymentName", type: "string" },
  ],
});
