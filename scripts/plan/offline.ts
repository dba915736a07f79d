// An offline resolver for plans: nothing is asked, and everything that would be written is noted in order.

import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { API_VERSION } from "../../lib/azure/client.ts";
import { withoutSecrets } from "../../lib/azure/without-secrets.ts";
import {
  type AssetKind,
  assetWrite,
  CONTENT_HASH_VERSION,
  type Collections,
  contentHash,
  listUploadFiles,
  objectHash,
  type Resolver,
  type TargetWorkspace,
  type Uploaded,
  type Write,
} from "../../lib/documents/index.ts";
import { guid } from "../../lib/documents/language/python-json.ts";

export interface PlanWorld {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
  readonly location: string;
  /** The latest version of every asset; the next one is one more. */
  readonly latest: number;
  readonly root?: string | undefined;
  /** The number of guids that the client had generated before the first code, if known: the recorded world numbers them. */
  readonly guidsBefore?: number | undefined;
}

/** The world that the golden corpus was recorded in. */
export const DEFAULT_WORLD: PlanWorld = {
  subscriptionId: "00000000-0000-0000-0000-000000000001",
  resourceGroup: "rg1",
  workspaceName: "ws1",
  location: "eastus2",
  latest: 7,
};

export interface PlannedWrite {
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly body: object;
}

const ACCOUNT = "https://stor1.blob.core.windows.net";
/** The container of the default datastore; any other has one of its own name. */
const CONTAINER = "azureml-blobstore-11111111-1111-1111-1111-111111111111";

/** A resolver that writes into a list. Code and uploads are named by their hashes, so that the same file gives the same plan. */
export class OfflineResolver implements Resolver {
  readonly writes: PlannedWrite[] = [];
  /** Local data that the plan names and that does not exist. */
  readonly absent = new Set<string>();
  readonly workspace: TargetWorkspace;
  readonly #world: PlanWorld;
  /** Kinds of resources that were asked for so far. */
  readonly #asked = new Set<string>();

  constructor(world: PlanWorld) {
    const { subscriptionId, resourceGroup, workspaceName: name, location } = world;
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${name}`;
    this.workspace = { subscriptionId, resourceGroup, name, location, id };
    this.#world = world;
  }

  /** Notes a write down; its path as a person reads it, which a request has encoded. */
  note(write: Pick<Write, "method" | "path" | "apiVersion" | "body">): string {
    const path = decodeURIComponent(write.path);
    const whole = path.startsWith("/") ? path : `${this.workspace.id}/${path}`;
    this.writes.push({ method: write.method, path: whole, apiVersion: write.apiVersion, body: write.body });
    return whole;
  }

  /** Replaces secrets in all that was noted. Variables are the file's own words. */
  hide(secrets: ReadonlySet<string>): void {
    for (const [index, write] of this.writes.entries())
      this.writes[index] = { ...write, body: withoutSecrets(write.body, secrets) as object };
  }

  /**
   * A name for a job that has none, as the client of the recorded world made them up from a seeded generator: it gave the first
   * while it had asked for one kind of resource at most, the second after that, and always for pipelines.
   */
  madeUpName(isPipeline: boolean): string {
    return isPipeline || this.#asked.size > 1 ? "bright_garlic_f2spjt6qx2" : "sad_boniato_ktrz3db4r2";
  }

  get root(): string | undefined {
    return this.#world.root;
  }

  async code(source: string, isMade = false): Promise<string> {
    this.#asked.add("codes");
    const hash = contentHash(source, { root: isMade ? source : this.#world.root });
    const name = this.#codeName(hash);
    const codeUri = `${ACCOUNT}/${name}/${path.basename(source)}`;
    const properties = { hash_sha256: hash, hash_version: CONTENT_HASH_VERSION };
    return this.note({
      method: "PUT",
      path: `codes/${name}/versions/1`,
      apiVersion: API_VERSION,
      body: { properties: { codeUri, isAnonymous: true, properties } },
    });
  }

  /**
   * Code has a guid of its client's making. The recorded world's client made them by counting, and they went into the hash of the
   * components that it registered; elsewhere the content's hash gives a name that stays the same.
   */
  #codeName(hash: string): string {
    const before = this.#world.guidsBefore;
    return before === undefined ? guid(hash) : `abcdef00-0000-4000-8000-${(before + 1).toString(16).padStart(12, "0")}`;
  }

  async upload(source: string, datastore = "workspaceblobstore"): Promise<Uploaded> {
    this.#asked.add("datastores");
    // Data that is not there yet is planned as though it were: its hash is all that will differ.
    const isAbsent = !existsSync(source);
    if (isAbsent) this.absent.add(source);
    else listUploadFiles(source, { root: this.#world.root });
    const isFolder = isAbsent ? path.extname(source) === "" : statSync(source).isDirectory();
    const hash = isAbsent ? "0".repeat(64) : objectHash(source, { root: this.#world.root });
    const below = `LocalUpload/${hash}/${path.basename(source)}${isFolder ? "/" : ""}`;
    const { subscriptionId, resourceGroup, workspaceName } = this.#world;
    const scope = `subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/workspaces/${workspaceName}`;
    return {
      uri: `azureml://datastores/${datastore}/paths/${below}`,
      longUri: `azureml://${scope}/datastores/${datastore}/paths/${below}`,
      httpsUri: `${ACCOUNT}/${datastore === "workspaceblobstore" ? CONTAINER : datastore}/${below}`,
      hash,
      isFolder,
    };
  }

  async put(kind: AssetKind, name: string, version: string, body: object): Promise<string> {
    this.#asked.add(kind);
    return this.note(assetWrite(kind, name, version, body));
  }

  /** Every deployment of the recorded world collects what it is asked and answers. */
  async collections(): Promise<Collections> {
    const collection = (name: string) => ({
      id: `${this.workspace.id}/data/ep-main-${name}/versions/1`,
      type: "uri_folder",
      isEnabled: true,
    });
    return { model_inputs: collection("model_inputs"), model_outputs: collection("model_outputs") };
  }

  async version(kind: AssetKind, _name: string, _label: string): Promise<string> {
    this.#asked.add(kind);
    return String(this.#world.latest);
  }

  async nextVersion(_kind: AssetKind, _name: string): Promise<string> {
    return String(this.#world.latest + 1);
  }
}
