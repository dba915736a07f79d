// Prepares a rollout: creates the endpoint where it is missing, and requires deployments in a state that can be changed.
// Tests: test/lib/ml/rollout/rollout-meetings.test.ts

import { LONGEST_NAMES_ON_KUBERNETES, type OnlineEndpointDocument, onlineEndpointKind } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { poll } from "../../poll.ts";
import { createResolver } from "../assets/resolve.ts";
import { answers, findDeployment } from "../endpoints/deployments.ts";
import type { Held } from "../endpoints/endpoint-lock.ts";
import { type Endpoint, putEndpoint, type Traffic } from "../endpoints/endpoints.ts";
import { shareOf } from "../endpoints/traffic-shares.ts";
import { lineageTags, RESOURCE_TAG } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { DeploymentBody } from "./rollout-wish.ts";

/**
 * Makes the endpoint, without traffic: that can only go to deployments that are there.
 * @param deadline milliseconds from now; undefined: none
 * @param onAccepted called as soon as the service has accepted it
 */
export async function createEndpoint(
  workspace: Workspace,
  document: OnlineEndpointDocument | undefined,
  held: Held,
  deadline: number | undefined,
  onAccepted: () => void,
): Promise<void> {
  if (document === undefined)
    throw new TaskError("notFound", "The endpoint is not there any more.", { errorCode: "AML1603" });
  const { traffic: _traffic, mirror_traffic: _mirror, ...rest } = document;
  const write = await onlineEndpointKind.translate(rest, createResolver(workspace));
  const body = { ...write.body, tags: withRun(workspace, write.body["tags"]) };
  await held.requireHeld();
  await putEndpoint(workspace, document.name, { ...write, body }, { deadline, onAccepted });
  workspace.log.info(`Made the endpoint ${document.name}.`);
}

/** The tags that a file gives an endpoint or a deployment, and those of the run that makes it. */
export function withRun({ provenance }: Workspace, tags: unknown): Record<string, string> {
  const given = { ...(tags as Readonly<Record<string, string>> | null | undefined) };
  return { ...lineageTags(provenance, given, RESOURCE_TAG), ...given };
}

/**
 * Reads that contradict each other change nothing: an endpoint that is wrongly taken for missing would be made again,
 * without its traffic.
 * @param deployments how many the service lists below an endpoint that it says is not there
 */
export function requireAgreement(endpoint: string, deployments: number, wasThere: boolean): void {
  if (deployments === 0 && !wasThere) return;
  const but = deployments > 0 ? `that it has ${deployments} deployments` : "has shown it a moment ago";
  throw new TaskError(
    "service",
    `Azure says that there is no endpoint ${endpoint}, and ${but}, so nothing was changed.`,
    { errorCode: "AML1109", hint: "Run the step again; if somebody has just deleted the endpoint, that will show." },
  );
}

/** The error where a deployment that was to be changed got traffic meanwhile: another run made it live. */
export function requireIdle(endpoint: string, name: string, traffic: Traffic): void {
  const share = shareOf(traffic, name);
  if (share === 0) return;
  throw new TaskError(
    "conflict",
    `While this step waited for another operation, the deployment ${name} of ${endpoint} got ${share} % of the traffic, so it is left as it is.`,
    { errorCode: "AML1603", hint: "Run the step again: it plans again, beside what is live then." },
  );
}

/**
 * Traffic goes only to deployments that are ready now: the state is read again. One on which an operation is under way is told as the service
 * tells that it is busy, so that its end is waited for: autoscale, or somebody who writes a tag, begins one at any time.
 * @throws TaskError `conflict`, with the status 409 while an operation is under way
 */
export async function requireReady(workspace: Workspace, endpoint: string, name: string): Promise<void> {
  if (workspace.azure.dryRun) return;
  const there = await findDeployment(workspace, endpoint, name);
  const state = there?.properties.provisioningState;
  if (there && answers(there)) return;
  throw new TaskError(
    "conflict",
    `The deployment ${name} of ${endpoint} is ${there ? state : "not there any more"}, so it gets no traffic.`,
    {
      errorCode: "AML1603",
      hint: "See in the studio who has changed it, and run the step again.",
      ...(/^updating$/i.test(state ?? "") ? { status: 409 } : {}),
    },
  );
}

/**
 * Waits while an operation is at a deployment.
 * @param deadline milliseconds from now; undefined: none
 */
export async function untilSettled(
  workspace: Workspace,
  endpoint: string,
  name: string,
  deadline: number | undefined,
): Promise<void> {
  const { log, signal } = workspace;
  log.info(`Another operation is under way on the deployment ${name}; waiting for its end.`);
  await poll(
    async () => {
      const state = (await findDeployment(workspace, endpoint, name))?.properties.provisioningState ?? "";
      return /^(creating|updating|scaling|deleting)$/i.test(state) ? { done: false } : { done: true, value: undefined };
    },
    {
      what: `the deployment ${name} to be ready`,
      signal,
      maximum: 15_000,
      ...(deadline === undefined ? {} : { deadline }),
    },
  );
}

const isOnKubernetes = ({ properties }: DeploymentBody) => properties["endpointComputeType"] === "Kubernetes";

/** Characters that the name of a deployment may have: on Kubernetes both names have 62 together (docs/facts/operations.md#A.6). */
export const longestName = (endpoint: string, body: DeploymentBody): number =>
  isOnKubernetes(body) ? Math.min(32, LONGEST_NAMES_ON_KUBERNETES - endpoint.length) : 32;

/**
 * A deployment stands where its endpoint does: on machines that Azure manages, or on an attached Kubernetes cluster.
 * @param document from which the endpoint is made, if it is not there
 * @throws TaskError kind `input` before anything is changed
 */
export function requireItsCompute(
  name: string,
  endpoint: Endpoint | undefined,
  document: OnlineEndpointDocument | undefined,
  body: DeploymentBody,
): void {
  const compute = endpoint === undefined ? document?.compute : endpoint.properties["compute"];
  const hasCluster = compute !== undefined && compute !== null && compute !== "";
  if (hasCluster === isOnKubernetes(body)) return;
  throw new TaskError(
    "input",
    hasCluster
      ? `The endpoint ${name} stands on a Kubernetes cluster, and the deployment file is one of a managed deployment, so nothing was changed.`
      : `The endpoint ${name} is a managed one, and the deployment file is one of a deployment on Kubernetes, so nothing was changed.`,
    {
      errorCode: "AML1313",
      hint: hasCluster
        ? "Write `type: kubernetes` in the deployment file, with `resources` or an instance_type of the cluster."
        : "Write `type: managed` and an `instance_type` in the deployment file, or name an endpoint that has a `compute`.",
    },
  );
}
