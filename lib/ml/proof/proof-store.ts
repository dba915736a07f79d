// The proof of a model version beside it: a data asset with the model's name and `-proof`, under the version of the model, in its workspace or
// registry. It holds the signature, the bill of materials and the provenance statement.
// Tests: test/tasks/model-proof.test.ts
import { createHash } from "node:crypto";
import { type FileToUpload, longDatastoreUri, parseArmId } from "../../azure/index.ts";
import { assetWrite } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { putNewVersion } from "../assets/asset-writes.ts";
import { findVersion } from "../assets/assets.ts";
import { DEFAULT_DATASTORE, openDatastore } from "../assets/datastores.ts";
import { isRegistry, openUpload, type Registry } from "../assets/registry.ts";
import { bringContent } from "../assets/stored-content.ts";
import { proofOf } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { LONGEST_ENVELOPE } from "./signed-envelope.ts";
import { contentsAt, placeOf } from "./stored-files.ts";

export const SIGNATURE_FILE = "model.sig";
export const BILL_FILE = "bom.cdx.json";
/** One envelope; the file's name is the convention of in-toto. */
export const SIGNED_PROVENANCE_FILE = "provenance.intoto.jsonl";
export const PROVENANCE_FILE = "provenance.json";
/** What else lies there is not read: others may write to storage. */
const OWN = [SIGNATURE_FILE, BILL_FILE, SIGNED_PROVENANCE_FILE, PROVENANCE_FILE];

/** A proof as it is stored: its files by their names. */
export interface StoredProof {
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** The proof that is there; undefined where there is none. Up to four round trips. */
export async function findProof(
  home: Workspace | Registry,
  model: string,
  version: string,
  isSigned: boolean,
): Promise<StoredProof | undefined> {
  const at = proofOf(model, version, isSigned);
  const there = await findVersion(home, "data", at.name, at.version);
  return there === undefined ? undefined : readProof(home, at, there);
}

async function readProof(
  home: Workspace | Registry,
  { name, version }: { name: string; version: string },
  there: AssetBody,
): Promise<StoredProof> {
  const place = await placeOf(home, "data", name, there);
  const files = await contentsAt(place, `the proof ${name}:${version}`, OWN, LONGEST_ENVELOPE, home.signal);
  return { name, version, id: there.id ?? "", files };
}

/**
 * Stores a proof: its files under the name of their content, and the version that points at them. Where another run stored one at the same
 * time, that one is read.
 */
export async function storeProof(
  home: Workspace | Registry,
  model: string,
  version: string,
  isSigned: boolean,
  files: ReadonlyMap<string, Buffer>,
  tags: Readonly<Record<string, string>>,
): Promise<{ readonly proof: StoredProof; readonly created: boolean }> {
  const at = proofOf(model, version, isSigned);
  const uri = await upload(home, at, files);
  const properties = {
    dataType: "uri_folder",
    dataUri: uri,
    description: `Bill of materials, provenance${isSigned ? " and signature" : ""} of the model ${model}:${version}`,
    tags,
    properties: {},
    isAnonymous: false,
    isArchived: false,
  };
  try {
    const write = assetWrite("data", at.name, at.version, { properties });
    const { body, created } = await putNewVersion(home, "data", write);
    if (created) return { proof: { ...at, id: body.id, files }, created };
  } catch (error) {
    if (!(error instanceof TaskError) || (error.status !== 400 && error.status !== 409)) throw error;
    const other = await findProof(home, model, version, isSigned);
    if (other === undefined) throw error;
    return { proof: other, created: false };
  }
  const other = await findProof(home, model, version, isSigned);
  return { proof: other ?? { ...at, id: "", files }, created: false };
}

async function upload(
  home: Workspace | Registry,
  { name, version }: { name: string; version: string },
  files: ReadonlyMap<string, Buffer>,
): Promise<string> {
  const { signal } = home;
  const whole = createHash("sha256");
  for (const [file, content] of files) whole.update(`${file}\n${content.length}\n`).update(content);
  const folder = `LocalUpload/${whole.digest("hex")}/proof`;
  const container = isRegistry(home)
    ? await openUpload(home, "data", name, version)
    : (await openDatastore(home)).container;
  const pieces = [...files].map(([file, content]): FileToUpload => {
    const md5 = createHash("md5").update(content).digest("base64");
    const read = async (offset: number, count: number) => content.subarray(offset, offset + count);
    return { file, blob: `${folder}/${file}`, size: content.length, digests: { md5 }, remote: { md5, read } };
  });
  await bringContent(container, folder, pieces, { metadata: { upload_status: "completed" }, signal });
  if (isRegistry(home)) return `${container.url}/${folder}/`;
  const id = parseArmId(home.id);
  if (id === undefined)
    throw new TaskError("service", `Azure reports no id for the workspace ${home.name}.`, { errorCode: "AML1111" });
  return longDatastoreUri(id, { datastore: DEFAULT_DATASTORE, path: `${folder}/` });
}
