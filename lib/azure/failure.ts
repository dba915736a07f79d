// From an answer that says no to the one error that users read. Knows every envelope Azure ML answers in
// (facts/04 1.5 and 16, facts/03 4.4): ARM, the workspace's own services, MLflow, storage, and no body at all.
import { TaskError, type TaskErrorKind } from "../errors.ts";

/** The little of a response that a failure needs. */
export interface FailedAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly text: string | undefined;
}

/** What an error body says. `chain` goes from the outer code to the innermost. */
export interface ErrorBody {
  readonly message: string | undefined;
  readonly chain: readonly string[];
}

interface Inner {
  code?: string;
  innerError?: Inner | null;
  innererror?: Inner | null;
}
interface Envelope extends Inner {
  message?: string;
  details?: { code?: string; message?: string }[] | null;
  additionalInfo?: { type?: string; info?: { value?: unknown } }[] | null;
}

/** Reads an error body; never throws, whatever the body is. */
export function readErrorBody(text: string | undefined): ErrorBody {
  if (!text) return { message: undefined, chain: [] };
  const xml = /<Code>([^<]*)<\/Code>[\s\S]*?<Message>([^<]*)/.exec(text);
  if (xml) return { message: xml[2]?.split("\n")[0], chain: xml[1] ? [xml[1]] : [] };
  let body: { error?: Envelope | string | null; error_code?: string; message?: string; error_description?: string };
  try {
    body = JSON.parse(text);
  } catch {
    return { message: text.startsWith("<") ? undefined : text.slice(0, 500), chain: [] };
  }
  if (body === null || typeof body !== "object") return { message: undefined, chain: [] };
  if (body.error && typeof body.error === "object") return readEnvelope(body.error);
  const code = body.error_code ?? (typeof body.error === "string" ? body.error : undefined);
  return { message: body.message ?? body.error_description, chain: code ? [code] : [] };
}

/** Reads ARM's `error` object, which failed operations and failed runs carry too. */
export function readEnvelope(error: Envelope): ErrorBody {
  const inner = error.additionalInfo?.find((info) => info?.type === "InnerError")?.info?.value as Inner | undefined;
  const details = (error.details ?? []).filter((detail) => detail?.message && detail.message !== error.message);
  const said = [error.message, ...details.map((detail) => detail.message)].filter((part) => part?.trim());
  return {
    message: said.length > 0 ? said.join(" ") : undefined,
    chain: [
      ...(error.code ? [error.code] : []),
      ...codesOf(inner ?? error.innerError ?? error.innererror),
      ...details.map((detail) => detail.code).filter((code) => code !== undefined),
    ],
  };
}

function codesOf(inner: Inner | null | undefined): string[] {
  const codes: string[] = [];
  for (let at = inner; at && codes.length < 10; at = at.innerError ?? at.innererror) if (at.code) codes.push(at.code);
  return codes;
}

/** The request's id, under whichever name this service gives it. */
export function requestIdOf(header: (name: string) => string | undefined): string | undefined {
  return header("x-ms-request-id") ?? header("x-ms-correlation-request-id") ?? header("x-request-id");
}

/**
 * The error for an answer that is none. `doing` completes "Azure could not …": "create job amber_fox".
 * The service's own text is in the message; whoever prints it neutralises it.
 */
export function failureOf(doing: string, answer: FailedAnswer): TaskError {
  const { message, chain } = readErrorBody(answer.text);
  const said =
    message ?? `status ${answer.status}${chain.length ? `, ${chain.join(" > ")}` : " without an explanation"}`;
  const { kind, sentence, hint } = sayStatus(answer.status, doing, said);
  const requestId = requestIdOf(answer.header);
  const code = chain[chain.length - 1] ?? answer.header("x-ms-error-code");
  return new TaskError(kind, sentence, {
    status: answer.status,
    ...(hint === undefined ? {} : { hint }),
    ...(code === undefined ? {} : { code }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

function sayStatus(
  status: number,
  doing: string,
  said: string,
): { kind: TaskErrorKind; sentence: string; hint?: string } {
  const ended = /[.!?]$/.test(said) ? said : `${said}.`;
  switch (status) {
    case 401:
      return {
        kind: "connection",
        sentence: `Azure did not accept the service connection's identity when asked to ${doing}: ${ended}`,
        hint: "Check the tenant of the service connection, and that its identity has access to the workspace.",
      };
    case 403:
      return {
        kind: "forbidden",
        sentence: `The service connection's identity may not ${doing}: ${ended}`,
        hint: "Give it a role that may, such as AzureML Data Scientist on the workspace; a new role takes some minutes to count. A workspace without public access also answers so to an agent outside its network.",
      };
    case 404:
      return { kind: "notFound", sentence: `Azure could not ${doing}, because something is not there: ${ended}` };
    case 407:
      return {
        kind: "connection",
        sentence: `The agent's proxy asked for a name and a password when the task tried to ${doing}.`,
        hint: "Configure the agent with --proxyusername and --proxypassword.",
      };
    case 409:
    case 412:
      return { kind: "conflict", sentence: `Azure would not ${doing} as things stand: ${ended}` };
    case 429:
      return {
        kind: "service",
        sentence: `Azure is throttling this subscription and, asked several times, would not ${doing}: ${ended}`,
        hint: "Run again later, or let fewer pipelines run at the same time.",
      };
    default:
      return status >= 500
        ? {
            kind: "service",
            sentence: `Azure failed to ${doing}, asked several times: ${ended}`,
            hint: "Run again; if it stays, give the request id to Azure support.",
          }
        : { kind: "input", sentence: `Azure refused to ${doing}: ${ended}` };
  }
}

/** The error for a request that got no answer at all. Says the host, never the URL: a URL may carry a signature. */
export function unreachable(doing: string, url: string, error: unknown): TaskError {
  const host = hostOf(url);
  const reason = error instanceof Error ? error.message.replaceAll(/https?:\/\/\S+/g, host) : String(error);
  const certificate = /certificate|self.signed|CERT_/i.test(reason);
  return new TaskError("connection", `The task could not ${doing}, because ${host} could not be reached: ${reason}`, {
    hint: certificate
      ? "The agent does not trust that host's certificate: configure the agent with the authority's file (--sslcacert)."
      : "Check that the agent's machine may reach that host, and the proxy that the agent was configured with.",
  });
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "the service";
  }
}
