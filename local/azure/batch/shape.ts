// Batch endpoints, deployments and their jobs as the service shows them, key by key (docs/facts/azureml-wire.md#13).
import { envelope, isRecent, systemData } from "../arm/envelope.ts";
import type { BatchDeploymentProperties } from "../contract/types.gen.ts";
import type { BatchDeploymentRecord, BatchEndpointRecord, Invocation } from "../records/batch-endpoint.ts";
import type { JobRecord } from "../records/job.ts";
import { identityBody } from "../scoring/shape.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

/**
 * The identity of an endpoint without one, as shown to 2023; since 2024 there is no such key
 * (docs/facts/recorded-operations.md#3.1).
 */
const NOBODY = "00000000-0000-0000-0000-000000000000";

export function batchEndpointBody(world: AzureWorld, endpoint: BatchEndpointRecord, apiVersion: string): Json {
  const id = `${world.workspaceId}/batchEndpoints/${endpoint.name}`;
  return envelope({
    id,
    name: endpoint.name,
    type: "batchEndpoints",
    properties: {
      description: endpoint.description,
      properties: {
        ...endpoint.properties,
        BatchEndpointCreationApiVersion: endpoint.createdWith,
        "azureml.onlineendpointid": id,
      },
      scoringUri: endpoint.scoringUri,
      swaggerUri: null,
      authMode: endpoint.authMode ?? "AADToken",
      defaults: { deploymentName: endpoint.defaultDeployment },
      provisioningState: endpoint.provisioningState,
    },
    systemData: systemData(endpoint.stamps, "endpoint"),
    rest: {
      tags: endpoint.tags,
      location: endpoint.location,
      ...(endpoint.identity !== undefined
        ? { identity: identityBody(world, `batch ${endpoint.name}`, endpoint.identity) }
        : isRecent(apiVersion)
          ? {}
          : { identity: { type: "None", principalId: NOBODY, tenantId: NOBODY } }),
    },
  });
}

export function batchDeploymentBody(world: AzureWorld, deployment: BatchDeploymentRecord, apiVersion: string): Json {
  const sent = deployment.properties;
  const own = (key: keyof BatchDeploymentProperties, absent: unknown = null) => sent[key] ?? absent;
  const { instanceCount, instanceType, properties } = sent.resources ?? {};
  const configuration = sent.deploymentConfiguration;
  const level = String(own("loggingLevel", "Info"));
  return envelope({
    id: `${world.workspaceId}/batchEndpoints/${deployment.endpoint}/deployments/${deployment.name}`,
    name: deployment.name,
    type: "batchEndpoints/deployments",
    properties: {
      description: own("description"),
      properties: own("properties", {}),
      codeConfiguration: own("codeConfiguration"),
      environmentId: own("environmentId"),
      environmentVariables: own("environmentVariables", {}),
      compute: own("compute"),
      ...(isRecent(apiVersion) ? { deploymentConfiguration: configuration ?? null } : {}),
      errorThreshold: own("errorThreshold", -1),
      retrySettings: own("retrySettings", { maxRetries: 3, timeout: "PT30S" }),
      miniBatchSize: own("miniBatchSize", 10),
      // Sent in small letters, answered with a capital.
      loggingLevel: `${level[0]?.toUpperCase() ?? ""}${level.slice(1)}`,
      model: own("model"),
      maxConcurrencyPerInstance: own("maxConcurrencyPerInstance", 1),
      outputAction: own("outputAction", "AppendRow"),
      outputFileName: own("outputFileName", "predictions.csv"),
      resources: {
        instanceCount: instanceCount ?? 1,
        instanceType: instanceType ?? null,
        properties: emptyAsNull(properties),
      },
      // Older answers with it are not recorded; from the published types.
      ...(configuration === undefined || apiVersion < "2023-02" || isRecent(apiVersion)
        ? {}
        : { deploymentConfiguration: configuration }),
      provisioningState: deployment.provisioningState,
    },
    systemData: systemData(deployment.stamps, "endpoint"),
    rest: { tags: deployment.tags, location: deployment.location },
  });
}

function emptyAsNull(value: unknown): unknown {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0 ? null : (value ?? null);
}

/**
 * A batch job as an invocation and the endpoint's list of jobs answer it. Of a pipeline component's deployment the id names neither
 * endpoint nor deployment, and there are no retry settings: recorded so (docs/facts/azureml-wire.md#13).
 */
export function batchJobBody(world: AzureWorld, job: JobRecord, deployment: BatchDeploymentRecord | undefined): Json {
  const { endpoint, deployment: name, inputData, friendlyName } = job.body["batch"] as Invocation;
  const host = world.urls.api.replace(/^https?:\/\//, "");
  const wsid = `/subscriptions/${world.subscriptionId}/resourcegroups/${world.resourceGroup}/workspaces/${world.workspaceName}`;
  const interaction = (jobEndpointType: string, url: string) => ({
    jobEndpointType,
    port: null,
    endpoint: url,
    properties: null,
  });
  const isPipeline = job.properties["runSource"] === "BatchDeployment";
  const above = isPipeline ? "batchEndpoints/" : `batchEndpoints/${endpoint}/deployments/${name}`;
  return envelope({
    id: `${world.workspaceId}/${above}/jobs/${job.name}`,
    name: job.name,
    type: isPipeline ? "batchEndpoints/jobs" : "batchEndpoints/deployments/jobs",
    properties: {
      provisioningState: "Succeeded",
      inputData,
      compute: {
        target: deployment?.properties.compute ?? null,
        instanceCount: null,
        isLocal: false,
        location: null,
        instanceType: null,
        properties: null,
      },
      output: { datastoreId: null, path: null },
      ...(isPipeline
        ? {}
        : { retrySettings: deployment?.properties.retrySettings ?? { maxRetries: 3, timeout: "PT30S" } }),
      status: job.status === "NotStarted" ? "Preparing" : job.status,
      interactionEndpoints: {
        Tracking: interaction("Tracking", `azureml://${host}/mlflow/v1.0${world.workspaceId}?`),
        Studio: interaction("Studio", `${world.urls.api}/runs/${job.name}?wsid=${wsid}`),
      },
      tags: job.tags,
      properties: job.properties,
      name: friendlyName,
    },
    systemData: systemData(job.stamps, "batchJob"),
  });
}
