// Queries of Log Analytics in the context of an online endpoint: the restarts of its containers, and no other query (docs/facts/operations.md#A.5).
import express, { type Express, type Request, type Response } from "express";
import type { Principal } from "../arm/caller.ts";
import { mayDo } from "../arm/roles.ts";
import { eventsBetween, type LoggedEvent, sendsEvents } from "../monitor/container-events.ts";
import { MINUTE } from "../monitor/minutes.ts";
import { endpointsOf } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";

/** The one query that is built: by deployment, instance, minute and kind of event. Another is 501. */
const QUERY =
  /^AmlOnlineEndpointEventLog\n\| where DeploymentName in~ \(("[^"\\]+"(?:, "[^"\\]+")*)\)\n\| extend Kind = case\(Name =~ "Started" and Message has "inference-server", "started", Message has "will be restarted", "killed", Name =~ "BackOff", "backOff", "other"\)\n\| summarize Count = count\(\) by DeploymentName, InstanceId, Minute = bin\(TimeGenerated, 1m\), Kind$/;

const COLUMNS = [
  ["DeploymentName", "string"],
  ["InstanceId", "string"],
  ["Minute", "datetime"],
  ["Kind", "string"],
  ["Count", "long"],
] as const;

export function mount(app: Express, world: AzureWorld): void {
  const path =
    "/v1/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/workspaces/:workspace/onlineEndpoints/:endpoint/query";
  app.post(path, express.json(), (request, response, next) => {
    const endpoint = String(request.params["endpoint"]);
    const { query, timespan } = (request.body ?? {}) as { query?: unknown; timespan?: unknown };
    const caller = response.locals["caller"] as Principal;
    if (!mayDo(caller, "Microsoft.Insights/logs/AmlOnlineEndpointEventLog/read"))
      return refuse(
        ...([response, 403, "InsufficientAccessError"] as const),
        "The provided credentials have insufficient access to perform the requested operation",
      );
    const [, listed] = QUERY.exec(String(query)) ?? [];
    const [from = Number.NaN, to = Number.NaN] = String(timespan).split("/").map(Date.parse);
    if (listed === undefined || !(from < to)) return next();
    // A workspace that was never sent the table does not know it. Words are general knowledge.
    if (!isHere(world, request) || !endpointsOf(world).has(endpoint.toLowerCase()) || !sendsEvents(world, endpoint))
      return refuse(
        ...([response, 400, "BadArgumentError"] as const),
        "The request had some invalid properties: Failed to resolve table or column expression named 'AmlOnlineEndpointEventLog'",
      );
    const names = (JSON.parse(`[${listed}]`) as string[]).map((one) => one.toLowerCase());
    const events = eventsBetween(world, endpoint, from, to).filter(({ deployment }) =>
      names.includes(deployment.toLowerCase()),
    );
    const columns = COLUMNS.map(([name, type]) => ({ name, type }));
    response.json({ tables: [{ name: "PrimaryResult", columns, rows: rowsOf(events) }] });
  });
}

function isHere(world: AzureWorld, { params }: Request): boolean {
  const same = (one: unknown, other: string) => String(one).toLowerCase() === other.toLowerCase();
  return same(params["group"], world.resourceGroup) && same(params["workspace"], world.workspaceName);
}

function refuse(response: Response, status: number, code: string, message: string): void {
  response.status(status).json({ error: { message, code } });
}

function rowsOf(events: readonly LoggedEvent[]): unknown[][] {
  const rows = new Map<string, [string, string, string, string, number]>();
  for (const { deployment, instance, name, message, at } of events) {
    const minute = new Date(Math.floor(at / MINUTE) * MINUTE).toISOString();
    const isStart = name === "Started" && message.includes("inference-server");
    const isKill = message.includes("will be restarted");
    const kind = isStart ? "started" : isKill ? "killed" : name === "BackOff" ? "backOff" : "other";
    const key = [deployment, instance, minute, kind].join("\n");
    const known = rows.get(key);
    if (known === undefined) rows.set(key, [deployment, instance, minute, kind, 1]);
    else known[4] += 1;
  }
  return [...rows.values()];
}
