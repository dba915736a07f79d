// Whether an address belongs to the organization (or the server's collection) of this job: the job's token goes nowhere else.

/** The organization that an address of Azure DevOps Services names: `dev.azure.com/ORG` and `ORG.visualstudio.com` are one. */
function organizationOf(url: URL): string | undefined {
  if (url.host === "dev.azure.com") return url.pathname.split("/")[1]?.toLowerCase() || undefined;
  return /^([a-z0-9-]+)\.visualstudio\.com$/.exec(url.host)?.[1];
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
