// Tests whether an address belongs to the job's organization (or the server's collection): the job's token is sent nowhere else.

/** The organization that an address of Azure DevOps Services names: `dev.azure.com/ORG` and `ORG.visualstudio.com` are one; undefined for a server. */
export function organizationOf(url: URL): string | undefined {
  if (url.host === "dev.azure.com") return url.pathname.split("/")[1]?.toLowerCase() || undefined;
  return /^([a-z0-9-]+)\.visualstudio\.com$/.exec(url.host)?.[1];
}

/**
 * The collection that gets the job's token: the one whose connection the agent gave to the task together with that token. A
 * variable of the pipeline may spell its address otherwise, and names no other.
 * @param said System.CollectionUri
 * @param connected address of SystemVssConnection, which no variable changes: names that begin with "endpoint" are reserved
 */
export function collectionOf(said: string | undefined, connected: string | undefined): string {
  if (connected === undefined || !URL.canParse(connected)) return said ?? "";
  const home = new URL(connected);
  // A release is given the address of the service of releases, which is a host beside the organization's own.
  home.host = home.host
    .replace(/^[a-z]+\.(dev\.azure\.com)$/, "$1")
    .replace(/^([^.]+)\.[^.]+(\.visualstudio\.com)$/, "$1$2");
  return said !== undefined && belongsToCollection(said, home.href) ? said : home.href;
}

/**
 * @param collection System.CollectionUri: `https://dev.azure.com/contoso/`, `https://contoso.visualstudio.com/`, or of Azure
 * DevOps Server `https://host/tfs/Collection/`
 */
export function belongsToCollection(address: string, collection: string): boolean {
  if (!URL.canParse(address) || !URL.canParse(collection)) return false;
  const [url, home] = [new URL(address), new URL(collection)];
  if (url.username !== "" || url.password !== "" || url.protocol !== home.protocol) return false;
  const organization = organizationOf(home);
  if (organization !== undefined) return organizationOf(url) === organization;
  const folder = home.pathname.endsWith("/") ? home.pathname : `${home.pathname}/`;
  return url.host === home.host && url.pathname.toLowerCase().startsWith(folder.toLowerCase());
}

/**
 * Address of the service of releases. Azure DevOps Services has it at a host of its own (docs/facts/evidence.md#E.3,
 * microsoft/azure-devops-node-api#85), Azure DevOps Server at the collection's address.
 */
export function releaseServiceOf(collection: string): string {
  if (!URL.canParse(collection)) return collection;
  const url = new URL(collection);
  url.host = url.host
    .replace(/^dev\.azure\.com$/, "vsrm.dev.azure.com")
    .replace(/^([^.]+)(\.visualstudio\.com)$/, "$1.vsrm$2");
  return url.href;
}
