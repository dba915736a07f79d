// Records of workspaces: what callers wrote to this one, and empty ones beside it, which are only listed and shown.
import type { Stores } from "./state.ts";

type Json = Record<string, unknown>;

/** Resource groups and workspaces beside ours. */
export interface Neighbour {
  readonly name: string;
}
export const neighbouringGroups = (world: Stores) => world.store<Neighbour>("neighbouringGroups");
/** Of our resource group. */
export const neighbouringWorkspaces = (world: Stores) => world.store<Neighbour>("neighbouringWorkspaces");

/** The written fields of a workspace. */
export interface WrittenWorkspace {
  location: string;
  tags: Json;
  identity: Json | undefined;
  properties: Json;
  provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded";
}

/** By name in lower case. */
export const writtenWorkspaces = (world: Stores) => world.store<WrittenWorkspace>("writtenWorkspaces");
