// Documents that Apply takes, and how each kind is read, compared and written.
import type { DocumentKind, Resolver, SourceFile, Write } from "../../documents/index.ts";

/** Rules of a kind of document. */
export interface ApplicableKind {
  parse(file: SourceFile): object;
  translate(document: object, resolver: Resolver): Promise<Write>;
  /** A versioned asset: what it holds never changes under a version. The fields below `properties` that may. */
  readonly asset?: { readonly mayChange: readonly string[] };
  /** What it holds cannot be read back whole, so that a hash of it is kept among its own properties. */
  readonly keepsHash?: boolean;
  /** A POST below its path that tells the credentials which reading it does not; where they stand in the answer. */
  readonly secrets?: { readonly ask: string; heldIn(answer: unknown): unknown };
  /** Not a resource but work that is done once (idempotent by name): a job with a name that says what it does. */
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
