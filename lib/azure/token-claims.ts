// Claims of a token, read without verification. The token itself is not kept.
// Tests: test/lib/azure/sign-in.test.ts

export interface TokenClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** In access tokens: the application, and its object in the tenant. */
  readonly application: string;
  readonly object: string;
  readonly tenant: string;
  /** Milliseconds since the epoch; 0 where it is not told. */
  readonly expires: number;
}

/** Each field is empty where the token does not say it, or is no JSON web token. */
export function tokenClaims(token: string): TokenClaims {
  let claims: Record<string, unknown> = {};
  try {
    const read: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    if (typeof read === "object" && read !== null) claims = read as Record<string, unknown>;
  } catch {
    // A token need not be one that can be read.
  }
  const text = (name: string) => (typeof claims[name] === "string" ? claims[name].slice(0, 500) : "");
  const seconds = Number(claims["exp"]);
  return {
    issuer: text("iss"),
    subject: text("sub"),
    audience: text("aud"),
    application: text("appid") || text("azp"),
    object: text("oid"),
    tenant: text("tid"),
    expires: Number.isFinite(seconds) ? seconds * 1000 : 0,
  };
}
