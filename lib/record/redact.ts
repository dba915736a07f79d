// A last net under everything that is written down: what looks like a secret is replaced.

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "***"],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, "***"],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/-]{8,}=*/gi, "$1 ***"],
  [/([?&;\s](?:sig|code|token|access_token|client_secret|client_assertion|password)=)[^&\s"'<>;]+/gi, "$1***"],
  [/((?:AccountKey|SharedAccessKey|SharedAccessSignature)=)[^;\s"'<>]+/gi, "$1***"],
  [/:\/\/[^/?#\s@"']{1,4096}@/g, "://***@"],
];

/** `text` without SAS signatures, tokens, keys and user information of URLs. Masking by value is the agent's part. */
export function redact(text: string): string {
  return PATTERNS.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}
