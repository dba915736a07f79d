// This cloud as the resource manager describes clouds to clients that know none: /metadata/endpoints (ARM_CLOUD_METADATA_URL).
import type { Express } from "express";
import { cloudName, storageSuffix, vaultSuffix } from "../workspace/addresses.ts";
import type { AzureWorld } from "../world/world.ts";

/** Open to everyone. Keys that official clients read are known (docs/facts/azureml-services.md#4.8); the others are general knowledge. */
export function mount(app: Express, world: AzureWorld): void {
  app.get("/metadata/endpoints", (_request, response) => {
    response.json([
      {
        name: cloudName,
        // The official Python client takes the domain of its token audience (https://ml.azure.com) from here.
        portal: "https://portal.azure.com",
        authentication: {
          loginEndpoint: loginEndpoint(world),
          audiences: ["https://management.core.windows.net/", "https://management.azure.com/"],
          tenant: "common",
          identityProvider: "AAD",
        },
        resourceManager: `${world.urls.arm}/`,
        logAnalyticsResourceId: world.urls.logs,
        suffixes: { storage: storageSuffix(world), keyVaultDns: vaultSuffix(world) },
      },
    ]);
  });
}

/**
 * azureml-mlflow hands azure-identity this address without its scheme, and that takes `localhost:1234` for an address of the scheme
 * `localhost`. Numbers are no scheme. The listener is the same, and its certificate names both.
 */
function loginEndpoint(world: AzureWorld): string {
  return world.urls.login.replace("//localhost:", "//127.0.0.1:");
}
