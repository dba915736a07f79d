// Compares addresses of files by the location that both mean: an address has several forms, and the service answers another than it was
// sent.
// Tests: test/tasks/Apply.test.ts
import type { AssetBody } from "../assets/asset-home.ts";
import { liesAt } from "../assets/same-content.ts";
import { jobPlaceOf, placeOfUri } from "../assets/version-places.ts";
import type { Resource } from "../workspace/merge.ts";
import type { Workspace } from "../workspace/workspace.ts";

const FIELDS = ["modelUri", "dataUri"] as const;

/** The wanted body, with the service's form of an address where both mean the same place. No request but for a job's address. */
export async function inServiceForm(workspace: Workspace, wanted: Resource, there: Resource): Promise<Resource> {
  for (const field of FIELDS) {
    const [own, held] = [wanted.properties?.[field], there.properties?.[field]];
    if (typeof own !== "string" || typeof held !== "string" || own === held || !jobPlaceOf(own)) continue;
    const place = await placeOfUri(workspace, own);
    if (place !== undefined && (await liesAt(workspace, there as AssetBody, place)))
      return { ...wanted, properties: { ...wanted.properties, [field]: held } };
  }
  return wanted;
}
