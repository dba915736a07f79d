// Online endpoints and deployments as the management plane shows them, key by key (docs/facts/azureml-wire.md#12.1, #12.3).
import { guidOf } from "../../text/guid.ts";
import { atLeast, envelope, isRecent, systemData } from "../arm/envelope.ts";
import type { ArmContext } from "../arm/router.ts";
import type { ProbeSettings } from "../contract/types.gen.ts";
import type { DeploymentRecord, EndpointIdentity, EndpointRecord } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

/** `principalId` and `tenantId` are the service's; user-assigned identities get ids of their own. */
export function identityBody(world: AzureWorld, endpoint: string, identity: EndpointIdentity): Json {
  const { type, userAssignedIdentities } = identity;
  return {
    type,
    ...(/SystemAssigned/.test(type ?? "")
      ? { principalId: guidOf(`identity of ${endpoint}`), tenantId: world.tenantId }
      : {}),
    ...(userAssignedIdentities === undefined || userAssignedIdentities === null
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

/** The reader: its api-version and its query, which the address of the last operation then has (docs/facts/recorded-operations.md#2.1). */
export type Reading = Pick<ArmContext, "apiVersion" | "search">;

const addressOf = (operationUrl: string, { search }: Reading): string => `${operationUrl.split("?")[0]}${search}`;

/** The answer to a PUT. Since 2024 it lacks location, identity and the endpoint's own id; the next GET has them (docs/facts/recorded-operations.md#2.1). */
export function startedEndpointBody(world: AzureWorld, endpoint: EndpointRecord, reading: Reading): Json {
  const whole = endpointBody(world, endpoint, reading);
  if (!isRecent(reading.apiVersion)) return whole;
  const { location: _location, identity: _identity, ...rest } = whole;
  const properties = rest["properties"] as Json;
  const { "azureml.onlineendpointid": _id, ...own } = properties["properties"] as Json;
  return { ...rest, properties: { ...properties, properties: own }, systemData: {} };
}

export function endpointBody(world: AzureWorld, endpoint: EndpointRecord, reading: Reading): Json {
  const { apiVersion } = reading;
  const lower = `/subscriptions/${world.subscriptionId}/resourcegroups/${world.resourceGroup}/providers/microsoft.machinelearningservices/workspaces/${world.workspaceName}/onlineendpoints/${endpoint.name}`;
  // The one stable version without it (published types); previews have always had it (docs/facts/azureml-wire.md#12.1).
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
        AzureAsyncOperationUri: addressOf(endpoint.operationUrl, reading),
      },
      scoringUri: endpoint.scoringUri,
      swaggerUri: endpoint.scoringUri?.replace(/score$/, "swagger.json") ?? null,
      authMode: endpoint.authMode,
      provisioningState: endpoint.provisioningState,
      compute: endpoint.compute ?? null,
      traffic: endpoint.traffic,
      ...(withMirror ? { mirrorTraffic: endpoint.mirrorTraffic } : {}),
      publicNetworkAccess: endpoint.publicNetworkAccess,
    },
    systemData: systemData(endpoint.stamps, "endpoint"),
    rest: {
      tags: endpoint.tags,
      location: endpoint.location,
      // The kind of an endpoint on Kubernetes is in no recording.
      kind: endpoint.compute ? "K8S" : "Managed",
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

/** Variables that the service adds once a deployment has succeeded, since 2024 (docs/facts/recorded-operations.md#2.2). */
function addedVariables(sent: DeploymentRecord["properties"]): Record<string, string> {
  const [, model, version] = /\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(sent.model ?? "") ?? [];
  const { codeId, scoringScript } = sent.codeConfiguration ?? {};
  return {
    ...(model === undefined ? {} : { AZUREML_MODEL_DIR: `/var/azureml-app/azureml-models/${model}/${version}` }),
    ...(scoringScript ? { AZUREML_ENTRY_SCRIPT: scoringScript } : {}),
    // The last folder of the code's address, which is its name here.
    ...(!codeId ? {} : { AML_APP_ROOT: `/var/azureml-app/${/\/codes\/([^/]+)\//i.exec(codeId)?.[1] ?? "code"}` }),
  };
}

/**
 * To 2022 probes are null and times PT0S in the first answer, and the defaults show once the deployment has succeeded; since
 * 2024 they stand in the first answer (docs/facts/recorded-operations.md#2.2).
 */
export function deploymentBody(world: AzureWorld, deployment: DeploymentRecord, reading: Reading): Json {
  const { apiVersion } = reading;
  const sent = deployment.properties;
  const recent = isRecent(apiVersion);
  const settled = recent || !["Creating", "Updating"].includes(deployment.provisioningState);
  const preview = /preview$/.test(apiVersion);
  const withCollector = atLeast(apiVersion, preview ? "2023-04-01" : "2024-04-01");
  const probe = (one: ProbeSettings | null | undefined) => one ?? (settled ? defaultProbe : null);
  const { maxQueueWait, requestTimeout, maxConcurrentRequestsPerInstance } = sent.requestSettings ?? {};
  return envelope({
    id: `${world.workspaceId}/onlineEndpoints/${deployment.endpoint}/deployments/${deployment.name}`,
    name: deployment.name,
    type: "onlineEndpoints/deployments",
    properties: {
      description: sent.description ?? null,
      properties: {
        ...sent.properties,
        AzureAsyncOperationUri: addressOf(deployment.operationUrl, reading),
      },
      codeConfiguration: sent.codeConfiguration ?? null,
      environmentId: sent.environmentId ?? null,
      environmentVariables: {
        ...(recent && deployment.provisioningState === "Succeeded" ? addedVariables(sent) : {}),
        ...sent.environmentVariables,
      },
      scaleSettings: sent.scaleSettings ?? { scaleType: "Default" },
      requestSettings: {
        maxQueueWait: maxQueueWait ?? "PT0S",
        requestTimeout: requestTimeout ?? (settled ? "PT5S" : "PT0S"),
        maxConcurrentRequestsPerInstance: maxConcurrentRequestsPerInstance ?? 1,
      },
      modelMountPath: sent.modelMountPath ?? null,
      appInsightsEnabled: sent.appInsightsEnabled ?? false,
      livenessProbe: probe(sent.livenessProbe),
      readinessProbe: probe(sent.readinessProbe),
      ...(atLeast(apiVersion, "2024-10-01") ? { startupProbe: sent.startupProbe ?? null } : {}),
      ...(withCollector ? { dataCollector: sent.dataCollector ?? null } : {}),
      provisioningState: deployment.provisioningState,
      instanceType: sent.instanceType ?? null,
      model: sent.model ?? null,
      ...(apiVersion.startsWith("2022-02") ? { privateNetworkConnection: false } : {}),
      egressPublicNetworkAccess: sent.egressPublicNetworkAccess ?? "Enabled",
      ...(sent.endpointComputeType === "Kubernetes"
        ? { containerResourceRequirements: sent.containerResourceRequirements ?? null }
        : {}),
      endpointComputeType: sent.endpointComputeType ?? "Managed",
    },
    systemData: systemData(deployment.stamps, "endpoint"),
    rest: { tags: deployment.tags, location: deployment.location, kind: "Managed", sku: deployment.sku },
  });
}
