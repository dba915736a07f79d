// The certificate authorities that TLS connections of a task trust, to Azure as to Azure DevOps.
// Tests: test/lib/azure/transport.test.ts, test/lib/agent/connections.test.ts
import { X509Certificate } from "node:crypto";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import tls from "node:tls";
import { TaskError } from "./errors.ts";

/** By the texts that were added to Node's own authorities: to parse all of them takes 60 ms of Node 20 and 10 ms of Node 24. */
const contexts = new Map<string, tls.SecureContext>();

/**
 * Node's own authorities, those of NODE_EXTRA_CA_CERTS and those of the file: one context, made once in a process. What the files add goes into
 * a context of Node's own, which parses its authorities once; given anew as texts (`ca`) they are parsed anew for each context, and a client that
 * gets `ca` makes a context for each connection.
 * @param caFile PEM file that the agent was configured with
 * @throws TaskError kind `connection` where the agent's file cannot be read, or holds no certificate or a broken one
 */
export function trustingAlso(caFile: string): tls.SecureContext {
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  const own = pem(caFile);
  // Node 20 leaves these out of a context that has authorities of its own. Where their file cannot be read, Node has warned of it and
  // goes on without them.
  const added = [...(extra && isReadable(extra) ? [pem(extra)] : []), own];
  const key = added.join("\n");
  const known = contexts.get(key);
  if (known === undefined) requireCertificates(caFile, own);
  const context = known ?? contextWith(added);
  contexts.set(key, context);
  return context;
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function pem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new TaskError("connection", `The file of certificate authorities ${file} cannot be read.`, {
      errorCode: "AML1105",
      hint: "It is the one that the agent was configured with (--sslcacert); mend its path or its permissions.",
      cause,
    });
  }
}

function contextWith(added: readonly string[]): tls.SecureContext {
  const context = tls.createSecureContext();
  // What `ca` itself calls for each text. No documented call adds to what Node trusts before Node 22.19.
  if (typeof context.context?.addCACert !== "function")
    return tls.createSecureContext({ ca: [...tls.rootCertificates, ...added] });
  for (const text of added) context.context.addCACert(text);
  return context;
}

/**
 * OpenSSL passes over what it cannot read in a file of authorities, and each request would then fail by a certificate that nobody trusts.
 * @throws TaskError kind `connection` that says what the file holds, and quotes nothing of it
 */
function requireCertificates(file: string, text: string): void {
  const wrong = (why: string, cause?: unknown) =>
    new TaskError("connection", `The file of certificate authorities ${file} ${why}.`, {
      errorCode: "AML1105",
      hint: "It is the one that the agent was configured with (--sslcacert): a file in PEM with the authorities of your network, each from BEGIN CERTIFICATE to END CERTIFICATE.",
      ...(cause === undefined ? {} : { cause }),
    });
  if (text.trim() === "") throw wrong("is empty");
  // OpenSSL looks for them at the beginning of a line; elsewhere they are words of a comment. Some editors begin files with U+FEFF.
  const blocks = text
    .replace(/^\uFEFF/, "")
    .split(/^(?=-----BEGIN )/m)
    .filter((block) => block.startsWith("-----BEGIN "));
  const kinds = blocks.map((block) => /^-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(block)?.[1] ?? "something else");
  const certificates = blocks.filter((_, index) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(kinds[index] ?? ""));
  if (certificates.length === 0) {
    // DER begins with a sequence whose length has two bytes: 30 82.
    if (/^0[\x82\ufffd]/.test(text)) throw wrong("holds no certificate in PEM: it looks like DER");
    const held = [...new Set(kinds)].join(", ");
    throw wrong(held === "" ? "holds no certificate" : `holds ${held} and no certificate`);
  }
  for (const [index, block] of certificates.entries()) {
    // Node's reader of single certificates does not know OpenSSL's trusted kind.
    if (block.startsWith("-----BEGIN TRUSTED ")) continue;
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw wrong(`is broken: certificate ${index + 1} in it cannot be read`, cause);
    }
  }
}
