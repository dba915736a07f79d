// A signer whose private key is a PEM file of the agent, such as a secure file of the pipeline. Keys in a vault never leave it; this one has.
// Tests: test/lib/ml/proof/signed-envelope.test.ts
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { TaskError } from "../../errors.ts";
import { certificatesOf } from "./certificate-chain.ts";
import { hashOf, type Signer } from "./signed-envelope.ts";

/**
 * @param pem a private key on the curve P-256, P-384 or P-521, and after it the signer's certificate and those of its authorities, where it has them
 * @param called the file, for people
 * @throws TaskError `input`; the text is in no error
 */
export function pemSigner(pem: string, called: string): Signer {
  const wrong = (why: string) =>
    new TaskError("input", `The file ${called} of the input signWith ${why}.`, {
      errorCode: "AML1714",
      hint: "It takes a PEM file with an EC private key (P-256, P-384 or P-521) that has no passphrase, as a secure file of the pipeline; or the id of a key in Azure Key Vault.",
    });
  if (/ENCRYPTED/.test(pem)) throw wrong("holds a private key with a passphrase");
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw wrong("holds no private key");
  }
  const publicKey = createPublicKey(key);
  const hash = hashOf(publicKey);
  if (hash === undefined) throw wrong("holds a key of another kind than EC P-256, P-384 and P-521");
  const certificates = readCertificates(pem, wrong);
  if (certificates[0] && !certificates[0].publicKey.equals(publicKey))
    throw wrong("holds a certificate of another key first");
  return {
    called,
    keyId: "",
    publicKey,
    certificates: certificates.map(({ raw }) => raw),
    sign: async (bytes) => sign(hash, bytes, { key, dsaEncoding: "der" }),
  };
}

function readCertificates(pem: string, wrong: (why: string) => TaskError) {
  try {
    return certificatesOf(pem);
  } catch {
    throw wrong("holds a certificate that cannot be read");
  }
}
