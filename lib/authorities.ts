// The certificate authorities that TLS connections of a task trust, to Azure as to Azure DevOps.
// Tests: test/lib/azure/transport.test.ts, test/lib/agent/connections.test.ts
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { TaskError } from "./errors.ts";

/** By the texts that were added to Node's own authorities: to parse all of them takes 60 ms of Node 20 and 10 ms of Node 24. */
const contexts = new Map<string, tls.SecureContext>();

/**
 * Node's own authorities, those of NODE_EXTRA_CA_CERTS and those of the file: one context, made once in a process. What the files add goes into
 * a context of Node's own, which parses its authorities once; given anew as texts (`ca`) they are parsed anew for each context, and a client that
 * gets `ca` makes a context for each connection.
 * @param caFile PEM file that the agent was configured with
 * @throws TaskError kind `connection` where a file cannot be read
 */
export function trustingAlso(caFile: string): tls.SecureContext {
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  // Node 20 leaves these out of a context that has authorities of its own.
  const added = [...(extra ? [pem(extra)] : []), pem(caFile)];
  const key = added.join("\n");
  const context = contexts.get(key) ?? contextWith(added);
  contexts.set(key, context);
  return context;
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
