// Azure Monitor's metrics of online endpoints and deployments, which are an extension of each (docs/facts/operations.md#A.2, #A.3).
import type { Request } from "express";
import { ArmError } from "../arm/errors.ts";
import { type ArmContext, type ArmRouter, parameter } from "../arm/router.ts";
import { definitionBody, type MetricKind, namespaces, type Scope } from "../monitor/metrics.ts";
import { MINUTE } from "../monitor/minutes.ts";
import { type MetricsQuery, parameters, readQuery, requireNamespace } from "../monitor/query.ts";
import { type Series, seriesOf } from "../monitor/series.ts";
import { deploymentKey, deploymentsOf } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import { noSuchDeployment } from "./endpoints/names.ts";
import { endpointOf } from "./endpoints/online-keys.ts";

/** Versions of the route that clients are known to send; the newest is the one of azure-mgmt-monitor 7.0.0. */
const versions = ["2018-01-01", "2019-07-01", "2021-05-01", "2023-10-01", "2024-02-01"];

interface Resource {
  readonly scope: Scope;
  readonly id: string;
  readonly endpoint: string;
  readonly deployment?: string;
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const resourceOf = (request: Request): Resource => {
    const { name: endpoint } = endpointOf(world, parameter(request, "endpoint"));
    const id = `${world.workspaceId}/onlineEndpoints/${endpoint}`;
    const asked = parameter(request, "deployment");
    if (asked === "") return { scope: "endpoint", id, endpoint };
    const found = deploymentsOf(world).get(deploymentKey(endpoint, asked));
    if (found === undefined) throw noSuchDeployment(endpoint, asked);
    return { scope: "deployment", id: `${id}/deployments/${found.name}`, endpoint, deployment: found.name };
  };

  for (const base of ["/onlineEndpoints/:endpoint", "/onlineEndpoints/:endpoint/deployments/:deployment"]) {
    const monitor = `${base}/providers/Microsoft.Insights`;
    arm.get(
      `${monitor}/metricDefinitions`,
      (request, response, context) => {
        requireVersion(context);
        const { scope, id } = resourceOf(request);
        requireNamespace(request.query, scope);
        response.json({ value: namespaces[scope].metrics.map((metric) => definitionBody(scope, metric, id)) });
      },
      ["metricnamespace"],
    );
    arm.get(
      `${monitor}/metrics`,
      (request, response, context) => {
        requireVersion(context);
        const resource = resourceOf(request);
        const query = readQuery(request.query, resource.scope, world.clock.now());
        response.json(answerOf(world, resource, query));
      },
      parameters,
    );
  }
}

/** That the resource manager refuses another is general knowledge, and so are its words. */
function requireVersion({ apiVersion }: ArmContext): void {
  if (versions.includes(apiVersion)) return;
  throw new ArmError(
    ...([400, "InvalidApiVersionParameter"] as const),
    `The api-version '${apiVersion}' is invalid. The supported versions are '${versions.join(",")}'.`,
    ...([[], {}, "arm"] as const),
  );
}

const second = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

function answerOf(world: AzureWorld, resource: Resource, query: MetricsQuery): object {
  const { scope, id, endpoint, deployment } = resource;
  const { filter, from, to, full } = query;
  return {
    // Recorded: the minutes after the first.
    cost: Math.max(0, Math.ceil((to - from) / MINUTE) - 1),
    timespan: `${second(from)}/${second(to)}`,
    interval: full ? "FULL" : "PT1M",
    namespace: namespaces[scope].name,
    resourceregion: world.location,
    value: query.metrics.map((metric) =>
      metricBody(id, metric, query, seriesOf(world, { endpoint, deployment, metric, filter, from, to, full })),
    ),
  };
}

function metricBody(id: string, metric: MetricKind, query: MetricsQuery, all: readonly Series[]): object {
  const sum = ({ points }: Series) => points.reduce((total, { value }) => total + (value?.average ?? 0), 0);
  const sign = query.order === "asc" ? 1 : -1;
  const sorted = query.order === undefined ? all : all.toSorted((one, other) => sign * (sum(one) - sum(other)));
  const name = (value: string) => ({ value, localizedValue: value });
  return {
    id: `${id}/providers/Microsoft.Insights/metrics/${metric.name}`,
    type: "Microsoft.Insights/metrics",
    name: { value: metric.name, localizedValue: metric.localizedName },
    displayDescription: metric.description,
    unit: metric.unit,
    timeseries: sorted.slice(0, query.top).map(({ dimensions, points }) => ({
      metadatavalues: dimensions.map(([dimension, value]) => ({ name: name(dimension), value })),
      data: points.map(({ timeStamp, value }) => ({
        timeStamp: second(timeStamp),
        ...(value === undefined
          ? {}
          : Object.fromEntries(
              query.aggregations.map((one) => [
                one.toLowerCase(),
                value[one.toLowerCase() as "average" | "minimum" | "maximum"],
              ]),
            )),
      })),
    })),
    errorCode: "Success",
  };
}
