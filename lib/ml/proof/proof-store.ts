// The proof of a model version beside it: a data asset with the model's name and `-proof`, whose version names the model's version and the digest of
// its files, in its workspace or registry. It holds the signature, the bill of materials and the provenance statement.
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
import { requireOwn } from "../assets/version-places.ts";
import type { ProofAddress } from "../workspace/lineage.ts";
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

/** The files of a proof that is there. Up to three round trips, and two where its place was opened before. */
export async function readProof(
  home: Workspace | Registry,
  { name, version }: ProofAddress,
  there: AssetBody,
): Promise<StoredProof> {
  const place = await placeOf(home, "data", name, there);
  const files = await contentsAt(place, `the proof ${name}:${version}`, OWN, LONGEST_ENVELOPE, home.signal);
  return { name, version, id: there.id ?? "", files };
}

/**
 * The version that points at a proof's files. One round trip; in a registry three.
 * @param model `name:version`
 * @param at the proof's address
 * @param files those of the proof, and `uri` where they are, or where they are being brought
 * @returns the proof that is there: where another run stored one of the same content, before or at the same time, that one
 */
export async function putProof(
  home: Workspace | Registry,
  model: string,
  at: ProofAddress,
  files: ReadonlyMap<string, Buffer>,
  uri: Promise<string>,
  tags: Readonly<Record<string, string>>,
): Promise<{ readonly proof: StoredProof; readonly created: boolean }> {
  const own: StoredProof = { ...at, id: "", files };
  const isSigned = files.has(SIGNATURE_FILE);
  const properties = {
    dataType: "uri_folder",
    description: `Bill of materials, provenance${isSigned ? " and signature" : ""} of the model ${model}`,
    tags,
    properties: {},
    isAnonymous: false,
    isArchived: false,
  };
  const other = async () => {
    const there = await findVersion(home, "data", own.name, own.version);
    return there && { proof: await readProof(home, own, there), created: false };
  };
  try {
    // A registry refuses a place for the files of a version that it has.
    const dataUri = await uri;
    const write = assetWrite("data", at.name, at.version, { properties: { ...properties, dataUri } });
    const { body, created } = await putNewVersion(home, "data", write);
    if (isRegistry(home)) requireOwn(`the proof ${at.name}:${at.version}`, body, dataUri);
    if (created) return { proof: { ...own, id: body.id }, created };
  } catch (error) {
    if (!(error instanceof TaskError) || (error.status !== 400 && error.status !== 409)) throw error;
    const found = await other();
    if (found === undefined) throw error;
    return found;
  }
  return (await other()) ?? { proof: own, created: false };
}

/**
 * Brings a proof's files to a place of their own, side by side: one round trip once the place is open, which it is while they are signed. Nothing points at them yet. Nobody knows
 * their folder before: it is named by the content, with its time and its signatures.
 * @returns the address of the folder
 */
export async function bringProof(
  home: Workspace | Registry,
  { name, version }: ProofAddress,
  contents: Promise<ReadonlyMap<string, Buffer>>,
): Promise<string> {
  const { signal } = home;
  const [files, container] = await Promise.all([
    contents,
    isRegistry(home) ? openUpload(home, "data", name, version) : openDatastore(home).then((one) => one.container),
  ]);
  const whole = createHash("sha256");
  for (const [file, content] of files) whole.update(`${file}\n${content.length}\n`).update(content);
  const folder = `LocalUpload/${whole.digest("hex")}/proof`;
  const pieces = [...files].map(([file, content]): FileToUpload => {
    const md5 = createHash("md5").update(content).digest("base64");
    const read = async (offset: number, count: number) => content.subarray(offset, offset + count);
    return { file, blob: `${folder}/${file}`, size: content.length, digests: { md5 }, remote: { md5, read } };
  });
  await container.upload(pieces, { overwrite: false, signal });
  if (isRegistry(home)) return `${container.url}/${folder}/`;
  const id = parseArmId(home.id);
  if (id === undefined)
    throw new TaskError("service", `Azure reports no id for the workspace ${home.name}.`, { errorCode: "AML1111" });
  return longDatastoreUri(id, { datastore: DEFAULT_DATASTORE, path: `${folder}/` });
}
