// DSSE envelopes and the Sigstore bundle around one: what is signed, and how the signature is written (docs/facts/evidence.md#G.7).
// Tests: test/lib/ml/proof/signed-envelope.test.ts
import { createHash, type KeyObject, verify } from "node:crypto";
import { TaskError } from "../../errors.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** The most that an envelope or a bundle weighs, in bytes: what others wrote is not read beyond it. */
export const LONGEST_ENVELOPE = 64 * 1024 * 1024;

/** Signs bytes, wherever the private key is. */
export interface Signer {
  /** For people: the id of a key of a vault, or the file's name. */
  readonly called: string;
  /** Id of a key or a certificate of a vault, with its version; empty where the key is no vault's. A hint for who verifies. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** In DER, the signer's first; empty: it signs with a bare key. */
  readonly certificates: readonly Buffer[];
  /** @returns the signature of ECDSA in DER, over the curve's own hash */
  sign(bytes: Buffer): Promise<Buffer>;
}

export interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string; readonly keyid?: string }[];
}

/** A Sigstore bundle without a transparency log, as model_signing writes it for keys and certificates. */
export interface Bundle {
  readonly mediaType: string;
  readonly verificationMaterial: {
    readonly publicKey?: { readonly hint: string };
    readonly x509CertificateChain?: { readonly certificates: readonly { readonly rawBytes: string }[] };
    readonly tlogEntries: readonly [];
  };
  readonly dsseEnvelope: Envelope;
}

const HASHES: Readonly<Record<string, string>> = { prime256v1: "sha256", secp384r1: "sha384", secp521r1: "sha512" };

/** The hash that belongs to a key's curve; undefined for keys that the format has not. */
export const hashOf = (key: KeyObject): string | undefined => HASHES[key.asymmetricKeyDetails?.namedCurve ?? ""];

/** SHA-256 of the public key as PEM: by it the format says which key has signed. */
export const hintOf = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "pem" }))
    .digest("hex");

/** The bytes that are signed: type and length stand before the payload, so that nothing passes for something else. */
export function preAuthenticated(payload: Buffer, type = PAYLOAD_TYPE): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

export async function sealed(statement: object, signer: Signer): Promise<Envelope> {
  const payload = Buffer.from(JSON.stringify(statement));
  const signature = await signer.sign(preAuthenticated(payload));
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString("base64"),
    signatures: [{ sig: signature.toString("base64"), keyid: signer.keyId }],
  };
}

export function bundleOf(envelope: Envelope, { publicKey, certificates }: Signer): Bundle {
  const material =
    certificates.length === 0
      ? { publicKey: { hint: hintOf(publicKey) } }
      : { x509CertificateChain: { certificates: certificates.map((one) => ({ rawBytes: one.toString("base64") })) } };
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { ...material, tlogEntries: [] },
    dsseEnvelope: envelope,
  };
}

/** @throws TaskError `failed` where the text is no bundle */
export function readBundle(text: string, called: string): Bundle {
  const bundle = parsed(text, called) as Partial<Bundle> | undefined;
  if (bundle?.mediaType !== BUNDLE_TYPE || !bundle.verificationMaterial || !bundle.dsseEnvelope)
    throw malformed(called, `it is no Sigstore bundle of the type ${BUNDLE_TYPE}`);
  return { ...bundle, dsseEnvelope: checked(bundle.dsseEnvelope, called) } as Bundle;
}

/** @throws TaskError `failed` where the text is no envelope */
export const readEnvelope = (text: string, called: string): Envelope =>
  checked(parsed(text, called) as Partial<Envelope>, called);

function checked(envelope: Partial<Envelope> | undefined, called: string): Envelope {
  const { payloadType, payload, signatures } = envelope ?? {};
  if (payloadType !== PAYLOAD_TYPE || typeof payload !== "string" || !Array.isArray(signatures))
    throw malformed(called, `it holds no envelope of the type ${PAYLOAD_TYPE}`);
  if (signatures.length !== 1 || typeof signatures[0]?.sig !== "string")
    throw malformed(called, `it has ${signatures.length} signatures, and one is expected`);
  return envelope as Envelope;
}

/** The certificates of a bundle, in DER; empty where it was signed with a bare key. */
export function certificatesIn({ verificationMaterial }: Bundle): Buffer[] {
  const { certificates } = verificationMaterial.x509CertificateChain ?? {};
  return Array.isArray(certificates) ? certificates.map((one) => Buffer.from(String(one?.rawBytes), "base64")) : [];
}

/** Whether the one signature of an envelope is this key's. */
export function isSignedBy({ payload, signatures }: Envelope, key: KeyObject): boolean {
  const hash = hashOf(key);
  if (hash === undefined) return false;
  const signature = Buffer.from(signatures[0]?.sig ?? "", "base64");
  const signed = preAuthenticated(Buffer.from(payload, "base64"));
  return verify(hash, signed, { key, dsaEncoding: "der" }, signature);
}

/** The statement in an envelope. @throws TaskError `failed` where it is no JSON */
export const statementIn = ({ payload }: Envelope, called: string): unknown =>
  parsed(Buffer.from(payload, "base64").toString("utf8"), called);

function parsed(text: string, called: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(called, "it is no JSON");
  }
}

const malformed = (called: string, why: string) =>
  new TaskError("failed", `${called} cannot be read as a signature: ${why}.`, {
    errorCode: "AML1713",
    hint: "The file may have been cut off or overwritten: look at who can write to that storage, and sign the model again.",
  });
