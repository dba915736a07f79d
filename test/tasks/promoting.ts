// A cloud of three subscriptions in two tenants, each with a registry; jobs that have trained a model in the first, and connections to the others.
import type { ConnectionDetails } from "../../lib/agent/connection.ts";
import { newStamps } from "../../local/azure/arm/envelope.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import type { JobRecord } from "../../local/azure/records/job.ts";
import { storageSuffix, vaultSuffix } from "../../local/azure/workspace/addresses.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import type { AzureWorld } from "../../local/azure/world/world.ts";
import { type LocalCloud, startCloud } from "../../local/cloud.ts";
import type { Subscription } from "../../local/subscriptions.ts";

export interface Subscriptions {
  readonly cloud: LocalCloud;
  /** Of the cloud's own tenant, with the registry `near-models`. */
  readonly near: Subscription;
  /** Of another tenant, with the registry `far-models`. */
  readonly far: Subscription;
}

/** The first subscription has the registry `shared`. The caller closes the cloud. */
export async function startSubscriptions(): Promise<Subscriptions> {
  const cloud = await startCloud({
    subscriptions: [
      { connection: "near", subscriptionId: "00000000-0000-0000-0000-000000000002", storageAccount: "stor2" },
      {
        connection: "far",
        subscriptionId: "00000000-0000-0000-0000-000000000003",
        storageAccount: "stor3",
        tenantId: "72f98800-0000-4000-8000-00000000beef",
        resourceGroup: "rg-far",
        workspaceName: "ws-far",
      },
    ],
  });
  const near = cloud.subscriptions["near"]!;
  const far = cloud.subscriptions["far"]!;
  for (const [azure, name] of [
    [cloud.azure, "shared"],
    [near.azure, "near-models"],
    [far.azure, "far-models"],
  ] as const)
    registriesOf(azure).set(name, { name, id: `id-of-${name}`, location: "eastus2", tags: {}, properties: {} });
  return { cloud, near, far };
}

const author = { name: "ada", type: "User" } as const;

/** A completed job whose output `model` holds these files, and whose run has logged these metrics. */
export async function trained(
  azure: AzureWorld,
  name: string,
  files: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, number>> = {},
): Promise<void> {
  for (const [file, text] of Object.entries(files))
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `runs/${name}/${file}`, text);
  const environment = { image: "mcr.microsoft.com/base:1", condaFile: '{"name":"x"}', osType: "Linux" };
  const kept = { ...environment, environmentType: "UserCreated", tags: {}, properties: {} };
  azure.assets.environments.put("sklearn", "3", kept, author);
  const uri = `azureml://datastores/workspaceblobstore/paths/runs/${name}`;
  const job: JobRecord = {
    name,
    sequence: 1,
    body: {
      jobType: "Command",
      command: "true",
      environmentId: `${azure.workspaceId}/environments/sklearn/versions/3`,
      outputs: { model: { jobOutputType: "uri_folder", uri } },
    },
    displayName: name,
    description: null,
    isArchived: false,
    tags: {},
    properties: { "mlflow.source.git.commit": "c0ffee" },
    experimentName: "e",
    experimentId: "7",
    status: "Completed",
    created: azure.clock.now(),
    stamps: newStamps(azure.clock.now(), author),
    ownerId: "o",
    outputUris: { model: uri },
    registered: {},
    logFiles: [],
  };
  azure.store<JobRecord>("jobs").set(name, job);
  const { tracking } = jobService(azure);
  const run = tracking.addRun({
    id: name,
    name,
    experimentId: tracking.defaultExperiment.id,
    status: "FINISHED",
    ofJob: true,
  });
  for (const [key, value] of Object.entries(metrics))
    tracking.logMetric(run, { key, value, timestamp: azure.clock.now(), step: 0 });
}

/** The service connection to a subscription, as the agent reads it. */
export const connectionOf = ({ cloud }: Subscriptions, { azure, client }: Subscription): ConnectionDetails => ({
  id: `5e4e6ce0-0000-4000-8000-0000000${azure.storageAccount}`,
  scheme: "servicePrincipalSecret",
  tenantId: azure.tenantId,
  ...client,
  subscriptionId: azure.subscriptionId,
  cloud: {
    environment: "AzureCloud",
    resourceManagerUrl: cloud.urls.arm,
    authorityUrl: cloud.urls.login,
    storageSuffix: storageSuffix(azure),
    vaultSuffix: vaultSuffix(azure),
  },
});

/** Inputs of the target: the workspace of a subscription, by a connection of its own. */
export const targetIn = ({ azure }: Subscription): Record<string, string> => ({
  targetConnectionType: "azureSubscription",
  targetAzureSubscription: "target",
  targetResourceGroup: azure.resourceGroup,
  targetWorkspace: azure.workspaceName,
});
