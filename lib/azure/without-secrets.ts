// Bodies of requests as people may see them: the secrets that files held are hidden in them.

/** Below this length a secret is hidden only where it stands alone: parts of other words would tell nothing and spoil the plan. */
const SHORTEST = 6;

/** The same value with `***` for each secret that stands in its texts. */
export function withoutSecrets(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (typeof value === "string") {
    if (secrets.has(value)) return "***";
    let text = value;
    for (const secret of secrets)
      if (secret.length >= SHORTEST)
        text = text.replaceAll(secret, "***").replaceAll(JSON.stringify(secret).slice(1, -1), "***");
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item, secrets)]));
}
