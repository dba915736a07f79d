// Bodies of requests as people may see them: the secrets that files held are hidden in them.
// Tests: test/lib/azure/sign-in-local.test.ts

/** Below this length a secret is hidden only where it stands alone: parts of other words would tell nothing and spoil the plan. */
const SHORTEST = 6;

/**
 * Fields that hold secrets which no file of ours held: a job that is sent back as the service told it has its teacher's connection,
 * with its key (docs/facts/azureml-documents.md#2.5).
 */
export const SECRET_FIELDS: ReadonlySet<string> = new Set(["azureml.connection_information"]);

/** Variables of jobs and deployments: what they hold may be anybody's secret, and an update sends those of others along. */
const VARIABLES = /^environment_?variables$/i;

const withoutValues = (variables: unknown): unknown =>
  typeof variables === "object" && variables !== null
    ? Object.fromEntries(Object.keys(variables).map((name) => [name, "***"]))
    : variables;

/** Values that are hidden in addition to the known secrets. */
export interface Hidden {
  /** Fields whose values are hidden whatever they are. */
  readonly fields?: ReadonlySet<string>;
  /** Whether the values of environment variables are hidden: where a body holds those of others. */
  readonly variables?: boolean;
}

/** The same value with `***` for each secret that stands in its texts, and for what is hidden beside. */
export function withoutSecrets(value: unknown, secrets: ReadonlySet<string>, hidden: Hidden = {}): unknown {
  if (typeof value === "string") {
    if (secrets.has(value)) return "***";
    let text = value;
    for (const secret of secrets)
      if (secret.length >= SHORTEST)
        text = text.replaceAll(secret, "***").replaceAll(JSON.stringify(secret).slice(1, -1), "***");
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets, hidden));
  if (typeof value !== "object" || value === null) return value;
  const shown = (name: string, item: unknown) => {
    if (hidden.fields?.has(name)) return "***";
    return withoutSecrets(hidden.variables && VARIABLES.test(name) ? withoutValues(item) : item, secrets, hidden);
  };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shown(name, item)]));
}
