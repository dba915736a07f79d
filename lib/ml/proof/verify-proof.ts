// Holds a proof against a model: who signed, that the files are those that were signed, and that provenance and bill of materials belong to them.
// Tests: test/tasks/VerifyModel.test.ts
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { sha256 } from "../../sha256.ts";
import type { FileDigest } from "../assets/model-prover.ts";
import { differences, type Manifest, manifestIn } from "./model-manifest.ts";
import { BILL_FILE, SIGNATURE_FILE, SIGNED_PROVENANCE_FILE } from "./proof-store.ts";
import { readProvenance } from "./provenance-statement.ts";
import { type Bundle, isSignedBy, readBundle, readEnvelope, statementIn } from "./signed-envelope.ts";
import { requireSigner, type Trust } from "./signer-trust.ts";

/** Differences that an error names. */
const SHOWN = 10;

/** A signature whose signer was verified. */
export interface VerifiedSignature {
  readonly manifest: Manifest;
  /** `name:version` that the proof is of; a signature alone says nothing of it. */
  readonly signedAs?: string | undefined;
  /** Page of the definition that says it built the model, and its run; of a signature without provenance they are not known. */
  readonly builder?: string | undefined;
  readonly invocation?: string | undefined;
}

/** The key id that a signature names, which is a hint only. */
export const keyIdIn = ({ dsseEnvelope }: Bundle): string => {
  const id: unknown = dsseEnvelope.signatures[0]?.keyid;
  return typeof id === "string" ? id : "";
};

/** @throws TaskError `failed` */
export function verifySignature(bundle: Bundle, trust: Trust, model: string): VerifiedSignature {
  requireSigner(bundle, trust, model);
  return { manifest: manifestIn(statementIn(bundle.dsseEnvelope, `The signature of ${model}`)) };
}

/**
 * Verifies all files of a proof but the model's own: one signer for the signature and the provenance, which names the model's digest and
 * that of the bill of materials.
 * @throws TaskError `failed`
 */
export function verifyProof(
  files: ReadonlyMap<string, Buffer>,
  bundle: Bundle,
  trust: Trust,
  model: string,
): VerifiedSignature {
  const key = requireSigner(bundle, trust, model);
  const manifest = manifestIn(statementIn(bundle.dsseEnvelope, `The signature of ${model}`));
  const envelope = readEnvelope(textOf(files, SIGNED_PROVENANCE_FILE, model), `The provenance of ${model}`);
  if (!isSignedBy(envelope, key)) throw wrong(model, "its provenance statement was not signed by the same signer");
  const provenance = readProvenance(statementIn(envelope, `The provenance of ${model}`));
  if (provenance?.digest !== manifest.digest) throw wrong(model, "its provenance statement is about other files");
  const bill = textOf(files, BILL_FILE, model);
  const stated = provenance.bills.find(({ name }) => name === BILL_FILE)?.digest?.sha256;
  if (stated !== sha256(bill))
    throw wrong(model, "its bill of materials is not the one that its provenance vouches for");
  return { manifest, signedAs: provenance.name, builder: provenance.builder, invocation: provenance.invocation };
}

/**
 * A proof of another version, with that one's files, must not pass for this one's.
 * @param expected `name:version`
 * @throws TaskError `failed`
 */
export function requireName(verified: VerifiedSignature, expected: string, model: string): void {
  if (verified.signedAs === undefined || verified.signedAs === expected) return;
  throw new TaskError(
    "failed",
    `The proof of ${model} is that of ${JSON.stringify(bounded(verified.signedAs, 200))}, and not of ${expected}.`,
    {
      errorCode: "AML1713",
      hint: "Where PromoteModel gave it another name or version, set the input signedAs of VerifyModel to the one that it was signed as. Otherwise somebody put the files and the proof of another version there.",
    },
  );
}

/**
 * The files that a version was registered with stay with it: the proof of others, that the same signer made for the same number, must not pass for its own.
 * @param list the version's own property
 * @throws TaskError `failed`
 */
export function requireRegistered({ manifest }: VerifiedSignature, list: string, model: string): void {
  if (manifest.list !== list) throw wrong(model, "it is of other files than the version was registered with");
}

/** @throws TaskError `failed` that names the files */
export function requireSameFiles(manifest: Manifest, there: readonly FileDigest[], model: string): void {
  const found = differences(manifest, there);
  if (found.length === 0) return;
  const more = found.length > SHOWN ? `; and ${found.length - SHOWN} more` : "";
  throw new TaskError(
    "failed",
    `The files of ${model} are not those that were signed: ${found.slice(0, SHOWN).join("; ")}${more}.`,
    {
      errorCode: "AML1713",
      hint: "Do not deploy it. See who can write to that storage, and register and sign the model again from its job.",
    },
  );
}

/** @throws TaskError `failed` where the proof has no signature */
export const bundleIn = (files: ReadonlyMap<string, Buffer>, model: string): Bundle =>
  readBundle(textOf(files, SIGNATURE_FILE, model), `The signature of ${model}`);

function textOf(files: ReadonlyMap<string, Buffer>, name: string, model: string): string {
  const content = files.get(name);
  if (content === undefined) throw wrong(model, `the file ${name} is missing from it`);
  return content.toString("utf8");
}

const wrong = (model: string, why: string) =>
  new TaskError("failed", `The proof of ${model} does not hold: ${why}.`, {
    errorCode: "AML1713",
    hint: "Somebody changed the proof after it was made: see who can write to that storage, and register and sign the model again.",
  });

/** For a model without a proof. */
export const noProof = (model: string, asset: string, home: string) =>
  new TaskError("failed", `${model} has no signature: there is no ${asset} in ${home}.`, {
    errorCode: "AML1713",
    hint: "Register it with the input signWith of RegisterModel, which signs a version that is there already too; promote it with PromoteModel, which takes its proof along.",
  });
