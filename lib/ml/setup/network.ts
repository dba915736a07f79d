// The way to the workspace's own services: names, connections and private link told apart, and none of them taken for a role.
// Tests: test/lib/ml/setup/page.test.ts
import { type Connectivity, checkConnectivity, isPrivateAddress } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { mlflowRest, type WorkspaceBody, type WorkspaceRequest } from "../workspace/workspace.ts";
import type { Check, CheckAnswer, Page } from "./page.ts";
import { isOfNetwork, type Permissions, scopeOf } from "./roles.ts";
import type { OpenSetup } from "./sign-in.ts";

/** The workspace as it was read, and how it is asked. */
export interface SeenWorkspace {
  readonly request: WorkspaceRequest;
  readonly id: string;
  readonly location: string;
  readonly isPrivate: boolean;
  readonly discoveryUrl: string;
  readonly mlflowUrl: string;
}

export type OpenWorkspaceOf = (request: WorkspaceRequest) => Promise<unknown>;

/** @param open says in a sentence what is wrong where it is not there: lib/ml/workspace/workspace.ts */
export function checkWorkspace(
  page: Page,
  role: Check<{ roles: Permissions; setup: OpenSetup }>,
  open: OpenWorkspaceOf,
): Check<SeenWorkspace> {
  return page.check(
    { id: "workspace", asked: "Whether the workspace is there, and ready.", after: [role] },
    async ({ setup: { request } }): Promise<CheckAnswer<SeenWorkspace>> => {
      const { azure, name, signal } = request;
      const { status, body } = await azure.request<WorkspaceBody>("GET", scopeOf(request), {
        doing: `read the workspace ${name}`,
        promises: "resource",
        expect: [404],
        signal,
      });
      // Opening it throws the error of a workspace that is not there, with what there is instead.
      if (status === 404) await open(request);
      const properties = body?.properties ?? {};
      const { provisioningState = "Succeeded", publicNetworkAccess = "Enabled" } = properties;
      const { discoveryUrl, mlFlowTrackingUri } = properties;
      if (provisioningState !== "Succeeded" || !discoveryUrl || !mlFlowTrackingUri)
        return {
          outcome: "failed",
          answered: `It is there, and not ready: its state is ${provisioningState}${discoveryUrl ? "" : ", and it names no address of its services"}.`,
          remedy: "Look at the workspace in the portal: it may be broken, or still being created.",
        };
      if (properties.v1LegacyMode === true)
        return {
          outcome: "failed",
          answered: "It is in v1 legacy mode, in which its private endpoint blocks the calls that these tasks make.",
          remedy:
            "Switch v1LegacyMode off (az ml workspace update), as Microsoft's page on network isolation and v2 says.",
        };
      const isPrivate = publicNetworkAccess.toLowerCase() === "disabled";
      return {
        answered: `It is there, in ${body?.location ?? "an unknown region"}; public network access is ${isPrivate ? "off" : "on"}.`,
        value: {
          request,
          id: scopeOf(request),
          location: body?.location ?? "",
          isPrivate,
          discoveryUrl,
          mlflowUrl: mlflowRest(mlFlowTrackingUri),
        },
      };
    },
  );
}

interface Reached {
  readonly host: string;
  readonly reached: Connectivity;
}

const ZONES = "privatelink.api.azureml.ms and privatelink.notebooks.azure.net (other clouds have their own)";

/** Obstacles between the agent and the services, one kind a line. The last line reports success. */
export function checkNetwork(page: Page, workspace: Check<SeenWorkspace>): Check<SeenWorkspace> {
  const names = page.check(
    { id: "network names", asked: "The names of the workspace's services (DNS).", after: [workspace] },
    async (seen): Promise<CheckAnswer<{ seen: SeenWorkspace; all: readonly Reached[] }>> => {
      const { azure, signal } = seen.request;
      const urls = new Map([seen.mlflowUrl, seen.discoveryUrl].map((url) => [new URL(url).host, url]));
      const all = await Promise.all(
        [...urls].map(async ([host, url]) => ({
          host,
          reached: await checkConnectivity(azure.transport, url, signal),
        })),
      );
      const isProxied = azure.transport.goesThroughProxy?.(seen.discoveryUrl) === true;
      return { ...sayNames(seen, all, isProxied), ...(all.some(isNameless) ? {} : { value: { seen, all } }) };
    },
  );
  const way = page.check(
    { id: "network way", asked: "A connection to each of them (firewall, proxy, certificate).", after: [names] },
    async ({ seen, all }): Promise<CheckAnswer<SeenWorkspace>> => {
      const blocked = all.flatMap(({ host, reached }) => sayBlocked(host, reached));
      const [first] = blocked;
      if (first === undefined) return { answered: "Each answers.", value: seen };
      return { outcome: "failed", answered: blocked.map(({ said }) => said).join(" "), remedy: first.remedy };
    },
  );
  return page.check(
    {
      id: "network private link",
      asked: "Whether they answer to this network: a list of experiments and of datastores is read.",
      after: [way],
    },
    async (seen): Promise<CheckAnswer<SeenWorkspace>> => {
      const refused = (await Promise.all([refusalOf(seen, "experiments"), refusalOf(seen, "datastores")])).flat();
      const [first] = refused;
      if (first === undefined) return { answered: "They answer.", value: seen };
      if (!isOfNetwork(first.message))
        return {
          answered:
            "They answer; that one of them refuses this identity is a matter of its role, and not of the network.",
          value: seen,
        };
      return {
        outcome: "failed",
        answered: `The workspace takes no calls from this network: ${first.message}`,
        remedy:
          "Run the job on an agent inside the network of the workspace's private endpoint, or allow this agent's address in the workspace's networking. No role changes this.",
      };
    },
  );
}

const isNameless = ({ reached }: Reached) => reached.kind === "noName";
const addressesIn = (reached: Connectivity): readonly string[] => ("addresses" in reached ? reached.addresses : []);

function sayNames(seen: SeenWorkspace, all: readonly Reached[], isProxied: boolean): CheckAnswer<never> {
  const nameless = all.filter(isNameless).map(({ host }) => host);
  if (nameless.length > 0)
    return {
      outcome: "failed",
      answered: `The agent cannot resolve the name ${nameless.join(" or ")}.`,
      remedy: `Where the workspace has a private endpoint, link the private DNS zones ${ZONES} to the agent's network; else correct the agent's name server. No role changes this.`,
    };
  if (isProxied) return { answered: "The agent's proxy looks them up." };
  const found = all.map(({ host, reached }) => `${host} is ${addressesIn(reached).join(", ") || "answered"}`);
  const isOpen = (address: string) => !isPrivateAddress(address) && !/^(127\.|::1$)/.test(address);
  const open = all.filter(({ reached }) => addressesIn(reached).some(isOpen)).map(({ host }) => host);
  if (seen.isPrivate && open.length > 0)
    return {
      outcome: "failed",
      answered: `${found.join("; ")}: ${open.join(" and ")} leads to a public address, and the workspace takes no public calls.`,
      remedy: `Run on an agent in the network of the private endpoint, and link the private DNS zones ${ZONES} to that network. No role changes this.`,
    };
  return { answered: `${found.join("; ")}.` };
}

/** The obstacle to a connection, as a sentence; undefined if the host answered. */
export function sayBlocked(host: string, reached: Connectivity): { said: string; remedy: string }[] {
  const firewall =
    "Allow the agent's machine to connect to it on port 443: check the network's firewall, its security groups, and whether the private endpoint is approved. No role changes this.";
  switch (reached.kind) {
    case "answered":
      return [];
    case "noName":
      return [
        {
          said: `The agent cannot resolve the name ${host}.`,
          remedy:
            "Where it has a private endpoint, link its private DNS zone to the agent's network; else correct the agent's name server.",
        },
      ];
    case "certificate":
      return [
        {
          said: `${host} shows a certificate that the agent does not trust: ${reached.said}.`,
          remedy: "Configure the agent with the file of the authority that signed it (--sslcacert).",
        },
      ];
    case "proxy":
      return [
        {
          said: `The agent's proxy does not connect to ${host}: ${reached.said}.`,
          remedy:
            "Allow that host in the proxy; where the proxy cannot know its name, as of a private endpoint, put it on the agent's bypass list (.proxybypass).",
        },
      ];
    case "noWay": {
      const via = reached.addresses.some(isPrivateAddress) ? ", a private endpoint's address" : "";
      const at = reached.addresses.length > 0 ? ` (${reached.addresses.join(", ")}${via})` : "";
      return [{ said: `${host}${at} cannot be reached: ${reached.said}.`, remedy: firewall }];
    }
  }
}

/** A refusal by status 401 or 403, or in words about the network; other failures are thrown. */
async function refusalOf(
  { request: { azure, signal }, id, mlflowUrl }: SeenWorkspace,
  what: "experiments" | "datastores",
): Promise<TaskError[]> {
  azure.trust(mlflowUrl);
  const path = what === "experiments" ? `${mlflowUrl}/experiments/search?max_results=1` : `${id}/datastores`;
  try {
    await azure.request("GET", path, { doing: `list the ${what} of the workspace`, promises: "object", signal });
    return [];
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    if (error.status === 403 || error.status === 401 || isOfNetwork(error.message)) return [error];
    throw error;
  }
}
