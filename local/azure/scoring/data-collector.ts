// Data collection of deployments: each line that a script or the gateway reports goes to the file of its hour in the workspace's
// storage, as the service's data collector writes it (docs/facts/operations.md#F.2).
import { randomUUID } from "node:crypto";
import { type DeploymentRecord, deploymentsOf } from "../records/online-endpoint.ts";
import { longDatastoreUri, parseReference } from "../records/references.ts";
import { locate, type StoragePlace } from "../workspace/locate.ts";
import type { AzureWorld } from "../world/world.ts";

/** The collector of this cloud. */
export function dataCollector(world: AzureWorld): DataCollector {
  return world.part("data collector", () => new DataCollector(world));
}

/** A piece of data as it was reported. */
interface Collected {
  /** model_inputs, model_outputs, request, response, or a name of the user's. */
  readonly collection: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** The container that it comes from: it names the file. */
  readonly instance: string;
  /** Further keys of the line, those that are undefined left out. */
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

/** Data above this many bytes lie in a blob of their own, and the line says where. */
const mostInLine = 4 * 1024 * 1024;

type Collections = Record<
  string,
  { readonly dataCollectionMode?: string; readonly samplingRate?: number; readonly dataId?: string }
>;

/** The collections of a deployment that are on, by their names in small letters. */
export function collectionsOf({ properties }: DeploymentRecord): Map<string, Collections[string]> {
  const all = Object.entries((properties.dataCollector?.collections ?? {}) as Collections);
  return new Map(
    all.flatMap(([name, one]) => (/^enabled$/i.test(one.dataCollectionMode ?? "") ? [[name.toLowerCase(), one]] : [])),
  );
}

class DataCollector {
  private readonly world: AzureWorld;
  /** The last write to each blob: lines are appended one after the other. */
  private readonly writing = new Map<string, Promise<void>>();
  /** How much of a line each collection has saved up: a rate of 0.25 keeps every fourth. */
  private readonly due = new Map<string, number>();

  constructor(world: AzureWorld) {
    this.world = world;
    world.onClose(() => this.settled());
  }

  /** Keeps a piece, unless its collection is off. @returns whether the collection is on */
  collect(deployment: DeploymentRecord, piece: Collected): boolean {
    const collection = collectionsOf(deployment).get(piece.collection.toLowerCase());
    if (collection === undefined) return false;
    const folder = folderOf(this.world, deployment, piece.collection, collection.dataId);
    if (folder !== undefined) this.write(deployment, piece, folder);
    return true;
  }

  /** Whether the next request of a payload collection is kept. Exact over many, where the service draws lots. */
  sampled(deployment: DeploymentRecord, collection: string): boolean {
    const rate = collectionsOf(deployment).get(collection)?.samplingRate ?? 1;
    const key = `${deployment.endpoint}/${deployment.name}/${collection}`.toLowerCase();
    const due = (this.due.get(key) ?? 0) + rate;
    this.due.set(key, due >= 1 ? due - 1 : due);
    return due >= 1;
  }

  /** Resolves when all that was reported has been written. */
  async settled(): Promise<void> {
    await Promise.all(this.writing.values());
  }

  private write(deployment: DeploymentRecord, piece: Collected, folder: StoragePlace): void {
    const { world } = this;
    const now = new Date(world.clock.now());
    const hourly = `${folder.path}/${partition(now, deployment.properties.dataCollector?.rollingRate ?? "Hour")}`;
    const id = randomUUID();
    const pointer = piece.body.length > mostInLine ? `${hourly}/${id}` : undefined;
    const line = {
      ...{ specversion: "1.0", id, source: sourceOf(world, deployment) },
      ...{ type: `azureml.inference.${piece.collection}`, datacontenttype: piece.contentType },
      time: `${now.toISOString().slice(0, 19)}Z`,
      data: pointer === undefined ? dataOf(piece) : world.blobs.url(folder.container, pointer),
      ...piece.attributes,
      contentrange: `bytes 0-${piece.body.length - 1}/${piece.body.length}`,
      ...(pointer === undefined ? {} : { datainblob: "true" }),
    };
    const blob = `${hourly}/${piece.instance}.jsonl`;
    const before = this.writing.get(blob) ?? Promise.resolve();
    const next = before.then(async () => {
      if (pointer !== undefined) await world.blobs.put(folder.container, pointer, piece.body);
      await world.blobs.append(folder.container, blob, `${JSON.stringify(line)}\n`);
    });
    // A line that cannot be written is lost, and scoring goes on: so the service's collector does.
    const done = next
      .catch(() => undefined)
      .finally(() => {
        if (this.writing.get(blob) === done) this.writing.delete(blob);
      });
    this.writing.set(blob, done);
  }
}

/** Makes the data asset of each collection that names none, once the deployment is up: as the service does for those who let it. */
export function registerCollections(world: AzureWorld, deployment: DeploymentRecord): void {
  for (const [name, { dataId }] of collectionsOf(deployment)) {
    const asset = `${deployment.endpoint}-${deployment.name}-${name}`;
    if (dataId || world.assets.data.version(asset, "1") !== undefined) continue;
    const properties = {
      ...{ description: null, tags: {}, properties: {}, isArchived: false, isAnonymous: false, dataType: "uri_folder" },
      dataUri: longDatastoreUri(world, "workspaceblobstore", `${defaultFolder(deployment, name)}/`),
    };
    world.assets.data.put(asset, "1", properties, deployment.stamps.createdBy);
  }
}

const defaultFolder = ({ endpoint, name }: DeploymentRecord, collection: string): string =>
  `modelDataCollector/${endpoint}/${name}/${collection}`;

/** The folder of a collection: that of the asset which it names, or its own. Undefined where the asset leads nowhere: nothing can be kept then. */
function folderOf(
  world: AzureWorld,
  deployment: DeploymentRecord,
  collection: string,
  dataId: string | undefined,
): StoragePlace | undefined {
  const own = `azureml://datastores/workspaceblobstore/paths/${defaultFolder(deployment, collection.toLowerCase())}`;
  try {
    const place = locate(world, dataId && parseReference(dataId, "data").kind === "asset" ? dataId : own, "data");
    return place.kind === "blob" ? place : undefined;
  } catch {
    return undefined;
  }
}

function sourceOf(world: AzureWorld, { endpoint, name }: DeploymentRecord): string {
  const known = deploymentsOf(world).get(`${endpoint}/${name}`.toLowerCase())?.name ?? name;
  return `${world.workspaceId}/onlineEndpoints/${endpoint}/deployments/${known}`;
}

/** The folders of a moment. Only those of an hour are documented; that the others end earlier or go on by the minute is not verified against live Azure. */
function partition(now: Date, rate: string): string {
  const [year, month, day, hour, minute] = now.toISOString().split(/[-T:]/) as [string, string, string, string, string];
  const all = { year: [year], month: [year, month], day: [year, month, day], hour: [year, month, day, hour] };
  return (all[rate.toLowerCase() as keyof typeof all] ?? [year, month, day, hour, minute]).join("/");
}

/** JSON as it is, anything else as text. */
function dataOf({ contentType, body }: Collected): unknown {
  const text = body.toString("utf8");
  if (!/json/i.test(contentType)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
