// The workspace scope that every data-plane path carries after its service prefix.
import type { RequestHandler } from "express";
import { resourceNotFound } from "../arm/errors.ts";
import type { AzureWorld } from "../world/world.ts";

/** Path of the workspace, for routes below it. */
export const workspacePath =
  "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/workspaces/:workspace";

/** Refuses every workspace but the one there is. */
export function inWorkspace(world: AzureWorld): RequestHandler {
  return (request, _response, next) => {
    const { subscription = "", group = "", workspace = "" } = request.params as Record<string, string>;
    const asked = `${subscription}/${group}/${workspace}`.toLowerCase();
    if (asked !== `${world.subscriptionId}/${world.resourceGroup}/${world.workspaceName}`.toLowerCase()) {
      throw resourceNotFound(`Microsoft.MachineLearningServices/workspaces/${workspace}`, group);
    }
    next();
  };
}
