// The flavors that the MLmodel file of an MLflow model declares.
import { parse } from "yaml";
import type { AzureWorld } from "../world/world.ts";
import { storagePlace } from "./locate.ts";

/** Flavors are parsed from the MLmodel file even when none were sent (docs/facts/azureml-wire.md#6); an unreadable one gives none. */
export async function declaredFlavors(world: AzureWorld, uri: string): Promise<Record<string, { data: unknown }>> {
  const place = storagePlace(world, uri);
  if (place === undefined) return {};
  const folder = place.path.replace(/\/+$/, "");
  const file = await world.blobs.get(place.container, folder === "" ? "MLmodel" : `${folder}/MLmodel`);
  if (file === undefined) return {};
  try {
    const flavors = (parse(file.toString("utf8")) as { flavors?: Record<string, object> }).flavors ?? {};
    return Object.fromEntries(
      Object.entries(flavors).map(([name, data]) => {
        // The published type holds strings only.
        const text = Object.entries(data ?? {}).map(([key, value]) => [
          key,
          typeof value === "string" ? value : JSON.stringify(value),
        ]);
        return [name, { data: Object.fromEntries(text) }];
      }),
    );
  } catch {
    return {};
  }
}
