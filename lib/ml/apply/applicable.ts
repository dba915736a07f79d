// Documents that Apply takes, each with its kind.
// Tests: test/tasks/Apply.test.ts
import type { DocumentKind, Handling, Kind } from "../../documents/index.ts";
import type { Secrets } from "../../documents/language/secrets.ts";

/** The inputs of a decision about a document. */
export type ApplicableKind = Handling;

export interface ApplicableDocument {
  readonly kind: DocumentKind;
  /** The handling of documents of the kind. */
  readonly how: Kind;
  readonly document: Readonly<Record<string, unknown>> & { readonly name?: string; readonly version?: string };
  /** As people know it. */
  readonly file: string;
  readonly secrets: Secrets;
}
