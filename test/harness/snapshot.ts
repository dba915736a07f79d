// Snapshot of local Azure, to be compared before and after: nothing may have been created, changed or removed.
import type { LocalCloud } from "../../local/cloud.ts";
import type { TaskRun } from "./bench.ts";

const STORES = [
  ...["codes", "data", "models", "environments", "components"].map((noun) => `assets/${noun}`),
  ...[
    "jobs",
    "experiments",
    "runs",
    "onlineEndpoints",
    "onlineDeployments",
    "pendingUploads",
    "datastores",
    "computes",
  ],
];

/** POSTs that read: credentials of a datastore, and two questions of the data plane whose arguments are bodies. */
const READS = /^POST (arm .*\/listSecrets|api .*\/(rundata|batchGetResolvedUris))$/i;

/** Everything in every store and every blob of the workspace's containers, as JSON by what it is. */
export async function snapshot({ azure }: LocalCloud): Promise<ReadonlyMap<string, string>> {
  const there = new Map<string, string>();
  for (const store of STORES) {
    for (const [key, value] of azure.store(store)) there.set(`${store} ${key}`, JSON.stringify(value));
  }
  for (const container of [`azureml-blobstore-${azure.workspaceGuid}`, "azureml"]) {
    for (const { name, size, metadata } of await azure.blobs.list(container))
      there.set(`blob ${container}/${name}`, JSON.stringify([size, metadata]));
  }
  return there;
}

/** What is in one and not in the other, or in both and not the same. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key));
}

/** Requests of a run that could have changed something in Azure, as `METHOD listener path`. */
export function changing(run: TaskRun): string[] {
  return run.exchanges
    .filter(({ listener, method }) => !/^(login|devops|identity)$/.test(listener) && !/^(GET|HEAD)$/.test(method))
    .map(({ listener, method, url }) => `${method} ${listener} ${new URL(url).pathname}`)
    .filter((request) => !READS.test(request));
}
