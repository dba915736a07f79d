// The assets of each registry: containers and versions as a workspace has them, shared by everyone.

import { type AssetNoun, AssetStore } from "../arm/collection.ts";
import type { RegistryProperties } from "../contract/types.gen.ts";
import type { AzureWorld } from "../world/world.ts";

/** A registry that exists. */
export interface RegistryRecord {
  readonly name: string;
  /** Guid. */
  readonly id: string;
  readonly location: string;
  readonly tags: Record<string, unknown>;
  /** As sent. */
  readonly properties: RegistryProperties;
}

export type RegistryAssets = Readonly<Record<AssetNoun, AssetStore>>;

export function registriesOf(world: AzureWorld) {
  return world.store<RegistryRecord>("registries");
}

/** The registry's assets; undefined when there is no such registry. */
export function registryAssets(world: AzureWorld, name: string): RegistryAssets | undefined {
  const key = name.toLowerCase();
  if (!registriesOf(world).has(key)) return undefined;
  const all = world.part("registries", () => new Map<string, RegistryAssets>());
  const known = all.get(key);
  if (known !== undefined) return known;
  const store = (noun: AssetNoun) =>
    new AssetStore(noun, world.store(`registries/${key}/${noun}`), () => world.clock.now());
  const assets = {
    codes: store("codes"),
    data: store("data"),
    models: store("models"),
    environments: store("environments"),
    components: store("components"),
  };
  all.set(key, assets);
  return assets;
}

/** The location of a registry's data, model or code; undefined if there is no such version. */
export function registryUri(
  world: AzureWorld,
  reference: { readonly registry: string; readonly type: string; readonly name: string; readonly version?: string },
): string | undefined {
  const store = registryAssets(world, reference.registry)?.[reference.type as AssetNoun];
  const version =
    reference.version === undefined ? store?.latest(reference.name) : store?.version(reference.name, reference.version);
  const { dataUri, modelUri, codeUri } = version?.properties ?? {};
  const uri = dataUri ?? modelUri ?? codeUri;
  return typeof uri === "string" ? uri : undefined;
}
