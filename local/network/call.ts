// One HTTPS call of a service of the local cloud to somebody else: a webhook, the host of a service connection.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";

export interface Call {
  readonly method: string;
  readonly url: string;
  /** Content-Length is added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A PEM file of an authority that is trusted; empty or absent: those of the machine. */
  readonly caFile?: string | undefined;
  /** Whether the machine's authorities are trusted beside that one. */
  readonly trustsMachine?: boolean;
  /** Whether the address may be one without TLS. */
  readonly allowsPlain?: boolean;
  /** Seconds that the other end has to answer; absent: any. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Reading all authorities takes a tenth of a second: once for each file. */
const contexts = new Map<string, SecureContext>();

function trusting(caFile: string, trustsMachine: boolean): SecureContext {
  const key = `${trustsMachine} ${caFile}`;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const own = readFileSync(caFile, "utf8");
  const made = createSecureContext({ ca: trustsMachine ? [...rootCertificates, own] : own });
  contexts.set(key, made);
  return made;
}

/**
 * Sends it, without a proxy and on a connection of its own. A redirect is an answer.
 * Rejects where nobody answers, and with the signal's reason where that is aborted.
 */
export function call(o: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    o.signal?.throwIfAborted();
    const url = new URL(o.url);
    const isPlain = url.protocol === "http:" && o.allowsPlain === true;
    const failed = (error: Error) => reject(o.signal?.aborted ? o.signal.reason : error);
    const options: https.RequestOptions = {
      method: o.method,
      headers: { ...o.headers, ...(o.body === "" ? {} : { "Content-Length": String(Buffer.byteLength(o.body)) }) },
      agent: false,
      ...(o.signal === undefined ? {} : { signal: o.signal }),
      ...(o.patience === undefined ? {} : { timeout: o.patience * 1000 }),
      ...(o.caFile && !isPlain ? { secureContext: trusting(o.caFile, o.trustsMachine === true) } : {}),
    };
    const sent = (isPlain ? http : https).request(url, options, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("error", failed);
      answer.on("end", () => {
        const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          status: answer.statusCode ?? 0,
          statusText: answer.statusMessage ?? "",
          headers: Object.fromEntries(flat),
          text: Buffer.concat(pieces).toString("utf8"),
        });
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`No answer within ${o.patience} seconds.`)));
    sent.on("error", failed);
    sent.end(o.body);
  });
}
