// The cloud of one schedule, read without product code: its state, and the fixtures of a scenario.
import { setTimeout as pause } from "node:timers/promises";
import type { AssetNoun, AssetVersion } from "../../local/azure/arm/collection.ts";
import { newStamps } from "../../local/azure/arm/envelope.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import type { JobRecord } from "../../local/azure/records/job.ts";
import {
  type DeploymentRecord,
  deploymentsOfEndpoint,
  type EndpointRecord,
  endpointsOf,
} from "../../local/azure/records/online-endpoint.ts";
import { longDatastoreUri } from "../../local/azure/records/references.ts";
import { storagePlace } from "../../local/azure/workspace/locate.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import { ask } from "../local/azure/client.ts";
import { deploymentRequest, endpointRequest, make, registerCode } from "../local/azure/online-scripts.ts";

const ada = { name: "Ada", type: "User" } as const;

/** A script as the test project's, which greets as it was deployed to. */
const script = (greeting: string) =>
  `import json\ndef init():\n    pass\ndef run(raw):\n    return {"greeting": "${greeting}, " + json.loads(raw)["name"], "predictions": [1, 2]}\n`;

export class Place {
  readonly cloud: LocalCloud;

  constructor(cloud: LocalCloud) {
    this.cloud = cloud;
  }

  /** @param registry in place of the workspace */
  versions(noun: AssetNoun, name: string, registry?: string): readonly AssetVersion[] {
    const { azure } = this.cloud;
    const assets = registry === undefined ? azure.assets : registryAssets(azure, registry);
    return assets?.[noun].container(name)?.versions ?? [];
  }

  addRegistry(name: string): void {
    const { azure } = this.cloud;
    registriesOf(azure).set(name, { name, id: `id-of-${name}`, location: azure.location, tags: {}, properties: {} });
  }

  /** A version that somebody made earlier, with its files by path. */
  async addVersion(
    noun: "data" | "models",
    name: string,
    version: string,
    files: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { azure } = this.cloud;
    const folder = `earlier/${name}/${version}`;
    for (const [file, text] of Object.entries(files))
      await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `${folder}/${file}`, text);
    const uri = longDatastoreUri(azure, "workspaceblobstore", folder);
    const own =
      noun === "data" ? { dataUri: uri, dataType: "uri_folder" } : { modelUri: uri, modelType: "custom_model" };
    azure.assets[noun].put(name, version, { ...own, tags: {}, properties: {}, isArchived: false }, ada);
  }

  /** Path below the place of a URI -> content. A URI of one file has it under "". */
  async filesAt(uri: string): Promise<Record<string, string>> {
    const { azure } = this.cloud;
    const place = storagePlace(azure, uri);
    if (place === undefined) return {};
    const found: Record<string, string> = {};
    for (const { name } of await azure.blobs.list(place.container, place.path)) {
      const content = await azure.blobs.get(place.container, name);
      found[name.slice(place.path.length).replace(/^\//, "")] = content?.toString("utf8") ?? "";
    }
    return found;
  }

  jobs(): readonly JobRecord[] {
    return jobService(this.cloud.azure).own();
  }

  /** Waits until no job runs, at most so many milliseconds. */
  async jobsEnded(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds;
    const runs = () => this.jobs().some(({ status }) => !/^(Completed|Failed|Canceled)$/.test(status));
    while (runs() && performance.now() < until) await pause(20);
  }

  /** A job that has completed, with its metrics and the files of its output `model`. */
  async addCompletedJob(name: string, metrics: Readonly<Record<string, number>>): Promise<void> {
    const { azure } = this.cloud;
    const { tracking } = jobService(azure);
    const { contributor } = this.cloud.credentials;
    const experiment = tracking.ensureExperiment("earlier");
    const now = azure.clock.now();
    const folder = longDatastoreUri(azure, "workspaceblobstore", `azureml/${name}/model/`);
    await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, `azureml/${name}/model/greeting.txt`, "learned");
    const record: JobRecord = {
      name,
      sequence: 1,
      body: {
        jobType: "Command",
        command: "true",
        environmentId: "",
        outputs: { model: { jobOutputType: "custom_model" } },
      },
      displayName: name,
      ...{ description: null, isArchived: false, tags: {}, properties: {} },
      ...{ experimentName: experiment.name, experimentId: experiment.id, status: "Completed" as const },
      ...{ created: now, started: now, ended: now, stamps: newStamps(now, ada) },
      ownerId: azure.directory.find(contributor.clientId)?.objectId ?? "",
      outputUris: {
        default: longDatastoreUri(azure, "workspaceartifactstore", `ExperimentRun/dcid.${name}/`),
        model: folder,
      },
      ...{ registered: {}, logFiles: [] },
    };
    azure.store<JobRecord>("jobs").set(name, record);
    const run = tracking.addRun({
      id: name,
      experimentId: experiment.id,
      name,
      status: "FINISHED",
      endTime: now,
      ofJob: true,
    });
    for (const [key, value] of Object.entries(metrics))
      tracking.logMetric(run, { key, value, timestamp: now, step: 0 });
  }

  endpoint(name: string): EndpointRecord | undefined {
    return endpointsOf(this.cloud.azure).get(name);
  }

  deployments(endpoint: string): readonly DeploymentRecord[] {
    return deploymentsOfEndpoint(this.cloud.azure, endpoint);
  }

  /** An endpoint whose deployment `blue` has all the traffic and answers "good day". */
  async addLiveEndpoint(name: string): Promise<void> {
    const { cloud } = this;
    const code = await registerCode(cloud, `live-${name}`, script("good day"));
    await this.addVersion("models", `live-${name}`, "1", { "greeting.txt": "good day" });
    const model = `${cloud.azure.workspaceId}/models/live-${name}/versions/1`;
    await make(cloud, `/onlineEndpoints/${name}`, endpointRequest());
    await make(cloud, `/onlineEndpoints/${name}/deployments/blue`, deploymentRequest(model, code));
    await make(cloud, `/onlineEndpoints/${name}`, endpointRequest({ traffic: { blue: 100 } }));
  }

  /** A batch endpoint whose default `blue` answers each file's length. */
  async addBatchEndpoint(name: string): Promise<void> {
    const { cloud } = this;
    const score =
      "import os\ndef run(files):\n    return [f'{os.path.basename(f)} {len(open(f).read())}' for f in files]\n";
    const codeId = await registerCode(cloud, `batch-${name}`, score);
    await this.addVersion("models", `batch-${name}`, "1", { "greeting.txt": "good day" });
    const { workspaceId: at } = cloud.azure;
    const properties = {
      model: { referenceType: "Id", assetId: `${at}/models/batch-${name}/versions/1` },
      codeConfiguration: { codeId, scoringScript: "score.py" },
      compute: `${at}/computes/cpu-cluster`,
    };
    const endpoint = (defaults: object) => ({ location: "eastus2", properties: { authMode: "AADToken", defaults } });
    await make(cloud, `/batchEndpoints/${name}`, endpoint({}));
    await make(cloud, `/batchEndpoints/${name}/deployments/blue`, { location: "eastus2", properties });
    await make(cloud, `/batchEndpoints/${name}`, endpoint({ deploymentName: "blue" }));
  }

  /** What the endpoint answers to a request that any deployment may take. */
  async greeting(endpoint: string): Promise<string> {
    const { scoringUri, keys } = this.endpoint(endpoint) ?? {};
    if (!scoringUri || keys === undefined) return "nothing: it is not there";
    const reply = await ask(this.cloud, "POST", scoringUri, { body: { name: "Ada" }, token: keys.primaryKey });
    return reply.status === 200 ? String(reply.body?.greeting) : `status ${reply.status}`;
  }
}
