// Checks recorded traffic to Azure DevOps: every request comes from the official client, azure-devops-node-api.

export interface Entry {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
  };
  readonly response: { readonly status: number };
}

/** Each client of azure-devops-node-api names itself after the area that it serves. */
const OFFICIAL = /^node-[A-Za-z]+-api\b/;
/** A post to an incoming webhook, which is no operation of any client: whoever has the address and the secret may send it. */
const INCOMING = /\/_apis\/public\/distributedtask\/webhooks\//;
/** An outside service, here Azure ML, that reports the end of what a task on the server waits for (docs/facts/extension.md#3.4). */
const REPORTED = /\/_apis\/distributedtask\/hubs\/\w+\/plans\/[^/]+\/events$/;

/** Exchanges with Azure DevOps by area of the client, and those that no official client made, as `METHOD path (user agent)`. */
export function azureDevOpsTraffic(entries: readonly Entry[]): { areas: Map<string, number>; others: string[] } {
  const areas = new Map<string, number>();
  const others: string[] = [];
  for (const { request } of entries) {
    const { pathname } = new URL(request.url);
    if (!pathname.includes("/_apis/") || INCOMING.test(pathname) || REPORTED.test(pathname)) continue;
    const agent = request.headers.find(({ name }) => name.toLowerCase() === "user-agent")?.value ?? "";
    const client = OFFICIAL.exec(agent)?.[0];
    if (client === undefined) others.push(`${request.method} ${pathname} (${agent})`);
    else areas.set(client, (areas.get(client) ?? 0) + 1);
  }
  return { areas, others };
}
