// Code assets: the folder a job or a scoring script runs from, found by its hash or brought to the workspace.
// Tests: test/lib/ml/assets/stored-content.test.ts
import { randomUUID } from "node:crypto";
import { API_VERSION, openContainer, signatureFor } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { write } from "../workspace/write.ts";
import { warnAboutSize } from "./datastores.ts";
import type { LocalContent } from "./local-content.ts";
import { bringContent } from "./stored-content.ts";

/** Version of the hash's definition (docs/facts/azureml-documents.md#3.1). */
const HASH_VERSION = "202208";

export interface RegisteredCode {
  /** ARM id of the code version. */
  readonly id: string;
  readonly hash: string;
  readonly created: boolean;
}

interface CodeVersion {
  id?: string;
}
interface PendingUpload {
  blobReferenceForConsumption?: { blobUri?: string; credential?: { sasUri?: string } };
}

/**
 * The code version that holds this content: found by its hash (one round trip), or uploaded into a container of its
 * own and registered (four more round trips, and the files side by side). Once in a run for the same content.
 *
 * The name of what is registered follows from the content, and so does the id of the upload: a run that was ended before it
 * registered the code leaves a container that the next run is given again. That the service gives the same container for the same
 * name and id was inferred from recorded container names; it is not verified against live Azure.
 * @param mayCreate awaited before anything is created, so that a check which fails leaves nothing behind
 */
export async function registerCode(
  workspace: Workspace,
  content: LocalContent,
  mayCreate?: Promise<unknown>,
): Promise<RegisteredCode> {
  const hash = await content.codeHash();
  return registerContent(workspace, content, hash, async () => {
    await mayCreate;
    warnAboutSize(workspace, content);
  });
}

/** The part of a content that its registration as code needs. */
type CodeContent = Pick<LocalContent, "name" | "shown" | "toUpload"> & { readonly files: readonly unknown[] };

/**
 * The same for content whose hash is known, such as code of another workspace.
 * @param before awaited before anything is created
 */
export function registerContent(
  workspace: Workspace,
  content: CodeContent,
  hash: string,
  before: () => Promise<void> = async () => {},
): Promise<RegisteredCode> {
  return workspace.once(`code ${hash} ${content.name}`, async () => {
    const { azure, signal } = workspace;
    const name = guidOf(`${workspace.id.toLowerCase()}/codes/${hash}/${content.name}`);
    const at = `${workspace.id}/codes/${name}/versions`;
    const found = await azure.request<{ value?: CodeVersion[] }>("GET", at, {
      doing: "look for the code by its hash",
      query: { hash, hashVersion: HASH_VERSION },
      promises: "list",
      signal,
    });
    const known = found.body?.value?.[0]?.id;
    if (known) {
      workspace.log.debug(`The code in ${content.shown} is in the workspace already.`);
      return { id: known, hash, created: false };
    }
    await before();
    const registered = await bring(workspace, content, hash, name).catch((error: unknown) => {
      // The name can be computed by anybody and is taken: the code gets a random name.
      if (!(error instanceof TaskError) || error.kind !== "conflict") throw error;
      workspace.log.debug(`The name ${name} cannot be used: ${error.message}`);
      return bring(workspace, content, hash, randomUUID());
    });
    const count = content.files.length;
    workspace.log.info(`Uploaded the code in ${content.shown}: ${count} ${count === 1 ? "file" : "files"}.`);
    return registered;
  });
}

/** Uploads the content to the container of this code, and registers it. */
async function bring(workspace: Workspace, content: CodeContent, hash: string, name: string): Promise<RegisteredCode> {
  const { azure, signal } = workspace;
  const at = `${workspace.id}/codes/${name}/versions/1`;
  const ask = () =>
    azure.request<PendingUpload>("POST", `${at}/startPendingUpload`, {
      doing: "start the upload of the code",
      body: { pendingUploadType: "TemporaryBlobReference", pendingUploadId: name },
      promises: (answer) => typeof answer["blobReferenceForConsumption"] === "object",
      // Safe to repeat: it reserves a place and makes no resource.
      repeats: true,
      signal,
    });
  const pending = await ask();
  const { blobUri, credential } = pending.body?.blobReferenceForConsumption ?? {};
  if (!blobUri || !credential?.sasUri || !URL.canParse(credential.sasUri)) {
    throw new TaskError("service", "Azure gave no place to upload the code to.", { errorCode: "AML1111" });
  }
  const sasToken = new URL(credential.sasUri).search;
  const given = credential.sasUri;
  const renew = async () => {
    const again = (await ask()).body?.blobReferenceForConsumption?.credential?.sasUri;
    return signatureFor(given, again);
  };
  const container = await openContainer(azure, given, { kind: "sas", sasToken, renew });
  await bringContent(container, content.name, content.toUpload(content.name), {
    metadata: { upload_status: "completed", name, version: "1" },
    signal,
  });
  const codeUri = `${blobUri.replace(/\/+$/, "")}/${content.name}`;
  const properties = { codeUri, isAnonymous: true, properties: { hash_sha256: hash, hash_version: HASH_VERSION } };
  const { id } = await write<CodeVersion>(
    workspace,
    { method: "PUT", path: `codes/${name}/versions/1`, apiVersion: API_VERSION, body: { properties } },
    { doing: "register the code", what: "the code to be registered" },
  );
  return { id, hash, created: true };
}

/** A guid that follows from the text, in the form of version 8 (RFC 9562): made by hashing, in a way of our own. */
function guidOf(text: string): string {
  const hex = sha256(text);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
