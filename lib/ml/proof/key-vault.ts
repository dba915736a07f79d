// Azure Key Vault: signs with keys that never leave it, and says which public keys and certificates it has (docs/facts/evidence.md#G.8).
// Tests: test/lib/ml/proof/key-vault.test.ts
import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { AzureMl } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { hashOf, type Signer } from "./signed-envelope.ts";
import type { Trust } from "./signer-trust.ts";

const API_VERSION = "7.4";

const ALGORITHMS: Readonly<Record<string, string>> = { sha256: "ES256", sha384: "ES384", sha512: "ES512" };

/** A key or a certificate of a vault, by its id. */
export interface VaultId {
  /** `https://<vault>.vault.azure.net` */
  readonly vault: string;
  readonly collection: "keys" | "certificates";
  readonly name: string;
  readonly version: string | undefined;
}

/** A workspace or a registry, as far as a vault is asked through it. */
export interface VaultAccess {
  readonly azure: AzureMl;
  readonly signal: AbortSignal;
}

export const isVaultId = (given: string): boolean => /^https?:\/\//i.test(given);

/**
 * Reads the id of a key or a certificate. The token goes to hosts of this cloud's vaults only.
 * @param input names the input in the error
 * @throws TaskError `input`
 */
export function readVaultId(given: string, { azure }: VaultAccess, input: string): VaultId {
  const { vaultSuffix } = azure.cloud;
  const wrong = (why: string) =>
    new TaskError("input", `Input ${input} is ${JSON.stringify(bounded(given, 200))}, which ${why}.`, {
      errorCode: "AML1715",
      hint: `Copy the identifier of the key or the certificate from the vault: https://<vault>.${vaultSuffix}/keys/<name> or .../certificates/<name>, with or without a version.`,
    });
  const [, host = "", collection, name, version] =
    /^https:\/\/([^/?#]+)\/(keys|certificates)\/([0-9A-Za-z-]{1,127})(?:\/([0-9a-f]{32}))?\/?$/.exec(given) ?? [];
  if (collection === undefined || name === undefined) throw wrong("is no id of a key or a certificate in a vault");
  const end = `.${vaultSuffix.toLowerCase()}`;
  const vault = host.toLowerCase().endsWith(end) ? host.slice(0, -end.length) : "";
  if (!/^[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]$/.test(vault))
    throw wrong(`is at ${host}, and vaults of this cloud (${azure.cloud.name}) are at <vault>.${vaultSuffix}`);
  return { vault: `https://${host.toLowerCase()}`, collection: collection as "keys", name, version };
}

interface KeyBody {
  readonly key?: {
    readonly kid?: string;
    readonly kty?: string;
    readonly crv?: string;
    readonly [part: string]: unknown;
  };
  readonly attributes?: { readonly enabled?: boolean };
}

interface CertificateBody {
  readonly id?: string;
  readonly kid?: string;
  readonly cer?: string;
  readonly attributes?: { readonly enabled?: boolean };
}

/** A signer by a vault: one round trip to read the key, and its certificate beside it; one for each signature. */
export async function vaultSigner(access: VaultAccess, id: VaultId): Promise<Signer> {
  // Once, for what is asked side by side.
  await access.azure.token(access.azure.cloud.vaultScope, access.signal);
  const isCertificate = id.collection === "certificates";
  const [certificate, named] = await Promise.all([
    isCertificate ? certificateOf(access, id) : undefined,
    // The key of a certificate has its name and its version; what the certificate says of it counts.
    isCertificate ? keyOf(access, { ...id, collection: "keys" }).catch(() => undefined) : keyOf(access, id),
  ]);
  const key =
    named === undefined || (certificate !== undefined && certificate.kid !== named.kid)
      ? await keyOf(access, readVaultId(certificate?.kid ?? "", access, "signWith"))
      : named;
  const hash = requireCurve(key.publicKey, key.kid);
  return {
    called: certificate?.id ?? key.kid,
    keyId: certificate?.id ?? key.kid,
    publicKey: key.publicKey,
    certificates: certificate === undefined ? [] : [certificate.certificate.raw],
    sign: async (bytes) => {
      const value = createHash(hash).update(bytes).digest("base64url");
      const { body } = await ask<{ value?: string }>(access, "POST", `${key.kid}/sign`, {
        doing: `sign with the key ${key.kid}`,
        body: { alg: ALGORITHMS[hash], value },
        promises: (answer) => typeof answer["value"] === "string",
        needs: "Key Vault Crypto User",
      });
      return inDer(Buffer.from(body?.value ?? "", "base64url"), key.kid);
    },
  };
}

/**
 * The signer that a vault's key or certificate is. Where the id has no version, a signature says which one was used, and only the name counts:
 * a key that was replaced goes on to count for what it has signed, until that version is disabled. One round trip.
 * @param keyId what the signature says; it chooses the version and nothing else
 * @throws TaskError `failed` for a version that is disabled
 */
export async function vaultTrust(access: VaultAccess, id: VaultId, keyId: string): Promise<Trust> {
  const at = `${id.vault}/${id.collection}/${id.name}`;
  const said = keyId.toLowerCase().startsWith(`${at.toLowerCase()}/`) ? keyId.slice(at.length + 1) : "";
  const version = id.version ?? (/^[0-9a-f]{32}$/.test(said) ? said : undefined);
  const exact: VaultId = { ...id, version };
  if (id.collection === "certificates") {
    const { id: called, certificate } = await certificateOf(access, exact);
    return { kind: "certificate", called, certificate };
  }
  const { kid, publicKey } = await keyOf(access, exact);
  requireCurve(publicKey, kid);
  return { kind: "key", called: kid, key: publicKey };
}

const addressOf = ({ vault, collection, name, version }: VaultId) =>
  `${vault}/${collection}/${name}${version === undefined ? "" : `/${version}`}`;

async function keyOf(access: VaultAccess, id: VaultId): Promise<{ kid: string; publicKey: KeyObject }> {
  const at = addressOf(id);
  const { body } = await ask<KeyBody>(access, "GET", at, {
    doing: `read the key ${at}`,
    promises: (answer) => typeof answer["key"] === "object",
    needs: "Key Vault Reader",
  });
  const { kid = "", kty = "", ...parts } = body?.key ?? {};
  const known = requireOwn(kid, id, access);
  requireEnabled(body?.attributes, kid);
  try {
    const jwk = { ...parts, kty: kty.replace(/-HSM$/, "") };
    return { kid: known, publicKey: createPublicKey({ key: jwk, format: "jwk" }) };
  } catch {
    throw unfit(kid, `is of the type ${bounded(`${kty} ${body?.key?.crv ?? ""}`, 40).trim()}`);
  }
}

async function certificateOf(
  access: VaultAccess,
  id: VaultId,
): Promise<{ id: string; kid: string; certificate: X509Certificate }> {
  const at = addressOf(id);
  const { body } = await ask<CertificateBody>(access, "GET", at, {
    doing: `read the certificate ${at}`,
    promises: (answer) => typeof answer["cer"] === "string" && typeof answer["kid"] === "string",
    needs: "Key Vault Reader",
  });
  const { id: known = "", kid = "", cer = "", attributes } = body ?? {};
  requireOwn(known, id, access);
  requireEnabled(attributes, known);
  try {
    return { id: known, kid, certificate: new X509Certificate(Buffer.from(cer, "base64")) };
  } catch {
    throw unfit(known, "cannot be read");
  }
}

/** The answer is about what was asked for; where no version was, it says which one it is. */
function requireOwn(answered: string, asked: VaultId, access: VaultAccess): string {
  const id = readVaultId(answered, access, "signedBy");
  const isSame = id.vault === asked.vault && id.name.toLowerCase() === asked.name.toLowerCase();
  if (isSame && id.version !== undefined && (asked.version ?? id.version) === id.version) return answered;
  throw new TaskError("service", `The vault was asked for ${addressOf(asked)}, and answered with another id.`, {
    errorCode: "AML1106",
  });
}

function requireEnabled(attributes: { readonly enabled?: boolean } | undefined, id: string): void {
  if (attributes?.enabled !== false) return;
  throw new TaskError("failed", `${id} is disabled in its vault, so nothing that it has signed counts.`, {
    errorCode: "AML1714",
    hint: "Whoever disabled it may have had a reason: ask, and sign the model again with another key.",
  });
}

function requireCurve(key: KeyObject, id: string): string {
  const hash = hashOf(key);
  if (hash === undefined) throw unfit(id, "is on no curve of P-256, P-384 and P-521");
  return hash;
}

const unfit = (id: string, why: string) =>
  new TaskError("input", `The key ${id} ${why}, with which the format of model signatures has no signatures.`, {
    errorCode: "AML1715",
    hint: "Create a key of the type EC with the curve P-256 (P-384 and P-521 serve too), or a certificate with such a key.",
  });

interface Asking {
  readonly doing: string;
  readonly promises: (body: Record<string, unknown>) => boolean;
  /** The role that allows it. */
  readonly needs: string;
  readonly body?: object;
}

async function ask<T>({ azure, signal }: VaultAccess, method: "GET" | "POST", at: string, asking: Asking) {
  const { doing, promises, needs, body } = asking;
  const token = await azure.token(azure.cloud.vaultScope, signal);
  try {
    return await azure.request<T>(method, at, {
      doing,
      promises,
      ...(body === undefined ? {} : { body }),
      apiVersion: API_VERSION,
      // The resource manager's token is not for vaults; this one goes to the host that readVaultId let pass.
      anonymous: true,
      headers: { Authorization: `Bearer ${token}` },
      // A second signature changes nothing.
      repeats: true,
      signal,
    });
  } catch (error) {
    if (!(error instanceof TaskError) || (error.status !== 401 && error.status !== 403)) throw error;
    const { kind, message, requestId, status, code } = error;
    throw new TaskError(kind, message, {
      errorCode: "AML1715",
      hint: `Give the service connection's identity the role ${needs} on the vault or the key (or, with access policies, the permission for it), and let the vault's network rules admit this agent.`,
      ...(requestId === undefined ? {} : { requestId }),
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
      cause: error,
    });
  }
}

/** ECDSA's two numbers as DER, which the format has; a vault answers them one after the other. */
function inDer(raw: Buffer, kid: string): Buffer {
  if (raw.length < 64 || raw.length % 2 !== 0)
    throw new TaskError("service", `The vault answered with no signature of the key ${kid}.`, { errorCode: "AML1109" });
  const numbers = [raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2)].map((number) => {
    let begin = 0;
    while (begin < number.length - 1 && number[begin] === 0) begin += 1;
    const bare = number.subarray(begin);
    const positive = (bare[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bare]) : bare;
    return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
  });
  const body = Buffer.concat(numbers);
  const length = body.length < 0x80 ? Buffer.of(body.length) : Buffer.of(0x81, body.length);
  return Buffer.concat([Buffer.of(0x30), length, body]);
}
