// Names of things in Azure ML: ARM ids, `azureml:` references and datastore URIs, taken apart and put together.

/** An ARM id inside a workspace, or the workspace itself. `segments` are `kind`, `name`, `kind`, `name`… below it. */
export interface ArmId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspace: string;
  readonly segments: readonly string[];
}

const ARM =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)(?:\/(.+?))?\/?$/i;

/** Takes an ARM id apart, with or without the `azureml:` in front; the fixed words match in any case. */
export function parseArmId(text: string): ArmId | undefined {
  const match = ARM.exec(text.replace(/^azureml:(?=\/)/i, ""));
  if (!match) return undefined;
  const [, subscriptionId = "", resourceGroup = "", workspace = "", rest] = match;
  const segments = (rest ? rest.split("/") : []).map(decoded);
  return segments.every((one) => one !== undefined)
    ? { subscriptionId, resourceGroup, workspace, segments }
    : undefined;
}

/** Undefined for what is escaped wrongly. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function workspaceId(subscriptionId: string, resourceGroup: string, workspace: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
}

/** ARM compares ids without regard to case (docs/facts/azureml-wire.md: `resourcegroups` and `resourceGroups` both appear). */
export const sameId = (a: string, b: string): boolean => trimmed(a) === trimmed(b);
const trimmed = (id: string) =>
  id
    .replace(/^azureml:(?=\/)/i, "")
    .replace(/(?<!\/)\/+$/, "")
    .toLowerCase();

/** A versioned asset: `name`, and `version` or `label`. */
export interface AssetReference {
  readonly name: string;
  readonly version?: string;
  readonly label?: string;
}

/**
 * Reads `name`, `name:version`, `name@label`, the same after `azureml:`, an ARM id of a version, or the last two
 * segments of a registry URI; undefined where it is none of these.
 */
export function parseAssetReference(text: string): AssetReference | undefined {
  const id = parseArmId(text) ?? registryId(text);
  if (id) {
    const [, name, word, version] = id.segments;
    if (name === undefined) return undefined;
    if (word === undefined || version === undefined) return { name };
    return word.toLowerCase() === "labels" ? { name, label: version } : { name, version };
  }
  const match = /^(?:azureml:)?([A-Za-z0-9][\w.-]*)(?::([\w.-]+)|@([\w.-]+))?$/i.exec(text);
  if (!match?.[1]) return undefined;
  const [, name, version, label] = match;
  return { name, ...(version === undefined ? {} : { version }), ...(label === undefined ? {} : { label }) };
}

function registryId(text: string): { segments: string[] } | undefined {
  const match = /^azureml:\/\/registries\/[^/]+\/(.+)$/i.exec(text);
  return match?.[1] ? { segments: match[1].split("/") } : undefined;
}

/** A place in a datastore. `path` has no leading slash. */
export interface DatastorePath {
  readonly datastore: string;
  readonly path: string;
}

/**
 * Reads `azureml://datastores/<d>/paths/<p>`, its long form with the workspace in front, and the form without
 * `paths/` that jobs show for their default output (docs/facts/azureml-wire.md#9.1).
 */
export function parseDatastoreUri(uri: string): DatastorePath | undefined {
  const match = /^azureml:\/\/(?:subscriptions\/.+?\/workspaces\/[^/]+\/)?datastores\/([^/]+)\/(?:paths\/)?(.*)$/i.exec(
    uri,
  );
  return match?.[1] === undefined ? undefined : { datastore: match[1], path: match[2] ?? "" };
}

const HOME =
  /^azureml:\/\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/(?:providers\/[^/]+\/)?workspaces\/([^/]+)\//i;

/** The workspace in the long form of a datastore's address, in lower case: `subscription/group/workspace`. Undefined for other forms. */
export const homeOfUri = (uri: string): string | undefined => HOME.exec(uri)?.slice(1).join("/").toLowerCase();

export const datastoreUri = ({ datastore, path }: DatastorePath): string =>
  `azureml://datastores/${datastore}/paths/${path}`;

/** The same place written with its workspace, as models want it (docs/facts/azureml-documents.md#2.9). */
export function longDatastoreUri(id: ArmId, { datastore, path }: DatastorePath): string {
  return `azureml://subscriptions/${id.subscriptionId}/resourcegroups/${id.resourceGroup}/workspaces/${id.workspace}/datastores/${datastore}/paths/${path}`;
}
