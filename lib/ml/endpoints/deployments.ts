// Deployments of an online endpoint: list, put, remove, and their logs when something is wrong.
// Tests: test/lib/ml/endpoints/serving.test.ts, test/lib/ml/rollout/rollout-plan.test.ts
import { finish, segment } from "../../azure/index.ts";
import { API_VERSIONS, type Write } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { send } from "../workspace/write.ts";

export interface Deployment {
  readonly id?: string;
  readonly name?: string;
  readonly location?: string;
  readonly kind?: string | null;
  readonly tags?: Record<string, string> | null;
  readonly sku?: { readonly name?: string; readonly tier?: string; readonly capacity?: number } | null;
  readonly identity?: { readonly [key: string]: unknown } | null;
  readonly systemData?: { readonly createdAt?: string; readonly lastModifiedAt?: string } | null;
  readonly properties: DeploymentProperties;
}
interface DeploymentProperties {
  readonly [key: string]: unknown;
  readonly model?: string | null;
  readonly provisioningState?: string;
  readonly properties?: Record<string, string> | null;
}

/** Whether a deployment answers requests: also while Azure adds instances to it, or takes some away (docs/facts/operations.md#A.6). */
export const answers = ({ properties }: Pick<Deployment, "properties">): boolean =>
  /^(succeeded|scaling)$/i.test(properties.provisioningState ?? "");

const pathOf = (workspace: Workspace, endpoint: string, name?: string) =>
  `${workspace.id}/onlineEndpoints/${segment(endpoint, "the endpoint's name")}/deployments${name === undefined ? "" : `/${segment(name, "the deployment's name")}`}`;

/** All deployments; none where the endpoint is not there. One round trip a page. */
export async function listDeployments(workspace: Workspace, endpoint: string): Promise<Deployment[]> {
  const deployments: Deployment[] = [];
  const pages = workspace.azure.list<Deployment>(pathOf(workspace, endpoint), {
    doing: `list the deployments of the endpoint ${endpoint}`,
    apiVersion: API_VERSIONS.onlineDeployments,
    signal: workspace.signal,
  });
  try {
    for await (const one of pages) deployments.push(one);
  } catch (error) {
    if (!(error instanceof TaskError) || error.status !== 404) throw error;
  }
  return deployments;
}

/**
 * Sends the deployment's write.
 * @returns waits until the deployment is ready
 */
export async function putDeployment(
  workspace: Workspace,
  endpoint: string,
  name: string,
  write: Write,
  waiting: { deadline: () => number | undefined; onState?: (state: string) => void },
): Promise<() => Promise<void>> {
  const { deadline, ...telling } = waiting;
  const doing = `create or update the deployment ${name} of the endpoint ${endpoint}`;
  const accepted = await send<Deployment>(workspace, write, { doing });
  return () => accepted.finished({ what: `the deployment ${name} to be ready`, deadline: deadline(), ...telling });
}

/** The deployment, or undefined where it is not there. One round trip. */
export async function findDeployment(
  workspace: Workspace,
  endpoint: string,
  name: string,
): Promise<Deployment | undefined> {
  const answer = await workspace.azure.request<Deployment>("GET", pathOf(workspace, endpoint, name), {
    doing: `read the deployment ${name} of the endpoint ${endpoint}`,
    promises: "resource",
    apiVersion: API_VERSIONS.onlineDeployments,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/**
 * Whether the service refused a write of a deployment because its first provisioning failed: it takes no other specification, and has to be
 * deleted before it is made anew (docs/facts/operations.md#A.8). The state alone does not say so: one that was ready once can be changed.
 */
export const isUnrecoverable = (error: unknown): error is TaskError =>
  error instanceof TaskError && error.status === 400 && /failed during initial provisioning/i.test(error.message);

/** The number of attempts to delete if Azure answers that the deployment does not exist, although it can be read. */
const DELETES = 3;

/**
 * Asks for the removal of a deployment; one that is not there is fine. The service refuses it for a deployment with traffic,
 * and while the deployment is being made.
 * @returns waits for the end of the removal
 */
export async function deleteDeployment(
  workspace: Workspace,
  endpoint: string,
  name: string,
): Promise<(deadline?: number) => Promise<void>> {
  const { azure, signal } = workspace;
  const at = pathOf(workspace, endpoint, name);
  for (let asked = 1; ; asked++) {
    const answer = await azure.request("DELETE", at, {
      doing: `delete the deployment ${name} of the endpoint ${endpoint}`,
      expect: [404],
      signal,
    });
    if (answer.status !== 404)
      return async (deadline) => {
        await finish(azure, answer, { what: `the deployment ${name} to be deleted`, signal, deadline });
      };
    // A deployment counts as deleted only once it cannot be read any more.
    const look = await azure.request("GET", at, { doing: `look for the deployment ${name}`, expect: [404], signal });
    if (look.status === 404) return async () => {};
    if (asked === DELETES)
      throw new TaskError(
        "service",
        `Azure said ${asked} times that the deployment ${name} of the endpoint ${endpoint} is not there, but it can still be read.`,
        { errorCode: "AML1109", hint: "Delete it in studio, or run the step again." },
      );
  }
}

/** The last lines of both containers of a deployment; empty where there are none. Two round trips side by side. */
export async function deploymentLogs(
  workspace: Workspace,
  endpoint: string,
  name: string,
  tail = 100,
): Promise<Record<string, string>> {
  const { azure, signal } = workspace;
  const containers = ["StorageInitializer", "InferenceServer"];
  const logs = await Promise.all(
    containers.map(async (containerType) => {
      try {
        const at = `${pathOf(workspace, endpoint, name)}/getLogs`;
        const answer = await azure.request<{ content?: string | null }>("POST", at, {
          doing: `read the log of the deployment ${name}`,
          body: { containerType, tail },
          promises: (body) => "content" in body,
          repeats: true,
          signal,
        });
        return [containerType, answer.body?.content ?? ""] as const;
      } catch (error) {
        workspace.log.debug(`No log of ${containerType}: ${error instanceof Error ? error.message : String(error)}`);
        return [containerType, ""] as const;
      }
    }),
  );
  return Object.fromEntries(logs.filter(([, text]) => text.trim() !== ""));
}
