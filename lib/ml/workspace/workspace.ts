// The workspace: its location, the hosts of its services, and a cache of what was asked of it in this run.

import { type AzureMl, segment, workspaceId } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { didYouMean } from "../../nearest-name.ts";
import type { Provenance } from "../../provenance.ts";
import { type Once, onceEach } from "./once.ts";

export interface Workspace {
  readonly azure: AzureMl;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly provenance: Provenance;
  /** ARM id, without a slash at the end; everything below it is `${id}/jobs/…`. */
  readonly id: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly location: string;
  /** MLflow's REST API: `https://<host>/mlflow/v2.0/subscriptions/…/workspaces/<name>/api/2.0/mlflow`. */
  readonly mlflowUrl: string;
  /**
   * A service of the workspace's own: `https://<host>/<service>/v1.0/subscriptions/…/workspaces/<name>`. Asks discovery
   * at the first call.
   */
  serviceUrl(service: "history" | "data"): Promise<string>;
  /** How the workspace stood when it was opened. */
  readonly standing: WorkspaceStanding;
  readonly once: Once;
}

/** The properties of the workspace beside its addresses; a field is absent where it does not say it. */
interface WorkspaceStanding {
  readonly provisioningState?: string;
  readonly publicNetworkAccess?: string;
  /** With a private endpoint it blocks the calls that these tasks make (docs/facts/operations.md#B.7). */
  readonly v1LegacyMode?: boolean;
  readonly privateLinkCount?: number;
  readonly discoveryUrl?: string;
  readonly managedNetwork?: {
    readonly isolationMode?: string;
    readonly status?: { readonly status?: string } | null;
  } | null;
}

export interface WorkspaceRequest {
  readonly azure: AzureMl;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly provenance: Provenance;
  /** Begins what needs no more than the workspace's address, beside the workspace's own answer. */
  readonly beside?: ((opening: OpeningWorkspace) => void) | undefined;
}

/** A workspace whose answer is on its way. */
export type OpeningWorkspace = Pick<Workspace, "azure" | "signal" | "id" | "name" | "once">;

/** A workspace as the resource manager answers it, as far as it is used. */
export interface WorkspaceBody {
  readonly id?: string;
  readonly name?: string;
  readonly location?: string;
  readonly properties?: WorkspaceStanding & {
    readonly mlFlowTrackingUri?: string;
    readonly workspaceId?: string;
  };
}

/** @throws TaskError kind `input` where one of the names is none */
const addressOf = ({ subscriptionId, resourceGroup, name }: WorkspaceRequest): string =>
  workspaceId(
    segment(subscriptionId, "the subscription"),
    segment(resourceGroup, "the resource group"),
    segment(name, "the name of the workspace"),
  );

/** Without the slashes at its end; undefined for what is none. */
function withoutSlash(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  let end = text.length;
  while (text.charAt(end - 1) === "/") end -= 1;
  return text.slice(0, end) || undefined;
}

/**
 * Opens a workspace. One round trip to ARM (two more, once each, for a token from Entra).
 * @throws TaskError `notFound` that names the workspaces which are there; `forbidden` or `connection` as Azure answers
 */
export async function openWorkspace(request: WorkspaceRequest): Promise<Workspace> {
  const { azure, subscriptionId, resourceGroup, name, log, signal, provenance } = request;
  const once = onceEach();
  request.beside?.({ azure, signal, id: addressOf(request), name, once });
  const answer = await azure
    .request<WorkspaceBody>("GET", addressOf(request), {
      doing: `read the workspace ${name}`,
      promises: "resource",
      signal,
    })
    .catch(async (error: unknown) => {
      throw await sayNotFound(request, error);
    });
  const found = { ...answer.body, ...answer.body?.properties };
  const id = withoutSlash(found.id) ?? addressOf(request);
  const discover = async () => {
    const url = need(found.discoveryUrl, name, "discovery address");
    const answer = await azure.request<{ api?: string }>("GET", url, {
      doing: `ask the workspace ${name} for the addresses of its services`,
      promises: (body) => typeof body["api"] === "string",
      anonymous: true,
      signal,
    });
    const api = need(withoutSlash(answer.body?.api), name, "address for its services");
    azure.trust(api);
    return api;
  };
  const tracking = need(found.mlFlowTrackingUri, name, "MLflow address");
  const mlflowUrl = mlflowRest(tracking);
  azure.trust(mlflowUrl);
  return {
    azure,
    log,
    signal,
    provenance,
    id,
    subscriptionId,
    resourceGroup,
    name: found.name ?? name,
    location: found.location ?? "",
    mlflowUrl,
    serviceUrl: async (service) => `${await once("discovery", discover)}/${service}/v1.0${id}`,
    standing: answer.body?.properties ?? {},
    once,
  };
}

/** The tracking URI names version 1.0 of the path; clients of MLflow 2 and 3 call 2.0 (docs/facts/azureml-services.md#5.5). */
export function mlflowRest(trackingUri: string): string {
  const rest = trackingUri
    .replace(/^azureml:\/\//i, "https://")
    .replace(/\?.*$/, "")
    .replace(/\/+$/, "");
  return `${rest.replace("/mlflow/v1.0/", "/mlflow/v2.0/")}/api/2.0/mlflow`;
}

function need(value: string | undefined, name: string, what: string): string {
  if (value) return value;
  throw new TaskError("service", `Azure reports no ${what} for the workspace ${name}.`, {
    errorCode: "AML1111",
    hint: "Look at the workspace in the portal: it may be broken, or still being created.",
  });
}

async function sayNotFound(request: WorkspaceRequest, error: unknown): Promise<unknown> {
  if (!(error instanceof TaskError) || error.status !== 404) return error;
  const { resourceGroup, name, subscriptionId } = request;
  const options = {
    status: 404,
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  };
  if (error.code === "SubscriptionNotFound") {
    return new TaskError(
      "notFound",
      `The service connection's subscription ${subscriptionId} does not exist, or its identity has no role in it.`,
      {
        errorCode: "AML1208",
        ...options,
        hint: "Correct the subscription in the service connection, or give its identity a role in it.",
      },
    );
  }
  if (error.code === "ResourceGroupNotFound") {
    return new TaskError(
      "notFound",
      `There is no resource group "${resourceGroup}" in the subscription ${subscriptionId}.`,
      {
        errorCode: "AML1208",
        ...options,
        hint: "Correct the input resourceGroup, or choose a service connection to the right subscription.",
      },
    );
  }
  const there = await workspacesOf(request);
  const others = there.length > 0 ? ` There ${there.length === 1 ? "is" : "are"} ${there.join(", ")}.` : "";
  return new TaskError(
    "notFound",
    `There is no workspace "${name}" in the resource group "${resourceGroup}".${others}${didYouMean(name, there)}`,
    { errorCode: "AML1208", ...options, hint: "Correct the inputs workspace and resourceGroup." },
  );
}

/** Names that help to mend a wrong one; none where they cannot be read. */
async function workspacesOf(request: WorkspaceRequest): Promise<string[]> {
  const names: string[] = [];
  try {
    const path = addressOf(request).split("/").slice(0, -1).join("/");
    for await (const one of request.azure.list<WorkspaceBody>(path, {
      doing: "list the workspaces",
      signal: request.signal,
    })) {
      if (one.name) names.push(one.name);
      if (names.length === 20) break;
    }
  } catch {
    return [];
  }
  return names.sort();
}
