// Asks Azure which traffic and which models an endpoint has now, through a service connection: Azure DevOps signs in as the connection's
// identity and gives back the answer (docs/facts/extension.md#4.4). Nothing but these two lists is asked for.
import { assetName } from "../model/format.ts";
import { askJson, entriesOf, jsonOf, type ProjectAccess } from "../rest.ts";
import type { Endpoint } from "./endpoints.ts";

export interface Connection {
  readonly id: string;
  readonly name: string;
}

/** An endpoint as Azure has it. */
export interface AzureEndpoint {
  readonly deployments: readonly { readonly name: string; readonly share: number; readonly model?: string }[];
}

/** The version that the tasks' own lists and requests of endpoints take. */
const ARM_VERSION = "2025-12-01";
const PROXY_VERSION = "7.2-preview.1";
const CONNECTIONS_VERSION = "7.2-preview.4";
/** Text that the server fills is a template: only names that cannot be one are sent, and none that leads elsewhere (`..`). */
const PLAIN = /^(?!\.+$)[\w.()-]{1,260}$/;
/** Codes of Azure's answers that are about the way to an endpoint, and not about the endpoint. */
const ELSEWHERE = /SubscriptionNotFound|InvalidSubscriptionId|ResourceGroupNotFound|ParentResourceNotFound/;

/** Connections to Azure Resource Manager that the viewer may use. @throws Error with a sentence */
export async function listConnections(access: ProjectAccess): Promise<Connection[]> {
  const found = await askJson(access, "serviceendpoint/endpoints?type=azurerm&actionFilter=use", {
    what: "the service connections of this project",
    accept: jsonOf(CONNECTIONS_VERSION),
    refused: "You need the role User of a service connection to ask Azure through it.",
  });
  return entriesOf(found).flatMap((one): Connection[] => {
    const { id, name } = (one ?? {}) as { id?: unknown; name?: unknown };
    return typeof id === "string" && /^[0-9a-f-]{36}$/i.test(id) && typeof name === "string"
      ? [{ id, name: name.slice(0, 500) }]
      : [];
  });
}

/**
 * Two requests side by side. Undefined: Azure has no such endpoint (any more).
 * @throws Error with a sentence where the records do not say where the endpoint is, or Azure or Azure DevOps refuses
 */
export async function askEndpoint(
  access: ProjectAccess,
  connection: Connection,
  endpoint: Pick<Endpoint, "name" | "workspace">,
): Promise<AzureEndpoint | undefined> {
  const { subscriptionId = "", resourceGroup = "", name = "" } = endpoint.workspace ?? {};
  const parts = [subscriptionId, resourceGroup, name, endpoint.name];
  if (!parts.every((part) => PLAIN.test(part)))
    throw new Error(`The records do not say in which workspace the endpoint ${endpoint.name.slice(0, 100)} is.`);
  const place = `{{{endpoint.url}}}subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${name}/onlineEndpoints/${endpoint.name}`;
  const what = `the endpoint ${endpoint.name}`;
  const [traffic, deployments] = await Promise.all([
    askAzure(access, connection, what, {
      dataSourceUrl: `${place}?api-version=${ARM_VERSION}`,
      resultSelector: "jsonpath:$.properties.traffic",
    }),
    askAzure(access, connection, what, {
      dataSourceUrl: `${place}/deployments?api-version=${ARM_VERSION}`,
      resultSelector: "jsonpath:$.value[*]",
      resultTemplate: '{"name":"{{{name}}}","model":"{{{properties.model}}}"}',
    }),
  ]);
  if (traffic === undefined || deployments === undefined) return undefined;
  const shares = (parsed(traffic[0]) ?? {}) as Readonly<Record<string, unknown>>;
  return {
    deployments: deployments.flatMap((one) => {
      const { name: own, model } = (parsed(one) ?? {}) as { name?: unknown; model?: unknown };
      if (typeof own !== "string") return [];
      const share = Object.hasOwn(shares, own) ? Number(shares[own]) : 0;
      const of = typeof model === "string" && model !== "" ? { model: assetName(model).slice(0, 500) } : {};
      return [{ name: own, share: Number.isFinite(share) ? share : 0, ...of }];
    }),
  };
}

/** Texts of the elements; undefined where Azure has nothing under this address. */
async function askAzure(
  access: ProjectAccess,
  { id, name }: Connection,
  what: string,
  { dataSourceUrl, resultSelector, resultTemplate }: Readonly<Record<string, string>>,
): Promise<readonly string[] | undefined> {
  const query = new URLSearchParams({ endpointId: id });
  const answer = (await askJson(access, `serviceendpoint/endpointproxy?${query}`, {
    what: `what Azure says of ${what}`,
    accept: jsonOf(PROXY_VERSION),
    refused: `You need the role User of the service connection ${name}.`,
    body: {
      dataSourceDetails: { dataSourceUrl, resultSelector, requestVerb: "GET", parameters: {} },
      ...(resultTemplate === undefined ? {} : { resultTransformationDetails: { resultTemplate } }),
    },
  })) as { result?: unknown; statusCode?: unknown; errorMessage?: unknown } | null;
  const { result, statusCode, errorMessage } = answer ?? {};
  if (typeof errorMessage === "string" && errorMessage !== "") {
    if (ELSEWHERE.test(errorMessage))
      throw new Error(
        `Azure does not know the workspace of ${what} through ${name}. Is the connection for another subscription or tenant?`,
      );
    if (/^not_?found$/i.test(String(statusCode)) || statusCode === 404) return undefined;
    const forbidden = /^forbidden$/i.test(String(statusCode)) || statusCode === 403;
    throw new Error(
      forbidden
        ? `The service connection ${name} may not read ${what} in Azure: its identity needs the role Reader of the workspace.`
        : `Azure was asked for ${what} through ${name} and refused: ${errorMessage.slice(0, 600)}`,
    );
  }
  return Array.isArray(result) ? result.map(String) : [];
}

function parsed(json: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(json ?? "");
    return typeof value === "object" ? value : undefined;
  } catch {
    return undefined;
  }
}
