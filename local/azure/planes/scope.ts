// The workspace scope that every data-plane path carries after its service prefix, and the data plane's own error body.
import { randomBytes } from "node:crypto";
import type { RequestHandler } from "express";
import { timestamp } from "../arm/envelope.ts";
import { resourceNotFound } from "../arm/errors.ts";
import type { AzureWorld } from "../world.ts";

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

/** `{error, correlation, environment, location, time, componentName}`: how history and artifact services, and jobs, fail (facts/03 4.4). */
export function dataPlaneError(
  world: AzureWorld,
  error: { code: string; message: string; inner?: string },
  component: string,
): object {
  return {
    error: {
      code: error.code,
      severity: null,
      message: error.message,
      messageFormat: null,
      messageParameters: {},
      referenceCode: null,
      detailsUri: null,
      target: null,
      details: [],
      innerError: error.inner === undefined ? null : { code: error.inner, innerError: null },
      debugInfo: null,
      additionalInfo: null,
    },
    correlation: { operation: randomBytes(16).toString("hex"), request: randomBytes(8).toString("hex") },
    environment: world.location,
    location: world.location,
    time: timestamp(world.clock.now()),
    componentName: component,
  };
}
