// The report of a clean-up: counts, outcomes one by one, and the record's section that is made of them.
// Tests: test/lib/ml/cleanup/clean-up.test.ts
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import { type Done, LIMIT_REACHED, type Outcome } from "./carry-out.ts";
import { type Change, type ChangeKind, nameOf } from "./clean-up-plan.ts";
import { LOCK_UNREAD, METRICS_UNREAD } from "./endpoint-plan.ts";

export interface CleanUpReport {
  /** Whether nothing was written, and `deleted` and `archived` say what would be. */
  readonly isPlan: boolean;
  readonly counts: Readonly<Record<CountName, number>>;
  readonly outcomes: readonly Done[];
  readonly kept: readonly Change[];
  /** The error that names the failures and what exists now; undefined where nothing failed. */
  readonly failure?: TaskError;
  /** Sentences about rules that could not be kept although nothing failed. */
  readonly issues: readonly string[];
}

type CountName = "planned" | "endpoints" | "deployments" | "models" | "data" | "kept" | "failed" | "left";

/** The record's section on a clean-up. */
export interface CleanUpSection {
  readonly isPlan: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly kind: ChangeKind;
    readonly name: string;
    readonly outcome: Outcome;
    readonly why: string;
  }[];
}

export function reportOf(of: {
  readonly isPlan: boolean;
  readonly planned: readonly Change[];
  readonly done: readonly Done[];
  readonly kept: readonly Change[];
}): CleanUpReport {
  const { isPlan, planned, done, kept } = of;
  const number = (outcome: Outcome, kind?: ChangeKind) =>
    done.filter((one) => one.outcome === outcome && (kind === undefined || one.kind === kind)).length;
  return {
    isPlan,
    counts: {
      planned: planned.length,
      endpoints: number("deleted", "endpoint"),
      deployments: number("deleted", "deployment"),
      models: number("archived", "model"),
      data: number("archived", "data"),
      kept: kept.length + number("kept"),
      failed: number("failed"),
      left: number("left"),
    },
    outcomes: [...done],
    kept,
    issues: issuesOf(done, kept),
    ...failureOf(done),
  };
}

const WORDS: Record<ChangeKind, string> = {
  endpoint: "the endpoint",
  deployment: "the deployment",
  model: "the model",
  data: "the data asset",
};

/** `the deployment blue of fraud`. */
export const called = (one: Pick<Change, "kind" | "name" | "part">): string => `${WORDS[one.kind]} ${nameOf(one)}`;

/** The most failures whose sentences the error quotes. */
const MOST_QUOTED = 10;

function failureOf(done: readonly Done[]): { failure?: TaskError } {
  const failed = done.filter(({ outcome }) => outcome === "failed");
  if (failed.length === 0) return {};
  const count = done.filter(({ outcome }) => outcome === "deleted" || outcome === "archived").length;
  const more = failed.length - MOST_QUOTED;
  const message = [
    `${failed.length} of ${done.length} changes of the clean-up failed; ${count} were done and stay done.`,
    ...failed.slice(0, MOST_QUOTED).map((one) => `- ${called(one)}: ${one.sentence}`),
    ...(more > 0 ? [`- and ${more} more, which the log names.`] : []),
  ].join("\n");
  const hint = "Run the step again: it does what is left, and nothing twice.";
  return { failure: new TaskError("failed", message, { errorCode: "AML1690", hint }) };
}

/** Rules that never do anything, run by run, must not go unseen. */
function issuesOf(done: readonly Done[], kept: readonly Change[]): string[] {
  const left = done.filter(({ outcome, sentence }) => outcome === "left" && sentence !== LIMIT_REACHED).length;
  const unread = [...done, ...kept].filter(({ why }) => why.includes(LOCK_UNREAD));
  const unknown = kept.filter(({ why }) => why.includes(METRICS_UNREAD));
  return [
    ...(left === 0 ? [] : [`${left} changes are left to the next run, because the time of this one was over.`]),
    ...(unread.length === 0
      ? []
      : [
          `${unread.length} endpoints and deployments stay, because the lock of their endpoint cannot be read: the log says why.`,
        ]),
    ...(unknown.length === 0
      ? []
      : [`${unknown.length} endpoints stay, because the metrics of Azure Monitor cannot be read: ${unknown[0]?.why}.`]),
  ];
}

/** Entries of the output changes, and characters, which stay below those of a variable. */
const MOST_LISTED = 100;
const LONGEST_TEXT = 25_000;
/** Characters of a reason in the record. */
const LONGEST_WHY = 400;

/** The output changes: a list in JSON, whole however many there are. */
export function changesText(report: CleanUpReport): string {
  const listed: string[] = [];
  let length = 0;
  for (const one of sectionOf(report).changes.slice(0, MOST_LISTED)) {
    const text = JSON.stringify(one);
    length += text.length + 1;
    if (length > LONGEST_TEXT) break;
    listed.push(text);
  }
  return `[${listed.join(",")}]`;
}

export const sectionOf = ({ isPlan, counts, outcomes }: CleanUpReport): CleanUpSection => ({
  isPlan,
  counts,
  changes: outcomes.map((one) => ({
    kind: one.kind,
    name: nameOf(one),
    outcome: one.outcome,
    why: bounded(one.sentence ?? one.why, LONGEST_WHY),
  })),
});
