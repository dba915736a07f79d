// Datastores: where a workspace keeps files, and bringing local ones there under the name of their content.
// Tests: test/lib/ml/assets/stored-content.test.ts
import {
  type BlobAccess,
  type Container,
  datastoreUri,
  longDatastoreUri,
  openContainer,
  parseArmId,
  type RenewSignature,
  segment,
} from "../../azure/index.ts";
import type { Uploaded } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
import type { OpeningWorkspace, Workspace } from "../workspace/workspace.ts";
import { LARGE, type LocalContent } from "./local-content.ts";
import { bringContent } from "./stored-content.ts";

/** The datastore that every workspace has for uploads (docs/facts/azureml-documents.md#3.5). */
export const DEFAULT_DATASTORE = "workspaceblobstore";

export interface Datastore {
  readonly name: string;
  readonly container: Container;
}

interface DatastoreBody {
  name?: string;
  properties?: {
    datastoreType?: string;
    accountName?: string;
    containerName?: string;
    filesystem?: string;
    endpoint?: string | null;
    protocol?: string | null;
    credentials?: { credentialsType?: string };
  };
}
interface Secrets {
  secretsType?: string;
  key?: string;
  sasToken?: string;
}

/**
 * Opens a datastore for reading and writing blobs: two requests side by side, once in a run.
 * @throws TaskError `notFound` that names those there are; `input` where it is no blob container
 */
export function openDatastore(workspace: OpeningWorkspace, name: string = DEFAULT_DATASTORE): Promise<Datastore> {
  return workspace.once(`datastore ${name}`, async () => {
    const { azure, signal } = workspace;
    const at = `${workspace.id}/datastores/${segment(name, "the name of the datastore")}`;
    const askSecrets = () =>
      azure.request<Secrets>("POST", `${at}/listSecrets`, {
        doing: `get access to the datastore ${name}`,
        body: { expirableSecret: true, expireAfterHours: 1 },
        promises: (answer) => typeof answer["secretsType"] === "string",
        repeats: true,
        expect: [400, 403, 404, 405],
        signal,
      });
    const [body, secrets] = await Promise.all([
      azure
        .request<DatastoreBody>("GET", at, { doing: `read the datastore ${name}`, promises: "resource", signal })
        .catch(async (error) => {
          throw await sayNotFound(workspace, name, error);
        }),
      // A datastore without credentials answers 4xx or None: Entra's token is then the way in (docs/facts/azureml-documents.md#3.2).
      askSecrets(),
    ]);
    const properties = body.body?.properties ?? {};
    const containerName = properties.containerName ?? properties.filesystem;
    if (!properties.accountName || !containerName) {
      throw new TaskError(
        "input",
        properties.datastoreType
          ? `The datastore ${name} is of type ${properties.datastoreType}, to which files cannot be brought.`
          : `Azure does not say where the files of the datastore ${name} lie.`,
        { errorCode: "AML1709", hint: "Use a datastore of type Azure Blob or Azure Data Lake Storage Gen2." },
      );
    }
    const suffix = properties.endpoint || azure.cloud.storageSuffix;
    const url = `${properties.protocol || "https"}://${properties.accountName}.blob.${suffix}/${containerName}`;
    if (!URL.canParse(url)) {
      throw new TaskError("input", `The datastore ${name} names no address that files could be brought to.`, {
        errorCode: "AML1709",
        hint: "Correct its account and its endpoint.",
      });
    }
    // Its signature lives an hour, and the run may bring and fetch files for longer.
    const renew = async () => (await askSecrets()).body?.sasToken || undefined;
    const access = accessOf(properties.accountName, secrets.body, renew);
    return { name, container: await openContainer(azure, url, access) };
  });
}

/** Those that every workspace has, and one that Azure ML keeps for itself. */
const ALWAYS = new Set([DEFAULT_DATASTORE, "workspaceartifactstore", "workspacemanageddatastore"]);

/**
 * Makes sure that a datastore exists. One round trip, another where it does not; none for those that every workspace has.
 * @throws TaskError `notFound` that names the datastores there are
 */
export async function requireDatastore(workspace: Workspace, name: string): Promise<void> {
  if (ALWAYS.has(name)) return;
  const { azure, signal } = workspace;
  const at = `${workspace.id}/datastores/${segment(name, "the name of the datastore")}`;
  await workspace.once(`datastore ${name} is there`, () =>
    azure
      .request<DatastoreBody>("GET", at, { doing: `read the datastore ${name}`, promises: "resource", signal })
      .catch(async (error) => {
        throw await sayNotFound(workspace, name, error);
      }),
  );
}

function accessOf(account: string, secrets: Secrets | undefined, renew: RenewSignature): BlobAccess {
  if (secrets?.secretsType === "Sas" && secrets.sasToken) return { kind: "sas", sasToken: secrets.sasToken, renew };
  if (secrets?.secretsType === "AccountKey" && secrets.key) return { kind: "key", account, key: secrets.key };
  // The workspace itself names this account; the guard of storage keeps the token to it.
  return { kind: "entra", account };
}

/** The storage accounts that the workspace itself names, by its datastores. One round trip, once in a run. */
export function namedAccounts(workspace: Workspace): Promise<ReadonlySet<string>> {
  return workspace.once("storage accounts", async () => {
    const accounts = new Set<string>();
    const { azure, id, name, signal } = workspace;
    for await (const { properties } of azure.list<DatastoreBody>(`${id}/datastores`, {
      doing: `list the datastores of ${name}`,
      signal,
    })) {
      if (properties?.accountName) accounts.add(properties.accountName.toLowerCase());
    }
    return accounts;
  });
}

/**
 * Brings local content to a datastore, unless it is there already: its path is the hash of its content, and what lies there is
 * compared with it, since anybody may have put it there. Metadata on the first file tells Azure's clients that the upload was
 * whole (docs/facts/azureml-documents.md#3.2). Three round trips, and the files that are lacking side by side. The same content is looked at once in a run.
 */
export async function uploadContent(
  workspace: Workspace,
  content: LocalContent,
  datastore?: string,
): Promise<Uploaded> {
  const hash = await content.objectHash();
  const store = datastore ?? DEFAULT_DATASTORE;
  return workspace.once(`upload ${store} ${hash} ${content.name}`, async () => {
    const { container } = await openDatastore(workspace, store);
    const folder = `LocalUpload/${hash}/${content.name}`;
    const brought = await bringContent(container, folder, content.toUpload(folder), {
      metadata: { upload_status: "completed" },
      signal: workspace.signal,
      onUpload: () => warnAboutSize(workspace, content),
    });
    if (brought.length === 0) workspace.log.debug(`${content.shown} is in ${store} already, as ${folder}.`);
    else {
      const size = sizeOf(brought.reduce((sum, file) => sum + file.size, 0));
      workspace.log.info(
        `Uploaded ${brought.length} ${brought.length === 1 ? "file" : "files"} (${size}) of ${content.shown}.`,
      );
    }
    const place = { datastore: store, path: content.isFolder ? `${folder}/` : folder };
    const id = parseArmId(workspace.id);
    return {
      uri: datastoreUri(place),
      longUri: id ? longDatastoreUri(id, place) : datastoreUri(place),
      httpsUri: `${container.url}/${place.path}`,
      hash,
      isFolder: content.isFolder,
    };
  });
}

export function warnAboutSize(workspace: Workspace, content: LocalContent): void {
  if (content.size <= LARGE) return;
  workspace.log.warn(
    `${content.shown} holds ${sizeOf(content.size)}. Name what is not needed in .amlignore, or keep it in a datastore.`,
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

async function sayNotFound(workspace: OpeningWorkspace, name: string, error: unknown): Promise<unknown> {
  if (!(error instanceof TaskError) || error.status !== 404) return error;
  const names: string[] = [];
  for await (const one of workspace.azure.list<DatastoreBody>(`${workspace.id}/datastores`, {
    signal: workspace.signal,
  })) {
    if (one.name) names.push(one.name);
  }
  return new TaskError(
    "notFound",
    `The workspace ${workspace.name} has no datastore "${name}"; ${whatItHas(name, names)}`,
    {
      errorCode: "AML1210",
      status: 404,
      hint: "Write the name of one of them, as `azureml://datastores/<name>/paths/<path>` or `datastore: azureml:<name>`.",
    },
  );
}
