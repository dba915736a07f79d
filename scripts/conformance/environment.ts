// Environment variables of the official Python clients: the cloud and the credentials, and nothing that patches the clients.
import type { LocalCloud } from "../../local/cloud.ts";

/** Points the official clients at the local cloud, by their own environment variables alone (docs/facts/azureml-services.md#4.8). */
export function localCloudEnvironment(cloud: LocalCloud): NodeJS.ProcessEnv {
  const { clientId, secret } = cloud.credentials.contributor;
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    PYTHONNOUSERSITE: "1",
    HTTPS_PROXY: cloud.urls.proxy,
    NO_PROXY: "",
    SSL_CERT_FILE: cloud.caFile,
    REQUESTS_CA_BUNDLE: cloud.caFile,
    ARM_CLOUD_METADATA_URL: `${cloud.urls.arm}/metadata/endpoints?api-version=2022-09-01`,
    AZUREML_CURRENT_CLOUD: "LocalCloud",
    AZURE_AUTHORITY_HOST: cloud.urls.login,
    AZURE_TENANT_ID: cloud.tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: secret,
    GIT_PYTHON_REFRESH: "quiet",
  };
}

/** The same, and what the flows of the conformance run ask for beside. */
export function clientEnvironment(cloud: LocalCloud): NodeJS.ProcessEnv {
  const { forbidden, expired, certificate } = cloud.credentials;
  return {
    ...localCloudEnvironment(cloud),
    LANG: "C.UTF-8",
    PYTHONDONTWRITEBYTECODE: "1",
    REGISTRY_DISCOVERY_ENDPOINT_URL: `${cloud.urls.api}/`,
    AZURE_ML_DISABLE_ON_DISK_CACHE: "true",
    // The log streamer's pause: between 0.01 and 1 s instead of 2 and 60 s.
    AZUREML_RUN_POLLING_INTERVAL_MIN: "0",
    AZUREML_RUN_POLLING_INTERVAL_MAX: "10",
    MLFLOW_ENABLE_ASYNC_LOGGING: "false",
    CONFORMANCE_SUBSCRIPTION: cloud.subscriptionId,
    CONFORMANCE_RESOURCE_GROUP: cloud.resourceGroup,
    CONFORMANCE_WORKSPACE: cloud.workspace,
    // As the workspace shows it, for a client that has nothing but this.
    CONFORMANCE_TRACKING_URI: `azureml://${new URL(cloud.urls.api).host}/mlflow/v1.0${cloud.azure.workspaceId}`,
    CONFORMANCE_IDENTITY_ENDPOINT: cloud.managedIdentity.endpoint,
    CONFORMANCE_IDENTITY_HEADER: cloud.managedIdentity.header,
    ...pipelineRun(cloud),
    CONFORMANCE_CERTIFICATE_CLIENT: certificate.clientId,
    CONFORMANCE_CERTIFICATE: certificate.certificatePem,
    CONFORMANCE_FORBIDDEN: `${forbidden.clientId} ${forbidden.secret}`,
    CONFORMANCE_EXPIRED: `${expired.clientId} ${expired.secret}`,
  };
}

/** Environment variables that the agent gives to a step, for a client that signs in through its service connection. */
function pipelineRun(cloud: LocalCloud): NodeJS.ProcessEnv {
  const { devops, connections } = cloud;
  const connection = connections["azure-ml-federated"];
  const build = devops.createBuild("conformance", {
    branch: "refs/heads/main",
    commit: "0123456789abcdef0123456789abcdef01234567",
    requestedFor: "Ada Example",
    repository: "conformance",
  });
  devops.startBuild(build);
  const jobId = "00000000-0000-4000-8000-00000000c0de";
  return {
    SYSTEM_OIDCREQUESTURI: devops.oidcRequestUri(build.plan, jobId),
    CONFORMANCE_SYSTEM_ACCESSTOKEN: devops.issueJobToken({ plan: build.plan, jobId, connectionIds: [connection.id] }),
    CONFORMANCE_CONNECTION: connection.id,
    CONFORMANCE_FEDERATED_CLIENT: cloud.credentials.federated.clientId,
  };
}
