// Azure's own JavaScript clients, pointed at the local cloud by their own options, and names that no other flow uses.
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { ClientSecretCredential } from "@azure/identity";
import type { LocalCloud } from "../../local/cloud.ts";
import { httpClientOf } from "../local/azure/client.ts";

let count = 0;
export const unique = (prefix: string) => `${prefix}-${process.pid}-${++count}`;

export function credentialOf(cloud: LocalCloud): ClientSecretCredential {
  const { clientId, secret } = cloud.credentials.contributor;
  return new ClientSecretCredential(cloud.tenantId, clientId, secret, {
    authorityHost: cloud.urls.login,
    disableInstanceDiscovery: true,
    httpClient: httpClientOf(cloud),
  });
}

export function clientOf(cloud: LocalCloud): AzureMachineLearningWorkspaces {
  return new AzureMachineLearningWorkspaces(credentialOf(cloud), cloud.subscriptionId, {
    endpoint: cloud.urls.arm,
    credentialScopes: "https://management.azure.com/.default",
    httpClient: httpClientOf(cloud),
  });
}
