// The secret masker: every registered value, in the forms that the agent registers with it, becomes *** (docs/facts/agent.md#2.5).

/** `//user:PASSWORD@host`: the password of a URL is masked without being registered. */
const URL_PASSWORD = /(?<=\/\/[^:/?#\s@]+:)[^/?#\s@]+(?=@)/g;

export class Masker {
  readonly #values = new Set<string>();
  /** Values shorter than this are not masked (knob AZP_IGNORE_SECRETS_SHORTER_THAN, at most 6). */
  readonly #shortest: number;

  constructor(shortest = 0) {
    this.#shortest = Math.min(6, shortest);
  }

  /** Registers what `setsecret` or `issecret` registers: the value and its JSON, URI and backslash forms. No base64, no lines. */
  add(value: string): void {
    const backslashed = value.replace(/\\/g, "\\\\");
    for (const form of [value, JSON.stringify(value).slice(1, -1), encodeUri(value), backslashed]) {
      if (form !== "" && form.length >= this.#shortest) this.#values.add(form);
    }
  }

  /** Registers a secret variable of the job message: more forms than a task's own secret gets. */
  addJobSecret(value: string): void {
    const trimmed = value.trim();
    const unquoted = trimmed.replace(/^(["'])(.*)\1$/s, "$2");
    const escaped = value.replace(/\r/g, "%0D").replace(/\n/g, "%0A");
    const percent = value.replace(/%/g, "%AZP25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
    const forms = [value, trimmed, unquoted, escaped, percent];
    if (value !== "") forms.push(Buffer.from(value, "utf8").toString("base64"));
    for (const form of forms) this.add(form);
  }

  /** Replaces every registered value; overlapping and touching hits become one `***`. */
  mask(text: string): string {
    const hits: [number, number][] = [];
    for (const value of this.#values) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) hits.push([at, at + value.length]);
    }
    for (const match of text.matchAll(URL_PASSWORD)) hits.push([match.index, match.index + match[0].length]);
    if (hits.length === 0) return text;
    hits.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let result = "";
    let at = 0;
    let [from, to] = hits[0]!;
    for (const [start, end] of [...hits.slice(1), [Number.POSITIVE_INFINITY, 0] as [number, number]]) {
      if (start <= to) {
        to = Math.max(to, end);
        continue;
      }
      result += `${text.slice(at, from)}***`;
      at = to;
      [from, to] = [start, end];
    }
    return result + text.slice(at);
  }
}

/** As .NET's Uri.EscapeDataString, which also escapes `!'()*`. */
function encodeUri(value: string): string {
  const wellFormed = Buffer.from(value, "utf8").toString("utf8");
  return encodeURIComponent(wellFormed).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
