// Sign-in errors of Microsoft Entra (AADSTS codes): one sentence and a remedy for each code that users meet.
// Tests: test/lib/azure/sign-in.test.ts
import { TaskError } from "../errors.ts";
import { bounded } from "../remote-text.ts";
import type { Cloud } from "./clouds.ts";
import type { Identity } from "./identity.ts";

/** Characters of a text that are looked at. */
const LONGEST = 10_000;

/** Claims of a federated assertion. */
export interface Assertion {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

interface Circumstances {
  readonly identity: Identity;
  readonly cloud: Cloud;
  readonly assertion?: Assertion;
  /** The last answer or network error that was no token. */
  readonly trouble?: string;
}

interface Sentence {
  readonly message: string;
  readonly hint: string;
}

/**
 * The TaskError (kind `connection`) for whatever the identity library threw.
 * Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export function signInFailure(error: unknown, at: Circumstances): TaskError {
  if (error instanceof TaskError) return error;
  const own = bounded(textOf(error), LONGEST);
  const text = /AADSTS\d/.test(own) || !at.trouble?.startsWith("AADSTS") ? own : at.trouble;
  const code = /AADSTS(\d+)/.exec(text)?.[1];
  const known = code === undefined ? undefined : sentences[code]?.(at, text);
  const requestId = /(?:Trace ID|trace_id"?)\s*:\s*"?([0-9a-f-]{36})/i.exec(text)?.[1];
  const options = {
    ...(requestId === undefined ? {} : { requestId }),
    ...(code === undefined ? {} : { code: `AADSTS${code}` }),
    cause: error,
  };
  if (known)
    return new TaskError("connection", `${known.message} (AADSTS${code})`, {
      errorCode: "AML1001",
      hint: known.hint,
      ...options,
    });
  const reason = code === undefined ? (at.trouble ?? ownWords(error, text)) : firstSentence(text);
  if (at.identity.scheme === "managedIdentity") {
    return new TaskError("connection", `The agent's machine gives no token of a managed identity: ${reason}`, {
      errorCode: "AML1006",
      hint: "Run the job on an agent whose machine has a managed identity, and give that identity access to the workspace.",
      ...options,
    });
  }
  if (code === undefined) {
    return new TaskError(
      "connection",
      `Microsoft Entra at ${at.cloud.authority} could not be asked for a token: ${reason}`,
      {
        errorCode: "AML1102",
        hint: "Check that the agent reaches that host, its proxy, and the certificate authority file it was configured with.",
        ...options,
      },
    );
  }
  return new TaskError("connection", `Microsoft Entra refused to sign the service connection in: ${reason}`, {
    errorCode: "AML1001",
    hint: `Look up AADSTS${code} at https://login.microsoftonline.com/error?code=${code}, and check the service connection.`,
    ...options,
  });
}

const who = ({ identity }: Circumstances) =>
  identity.scheme === "managedIdentity"
    ? { application: identity.clientId ?? "the machine's identity", tenant: "" }
    : { application: identity.clientId, tenant: identity.tenantId };

const sentences: Record<string, (at: Circumstances, text: string) => Sentence> = {
  "700016": (at) => ({
    message: `The application ${who(at).application} of the service connection does not exist in the tenant ${who(at).tenant}.`,
    hint: "Correct the application (client) ID or the tenant ID in the service connection; the application may also have been deleted.",
  }),
  "7000215": (at) => ({
    message: `The client secret of the service connection is wrong for the application ${who(at).application}.`,
    hint: "Make a new client secret in Entra and enter its value (not its ID) in the service connection, or change the connection to workload identity federation, which needs no secret.",
  }),
  "7000222": (at) => ({
    message: `The client secret of the service connection has expired for the application ${who(at).application}.`,
    hint: "Make a new client secret in Entra and enter it in the service connection, or change the connection to workload identity federation, whose credentials do not expire.",
  }),
  "700024": () => ({
    message: "The signed assertion of the service connection is not valid at this time.",
    hint: "Check the clock of the agent's machine; where the connection signs in with a certificate, check that it has not expired.",
  }),
  "70021": noFederatedCredential,
  "700211": noFederatedCredential,
  "700212": noFederatedCredential,
  "700213": noFederatedCredential,
  "700027": () => ({
    message: "The certificate of the service connection is not registered for the application.",
    hint: "Upload the certificate to the application in Entra, or enter one that is there, with its private key, in the service connection.",
  }),
  "90002": (at) => ({
    message: `The tenant ${who(at).tenant} of the service connection does not exist in ${at.cloud.name}.`,
    hint: "Correct the tenant ID in the service connection, and check that the connection is for the right cloud.",
  }),
  "500011": (at, text) => ({
    message: `The tenant ${who(at).tenant} knows no service ${/named (\S+)/.exec(text)?.[1] ?? "of that name"}: the service connection says that its cloud is ${at.cloud.name}.`,
    hint: "Correct the environment of the service connection, or its tenant ID: each cloud has tenants of its own.",
  }),
  "53003": (at) => ({
    message: `A Conditional Access policy of the tenant keeps the application ${who(at).application} from signing in.`,
    hint: "Ask the tenant's administrator to exclude this workload identity from the policy, or run on an agent from whose network the policy lets it sign in.",
  }),
  "50034": (at) => ({
    message: `The account of the service connection does not exist in the tenant ${who(at).tenant}.`,
    hint: "Correct the tenant ID in the service connection, or add the account to that tenant.",
  }),
};

function noFederatedCredential(at: Circumstances, text: string): Sentence {
  const quoted = (name: string) => new RegExp(`${name}[^'"]*['"]([^'"]+)['"]`, "i").exec(text)?.[1];
  const issuer = at.assertion?.issuer || quoted("issuer") || "(unknown)";
  const subject = at.assertion?.subject || quoted("subject") || "(unknown)";
  const audience = at.assertion?.audience || quoted("audience") || "api://AzureADTokenExchange";
  return {
    message: `The application ${who(at).application} has no federated credential that matches this service connection.`,
    hint: [
      `Add a federated credential to the application in Entra with exactly: issuer ${shown(issuer, at)}, subject ${shown(subject, at)}, audience ${audience}.`,
      ...(isHidden(issuer, at) || isHidden(subject, at)
        ? ["Join what is in two parts: the log would hide it whole."]
        : []),
    ].join(" "),
  };
}

/** The agent hides issuer and subject of a connection as if they were secrets, and here they are the remedy. */
const isHidden = (value: string, { identity }: Circumstances): boolean =>
  identity.scheme === "workloadIdentity" && (identity.hidden ?? []).includes(value);

/** In two parts they stay readable. */
function shown(value: string, at: Circumstances): string {
  if (!isHidden(value, at)) return value;
  const cut = value.lastIndexOf("/") + 1;
  return `"${value.slice(0, cut)}" + "${value.slice(cut)}"`;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const response = (error as { errorResponse?: { errorDescription?: string } }).errorResponse?.errorDescription;
  return [response, error.message].filter(Boolean).join(" ");
}

/** The library's own message. For an unreadable answer it would quote the text, which may hold a token. */
function ownWords(error: unknown, text: string): string {
  const isQuoting = error instanceof SyntaxError || /not valid JSON|Unexpected (token|end|string)|JSON/.test(text);
  return isQuoting ? "its answer cannot be read." : firstSentence(text);
}

/** Entra's texts go on with ids and times over several lines; the first sentence is what is meant. */
function firstSentence(text: string): string {
  const line = text.replace(/^[\s\S]*?(?=AADSTS\d+:)/, "").split(/\r?\n|Trace ID:/)[0] ?? text;
  return line.trim().slice(0, 400);
}
