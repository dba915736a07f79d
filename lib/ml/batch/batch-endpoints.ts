// Batch endpoints and their deployments: which one an invocation is for, and whether it can be invoked.
// Tests: test/lib/ml/batch/invoke-batch.test.ts
import { segment } from "../../azure/index.ts";
import { API_VERSIONS } from "../../documents/language/asset-write.ts";
import { TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
import type { Resource } from "../workspace/merge.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface BatchEndpoint extends Resource {
  readonly properties: {
    readonly [key: string]: unknown;
    readonly scoringUri?: string | null;
    readonly provisioningState?: string;
    readonly defaults?: { readonly deploymentName?: string | null } | null;
  };
}

export interface BatchDeployment extends Resource {
  readonly properties: {
    readonly [key: string]: unknown;
    readonly provisioningState?: string;
    readonly outputFileName?: string | null;
    /** The pipeline component that it runs; absent or null where it serves a model. */
    readonly deploymentConfiguration?: { readonly componentId?: { readonly assetId?: string } | null } | null;
  };
}

/** An endpoint, and the deployment of it that is to be invoked. */
export interface BatchTarget {
  readonly endpoint: string;
  readonly deployment: string;
  readonly scoringUri: string;
  /** The endpoint's default when it was read; undefined where there is none. */
  readonly defaultDeployment: string | undefined;
  /** Whether it runs a pipeline component, which takes other inputs than a model does. */
  readonly runsPipeline: boolean;
  /** The file of a model's predictions, as the deployment says it. */
  readonly outputFileName: string | undefined;
}

const pathOf = ({ id }: Workspace, endpoint: string, deployment?: string) =>
  `${id}/batchEndpoints/${segment(endpoint, "the endpoint's name")}${deployment === undefined ? "" : `/deployments/${segment(deployment, "the deployment's name")}`}`;

/** The endpoint, or undefined where it is not there. One round trip. */
export async function findBatchEndpoint(workspace: Workspace, name: string): Promise<BatchEndpoint | undefined> {
  const answer = await workspace.azure.request<BatchEndpoint>("GET", pathOf(workspace, name), {
    doing: `read the batch endpoint ${name}`,
    promises: "resource",
    apiVersion: API_VERSIONS.batchEndpoints,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** The deployment, or undefined where it is not there. One round trip. */
export async function findBatchDeployment(
  workspace: Workspace,
  endpoint: string,
  name: string,
): Promise<BatchDeployment | undefined> {
  const answer = await workspace.azure.request<BatchDeployment>("GET", pathOf(workspace, endpoint, name), {
    doing: `read the deployment ${name} of the batch endpoint ${endpoint}`,
    promises: "resource",
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/** The names below a path, for an error that says what there is. */
async function namesAt({ azure, signal }: Workspace, at: string, word: string): Promise<string> {
  const names: string[] = [];
  for await (const one of azure.list<Resource>(at, { signal })) {
    if (one.name) names.push(one.name);
    if (names.length === 200) break;
  }
  return whatItHas(word, names.sort());
}

/**
 * The target of an invocation. Two round trips where no deployment is named, otherwise one: both are read side by side.
 * @param deployment as the step names it; the endpoint's default where it names none
 * @throws TaskError `notFound` that names what there is, `conflict` where it cannot be invoked as it stands
 */
export async function batchTarget(
  workspace: Workspace,
  endpoint: string,
  deployment: string | undefined,
): Promise<BatchTarget> {
  const named = deployment === undefined ? undefined : findBatchDeployment(workspace, endpoint, deployment);
  named?.catch(() => {});
  const found = await findBatchEndpoint(workspace, endpoint);
  if (found === undefined) throw await noSuchEndpoint(workspace, endpoint);
  const defaultDeployment = found.properties.defaults?.deploymentName || undefined;
  const wanted = deployment ?? defaultDeployment;
  if (wanted === undefined) throw await noDefault(workspace, endpoint);
  const there = await (named ?? findBatchDeployment(workspace, endpoint, wanted));
  if (there === undefined) throw await noSuchDeployment(workspace, endpoint, wanted);
  const { scoringUri } = found.properties;
  requireReady(`The batch endpoint ${endpoint}`, found.properties.provisioningState);
  requireReady(`The deployment ${wanted} of the batch endpoint ${endpoint}`, there.properties.provisioningState);
  if (!scoringUri?.startsWith("https://"))
    throw new TaskError(
      "service",
      `The batch endpoint ${endpoint} has no address over https to be invoked at, so no token was sent.`,
      { errorCode: "AML1609", hint: "Look at the endpoint in the studio: it may be broken, or still being made." },
    );
  return {
    endpoint,
    deployment: there.name ?? wanted,
    scoringUri,
    defaultDeployment,
    outputFileName: there.properties.outputFileName || undefined,
    runsPipeline: (there.properties.deploymentConfiguration ?? undefined) !== undefined,
  };
}

function requireReady(what: string, state = "Succeeded"): void {
  if (/^(succeeded|updating)$/i.test(state)) return;
  throw new TaskError("conflict", `${what} is ${state}, so it was not invoked.`, {
    errorCode: "AML1609",
    hint: "Deploy it again with AzureMLApply, or wait for what is under way, and run the step again.",
  });
}

async function noSuchEndpoint(workspace: Workspace, name: string): Promise<TaskError> {
  const there = await namesAt(workspace, `${workspace.id}/batchEndpoints`, name);
  return new TaskError("notFound", `The workspace ${workspace.name} has no batch endpoint "${name}"; ${there}`, {
    errorCode: "AML1210",
    status: 404,
    hint: "Correct the input endpointName. AzureMLApply makes a batch endpoint from its YAML; online endpoints are called by AzureMLInvokeEndpoint.",
  });
}

async function noSuchDeployment(workspace: Workspace, endpoint: string, name: string): Promise<TaskError> {
  const there = await namesAt(workspace, `${pathOf(workspace, endpoint)}/deployments`, name);
  return new TaskError("notFound", `The batch endpoint ${endpoint} has no deployment "${name}"; ${there}`, {
    errorCode: "AML1210",
    status: 404,
    hint: "Correct the input deploymentName, or deploy it with AzureMLApply.",
  });
}

async function noDefault(workspace: Workspace, endpoint: string): Promise<TaskError> {
  const there = await namesAt(workspace, `${pathOf(workspace, endpoint)}/deployments`, "");
  return new TaskError(
    "notFound",
    `The batch endpoint ${endpoint} has no default deployment, and the step names none; ${there}`,
    {
      errorCode: "AML1210",
      hint: "Name one with the input deploymentName, or make one the default: `defaults: {deployment_name: ...}` in the endpoint's YAML, or the input makeDefault.",
    },
  );
}
