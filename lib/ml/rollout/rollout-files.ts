// The files of a rollout: the endpoint's and the deployment's YAML, with the names and the model that the task was given.

import {
  type AutoscaleDocument,
  type DocumentOverrides,
  type OnlineDeploymentDocument,
  type OnlineEndpointDocument,
  onlineDeploymentKind,
  onlineEndpointKind,
  readAutoscale,
  readSource,
  refuseOther,
  type UploadRoot,
} from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { parseExpectations } from "../endpoints/expectations.ts";
import { type Call, readRequest } from "../endpoints/invoke.ts";
import { expiresTag, parseTimeToLive } from "../endpoints/time-to-live.ts";

export interface RolloutInputs {
  readonly endpointFile: string | undefined;
  readonly deploymentFile: string;
  readonly autoscaleFile?: string | undefined;
  readonly endpointName: string | undefined;
  readonly deploymentName: string | undefined;
  /** `<name>:<version>`, `<name>@<label>`, `azureml:…` or an ARM id. */
  readonly model: string | undefined;
  /** How long an endpoint lives that is made, as in `12h` or `7d`: it gets a tag for AzureMLCleanUp. */
  readonly endpointTimeToLive?: string | undefined;
}

export interface RolloutDocuments {
  readonly endpoint: OnlineEndpointDocument | undefined;
  readonly deployment: OnlineDeploymentDocument;
  readonly autoscale: AutoscaleDocument | undefined;
}

/**
 * Reads both files; what the inputs name counts before what the files say.
 * @param root the repository's folder
 * @throws TaskError kind `input` with file, line and column, or where the two files name different endpoints
 */
export function readRollout(inputs: RolloutInputs, root: UploadRoot): RolloutDocuments {
  const endpointSource = inputs.endpointFile === undefined ? undefined : readSource(inputs.endpointFile, { root });
  const endpoint =
    endpointSource &&
    onlineEndpointKind.parse(endpointSource, overridesBy({ name: ["endpointName", inputs.endpointName] }));
  const file = readSource(inputs.deploymentFile, { root });
  const written = file.node.entries.get("endpoint_name");
  const own = written?.kind === "scalar" ? written.text : undefined;
  if (endpointSource && endpoint && inputs.endpointName === undefined && own !== undefined && own !== endpoint.name) {
    // Names differ where one of the files is another than was meant.
    refuseOther(endpointSource, ["online endpoint"], "an online endpoint is needed here");
    refuseOther(file, ["online deployment"], "an online deployment is needed here");
    throw new TaskError(
      "input",
      `${file.name} is a deployment of the endpoint ${own}, and ${endpointSource.name} is the endpoint ${endpoint.name}.`,
      {
        errorCode: "AML1313",
        hint: "Make the two agree, or say which one it is with the input endpointName.",
        ...(written ? { where: written.where } : {}),
      },
    );
  }
  const model = inputs.model === undefined ? undefined : modelReference(inputs.model);
  const deployment = onlineDeploymentKind.parse(
    file,
    overridesBy({
      name: ["deploymentName", inputs.deploymentName],
      endpoint_name: ["endpointName", inputs.endpointName ?? endpoint?.name],
      model: ["model", model],
    }),
  );
  return { endpoint: mortal(endpoint, inputs), deployment, autoscale: readScaling(inputs, deployment, root) };
}

/** @throws TaskError kind `input` with the faults of the file, or where the deployment stands on Kubernetes, which scales by itself */
function readScaling({ autoscaleFile }: RolloutInputs, deployment: OnlineDeploymentDocument, root: UploadRoot) {
  if (autoscaleFile === undefined) return undefined;
  if (deployment.instance_type !== undefined && deployment.type !== "kubernetes" && deployment.resources === undefined)
    return readAutoscale(readSource(autoscaleFile, { root }));
  throw new TaskError(
    "input",
    `Input autoscaleFile is given, and ${deployment.name} is a deployment on Kubernetes: Azure Monitor scales managed deployments only.`,
    {
      errorCode: "AML1313",
      hint: "Write `scale_settings: {type: target_utilization, ...}` in the deployment file, and leave autoscaleFile empty.",
    },
  );
}

/** The endpoint's file with the end of its time to live among its tags, where an input asks for one. */
function mortal(endpoint: OnlineEndpointDocument | undefined, { endpointTimeToLive }: RolloutInputs) {
  if (endpointTimeToLive === undefined) return endpoint;
  const timeToLive = parseTimeToLive(endpointTimeToLive);
  if (endpoint !== undefined) return { ...endpoint, tags: { ...endpoint.tags, ...expiresTag(timeToLive, Date.now()) } };
  throw new TaskError(
    "input",
    "Input endpointTimeToLive is given, and no endpoint file from which an endpoint is made.",
    {
      errorCode: "AML1313",
      hint: "Name an endpoint YAML with the input endpointFile, or leave endpointTimeToLive empty.",
    },
  );
}

export interface CallInputs {
  readonly requestFile: string | undefined;
  readonly expectations: string | undefined;
  readonly maxLatencyInMilliseconds: number | undefined;
}

/**
 * Reads the call that the new deployment gets before its traffic; undefined without a request file.
 * @throws TaskError or TaskErrors kind `input`, also for expectations that no request goes with
 */
export function readCall(inputs: CallInputs, root: UploadRoot): Omit<Call, "deployment" | "onProgress"> | undefined {
  const expectations = parseExpectations(inputs.expectations);
  if (inputs.requestFile === undefined) return undefined;
  const { maxLatencyInMilliseconds } = inputs;
  return { request: readRequest(inputs.requestFile, root), expectations, maxLatencyInMilliseconds };
}

/** `az ml` wants `azureml:` in front of a name; people leave it out. */
function modelReference(text: string): string {
  return /^(azureml:|\/)/i.test(text) ? text : `azureml:${text}`;
}

/** Inputs that count before what a file says, by its fields; those that are empty say nothing. */
function overridesBy(given: Readonly<Record<string, readonly [input: string, value: string | undefined]>>): {
  overrides: DocumentOverrides;
} {
  const inputs = Object.entries(given).flatMap(([field, [input, value]]) =>
    value === undefined ? [] : [[field, { input, value }] as const],
  );
  return { overrides: { inputs: Object.fromEntries(inputs) } };
}
