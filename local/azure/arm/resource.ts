// What a resource file is: it mounts its routes on the workspace's router.
import type { Express } from "express";
import type { AzureWorld } from "../world.ts";
import type { ArmRouter } from "./router.ts";

export interface ResourceFile {
  /** Routes below the workspace's ARM id. */
  mount(arm: ArmRouter, world: AzureWorld): void;
}

export interface PlaneFile {
  /** Routes of a host other than Azure Resource Manager. Callers of the `api` host are already authenticated. */
  mount(app: Express, world: AzureWorld): void;
}
