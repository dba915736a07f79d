// The target of a task: a workspace, a registry, or both.
// Tests: test/lib/ml/assets/stored-content.test.ts
import { TaskError } from "../../errors.ts";
import { openWorkspace, type Workspace, type WorkspaceRequest } from "../workspace/workspace.ts";
import type { AssetHome } from "./asset-home.ts";
import { openRegistry, type Registry } from "./registry.ts";

export interface AssetStore {
  readonly workspace: Workspace | undefined;
  readonly registry: Registry | undefined;
  /** The registry, where one is named. */
  readonly home: AssetHome;
  readonly signal: AbortSignal;
  /** Of the workspace; the registry's where there is none. */
  readonly location: string;
}

export interface AssetStoreRequest extends WorkspaceRequest {
  /** The workspace's name; empty where a registry alone is meant. */
  readonly name: string;
  readonly registry?: string | undefined;
}

/** @throws TaskError `notFound` that names what there is instead; `forbidden` or `connection` as Azure answers */
export async function openAssetStore(request: AssetStoreRequest): Promise<AssetStore> {
  const workspace = request.name === "" ? undefined : await openWorkspace(request);
  const registry = request.registry ? await openRegistry(request, request.registry, workspace) : undefined;
  const home = registry ?? workspace;
  if (home === undefined)
    throw new TaskError("input", "The input workspace is empty, and so is the input registry.", {
      errorCode: "AML1313",
    });
  return {
    workspace,
    registry,
    home,
    signal: request.signal,
    location: workspace?.location ?? registry?.location ?? "",
  };
}

/** @throws TaskError `input`: what it is needed for has a workspace and nothing else */
export function needWorkspace({ workspace, registry }: AssetStore, what: string): Workspace {
  if (workspace !== undefined) return workspace;
  throw new TaskError(
    "input",
    `${what} is in a workspace, and the task was given only the registry ${registry?.name}.`,
    { errorCode: "AML1313", hint: "Set the inputs resourceGroup and workspace as well." },
  );
}
