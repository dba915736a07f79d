// Reads values out of JSON that a person wrote, and collects a sentence for each that is not what it should be.
import { isObject } from "../../lib/plain-objects.ts";

export class Reader {
  readonly faults: string[] = [];

  /** `place` is empty for the whole setting. */
  fault(place: string, sentence: string): void {
    this.faults.push(`${place === "" ? "The setting" : place} ${sentence}.`);
  }

  /** An object, whose keys must be among `keys` (any, when absent). */
  object(value: unknown, place: string, keys?: readonly string[]): Record<string, unknown> {
    if (!isObject(value)) {
      this.fault(place, `must be an object${value === undefined ? ", and is missing" : `; it is ${show(value)}`}`);
      return {};
    }
    if (keys !== undefined) {
      for (const key of Object.keys(value)) {
        if (keys.includes(key)) continue;
        const meant = keys.find((known) => known.toLowerCase() === key.toLowerCase() || oneAway(known, key));
        this.fault(
          place === "" ? key : `${place}.${key}`,
          `is not known here${meant === undefined ? `; known are ${keys.filter((known) => known !== "$schema").join(", ")}` : `: ${meant} was meant, perhaps`}`,
        );
      }
    }
    return value;
  }

  /** A text that is not empty. */
  text(value: unknown, place: string): string | undefined {
    if (typeof value === "string" && value.trim() !== "") return value;
    this.fault(place, value === undefined ? "is missing" : `must be a text; it is ${show(value)}`);
    return undefined;
  }

  list(value: unknown, place: string): unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.fault(place, `must be a list; it is ${show(value)}`);
    return [];
  }

  /** One pattern or a list of them; undefined when there is none. */
  patterns(value: unknown, place: string): string[] | undefined {
    if (value === undefined) return undefined;
    const items = Array.isArray(value) ? value : [value];
    if (items.length === 0) this.fault(place, "is an empty list, which nothing would match: leave it out for any");
    return items.flatMap((item, index) => this.text(item, Array.isArray(value) ? `${place}[${index}]` : place) ?? []);
  }

  /** Keys with a pattern, a list of patterns, or null for "must not be there". */
  dictionary(value: unknown, place: string): Record<string, readonly string[] | null> {
    const result: Record<string, readonly string[] | null> = {};
    if (value === undefined) return result;
    for (const [key, item] of Object.entries(this.object(value, place))) {
      const patterns = item === null ? null : this.patterns(item, `${place}.${key}`);
      if (patterns !== undefined) result[key] = patterns;
    }
    return result;
  }

  /** A whole https address (http on this machine only), without its trailing slash. */
  address(value: unknown, place: string): string | undefined {
    if (value === undefined) return undefined;
    const text = this.text(value, place);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const loopback = url !== undefined && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
    if (url === undefined || (url.protocol !== "https:" && !(loopback && url.protocol === "http:"))) {
      this.fault(place, `must be an https address; it is ${show(text)}`);
      return undefined;
    }
    if (url.username !== "" || url.search !== "" || url.hash !== "") {
      this.fault(place, "must be an address without a user, a query or a fragment");
      return undefined;
    }
    return url.href.replace(/\/+$/, "");
  }

  number(
    value: unknown,
    place: string,
    absent: number,
    limits: { readonly from: number; readonly to: number; readonly whole?: boolean },
  ): number {
    if (value === undefined) return absent;
    if (
      typeof value === "number" &&
      value >= limits.from &&
      value <= limits.to &&
      (limits.whole !== true || Number.isInteger(value))
    ) {
      return value;
    }
    const kind = limits.whole === true ? "a whole number" : "a number";
    this.fault(place, `must be ${kind} from ${limits.from} to ${limits.to}; it is ${show(value)}`);
    return absent;
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Whether one letter more, less, other or swapped makes one word the other. */
function oneAway(known: string, word: string): boolean {
  if (Math.abs(known.length - word.length) > 1) return false;
  let start = 0;
  while (start < known.length && known[start] === word[start]) start++;
  const [a, b] = [known.slice(start), word.slice(start)];
  return (
    a.slice(1) === b.slice(1) ||
    a.slice(1) === b ||
    a === b.slice(1) ||
    (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2))
  );
}
