// The directory of service principals, and the tokens that local Entra signs and every plane checks.
import { createPublicKey, type KeyObject, randomUUID, sign, verify } from "node:crypto";
import { signingKeys } from "../../network/signing-keys.ts";
import type { Principal } from "../arm/caller.ts";
import { authenticationFailed, invalidToken, wrongTenant } from "../arm/errors.ts";

/** A token issuer that local Entra trusts for workload identity federation, and the subjects it may speak for. */
interface FederatedCredential {
  readonly clientId: string;
  readonly issuer: string;
  readonly subject: string;
  /** Public key of the issuer, or all of its keys. */
  readonly keys: readonly KeyObject[];
}

/** The registry of service connections whose OIDC tokens may be exchanged; local Azure DevOps fills it. */
class FederationRegistry {
  readonly #credentials: FederatedCredential[] = [];

  /** @param key SPKI PEM, JWK or KeyObject of the issuer's public key */
  register(o: { clientId: string; issuer: string; subject: string; key: string | KeyObject }): void {
    const key = typeof o.key === "string" ? createPublicKey(o.key) : o.key;
    this.#credentials.push({ clientId: o.clientId, issuer: o.issuer, subject: o.subject, keys: [key] });
  }

  of(clientId: string): readonly FederatedCredential[] {
    return this.#credentials.filter((credential) => same(credential.clientId, clientId));
  }
}

/** Claims of an access token (version 1.0, as Azure Resource Manager gets them for an application). */
interface Claims {
  readonly aud: string;
  readonly iss: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly appid: string;
  readonly oid: string;
  readonly tid: string;
  readonly [claim: string]: unknown;
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The parts of a compact JWT; undefined when it is none. Nothing is verified. */
export function decodeToken(
  token: string,
): { header: Record<string, unknown>; claims: Record<string, unknown>; signed: Buffer; signature: Buffer } | undefined {
  const [header, claims, signature] = token.split(".");
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  try {
    const parse = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, "base64url").toString());
    return {
      header: parse(header),
      claims: parse(claims),
      signed: Buffer.from(`${header}.${claims}`),
      signature: Buffer.from(signature, "base64url"),
    };
  } catch {
    return undefined;
  }
}

/** Whether `signature` is RS256 over `signed` by `key`. */
export function isSignedBy(token: { signed: Buffer; signature: Buffer }, key: KeyObject): boolean {
  return verify("RSA-SHA256", token.signed, key, token.signature);
}

/** The tenant: its principals, its signing key, and the tokens made with it. */
export class Directory {
  readonly tenantId: string;
  readonly principals: Principal[] = [];
  readonly federation = new FederationRegistry();
  readonly keyId = randomUUID().replaceAll("-", "");
  readonly publicKey: KeyObject;
  readonly #privateKey: KeyObject;
  readonly #now: () => number;

  private constructor(tenantId: string, now: () => number, keys: { publicKey: KeyObject; privateKey: KeyObject }) {
    this.tenantId = tenantId;
    this.#now = now;
    this.publicKey = keys.publicKey;
    this.#privateKey = keys.privateKey;
  }

  static create(tenantId: string, now: () => number): Directory {
    return new Directory(tenantId, now, signingKeys("Entra"));
  }

  add(principal: Principal): void {
    this.principals.push(principal);
  }

  find(clientId: string): Principal | undefined {
    return this.principals.find((principal) => same(principal.clientId, clientId));
  }

  /** Seconds of the cloud that Entra's access tokens are good for; changed in place. The real one gives 60 to 90 minutes, or a day (from general knowledge). */
  lifetime = 86_399;
  /** Tokens that have expired before their time. */
  readonly #expired = new Set<string>();
  /** How many of the next requests for a token are answered with 503. */
  outages = 0;

  /** Issues an access token for `audience` (a resource without `/.default`). */
  issue(principal: Principal, audience: string, seconds = 86_399): string {
    const now = Math.floor(this.#now() / 1000);
    const header = { typ: "JWT", alg: "RS256", x5t: this.keyId, kid: this.keyId };
    const claims: Claims = {
      aud: audience,
      iss: `https://sts.windows.net/${this.tenantId}/`,
      iat: now,
      nbf: now,
      exp: now + seconds,
      appid: principal.clientId,
      appidacr: "1",
      idtyp: "app",
      oid: principal.objectId,
      sub: principal.objectId,
      tid: this.tenantId,
      uti: randomUUID(),
      ver: "1.0",
    };
    const signed = `${encode(header)}.${encode(claims)}`;
    return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), this.#privateKey).toString("base64url")}`;
  }

  /** From now on the token in this Authorization header has expired. */
  expire(authorization: string | undefined): void {
    const bearer = bearerIn(authorization);
    if (bearer !== undefined) this.#expired.add(bearer);
  }

  /**
   * The owner of the token in the Authorization header.
   * @param audiences resources the token may be meant for; a trailing slash makes no difference
   * @throws ArmError 401 when there is no token, or not ours, or of another tenant, or expired, or for another audience
   */
  check(authorization: string | undefined, audiences: readonly string[]): Principal {
    if (authorization === undefined) throw authenticationFailed();
    const bearer = bearerIn(authorization);
    if (bearer === undefined) throw invalidToken("The authentication scheme is not Bearer.");
    const token = decodeToken(bearer);
    if (token === undefined || !isSignedBy(token, this.publicKey)) {
      throw invalidToken("The access token is invalid.");
    }
    const claims = token.claims as Claims;
    if (!same(String(claims.tid), this.tenantId)) throw wrongTenant(String(claims.tid), this.tenantId);
    const now = this.#now() / 1000;
    if (claims.exp <= now || this.#expired.has(bearer)) {
      const at = (seconds: number) => new Date(seconds * 1000).toISOString();
      throw invalidToken(
        `The access token expiry UTC time '${at(Math.min(claims.exp, now))}' is earlier than current UTC time '${at(now)}'.`,
      );
    }
    const plain = (resource: string) => resource.replace(/\/+$/, "").toLowerCase();
    if (!audiences.some((audience) => plain(audience) === plain(claims.aud))) {
      throw invalidToken(
        `The access token has been obtained for wrong audience or resource '${claims.aud}'. It should exactly match with one of the allowed audiences '${audiences.join("','")}'.`,
      );
    }
    const principal = this.find(claims.appid);
    if (principal === undefined) throw invalidToken("The access token names an unknown application.");
    return principal;
  }
}

function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
}
