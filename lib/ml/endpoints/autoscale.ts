// Autoscale of a deployment: Azure Monitor's settings, written once the deployment is ready and deleted with it. From then on they own its
// instance count, and a rollout leaves it alone (docs/facts/operations.md#A.9).
// Tests: test/lib/ml/endpoints/autoscale.test.ts
import { segment } from "../../azure/index.ts";
import { type AutoscaleDocument, autoscaleBody } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { differences } from "../workspace/compare.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { send } from "../workspace/write.ts";
import type { Deployment } from "./deployments.ts";

/** Tag of a deployment whose instance count autoscale owns: the name of its settings. */
export const AUTOSCALE_TAG = "azureDevOps.autoscale";
const API_VERSION = "2022-10-01";

interface Setting {
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly properties?: { readonly targetResourceUri?: string | null; readonly [key: string]: unknown } | null;
}

/** The name of a deployment's settings: the same in each run. */
export const autoscaleName = (endpoint: string, deployment: string): string => `${endpoint}-${deployment}`;

function pathOf(workspace: Workspace, name: string): string {
  const group = workspace.id.slice(0, workspace.id.toLowerCase().indexOf("/providers/"));
  return `${group}/providers/Microsoft.Insights/autoscalesettings/${segment(name, "the name of the autoscale settings")}`;
}

const deploymentId = (workspace: Workspace, endpoint: string, deployment: string): string =>
  `${workspace.id}/onlineEndpoints/${segment(endpoint, "the endpoint's name")}/deployments/${segment(deployment, "the deployment's name")}`;

async function find(workspace: Workspace, name: string): Promise<Setting | undefined> {
  const answer = await workspace.azure.request<Setting>("GET", pathOf(workspace, name), {
    doing: `read the autoscale settings ${name}`,
    promises: "resource",
    apiVersion: API_VERSION,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/**
 * Writes the settings of a deployment that is ready, if they are not what is there already. Two sequential round trips, or one.
 * @returns their name
 * @throws TaskError `conflict` where settings of this name scale something else
 */
export async function applyAutoscale(
  workspace: Workspace,
  endpoint: string,
  deployment: string,
  document: AutoscaleDocument,
): Promise<string> {
  const { log } = workspace;
  const name = autoscaleName(endpoint, deployment);
  const ids = {
    deployment: deploymentId(workspace, endpoint, deployment),
    endpoint: `${workspace.id}/onlineEndpoints/${endpoint}`,
  };
  const body = autoscaleBody(document, ids, workspace.location);
  try {
    const there = await find(workspace, name);
    const target = there?.properties?.targetResourceUri;
    if (target && target.toLowerCase() !== ids.deployment.toLowerCase()) throw ofAnother(name, target);
    if (
      there &&
      differences(
        { properties: body.properties, tags: body.tags },
        { properties: there.properties, tags: there.tags ?? {} },
      ).length === 0
    ) {
      log.info(`The autoscale settings ${name} stay as they are.`);
      return name;
    }
    await send(
      workspace,
      { method: "PUT", path: pathOf(workspace, name), apiVersion: API_VERSION, body: { ...body } },
      { doing: `write the autoscale settings ${name} of the deployment ${deployment}` },
    );
  } catch (error) {
    throw error instanceof TaskError && error.kind === "forbidden" ? mayNot(workspace, error) : error;
  }
  log.info(`Autoscale owns the instance count of ${deployment} from now on: settings ${name} of Azure Monitor.`);
  return name;
}

/** The error where the name is taken: whoever wrote over it would leave another resource without its autoscale. */
const ofAnother = (name: string, target: string): TaskError =>
  new TaskError("conflict", `The autoscale settings ${name} are those of ${target}, so they were not changed.`, {
    errorCode: "AML1611",
    hint: "Give the deployment another name, or delete these settings if nobody needs them any more.",
  });

function mayNot(workspace: Workspace, error: TaskError): TaskError {
  return new TaskError("forbidden", error.message, {
    cause: error,
    hint: `Give the service connection's identity a role on the resource group ${workspace.resourceGroup} that has Microsoft.Insights/autoscaleSettings/read and /write, such as Contributor: AzureML Data Scientist has neither.`,
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
    ...(error.status === undefined ? {} : { status: error.status }),
  });
}

/** Whether autoscale owns the instance count of a deployment, as its tag says. */
export const isAutoscaled = ({ tags }: Pick<Deployment, "tags">): boolean => tags?.[AUTOSCALE_TAG] !== undefined;

/**
 * Deletes the settings of a deployment that is gone. Anybody may write its tag, so that only settings go whose target it is. A failure is a
 * warning: settings without a target do nothing.
 */
export async function deleteAutoscale(workspace: Workspace, endpoint: string, gone: Deployment): Promise<void> {
  const name = gone.tags?.[AUTOSCALE_TAG];
  if (name === undefined || gone.name === undefined) return;
  try {
    const there = await find(workspace, name);
    const id = deploymentId(workspace, endpoint, gone.name);
    if (there?.properties?.targetResourceUri?.toLowerCase() !== id.toLowerCase()) return;
    await workspace.azure.request("DELETE", pathOf(workspace, name), {
      doing: `delete the autoscale settings ${name}`,
      apiVersion: API_VERSION,
      expect: [404],
      signal: workspace.signal,
    });
    workspace.log.info(`Deleted the autoscale settings ${name} with their deployment.`);
  } catch (error) {
    if (workspace.signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    workspace.log.warn(`The autoscale settings ${name} of the deployment ${gone.name}, which is deleted, stay: ${why}`);
  }
}
