// Evaluates the caller's permissions, and answers the root of the areas, whose id is part of a token.
// Shapes: the released REST reference (security 7.1); words of refusals are general knowledge, not verified against live Azure DevOps.
import { guidOf } from "../../text/guid.ts";
import { type Namespace, namespaces, permissions } from "../state/permissions.ts";
import { badRequest, json, RestError } from "./answers.ts";
import { requireProject } from "./core.ts";
import type { Call, Resource } from "./routes.ts";

interface Evaluation {
  readonly securityNamespaceId?: unknown;
  readonly token?: unknown;
  readonly permissions?: unknown;
}

function evaluate(call: Call) {
  const { evaluations, ...rest } = (call.body ?? {}) as { evaluations?: unknown };
  if (!Array.isArray(evaluations)) throw badRequest("Value cannot be null. Parameter name: evaluations");
  const values = (evaluations as Evaluation[]).map((one) => {
    const { securityNamespaceId: id, token, permissions: bits } = one;
    if (typeof id !== "string" || !call.world.permissions.isNamespace(id))
      throw new RestError(404, "InvalidSecurityNamespaceException", `The security namespace ${id} does not exist.`);
    if (typeof token !== "string" || typeof bits !== "number")
      throw badRequest("A token and permissions are required.");
    // A person may do everything here.
    const value = call.caller.planId === undefined || call.world.permissions.allows(id, bits);
    return { ...one, value };
  });
  return json({ alwaysAllowAdministrators: false, ...rest, evaluations: values });
}

/** Refuses what the build service has been denied. @throws RestError 403 */
export function requirePermission<Space extends Namespace>(
  call: Call,
  namespace: Space,
  permission: keyof (typeof permissions)[Space] & string,
): void {
  const bits = (permissions[namespace] as Readonly<Record<string, number>>)[permission] ?? 0;
  if (call.caller.planId === undefined || call.world.permissions.allows(namespaces[namespace], bits)) return;
  throw new RestError(
    403,
    "AccessDeniedException",
    `Access denied. ${call.world.buildService.displayName} needs ${permission} permissions to perform the action. For more information, contact the Azure DevOps Server administrator.`,
  );
}

/** Names of permissions of the namespace of builds, as a refusal has them. */
const SHOWN = {
  QueueBuilds: "Queue builds",
  EditPipelineQueueConfigurationPermission: "Edit queue build configuration",
} as const;

/**
 * The permissions that queuing a run takes, refused in the words of public reports (TF215106). Values of parameters that may hold any text, and of
 * variables, take one more (release notes of sprint 237). Every parameter is taken for one of free text: the definitions here do not have those with
 * a list of values. @throws RestError 403
 */
export function requireQueuing(
  call: Call,
  definition: { readonly id: number; readonly name: string },
  given: object[],
): void {
  const { world, caller } = call;
  const isConfigured = given.some((values) => Object.keys(values).length > 0);
  for (const permission of ["QueueBuilds", "EditPipelineQueueConfigurationPermission"] as const) {
    if (permission !== "QueueBuilds" && !isConfigured) continue;
    if (caller.planId === undefined || world.permissions.allows(namespaces.build, permissions.build[permission]))
      continue;
    throw new RestError(
      403,
      "AccessDeniedException",
      `TF215106: Access denied. ${world.buildService.displayName} needs ${SHOWN[permission]} permissions for build pipeline ${definition.id}:${definition.name} in team project ${world.project.name} to perform the action. For more information, contact the Azure DevOps administrator.`,
    );
  }
}

/** The permission that comments and statuses of pull requests take, refused in Git's own words. @throws RestError 403 */
export function requireContribution(call: Call): void {
  const { PullRequestContribute } = permissions.git;
  const { world, caller } = call;
  if (caller.planId === undefined || world.permissions.allows(namespaces.git, PullRequestContribute)) return;
  throw new RestError(
    403,
    "GitNeedsPermissionException",
    `TF401027: You need the Git 'PullRequestContribute' permission to perform this action. Details: identity '${world.buildService.uniqueName}', scope 'repository'.`,
  );
}

function areas(call: Call) {
  requireProject(call.world, call.route["project"]);
  if ((call.route["structureGroup"] ?? "").toLowerCase() !== "areas") throw badRequest("Only areas are built.");
  const { world } = call;
  return json({
    id: 1,
    identifier: guidOf(`area ${world.project.id}`),
    name: world.project.name,
    structureType: "area",
    hasChildren: false,
    path: `\\${world.project.name}\\Area`,
    url: `${world.collectionUri}${world.project.id}/_apis/wit/classificationNodes/Areas`,
  });
}

export const security: readonly Resource[] = [
  {
    area: "security",
    id: "cf1faa59-1b63-4448-bf04-13d981a46f5d",
    name: "permissionEvaluationBatch",
    template: "_apis/{area}/{resource}",
    version: 1,
    handlers: { POST: evaluate },
  },
  {
    area: "wit",
    id: "5a172953-1b41-49d3-840a-33f79c3ce89f",
    name: "classificationNodes",
    template: "{project}/_apis/{area}/{resource}/{structureGroup}",
    version: 2,
    handlers: { GET: areas },
  },
];
