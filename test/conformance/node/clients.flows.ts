// Azure's own JavaScript clients: @azure/arm-machinelearning for the management plane, @azure/storage-blob for content.
import assert from "node:assert/strict";
import type { AzureMachineLearningWorkspaces, CommandJob } from "@azure/arm-machinelearning";
import { ContainerClient } from "@azure/storage-blob";
import type { LocalCloud } from "../../../local/cloud.ts";
import { ask, storageOptionsOf } from "../../local/azure/client.ts";
import { clientOf, credentialOf, unique } from "../official.ts";

const [group, workspace] = ["rg1", "ws1"] as const;
const soon = { updateIntervalInMs: 20 };

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

/** An environment that jobs may name; its id. */
async function environment(client: AzureMachineLearningWorkspaces): Promise<string> {
  const made = await client.environmentVersions.createOrUpdate(group, workspace, unique("plain"), "1", {
    properties: { image: "mcr.microsoft.com/azureml/plain" },
  });
  return made.id ?? "";
}

async function run(client: AzureMachineLearningWorkspaces, properties: Partial<CommandJob>): Promise<string> {
  const name = unique("node-job");
  const body = { jobType: "Command", command: "true", environmentId: await environment(client), ...properties };
  await client.jobs.createOrUpdate(group, workspace, name, { properties: body as CommandJob });
  return name;
}

async function ended(client: AzureMachineLearningWorkspaces, name: string): Promise<string> {
  for (;;) {
    const { status = "" } = (await client.jobs.get(group, workspace, name)).properties;
    if (/^(Completed|Failed|Canceled)$/.test(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The storage client over what startPendingUpload answers. */
async function upload(cloud: LocalCloud, sasUri: string, files: Readonly<Record<string, string>>): Promise<void> {
  const container = new ContainerClient(sasUri, undefined, storageOptionsOf(cloud));
  for (const [name, text] of Object.entries(files)) {
    await container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
  }
}

export const flows: Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>> = {
  "arm-machinelearning: the workspace, its datastores and computes": async (cloud) => {
    const client = clientOf(cloud);
    assert.equal((await client.workspaces.get(group, workspace)).name, workspace);
    const stores = (await all(client.datastores.list(group, workspace))).map((one) => one.name);
    assert.ok(stores.includes("workspaceblobstore"));
    const computes = (await all(client.computeOperations.list(group, workspace))).map((one) => one.name);
    assert.ok(computes.includes("cpu-cluster"));
    const secrets = await client.datastores.listSecrets(group, workspace, "workspaceblobstore");
    assert.equal(secrets.secretsType, "AccountKey");
  },

  "arm-machinelearning: a command job is created, read, listed, canceled and deleted": async (cloud) => {
    const client = clientOf(cloud);
    const name = await run(client, { command: "sleep 300" });
    await client.jobs.beginCancelAndWait(group, workspace, name, soon);
    assert.equal((await client.jobs.get(group, workspace, name)).properties.status, "Canceled");
    const listed = (await all(client.jobs.list(group, workspace, { jobType: "Command" }))).map((one) => one.name);
    assert.ok(listed.includes(name));
    await client.jobs.beginDeleteAndWait(group, workspace, name, soon);
    await assert.rejects(client.jobs.get(group, workspace, name), { statusCode: 404 });
  },

  "arm-machinelearning: a sweep is created and completes": async (cloud) => {
    const client = clientOf(cloud);
    const name = unique("node-sweep");
    await client.jobs.createOrUpdate(group, workspace, name, {
      properties: {
        jobType: "Sweep",
        trial: { command: "echo ${{search_space.x}}", environmentId: await environment(client) },
        searchSpace: { x: ["choice", [[1, 2]]] },
        samplingAlgorithm: { samplingAlgorithmType: "Grid" },
        objective: { goal: "Maximize", primaryMetric: "score" },
        limits: { jobLimitsType: "Sweep", maxTotalTrials: 2, maxConcurrentTrials: 2 },
      },
    });
    assert.equal(await ended(client, name), "Completed");
  },

  "arm-machinelearning: a pipeline of two inline components": async (cloud) => {
    const client = clientOf(cloud);
    const environmentId = await environment(client);
    const component = async (spec: object) => {
      const made = await client.componentVersions.createOrUpdate(group, workspace, unique("node_component"), "1", {
        properties: {
          componentSpec: { type: "command", name: "c", version: "1", environment: `azureml:${environmentId}`, ...spec },
        },
      });
      return made.id;
    };
    const write = await component({ command: "echo 5 > ${{outputs.o}}/x", outputs: { o: { type: "uri_folder" } } });
    const read = await component({ command: "grep 5 ${{inputs.i}}/x", inputs: { i: { type: "uri_folder" } } });
    const name = unique("node-pipeline");
    await client.jobs.createOrUpdate(group, workspace, name, {
      properties: {
        jobType: "Pipeline",
        jobs: {
          a: { type: "command", componentId: write },
          b: {
            type: "command",
            componentId: read,
            inputs: { i: { job_input_type: "literal", value: "${{parent.jobs.a.outputs.o}}" } },
          },
        },
        settings: {},
      },
    });
    assert.equal(await ended(client, name), "Completed");
  },

  "arm-machinelearning: data, models and environments with versions": async (cloud) => {
    const client = clientOf(cloud);
    const name = unique("node-asset");
    const uri = "azureml://datastores/workspaceblobstore/paths/node/x/";
    await client.dataVersions.createOrUpdate(group, workspace, name, "1", {
      properties: { dataType: "uri_folder", dataUri: uri },
    });
    assert.equal((await client.dataContainers.get(group, workspace, name)).properties.nextVersion, "2");
    await client.modelVersions.createOrUpdate(group, workspace, name, "4", {
      properties: { modelType: "custom_model", modelUri: uri },
    });
    const versions = await all(client.modelVersions.list(group, workspace, name));
    assert.deepEqual(
      versions.map((one) => one.name),
      ["4"],
    );
    await client.modelVersions.delete(group, workspace, name, "4");
    await assert.rejects(client.modelVersions.get(group, workspace, name, "4"), { statusCode: 404 });
  },

  "arm-machinelearning: a batch endpoint": async (cloud) => {
    const client = clientOf(cloud);
    const name = unique("nbatch");
    const made = await client.batchEndpoints.beginCreateOrUpdateAndWait(
      group,
      workspace,
      name,
      { location: cloud.location, properties: { authMode: "AADToken" } },
      soon,
    );
    assert.equal(made.properties.provisioningState, "Succeeded");
    assert.ok((await all(client.batchEndpoints.list(group, workspace))).some((one) => one.name === name));
    await client.batchEndpoints.beginDeleteAndWait(group, workspace, name, soon);
    await assert.rejects(client.batchEndpoints.get(group, workspace, name), { statusCode: 404 });
  },

  "arm-machinelearning: a schedule": async (cloud) => {
    const client = clientOf(cloud);
    const name = unique("node-schedule");
    const properties = {
      trigger: { triggerType: "Cron" as const, expression: "0 3 * * *" },
      action: {
        actionType: "CreateJob" as const,
        jobDefinition: { jobType: "Command" as const, command: "true", environmentId: await environment(client) },
      },
    };
    await client.schedules.beginCreateOrUpdateAndWait(group, workspace, name, { properties }, soon);
    assert.equal((await client.schedules.get(group, workspace, name)).properties.isEnabled, true);
    await client.schedules.beginCreateOrUpdateAndWait(
      group,
      workspace,
      name,
      { properties: { ...properties, isEnabled: false } },
      soon,
    );
    await client.schedules.beginDeleteAndWait(group, workspace, name, soon);
    await assert.rejects(client.schedules.get(group, workspace, name), { statusCode: 404 });
  },

  "arm-machinelearning: a compute is created and deleted": async (cloud) => {
    const client = clientOf(cloud);
    const name = unique("n");
    await client.computeOperations.beginCreateOrUpdateAndWait(
      group,
      workspace,
      name,
      {
        location: cloud.location,
        properties: {
          computeType: "AmlCompute",
          properties: { vmSize: "STANDARD_DS3_V2", scaleSettings: { maxNodeCount: 2 } },
        },
      },
      soon,
    );
    assert.equal(
      (await client.computeOperations.get(group, workspace, name)).properties?.provisioningState,
      "Succeeded",
    );
    await client.computeOperations.beginDeleteAndWait(group, workspace, name, "Delete", soon);
    await assert.rejects(client.computeOperations.get(group, workspace, name), { statusCode: 404 });
  },

  "storage-blob: what it uploads as code, a job runs": async (cloud) => {
    const client = clientOf(cloud);
    const name = unique("node-code");
    const token = (await credentialOf(cloud).getToken("https://management.azure.com/.default")).token;
    const url = `${cloud.urls.arm}${cloud.azure.workspaceId}/codes/${name}/versions/1/startPendingUpload?api-version=2023-04-01`;
    // The published client has no such operation.
    const { body } = await ask(cloud, "POST", url, { token, body: { pendingUploadType: "TemporaryBlobReference" } });
    const place = body.blobReferenceForConsumption;
    await upload(cloud, place.credential.sasUri, { "src/main.sh": "echo from the client\n" });
    const code = await client.codeVersions.createOrUpdate(group, workspace, name, "1", {
      properties: { codeUri: `${place.blobUri}/src` },
    });
    const job = await run(client, { command: "sh main.sh | grep client", codeId: code.id ?? "" });
    assert.equal(await ended(client, job), "Completed");
  },
};
