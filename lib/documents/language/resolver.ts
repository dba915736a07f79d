// The resolver interface: the few things that only the cloud knows. lib/ml/assets/resolve answers from Azure; `npm run plan` answers from a
// stub, so that a translation can be seen without a network.
// Tests: test/lib/documents/language/hash.test.ts
import type { UploadRoot } from "./upload-folders.ts";

/** The target of the document. `id` is the workspace's ARM id, without a trailing slash. */
export interface TargetWorkspace {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly id: string;
  readonly location: string;
  /** The end of the cloud's storage addresses; "core.windows.net" where it is not given. */
  readonly storageSuffix?: string;
  /** The cloud's Microsoft Entra, without a slash at the end; that of the public cloud where it is not given. */
  readonly authority?: string;
}

/** Kinds of versioned assets that a document can refer to or create on the way. */
export type AssetKind = "environments" | "models" | "components" | "data";

/** A local file or folder that now lies in a datastore. */
export interface Uploaded {
  /** azureml://datastores/<d>/paths/LocalUpload/<hash>/<name>[/] */
  readonly uri: string;
  /** azureml://subscriptions/.../datastores/<d>/paths/LocalUpload/<hash>/<name>[/] */
  readonly longUri: string;
  /** https://<account>.blob.<suffix>/<container>/LocalUpload/<hash>/<name>[/] */
  readonly httpsUri: string;
  /** The content hash that names the upload folder. */
  readonly hash: string;
  readonly isFolder: boolean;
}

/** A data asset that a deployment's data collector fills. */
interface Collection {
  /** The ARM id of the data asset's version. */
  readonly id: string;
  /** The asset's type: "uri_folder", "mltable". */
  readonly type: string;
  readonly isEnabled: boolean;
}
/** The collections of a deployment by their names: "model_inputs", "model_outputs", "app_traces". */
export type Collections = Readonly<Record<string, Collection>>;

export interface Resolver {
  readonly workspace: TargetWorkspace;
  /** The folders whose files may be uploaded; any where absent. */
  readonly root?: UploadRoot | undefined;
  /** The number of steps of a pipeline that are translated in parallel; default: one after the other, in order. */
  readonly lanes?: number;
  /**
   * Registers a local folder or file as anonymous code (docs/facts/azureml-documents.md#3.1); returns the ARM id of the code version.
   * @param isMade a translation put the folder together itself, of files that may be uploaded
   */
  code(path: string, isMade?: boolean): Promise<string>;
  /** Brings a local file or folder to a datastore (docs/facts/azureml-documents.md#3.2). `uri` is the short form. */
  upload(path: string, datastore?: string): Promise<Uploaded>;
  /** Creates an anonymous (or named) asset version by PUT and returns the id that the service answers. */
  put(kind: AssetKind, name: string, version: string, body: object): Promise<string>;
  /** Turns a label such as "latest" into a version (docs/facts/azureml-documents.md#2.3). */
  version(kind: AssetKind, name: string, label: string): Promise<string>;
  /** The next version of a container ("1" when there is none). */
  nextVersion(kind: AssetKind, name: string): Promise<string>;
  /** The data that an online deployment collects (GET of the deployment, then of each data asset): monitors without data of their own need it. */
  collections?(endpoint: string, deployment: string): Promise<Collections>;
}
