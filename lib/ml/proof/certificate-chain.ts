// Certificates of signers: whether a chain leads to a certificate that is trusted, and whether its key may sign (docs/facts/evidence.md#G.7).
// Tests: test/lib/ml/proof/signer-trust.test.ts
import { X509Certificate } from "node:crypto";

/** Certificates between a signer and its root; a longer chain is not followed. */
const LONGEST_CHAIN = 8;

/** OID of the extended key usage "code signing". */
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/** The certificates in a PEM text, in their order. @throws Error where one of them is none */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

export const isSameCertificate = (one: X509Certificate, other: X509Certificate) => one.raw.equals(other.raw);

/**
 * Whether the first certificate is one of the anchors, or was issued by one of them, through the others. As the reference implementation
 * does, validity is looked at for the time at which the first became valid: nothing says for certain when something was signed.
 */
export function leadsTo([leaf, ...between]: readonly X509Certificate[], anchors: readonly X509Certificate[]): boolean {
  if (leaf === undefined) return false;
  const time = Date.parse(leaf.validFrom);
  let certificate = leaf;
  for (let step = 0; step <= LONGEST_CHAIN; step++) {
    const current = certificate;
    if (anchors.some((one) => isSameCertificate(one, current))) return true;
    const issues = (one: X509Certificate) =>
      one.ca && isValidAt(one, time) && current.checkIssued(one) && current.verify(one.publicKey);
    if (anchors.some(issues)) return true;
    const issuer = between.find((one) => !isSameCertificate(one, current) && issues(one));
    if (issuer === undefined) return false;
    certificate = issuer;
  }
  return false;
}

const isValidAt = ({ validFrom, validTo }: X509Certificate, time: number) =>
  Date.parse(validFrom) <= time && time <= Date.parse(validTo);

/** Whether the certificate's key may sign: by its key usage, or as one for code. */
export function maySign(certificate: X509Certificate): boolean {
  return certificate.keyUsage?.includes(CODE_SIGNING) === true || hasDigitalSignature(certificate.raw);
}

/** The common name of the subject; undefined where there is none, or more than one. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const { CN } = certificate.toLegacyObject().subject ?? {};
  return typeof CN === "string" ? CN : undefined;
}

/** OID 2.5.29.15 in DER: key usage, which node:crypto does not tell. */
const KEY_USAGE = Buffer.from([0x55, 0x1d, 0x0f]);

function hasDigitalSignature(der: Buffer): boolean {
  const body = children(first(children(der)[0])?.content);
  const extensions = children(first(body.find(({ tag }) => tag === 0xa3))?.content);
  for (const extension of extensions) {
    const [id, ...rest] = children(extension.content);
    if (id === undefined || !id.content.equals(KEY_USAGE)) continue;
    const bits = first(rest.find(({ tag }) => tag === 0x04))?.content;
    return bits !== undefined && ((bits[1] ?? 0) & 0x80) !== 0;
  }
  return false;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

const first = (element: Element | undefined): Element | undefined => children(element?.content)[0];

/** The elements of DER, one after another; as far as their lengths hold. */
function children(der: Buffer | undefined): Element[] {
  const elements: Element[] = [];
  let offset = 0;
  while (der !== undefined && offset + 2 <= der.length) {
    const tag = der.readUInt8(offset);
    const short = der.readUInt8(offset + 1);
    const more = short < 0x80 ? 0 : short & 0x7f;
    if (more > 4 || offset + 2 + more > der.length) break;
    const length = more === 0 ? short : der.readUIntBE(offset + 2, more);
    const begin = offset + 2 + more;
    if (begin + length > der.length) break;
    elements.push({ tag, content: der.subarray(begin, begin + length) });
    offset = begin + length;
  }
  return elements;
}
