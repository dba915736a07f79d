// Keys, private links, features, network dependencies and diagnosis of a workspace (docs/facts/recorded-operations.md#8).
import { createHash } from "node:crypto";
import { resourceNotFound, userError } from "../arm/errors.ts";
import { paged } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter } from "../arm/router.ts";
import { storageAccountId } from "../workspace/addresses.ts";
import type { AzureWorld } from "../world/world.ts";
import { workspaceBody } from "./workspace-body.ts";

type Json = Record<string, unknown>;

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountKeys(arm, world);
  mountNetwork(arm, world);
  mountDiagnosis(arm, world);
  // One row of the recorded list.
  arm.get(
    "/features",
    (_request, response) => {
      const value = [{ id: "pipelines_ui_rungraphs", displayName: "Run graphs UI", description: "Run graphs UI" }];
      response.json({ value, nextLink: null });
    },
    paged,
  );
}

/** Keys of a notebook service that is not there: made up, always the same for a cloud, and good for nothing. */
function noKey(world: AzureWorld, which: string): string {
  return world.secret(createHash("sha256").update(`${world.workspaceGuid} ${which}`).digest("base64"));
}

function mountKeys(arm: ArmRouter, world: AzureWorld): void {
  const notebook = () => ({
    primaryAccessKey: noKey(world, "notebook 1"),
    secondaryAccessKey: noKey(world, "notebook 2"),
  });
  arm.post("/listKeys", (_request, response, { apiVersion }) => {
    // Recorded at 2024-04-01 as `userStorageArmId`; the published types say `userStorageResourceId`.
    const account = apiVersion === "2024-04-01" ? "userStorageArmId" : "userStorageResourceId";
    response.json({
      userStorageKey: world.blobs.key,
      [account]: storageAccountId(world),
      appInsightsInstrumentationKey: "e31c1d3b-0000-4000-8000-000000000000",
      containerRegistryCredentials: null,
      notebookAccessKeys: notebook(),
    });
  });
  arm.post("/listNotebookKeys", (_request, response) => response.json(notebook()));
  arm.post("/listStorageAccountKeys", (_request, response) => response.json({ userStorageKey: world.blobs.key }));
  // The published shape; not recorded. There is no notebook service here that would take the token.
  arm.post("/listNotebookAccessToken", (_request, response) => {
    response.json({
      accessToken: noKey(world, "notebook token"),
      expiresIn: 28_800,
      hostName: `${world.location}.notebooks.azure.net`,
      notebookResourceId: "8176b4b2a9a44b0b9b0c6f3b8d6c5c11",
      publicDns: `ml-${world.workspaceName}-${world.location}-${world.workspaceGuid}.${world.location}.notebooks.azure.net`,
      refreshToken: noKey(world, "notebook refresh token"),
      scope: "aznb_identity",
      tokenType: "Bearer",
    });
  });
  arm.post("/resyncKeys", (_request, response, { apiVersion }) => {
    const operation = world.operations.start("workspace");
    // At the end the whole workspace (docs/facts/recorded-operations.md#8); keys here are always those that are in force.
    operation.result = (asked) => ({ status: 200, body: workspaceBody(world, asked) });
    world.operations.accepted(response, operation, apiVersion);
    world.clock.after(world.settings.online.endpoint, () => operation.succeed());
  });
}

function mountNetwork(arm: ArmRouter, world: AzureWorld): void {
  const connections = "/privateEndpointConnections";
  arm.get(connections, (_request, response) => response.json({ value: [] }));
  arm.get(`${connections}/:name`, (request) => {
    const name = parameter(request, "name");
    throw resourceNotFound(
      `Microsoft.MachineLearningServices/workspaces/${world.workspaceName}/privateEndpointConnections/${name}`,
      world.resourceGroup,
    );
  });
  // The group and its zones are those of Microsoft's guide to private endpoints; the answer itself is not recorded.
  arm.get("/privateLinkResources", (_request, response) => {
    response.json({
      value: [
        {
          id: `${world.workspaceId}/privateLinkResources/amlworkspace`,
          name: "amlworkspace",
          type: "Microsoft.MachineLearningServices/workspaces/privateLinkResources",
          properties: {
            groupId: "amlworkspace",
            requiredMembers: ["default"],
            requiredZoneNames: ["privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"],
          },
        },
      ],
    });
  });
  arm.get("/outboundNetworkDependenciesEndpoints", (_request, response) => {
    response.json({
      value: outbound.map(([category, domains]) => ({
        properties: {
          category,
          endpoints: domains.map((domainName) => ({ domainName, endpointDetails: [{ port: 80 }, { port: 443 }] })),
        },
      })),
    });
  });
}

/** The recorded categories; of most of them their domains are from Microsoft's list of outbound rules, not from the recording. */
const outbound: readonly (readonly [string, readonly string[]])[] = [
  ["Azure Active Directory", ["login.microsoftonline.com"]],
  ["Azure portal", ["management.azure.com"]],
  ["Azure Resource Manager", ["management.azure.com"]],
  ["Azure Machine Learning studio", ["ml.azure.com"]],
  ["API", ["*.azureml.ms"]],
  ["Integrated notebook", ["*.notebooks.azure.net"]],
  ["Compute ", ["*.instances.azureml.ms"]],
  ["Microsoft Container Registry", ["mcr.microsoft.com"]],
  ["Azure Machine Learning pre-built images", ["viennaglobal.azurecr.io"]],
];

/** Sections of a diagnosis, by what is asked of them; recorded without findings, and once with a storage account that was gone. */
const sections: Readonly<Record<string, string>> = {
  udr: "userDefinedRouteResults",
  nsg: "networkSecurityRuleResults",
  resourceLock: "resourceLockResults",
  dnsResolution: "dnsResolutionResults",
  storageAccount: "storageAccountResults",
  keyVault: "keyVaultResults",
  containerRegistry: "containerRegistryResults",
  applicationInsights: "applicationInsightsResults",
  others: "otherResults",
};

function mountDiagnosis(arm: ArmRouter, world: AzureWorld): void {
  arm.post("/diagnose", (request, response, { apiVersion }) => {
    const asked = Object.keys((bodyOf(request)["value"] ?? {}) as Json);
    const unknown = asked.find((one) => !(one in sections));
    if (unknown !== undefined) {
      const there = Object.keys(sections).join(", ");
      throw userError(400, `A diagnosis has no section ${unknown}; there are ${there}.`, ["BadArgument"]);
    }
    const names = asked.length === 0 ? Object.values(sections) : asked.map((one) => sections[one] as string);
    const operation = world.operations.start("workspace");
    // Nothing of a workspace can go missing here, so nothing is found.
    const body = { value: Object.fromEntries(names.map((name) => [name, []])) };
    operation.result = () => ({ status: 200, body });
    world.operations.accepted(response, operation, apiVersion, "result");
    world.clock.after(world.settings.online.endpoint, () => operation.succeed());
  });
}
