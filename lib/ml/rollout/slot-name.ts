// The name of a deployment that is named by its content (`deploymentName: auto`): its model, its version and a short hash, so that the same
// content is the same deployment in every stage and every rerun, and another content stands beside it. Pure.
// Tests: test/lib/ml/rollout/slot-name.test.ts
import { LONGEST_NAMES_ON_KUBERNETES } from "../../documents/index.ts";
import { canonical } from "../../documents/language/canonical.ts";
import { sha256 } from "../../sha256.ts";
import type { DeploymentBody } from "./rollout-wish.ts";

/** The name by which a deployment asks to be named by its content. */
export const BY_CONTENT = "auto";

/** Characters that Azure allows; on Kubernetes, endpoint and deployment share a limit (docs/facts/operations.md#A.6). */
const LONGEST = 32;
const HASHED = 8;

/**
 * `house-prices-7-3f2a9c10`: of letters, digits and single hyphens, beginning with a letter, at most 32 characters.
 * @param body of the deployment's PUT; its tags do not count, because they differ from run to run
 * @param more what else makes it another content
 */
export function slotName(endpoint: string, body: DeploymentBody, more: unknown): string {
  const { properties } = body;
  const isKubernetes = properties["endpointComputeType"] === "Kubernetes";
  const most = isKubernetes ? Math.min(LONGEST, LONGEST_NAMES_ON_KUBERNETES - endpoint.length) : LONGEST;
  const hash = sha256(canonical({ properties, sku: body["sku"] ?? null, more: more ?? null })).slice(0, HASHED);
  const words = modelWords(properties["model"]).slice(0, Math.max(1, most - HASHED - 1));
  return `${words.replace(/-+$/, "")}-${hash}`;
}

function modelWords(model: unknown): string {
  const [, name = "", version = ""] =
    /\/models\/([^/]+)\/versions\/([^/]+)/i.exec(typeof model === "string" ? model : "") ?? [];
  // A model that the deployment's YAML brings along is named by its hash, which says nothing to people.
  const said = /^[0-9a-f-]{32,}$/i.test(name) ? "" : `${name}-${version}`;
  const words = said
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (words === "") return "model";
  return /^[a-z]/.test(words) ? words : `m-${words}`;
}
