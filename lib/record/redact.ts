// The last check of everything that is written: what looks like a secret is replaced, in linear time.
// Tests: test/lib/record/record.test.ts

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "***"],
  [/\b(Bearer)\s+[A-Za-z0-9._~+/-]{8,}=*/gi, "$1 ***"],
  // Base64 of a user and a password has a digit, a sign or a capital after a small letter; a word of prose has none.
  [/\b(Basic|basic|BASIC)\s+(?=[A-Za-z]{0,99}(?:[a-z][A-Z]|[0-9+/=]))[A-Za-z0-9+/]{8,}=*/g, "$1 ***"],
  // The address that another address has as a parameter.
  [
    /((?:%3F|%26)(?:sig|code|token|access_token|client_secret|client_assertion|password)%3D)(?:(?!%26)[^&\s"'<>;])+/gi,
    "$1***",
  ],
  [/([?&;\s](?:sig|code|token|access_token|client_secret|client_assertion|password)=)[^&\s"'<>;]+/gi, "$1***"],
  [/((?:AccountKey|SharedAccessKey|SharedAccessSignature)=)[^;\s"'<>]+/gi, "$1***"],
  [/:\/\/[^/?#\s@"']{1,4096}@/g, "://***@"],
];

/** Whole tokens; other characters separate them. */
const WORDS = /[\w.-]{20,}/g;

/**
 * A word without the JSON web tokens in it: `eyJ…`, a point, and a second and a third part. By hand and not by an
 * expression, which would begin anew at each `eyJ` of a text that is made of them.
 */
function withoutTokens(word: string): string {
  const parts = word.split(".");
  const clean: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? "";
    const begin = part.startsWith("eyJ") ? 0 : part.indexOf("-eyJ") + 1;
    const isToken = (begin > 0 || part.startsWith("eyJ")) && part.length - begin >= 11;
    if (isToken && (parts[at + 1]?.length ?? 0) >= 8 && at + 2 < parts.length) {
      clean.push(`${part.slice(0, begin)}***`);
      at += 2;
    } else clean.push(part);
  }
  return clean.join(".");
}

/** `text` without SAS signatures, tokens, keys and user information of URLs. Masking by value is the agent's part. */
export function redact(text: string): string {
  const clean = text.replace(WORDS, withoutTokens);
  return PATTERNS.reduce((cleaner, [pattern, replacement]) => cleaner.replace(pattern, replacement), clean);
}
