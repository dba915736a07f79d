// Expectations of data, in a file of their own: what its rows and columns are to be like, and how far they may differ from a baseline.
// Tests: test/lib/documents/assets/data-expectations.test.ts
import { list, map, object, optional, required } from "../language/object.ts";
import { boolean, enumeration, integer, looseText, number, text } from "../language/scalar.ts";
import { type Infer, Reading, type Shape } from "../language/shape.ts";
import type { SourceFile } from "../language/source.ts";

/** A number from 0 to 1. */
const share: Shape<number> = {
  ...number,
  expects: "a share from 0 to 1",
  read(node, at) {
    const value = number.read(node, at);
    if (value === undefined || (value >= 0 && value <= 1)) return value;
    return at.fault(node, `${at.name} is ${value}; a share from 0 to 1 is needed, as 0.05 for 5 %.`);
  },
};
const limit: Shape<number> = {
  ...number,
  expects: "a number of at least 0",
  read(node, at) {
    const value = number.read(node, at);
    if (value === undefined || value >= 0) return value;
    return at.fault(node, `${at.name} is ${value}; a number of at least 0 is needed.`);
  },
};

const column = object(
  "a column",
  {
    type: optional(enumeration(["integer", "number", "boolean", "time", "text"])),
    /** False: the data may lack it. */
    required: optional(boolean),
    /** Share of missing values at most. */
    nulls: optional(share),
    min: optional(number),
    max: optional(number),
    values: optional(list(looseText)),
    psi: optional(limit),
    jensen_shannon: optional(share),
    kolmogorov_smirnov: optional(share),
  },
  {
    check({ min, max }, node, at) {
      if (min !== undefined && max !== undefined && min > max)
        at.fault(node, `${at.name} is to be at least ${min} and at most ${max}: no value is.`);
    },
  },
);

const expectations = object("expectations of data", {
  rows: optional(
    object(
      "rows",
      { min: optional(integer({ minimum: 0 })), max: optional(integer({ minimum: 0 })) },
      {
        check({ min, max }, node, at) {
          if (min !== undefined && max !== undefined && min > max)
            at.fault(node, `${at.name} is to be at least ${min} and at most ${max}: no number is.`);
        },
      },
    ),
  ),
  /** Lines that are no rows, at most; 0 where absent. */
  malformed_lines: optional(integer({ minimum: 0 })),
  duplicates: optional(
    object("duplicates", {
      /** Share of all rows at most. */
      max: required(share),
      /** Columns whose values together make a row the same; all where absent. */
      key: optional(list(text())),
    }),
  ),
  freshness: optional(object("freshness", { column: required(text()), max_age_in_hours: required(limit) })),
  columns: optional(map(column)),
  additional_columns: optional(enumeration(["allow", "refuse"])),
  /** Texts of CSV that stand for a missing value, in place of the usual ones. */
  missing_values: optional(list(looseText)),
  delimiter: optional(text({ pattern: /^.$|^\t$/su, rule: "one character is needed" })),
  baseline: optional(
    object("tolerances against the baseline", {
      /** Share by which the number of rows may change. */
      rows: optional(limit),
      /** By which the share of missing values of a column, and that of repeated rows, may rise. */
      nulls: optional(share),
      duplicates: optional(share),
      psi: optional(limit),
      columns: optional(enumeration(["same", "more", "any"])),
      types: optional(enumeration(["same", "any"])),
      values: optional(enumeration(["same", "any"])),
    }),
  ),
});

export type DataExpectations = Infer<typeof expectations>;
export type ColumnExpectations = Infer<typeof column>;

/** @throws TaskErrors kind `input` with file, line and column of every fault */
export function readDataExpectations(file: SourceFile): DataExpectations {
  const at = new Reading(file);
  const value = expectations.read(file.node, at);
  at.faults.throwIfAny();
  return value ?? {};
}
