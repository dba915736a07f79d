// Online endpoints and deployments as the management plane shows them, key by key (facts/04 §12.1, §12.3).
import { createHash } from "node:crypto";
import { atLeast, envelope, systemData } from "../arm/envelope.ts";
import type { AzureWorld } from "../world.ts";
import type { DeploymentRecord, EndpointIdentity, EndpointRecord } from "./records.ts";

type Json = Record<string, unknown>;

/** A guid that is always the same for the same words. */
function guidOf(words: string): string {
  const hex = createHash("sha256").update(words).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `principalId` and `tenantId` are the service's; user-assigned identities get ids of their own. */
function identityBody(world: AzureWorld, endpoint: string, identity: EndpointIdentity): Json {
  const { type, userAssignedIdentities } = identity;
  return {
    type,
    ...(/SystemAssigned/.test(type)
      ? { principalId: guidOf(`identity of ${endpoint}`), tenantId: world.tenantId }
      : {}),
    ...(userAssignedIdentities === undefined
      ? {}
      : {
          userAssignedIdentities: Object.fromEntries(
            Object.keys(userAssignedIdentities).map((id) => [
              id,
              { principalId: guidOf(`${id} principal`), clientId: guidOf(`${id} client`) },
            ]),
          ),
        }),
  };
}

export function endpointBody(world: AzureWorld, endpoint: EndpointRecord, apiVersion: string): Json {
  const lower = `/subscriptions/${world.subscriptionId}/resourcegroups/${world.resourceGroup}/providers/microsoft.machinelearningservices/workspaces/${world.workspaceName}/onlineendpoints/${endpoint.name}`;
  // The one stable version without it (published types); previews have always had it (facts/04 §12.1).
  const withMirror = /preview$/.test(apiVersion) || atLeast(apiVersion, "2023-04-01");
  return envelope({
    id: `${world.workspaceId}/onlineEndpoints/${endpoint.name}`,
    name: endpoint.name,
    type: "onlineEndpoints",
    properties: {
      description: endpoint.description,
      properties: {
        ...endpoint.properties,
        "azureml.onlineendpointid": lower,
        AzureAsyncOperationUri: endpoint.operationUrl,
      },
      scoringUri: endpoint.scoringUri,
      swaggerUri: endpoint.scoringUri?.replace(/score$/, "swagger.json") ?? null,
      authMode: endpoint.authMode,
      provisioningState: endpoint.provisioningState,
      compute: null,
      traffic: endpoint.traffic,
      ...(withMirror ? { mirrorTraffic: endpoint.mirrorTraffic } : {}),
      publicNetworkAccess: endpoint.publicNetworkAccess,
    },
    systemData: systemData(endpoint.stamps, "endpoint"),
    rest: {
      tags: endpoint.tags,
      location: endpoint.location,
      kind: "Managed",
      identity: identityBody(world, endpoint.name, endpoint.identity),
    },
  });
}

const defaultProbe = {
  failureThreshold: 30,
  successThreshold: 1,
  timeout: "PT2S",
  period: "PT10S",
  initialDelay: "PT10S",
};

/** Probes are null and times PT0S in the first answer; the defaults show once the deployment has succeeded. */
export function deploymentBody(world: AzureWorld, deployment: DeploymentRecord, apiVersion: string): Json {
  const sent = deployment.properties;
  const settled = deployment.provisioningState !== "Creating" && deployment.provisioningState !== "Updating";
  const preview = /preview$/.test(apiVersion);
  const withCollector = atLeast(apiVersion, preview ? "2023-04-01" : "2024-04-01");
  const probe = (name: string) => sent[name] ?? (settled ? defaultProbe : null);
  const request = (sent["requestSettings"] ?? {}) as Json;
  return envelope({
    id: `${world.workspaceId}/onlineEndpoints/${deployment.endpoint}/deployments/${deployment.name}`,
    name: deployment.name,
    type: "onlineEndpoints/deployments",
    properties: {
      description: sent["description"] ?? null,
      properties: { ...((sent["properties"] ?? {}) as Json), AzureAsyncOperationUri: deployment.operationUrl },
      codeConfiguration: sent["codeConfiguration"] ?? null,
      environmentId: sent["environmentId"] ?? null,
      environmentVariables: sent["environmentVariables"] ?? {},
      scaleSettings: sent["scaleSettings"] ?? { scaleType: "Default" },
      requestSettings: {
        maxQueueWait: request["maxQueueWait"] ?? "PT0S",
        requestTimeout: request["requestTimeout"] ?? (settled ? "PT5S" : "PT0S"),
        maxConcurrentRequestsPerInstance: request["maxConcurrentRequestsPerInstance"] ?? 1,
      },
      modelMountPath: sent["modelMountPath"] ?? null,
      appInsightsEnabled: sent["appInsightsEnabled"] ?? false,
      livenessProbe: probe("livenessProbe"),
      readinessProbe: probe("readinessProbe"),
      ...(atLeast(apiVersion, "2024-10-01") ? { startupProbe: sent["startupProbe"] ?? null } : {}),
      ...(withCollector ? { dataCollector: sent["dataCollector"] ?? null } : {}),
      provisioningState: deployment.provisioningState,
      instanceType: sent["instanceType"] ?? null,
      model: sent["model"] ?? null,
      ...(apiVersion.startsWith("2022-02") ? { privateNetworkConnection: false } : {}),
      egressPublicNetworkAccess: sent["egressPublicNetworkAccess"] ?? "Enabled",
      endpointComputeType: "Managed",
    },
    systemData: systemData(deployment.stamps, "endpoint"),
    rest: { tags: deployment.tags, location: deployment.location, kind: "Managed", sku: deployment.sku },
  });
}
