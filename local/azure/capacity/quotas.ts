// Quotas of the subscription's region and what is used of them (docs/facts/recorded-operations.md#6.1, #6.2).
import { randomBytes } from "node:crypto";
import { ArmError } from "../arm/errors.ts";
import { clusters, computesOf } from "../records/compute.ts";
import { type DeploymentRecord, deploymentsOf } from "../records/online-endpoint.ts";
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
  standardESv3Family: "Standard ESv3 Family Cluster Dedicated vCPUs",
  standardDADSv5Family: "Standard DADSv5 Family Cluster Dedicated vCPUs",
  standardFSv2Family: "Standard FSv2 Family Cluster Dedicated vCPUs",
  standardNCSv3Family: "Standard NCSv3 Family Cluster Dedicated vCPUs",
  StandardNVADSA10v5Family: "Standard NVADSA10v5 Family Cluster Dedicated vCPUs",
};

const families: readonly Family[] = [...new Set(sizes.map(({ family }) => family))].map((name) => ({
  name,
  localized: localized[name] ?? name,
}));

/** Limits in vCPUs, where nothing sets another: far from what the deployments of a long run on one cloud add up to. */
const FAMILY_LIMIT = 10_000;
const TOTAL_LIMIT = 20_000;
const CLUSTERS_LIMIT = 200;

const ML = "Microsoft.MachineLearningServices";
const limitOf = (world: AzureWorld, name: string, usual: number): number => world.settings.quota[name] ?? usual;

/**
 * vCPUs of a family that managed online deployments hold: each takes a fifth more than its instances, rounded up to whole
 * ones (docs/facts/operations.md#A.7, docs/facts/recorded-operations.md). Clusters hold none, because there are no nodes behind them.
 */
function usedOf(world: AzureWorld, family: string): number {
  let cores = 0;
  for (const deployment of deploymentsOf(world).values())
    if (sizeNamed(deployment.properties["instanceType"])?.family === family) cores += heldBy(deployment);
  return cores;
}

function heldBy({ properties, sku }: Pick<DeploymentRecord, "properties" | "sku">): number {
  return Math.ceil(sku.capacity * 1.2) * (sizeNamed(properties["instanceType"])?.vCPUs ?? 0);
}

/**
 * Refuses a managed deployment whose vCPUs are more than what is left, as the service does: at once, with status 400 and the
 * numbers in the text (docs/facts/operations.md#A.8). Sizes that the list here does not have are taken as they come.
 * @param known the same deployment as it is, whose vCPUs it holds already
 */
export function requireQuota(
  world: AzureWorld,
  wanted: Pick<DeploymentRecord, "properties" | "sku">,
  known: DeploymentRecord | undefined,
): void {
  const size = sizeNamed(wanted.properties["instanceType"]);
  if (size === undefined) return;
  const isSameFamily = known !== undefined && sizeNamed(known.properties["instanceType"])?.family === size.family;
  const needed = heldBy(wanted) - (isSameFamily ? heldBy(known) : 0);
  const total = families.reduce((sum, { name }) => sum + usedOf(world, name), 0);
  for (const [used, limit] of [
    [usedOf(world, size.family), limitOf(world, size.family, FAMILY_LIMIT)],
    [total, limitOf(world, "TotalDedicatedCores", TOTAL_LIMIT)],
  ] as const) {
    if (needed <= 0 || used + needed <= limit) continue;
    throw outOfQuota(world, { size: size.name, used, limit, needed });
  }
}

/** The answer to the PUT of a deployment that is out of quota, as reported in 2023 (docs/facts/operations.md#A.8). */
export function outOfQuota(
  world: AzureWorld,
  { size, used, limit, needed }: { size: string; used: number; limit: number; needed: number },
  { code = "InferencingClientCreateDeploymentFailed", message }: { code?: string; message?: string } = {},
): ArmError {
  const sentence = `Not enough quota available for ${size} in SubscriptionId ${world.subscriptionId}. Current usage/limit: ${used}/${limit}. Additional needed: ${needed} Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-outofquota`;
  const detail = {
    errors: { VmSize: [message ?? sentence] },
    type: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
    title: "One or more validation errors occurred.",
    status: 400,
    traceId: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`,
  };
  return new ArmError(400, "BadRequest", "The request is invalid.", [], {
    details: [{ code, message: `InferencingClient HttpRequest error, error detail: ${JSON.stringify(detail)}` }],
  });
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
