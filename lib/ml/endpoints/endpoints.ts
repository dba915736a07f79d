// Online endpoints: their state, their traffic, and how one gets in.
// Tests: test/lib/ml/endpoints/serving.test.ts, test/lib/ml/rollout/rollout-plan.test.ts
import { askOfficially, finish, segment } from "../../azure/index.ts";
import { API_VERSIONS, type Write } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
import { agreed } from "../workspace/contradiction.ts";
import { envelope, sendable } from "../workspace/merge.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { write } from "../workspace/write.ts";

export interface Endpoint {
  readonly id?: string;
  readonly name?: string;
  readonly location?: string;
  readonly kind?: string | null;
  readonly tags?: Record<string, string> | null;
  readonly identity?: { readonly [key: string]: unknown } | null;
  readonly systemData?: { readonly createdAt?: string; readonly lastModifiedAt?: string } | null;
  readonly properties: EndpointProperties;
}
interface EndpointProperties {
  readonly [key: string]: unknown;
  readonly authMode?: string;
  readonly provisioningState?: string;
  readonly scoringUri?: string | null;
  readonly traffic?: Traffic | null;
  readonly mirrorTraffic?: Traffic | null;
}
/** Percent by deployment. */
export type Traffic = Readonly<Record<string, number>>;

/**
 * Whether Azure could not make an endpoint: its creation failed, so that it has no address (docs/facts/recorded-operations.md#3.2), and no
 * deployment of it is taken until it is made again (docs/facts/operations.md#A.8). That the same write makes it is not verified against live Azure.
 * One with traffic was made, whatever it shows now: making it again would take its traffic away.
 */
export const wasNeverMade = ({
  properties: { provisioningState, scoringUri, traffic, mirrorTraffic },
}: Endpoint): boolean =>
  /^(failed|cancell?ed)$/i.test(provisioningState ?? "") &&
  !scoringUri &&
  ![traffic, mirrorTraffic].some((shares) => Object.values(shares ?? {}).some((share) => share !== 0));

/** The error where an endpoint was never made, and there is no file to make it from. */
export const neverMade = (name: string, endpoint: Endpoint): TaskError =>
  new TaskError("conflict", `${sayNeverMade(name, endpoint)} Nothing was changed.`, {
    errorCode: "AML1603",
    hint: "Name its YAML with the input endpointFile, from which it is made again; or delete it.",
  });

/** The sentence about an endpoint that was never made. */
export const sayNeverMade = (name: string, { properties }: Endpoint): string =>
  `The endpoint ${name} is ${properties.provisioningState}: Azure could not make it, so it takes no deployment.`;

const pathOf = (workspace: Workspace, name: string) =>
  `${workspace.id}/onlineEndpoints/${segment(name, "the endpoint's name")}`;

/**
 * The endpoint, or undefined where it is not there. One round trip, and another where it is not: an endpoint that is made
 * anew loses its traffic, so it must not have deployments either.
 * @throws TaskError `service` where it is not there and has deployments, however often it is read
 */
export function findEndpoint(workspace: Workspace, name: string): Promise<Endpoint | undefined> {
  return agreed(
    `the endpoint ${name}`,
    workspace.signal,
    () => readEndpoint(workspace, name),
    async (seen) =>
      seen === undefined && (await hasDeployments(workspace, name))
        ? "it is not there, and has deployments"
        : undefined,
  );
}

async function hasDeployments(workspace: Workspace, name: string): Promise<boolean> {
  const { azure, signal } = workspace;
  const answer = await azure.request<{ value: unknown[] }>("GET", `${pathOf(workspace, name)}/deployments`, {
    doing: `list the deployments of the endpoint ${name}`,
    promises: "list",
    expect: [404],
    signal,
  });
  return answer.status !== 404 && (answer.body?.value.length ?? 0) > 0;
}

async function readEndpoint(workspace: Workspace, name: string): Promise<Endpoint | undefined> {
  const answer = await workspace.azure.request<Endpoint>("GET", pathOf(workspace, name), {
    doing: `read the endpoint ${name}`,
    promises: "resource",
    apiVersion: API_VERSIONS.onlineEndpoints,
    expect: [404],
    signal: workspace.signal,
  });
  return answer.status === 404 ? undefined : answer.body;
}

/**
 * All online endpoints of the workspace. One round trip a page, two lists side by side: whether a list that asks for no kind of compute has those
 * on Kubernetes is not known.
 */
export async function listEndpoints(workspace: Workspace): Promise<Endpoint[]> {
  const lists = await Promise.all([undefined, "Kubernetes"].map((computeType) => endpointsOn(workspace, computeType)));
  return [...new Map(lists.flat().map((one) => [one.name?.toLowerCase(), one])).values()];
}

async function endpointsOn(workspace: Workspace, computeType: string | undefined): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  const pages = workspace.azure.list<Endpoint>(`${workspace.id}/onlineEndpoints`, {
    doing: "list the online endpoints",
    apiVersion: API_VERSIONS.onlineEndpoints,
    query: { computeType },
    signal: workspace.signal,
  });
  for await (const one of pages) endpoints.push(one);
  return endpoints;
}

/** @throws TaskError `notFound` that names the endpoints there are */
export async function getEndpoint(workspace: Workspace, name: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(workspace, name);
  if (endpoint) return endpoint;
  throw await noSuchEndpoint(workspace, name);
}

export async function noSuchEndpoint(workspace: Workspace, name: string, hint?: string): Promise<TaskError> {
  const names: string[] = [];
  for await (const one of workspace.azure.list<Endpoint>(`${workspace.id}/onlineEndpoints`, {
    signal: workspace.signal,
  })) {
    if (one.name) names.push(one.name);
    if (names.length === 200) break;
  }
  const there = whatItHas(name, names.sort());
  return new TaskError("notFound", `The workspace ${workspace.name} has no online endpoint "${name}"; ${there}`, {
    errorCode: "AML1210",
    status: 404,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The write of an endpoint whose body was made of what is there, at the version at which its YAML is written. */
export function endpointWrite(name: string, body: object): Write {
  return {
    method: "PUT",
    path: `onlineEndpoints/${segment(name, "the endpoint's name")}`,
    apiVersion: API_VERSIONS.onlineEndpoints,
    body: body as Record<string, unknown>,
  };
}

/**
 * Creates or updates an endpoint, waits until that is done and reads it. A body that was made of what was read is sent with
 * `again: false`, and its caller makes another one (`readModifyWrite`).
 * @param options.onAccepted called as soon as the service has accepted it
 */
export async function putEndpoint(
  workspace: Workspace,
  name: string,
  document: Write,
  options: { deadline?: number | undefined; onAccepted?: () => void; again?: boolean } = {},
): Promise<Endpoint> {
  const doing = `create or update the endpoint ${name}`;
  await write(workspace, document, { ...options, doing, what: `the endpoint ${name} to be ready` });
  return getEndpoint(workspace, name);
}

/**
 * Asks once for the removal of an endpoint with all its deployments; one that is not there is fine. Where the outcome is unknown, the caller
 * reads and judges the endpoint again (`readModifyWrite`): by then it may be another one of the same name. That the deployments go with it is how
 * `az ml online-endpoint delete` is described; no recording shows it (docs/facts/recorded-operations.md#2.4).
 * @returns waits for the end of the removal
 */
export async function deleteEndpoint(
  workspace: Workspace,
  name: string,
): Promise<(deadline?: number) => Promise<void>> {
  const { azure, signal } = workspace;
  const answer = await azure.request("DELETE", pathOf(workspace, name), {
    doing: `delete the endpoint ${name}`,
    apiVersion: API_VERSIONS.onlineEndpoints,
    again: false,
    expect: [404],
    signal,
  });
  return (deadline) => finish(azure, answer, { what: `the endpoint ${name} to be deleted`, signal, deadline });
}

/** The body of an endpoint with another traffic, other tags and another mirror: what is not managed here stays, what is read-only goes. */
export function withTraffic(
  endpoint: Endpoint,
  traffic: Traffic,
  tags: Readonly<Record<string, string>> = endpoint.tags ?? {},
  mirrorTraffic?: Traffic,
): object {
  return {
    ...envelope(endpoint),
    tags,
    properties: { ...sendable(endpoint.properties), traffic, ...(mirrorTraffic ? { mirrorTraffic } : {}) },
  };
}

/** The credential for the Authorization header of a call: a key, or a token. One round trip. Never logged. */
export async function endpointCredential(
  workspace: Workspace,
  name: string,
  authMode: string | undefined,
): Promise<string> {
  const { azure, resourceGroup, signal } = workspace;
  // Refused here as everywhere; the official client escapes names by itself.
  segment(name, "the endpoint's name");
  switch ((authMode ?? "Key").toLowerCase()) {
    case "aadtoken":
      return azure.token(azure.cloud.mlScope, signal);
    case "amltoken": {
      const { accessToken } = await askOfficially(
        azure,
        {
          doing: `get a token for the endpoint ${name}`,
          promises: (body) => "accessToken" in body,
          repeats: true,
          signal,
        },
        (client) => client.onlineEndpoints.getToken(resourceGroup, workspace.name, name),
      );
      return need(accessToken, name, "token");
    }
    default: {
      const { primaryKey, secondaryKey } = await askOfficially(
        azure,
        {
          doing: `get the keys of the endpoint ${name}`,
          promises: (body) => "primaryKey" in body || "secondaryKey" in body,
          repeats: true,
          signal,
        },
        (client) => client.onlineEndpoints.listKeys(resourceGroup, workspace.name, name),
      );
      return need(primaryKey ?? secondaryKey, name, "key");
    }
  }
}

function need(value: string | null | undefined, name: string, what: string): string {
  if (value) return value;
  throw new TaskError("service", `Azure gave no ${what} for the endpoint ${name}.`, { errorCode: "AML1111" });
}
