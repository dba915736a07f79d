// VM sizes, quotas and usages of a region; and the operations of the resource provider.

import { invalidRequest, notImplemented } from "../arm/errors.ts";
import { type ArmRouter, bodyOf, parameter } from "../arm/router.ts";
import { quotaRows, usageRows } from "../capacity/quotas.ts";
import { sizeBody, sizes } from "../capacity/sizes.ts";
import type { AzureWorld } from "../world/world.ts";

/** Nouns whose reads, writes and deletes stand in the list of operations; the real list is much longer. */
const nouns = [
  "workspaces",
  "workspaces/jobs",
  "workspaces/data",
  "workspaces/models",
  "workspaces/environments",
  "workspaces/components",
  "workspaces/computes",
  "workspaces/connections",
  "workspaces/datastores",
  "workspaces/onlineEndpoints",
  "workspaces/onlineEndpoints/deployments",
  "workspaces/batchEndpoints",
  "workspaces/batchEndpoints/deployments",
  "workspaces/schedules",
  "registries",
];

/** Routes above any workspace (docs/facts/recorded-operations.md#6). */
export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  const base = "/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/locations/:location";
  const requireRegion = (location: string): void => {
    if (location.toLowerCase().replaceAll(" ", "") === world.location) return;
    // The words of the resource manager, as it has them for regions that a type is not in; not recorded for these lists.
    throw invalidRequest(
      "NoRegisteredProviderFound",
      `No registered resource provider found for location '${location}'. This cloud has one: ${world.location}.`,
    );
  };
  for (const [path, rows] of [
    ["vmSizes", () => sizes.map(sizeBody)],
    ["quotas", () => quotaRows(world)],
    ["usages", () => usageRows(world)],
  ] as const) {
    router.get(`${base}/${path}`, (request, response) => {
      requireRegion(parameter(request, "location"));
      response.json({ value: rows() });
    });
  }
  router.post(`${base}/updateQuotas`, (request, response) => {
    requireRegion(parameter(request, "location"));
    const { value } = bodyOf(request);
    // What a real change answers is in no recording.
    if (Array.isArray(value) && value.length > 0) throw notImplemented("a change of quotas");
    response.json({ value: [] });
  });
  router.get("/providers/Microsoft.MachineLearningServices/operations", (_request, response) => {
    const verbs: Record<string, string> = { read: "Gets", write: "Creates or updates", delete: "Deletes" };
    const value = nouns.flatMap((resource) =>
      Object.entries(verbs).map(([verb, word]) => ({
        name: `Microsoft.MachineLearningServices/${resource}/${verb}`,
        isDataAction: false,
        display: {
          provider: "Microsoft Machine Learning Services",
          resource,
          operation: `${word} ${resource}`,
          description: `${word} ${resource} in Machine Learning Services`,
        },
      })),
    );
    response.json({ value });
  });
}
