// Envelopes and bundles: signatures of ours and of the reference implementation, and texts that are none.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { TaskError } from "../../../../lib/errors.ts";
import { manifestIn, manifestOf, statementOf } from "../../../../lib/ml/proof/model-manifest.ts";
import { pemSigner } from "../../../../lib/ml/proof/pem-signer.ts";
import {
  bundleOf,
  isSignedBy,
  preAuthenticated,
  readBundle,
  readEnvelope,
  sealed,
  statementIn,
} from "../../../../lib/ml/proof/signed-envelope.ts";
import { requireSigner } from "../../../../lib/ml/proof/signer-trust.ts";
import { referenceFiles } from "./reference-model.ts";

const keyPair = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const pemOf = (namedCurve: string) =>
  keyPair(namedCurve).privateKey.export({ type: "pkcs8", format: "pem" }).toString();

describe("A signed envelope", () => {
  it("has type and length of the payload before it in what is signed", () => {
    assert.equal(preAuthenticated(Buffer.from("é"), "t").toString(), "DSSEv1 1 t 2 é");
  });

  for (const curve of ["P-256", "P-384", "P-521"])
    it(`is valid with the key of the curve ${curve}, and with no other, and not after a change`, async () => {
      const signer = pemSigner(pemOf(curve), "key.pem");
      const manifest = manifestOf("model", referenceFiles);
      const envelope = await sealed(statementOf(manifest), signer);
      assert.equal(isSignedBy(envelope, signer.publicKey), true);
      assert.equal(isSignedBy(envelope, keyPair(curve).publicKey), false);
      const bytes = Buffer.from(envelope.payload, "base64");
      bytes[10] = (bytes[10] ?? 0) ^ 1;
      assert.equal(isSignedBy({ ...envelope, payload: bytes.toString("base64") }, signer.publicKey), false);
      assert.equal(isSignedBy({ ...envelope, signatures: [{ sig: "AAAA" }] }, signer.publicKey), false);
      const read = readBundle(JSON.stringify(bundleOf(envelope, signer)), "model.sig");
      assert.equal(manifestIn(statementIn(read.dsseEnvelope, "it")).digest, manifest.digest);
    });

  it("is refused where the text is cut off, of another type, or has not one signature", async () => {
    const signer = pemSigner(pemOf("P-256"), "key.pem");
    const envelope = await sealed({}, signer);
    const bundle = bundleOf(envelope, signer);
    const text = JSON.stringify(bundle);
    assert.throws(
      () => readBundle(text.slice(0, -5), "model.sig"),
      /model\.sig cannot be read as a signature: it is no JSON/,
    );
    assert.throws(() => readBundle("null", "model.sig"), /no Sigstore bundle/);
    assert.throws(() => readBundle(JSON.stringify({ ...bundle, mediaType: "x" }), "model.sig"), /no Sigstore bundle/);
    assert.throws(() => readEnvelope(JSON.stringify({ ...envelope, signatures: [] }), "it"), /0 signatures/);
    assert.throws(() => readEnvelope(JSON.stringify({ ...envelope, payloadType: "text/plain" }), "it"), /no envelope/);
  });

  it("is refused as one that cannot be read where parts of its bundle are null", async () => {
    const signer = pemSigner(pemOf("P-256"), "key.pem");
    const bundle = bundleOf(await sealed(statementOf(manifestOf("model", referenceFiles)), signer), signer);
    const trust = { kind: "authority", called: "ca.pem", anchors: [], name: "signer" } as const;
    for (const verificationMaterial of [null, { x509CertificateChain: { certificates: [null] } }]) {
      const text = JSON.stringify({ ...bundle, verificationMaterial });
      assert.throws(
        () => requireSigner(readBundle(text, "model.sig"), trust, "m:1"),
        (error) => error instanceof TaskError && error.errorCode === "AML1713",
      );
    }
  });

  it("takes no key that the format has not, none with a passphrase, and no certificate of another key", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    assert.throws(
      () => pemSigner(rsa.export({ type: "pkcs8", format: "pem" }).toString(), "rsa.pem"),
      /rsa\.pem of the input signWith holds a key of another kind/,
    );
    const locked = keyPair("P-256").privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "p",
    });
    assert.throws(() => pemSigner(locked.toString(), "k.pem"), /with a passphrase/);
    assert.throws(() => pemSigner("nothing", "k.pem"), /holds no private key/);
  });
});
