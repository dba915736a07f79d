// The job that a version's files are an output of, by where the services say that both lie.
// Tests: test/tasks/PromoteModel.test.ts
import type { AssetBody } from "../assets/asset-home.ts";
import { openDatastore } from "../assets/datastores.ts";
import { sameFiles } from "../assets/held-files.ts";
import {
  jobPlaceOf,
  outputPathOf,
  ownDatastorePath,
  provenBlobsOf,
  REPLICATED,
  uriOf,
} from "../assets/version-places.ts";
import { jobOf } from "../gate/model-job.ts";
import type { Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** The jobs that a version names, the service's own word first. They are hints: `liesInJob` proves one. */
export function jobsNamed(version: AssetBody, workspace: Pick<Workspace, "id">): string[] {
  const { properties } = version;
  const named = [properties?.["jobName"], jobOf(version, workspace), properties?.tags?.["jobName"]];
  return [...new Set(named.filter((one): one is string => typeof one === "string" && one !== ""))];
}

/**
 * Whether a version's files lie in an output of the job. No request where the version's address names the job or its usual folder; where the services have to
 * be asked for an output's place, two for each.
 */
export async function liesInJob(workspace: Workspace, job: Job, version: AssetBody): Promise<boolean> {
  const uri = uriOf(version);
  const named = jobPlaceOf(uri);
  if (named !== undefined) return named.job === job.name;
  const held = ownDatastorePath(workspace, uri);
  if (held === undefined) return false;
  // Some workspaces keep a copy of an MLflow model (docs/facts/azureml-wire.md#6).
  const copied = new RegExp(`^${REPLICATED}`).exec(held.path)?.[0] ?? "";
  const path = held.path.slice(copied.length);
  const outputs = ["default", ...Object.keys(job.properties?.outputs ?? {})];
  for (const output of new Set(outputs)) {
    const place = await outputPathOf(workspace, job, output, undefined);
    if (place?.datastore !== held.datastore) continue;
    const folder = place.path.replace(/\/+$/, "");
    if (folder === "" || (path !== folder && !path.startsWith(`${folder}/`))) continue;
    return copied === "" || sameAs(workspace, version, { ...place, path });
  }
  return false;
}

async function sameAs(
  workspace: Workspace,
  version: AssetBody,
  { datastore, path }: { readonly datastore: string; readonly path: string },
): Promise<boolean> {
  const [copy, { container }] = await Promise.all([
    provenBlobsOf(workspace, "models", "", version),
    openDatastore(workspace, datastore),
  ]);
  return copy !== undefined && sameFiles(copy, { container, path }, workspace.signal);
}
