// Secrets of a run of the local cloud, gathered independently of what masks them, and a search for them in whatever the run left.
import { type Exchange, HarRecorder } from "../../local/network/har.ts";

/** Where a secret turned up, and in which form. The secret itself is not told. */
export interface Leak {
  /** What it is: "client secret", "access token"… */
  readonly kind: string;
  readonly form: string;
  /** The thing it stands in: "log of AzureMLSubmitJob", "traffic.har"… */
  readonly where: string;
  /** The text around it, with the secret left out. */
  readonly around: string;
}

/** JSON keys of answers whose values are secret, by what they are. */
const ANSWERS: Readonly<Record<string, string>> = {
  access_token: "access token",
  refresh_token: "refresh token",
  oidctoken: "OIDC assertion",
  primarykey: "endpoint key",
  secondarykey: "endpoint key",
  accesstoken: "endpoint token",
  sastoken: "SAS",
};
/** Fields of a sign-in's form. */
const FIELDS: Readonly<Record<string, string>> = {
  client_secret: "client secret",
  client_assertion: "client assertion",
};
const SIGNATURE = /[?&]sig=([^&"'\\\s]+)/g;

/** Remembers every secret that goes over the wire, from the bytes as they were sent. */
export class SecretRecorder extends HarRecorder {
  /** Secret -> what it is. */
  readonly secrets = new Map<string, string>();
  readonly exchanges: Exchange[] = [];

  override record(exchange: Exchange): void {
    super.record(exchange);
    this.exchanges.push(exchange);
    for (const [name, value] of exchange.requestHeaders) {
      if (name.toLowerCase() === "authorization") this.#authorization(value);
      if (name.toLowerCase() === "x-identity-header") this.keep("managed identity header", value);
    }
    this.#signatures(exchange.url);
    if (exchange.listener === "login") {
      for (const [name, value] of new URLSearchParams(exchange.requestBody.toString("utf8"))) {
        const kind = FIELDS[name];
        if (kind !== undefined) this.keep(kind, value);
      }
    }
    this.learn(exchange.url, exchange.responseBody);
  }

  /** Remembers the secrets of an answer, also of one that nobody got. */
  learn(url: string, answer: Buffer): void {
    this.#signatures(answer.toString("utf8"));
    if (/\/listSecrets(\?|$)/i.test(url)) this.#json(answer, { key: "account key" });
    this.#json(answer, ANSWERS);
  }

  /** Anything shorter is found in ordinary text too. */
  keep(kind: string, value: string): void {
    if (value.length >= 16 && !this.secrets.has(value)) this.secrets.set(value, kind);
  }

  #authorization(value: string): void {
    const [scheme = "", credential = ""] = value.split(/\s+/, 2);
    if (/^bearer$/i.test(scheme)) this.keep("bearer token", credential);
    if (/^basic$/i.test(scheme))
      this.keep(
        "password",
        Buffer.from(credential, "base64")
          .toString("utf8")
          .replace(/^[^:]*:/, ""),
      );
    // account:signature
    if (/^sharedkey/i.test(scheme)) this.keep("storage signature", credential.replace(/^[^:]*:/, ""));
  }

  #signatures(text: string): void {
    for (const [, written = ""] of text.matchAll(SIGNATURE)) {
      this.keep("SAS signature", written);
      this.keep("SAS signature", decodeURIComponent(written));
    }
  }

  #json(body: Buffer, keys: Readonly<Record<string, string>>): void {
    if (!/^\s*[[{]/.test(body.subarray(0, 20).toString("utf8"))) return;
    let parsed: unknown;
    try {
      parsed = JSON.parse(body.toString("utf8"));
    } catch {
      return;
    }
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, one] of Object.entries(value)) {
        const kind = keys[key.toLowerCase()];
        if (kind !== undefined && typeof one === "string") this.keep(kind, one);
        else visit(one);
      }
    };
    visit(parsed);
  }
}

/** The forms in which somebody could read a secret. */
export function formsOf(secret: string): [form: string, text: string][] {
  const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");
  const forms: [string, string][] = [
    ["plain", secret],
    ["base64", base64(secret).replace(/=+$/, "")],
    ["base64 as a password", base64(`:${secret}`).replace(/=+$/, "")],
    ["base64url", Buffer.from(secret, "utf8").toString("base64url")],
    ["URL-encoded", encodeURIComponent(secret)],
    ["form-encoded", new URLSearchParams([["", secret]]).toString().slice(1)],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
  ];
  // A text of several lines may be shown one line at a time; a PEM's first and last lines are no secret.
  const lines = secret.split(/\r\n|\r|\n/).filter((line) => line.length >= 16 && !/^-----/.test(line));
  if (lines.length > 1)
    for (const line of lines) forms.push(["one line", line], ["base64 of one line", base64(line).replace(/=+$/, "")]);
  const seen = new Set<string>();
  return forms.filter(([, text]) => text.length >= 16 && !seen.has(text) && seen.add(text));
}

/** Every secret in every form, looked for in every text. */
export function findLeaks(
  secrets: ReadonlyMap<string, string>,
  texts: Iterable<readonly [where: string, text: string]>,
): Leak[] {
  const wanted = [...secrets].flatMap(([secret, kind]) =>
    formsOf(secret).map(([form, text]) => ({ kind, form, text })),
  );
  const leaks: Leak[] = [];
  for (const [where, text] of texts) {
    for (const { kind, form, text: needle } of wanted) {
      const at = text.indexOf(needle);
      if (at < 0) continue;
      const around = `${text.slice(Math.max(0, at - 60), at)}…${text.slice(at + needle.length, at + needle.length + 20)}`;
      leaks.push({ kind, form, where, around });
    }
  }
  return leaks;
}
