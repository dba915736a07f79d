// Quotas of the subscription's region and what is used of them (docs/facts/recorded-operations.md#6.1, #6.2).
import { clusters, computesOf } from "../records/compute.ts";
import { deploymentsOf } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import { sizeNamed, sizes } from "./sizes.ts";

interface Family {
  /** The `family` of sizes, letter by letter. */
  readonly name: string;
  readonly localized: string;
}

const localized: Readonly<Record<string, string>> = {
  standardAv2Family: "Standard Av2 Family Cluster Dedicated vCPUs",
  standardDSv2Family: "Standard DSv2 Family Cluster Dedicated vCPUs",
  standardDADSv5Family: "Standard DADSv5 Family Cluster Dedicated vCPUs",
  standardFSv2Family: "Standard FSv2 Family Cluster Dedicated vCPUs",
  standardNCSv3Family: "Standard NCSv3 Family Cluster Dedicated vCPUs",
  StandardNVADSA10v5Family: "Standard NVADSA10v5 Family Cluster Dedicated vCPUs",
};

const families: readonly Family[] = [...new Set(sizes.map(({ family }) => family))].map((name) => ({
  name,
  localized: localized[name] ?? name,
}));

/** Limits in vCPUs, where a scenario says no other. */
const FAMILY_LIMIT = 100;
const TOTAL_LIMIT = 200;
const CLUSTERS_LIMIT = 200;

const ML = "Microsoft.MachineLearningServices";
const limitOf = (world: AzureWorld, name: string, usual: number): number => world.settings.quota[name] ?? usual;

/**
 * vCPUs of a family that managed online deployments hold: each takes a fifth more than its instances, rounded up to whole
 * ones (docs/facts/operations.md#A.7, docs/facts/recorded-operations.md). Clusters hold none, because there are no nodes behind them.
 */
function usedOf(world: AzureWorld, family: string): number {
  let cores = 0;
  for (const { properties, sku } of deploymentsOf(world).values()) {
    const size = sizeNamed(properties["instanceType"]);
    if (size?.family === family) cores += Math.ceil(sku.capacity * 1.2) * size.vCPUs;
  }
  return cores;
}

/** Every family twice: the subscription's row, then the workspace's. */
export function quotaRows(world: AzureWorld): object[] {
  const subscription = `/subscriptions/${world.subscriptionId}`;
  return families.flatMap(({ name: value, localized: localizedValue }) => {
    const limit = limitOf(world, value, FAMILY_LIMIT);
    const common = { unit: "Count", limit, name: { value, localizedValue } };
    return [
      {
        ...common,
        type: `${ML}/vmFamily/dedicatedCores/quotas`,
        id: `${subscription}/quotas/${value}`,
        location: null,
      },
      {
        ...common,
        type: `${ML}/workspaces/dedicatedCores/quotas`,
        id: `${world.workspaceId}/quotas/${value}`,
        location: world.location,
      },
    ];
  });
}

/** Clusters, all dedicated vCPUs, and each family's, dedicated and of low priority. */
export function usageRows(world: AzureWorld): object[] {
  const subscription = `/subscriptions/${world.subscriptionId}`;
  const made = [...computesOf(world).values()].filter(({ computeType }) => computeType === "AmlCompute");
  const used = families.map(({ name }) => usedOf(world, name));
  const row = (
    currentValue: number,
    limit: number,
    value: string,
    localizedValue: string,
    type: string,
    id: string,
  ) => ({
    unit: "Count",
    currentValue,
    limit,
    name: { value, localizedValue },
    type: `${ML}/${type}/usages`,
    id,
  });
  return [
    row(
      clusters.length + made.length,
      limitOf(world, "TotalClusters", CLUSTERS_LIMIT),
      "TotalClusters",
      "Total Clusters",
      "totalClusters",
      subscription,
    ),
    row(
      used.reduce((sum, one) => sum + one, 0),
      limitOf(world, "TotalDedicatedCores", TOTAL_LIMIT),
      "TotalDedicatedCores",
      "Total Cluster Dedicated Regional vCPUs",
      "totalDedicatedCores",
      subscription,
    ),
    ...families.flatMap(({ name, localized: text }, index) => {
      const id = `${subscription}/usages/${name}`;
      return [
        row(used[index] ?? 0, limitOf(world, name, FAMILY_LIMIT), name, text, "vmFamily/dedicatedCores", id),
        row(0, -1, name, text.replace("Dedicated", "LowPriority"), "vmFamily/lowPriorityCores", id),
      ];
    }),
  ];
}
