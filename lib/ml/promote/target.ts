// Opens the target of a promotion by the source's own connection: a registry of another subscription is found through the source's workspace.
// Tests: test/tasks/PromoteModel.test.ts
import { type AssetStore, type AssetStoreRequest, openAssetStore } from "../assets/asset-store.ts";
import { openRegistry } from "../assets/registry.ts";

/** @throws TaskError as `openAssetStore` */
export const targetOf =
  ({ workspace }: AssetStore) =>
  async (request: AssetStoreRequest): Promise<AssetStore> => {
    if (workspace === undefined || request.name !== "" || !request.registry) return openAssetStore(request);
    const registry = await openRegistry(request, request.registry, workspace);
    return { workspace: undefined, registry, home: registry, signal: request.signal, location: registry.location };
  };
