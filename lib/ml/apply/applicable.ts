// What can be applied: a document, and how documents of its kind are dealt with.
import type { DocumentKind, Resolver, SourceFile, Write } from "../../documents/index.ts";

/** How the documents of a kind are dealt with. */
export interface ApplicableKind {
  parse(file: SourceFile): object;
  translate(document: object, resolver: Resolver): Promise<Write>;
  /** A versioned asset: what it holds never changes under a version. The fields below `properties` that may. */
  readonly asset?: { readonly mayChange: readonly string[] };
  /** What it holds cannot be read back whole, so that a hash of it is kept among its own properties. */
  readonly keepsHash?: boolean;
  /** A POST below its path that tells the credentials which reading it does not; where they stand in the answer. */
  readonly secrets?: { readonly ask: string; heldIn(answer: unknown): unknown };
  /** It is no resource but work that is done once: a job with a name that says what it does. */
  readonly runsOnce?: boolean;
}

export interface ApplicableDocument {
  readonly kind: DocumentKind;
  readonly how: ApplicableKind;
  readonly document: Readonly<Record<string, unknown>> & { readonly name?: string; readonly version?: string };
  /** As people know it. */
  readonly file: string;
  readonly secrets: ReadonlySet<string>;
}
