// RSA keys that token issuers sign with: made once a process, since making one takes longer than all else at start.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

export interface SigningKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const made = new Map<string, SigningKeys>();

/**
 * The RSA key pair (2048 bits) of an issuer in this process. Clouds that one process starts share it: what a token is
 * good for hangs on the address of its issuer, and no two have that in common.
 */
export function signingKeys(issuer: "Entra" | "Azure DevOps"): SigningKeys {
  let keys = made.get(issuer);
  if (keys === undefined) {
    const pem = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    keys = { publicKey: createPublicKey(pem.publicKey), privateKey: createPrivateKey(pem.privateKey) };
    made.set(issuer, keys);
  }
  return keys;
}
