// The address of a version's proof, as the version's own tag says it.
import assert from "node:assert/strict";
import type { AssetHome } from "../../../../lib/ml/assets/asset-home.ts";
import { findVersion } from "../../../../lib/ml/assets/assets.ts";

/** The version of the data asset that is the proof. */
export async function proofVersionOf(home: AssetHome, model: string, version = "1"): Promise<string> {
  const body = await findVersion(home, "models", model, version);
  const [asset, number] = String(body?.properties?.tags?.["azureDevOps.proof"]).split(":");
  assert.equal(asset, `${model}-proof`);
  return number ?? "";
}
