// Turns an error answer into the error that users read. It knows every error envelope of Azure ML (docs/facts/azureml-wire.md#1.5 and #16, docs/facts/azureml-services.md#4.4): ARM,
// the workspace's own services, MLflow, storage, and no body at all.
import { type ErrorCode, TaskError, type TaskErrorKind } from "../errors.ts";
import { isObject } from "../plain-objects.ts";
import { bounded, LONGEST_MESSAGE } from "../remote-text.ts";
import { readJson } from "./json.ts";

/** The little of a response that a failure needs. */
export interface FailedAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly text: string | undefined;
  /** The number of attempts; absent: one, or not counted. */
  readonly tries?: number | undefined;
}

/** The data of an error body. `chain` goes from the outer code to the innermost. */
export interface ErrorBody {
  readonly message: string | undefined;
  readonly chain: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Longest body that is read for an error: those of the services are some kilobytes. */
const LONGEST_BODY = 1_000_000;
/** Codes and details of one error that are looked at. */
const MOST = 10;
const LONGEST_CODE = 200;

const NOTHING: ErrorBody = { message: undefined, chain: [] };

/**
 * Reads an error body, in time that grows with its length; never throws, whatever the body is. Text that is not an error object
 * of a service is ignored: anybody may have written it, and it may hold anything.
 */
export function readErrorBody(text: string | undefined): ErrorBody {
  if (!text || text.length > LONGEST_BODY) return NOTHING;
  if (/^\ufeff?\s*</.test(text.slice(0, 100))) return readXml(text);
  const read = readJson(text);
  if (!("value" in read) || !isObject(read.value)) return NOTHING;
  const body = read.value;
  const code = codeIn(body["error_code"]) ?? codeIn(body["error"]);
  const envelope = field(body, "error");
  if (isObject(envelope)) {
    const read = readEnvelope(envelope);
    // MLflow's own code stands beside Azure ML's envelope and says more than its "UserError".
    return code === undefined ? read : { ...read, chain: [...read.chain, code] };
  }
  return { message: textIn(body["message"]) ?? textIn(body["error_description"]), chain: code ? [code] : [] };
}

/** Storage's: `<Error><Code>…</Code><Message>…</Message></Error>`; a page of HTML has neither. */
function readXml(text: string): ErrorBody {
  const code = between(text, "<Code>", "</Code>");
  const message = between(text, "<Message>", "<");
  if (code === undefined || message === undefined) return NOTHING;
  return { message: textIn(message.split("\n", 1)[0]), chain: code ? [code.slice(0, LONGEST_CODE)] : [] };
}

function between(text: string, opening: string, closing: string): string | undefined {
  const from = text.indexOf(opening);
  if (from < 0) return undefined;
  const start = from + opening.length;
  const end = text.indexOf(closing, start);
  return end < 0 ? undefined : text.slice(start, end);
}

/** Reads ARM's `error` object, which failed operations and failed runs carry too. Fields of other kinds count as absent. */
export function readEnvelope(error: unknown): ErrorBody {
  if (!isObject(error)) return NOTHING;
  const own = textIn(field(error, "message"));
  const infos = listIn(field(error, "additionalInfo"));
  const inner = infos.find((info) => info["type"] === "InnerError")?.["info"];
  const details = listIn(field(error, "details")).filter((detail) => {
    const message = textIn(field(detail, "message"));
    return message !== undefined && message !== own;
  });
  const said = [own, ...details.map((detail) => textIn(field(detail, "message")))].filter((part) => part !== undefined);
  const code = codeIn(field(error, "code"));
  return {
    message: said.length > 0 ? bounded(said.join(" "), LONGEST_MESSAGE) : undefined,
    chain: [
      ...(code ? [code] : []),
      ...codesOf((isObject(inner) ? inner["value"] : undefined) ?? innerOf(error)),
      ...details.map((detail) => codeIn(field(detail, "code"))).filter((one) => one !== undefined),
    ],
  };
}

/** A field under its name, or in Pascal case: Azure ML's MLflow service writes its envelope so. */
const field = (of: Fields, name: string): unknown => of[name] ?? of[name.charAt(0).toUpperCase() + name.slice(1)];
const innerOf = (of: Fields): unknown => field(of, "innerError") ?? of["innererror"];

const textIn = (value: unknown): string | undefined =>
  typeof value === "string" && value.slice(0, LONGEST_MESSAGE).trim() !== ""
    ? bounded(value, LONGEST_MESSAGE)
    : undefined;
const codeIn = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, LONGEST_CODE) : undefined;
const listIn = (value: unknown): Fields[] => (Array.isArray(value) ? value.slice(0, MOST).filter(isObject) : []);

function codesOf(inner: unknown): string[] {
  const codes: string[] = [];
  let at = inner;
  for (let level = 0; isObject(at) && level < MOST; level++) {
    const code = codeIn(field(at, "code"));
    if (code) codes.push(code);
    at = innerOf(at);
  }
  return codes;
}

/** The request's id, under any of the names that services give it. */
export function requestIdOf(header: (name: string) => string | undefined): string | undefined {
  return header("x-ms-request-id") ?? header("x-ms-correlation-request-id") ?? header("x-request-id");
}

/**
 * The error for an answer that is none. `doing` completes "Azure could not …": "create job amber_fox".
 * The message has the service's own text; the code that prints it escapes it.
 */
export function failureOf(doing: string, answer: FailedAnswer): TaskError {
  const { message, chain } = readErrorBody(answer.text);
  const said =
    message ?? `status ${answer.status}${chain.length ? `, ${chain.join(" > ")}` : " without an explanation"}`;
  const { kind, errorCode, sentence, hint } = sayStatus(answer.status, doing, said, answer.tries ?? 1);
  const requestId = requestIdOf(answer.header);
  const code = chain[chain.length - 1] ?? answer.header("x-ms-error-code");
  return new TaskError(kind, sentence, {
    errorCode,
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
  tries: number,
): { kind: TaskErrorKind; errorCode: ErrorCode; sentence: string; hint?: string } {
  const ended = /[.!?]$/.test(said.slice(-1)) ? said : `${said}.`;
  const asked = tries > 1 ? `, asked ${tries} times` : "";
  switch (status) {
    case 401:
      return {
        errorCode: "AML1007",
        kind: "connection",
        sentence: `Azure did not accept the service connection's identity when asked to ${doing}: ${ended}`,
        hint: "Check the tenant of the service connection, and that its identity has access to the workspace.",
      };
    case 403:
      return {
        errorCode: "AML1201",
        kind: "forbidden",
        sentence: `The service connection's identity may not ${doing}: ${ended}`,
        hint: "Give it a role that may, such as AzureML Data Scientist on the workspace; a new role takes some minutes to count. A workspace without public access also answers so to an agent outside its network.",
      };
    case 404:
      return {
        errorCode: "AML1202",
        kind: "notFound",
        sentence: `Azure could not ${doing}, because something is not there: ${ended}`,
      };
    case 407:
      return {
        errorCode: "AML1103",
        kind: "connection",
        sentence: `The agent's proxy asked for a name and a password when the task tried to ${doing}.`,
        hint: "Configure the agent with --proxyusername and --proxypassword.",
      };
    case 409:
    case 412:
      return { errorCode: "AML1203", kind: "conflict", sentence: `Azure would not ${doing} as things stand: ${ended}` };
    case 429:
      return {
        errorCode: "AML1204",
        kind: "service",
        sentence: `Azure is throttling this subscription and${asked && `${asked},`} would not ${doing}: ${ended}`,
        hint: "Run again later, or let fewer pipelines run at the same time.",
      };
    default:
      return status >= 500
        ? {
            errorCode: "AML1205",
            kind: "service",
            sentence: `Azure failed to ${doing}${asked}: ${ended}`,
            hint: "Run again; if it stays, give the request id to Azure support.",
          }
        : { errorCode: "AML1206", kind: "input", sentence: `Azure refused to ${doing}: ${ended}` };
  }
}

/**
 * The error for a request that got no answer at all. Says the host, never the URL: a URL may carry a signature. Of a
 * library's error only what the network said is told: what it says of an answer that it could not read quotes the answer.
 */
export function unreachable(doing: string, url: string, error: unknown, tries = 1): TaskError {
  if (error instanceof TaskError) return error;
  const host = hostOf(url);
  const asked = tries > 1 ? `, asked ${tries} times` : "";
  const { code, syscall, path } = (error ?? {}) as { code?: unknown; syscall?: unknown; path?: unknown };
  // Codes of the file system: an upload reads files while it sends.
  if (typeof code === "string" && typeof path === "string" && /^E[A-Z]+$/.test(code) && syscall !== "connect")
    return localFault(doing, code, path, error);
  const said = error instanceof Error ? bounded(error.message, LONGEST_MESSAGE) : "the reason is unknown";
  if (isUnread(error)) {
    return new TaskError(
      "service",
      `The task could not ${doing}${asked}, because the answer of ${host} cannot be read.`,
      {
        errorCode: "AML1107",
        hint: "Run again. If it stays, see whether a proxy or a sign-in page answers in place of Azure.",
      },
    );
  }
  const reason = said.replaceAll(/https?:\/\/\S+/g, host);
  const certificate = /certificate|self.signed|CERT_/i.test(reason);
  return new TaskError(
    "connection",
    `The task could not ${doing}${asked}, because ${host} could not be reached: ${reason}`,
    {
      errorCode: "AML1101",
      ...(code === "ENOTFOUND" || code === "EAI_AGAIN" ? { code: NAME_NOT_RESOLVED } : {}),
      ...(code === "ECONNREFUSED" || certificate ? { code: NOT_CONNECTED } : {}),
      hint: certificate
        ? "The agent does not trust that host's certificate: configure the agent with the authority's file (--sslcacert)."
        : "Check that the agent's machine may reach that host, and the proxy that the agent was configured with.",
    },
  );
}

/** Code of an error of ours: the host's name has no address (yet), so that nobody was asked. */
export const NAME_NOT_RESOLVED = "NameNotResolved";

/** Code of an error of ours: the host took no connection, or had no certificate that is trusted, so that nothing was asked. */
export const NOT_CONNECTED = "NotConnected";

/** Libraries that could not parse an answer quote it in their message. */
function isUnread(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return code === "PARSE_ERROR" || name === "SyntaxError" || error instanceof TypeError || error instanceof RangeError;
}

const LOCAL: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  EACCES: "this user may not read it",
  EPERM: "this user may not do that",
  ELOOP: "its links lead in a circle",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  ENAMETOOLONG: "its name is too long",
  ENOSPC: "the disk is full",
  EMFILE: "too many files are open",
};

/** The error for a file of this machine that cannot be read or written. */
function localFault(doing: string, code: string, path: string, cause: unknown): TaskError {
  const why = Object.hasOwn(LOCAL, code) ? `${LOCAL[code]} (${code})` : code;
  return new TaskError("input", `The task could not ${doing}, because of the file ${bounded(path, 500)}: ${why}.`, {
    errorCode: "AML1310",
    hint: "Check that the file is there while the task runs, and that the agent's user may read it.",
    cause,
  });
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "the service";
  }
}
