// Records of computes: two clusters that exist from the start, and those that callers create.
import type { Compute } from "../contract/types.gen.ts";
import type { Stores } from "./state.ts";

type Json = Record<string, unknown>;

/** A compute that a caller made. */
export interface ComputeRecord {
  readonly name: string;
  location: string;
  /** Null until the first change of a compute that was made without. */
  tags: Json | null;
  identity: unknown;
  readonly computeType: string;
  /** `properties` of the body, as sent. */
  sent: Partial<Compute>;
  provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded";
  /** Of a compute instance. */
  state: "Running" | "Stopped";
  readonly createdOn: string;
  modifiedOn: string;
}

/** A cluster that stands ready; it cannot be changed. */
export interface Cluster {
  readonly name: string;
  readonly vmSize: string;
  readonly maxNodeCount: number;
}

export const clusters: readonly Cluster[] = [
  { name: "cpu-cluster", vmSize: "STANDARD_DS3_V2", maxNodeCount: 4 },
  { name: "gpu-cluster", vmSize: "STANDARD_NC6S_V3", maxNodeCount: 2 },
];

export function computesOf(world: Stores) {
  return world.store<ComputeRecord>("computes");
}

/** Computes of the service's own, which no list shows: `serverless` (docs/facts/azureml-documents.md#2.5), and `DataFactory` for imports of data (recorded). */
const ofTheService = new Set(["serverless", "datafactory"]);

/** Whether jobs may name this compute: one that there is, or one of the service's own. */
export function computeExists(world: Stores, name: string): boolean {
  const wanted = name.toLowerCase();
  return (
    ofTheService.has(wanted) || clusters.some((cluster) => cluster.name === wanted) || computesOf(world).has(wanted)
  );
}
