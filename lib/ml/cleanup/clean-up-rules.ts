// Rules of a clean-up: what may go, by name pattern, age, use and number; read from the task's inputs before anything is asked.
// Tests: test/lib/ml/cleanup/clean-up-rules.test.ts
import ignore from "ignore";
import { TaskError } from "../../errors.ts";

type NameFilter = (name: string) => boolean;

export interface CleanUpRules {
  /** Endpoints that may be looked at; undefined: none. */
  readonly endpoints: NameFilter | undefined;
  /** Hours without a request after which an endpoint is idle; undefined: idle endpoints stay. */
  readonly idleHours: number | undefined;
  /** Days after which a deployment without traffic goes; undefined: they stay. */
  readonly deploymentDays: number | undefined;
  /** Models and data assets whose versions may be archived; undefined: none. */
  readonly models: NameFilter | undefined;
  readonly data: NameFilter | undefined;
  /** The number of newest versions of each asset that stay, 1 or more. */
  readonly keepVersions: number;
  /** Days before which no version is archived. */
  readonly versionDays: number;
  /** Labels of versions that stay, as the input champion of EvaluateMetrics takes them after `@`. */
  readonly keepLabels: readonly string[];
  /** The most things that one run deletes and archives; the next one does the rest. */
  readonly maxChanges: number;
}

export interface CleanUpInputs {
  readonly endpointPatterns: string | undefined;
  readonly idleHours: number | undefined;
  readonly deploymentDays: number | undefined;
  readonly modelPatterns: string | undefined;
  readonly dataPatterns: string | undefined;
  readonly keepVersions: number;
  readonly versionDays: number;
  readonly keepLabels: string | undefined;
  readonly maxChanges: number;
}

/** Hours: Azure Monitor keeps metrics for 93 days (docs/facts/operations.md#A.4). */
const LONGEST_IDLE = 30 * 24;

/** @throws TaskError kind `input` for a rule that cannot be kept, or where no rule is given at all */
export function readRules(inputs: CleanUpInputs): CleanUpRules {
  const rules = {
    endpoints: nameFilter(inputs.endpointPatterns, "endpointPatterns", { ignoreCase: true }),
    idleHours: whole(inputs.idleHours, "idleHours", 1, LONGEST_IDLE),
    deploymentDays: whole(inputs.deploymentDays, "deploymentDays", 1),
    models: nameFilter(inputs.modelPatterns, "modelPatterns"),
    data: nameFilter(inputs.dataPatterns, "dataPatterns"),
    keepVersions: whole(inputs.keepVersions, "keepVersions", 1) ?? 1,
    versionDays: whole(inputs.versionDays, "versionDays", 1) ?? 1,
    keepLabels: labelsIn(inputs.keepLabels),
    maxChanges: whole(inputs.maxChanges, "maxChanges", 1, 1_000) ?? 1,
  };
  if (rules.endpoints || rules.models || rules.data) return rules;
  throw new TaskError(
    "input",
    "The inputs endpointPatterns, modelPatterns and dataPatterns are empty, so nothing may be cleaned up.",
    {
      errorCode: "AML1313",
      hint: "Write name patterns in one of them, as in `pr-*`; `*` stands for every name.",
    },
  );
}

function whole(value: number | undefined, input: string, least: number, most = 36_500): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value;
  throw new TaskError("input", `Input ${input} is ${value}; it must be a whole number from ${least} to ${most}.`, {
    errorCode: "AML1313",
  });
}

/** Labels, of which the word none alone means that there are none: an empty input has the default. @throws TaskError kind `input` for none among others */
function labelsIn(text: string | undefined): string[] {
  const listed = (text ?? "")
    .split(/[,\r\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
  if (!listed.some((one) => /^none$/i.test(one))) return listed;
  if (listed.length === 1) return [];
  throw new TaskError(
    "input",
    `Input keepLabels is "${listed.join(", ")}": none stands for no label, and others stand beside it.`,
    {
      errorCode: "AML1313",
      hint: "Write none alone, or the labels without it.",
    },
  );
}

/**
 * Filters names by patterns as in .gitignore, one a line: `*` and `?` stand for characters, `!` at the start takes names out again.
 * @throws TaskError kind `input` for a pattern with a slash, which no name has
 */
function nameFilter(
  patterns: string | undefined,
  input: string,
  options: { readonly ignoreCase?: boolean } = {},
): NameFilter | undefined {
  const lines = (patterns ?? "")
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) return undefined;
  const wrong = lines.find((line) => /[/\\]/.test(line) || line === "!");
  if (wrong !== undefined || lines.every((line) => line.startsWith("!"))) {
    throw new TaskError(
      "input",
      wrong === undefined
        ? `Input ${input} only takes names out, and no pattern puts any in.`
        : `Input ${input} has the pattern "${wrong}", which no name can match.`,
      {
        errorCode: "AML1313",
        hint: "Write one pattern a line, as in `pr-*`, and exceptions below it, as in `!pr-main`.",
      },
    );
  }
  const filter = ignore({ ignorecase: options.ignoreCase ?? false }).add(lines);
  return (name) => ignore.isPathValid(name) && filter.ignores(name);
}
