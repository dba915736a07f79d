// Client assertions: a JWT signed with the registered certificate, or issued by someone the application trusts.
import { constants, createHash, type KeyObject, verify, X509Certificate } from "node:crypto";
import type { Principal } from "../arm/caller.ts";
import { decodeToken, isSignedBy } from "./directory.ts";
import { invalidClient } from "./errors.ts";
import type { Tenant } from "./tenant.ts";

type Assertion = NonNullable<ReturnType<typeof decodeToken>>;

/** The audience that a federated token must have. */
const federationAudience = "api://AzureADTokenExchange";

/** @throws EntraError when the assertion does not prove that the caller is `principal` */
export function checkAssertion(tenant: Tenant, principal: Principal, text: string): void {
  const assertion = decodeToken(text);
  if (assertion === undefined) {
    throw invalidClient(50027, "JWT token is invalid or malformed.");
  }
  // A self-signed assertion needs a registered certificate; any other issuer needs a federated credential.
  const isOwn = String(assertion.claims["iss"]).toLowerCase() === principal.clientId.toLowerCase();
  if (isOwn) checkCertificate(tenant, principal, assertion);
  else checkFederation(tenant, principal, assertion);
}

function checkCertificate(tenant: Tenant, principal: Principal, assertion: Assertion): void {
  const { header, claims } = assertion;
  const certificate =
    principal.certificatePem === undefined ? undefined : new X509Certificate(principal.certificatePem);
  // Python's client fills a thumbprint up with "=", others do not.
  const thumbprints = [header["x5t"], header["x5t#S256"]].flatMap((one) =>
    typeof one === "string" ? [one.replace(/=+$/, "")] : [],
  );
  const digest = (algorithm: string) =>
    createHash(algorithm)
      .update(certificate?.raw ?? "")
      .digest("base64url");
  const isRegistered =
    certificate !== undefined &&
    thumbprints.length > 0 &&
    thumbprints.every((one) => one === digest("sha1") || one === digest("sha256"));
  if (!isRegistered) {
    throw invalidClient(
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '${thumbprints.join(", ")}']`,
    );
  }
  if (!isSigned(assertion, certificate.publicKey)) {
    throw invalidClient(700027, "Client assertion failed signature validation. [Reason - The key used is incorrect.]");
  }
  if (claims["sub"] !== claims["iss"]) {
    throw invalidClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.");
  }
  if (!String(claims["aud"]).startsWith(`${tenant.urls.login}/${tenant.tenantId}`)) {
    throw invalidClient(700023, "Client assertion audience claim does not match Realm issuer.");
  }
  checkTime(tenant, assertion);
}

function checkFederation(tenant: Tenant, principal: Principal, assertion: Assertion): void {
  const { iss: issuer, sub: subject, aud: audience } = assertion.claims;
  const trusted = tenant.directory.federation.of(principal.clientId);
  const byIssuer = trusted.filter((one) => one.issuer === issuer);
  if (byIssuer.length === 0) {
    throw invalidClient(
      700211,
      `No matching federated identity record found for presented assertion issuer '${issuer}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    );
  }
  const credential = byIssuer.find((one) => one.subject === subject);
  if (credential === undefined) {
    throw invalidClient(
      700213,
      `No matching federated identity record found for presented assertion subject '${subject}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`,
    );
  }
  if (audience !== federationAudience) {
    throw invalidClient(
      700212,
      `No matching federated identity record found for presented assertion audience '${audience}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    );
  }
  if (!credential.keys.some((key) => isSignedBy(assertion, key))) {
    throw invalidClient(50013, "Assertion failed signature validation. [Reason - The key was not found.]");
  }
  checkTime(tenant, assertion);
}

function checkTime(tenant: Tenant, { claims }: Assertion): void {
  // Assertions are dated by the machine's clock.
  const now = tenant.clock.machineNow() / 1000;
  const expires = Number(claims["exp"]);
  // Entra allows five minutes of difference between clocks at the start of the range.
  if (expires > now && Number(claims["nbf"] ?? 0) <= now + 300) return;
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  throw invalidClient(
    700024,
    `Client assertion is not within its valid time range. Current time: ${at(now)}, expiry time of assertion ${at(expires)}.`,
  );
}

/** RS256 with the SHA-1 thumbprint of old, PS256 with the SHA-256 one of new clients. */
function isSigned(assertion: Assertion, key: KeyObject): boolean {
  if (assertion.header["alg"] !== "PS256") return isSignedBy(assertion, key);
  const padded = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify("RSA-SHA256", assertion.signed, padded, assertion.signature);
}
