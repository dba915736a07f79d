// Workspaces of the local cloud that the connections of a project lead to, and these connections.
import { randomUUID } from "node:crypto";
import type { CloudOptions, LocalCloud } from "../../cloud.ts";
import type { ServiceConnection } from "../../connections.ts";
import type { Target, WantedConnection } from "./preflight.ts";

type Names = NonNullable<CloudOptions["names"]>;

/** Names of the cloud, and its further subscriptions, each with a workspace of its own. */
export interface Targets {
  readonly names: Names;
  readonly subscriptions: NonNullable<CloudOptions["subscriptions"]>;
  /** Connection, in small letters -> the connection that its further subscription was made for. */
  readonly elsewhere: ReadonlyMap<string, string>;
}

/** The first workspace that is named becomes the cloud's own. @param given on the command line; these names win */
export function targetsOf(wanted: readonly WantedConnection[], given: Names): Targets {
  const first = wanted.find(({ workspace }) => workspace !== undefined) ?? wanted[0];
  const own: Target = {
    ...defined("subscription", given.subscriptionId ?? first?.subscription),
    ...defined("resourceGroup", given.resourceGroup ?? first?.resourceGroup),
    ...defined("workspace", given.workspaceName ?? first?.workspace),
  };
  const makers = new Map<string, WantedConnection>();
  const elsewhere = new Map<string, string>();
  for (const one of wanted) {
    if (isWithin(one, own)) continue;
    const key = [one.subscription, one.resourceGroup, one.workspace].join("/").toLowerCase();
    const maker = makers.get(key) ?? one;
    makers.set(key, maker);
    elsewhere.set(one.name.toLowerCase(), maker.name);
  }
  return {
    names: {
      ...(own.subscription === undefined ? {} : { subscriptionId: own.subscription.toLowerCase() }),
      ...(own.resourceGroup === undefined ? {} : { resourceGroup: own.resourceGroup }),
      ...(own.workspace === undefined ? {} : { workspaceName: own.workspace }),
    },
    subscriptions: [...makers.values()].map((one, index) => ({
      connection: one.name,
      subscriptionId: one.subscription?.toLowerCase() ?? `00000000-0000-0000-0000-0000000001${two(index)}`,
      storageAccount: `storelsewhere${index + 1}`,
      ...(one.resourceGroup === undefined ? {} : { resourceGroup: one.resourceGroup }),
      ...(one.workspace === undefined ? {} : { workspaceName: one.workspace }),
    })),
    elsewhere,
  };
}

const two = (index: number): string => String(index + 1).padStart(2, "0");
const defined = (key: keyof Target, value: string | undefined): Target => (value === undefined ? {} : { [key]: value });

/** True where all that the connection names is as in the cloud; the rest is the cloud's own. */
function isWithin(one: Target, own: Target): boolean {
  const keys = ["subscription", "resourceGroup", "workspace"] as const;
  return keys.every((key) => one[key] === undefined || one[key].toLowerCase() === own[key]?.toLowerCase());
}

/** All connections of the cloud, by name, with those that the pipelines ask for; the latter are made known to local Azure DevOps. */
export function connect(
  cloud: LocalCloud,
  wanted: readonly WantedConnection[],
  { elsewhere }: Targets,
): Record<string, ServiceConnection> {
  const all: Record<string, ServiceConnection> = { ...cloud.connections };
  for (const [name, { connection }] of Object.entries(cloud.subscriptions)) all[name] = connection;
  for (const one of wanted) {
    const maker = elsewhere.get(one.name.toLowerCase());
    const known = Object.values(all).find(({ name }) => name.toLowerCase() === one.name.toLowerCase());
    const isScoped = known?.data["mlWorkspaceName"] !== undefined;
    if (known !== undefined && known.type === one.type && (isScoped || !one.namesWorkspace)) continue;
    const subscription = maker === undefined ? undefined : cloud.subscriptions[maker];
    const base = subscription?.connection ?? cloud.connections["azure-ml"];
    const { azure } = subscription ?? cloud;
    const place = {
      subscriptionId: azure.subscriptionId,
      ...{ resourceGroupName: azure.resourceGroup, mlWorkspaceName: azure.workspaceName },
    };
    const connection: ServiceConnection = {
      ...(one.type === "azureml-workspace" ? ofWorkspace(cloud, base, place) : base),
      ...(one.type !== "azureml-workspace" && one.namesWorkspace
        ? { data: { ...cloud.connections["azure-ml-workspace"].data, ...place } }
        : {}),
      ...{ name: one.name, id: known?.id ?? randomUUID() },
    };
    const { scheme, parameters, ...rest } = connection;
    cloud.devops.connections.add({ ...rest, authorization: { scheme, parameters } });
    all[one.name] = connection;
  }
  return all;
}

/** The same client by the extension's own type of connection. */
function ofWorkspace(
  cloud: LocalCloud,
  { parameters, data }: ServiceConnection,
  place: Readonly<Record<string, string>>,
): ServiceConnection {
  const like = cloud.connections["workspace-secret"];
  return {
    ...like,
    parameters: {
      servicePrincipalId: parameters["serviceprincipalid"] ?? "",
      servicePrincipalKey: parameters["serviceprincipalkey"] ?? "",
    },
    data: {
      ...{ ...like.data, ...place, tenantId: parameters["tenantid"] ?? "" },
      // The type asks for no suffix: it knows those of Azure's own clouds, and this is none.
      ...{ StorageEndpointSuffix: data["StorageEndpointSuffix"] ?? "" },
    },
  };
}
