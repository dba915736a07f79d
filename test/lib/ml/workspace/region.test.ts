// Offers of a region: the spellings of families, limits that are none, and both lists as local Azure gives them.
import assert from "node:assert/strict";
import { coreLimits, machineSizes, sizeNamed, type Usage, usagesOf } from "../../../../lib/ml/workspace/region.ts";
import { openLocal } from "../world.ts";

const ML = "Microsoft.MachineLearningServices";
const row = (value: string, type: string, currentValue: number, limit: number): Usage => ({
  type: `${ML}/${type}/usages`,
  name: { value },
  currentValue,
  limit,
});

describe("the region of a workspace", () => {
  it("gives sizes, and the limits of a family and of the region", async () => {
    const workspace = await openLocal();
    const [sizes, usages] = await Promise.all([machineSizes(workspace), usagesOf(workspace)]);
    const size = sizeNamed(sizes, "STANDARD_ds3_V2");
    assert.equal(size?.vCPUs, 4);
    const names = coreLimits(usages, size.family, "dedicated")?.map(({ name }) => name);
    assert.deepEqual(names, ["standardDSv2Family", "TotalDedicatedCores"]);
    assert.deepEqual(coreLimits(usages, size.family, "lowPriority"), [], "a limit of -1 is none");
  });

  it("knows a family in each spelling of the service's lists", () => {
    const rows = [
      row("Standard NCASv3_T4 Family", "vmFamily/dedicatedCores", 1, 4),
      row("Standard DSv2 Family Cluster Dedicated vCPUs", "vmFamily", 2, 6),
      row("Standard DSv2 Family Cluster LowPriority vCPUs", "vmFamily", 0, -1),
      row("Total Cluster Dedicated Regional vCPUs", "dedicatedCores", 14, 24),
      row("Total Cluster LowPriority Regional vCPUs", "lowPriorityCores", 18, 50),
    ];
    const limits = (family: string, tier: "dedicated" | "lowPriority" = "dedicated") =>
      coreLimits(rows, family, tier)?.map(({ used, limit }) => `${used}/${limit}`);
    assert.deepEqual(limits("standardNCASv3_T4Family"), ["1/4", "14/24"]);
    assert.deepEqual(limits("standardDSv2Family"), ["2/6", "14/24"]);
    assert.deepEqual(limits("standardDSv2Family", "lowPriority"), ["18/50"]);
    assert.deepEqual(limits("unheardOfFamily"), ["14/24"]);
    assert.equal(coreLimits([], "standardDSv2Family", "dedicated"), undefined);
  });
});
