// The local cloud's certificate authority: made at start, trusted by whoever is handed its file, gone at the end.
import "reflect-metadata"; // @peculiar/x509 asks for it before it is loaded
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A CA and the one leaf certificate that every listener of the local cloud shows. All three are PEM. */
export interface Authority {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** Names the leaf certificate is good for; storage accounts live under the wildcards. */
const certificateNames = [
  "localhost",
  "*.blob.storage.localhost",
  "*.storage.localhost",
  "*.vault.localhost",
  "*.blob.core.storage.localhost", // for clients that take a key only where a host has ".blob.core." in it
] as const;

type KeyPair = Awaited<ReturnType<typeof webcrypto.subtle.generateKey>> & {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
};

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 60 * 60 * 1000;

/** Makes a CA and a leaf certificate valid from yesterday for thirty days. */
export async function makeAuthority(): Promise<Authority> {
  useNodeCrypto();
  const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [caKeys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=Local cloud CA, O=Local cloud",
    ...validity(),
    signingAlgorithm: algorithm,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: "CN=localhost, O=Local cloud",
    issuer: ca.subject,
    ...validity(),
    signingAlgorithm: algorithm,
    publicKey: leafKeys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...certificateNames.map((value) => ({ type: "dns" as const, value })),
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
    ],
  });
  return {
    caPem: `${ca.toString("pem")}\n`,
    certPem: `${leaf.toString("pem")}\n`,
    keyPem: await keyAsPem(leafKeys.privateKey),
  };
}

/** A certificate that vouches for itself, with its private key; what a client registers with Microsoft Entra. */
export async function selfSigned(
  name: string,
  signingAlgorithm: { name: string; hash: string },
  newKeys: () => Promise<KeyPair>,
): Promise<{ certPem: string; keyPem: string }> {
  useNodeCrypto();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    ...validity(),
    signingAlgorithm,
    keys,
  });
  return { certPem: `${certificate.toString("pem")}\n`, keyPem: await keyAsPem(keys.privateKey) };
}

function useNodeCrypto(): void {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 30 * day) };
}

async function keyAsPem(key: webcrypto.CryptoKey): Promise<string> {
  const text = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  const lines = text.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

/** Sixteen random octets as hex, the first below 0x80, so that the DER integer stays positive. */
function serial(): string {
  const octets = webcrypto.getRandomValues(new Uint8Array(16));
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(octets).toString("hex");
}
