// Reads what a region offers: sizes of machines with their prices, and the quota that is in use (docs/facts/operations.md#B.2, #B.3).
// Both answers belong to the subscription, which a role on the workspace alone may not read.
// Tests: test/lib/ml/workspace/region.test.ts, test/lib/ml/setup/page.test.ts
import { type AzureMl, segment } from "../../azure/index.ts";
import { bounded } from "../../remote-text.ts";
import type { Workspace } from "./workspace.ts";

/** A region as it is asked. A workspace is one. */
export interface Region {
  readonly azure: AzureMl;
  readonly subscriptionId: string;
  readonly location: string;
  readonly signal: AbortSignal;
}

/** A size of machines as the region's list has it; a field may be absent. */
export interface MachineSize {
  readonly name?: string;
  readonly family?: string;
  readonly vCPUs?: number;
  readonly gpus?: number;
  /** `AmlCompute`, `ComputeInstance`, and `MIR` for managed online deployments (the meaning of the last one is deduced). */
  readonly supportedComputeTypes?: readonly string[] | null;
  readonly estimatedVMPrices?: PriceList | null;
}

interface PriceList {
  readonly billingCurrency?: string;
  readonly unitOfMeasure?: string;
  readonly values?: readonly {
    readonly osType?: string;
    readonly vmTier?: string;
    readonly retailPrice?: number;
  }[];
}

/** A row of the usages. */
export interface Usage {
  readonly type?: string;
  readonly currentValue?: number;
  readonly limit?: number;
  readonly name?: { readonly value?: string; readonly localizedValue?: string };
}

/** A limit in vCPUs and how much of it is in use: that of a family, or that of the region. */
export interface CoreLimit {
  readonly name: string;
  /** True: of all families of the region together. */
  readonly isRegional: boolean;
  readonly used: number;
  readonly limit: number;
}

export type Tier = "dedicated" | "lowPriority";

const at = ({ subscriptionId, location }: Region): string =>
  `/subscriptions/${segment(subscriptionId, "the subscription")}/providers/Microsoft.MachineLearningServices/locations/${segment(location, "the region")}`;

/** Sizes of the region. One round trip; the list is a quarter of a megabyte. @throws TaskError as Azure refuses */
export async function machineSizes(region: Region): Promise<readonly MachineSize[]> {
  const { body } = await region.azure.request<{ value?: MachineSize[]; amlCompute?: MachineSize[] }>(
    "GET",
    `${at(region)}/vmSizes`,
    {
      doing: `read the sizes of machines in ${region.location}`,
      promises: (answer) => Array.isArray(answer["value"] ?? answer["amlCompute"]),
      signal: region.signal,
    },
  );
  return body?.value ?? body?.amlCompute ?? [];
}

/** The sizes of the workspace's region, read once in a run: quotas and prices follow from them. */
export const sizesOf = (workspace: Workspace): Promise<readonly MachineSize[]> =>
  workspace.once("sizes of machines", () => machineSizes(workspace));

/** Quotas of the region and what is in use of them. One round trip a page. @throws TaskError as Azure refuses */
export async function usagesOf(region: Region): Promise<readonly Usage[]> {
  const rows: Usage[] = [];
  const doing = `read the quota that is in use in ${region.location}`;
  for await (const row of region.azure.list<Usage>(`${at(region)}/usages`, { doing, signal: region.signal }))
    rows.push(row);
  return rows;
}

/** The size of this name, in any case. */
export const sizeNamed = (sizes: readonly MachineSize[], name: string): MachineSize | undefined =>
  sizes.find((one) => same(one.name, name));

const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();

/** One spelling for a family's name: lists have `standardDSv2Family`, `Standard DSv2 Family Cluster Dedicated vCPUs`, `Standard NCASv3_T4 Family`. */
const familyKey = (text: string | undefined): string =>
  (text ?? "")
    .toLowerCase()
    .replace(/[\s_]+/g, "")
    .replace(/cluster(dedicated|lowpriority)vcpus$/, "");

/**
 * The limits that a machine of this family counts against: the family's own and the region's. A limit of -1 is none.
 * @returns undefined where neither is told
 */
export function coreLimits(rows: readonly Usage[], family: string | undefined, tier: Tier): CoreLimit[] | undefined {
  const wanted = familyKey(family);
  const kinds = tier === "lowPriority" ? /\/lowPriorityCores\b/i : /\/dedicatedCores\b/i;
  const own = rows.find(
    ({ name, type = "" }) =>
      wanted !== "" &&
      familyKey(name?.value) === wanted &&
      // A published example types families without the word for the tier, and names the tier.
      /vmFamily\//i.test(type) &&
      (kinds.test(type) || (/vmFamily\/usages/i.test(type) && tierOf(name?.value) === tier)),
  );
  // The row of all low-priority cores is in no recording; its name follows that of the dedicated ones.
  const words = tier === "lowPriority" ? "LowPriority" : "Dedicated";
  const all = rows.find(
    ({ name }) => same(name?.value, `Total${words}Cores`) || same(name?.value, `Total Cluster ${words} Regional vCPUs`),
  );
  if (own === undefined && all === undefined) return undefined;
  return [own, all].flatMap((row) => {
    if (row?.limit === undefined || row.limit < 0) return [];
    const name = bounded(row.name?.value ?? "", 200);
    return [{ name, isRegional: row === all, used: row.currentValue ?? 0, limit: row.limit }];
  });
}

const tierOf = (name: string | undefined): Tier => (/low\s*priority/i.test(name ?? "") ? "lowPriority" : "dedicated");

/** `standardFSv2Family: 14 of 16 vCPUs in use`. */
export const sayLimit = ({ name, used, limit }: CoreLimit): string => `${name}: ${used} of ${limit} vCPUs in use`;
