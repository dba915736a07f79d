// HTTP Archive (HAR 1.2) of the recorded traffic, with every secret replaced.
import { Redaction } from "./redaction.ts";

/** Bytes of a body that are kept. */
export const bodyLimit = 256 * 1024;

/** One request and its answer, as a listener saw them. Bodies may be cut at `bodyLimit`; the byte counts are whole. */
export interface Exchange {
  /** Name of the listener: arm, login, api, storage, devops, or an endpoint's. */
  readonly listener: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds from the request's first line to the end of the answer, and to its first line. */
  readonly milliseconds: number;
  readonly wait: number;
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly requestHeaders: readonly (readonly [string, string])[];
  readonly requestBody: Buffer;
  readonly requestBytes: number;
  /** 0 when the client went away before an answer was begun. */
  readonly status: number;
  readonly statusText: string;
  readonly responseHeaders: readonly (readonly [string, string])[];
  readonly responseBody: Buffer;
  readonly responseBytes: number;
  /** Port of the TCP connection's other end: HAR's name for the connection. */
  readonly connection?: string;
}

/** Keeps exchanges in memory; secrets are taken out when the archive is made, so a secret learned late is hidden early too. */
export class HarRecorder {
  readonly #exchanges: Exchange[] = [];
  readonly #redaction = new Redaction();
  readonly #limit: number;
  #dropped = 0;

  /** @param limit exchanges kept; when there are more, the oldest go */
  constructor(limit = 50_000) {
    this.#limit = limit;
  }

  record(exchange: Exchange): void {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > this.#limit) {
      this.#exchanges.shift();
      this.#dropped += 1;
    }
  }

  /** Hides this value wherever it turns up in the archive. */
  addSecret(value: string): void {
    this.#redaction.add(value);
  }

  /** The same text with every known secret replaced; for logs that the local cloud itself writes. */
  redact(text: string): string {
    return this.#redaction.text(text);
  }

  /** How many of the exchanges so far are of a kind. */
  count(isOfKind: (exchange: Exchange) => boolean): number {
    return this.#exchanges.filter(isOfKind).length;
  }

  get size(): number {
    return this.#exchanges.length;
  }

  /** The archive, ready for JSON.stringify. */
  toHar(): object {
    const sorted = [...this.#exchanges].sort((one, other) => one.startedAt - other.startedAt);
    return {
      log: {
        version: "1.2",
        creator: { name: "local cloud", version: "1.0" },
        entries: sorted.map((exchange) => this.#entry(exchange)),
        ...(this.#dropped === 0 ? {} : { comment: `${this.#dropped} older exchanges were dropped` }),
      },
    };
  }

  #entry(exchange: Exchange): object {
    const url = this.#redaction.text(exchange.url);
    const asked = this.#content(exchange.requestBody, exchange.requestBytes, type(exchange.requestHeaders));
    const answered = this.#content(exchange.responseBody, exchange.responseBytes, type(exchange.responseHeaders));
    return {
      startedDateTime: new Date(exchange.startedAt).toISOString(),
      time: round(exchange.milliseconds),
      request: {
        method: exchange.method,
        url,
        httpVersion: exchange.httpVersion,
        cookies: [],
        headers: this.#headers(exchange.requestHeaders),
        queryString: query(url),
        ...(exchange.requestBytes === 0
          ? {}
          : { postData: { mimeType: type(exchange.requestHeaders), params: [], ...asked } }),
        headersSize: -1,
        bodySize: exchange.requestBytes,
      },
      response: {
        status: exchange.status,
        statusText: exchange.statusText,
        httpVersion: exchange.httpVersion,
        cookies: [],
        headers: this.#headers(exchange.responseHeaders),
        content: { size: exchange.responseBytes, mimeType: type(exchange.responseHeaders), ...answered },
        redirectURL: this.#redaction.text(header(exchange.responseHeaders, "location") ?? ""),
        headersSize: -1,
        bodySize: exchange.responseBytes,
      },
      cache: {},
      timings: {
        send: 0,
        wait: round(exchange.wait),
        receive: round(Math.max(0, exchange.milliseconds - exchange.wait)),
      },
      ...(exchange.connection === undefined ? {} : { connection: exchange.connection }),
      comment: exchange.listener,
    };
  }

  #headers(headers: Exchange["requestHeaders"]): object[] {
    return headers.map(([name, value]) => ({ name, value: this.#redaction.header(name, value) }));
  }

  #content(body: Buffer, bytes: number, mimeType: string): { text: string; comment?: string } {
    const cut = bytes > body.length;
    const text = decode(body, cut);
    if (text === undefined) return { text: "", comment: `binary, ${bytes} bytes, left out` };
    const clean = this.#redaction.body(text, mimeType);
    return cut ? { text: clean, comment: `cut after ${body.length} of ${bytes} bytes` } : { text: clean };
  }
}

function header(headers: Exchange["requestHeaders"], wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function type(headers: Exchange["requestHeaders"]): string {
  return header(headers, "content-type") ?? "";
}

function query(url: string): object[] {
  if (!URL.canParse(url)) return [];
  return [...new URL(url).searchParams].map(([name, value]) => ({ name, value }));
}

/** The body as text; undefined when it is binary. A body that was cut may end within a character. */
function decode(body: Buffer, cut: boolean): string | undefined {
  for (let dropped = 0; dropped <= (cut ? 3 : 0); dropped += 1) {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(body.subarray(0, body.length - dropped));
      return text.includes("\0") ? undefined : text;
    } catch {
      // Ends within a character, or is binary.
    }
  }
  return undefined;
}

const round = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;
