// The signature of an incoming webhook of Azure DevOps.
import { createHmac } from "node:crypto";

/**
 * HMAC-SHA1 of the raw body, in hexadecimal, after `prefix`.
 * Azure DevOps documents the header and the secret but not the form; a public repository reports that the bare
 * hexadecimal digest is taken and that GitHub's `sha1=` form was not. Not verified against live Azure DevOps.
 */
export function signBody(body: Buffer, secret: string, prefix: "" | "sha1=" = ""): string {
  return prefix + createHmac("sha1", secret).update(body).digest("hex");
}
