// Service principals of the local tenant: one client for each way to sign in, and two that are refused.
import { randomBytes, randomUUID, webcrypto } from "node:crypto";
import type { Principal } from "./azure/arm/caller.ts";
import type { Directory } from "./azure/entra/directory.ts";
import { selfSigned } from "./network/tls.ts";

/** Clients of the local tenant. What is secret in here is for this machine only. */
export interface Credentials {
  /** A service principal with a role on the workspace and a client secret. */
  readonly contributor: { readonly clientId: string; readonly secret: string };
  /** The same with a certificate; `certificatePem` holds certificate and private key. */
  readonly certificate: { readonly clientId: string; readonly certificatePem: string };
  /** The same by federation; the issuer of the assertions registers which issuer and subject it trusts. */
  readonly federated: { readonly clientId: string };
  /** Its secret has expired. */
  readonly expired: { readonly clientId: string; readonly secret: string };
  /** Its secret is good, and it has no role: 403 everywhere. */
  readonly forbidden: { readonly clientId: string; readonly secret: string };
  /** A managed identity; the endpoint is in the cloud's `managedIdentity`. */
  readonly managedIdentity: { readonly clientId: string };
}

/** A client secret of the usual form, redacted by `hide`. */
export const newSecret = (hide: (value: string) => string): string =>
  hide(`${randomBytes(3).toString("hex")}~${randomBytes(24).toString("base64url")}`);

/** Makes the clients and registers them. */
export async function createCredentials(directory: Directory, hide: (value: string) => string): Promise<Credentials> {
  const register = (displayName: string, o: Partial<Principal> = {}): string => {
    const clientId = randomUUID();
    directory.add({ clientId, objectId: randomUUID(), displayName, secrets: [], hasAccess: true, ...o });
    return clientId;
  };
  const secret = newSecret(hide);
  const expired = newSecret(hide);
  const forbidden = newSecret(hide);
  const certificate = await clientCertificate();
  hide(certificate.keyPem);
  return {
    contributor: { clientId: register("client with a secret", { secrets: [{ value: secret }] }), secret },
    certificate: {
      clientId: register("client with a certificate", { certificatePem: certificate.certPem }),
      certificatePem: hide(`${certificate.certPem}${certificate.keyPem}`),
    },
    federated: { clientId: register("client by federation") },
    expired: {
      clientId: register("client whose secret has expired", { secrets: [{ value: expired, expired: true }] }),
      secret: expired,
    },
    forbidden: {
      clientId: register("client without a role", { secrets: [{ value: forbidden }], hasAccess: false }),
      secret: forbidden,
    },
    managedIdentity: { clientId: register("managed identity", { managed: true }) },
  };
}

let certificate: ReturnType<typeof selfSigned> | undefined;

/** Certificate and RSA key of the client that has one: made once a process, as making it is slow. */
function clientCertificate(): ReturnType<typeof selfSigned> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  certificate ??= selfSigned("CN=local-client", algorithm, () =>
    webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]),
  );
  return certificate;
}
