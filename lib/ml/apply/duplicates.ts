// Duplicates: several files that describe one resource. All pairs are refused, or the last one counts. Pure.
// Tests: test/tasks/Apply.test.ts

import { canonical } from "../../documents/language/canonical.ts";
import { TaskError } from "../../errors.ts";
import type { ApplicableDocument } from "./applicable.ts";

/** The rule for files that describe one resource in different ways. */
export type Duplicates = "fail" | "last";

/** A document that does not count, since a later file describes the same. */
export interface Replaced {
  readonly document: ApplicableDocument;
  readonly by: ApplicableDocument;
}

export interface Distinct {
  readonly documents: readonly ApplicableDocument[];
  readonly replaced: readonly Replaced[];
  /** One for each pair; empty where the last counts. */
  readonly faults: readonly TaskError[];
}

/**
 * One document for each resource. Files with equal content are allowed, in any form.
 * @param documents in the order of their files
 */
export function distinct(documents: readonly ApplicableDocument[], duplicates: Duplicates): Distinct {
  const last = new Map(documents.map((one) => [keyOf(one), one]));
  const kept: ApplicableDocument[] = [];
  const replaced: Replaced[] = [];
  for (const document of documents) {
    const by = last.get(keyOf(document)) ?? document;
    if (by === document) kept.push(document);
    else if (canonical(document.document) !== canonical(by.document)) replaced.push({ document, by });
  }
  const faults = duplicates === "last" ? [] : replaced.map(faultOf);
  return { documents: kept, replaced, faults };
}

/** Two documents for one resource would overwrite each other at every run. */
function faultOf({ document, by }: Replaced): TaskError {
  return new TaskError("input", `${document.file} and ${by.file} describe ${titleOf(document)} in different ways.`, {
    errorCode: "AML1803",
    hint: "Remove one of them, give one another name or version, or set the input `duplicates` to `last` to have the last file count.",
  });
}

/** `the compute cpu-cluster`, `the model iris:3`, `the online deployment blue of iris`. */
export function titleOf({ kind, document }: ApplicableDocument): string {
  const version = document.version === undefined ? "" : `:${document.version}`;
  const endpoint = document["endpoint_name"] === undefined ? "" : ` of ${String(document["endpoint_name"])}`;
  return `the ${kind} ${document.name}${version}${endpoint}`;
}

function keyOf({ kind, how, document }: ApplicableDocument): string {
  // Each piece of work is done once; only identical ones are merged.
  if (how.runsOnce) return `${kind}\n${canonical(document)}`;
  return [kind, document["endpoint_name"], document.name, document.version].map(String).join("\n").toLowerCase();
}
