// Reuse of pipeline steps: finds an earlier step with the same definition, settings and inputs.
import { createHash } from "node:crypto";
import type { JobBody, JobRecord } from "../../records/job.ts";
import type { AzureWorld } from "../../world/world.ts";

const cosmetic = new Set(["displayName", "experimentName", "tags", "computeId", "identity", "componentId"]);

/** Equal for steps that do the same with the same inputs; inputs are the same where they lie at the same place. */
export function reuseKey(body: JobBody): string {
  const telling = Object.entries(body).filter(([key]) => !cosmetic.has(key));
  return createHash("sha256")
    .update(JSON.stringify(sorted(Object.fromEntries(telling))))
    .digest("hex");
}

/** The completed job of that key, if it is still known. */
export function findReusable(world: AzureWorld, key: string): JobRecord | undefined {
  const name = world.store<string>("reusable").get(key);
  const job = name === undefined ? undefined : world.store<JobRecord>("jobs").get(name);
  return job?.status === "Completed" ? job : undefined;
}

export function remember(world: AzureWorld, key: string, job: JobRecord): void {
  world.store<string>("reusable").set(key, job.name);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
