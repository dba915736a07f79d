// Documents that Apply takes, each with its kind.
import type { DocumentKind, Handling, Kind } from "../../documents/index.ts";

/** What a decision about a document depends on. */
export type ApplicableKind = Handling;

export interface ApplicableDocument {
  readonly kind: DocumentKind;
  /** How documents of the kind are dealt with. */
  readonly how: Kind;
  readonly document: Readonly<Record<string, unknown>> & { readonly name?: string; readonly version?: string };
  /** As people know it. */
  readonly file: string;
  readonly secrets: ReadonlySet<string>;
}
