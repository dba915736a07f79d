// Verifies a model version: that a trusted signer has signed exactly the files that it has. All files are read; nothing is written.
// Tests: test/tasks/VerifyModel.test.ts
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { wordFor } from "../assets/asset-home.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import { findVersion, noSuchAsset } from "../assets/assets.ts";
import { DEFAULT_DATASTORE, openDatastore } from "../assets/datastores.ts";
import type { FileDigest } from "../assets/model-prover.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { ARTIFACTS } from "../assets/version-places.ts";
import { PROOF_SIGNER, proofOf } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { manifestOf, unsigned } from "./model-manifest.ts";
import { begun, ProofsOfModel, saidList } from "./proof-search.ts";
import { type Bundle, readBundle } from "./signed-envelope.ts";
import { type NamedSigner, readTrust } from "./signer-input.ts";
import type { Trust } from "./signer-trust.ts";
import { digestsAt, placeOf } from "./stored-files.ts";
import {
  bundleIn,
  keyIdIn,
  noProof,
  requireName,
  requireRegistered,
  requireSameFiles,
  verifyProof,
  verifySignature,
} from "./verify-proof.ts";

export interface VerificationRequest {
  readonly name: string;
  readonly version: string;
  readonly signedBy: NamedSigner;
  /** `name:version` that it was signed as; its own where absent. */
  readonly signedAs?: string | undefined;
  /** A signature on the agent, in place of the proof beside the version: the provenance is not looked at then. */
  readonly signatureFile?: string | undefined;
}

export interface VerifiedModel {
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  readonly signedBy: string;
  readonly asset?: string;
  readonly builder?: string;
  readonly invocation?: string;
}

/** Verifies a version where the place says: in its registry, or else its workspace. @throws TaskError as verifyModel */
export const verifyModelIn = (place: AssetStore, request: VerificationRequest): Promise<VerifiedModel> =>
  verifyModel((place.registry ?? place.workspace) as Workspace | Registry, request);

/**
 * Sequential round trips: the version and the list of proofs, the access to both places, a list of the files of both, and these; beside the model's
 * files the signer's key, where it is a vault's.
 * @throws TaskError `notFound`; `failed` for whatever does not verify: another signer, a changed, missing or added file, a proof that is not
 * there or not whole
 */
export async function verifyModel(home: Workspace | Registry, request: VerificationRequest): Promise<VerifiedModel> {
  const { name, version, signedBy, signatureFile, signedAs } = request;
  const { signal } = home;
  const model = `${name}:${version}`;
  if (signatureFile !== undefined && signedAs !== undefined)
    throw new TaskError(
      "input",
      `Input signedAs is ${bounded(signedAs, 200)}, and a signature of signatureFile says no name: it would not be looked at.`,
      { errorCode: "AML1714", hint: "Leave one of signedAs and signatureFile empty." },
    );
  const trustFor = readTrust(home, signedBy);
  const file = signatureFile === undefined ? undefined : readSignature(signatureFile, signedBy.folder);
  const proofs = file === undefined ? new ProofsOfModel(home, name) : undefined;
  // The proof lies in the one, and most models in one of both; another place is asked for where it is named.
  if (!isRegistry(home))
    for (const datastore of [DEFAULT_DATASTORE, ARTIFACTS]) void begun(openDatastore(home, datastore));
  const body = await findVersion(home, "models", name, version);
  if (body === undefined) throw await noSuchAsset(home, "models", name, version);
  // Where it does not verify, the rest of its files is not read.
  const ended = new AbortController();
  const reads = AbortSignal.any([signal, ended.signal]);
  // Each request on its way listens to them.
  setMaxListeners(100, signal, reads);
  const reading = begun(placeOf(home, "models", name, body).then((place) => digestsAt(place, model, reads)));
  try {
    return await verifyRead(home, request, body, { file, proofs, reading, trustFor });
  } finally {
    ended.abort();
  }
}

/** The reads of a verification on their way. */
interface Begun {
  readonly file: Bundle | undefined;
  readonly proofs: ProofsOfModel | undefined;
  readonly reading: Promise<readonly FileDigest[]>;
  readonly trustFor: (keyId: string) => Promise<Trust>;
}

async function verifyRead(
  home: Workspace | Registry,
  { name, version, signedAs }: VerificationRequest,
  body: AssetBody,
  { file, proofs, reading, trustFor }: Begun,
): Promise<VerifiedModel> {
  const model = `${name}:${version}`;
  // The vault is asked beside the proof for the key that the version's tag names; the proof says which one counts.
  const named = body.properties?.tags?.[PROOF_SIGNER];
  const early = named === undefined || proofs === undefined ? undefined : begun(trustFor(named));
  const proof = await proofs?.ofVersion(body, true, async () => manifestOf(model, await reading).list);
  if (file === undefined && proof === undefined) {
    const { name: asset, version: number } = proofOf(name, version, manifestOf(model, await reading).list, true);
    throw noProof(model, `data asset ${asset}:${number}`, `the ${wordFor(home)} ${home.name}`);
  }
  const asset = proof && `${proof.name}:${proof.version}`;
  const bundle = file ?? bundleIn(proof?.files ?? new Map(), model);
  const keyId = keyIdIn(bundle);
  const trust = await (keyId === named && early !== undefined ? early : trustFor(keyId));
  const verified =
    proof === undefined ? verifySignature(bundle, trust, model) : verifyProof(proof.files, bundle, trust, model);
  requireName(verified, signedAs ?? model, model);
  const said = saidList(body);
  if (proof !== undefined && said?.kept) requireRegistered(verified, said.list, model);
  const there = await reading;
  requireSameFiles(verified.manifest, there, model);
  const left = unsigned(verified.manifest, there);
  if (left.length > 0)
    home.log.warn(
      `The signature of ${model} says nothing of ${left.length} of its files: ${left.slice(0, 20).join(", ")}.`,
    );
  const { manifest, builder, invocation } = verified;
  return {
    ...{ name, version, id: body.id ?? "" },
    digest: manifest.digest,
    files: manifest.files.length,
    bytes: there.reduce((sum, { size }) => sum + size, 0),
    signedBy: trust.called,
    ...(asset === undefined ? {} : { asset }),
    ...(builder ? { builder } : {}),
    ...(invocation ? { invocation } : {}),
  };
}

function readSignature(given: string, folder: string) {
  try {
    return readBundle(readFileSync(path.resolve(folder, given), "utf8"), `The file ${given}`);
  } catch (error) {
    if (error instanceof TaskError) throw error;
    const { code = "unknown" } = error as { code?: string };
    throw new TaskError("input", `Input signatureFile names ${given}, which cannot be read (${code}).`, {
      errorCode: "AML1305",
      hint: "Give the path of the signature on the agent, or leave the input empty for the proof beside the version.",
    });
  }
}
