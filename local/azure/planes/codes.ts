// Codes of the workspace by its data plane's own management front end: the same answers at another address (recorded April 2023).
import type { Express } from "express";
import { ArmRouter, jsonBody } from "../arm/router.ts";
import * as codes from "../resources/assets/codes.ts";
import type { AzureWorld } from "../world/world.ts";
import { inWorkspace, workspacePath } from "./scope.ts";

export function mount(app: Express, world: AzureWorld): void {
  const arm = new ArmRouter();
  codes.mount(arm, world);
  app.use(`/mferp/managementfrontend${workspacePath}`, inWorkspace(world), jsonBody(), arm.router);
}
