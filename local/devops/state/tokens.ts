// The tokens of the organization: a job's access token, and the OIDC tokens that a job gets for a service connection.
import { randomUUID, sign, verify } from "node:crypto";
import { type SigningKeys, signingKeys } from "../../network/signing-keys.ts";

/** The scope of a valid access token. Times are milliseconds since the epoch. */
export interface Caller {
  readonly name: string;
  /** The plan and job of a job's token; absent for a personal token. */
  readonly planId?: string | undefined;
  readonly jobId?: string | undefined;
  /** Service connections that the job may use; absent: all of the project. */
  readonly connectionIds?: readonly string[] | undefined;
  /** Of a framed page's token: `vso.build`; absent: all. */
  readonly scopes?: readonly string[] | undefined;
  readonly expires: number;
}

/** Claims of a token, and what is signed. */
type Claims = Readonly<Record<string, string | number>>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Issues and checks tokens. */
export class Tokens {
  /** Of the OIDC tokens; the real one is `https://vstoken.dev.azure.com/<organization id>` (docs/facts/extension.md#5.5). */
  issuer = "";
  readonly keyId = randomUUID().replaceAll("-", "").toUpperCase();
  private readonly callers = new Map<string, Caller>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  private get pair(): SigningKeys {
    return signingKeys("Azure DevOps");
  }

  /** Public key of the issuer, as PEM (SubjectPublicKeyInfo). */
  get publicKeyPem(): string {
    return this.pair.publicKey.export({ type: "spki", format: "pem" }).toString();
  }

  /** The key set that `<issuer>/.well-known/jwks` answers. */
  get jwks(): { keys: object[] } {
    const { kty, n, e } = this.pair.publicKey.export({ format: "jwk" });
    return { keys: [{ kty, use: "sig", alg: "RS256", kid: this.keyId, n, e }] };
  }

  /** Signs claims as a JWT (RS256). */
  private jwt(claims: Claims): string {
    const body = `${encode({ typ: "JWT", alg: "RS256", kid: this.keyId })}.${encode(claims)}`;
    return `${body}.${sign("RSA-SHA256", Buffer.from(body), this.pair.privateKey).toString("base64url")}`;
  }

  /** An access token. Its claims are like those of a real job token, and no client may rely on them. */
  issue(caller: Omit<Caller, "expires">, minutes: number): string {
    const seconds = Math.floor(this.now() / 1000);
    const expires = seconds + minutes * 60;
    const token = this.jwt({
      nameid: caller.name,
      scp: "app_token",
      iss: "app.vstoken.visualstudio.com",
      aud: "app.vstoken.visualstudio.com",
      ...(caller.planId === undefined ? {} : { orchid: `${caller.planId}.${caller.jobId ?? ""}` }),
      jti: randomUUID(),
      nbf: seconds,
      exp: expires,
    });
    this.callers.set(token, { ...caller, expires: expires * 1000 });
    return token;
  }

  revoke(token: string): void {
    this.callers.delete(token);
  }

  /** The identity of this token; undefined when it was never issued, is revoked or has expired. */
  caller(token: string): Caller | undefined {
    const caller = this.callers.get(token);
    return caller === undefined || caller.expires <= this.now() ? undefined : caller;
  }

  /** An OIDC token: ten minutes, audience not selectable (docs/facts/extension.md#5.5). */
  issueOidc(subject: string): string {
    const seconds = Math.floor(this.now() / 1000);
    return this.jwt({
      jti: randomUUID(),
      sub: subject,
      aud: "api://AzureADTokenExchange",
      iss: this.issuer,
      nbf: seconds,
      exp: seconds + 600,
      iat: seconds,
    });
  }

  /** The claims of a token that this issuer signed; undefined for any other. */
  claimsOf(token: string): Claims | undefined {
    const [header, payload, signature] = token.split(".");
    if (header === undefined || payload === undefined || signature === undefined) return undefined;
    const good = verify(
      "RSA-SHA256",
      Buffer.from(`${header}.${payload}`),
      this.pair.publicKey,
      Buffer.from(signature, "base64url"),
    );
    return good ? (JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims) : undefined;
  }
}
