// The job that made a model: by where its files lie, as the service names it, and last as tags and properties say.
// Tests: test/lib/ml/gate/champion.test.ts
import { parseDatastoreUri } from "../../azure/index.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { ARTIFACTS, jobPlaceOf, ownDatastorePath, REPLICATED } from "../assets/version-places.ts";
import { SOURCE_URI } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/**
 * The job that made a model: first by where its files lie, then as the service names it, and last as tags and properties say, which anybody can write.
 * @param workspace whose job it is; an address in another workspace names none of its jobs
 */
export function jobOf(model: AssetBody, workspace?: Pick<Workspace, "id">): string | undefined {
  const { properties } = model;
  return (
    statedJobOf(model, workspace) ??
    jobIn(properties?.properties?.[SOURCE_URI], workspace) ??
    text(properties?.tags?.["jobName"]) ??
    text(properties?.properties?.["jobName"])
  );
}

/** The same by what the service itself says, and by no tag. */
export const statedJobOf = ({ properties }: AssetBody, workspace?: Pick<Workspace, "id">): string | undefined =>
  jobIn(properties?.["modelUri"], workspace) ?? text(properties?.["jobName"]);

/** The job whose output lies at an address. Only the store of artifacts has folders of runs: anybody may name another folder like one. */
function jobIn(uri: unknown, workspace: Pick<Workspace, "id"> | undefined): string | undefined {
  if (typeof uri !== "string") return undefined;
  const named = jobPlaceOf(uri)?.job ?? /^azureml:\/\/artifacts\/ExperimentRun\/dcid\.([^/]+)(?:\/|$)/i.exec(uri)?.[1];
  if (named !== undefined) return named;
  const place = workspace === undefined ? parseDatastoreUri(uri) : ownDatastorePath(workspace, uri);
  if (place?.datastore !== ARTIFACTS) return undefined;
  return RUN_FOLDER.exec(place.path)?.[1];
}

const RUN_FOLDER = new RegExp(`^(?:${REPLICATED})?ExperimentRun/dcid\\.([^/]+)(?:/|$)`);
