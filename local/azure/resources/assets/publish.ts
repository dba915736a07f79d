// The action `publish` of a version: copies it to a registry (docs/facts/operations.md#C.1; published type DestinationAsset).
import { userError } from "../../arm/errors.ts";
import { type ArmRouter, bodyOf, parameter } from "../../arm/router.ts";
import type { DestinationAsset } from "../../contract/types.gen.ts";
import { copyToRegistry, registryHome } from "../../workspace/importing.ts";
import type { AzureWorld } from "../../world/world.ts";
import type { AssetKind } from "./routes.ts";
import { requiredField } from "./routes.ts";

/**
 * Components are published by no client, and Microsoft's page on registries says that sharing them is not supported: that route is not
 * built. No exchange was recorded: that the answer is an empty 202, that the copy is made before it, and the words of refusals are
 * inferred and not verified against live Azure.
 */
export function mountPublish(arm: ArmRouter, world: AzureWorld, kind: AssetKind): void {
  arm.post(`/${kind.noun}/:name/versions/:version/publish`, async (request, response, { apiVersion, author }) => {
    const [name, number] = [parameter(request, "name"), parameter(request, "version")];
    const version = world.assets[kind.noun].version(name, number);
    if (version === undefined) throw kind.notFound(name, number);
    const { registryName, destinationName, destinationVersion } = bodyOf<DestinationAsset>(request);
    if (typeof registryName !== "string" || registryName === "") throw requiredField("registryName");
    const home = registryHome(world, registryName);
    if (home === undefined)
      throw userError(404, `Registry ${registryName} was not found.`, ["NotFound", "RegistryNotFound"]);
    const caller = response.locals["caller"] as { readonly subscriptions?: readonly string[] };
    if (caller.subscriptions?.includes(home.subscriptionId) === false)
      throw userError(403, `The caller may not write to the registry ${registryName}.`, ["Forbidden"]);
    await copyToRegistry(
      { world, noun: kind.noun, version },
      home,
      registryName,
      {
        ...(destinationName ? { destinationName } : {}),
        ...(destinationVersion ? { destinationVersion } : {}),
      },
      author,
    );
    const operation = world.operations.start("publish");
    world.operations.accepted(response, operation, apiVersion, "result");
    world.clock.after(world.settings.online.endpoint, () => void operation.succeed());
  });
}
