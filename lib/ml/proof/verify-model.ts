// Verifies a model version: that a trusted signer has signed exactly the files that it has. All files are read; nothing is written.
// Tests: test/tasks/VerifyModel.test.ts
import { readFileSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { wordFor } from "../assets/asset-home.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import { findVersion, noSuchAsset } from "../assets/assets.ts";
import type { Registry } from "../assets/registry.ts";
import { proofOf } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { unsigned } from "./model-manifest.ts";
import { findProof } from "./proof-store.ts";
import { readBundle } from "./signed-envelope.ts";
import { type NamedSigner, readTrust } from "./signer-input.ts";
import { digestsAt, placeOf } from "./stored-files.ts";
import {
  bundleIn,
  keyIdIn,
  noProof,
  requireName,
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
 * Sequential round trips: the version and its proof side by side (four), the signer's key where it is a vault's, and the model's files.
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
  const [body, proof] = await Promise.all([
    findVersion(home, "models", name, version),
    file === undefined ? findProof(home, name, version, true) : undefined,
  ]);
  if (body === undefined) throw await noSuchAsset(home, "models", name, version);
  const at = proofOf(name, version, true);
  const asset = `${at.name}:${at.version}`;
  if (file === undefined && proof === undefined)
    throw noProof(model, `data asset ${asset}`, `the ${wordFor(home)} ${home.name}`);
  const bundle = file ?? bundleIn(proof?.files ?? new Map(), model);
  const trust = await trustFor(keyIdIn(bundle));
  const verified =
    proof === undefined ? verifySignature(bundle, trust, model) : verifyProof(proof.files, bundle, trust, model);
  requireName(verified, signedAs ?? model, model);
  const there = await digestsAt(await placeOf(home, "models", name, body), model, signal);
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
    ...(proof === undefined ? {} : { asset }),
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
