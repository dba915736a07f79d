// The applications behind the listeners of local Azure: which file serves which route.
import express, { type Express, type RequestHandler } from "express";
import type { Principal } from "./arm/caller.ts";
import {
  authorizationFailed,
  invalidRequest,
  missingApiVersion,
  resourceGroupNotFound,
  resourceNotFound,
  subscriptionNotFound,
  userError,
} from "./arm/errors.ts";
import { mountPermissions, requireRole } from "./arm/roles.ts";
import { ArmRouter, errorAnswer, frontDoorHeaders, jsonBody, notBuilt } from "./arm/router.ts";
import { refuseBadTags } from "./arm/tags.ts";
import { refuseBrokenBodies } from "./arm/validate.ts";
import type { Contract } from "./contract/contract.ts";
import * as artifact from "./planes/artifact.ts";
import * as batchJobs from "./planes/batch-jobs.ts";
import * as codePlane from "./planes/codes.ts";
import * as entra from "./planes/entra.ts";
import * as events from "./planes/events.ts";
import * as history from "./planes/history.ts";
import * as logs from "./planes/logs.ts";
import * as metric from "./planes/metric.ts";
import * as mlflow from "./planes/mlflow.ts";
import * as registryAssets from "./planes/registries.ts";
import * as studio from "./planes/studio.ts";
import { neighbouringGroups } from "./records/workspace.ts";
import { armReading } from "./registries/reading.ts";
import * as alerts from "./resources/alerts.ts";
import * as codes from "./resources/assets/codes.ts";
import * as components from "./resources/assets/components.ts";
import * as data from "./resources/assets/data.ts";
import * as environments from "./resources/assets/environments.ts";
import * as models from "./resources/assets/models.ts";
import * as autoscale from "./resources/autoscale.ts";
import * as capacity from "./resources/capacity.ts";
import * as computes from "./resources/computes.ts";
import * as connections from "./resources/connections.ts";
import * as datastores from "./resources/datastores.ts";
import * as diagnosticSettings from "./resources/diagnostic-settings.ts";
import * as discovery from "./resources/discovery.ts";
import * as batchEndpoints from "./resources/endpoints/batch-endpoints.ts";
import * as marketplaceSubscriptions from "./resources/endpoints/marketplace-subscriptions.ts";
import * as onlineDeployments from "./resources/endpoints/online-deployments.ts";
import * as onlineEndpoints from "./resources/endpoints/online-endpoints.ts";
import * as serverlessEndpoints from "./resources/endpoints/serverless-endpoints.ts";
import * as eventSubscriptions from "./resources/event-subscriptions.ts";
import * as jobs from "./resources/jobs.ts";
import * as metadata from "./resources/metadata.ts";
import * as metrics from "./resources/metrics.ts";
import * as registries from "./resources/registries.ts";
import * as schedules from "./resources/schedules.ts";
import * as workspaceKeys from "./resources/workspace-keys.ts";
import * as workspaces from "./resources/workspaces.ts";
import type { AzureWorld } from "./world/world.ts";

interface ResourceFile {
  /** Routes below the workspace's ARM id. */
  mount(arm: ArmRouter, world: AzureWorld): void;
}

interface PlaneFile {
  /** Routes of a host other than Azure Resource Manager. Callers of the `api` host are already authenticated. */
  mount(app: Express, world: AzureWorld): void;
}

/** Resources of the workspace, one file each. A new one is added here and nowhere else. */
const resources: readonly ResourceFile[] = [
  workspaceKeys,
  datastores,
  codes,
  data,
  models,
  environments,
  components,
  computes,
  jobs,
  onlineEndpoints,
  onlineDeployments,
  metrics,
  diagnosticSettings,
  batchEndpoints,
  serverlessEndpoints,
  marketplaceSubscriptions,
  schedules,
  connections,
  eventSubscriptions,
];

/** Services on the `api` host. */
const apiPlanes: readonly PlaneFile[] = [
  discovery,
  history,
  mlflow,
  artifact,
  metric,
  events,
  batchJobs,
  codePlane,
  registryAssets,
  studio,
];

/** Audiences of the tokens that the management and data planes take. */
function managementAudiences(world: AzureWorld): string[] {
  return [world.urls.arm, ...world.environment.management];
}

function application(): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  return app;
}

function closing(app: Express, world: AzureWorld): Express {
  app.use(notBuilt);
  app.use(errorAnswer(world.location, () => `${world.urls.login}/${world.tenantId}`));
  return app;
}

/** Requires a token and a role. The caller is then in `response.locals.caller`. */
function authenticate(world: AzureWorld, audiences: () => string[]): RequestHandler {
  return (request, response, next) => {
    const caller: Principal = world.directory.check(request.headers.authorization, audiences());
    response.locals["caller"] = caller;
    const isHere = caller.subscriptions?.includes(world.subscriptionId) ?? true;
    if (!caller.hasAccess || !isHere) {
      const verbs: Record<string, string> = { GET: "read", HEAD: "read", DELETE: "delete", POST: "action" };
      const action = `Microsoft.MachineLearningServices/workspaces/${verbs[request.method] ?? "write"}`;
      throw authorizationFailed(caller.clientId, caller.objectId, action, request.path);
    }
    next();
  };
}

/** Azure Resource Manager. @param contracts bodies that break one of them are refused */
export function armApplication(world: AzureWorld, contracts: readonly Contract[] = []): Express {
  const app = application();
  app.use(frontDoorHeaders({ now: () => world.clock.now() }));
  metadata.mount(app, world);
  app.use(authenticate(world, () => managementAudiences(world)));
  app.use((request, _response, next) => {
    if (typeof request.query["api-version"] !== "string" || request.query["api-version"] === "") {
      throw missingApiVersion();
    }
    next();
  });
  app.use(requireRole);
  app.use(jsonBody());
  app.use(scope(world));
  mountPermissions(app);
  app.use(publicCallsOnly(world));
  app.use(refuseBadTags);
  app.use(refuseBrokenBodies(contracts));
  const above = new ArmRouter();
  world.operations.mount(above);
  workspaces.mountAbove(above, world);
  registries.mountAbove(above, world);
  capacity.mountAbove(above, world);
  alerts.mountAbove(above, world);
  autoscale.mountAbove(above, world);
  app.use(above.router);
  app.use(registryPath, armReading(world));
  app.use(workspacePath, workspaceRouter(world));
  return closing(app, world);
}

const workspacePath =
  "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/workspaces/:workspace";

const registryPath =
  "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/registries/:registry";

function workspaceRouter(world: AzureWorld): RequestHandler {
  const workspace = new ArmRouter();
  for (const resource of resources) resource.mount(workspace, world);
  return workspace.router;
}

/** Segments of a workspace's own path: `/subscriptions/…/resourceGroups/…/providers/…/workspaces/…`. */
const workspaceDepth = 9;

/** Refuses what lies outside the one subscription, resource group and workspace there are. */
function scope(world: AzureWorld): RequestHandler {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  return (request, _response, next) => {
    const parts = decoded(request.path);
    const after = (name: string) => {
      const index = parts.findIndex((part) => same(part, name));
      return index < 0 ? undefined : parts[index + 1];
    };
    const subscription = after("subscriptions");
    const group = after("resourceGroups");
    const workspace = after("workspaces");
    if (subscription !== undefined && !same(subscription, world.subscriptionId)) {
      throw subscriptionNotFound(subscription);
    }
    const isNeighbour = group !== undefined && neighbouringGroups(world).has(group.toLowerCase());
    if (group !== undefined && !same(group, world.resourceGroup) && !isNeighbour) throw resourceGroupNotFound(group);
    const isItself = parts.length <= workspaceDepth;
    if (group !== undefined && workspace !== undefined && !same(workspace, world.workspaceName) && !isItself) {
      throw resourceNotFound(`Microsoft.MachineLearningServices/workspaces/${workspace}`, group);
    }
    next();
  };
}

/** The segments of a path. @throws ArmError 400 when an escape in it is none */
function decoded(path: string): string[] {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    throw invalidRequest("InvalidRequestUri", `The request URI is invalid: ${path}`);
  }
}

/**
 * Without public network access the workspace's own resources answer to no call from here; the workspace itself is the resource
 * manager's. Words: a public report (MicrosoftDocs/azure-docs#90426, where the status is another); not verified against live Azure.
 */
function publicCallsOnly(world: AzureWorld): RequestHandler {
  return (request, _response, next) => {
    // Azure Monitor is no part of the workspace, although its metrics have a resource's address before theirs.
    const isOwn = !/\/providers\/Microsoft\.Insights\//i.test(request.path);
    const isBelow = isOwn && request.path.split("/").length > workspaceDepth && /\/workspaces\//i.test(request.path);
    if (world.settings.network.publicAccess === false && isBelow)
      throw userError(403, "Access to workspace was denied based on workspace private link configuration.", [
        "Forbidden",
      ]);
    next();
  };
}

/** The host that discovery names. Its services want a token; studio pages and discovery itself do not. */
export function apiApplication(world: AzureWorld): Express {
  const app = application();
  app.use(frontDoorHeaders({ direct: true, now: () => world.clock.now() }));
  app.use(
    [
      "/history",
      "/data",
      "/mlflow",
      "/artifact",
      "/metric",
      "/modelregistry",
      "/mferp",
      "/assetstore",
      "/environment",
      "/registrymanagement",
    ],
    authenticate(world, () => [...managementAudiences(world), world.environment.machineLearning]),
    publicCallsOnly(world),
  );
  for (const plane of apiPlanes) plane.mount(app, world);
  return closing(app, world);
}

/** Queries of Log Analytics. */
export function logsApplication(world: AzureWorld): Express {
  const app = application();
  app.use(authenticate(world, () => [world.urls.logs, world.environment.logAnalytics]));
  logs.mount(app, world);
  return closing(app, world);
}

/** Microsoft Entra. */
export function loginApplication(world: AzureWorld): Express {
  const app = application();
  entra.mount(app, world);
  return closing(app, world);
}
