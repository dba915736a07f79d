// A shared access signature that lives about an hour, for uploads and downloads that take longer: renewed before it ends, and when storage
// refuses it.
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { type Clock, systemClock } from "../poll.ts";

/** Asks for a signature of the same container; undefined where none is given any more. */
export type RenewSignature = () => Promise<string | undefined>;

/** Milliseconds before its end from which a signature is renewed: longer than one request takes, and than clocks differ. */
const EARLY = 5 * 60_000;
/** Milliseconds within which a refusal does not renew it a second time: storage refuses for other reasons too. */
const PAUSE = 60_000;

/** The parameters of a signature (learn.microsoft.com: Create a service SAS, Create a user delegation SAS, Create an account SAS). */
const PARAMETERS = new Set(
  "sv ss srt sr st se sp sip spr sig si sdd skoid sktid skt ske sks skv saoid suoid scid ses rscc rscd rsce rscl rsct".split(
    " ",
  ),
);

export class Signature {
  #token: string;
  #renewed = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  readonly #renew: RenewSignature | undefined;
  readonly #clock: Clock;

  constructor(token: string, renew: RenewSignature | undefined, clock: Clock = systemClock) {
    this.#token = plain(token);
    this.#renew = renew;
    this.#clock = clock;
  }

  /** The signature to send now. One that cannot be renewed is sent for as long as storage takes it. */
  async current(): Promise<string> {
    const ends = endOf(this.#token);
    if (ends !== undefined && ends - this.#clock.now() < EARLY && this.#mayRenew()) await this.#renewOnce();
    return this.#token;
  }

  /** Another signature than the one that was refused; undefined where there is none. */
  async after(refused: string): Promise<string | undefined> {
    if (this.#token === refused && this.#mayRenew()) await this.#renewOnce();
    return this.#token === refused ? undefined : this.#token;
  }

  #mayRenew(): boolean {
    return this.#renew !== undefined && (this.#renewing !== undefined || this.#clock.now() - this.#renewed >= PAUSE);
  }

  /** Concurrent callers wait for the same answer (single flight). */
  #renewOnce(): Promise<void> {
    this.#renewing ??= (async () => {
      this.#renewed = this.#clock.now();
      try {
        const token = await this.#renew?.();
        if (token) this.#token = plain(token);
      } catch {
        // The user sees storage's answer to the old signature.
      } finally {
        this.#renewing = undefined;
      }
    })();
    return this.#renewing;
  }
}

/** Puts the signature of the moment on each request, and sends a refused one once more with another. */
export function signing(signature: Signature): PipelinePolicy {
  return {
    name: "signatureOfStorage",
    async sendRequest(request, next) {
      const token = await signature.current();
      request.url = signed(request.url, token);
      const response = await next(request);
      if (response.status !== 403 && response.status !== 401) return response;
      const other = await signature.after(token);
      // A stream has been read by now.
      if (other === undefined || isStream(request.body)) return response;
      (response.readableStreamBody as { destroy?: () => void } | undefined)?.destroy?.();
      request.url = signed(request.url, other);
      return next(request);
    },
  };
}

/** The signature of another address of the same container; undefined for any other, whose files would be others. */
export function signatureFor(address: string, again: string | undefined): string | undefined {
  if (again === undefined || !URL.canParse(again)) return undefined;
  const [one, other] = [new URL(address), new URL(again)];
  return one.origin === other.origin && one.pathname === other.pathname ? other.search : undefined;
}

/** The same address with this signature in place of any other. */
export function signed(url: string, token: string): string {
  const [address = "", query = ""] = url.split("?", 2);
  const kept = query.split("&").filter((one) => one !== "" && !PARAMETERS.has(one.split("=", 1)[0] ?? ""));
  return `${address}?${[...kept, token].join("&")}`;
}

const plain = (token: string): string => token.replace(/^\?/, "");

function endOf(token: string): number | undefined {
  const ends = Date.parse(new URLSearchParams(token).get("se") ?? "");
  return Number.isNaN(ends) ? undefined : ends;
}

const isStream = (body: unknown): boolean =>
  typeof body === "object" && body !== null && typeof (body as { pipe?: unknown }).pipe === "function";
