// A version of the workspace's into a registry, as `az ml model share` and its like ask for it (docs/facts/azureml-services.md#4.7): a copy, not a pointer.
import { randomUUID } from "node:crypto";
import type { Author } from "../arm/envelope.ts";
import { ArmError, userError } from "../arm/errors.ts";
import { storagePlace } from "../workspace/locate.ts";
import { registryAssets } from "../workspace/registries.ts";
import type { AzureWorld } from "../world/world.ts";

/** Fields of the body's `properties`. */
export interface Importing {
  readonly destinationName?: string;
  readonly destinationVersion?: string;
  /** `azureml://locations/<region>/workspaces/<guid>/<noun>/<name>/versions/<version>`, or an ARM id. */
  readonly sourceAssetId?: string;
}

/**
 * Copies the version and its files.
 * That tags and properties come along, and the words of the refusals, are inferred: not verified against live Azure.
 * @throws ArmError 404 for a version that is not there, 409 where the registry has the version already
 */
export async function importAsset(world: AzureWorld, registry: string, asked: Importing, author: Author) {
  const source = /\/(models|data|environments|components)\/([^/]+)\/versions\/([^/]+)$/i.exec(
    asked.sourceAssetId ?? "",
  );
  const noun = source?.[1]?.toLowerCase() as "models" | undefined;
  const version = noun === undefined ? undefined : world.assets[noun].version(source?.[2] ?? "", source?.[3] ?? "");
  const assets = registryAssets(world, registry);
  if (noun === undefined || version === undefined || assets === undefined)
    throw userError(404, `The asset ${asked.sourceAssetId} was not found.`, ["NotFoundError"]);
  const name = asked.destinationName ?? version.name;
  const number = asked.destinationVersion ?? version.version;
  if (assets[noun].version(name, number) !== undefined) {
    throw new ArmError(
      409,
      "Conflict",
      `The asset azureml://registries/${registry}/${noun}/${name}/versions/${number} already exists.`,
    );
  }
  assets[noun].put(name, number, await withOwnFiles(world, version.properties), author);
}

/** The same properties, pointing at files of the registry's own. */
async function withOwnFiles(world: AzureWorld, properties: Record<string, unknown>): Promise<Record<string, unknown>> {
  const key = ["modelUri", "dataUri"].find((one) => typeof properties[one] === "string");
  const place = key === undefined ? undefined : storagePlace(world, String(properties[key]));
  if (key === undefined || place === undefined) return { ...properties };
  const container = `reg-${randomUUID()}`;
  await world.blobs.container(container);
  const from = place.path.replace(/\/+$/, "");
  const top = from.split("/").at(-1) ?? "";
  for (const { name } of await world.blobs.list(place.container, from)) {
    // A neighbour's name may only begin like this one.
    if (name !== from && from !== "" && !name.startsWith(`${from}/`)) continue;
    const bytes = await world.blobs.get(place.container, name);
    if (bytes !== undefined) await world.blobs.put(container, `${top}${name.slice(from.length)}`, bytes);
  }
  const isFolder = String(properties[key]).endsWith("/");
  return { ...properties, [key]: `${world.blobs.url(container, top)}${isFolder ? "/" : ""}` };
}
