// The base of every kind of document: options of parsing, the write that a document becomes, fields that all documents share.
// Tests: test/lib/documents/language/overrides.test.ts

import { type DocumentKind, isEvidentlyOther, refuseOther, withArticle } from "./kind.ts";
import { withNames } from "./named.ts";
import { map } from "./object.ts";
import { type DocumentOverrides, overrideNode } from "./overrides.ts";
import { valueText } from "./python-text.ts";
import type { Resolver } from "./resolver.ts";
import { Reading, type Shape, type Writing } from "./shape.ts";
import type { SourceFile } from "./source.ts";

export interface ParseOptions {
  readonly overrides?: DocumentOverrides;
  /** Takes variables that stand where secrets belong, and tells each as a warning: nothing of the document is written. */
  readonly mayLackSecrets?: boolean | ((warning: string) => void);
}

/** One write to Azure ML. */
export interface Write {
  readonly method: "PUT" | "POST" | "PATCH";
  /** Below the workspace's ARM id (`data/iris/versions/3`), or a whole ARM path beginning with a slash. */
  readonly path: string;
  readonly apiVersion: string;
  /** Query parameters in addition to the api-version. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/**
 * Reads a whole document with a shape; throws all of its faults at once (DocumentFault, or TaskErrors holding SpecFaults). A file with
 * faults that is evidently of another kind is refused as such: its faults would mislead.
 */
export function readDocument<T>(file: SourceFile, shape: Shape<T>, kind: DocumentKind, options: ParseOptions = {}): T {
  const at = new Reading(file, { inputs: options.overrides?.inputs });
  const node = overrideNode(file, shape, options.overrides ?? {}, at.faults);
  const value = shape.read(node, at);
  if (at.faults.list.length > 0 && isEvidentlyOther(file, kind))
    refuseOther(file, [kind], `${withArticle(kind)} is needed here`);
  // Azure takes any text for a secret and does not try it, and what reads it fails from then on.
  if (!options.mayLackSecrets) at.faults.list.push(...file.secrets.unfilled);
  at.faults.throwIfAny();
  const { mayLackSecrets } = options;
  if (typeof mayLackSecrets === "function") for (const warning of file.secrets.warnings) mayLackSecrets(warning);
  if (value === undefined) throw new Error(`${file.name} was not read, and no fault says why.`);
  return withNames(value, at.names);
}

export function camelWriting(resolver: Resolver): Writing {
  return { resolver, style: "camel" };
}

/** Tags and properties of assets: values become text. */
export const tags = map(valueText);
