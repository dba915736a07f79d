// Declaration of AutoML tasks, and the shapes that tasks of several families share.
// Tests: test/lib/documents/jobs/jobs.test.ts
import { type JobInput, jobInput } from "../assets/io.ts";
import type { AnyField } from "../language/object.ts";
import { enumeration } from "../language/scalar.ts";
import { described, isExpression, type Shape, withOwnExpressions } from "../language/shape.ts";

export interface AutomlTask {
  /** The task's own fields, in addition to the common ones. */
  readonly fields: Readonly<Record<string, AnyField>>;
  readonly metrics: readonly string[];
  readonly metric: string;
  /** Fields that have a value where the YAML names none, in a job and, unless `inSteps` has others, in a step. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly inSteps?: Readonly<Record<string, unknown>>;
  /** Whether `primaryMetric` is sent; two text tasks have only one. */
  readonly sendsMetric?: boolean;
  /** The body's `taskDetails` from the written fields. */
  details?(body: Record<string, unknown>, value: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

export const INFO = { log_verbosity: "info" };

/** Metrics of every classification, of tables, images or text. */
export const CLASSIFICATION_METRICS = [
  "auc_weighted",
  "accuracy",
  "norm_macro_recall",
  "average_precision_score_weighted",
  "precision_score_weighted",
];

/** snake_case -> PascalCase. */
export function pascal(word: string): string {
  return word
    .split("_")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}

/** Words with their PascalCase, which a few names do not follow. */
export function words(names: readonly string[], special: Readonly<Record<string, string>> = {}) {
  return enumeration(names, {
    fold: "snake",
    rest: Object.fromEntries(names.map((name) => [name, special[name] ?? pascal(name)])),
  });
}

/** An mltable, or a binding to one. */
export const tableInput: Shape<JobInput> = withOwnExpressions({
  ...jobInput,
  expects: "a mapping with type: mltable and path",
  read(node, at) {
    if (node.kind === "scalar" && !isExpression(node.value))
      return at.fault(node, `${at.name} is ${described(node)}; a mapping with type: mltable and path is needed.`);
    const value = jobInput.read(node, at);
    if (value?.kind === "asset" && value.type !== "mltable")
      return at.fault(node, `${at.name} is of the type ${value.type}; AutoML takes an mltable.`, {
        hint: "Write `type: mltable`, with a folder that holds a file MLTable.",
      });
    return value;
  },
});
