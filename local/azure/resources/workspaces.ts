// The workspace itself, and what lies around it: subscription and resource group.
import { randomBytes, randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import { page } from "../arm/collection.ts";
import { invalidRequest, notImplemented, resourceGroupNotFound, resourceNotFound } from "../arm/errors.ts";
import { flag, paged, text } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../arm/router.ts";
import {
  neighbouringGroups,
  neighbouringWorkspaces,
  type WrittenWorkspace,
  writtenWorkspaces,
} from "../records/workspace.ts";
import type { AzureWorld } from "../world/world.ts";
import { workspaceBody } from "./workspace-body.ts";

/** Routes above the workspace. Subscription and resource group answer as Azure Resource Manager generally does: no recording. */
export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  const subscription = `/subscriptions/${world.subscriptionId}`;
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const groups = () => [world.resourceGroup, ...[...neighbouringGroups(world).values()].map(({ name }) => name)];
  const workspaces = () => [
    world.workspaceName,
    ...[...neighbouringWorkspaces(world).values()].map(({ name }) => name),
  ];
  const groupNamed = (wanted: string): string => {
    const found = groups().find((name) => same(name, wanted));
    if (found === undefined) throw resourceGroupNotFound(wanted);
    return found;
  };
  const group = (name: string) => ({
    id: `${subscription}/resourceGroups/${name}`,
    name,
    type: "Microsoft.Resources/resourceGroups",
    location: world.location,
    properties: { provisioningState: "Succeeded" },
  });
  const account = ({ subscriptionId, tenantId }: AzureWorld = world) => ({
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    displayName: "Local subscription",
    state: "Enabled",
    tenantId,
  });
  router.get("/subscriptions", (_request, response) => void response.json({ value: world.siblings().map(account) }));
  router.get("/subscriptions/:subscription", (_request, response) => void response.json(account()));
  router.get(
    "/subscriptions/:subscription/resourceGroups",
    (request, response) => {
      response.json(page(groups(), request, world.urls.arm, group, "$skiptoken"));
    },
    ["$skiptoken", "$top"],
  );
  router.get("/subscriptions/:subscription/resourceGroups/:group", (request, response) => {
    response.json(group(groupNamed(String(request.params["group"]))));
  });
  const provider = "providers/Microsoft.MachineLearningServices/workspaces";
  for (const path of [
    `/subscriptions/:subscription/${provider}`,
    `/subscriptions/:subscription/resourceGroups/:group/${provider}`,
  ]) {
    router.get(
      path,
      (request, response, { apiVersion }) => {
        const wanted = request.params["group"];
        const ours = wanted === undefined || same(groupNamed(String(wanted)), world.resourceGroup);
        // Every workspace here is of one kind.
        const kinds = text(request.query, "kind")?.toLowerCase().split(",");
        const shown = ours && (kinds === undefined || kinds.includes("default")) ? workspaces() : [];
        response.json(page(shown, request, world.urls.arm, (name) => workspaceBody(world, apiVersion, name)));
      },
      [...paged, "$skiptoken", "kind"],
    );
  }
  router.get(
    `/subscriptions/:subscription/resourceGroups/:group/${provider}/:workspace`,
    (request, response, { apiVersion }) => {
      const [inGroup, workspace] = [parameter(request, "group"), parameter(request, "workspace")];
      const found = same(inGroup, world.resourceGroup) ? workspaces().find((name) => same(name, workspace)) : undefined;
      if (found === undefined) {
        throw resourceNotFound(`Microsoft.MachineLearningServices/workspaces/${workspace}`, groupNamed(inGroup));
      }
      response.json(workspaceBody(world, apiVersion, found));
    },
  );
  mountWrites(router, world, workspaces);
}

/** Read-only fields. */
const readOnly = [
  "provisioningState",
  "workspaceId",
  "tenantId",
  "discoveryUrl",
  "mlFlowTrackingUri",
  "notebookInfo",
  "privateLinkCount",
  "storageHnsEnabled",
  "serviceProvisionedResourceGroup",
  "privateEndpointConnections",
  "creationTime",
];

/**
 * Each answers an empty 202 with both addresses (docs/facts/recorded-operations.md#8; recorded in 2023 for PATCH). A workspace that is made here is
 * listed and shown, and has nothing in it.
 */
function mountWrites(router: ArmRouter, world: AzureWorld, names: () => string[]): void {
  const path =
    "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/workspaces/:workspace";
  const written = writtenWorkspaces(world);
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const find = (request: Request) => {
    const wanted = parameter(request, "workspace");
    if (same(parameter(request, "group"), world.resourceGroup)) {
      const found = names().find((name) => same(name, wanted));
      if (found !== undefined) return found;
    }
    throw resourceNotFound(`Microsoft.MachineLearningServices/workspaces/${wanted}`, parameter(request, "group"));
  };
  const start = (response: Response, apiVersion: string, key: string, work: () => void) => {
    const operation = world.operations.start("workspace", undefined, key);
    world.operations.accepted(response, operation, apiVersion);
    world.clock.after(world.settings.online.endpoint, () => {
      work();
      written.changed();
      operation.succeed();
    });
  };
  const writable = (sent: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(sent).filter(([key, value]) => value !== undefined && !readOnly.includes(key)));
  const put = (request: Request, name: string, isWhole: boolean): WrittenWorkspace => {
    const before = written.get(name.toLowerCase());
    const { tags, identity, location } = bodyOf(request) as Partial<WrittenWorkspace>;
    const record: WrittenWorkspace = {
      location: String(location ?? before?.location ?? world.location)
        .toLowerCase()
        .replaceAll(" ", ""),
      tags: tags ?? (isWhole ? {} : (before?.tags ?? {})),
      identity: identity ?? before?.identity,
      properties: { ...before?.properties, ...writable(propertiesOf(request)) },
      provisioningState: names().some((one) => same(one, name)) ? "Updating" : "Creating",
    };
    written.set(name.toLowerCase(), record);
    return record;
  };
  // 43 letters, as recorded of PUT and PATCH.
  const longKey = () => randomBytes(32).toString("base64url");
  router.put(path, (request, response, { apiVersion }) => {
    const name = parameter(request, "workspace");
    // The published rule.
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/.test(name)) {
      throw invalidRequest("ValidationError", `The workspace name '${name}' is invalid.`);
    }
    if (!same(parameter(request, "group"), world.resourceGroup))
      throw notImplemented("workspaces in other resource groups");
    const record = put(request, names().find((one) => same(one, name)) ?? name, true);
    if (!names().some((one) => same(one, name))) neighbouringWorkspaces(world).set(name.toLowerCase(), { name });
    start(response, apiVersion, longKey(), () => {
      record.provisioningState = "Succeeded";
    });
  });
  router.patch(path, (request, response, { apiVersion }) => {
    const name = find(request);
    requireOnly(request, "a workspace", ["tags", "identity", "sku", "properties"]);
    const record = put(request, name, false);
    start(response, apiVersion, longKey(), () => {
      record.provisioningState = "Succeeded";
    });
  });
  router.delete(
    path,
    (request, response, { apiVersion }) => {
      const name = find(request);
      flag(request.query, "forceToPurge");
      if (same(name, world.workspaceName)) throw notImplemented("deletion of the workspace that this cloud is made of");
      start(response, apiVersion, randomUUID(), () => {
        neighbouringWorkspaces(world).delete(name.toLowerCase());
        written.delete(name.toLowerCase());
      });
    },
    ["forceToPurge"],
  );
}
