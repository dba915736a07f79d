// Signers: whose signature counts, and whether one is theirs.
// Tests: test/lib/ml/proof/signer-trust.test.ts
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { certificatesOf, commonNameOf, isSameCertificate, leadsTo, maySign } from "./certificate-chain.ts";
import { type Bundle, certificatesIn, hashOf, hintOf, isSignedBy } from "./signed-envelope.ts";

/** The signer that is expected: a key; one certificate; or a certificate with this name that an authority has issued. */
export type Trust =
  | { readonly kind: "key"; readonly called: string; readonly key: KeyObject }
  | { readonly kind: "certificate"; readonly called: string; readonly certificate: X509Certificate }
  | {
      readonly kind: "authority";
      readonly called: string;
      readonly anchors: readonly X509Certificate[];
      readonly name: string;
    };

/** A name that would not be compared with anything. */
export const needlessName = (name: string) =>
  new TaskError(
    "input",
    `Input signerName is ${bounded(name, 200)}, and signedBy names a key or a certificate itself: the name would not be looked at.`,
    {
      errorCode: "AML1714",
      hint: "Leave signerName empty, or give the certificate of the authority that issued the signer's in signedBy.",
    },
  );

/**
 * The trust that a PEM file says: a public key, a signer's certificate, or certificates of authorities.
 * @param called the file, for people
 * @param name the common name that the signer's certificate must have, where the file is an authority's
 * @throws TaskError `input`
 */
export function trustInPem(pem: string, called: string, name: string | undefined): Trust {
  const wrong = (why: string, hint: string) =>
    new TaskError("input", `The file ${called} of the input signedBy ${why}.`, { errorCode: "AML1714", hint });
  const expected = "It takes a PEM file with a public key, or with certificates.";
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw wrong(
      "holds a private key, which is not needed to verify",
      `Keep the private key away from verifying pipelines. ${expected}`,
    );
  let certificates: X509Certificate[];
  try {
    certificates = certificatesOf(pem);
    if (certificates.length === 0) {
      const key = createPublicKey(pem);
      if (hashOf(key) === undefined)
        throw wrong("holds a key of another kind than EC P-256, P-384 and P-521", expected);
      if (name !== undefined) throw needlessName(name);
      return { kind: "key", called, key };
    }
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw wrong("holds no public key and no certificate", expected);
  }
  const [certificate, ...more] = certificates;
  if (certificate && more.length === 0 && !certificate.ca) {
    if (name !== undefined) throw needlessName(name);
    return { kind: "certificate", called, certificate };
  }
  if (name === undefined)
    throw wrong(
      "holds the certificate of an authority, and whatever that has issued would be accepted",
      "Set the input signerName to the common name of the signer's own certificate.",
    );
  return { kind: "authority", called, anchors: certificates, name };
}

/**
 * The key that has signed, once it is known to be the expected signer's, and its signature to be right.
 * @throws TaskError `failed`, which says who signed instead
 */
export function requireSigner(bundle: Bundle, trust: Trust, what: string): KeyObject {
  const key = keyOf(bundle, trust, what);
  if (isSignedBy(bundle.dsseEnvelope, key)) return key;
  throw new TaskError("failed", `The signature of ${what} is not valid: it was not made by ${trust.called}.`, {
    errorCode: "AML1713",
    hint: "The signature or what it signs was changed since. Find out by whom, and register the model again.",
  });
}

function keyOf(bundle: Bundle, trust: Trust, what: string): KeyObject {
  const chain = certificatesIn(bundle);
  if (trust.kind === "key") {
    const { hint } = bundle.verificationMaterial.publicKey ?? {};
    if (hint && hint !== hintOf(trust.key)) throw other(what, `the key ${bounded(hint, 64)}`, trust, hintOf(trust.key));
    return trust.key;
  }
  const certificates = read(chain, what);
  const [leaf] = certificates;
  if (leaf === undefined)
    throw other(what, "a bare key, without a certificate", trust, trust.kind === "authority" ? trust.name : "");
  const signed = `the certificate ${JSON.stringify(bounded(commonNameOf(leaf) ?? leaf.subject, 200))}`;
  if (trust.kind === "certificate" && !isSameCertificate(leaf, trust.certificate))
    throw other(what, `${signed} with the SHA-256 ${leaf.fingerprint256}`, trust, trust.certificate.fingerprint256);
  if (trust.kind === "authority") {
    if (!leadsTo(certificates, trust.anchors))
      throw other(what, `${signed}, which no certificate of that file has issued`, trust, trust.name);
    if (commonNameOf(leaf) !== trust.name) throw other(what, signed, trust, trust.name);
  }
  if (!maySign(leaf))
    throw new TaskError("failed", `The signature of ${what} does not count: ${signed} is not one for signatures.`, {
      errorCode: "AML1714",
      hint: "The certificate's key usage must have digitalSignature, or its extended key usage codeSigning.",
    });
  return leaf.publicKey;
}

function read(chain: readonly Buffer[], what: string): X509Certificate[] {
  try {
    return chain.map((der) => new X509Certificate(der));
  } catch {
    throw new TaskError("failed", `The signature of ${what} holds a certificate that cannot be read.`, {
      errorCode: "AML1713",
      hint: "The file may have been cut off or overwritten: sign the model again.",
    });
  }
}

const other = (what: string, signer: string, trust: Trust, expected: string) =>
  new TaskError(
    "failed",
    `${what} was signed by another than is expected: by ${signer}, and not by ${trust.called}${expected === "" ? "" : ` (${expected})`}.`,
    {
      errorCode: "AML1714",
      hint: "Set the input signedBy to the signer that you trust; if its key was replaced, register and sign the model again.",
    },
  );
