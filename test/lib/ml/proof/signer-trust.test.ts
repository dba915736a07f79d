// Signers whose signature counts: a key, a certificate, and a name that an authority has certified; and the sentences about every other signer.
import assert from "node:assert/strict";
import { certificatesOf, commonNameOf, maySign } from "../../../../lib/ml/proof/certificate-chain.ts";
import { pemSigner } from "../../../../lib/ml/proof/pem-signer.ts";
import { readBundle } from "../../../../lib/ml/proof/signed-envelope.ts";
import { requireSigner, trustInPem } from "../../../../lib/ml/proof/signer-trust.ts";
import { reference } from "./reference-model.ts";

const signature = (name: string) => readBundle(reference(name), name);
const trust = (name: string, signer?: string) => trustInPem(reference(name), name, signer);
const requires = (sig: string, pem: string, signer?: string) =>
  requireSigner(signature(sig), trust(pem, signer), "fraud:7");

describe("A trusted signer", () => {
  it("is a key, a certificate, or the name in a certificate of an authority, as the reference implementation signs", () => {
    requires("key.sig", "key.pem");
    requires("certificate.sig", "certificate.pem");
    requires("certificate.sig", "authority.pem", "release signer");
  });

  it("is told apart from every other signer, who is named", () => {
    assert.throws(() => requires("key.sig", "other-key.pem"), /fraud:7 was signed by another .* not by other-key\.pem/);
    assert.throws(() => requires("key.sig", "certificate.pem"), /by a bare key, without a certificate/);
    assert.throws(() => requires("certificate.sig", "key.pem"), /was not made by key\.pem/);
    assert.throws(
      () => requires("certificate.sig", "authority.pem", "somebody else"),
      /by the certificate "release signer", and not by authority\.pem \(somebody else\)/,
    );
  });

  it("has signed exactly these bytes", () => {
    const bundle = signature("key.sig");
    const bytes = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace("a.txt", "b.txt");
    const changed = {
      ...bundle,
      dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(bytes).toString("base64") },
    };
    assert.throws(() => requireSigner(changed, trust("key.pem"), "fraud:7"), /signature of fraud:7 is not valid/);
  });

  it("cannot be replaced by a certificate that the authority has not issued", () => {
    const bundle = signature("certificate.sig");
    // The authority's own certificate stands first, and the name is the same.
    const [, authority] = bundle.verificationMaterial.x509CertificateChain?.certificates ?? [];
    const foreign = {
      ...bundle,
      verificationMaterial: {
        tlogEntries: [] as const,
        x509CertificateChain: { certificates: authority ? [authority] : [] },
      },
    };
    assert.throws(
      () => requireSigner(foreign, trust("authority.pem", "release signer"), "fraud:7"),
      /another than is expected/,
    );
    const broken = {
      ...bundle,
      verificationMaterial: {
        tlogEntries: [] as const,
        x509CertificateChain: { certificates: [{ rawBytes: "AAAA" }] },
      },
    };
    assert.throws(() => requireSigner(broken, trust("certificate.pem"), "fraud:7"), /certificate that cannot be read/);
  });

  it("needs a name where the file is an authority's, and no private key", () => {
    assert.throws(() => trust("authority.pem"), /whatever that has issued would be accepted/);
    assert.throws(
      () => trustInPem("-----BEGIN EC PRIVATE KEY-----", "k.pem", undefined),
      /private key, which is not needed/,
    );
    assert.throws(() => trustInPem("hello", "k.pem", undefined), /no public key and no certificate/);
  });

  it("may sign by its certificate's key usage", () => {
    const [leaf] = certificatesOf(reference("certificate.pem"));
    const [authority] = certificatesOf(reference("authority.pem"));
    assert.ok(leaf && authority);
    assert.equal(maySign(leaf), true);
    assert.equal(maySign(authority), false);
    assert.equal(commonNameOf(leaf), "release signer");
    assert.throws(() => pemSigner(reference("certificate.pem"), "c.pem"), /holds no private key/);
  });
});
