// A registry: where it is, places for files to be brought to and from, and versions that a workspace shares with it (docs/facts/azureml-services.md#4.7,
// docs/facts/azureml-wire.md#15). Its data plane is used, as Azure's own clients do: it knows registries of other subscriptions too, and imports.
// Tests: test/tasks/registry.test.ts

import {
  type AzureMl,
  type Container,
  finish,
  openContainer,
  segment,
  signatureFor,
  storageAccountOf,
} from "../../azure/index.ts";
import type { UploadRoot } from "../../documents/index.ts";
import type { AssetKind, Resolver, Uploaded } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import { didYouMean } from "../../nearest-name.ts";
import { onceEach } from "../workspace/once.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { AssetHome } from "./asset-home.ts";
import { versionOfLabel } from "./asset-labels.ts";
import { putVersion } from "./asset-writes.ts";
import { nextVersion } from "./assets.ts";
import { contentOf, type LocalContent } from "./local-content.ts";
import { bringContent } from "./stored-content.ts";

/** The only version that imports, uploads and downloads of registries are known in. */
const API_VERSION = "2021-10-01-dataplanepreview";

export interface Registry extends AssetHome {
  readonly apiVersion: string;
  /** `azureml://registries/<name>`: what the ids of its assets begin with. */
  readonly uri: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Its primary region. */
  readonly location: string;
}

export const isRegistry = (home: AssetHome): home is Registry => home.apiVersion !== undefined;

interface Discovery {
  registryName?: string;
  primaryRegion?: string;
  regions?: string[];
  subscriptionId?: string;
  resourceGroup?: string;
  primaryRegionResourceProviderUri?: string;
  registryFqdns?: Record<string, { uri?: string } | null> | null;
}

/**
 * Opens a registry: one round trip to the services of the workspace, if there is one (and one more where they have not been
 * discovered yet); without a workspace, one to ARM for the registry's address and one there.
 * @param from the caller, and the subscription that the registry is looked for in where there is no workspace
 * @throws TaskError `notFound` that names the registries which are there
 */
export async function openRegistry(
  from: Pick<AssetHome, "azure" | "log" | "signal" | "provenance"> & { readonly subscriptionId: string },
  name: string,
  workspace?: Workspace,
): Promise<Registry> {
  const { azure, log, signal, provenance } = from;
  const url = workspace
    ? `${new URL(await workspace.serviceUrl("data")).origin}/registrymanagement/v1.0/registries/${segment(name, "the name of the registry")}/discovery`
    : await discoveryUrl(from, name);
  const doing = `ask where the registry ${name} is`;
  const answer = await azure.request<Discovery>("GET", url, {
    doing,
    promises: (body) => typeof body["primaryRegionResourceProviderUri"] === "string",
    expect: [404],
    signal,
  });
  if (answer.status === 404) {
    throw new TaskError(
      "notFound",
      `There is no registry "${name}", or the service connection's identity may not see it.`,
      {
        errorCode: "AML1209",
        status: 404,
        hint: "Correct the input registry, or give the identity the role AzureML Registry User there.",
      },
    );
  }
  const found = answer.body ?? {};
  const { primaryRegionResourceProviderUri: provider, subscriptionId, resourceGroup } = found;
  if (!provider || !subscriptionId || !resourceGroup)
    throw new TaskError("service", `Azure does not say where the registry ${name} is.`, { errorCode: "AML1111" });
  for (const address of addressesOf(found, url)) azure.trust(address);
  const own = found.registryName ?? name;
  return {
    azure,
    log,
    signal,
    provenance,
    name: own,
    id: `${provider.replace(/\/+$/, "")}/mferp/managementfrontend/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/registries/${own}`,
    apiVersion: API_VERSION,
    uri: `azureml://registries/${own}`,
    subscriptionId,
    resourceGroup,
    location: found.primaryRegion ?? "",
    once: onceEach(),
  };
}

/** The services of a registry: what it names, and in each of its regions the host that answers in one of them. */
function addressesOf(
  { primaryRegionResourceProviderUri, registryFqdns, regions = [] }: Discovery,
  url: string,
): string[] {
  const named = [primaryRegionResourceProviderUri, ...Object.values(registryFqdns ?? {}).map((one) => one?.uri)];
  const [, ...rest] = new URL(url).hostname.split(".");
  // Operations are looked at on the region's own host (docs/facts/azureml-wire.md#15), which discovery does not name.
  const regional = rest.length < 2 ? [] : regions.map((region) => `https://${region}.${rest.join(".")}`);
  return [...named, ...regional].filter((address) => address !== undefined && URL.canParse(address)) as string[];
}

async function discoveryUrl(
  { azure, signal, subscriptionId }: Pick<AssetHome, "azure" | "signal"> & { subscriptionId: string },
  name: string,
): Promise<string> {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearningServices/registries`;
  const there: string[] = [];
  for await (const one of azure.list<{ name?: string; properties?: { discoveryUrl?: string } }>(path, {
    doing: "list the registries",
    signal,
  })) {
    const url = one.properties?.discoveryUrl;
    if (one.name?.toLowerCase() === name.toLowerCase() && url) {
      azure.trust(url);
      return url;
    }
    if (one.name) there.push(one.name);
  }
  const others = there.length > 0 ? ` There ${there.length === 1 ? "is" : "are"} ${there.sort().join(", ")}.` : "";
  throw new TaskError(
    "notFound",
    `There is no registry "${name}" in the subscription of the service connection, ${subscriptionId}.${others}${didYouMean(name, there)}`,
    {
      errorCode: "AML1209",
      status: 404,
      hint: "Correct the input registry; for a registry of another subscription, name a workspace as well.",
    },
  );
}

interface BlobReference {
  blobReferenceForConsumption?: {
    blobUri?: string;
    credential?: { credentialType?: string; sasUri?: string | null; uri?: string | null } | null;
  };
}

const handsOut = (body: Record<string, unknown>) => typeof body["blobReferenceForConsumption"] === "object";

/** The container that a registry hands out: signed, or to be entered with the task's own token. */
async function containerOf(
  azure: AzureMl,
  body: BlobReference | undefined,
  what: string,
  ask: () => Promise<BlobReference | undefined>,
): Promise<Container> {
  const { blobUri, credential } = body?.blobReferenceForConsumption ?? {};
  const address = credential?.sasUri ?? blobUri ?? credential?.uri;
  if (!address) throw new TaskError("service", `The registry names no place for ${what}.`, { errorCode: "AML1111" });
  if (!URL.canParse(address))
    throw new TaskError("service", `The registry names no address for ${what}.`, { errorCode: "AML1111" });
  const url = new URL(address);
  const [name = ""] = url.pathname.slice(1).split("/");
  const container = `${url.origin}/${name}`;
  // The registry's own service names this account.
  const account = storageAccountOf(azure.cloud, url) ?? "";
  return openContainer(
    azure,
    container,
    credential?.sasUri
      ? {
          kind: "sas",
          sasToken: url.search.slice(1),
          renew: async () =>
            signatureFor(address, (await ask())?.blobReferenceForConsumption?.credential?.sasUri ?? undefined),
        }
      : { kind: "entra", account },
  );
}

/**
 * The container that a registry has for the files of a version to come. One round trip.
 * @throws TaskError kind `service`, status 409, where the version is there already
 */
export async function openUpload(
  registry: Registry,
  kind: AssetKind,
  name: string,
  version: string,
): Promise<Container> {
  const { azure, signal } = registry;
  const at = `${segment(name, "the name of the asset")}/versions/${segment(version, `the version of ${name}`)}`;
  const ask = async () =>
    (
      await azure.request<BlobReference>("PUT", `${registry.id}/tempdatarefs/${at}`, {
        doing: `get a place for the files of ${name}:${version}`,
        body: {
          assetId: `${registry.uri}/${kind}/${name}/versions/${version}`,
          temporaryDataReferenceType: "TemporaryBlobReference",
        },
        promises: handsOut,
        // Safe to repeat: it reserves a place and makes no resource.
        repeats: true,
        apiVersion: API_VERSION,
        signal,
      })
    ).body;
  return containerOf(azure, await ask(), `the files of ${name}:${version}`, ask);
}

/** @throws TaskError kind `service`, status 409, where the version is there already */
async function upload(
  registry: Registry,
  kind: AssetKind,
  name: string,
  version: string,
  content: LocalContent,
): Promise<Uploaded> {
  const { signal } = registry;
  const container = await openUpload(registry, kind, name, version);
  const hash = await content.objectHash();
  // The content's hash is in the path: two runs that are handed the same place never mix what they bring.
  const folder = `LocalUpload/${hash}/${content.name}`;
  const files = content.toUpload(folder);
  // The place may be that of an earlier upload, and others may have had access to it: all of it is compared.
  await bringContent(container, folder, files, { metadata: { upload_status: "completed" }, signal });
  registry.log.info(
    `Uploaded ${files.length} ${files.length === 1 ? "file" : "files"} to the registry ${registry.name}.`,
  );
  const uri = `${container.url}/${folder}${content.isFolder ? "/" : ""}`;
  return { uri, longUri: uri, httpsUri: uri, hash, isFolder: content.isFolder };
}

/** Answers the questions of one asset that is written to a registry; local files go to the place that the registry has for it. */
export function createRegistryResolver(
  registry: Registry,
  kind: AssetKind,
  name: string,
  version: string,
  root?: UploadRoot,
): Resolver {
  const { subscriptionId, resourceGroup, location } = registry;
  return {
    workspace: { subscriptionId, resourceGroup, name: registry.name, id: registry.id, location },
    root,
    upload: async (path) => upload(registry, kind, name, version, await contentOf(registry, path, root)),
    put: async (of, asset, number, body) => (await putVersion(registry, of, asset, number, body)).id,
    version: (of, asset, label) => versionOfLabel(registry, of, asset, label),
    nextVersion: (of, asset) => nextVersion(registry, of, asset),
    code: async (path) => {
      throw new TaskError("input", `Code (${path}) is not brought to a registry by this task.`, {
        errorCode: "AML1313",
      });
    },
  };
}

/** The container that the files of a version lie in, opened for reading. One round trip. */
export async function openFiles(
  registry: Registry,
  kind: AssetKind,
  name: string,
  version: string,
  uri: string,
): Promise<Container> {
  const at = `${segment(name, "the name of the asset")}/versions/${segment(version, `the version of ${name}`)}`;
  const ask = async () =>
    (
      await registry.azure.request<BlobReference>("POST", `${registry.id}/datarefs/${at}`, {
        doing: `get access to the files of ${name}:${version}`,
        body: { assetId: `${registry.uri}/${kind}/${name}/versions/${version}`, blobUri: uri },
        promises: handsOut,
        repeats: true,
        apiVersion: API_VERSION,
        signal: registry.signal,
      })
    ).body;
  return containerOf(registry.azure, await ask(), `the files of ${name}:${version}`, ask);
}

/**
 * Copies a version that a workspace has, under another name or version or the same, and waits for it. No file passes this machine.
 * @param source `azureml://locations/<region>/workspaces/<guid>/<kind>/<name>/versions/<version>`
 * @throws TaskError status 409 where the registry has the version already
 */
export async function importVersion(registry: Registry, source: string, name: string, version: string): Promise<void> {
  const answer = await registry.azure.request("POST", `${registry.id}/import`, {
    doing: `share ${name}:${version} with the registry ${registry.name}`,
    promises: "accepted",
    // It names its version: one that was done is refused with 409 the second time, and its copy is found by its files then.
    repeats: true,
    body: {
      properties: {
        referenceType: "Id",
        destinationName: name,
        destinationVersion: version,
        sourceAssetId: source,
      },
    },
    apiVersion: API_VERSION,
    signal: registry.signal,
  });
  await finish(registry.azure, answer, { what: `${name}:${version} to be in the registry`, signal: registry.signal });
}
