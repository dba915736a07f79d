// Copies a version of a workspace to a registry, as `az ml model share` and the publish action ask for it
// (docs/facts/azureml-services.md#4.7, docs/facts/operations.md#C.1): a copy, not a pointer.
import { randomUUID } from "node:crypto";
import type { AssetNoun, AssetVersion } from "../arm/collection.ts";
import type { Author } from "../arm/envelope.ts";
import { ArmError, userError } from "../arm/errors.ts";
import type { AzureWorld } from "../world/world.ts";
import { storagePlace } from "./locate.ts";
import { registriesOf, registryAssets } from "./registries.ts";

/** Fields of the body's `properties`. */
export interface Importing {
  readonly destinationName?: string;
  readonly destinationVersion?: string;
  /** `azureml://locations/<region>/workspaces/<guid>/<noun>/<name>/versions/<version>`, or an ARM id. */
  readonly sourceAssetId?: string;
}

/** A version and the subscription whose workspace has it. */
interface Source {
  readonly world: AzureWorld;
  readonly noun: AssetNoun;
  readonly version: AssetVersion;
}

/**
 * Copies the version and its files.
 * That tags and properties come along, and the words of the refusals, are inferred: not verified against live Azure.
 * @param world the subscription of the registry
 * @throws ArmError 404 for a version that is not there, 409 where the registry has the version already
 */
export async function importAsset(world: AzureWorld, registry: string, asked: Importing, author: Author) {
  const source = sourceOf(world, asked.sourceAssetId ?? "");
  if (source === undefined) throw userError(404, `The asset ${asked.sourceAssetId} was not found.`, ["NotFoundError"]);
  await copyToRegistry(source, world, registry, asked, author);
}

/** The subscription of this tenant that has a registry of this name. */
export const registryHome = (world: AzureWorld, registry: string): AzureWorld | undefined =>
  world.siblings().find((one) => registriesOf(one).has(registry.toLowerCase()));

/** @throws ArmError 404 where there is no such registry, 409 where it has the version already */
export async function copyToRegistry(
  { world, noun, version }: Source,
  home: AzureWorld,
  registry: string,
  {
    destinationName: name = version.name,
    destinationVersion: number = version.version,
  }: Omit<Importing, "sourceAssetId">,
  author: Author,
): Promise<void> {
  const assets = registryAssets(home, registry);
  if (assets === undefined)
    throw userError(404, `Registry ${registry} was not found.`, ["NotFound", "RegistryNotFound"]);
  if (assets[noun].version(name, number) !== undefined) {
    throw new ArmError(
      409,
      "Conflict",
      `The asset azureml://registries/${registry}/${noun}/${name}/versions/${number} already exists.`,
    );
  }
  assets[noun].put(name, number, await withOwnFiles(world, home, version.properties), author);
}

/** The version that an id names, in this subscription or in another of the tenant's by the workspace's guid. */
function sourceOf(world: AzureWorld, id: string): Source | undefined {
  const [, noun, name = "", number = ""] =
    /\/(models|data|environments|components)\/([^/]+)\/versions\/([^/]+)$/i.exec(id) ?? [];
  const guid = /\/workspaces\/([^/]+)\//i.exec(id)?.[1]?.toLowerCase();
  const home = world.siblings().find(({ workspaceGuid }) => workspaceGuid.toLowerCase() === guid) ?? world;
  const of = noun?.toLowerCase() as AssetNoun | undefined;
  const version = of === undefined ? undefined : home.assets[of].version(name, number);
  return of === undefined || version === undefined ? undefined : { world: home, noun: of, version };
}

/** The same properties, pointing at files of the registry's own. */
async function withOwnFiles(
  world: AzureWorld,
  home: AzureWorld,
  properties: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const key = ["modelUri", "dataUri"].find((one) => typeof properties[one] === "string");
  const place = key === undefined ? undefined : storagePlace(world, String(properties[key]));
  if (key === undefined || place === undefined) return { ...properties };
  const container = `reg-${randomUUID()}`;
  await home.blobs.container(container);
  const from = place.path.replace(/\/+$/, "");
  const top = from.split("/").at(-1) ?? "";
  for (const { name } of await world.blobs.list(place.container, from)) {
    // A neighbour's name may only begin like this one.
    if (name !== from && from !== "" && !name.startsWith(`${from}/`)) continue;
    const bytes = await world.blobs.get(place.container, name);
    if (bytes !== undefined) await home.blobs.put(container, `${top}${name.slice(from.length)}`, bytes);
  }
  const isFolder = String(properties[key]).endsWith("/");
  return { ...properties, [key]: `${home.blobs.url(container, top)}${isFolder ? "/" : ""}` };
}
