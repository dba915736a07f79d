// Code assets: the folder a job or a scoring script runs from, found by its hash or brought to the workspace.
import { randomUUID } from "node:crypto";
import { Container } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import type { LocalContent } from "./content.ts";
import { warnAboutSize } from "./datastores.ts";
import type { Workspace } from "./workspace.ts";

/** Version of the hash's definition (facts/03 3.1). */
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
 * own and registered (three more round trips, and the files side by side). Once in a run for the same content.
 * @param mayCreate awaited before anything is created, so that a check which fails leaves nothing behind
 */
export async function registerCode(
  workspace: Workspace,
  content: LocalContent,
  mayCreate?: Promise<unknown>,
): Promise<RegisteredCode> {
  const hash = content.codeHash();
  return workspace.once(`code ${hash} ${content.name}`, async () => {
    const { azure, signal } = workspace;
    const name = randomUUID();
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
    await mayCreate;
    warnAboutSize(workspace, content);
    const pending = await azure.request<PendingUpload>("POST", `${at}/1/startPendingUpload`, {
      doing: "start the upload of the code",
      body: { pendingUploadType: "TemporaryBlobReference" },
      promises: (answer) => typeof answer["blobReferenceForConsumption"] === "object",
      // Asks for a place, and makes nothing that anybody sees.
      repeats: true,
      signal,
    });
    const { blobUri, credential } = pending.body?.blobReferenceForConsumption ?? {};
    if (!blobUri || !credential?.sasUri) {
      throw new TaskError("service", "Azure gave no place to upload the code to.");
    }
    const sasToken = new URL(credential.sasUri).search;
    const container = new Container(azure, credential.sasUri, { kind: "sas", sasToken });
    const blobOf = (relative: string) => (content.isFolder ? `${content.name}/${relative}` : content.name);
    const files = content.files.map((one) => ({ file: one.path, blob: blobOf(one.relative), size: one.size }));
    await container.upload(files, {
      overwrite: false,
      metadata: { upload_status: "completed", name, version: "1" },
      signal,
    });
    const put = await azure.request<CodeVersion>("PUT", `${at}/1`, {
      doing: "register the code",
      body: {
        properties: {
          codeUri: `${blobUri.replace(/\/+$/, "")}/${content.name}`,
          isAnonymous: true,
          properties: { hash_sha256: hash, hash_version: HASH_VERSION },
        },
      },
      signal,
    });
    workspace.log.info(
      `Uploaded the code in ${content.shown}: ${content.files.length} ${content.files.length === 1 ? "file" : "files"}.`,
    );
    return { id: put.body?.id ?? `${at}/1`, hash, created: true };
  });
}
