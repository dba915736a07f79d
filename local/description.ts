// The description of a local cloud for its clients: addresses, credentials and ready environments, as `azureml-local up` writes them to a
// file.
import { connectionEnvironment } from "./agent/connection.ts";
import { cloudName, storageSuffix } from "./azure/workspace/addresses.ts";
import type { LocalCloud } from "./cloud.ts";

/** The content of the file of `azureml-local up`. It is for this machine only: it has secrets. */
export function description(cloud: LocalCloud): object {
  const { tenantId, subscriptionId, resourceGroup, workspace, location } = cloud;
  const connection = cloud.connections["azure-ml"];
  return {
    urls: cloud.urls,
    proxy: cloud.urls.proxy,
    caFile: cloud.caFile,
    ...{ tenantId, subscriptionId, resourceGroup, workspace, location },
    credentials: cloud.credentials,
    managedIdentity: cloud.managedIdentity,
    connections: cloud.connections,
    // A service connection as the agent hands it to a task, and the agent's way out (docs/facts/agent.md#1.8, #1.9).
    connection: {
      id: connection.id,
      name: connection.name,
      environment: {
        ...connectionEnvironment(connection),
        AGENT_PROXYURL: cloud.urls.proxy,
        AGENT_CAINFO: cloud.caFile,
      },
    },
    // MLClient(…, cloud=…, cloud_metadata=…) of azure-ai-ml (docs/facts/azureml-services.md#4.8).
    azureAiMl: {
      cloud: cloudName,
      cloud_metadata: {
        azure_portal: "https://portal.azure.com",
        resource_manager: cloud.urls.arm,
        active_directory: cloud.urls.login,
        aml_resource_id: "https://ml.azure.com",
        storage_endpoint: storageSuffix(cloud.azure),
        registry_discovery_endpoint: `${cloud.urls.api}/`,
      },
    },
    environment: clientEnvironment(cloud),
  };
}

/** Environment variables that point Azure's own clients (azure-ai-ml, azure-identity, azure-storage-blob, ...) at the cloud. */
export function clientEnvironment(cloud: LocalCloud): Record<string, string> {
  const { clientId, secret } = cloud.credentials.contributor;
  return {
    HTTPS_PROXY: cloud.urls.proxy,
    SSL_CERT_FILE: cloud.caFile,
    REQUESTS_CA_BUNDLE: cloud.caFile,
    NODE_EXTRA_CA_CERTS: cloud.caFile,
    ARM_CLOUD_METADATA_URL: `${cloud.urls.arm}/metadata/endpoints?api-version=2022-09-01`,
    AZUREML_CURRENT_CLOUD: cloudName,
    AZURE_AUTHORITY_HOST: cloud.urls.login,
    AZURE_TENANT_ID: cloud.tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: secret,
    IDENTITY_ENDPOINT: cloud.managedIdentity.endpoint,
    IDENTITY_HEADER: cloud.managedIdentity.header,
  };
}
