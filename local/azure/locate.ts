// From a URI that a body carries to the container and path in the storage account.
import { parseReference } from "./jobs/references.ts";
import { registryUri } from "./registries/assets.ts";
import { containerOf } from "./resources/datastores.ts";
import type { AzureWorld } from "./world.ts";

export interface Place {
  readonly container: string;
  /** Blob name or prefix, without a leading slash. */
  readonly path: string;
}

/**
 * Where a datastore URI (short or long), a job output's URI or a blob URL of our account points to.
 * Undefined when that is not in the storage account: other hosts, registries, names of assets.
 */
export function locate(world: AzureWorld, uri: string): Place | undefined {
  const reference = parseReference(uri);
  switch (reference.kind) {
    case "datastore": {
      const container = containerOf(world, reference.datastore);
      return container === undefined ? undefined : { container, path: reference.path };
    }
    case "runArtifact":
      return place(world, "workspaceartifactstore", `ExperimentRun/dcid.${reference.run}/${reference.path}`);
    case "jobOutput":
      return ofJob(world, reference);
    case "https":
      return ofUrl(world, reference.url);
    case "registry": {
      const uri = registryUri(world, reference);
      return uri === undefined ? undefined : locate(world, uri);
    }
    default:
      return undefined;
  }
}

/** Where the job said that its output goes; for a job that nobody knows, the default places (facts/03 §5.4, facts/04 §9.1). */
function ofJob(
  world: AzureWorld,
  { job, output, path }: { readonly job: string; readonly output: string; readonly path: string },
): Place | undefined {
  const own = output === "artifacts" ? "default" : output;
  const uri = world.store<{ outputUris: Record<string, string> }>("jobs").get(job)?.outputUris[own];
  if (uri === undefined) {
    return own === "default"
      ? place(world, "workspaceartifactstore", `ExperimentRun/dcid.${job}/${path}`)
      : place(world, "workspaceblobstore", `azureml/${job}/${output}/${path}`);
  }
  const root = locate(world, uri);
  if (root === undefined || path === "") return root;
  return { container: root.container, path: `${root.path.replace(/\/+$/, "")}/${path}` };
}

function place(world: AzureWorld, datastore: string, path: string): Place | undefined {
  const container = containerOf(world, datastore);
  return container === undefined ? undefined : { container, path };
}

function ofUrl(world: AzureWorld, text: string): Place | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const storage = new URL(world.urls.storage);
  if (url.hostname !== storage.hostname) return undefined;
  const [container = "", ...rest] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  return container === "" ? undefined : { container, path: rest.join("/") };
}
