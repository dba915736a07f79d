// Metrics of online endpoints and deployments in Azure Monitor: names, units, aggregations and dimensions (docs/facts/operations.md#A.1).
// Names in words and descriptions are Microsoft's where they are recorded (RequestsPerMinute), and otherwise made from the names.

export const aggregations = ["Average", "Minimum", "Maximum", "Total", "Count"] as const;
export type Aggregation = (typeof aggregations)[number];

export interface MetricKind {
  readonly name: string;
  readonly localizedName: string;
  readonly description: string;
  /** As on the wire (docs/facts/operations.md#A.3). */
  readonly unit: "Count" | "CountPerSecond" | "BytesPerSecond" | "Percent" | "MilliSeconds";
  readonly aggregations: readonly Aggregation[];
  /** As definitions spell them; answers have them in small letters. */
  readonly dimensions: readonly string[];
}

/** A thing that can be measured: an endpoint, or one of its deployments. */
export type Scope = "endpoint" | "deployment";

export interface MetricNamespace {
  readonly name: string;
  readonly metrics: readonly MetricKind[];
}

const AVERAGE: readonly Aggregation[] = ["Average"];
const RANGE: readonly Aggregation[] = ["Average", "Minimum", "Maximum"];

function kind(
  name: string,
  unit: MetricKind["unit"],
  supported: readonly Aggregation[],
  dimensions: readonly string[],
  description?: string,
): MetricKind {
  const localizedName = name
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/^Cpu/, "CPU");
  return { name, localizedName, unit, aggregations: supported, dimensions, description: description ?? localizedName };
}

const requests = (dimensions: readonly string[]) =>
  kind(
    "RequestsPerMinute",
    "Count",
    AVERAGE,
    dimensions,
    "The number of requests sent to online endpoint within a minute",
  );

const latencies = (names: readonly string[], dimensions: readonly string[]) =>
  names.map((name) => kind(name, "MilliSeconds", AVERAGE, dimensions));

const PERCENTILES = ["RequestLatency_P50", "RequestLatency_P90", "RequestLatency_P95", "RequestLatency_P99"];

export const namespaces: Readonly<Record<Scope, MetricNamespace>> = {
  endpoint: {
    name: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    metrics: [
      requests(["deployment", "statusCode", "statusCodeClass", "modelStatusCode"]),
      ...latencies(["RequestLatency", ...PERCENTILES], ["deployment"]),
      kind("ConnectionsActive", "Count", AVERAGE, []),
      kind("NewConnectionsPerSecond", "CountPerSecond", AVERAGE, []),
      kind("NetworkBytes", "BytesPerSecond", AVERAGE, []),
      kind("DataCollectionEventsPerMinute", "Count", RANGE, ["deployment", "type"]),
      kind("DataCollectionErrorsPerMinute", "Count", RANGE, ["deployment", "reason", "type"]),
    ],
  },
  deployment: {
    name: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
    metrics: [
      requests(["envoy_response_code"]),
      ...latencies(PERCENTILES, []),
      kind("CpuUtilizationPercentage", "Percent", RANGE, ["instanceId"]),
      kind("CpuMemoryUtilizationPercentage", "Percent", RANGE, ["instanceId"]),
      kind("GpuUtilizationPercentage", "Percent", RANGE, ["instanceId"]),
      kind("GpuMemoryUtilizationPercentage", "Percent", RANGE, ["instanceId"]),
      kind("DiskUtilization", "Percent", RANGE, ["instanceId", "disk"]),
      kind("DeploymentCapacity", "Count", RANGE, ["instanceId", "State"]),
      kind("GpuEnergyJoules", "Count", RANGE, ["instanceId"]),
      kind("DataCollectionEventsPerMinute", "Count", RANGE, ["instanceId", "type"]),
      kind("DataCollectionErrorsPerMinute", "Count", RANGE, ["instanceId", "reason", "type"]),
    ],
  },
};

/** A definition as `metricDefinitions` lists it. Kept for 93 days (docs/facts/operations.md#A.4). @param id of the resource */
export function definitionBody(scope: Scope, metric: MetricKind, id: string): object {
  const text = (value: string, localizedValue = value) => ({ value, localizedValue });
  return {
    id: `${id}/providers/microsoft.insights/metricdefinitions/${metric.name}`,
    resourceId: id,
    namespace: namespaces[scope].name,
    category: /^Request|^Connections|^New/.test(metric.name) ? "Traffic" : "Resource",
    name: text(metric.name, metric.localizedName),
    displayDescription: metric.description,
    isDimensionRequired: false,
    unit: metric.unit,
    primaryAggregationType: metric.aggregations[0],
    supportedAggregationTypes: metric.aggregations,
    metricAvailabilities: [{ timeGrain: "PT1M", retention: "P93D" }],
    dimensions: metric.dimensions.map((name) => text(name)),
  };
}
