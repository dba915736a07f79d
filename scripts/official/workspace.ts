// Fixtures that the official tests expect beside their workspace: registries, computes and stores of these names.
import type { LocalCloud } from "../../local/cloud.ts";
import { ask, tokenOf } from "../../test/local/azure/client.ts";

const registries = ["testfeed", "UnsecureTest-testFeed", "sdkv2-testFeed", "sdk-test", "UnsecureTest-hello-world"];
const clusters = [
  ...["testCompute", "automl-cpu-cluster", "cpu-cluster-1", "cpucluster", "aml-compute", "gpu-compute-low-pri"],
  ...["siloCompute1", "siloCompute2", "siloCompute3", "aggCompute"],
];
const containers = ["testblob"];
const datastores = ["silo_datastore1", "silo_datastore2", "silo_datastore3", "agg_datastore"];
const synapse = ["rezas-synapse-10", "douglassynapse"];

/**
 * Makes it, by the requests that anybody would make it with.
 * @throws Error when one of them is refused
 */
export async function prepareWorkspace(cloud: LocalCloud): Promise<void> {
  const token = await tokenOf(cloud);
  const group = `${cloud.urls.arm}/subscriptions/${cloud.subscriptionId}/resourceGroups/${cloud.resourceGroup}/providers/Microsoft.MachineLearningServices`;
  const put = async (where: string, body: object): Promise<void> => {
    const answer = await ask(cloud, "PUT", `${group}/${where}?api-version=2024-04-01`, { token, body });
    if (answer.status >= 300) throw new Error(`PUT ${where} was answered ${answer.status}: ${answer.text}`);
  };
  const { location, workspace } = cloud;
  for (const name of containers) await cloud.azure.blobs.container(name);
  for (const name of registries) {
    const identity = { type: "SystemAssigned" };
    await put(`registries/${name}`, { location, identity, properties: { regionDetails: [{ location }] } });
  }
  for (const name of clusters) {
    const scaleSettings = { minNodeCount: 0, maxNodeCount: 4, nodeIdleTimeBeforeScaleDown: "PT2M" };
    const properties = { computeType: "AmlCompute", properties: { vmSize: "STANDARD_DS3_V2", scaleSettings } };
    await put(`workspaces/${workspace}/computes/${name}`, { location, properties });
  }
  for (const name of synapse) {
    const resourceId = `/subscriptions/${cloud.subscriptionId}/resourceGroups/${cloud.resourceGroup}/providers/Microsoft.Synapse/workspaces/synapse/bigDataPools/pool`;
    const properties = { computeType: "SynapseSpark", resourceId, properties: { sparkVersion: "3.3" } };
    await put(`workspaces/${workspace}/computes/${name}`, { location, properties });
  }
  for (const name of datastores) {
    const { account, key } = cloud.azure.blobs;
    const credentials = { credentialsType: "AccountKey", secrets: { secretsType: "AccountKey", key } };
    const properties = { datastoreType: "AzureBlob", accountName: account, containerName: "testblob", credentials };
    await put(`workspaces/${workspace}/datastores/${name}`, { properties });
  }
}
